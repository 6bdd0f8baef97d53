//! Superprojects: a superproject is a repository that has submodules
//! (<https://git-scm.com/docs/gitsubmodules>).
//!
//! This module reads what the `.gitmodules` of a commit says. It is read only once, however many submodules there
//! are. Whether the tree has a gitlink at the path of a submodule is looked up for one path at a time: a tree may
//! be large, and content decides how many paths there are.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid, Repository, Tree};

use crate::{
    Error,
    git::submodule::{self, Unusable},
    limits::git::{MAX_GITMODULES, MAX_SUBMODULES, MAX_TREE},
    object::{self, ObjectContext},
};

/// A commit with submodules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Superproject {
    url: String,
    tree: Oid,
    /// The URLs in its `.gitmodules` by path, which may be relative; or the first line of it that is not valid.
    urls: Result<BTreeMap<String, String>, usize>,
}

impl Superproject {
    /// Reads the `.gitmodules` of `commit`. `url` is the URL of the repository itself, which relative URLs of
    /// submodules begin from.
    ///
    /// # Errors
    /// [`Error::Damaged`] if an object is missing or cannot be read, [`Error::OtherType`] if one is of another type
    /// than its tree says, [`Error::TooLarge`] if `.gitmodules` is too long or has too many submodules. It is not a
    /// problem that the tarball can live with: the tarball would lack most of its folders.
    pub fn read(repository: &Repository, commit: Oid, url: &str) -> Result<Self, Error> {
        let what = || format!(".gitmodules of commit {commit}");
        let read = object::commit(repository, commit);
        let tree = object::explained(repository, commit, what, read)?.tree;
        check_size(repository, tree, ObjectType::Tree, MAX_TREE, "a folder")?;
        let root = object::explained(repository, tree, what, repository.find_tree(tree))?;
        let urls = match file(&root) {
            Some(id) => {
                check_size(repository, id, ObjectType::Blob, MAX_GITMODULES, ".gitmodules")?;
                let blob = repository.find_blob(id).object(repository, what)?;
                submodule::parse(blob.content())
            }
            None => Ok(BTreeMap::new()),
        };
        let urls = match urls {
            Ok(urls) => Ok(urls),
            Err(Unusable::BadLine(line)) => Err(line),
            Err(Unusable::TooMany) => return Err(too_many()),
        };
        Ok(Self { url: url.to_owned(), tree, urls })
    }

    /// The absolute URL of the submodule at `path`, a path from the root of the tree; or why there is none, for people.
    ///
    /// # Errors
    /// A text such as ".gitmodules has no URL for it".
    pub fn submodule_url(&self, path: &str) -> Result<String, String> {
        match &self.urls {
            Ok(urls) => match urls.get(path) {
                Some(url) => Ok(submodule::resolve(&self.url, url)),
                None => Err(".gitmodules has no URL for it".to_owned()),
            },
            Err(line) => Err(format!("Git cannot read line {line} of .gitmodules")),
        }
    }

    /// The paths of all submodules that `.gitmodules` names.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.urls.iter().flat_map(BTreeMap::keys).map(String::as_str)
    }

    /// The commit of the gitlink at `path`. `None` if the tree has no gitlink there.
    ///
    /// # Errors
    /// [`Error::Damaged`] if an object is missing or cannot be read, [`Error::TooLarge`] for a folder that is.
    pub fn gitlink(&self, repository: &Repository, path: &str) -> Result<Option<Oid>, Error> {
        let mut names = path.split('/').filter(|name| !name.is_empty()).peekable();
        let mut folder = self.tree;
        while let Some(name) = names.next() {
            check_size(repository, folder, ObjectType::Tree, MAX_TREE, "a folder")?;
            let what = || format!("the tree {folder}");
            let tree = repository.find_tree(folder);
            let tree = object::explained(repository, folder, what, tree)?;
            let Some(entry) = tree.get_name(name) else { return Ok(None) };
            match (object::kind(entry.filemode_raw()), names.peek()) {
                (ObjectType::Commit, None) => return Ok(Some(entry.id())),
                (ObjectType::Tree, Some(_)) => folder = entry.id(),
                _ => return Ok(None),
            }
        }
        Ok(None)
    }
}

/// The error for more submodules than [`MAX_SUBMODULES`].
pub(super) fn too_many() -> Error {
    Error::TooLarge { what: "it".to_owned(), limit: MAX_SUBMODULES as u64, unit: "submodules" }
}

