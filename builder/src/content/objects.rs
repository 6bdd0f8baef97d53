//! Git objects: reads trees and blobs from the repositories that a branch's content comes from.
//!
//! It owns the open repositories, and the decision which errors of libgit2 mean that a mirror is
//! damaged. It never fetches.

use git2::{ErrorClass, ErrorCode, ObjectType, Oid, Repository};

use crate::{Error, content::blob::Blob, error::GitContext};

/// The repositories of a content: the branch's own is number 0, submodules follow.
pub(crate) struct Objects {
    repositories: Vec<Repository>,
}

/// An entry of a tree object.
pub(crate) struct TreeEntry {
    pub(crate) name: Vec<u8>,
    pub(crate) id: Oid,
    pub(crate) kind: Option<ObjectType>,
    /// The file mode, as in Git: `0o120_000` is a symbolic link.
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
    pub(crate) fn reopened(&self) -> Result<Self, Error> {
        let open = |repository: &Repository| {
            let path = repository.path();
            Repository::open_bare(path).git(|| format!("open the mirror {}", path.display()))
        };
        let repositories = self.repositories.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self { repositories })
    }

    /// The id of a commit's tree.
    pub(crate) fn tree_of_commit(&self, repository: usize, commit: Oid) -> Result<Oid, Error> {
        let tree = self.repositories[repository]
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map(|tree| tree.id());
        self.checked(repository, tree, || format!("the tree of commit {commit}"))
    }

    /// The entries of a tree, in its order.
    pub(crate) fn entries(&self, repository: usize, tree: Oid) -> Result<Vec<TreeEntry>, Error> {
        let entries = self.repositories[repository].find_tree(tree).map(|tree| {
            let entry = |entry: git2::TreeEntry<'_>| TreeEntry {
                name: entry.name_bytes().to_vec(),
                id: entry.id(),
                kind: entry.kind(),
                mode: entry.filemode(),
            };
            tree.iter().map(entry).collect()
        });
        self.checked(repository, entries, || format!("the tree {tree}"))
    }

    /// The bytes of a blob.
    pub(crate) fn blob(&self, Blob { repository, id }: Blob) -> Result<Vec<u8>, Error> {
        let blob = self.repositories[repository].find_blob(id.oid());
        let bytes = blob.map(|blob| blob.content().to_vec());
        self.checked(repository, bytes, || format!("the blob {id}"))
    }

    /// The size of a blob in bytes.
    pub(crate) fn blob_size(&self, Blob { repository, id }: Blob) -> Result<u64, Error> {
        let odb = self.repositories[repository].odb();
        let header = odb.and_then(|odb| odb.read_header(id.oid()));
        let size = header.map(|(size, _)| size as u64);
        self.checked(repository, size, || format!("the blob {id}"))
    }

    /// Names the object in an error. Where libgit2 says that the object is missing or broken, the
    /// mirror is damaged.
    fn checked<T>(
        &self,
        repository: usize,
        result: Result<T, git2::Error>,
        what: impl FnOnce() -> String,
    ) -> Result<T, Error> {
        result.map_err(|source| {
            let damaged = source.code() == ErrorCode::NotFound
                || matches!(
                    source.class(),
                    ErrorClass::Odb | ErrorClass::Zlib | ErrorClass::Object | ErrorClass::Tree
                );
            if damaged {
                let mirror = self.repositories[repository].path().to_owned();
                Error::Damaged { mirror, what: what(), source }
            } else {
                Error::Git { action: format!("read {}", what()), source }
            }
        })
    }
}
