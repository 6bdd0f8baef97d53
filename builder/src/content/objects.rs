//! Git objects: reads trees and blobs from the repositories that a branch's content comes from.
//!
//! It owns the open repositories. It never fetches.

use std::collections::BTreeSet;

use git2::{ObjectType, Oid, Repository};

use crate::{
    Error,
    content::{blob::Blob, counts::Counts, stored},
    limits::tarball::MAX_FILE,
    object::{self, ObjectContext},
};

/// The repositories of a content: the branch's own is number 0, submodules follow.
pub(crate) struct Objects {
    repositories: Vec<Repository>,
}

/// An entry of a tree object.
pub(crate) struct TreeEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) id: Oid,
    /// The mode that the tree has, which [`object::kind`] reads.
    pub(crate) mode: i32,
}

impl Objects {
    /// Starts with the branch's own repository.
    pub(crate) fn new(repository: Repository) -> Self {
        Self { repositories: vec![repository] }
    }

    /// Adds the repository of a submodule, and returns its number.
    pub(crate) fn add(&mut self, repository: Repository) -> usize {
        self.repositories.push(repository);
        self.repositories.len() - 1
    }

    /// Opens the same repositories again, for another thread.
    ///
    /// # Errors
    /// [`Error::Damaged`] for a mirror of a submodule that another worker has emptied meanwhile.
    pub(crate) fn reopened(&self) -> Result<Self, Error> {
        let open = |repository: &Repository| {
            Repository::open_bare(repository.path()).object(repository, || "HEAD".to_owned())
        };
        let repositories = self.repositories.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { repositories })
    }

    /// The id of a commit's tree.
    pub(crate) fn tree_of_commit(&self, repository: usize, commit: Oid) -> Result<Oid, Error> {
        let repository = &self.repositories[repository];
        let read = object::commit(repository, commit);
        Ok(object::explained(repository, commit, || format!("commit {commit}"), read)?.tree)
    }

    /// The entries of a tree, in its order. Its bytes and its entries are counted before they take
    /// memory.
    pub(crate) fn entries(
        &self,
        repository: usize,
        tree: Oid,
        counts: &mut Counts,
    ) -> Result<Vec<TreeEntry>, Error> {
        let repository = &self.repositories[repository];
        let what = || format!("the tree {tree}");
        counts.trees.take(object::size(repository, tree, ObjectType::Tree, what)?)?;
        let tree = object::explained(repository, tree, what, repository.find_tree(tree))?;
        counts.members.take(tree.len() as u64)?;
        let entry = |entry: git2::TreeEntry<'_>| TreeEntry {
            name: entry.name_bytes().to_vec(),
            id: entry.id(),
            // Not what libgit2 makes of it: for that, a link whose mode has an x is no link.
            mode: entry.filemode_raw(),
        };
        Ok(tree.iter().map(entry).collect())
    }

    /// The bytes of a blob.
    ///
    /// libgit2 cannot stream from packs (its pack backend has no `readstream`), so a blob is in memory as a
    /// whole. Its header tells the size before that.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a blob above [`MAX_FILE`], [`Error::Damaged`].
    pub(crate) fn blob(&self, blob: Blob) -> Result<Vec<u8>, Error> {
        if self.blob_size(blob)? > MAX_FILE {
            let what = format!("the blob {}", blob.id);
            return Err(Error::TooLarge { what, limit: MAX_FILE, unit: "bytes" });
        }
        let Blob { repository, id } = blob;
        let repository = &self.repositories[repository];
        let bytes = repository.find_blob(id.oid()).map(|blob| blob.content().to_vec());
        bytes.object(repository, || format!("the blob {id}"))
    }

    /// The size of a blob in bytes.
    pub(crate) fn blob_size(&self, Blob { repository, id }: Blob) -> Result<u64, Error> {
        let repository = &self.repositories[repository];
        object::size(repository, id.oid(), ObjectType::Blob, || format!("the blob {id}"))
    }

    /// How many bytes the objects of all repositories have on disk. One that is a submodule many times counts once.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub(crate) fn stored_bytes(&self) -> Result<u64, Error> {
        let folders: BTreeSet<_> =
            self.repositories.iter().map(|it| it.path().join("objects")).collect();
        folders.iter().map(|objects| stored::bytes(objects)).sum()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_mirror_that_was_emptied_meanwhile_is_damaged_so_that_it_is_fetched_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mirror.git");
        let objects = Objects::new(Repository::init_bare(&path).unwrap());
        assert!(objects.reopened().is_ok());
        fs::remove_dir_all(&path).unwrap();
        assert_eq!(objects.stored_bytes().unwrap(), 0);
        fs::create_dir(&path).unwrap();
        assert!(matches!(objects.reopened(), Err(Error::Damaged { mirror, .. }) if mirror == path));
    }
}