/// Fails for an object of another type, or of more than `limit` bytes, before it is read.
fn check_size(
    repository: &Repository,
    id: Oid,
    kind: ObjectType,
    limit: u64,
    what: &str,
) -> Result<(), Error> {
    if object::size(repository, id, kind, || format!("the object {id}"))? > limit {
        return Err(Error::TooLarge { what: what.to_owned(), limit, unit: "bytes" });
    }
    Ok(())
}

/// The blob of `.gitmodules`. As in Git, a symbolic link is ignored.
fn file(tree: &Tree<'_>) -> Option<Oid> {
    let entry = tree.get_name(".gitmodules")?;
    let mode = entry.filemode_raw();
    let is_file = object::kind(mode) == ObjectType::Blob && !object::is_link(mode);
    is_file.then(|| entry.id())
}

#[cfg(test)]
mod tests {
    use git2::Signature;

    use super::*;

    /// A repository, and a commit with this `.gitmodules`.
    fn commit(modules: &[u8]) -> (tempfile::TempDir, Repository, Oid) {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let blob = repository.blob(modules).unwrap();
        let who = Signature::now("a", "a@example.org").unwrap();
        let id = {
            let mut tree = repository.treebuilder(None).unwrap();
            tree.insert(".gitmodules", blob, 0o100_644).unwrap();
            let link: Oid = "1".repeat(40).parse().unwrap();
            tree.insert("x", link, 0o160_000).unwrap();
            let tree = repository.find_tree(tree.write().unwrap()).unwrap();
            repository.commit(None, &who, &who, "", &tree, &[]).unwrap()
        };
        (folder, repository, id)
    }

    #[test]
    fn a_line_that_git_cannot_read_is_named() {
        let (_folder, repository, id) = commit(b"[submodule \"x\"]\n\tpath = x\n\turl = \\x\n");
        let read = Superproject::read(&repository, id, "https://g.example/Foo").unwrap();
        assert_eq!(read.submodule_url("x").unwrap_err(), "Git cannot read line 3 of .gitmodules");
        assert_eq!(read.paths().count(), 0);
    }

    #[test]
    fn a_submodule_has_a_url_and_a_gitlink() {
        let text = b"[submodule \"x\"]\n\tpath = x\n\turl = ../x\n[submodule \"y\"]path=y\nurl=y";
        let (_folder, repository, id) = commit(text);
        let read = Superproject::read(&repository, id, "https://g.example/Foo").unwrap();
        assert_eq!(read.submodule_url("x").unwrap(), "https://g.example/x");
        assert_eq!(read.submodule_url("z").unwrap_err(), ".gitmodules has no URL for it");
        assert_eq!(read.paths().collect::<Vec<_>>(), ["x", "y"]);
        let link = read.gitlink(&repository, "x").unwrap();
        assert_eq!(link.map(|id| id.to_string()), Some("1".repeat(40)));
        assert_eq!(read.gitlink(&repository, "y").unwrap(), None);
    }

    #[test]
    fn what_has_the_mode_of_a_device_is_a_gitlink_and_no_gitmodules() {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let blob = repository.blob(b"[submodule \"x\"]\n\tpath = x\n\turl = ../x\n").unwrap();
        let mut entries = Vec::new();
        for (mode, name) in [("140000", ".gitmodules"), ("60644", "x")] {
            entries.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            entries.extend_from_slice(blob.as_bytes());
        }
        let tree = repository.odb().unwrap().write(ObjectType::Tree, &entries).unwrap();
        let who = Signature::now("a", "a@example.org").unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let id = repository.commit(None, &who, &who, "", &tree, &[]).unwrap();
        let read = Superproject::read(&repository, id, "https://g.example/Foo").unwrap();
        assert_eq!(read.paths().count(), 0);
        assert_eq!(read.gitlink(&repository, "x").unwrap(), Some(blob));
    }

    #[test]
    fn a_gitmodules_that_is_too_large_fails_and_is_not_read() {
        let error = |modules: &[u8]| {
            let (_folder, repository, id) = commit(modules);
            Superproject::read(&repository, id, "").unwrap_err().to_string()
        };
        let long = vec![b'#'; (MAX_GITMODULES + 1) as usize];
        assert!(error(&long).starts_with(".gitmodules has more than 1048576 bytes, the most that"));
        let many: String = (0..=MAX_SUBMODULES)
            .map(|n| format!("[submodule \"{n}\"]\npath = {n}\nurl = u\n"))
            .collect();
        assert!(
            error(many.as_bytes()).starts_with("it has more than 100 submodules, the most that")
        );
    }
}
