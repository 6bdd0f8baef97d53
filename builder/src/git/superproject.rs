//! Superprojects: a superproject is a repository that has submodules
//! (<https://git-scm.com/docs/gitsubmodules>).
//!
//! This module reads the submodules of a commit: their paths, URLs and commits. `.gitmodules` is read only once,
//! however many submodules there are.

use std::{collections::BTreeMap, path::Path};

use git2::{ObjectType, Oid, Repository, Tree};

use crate::{
    Error,
    git::submodule,
    object::{self, ObjectContext},
};

/// The submodules of a commit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Superproject {
    url: String,
    submodules: BTreeMap<String, Submodule>,
}

/// A submodule: an entry of `.gitmodules` and the gitlink at its path.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Submodule {
    /// Its URL in `.gitmodules`, which may be relative.
    url: String,
    /// The commit of its gitlink.
    commit: Oid,
}

impl Superproject {
    /// Reads the submodules of `commit`. `url` is the URL of the repository itself, which relative URLs of
    /// submodules begin from.
    ///
    /// An entry of `.gitmodules` is ignored if the tree has no gitlink at its path.
    ///
    /// # Errors
    /// [`Error::Damaged`] if an object is missing or cannot be read.
    pub fn read(repository: &Repository, commit: Oid, url: &str) -> Result<Self, Error> {
        let what = || format!(".gitmodules of commit {commit}");
        let tree = object::commit(repository, commit).and_then(|it| repository.find_tree(it.tree));
        let tree = tree.object(repository, what)?;
        let urls = match file(&tree) {
            Some(id) => {
                let blob = repository.find_blob(id).object(repository, what)?;
                submodule::parse(&String::from_utf8_lossy(blob.content()))
            }
            None => BTreeMap::new(),
        };
        let submodules = urls.into_iter().filter_map(|(path, url)| {
            let entry = tree.get_path(Path::new(&path)).ok()?;
            let is_gitlink = entry.kind() == Some(ObjectType::Commit);
            is_gitlink.then(|| (path, Submodule { url, commit: entry.id() }))
        });
        Ok(Self { submodules: submodules.collect(), url: url.to_owned() })
    }

    /// The absolute URL of the submodule at `path`, a path from the root of the tree. `None` if there is no such submodule.
    pub fn submodule_url(&self, path: &str) -> Option<String> {
        self.submodules.get(path).map(|it| submodule::resolve(&self.url, &it.url))
    }

    /// The paths and commits of all submodules.
    pub fn commits(&self) -> impl Iterator<Item = (&str, Oid)> {
        self.submodules.iter().map(|(path, it)| (path.as_str(), it.commit))
    }
}

/// The blob of `.gitmodules`. As in Git, a symbolic link is ignored.
fn file(tree: &Tree<'_>) -> Option<Oid> {
    let entry = tree.get_name(".gitmodules")?;
    let is_file = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != 0o120_000;
    is_file.then(|| entry.id())
}
