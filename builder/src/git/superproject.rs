//! Superprojects: a repository at a commit, as the one that says where its submodules come from
//! (<https://git-scm.com/docs/gitsubmodules>).
//!
//! Its `.gitmodules` is read from the commit, once, however many submodules the tree has.

use std::{collections::BTreeMap, path::Path};

use git2::{ObjectType, Oid, Repository, Tree};

use crate::{
    Error,
    git::submodule,
    object::{self, ObjectContext},
};

/// A repository at a commit, with its submodules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Superproject {
    url: String,
    submodules: BTreeMap<String, Submodule>,
}

/// A submodule, by its path from the root of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Submodule {
    /// Where it comes from, as `.gitmodules` says it.
    url: String,
    /// The commit of its gitlink.
    commit: Oid,
}

impl Superproject {
    /// Reads what the commit says. `url` is where the repository comes from: the URLs of submodules
    /// may be relative to it.
    ///
    /// A path of `.gitmodules` at which the tree has no gitlink is no submodule.
    ///
    /// # Errors
    /// [`Error::Damaged`] where an object is missing or broken.
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

    /// The absolute URL of the submodule at `path`. `None` where `.gitmodules` does not name it.
    pub fn submodule_url(&self, path: &str) -> Option<String> {
        self.submodules.get(path).map(|it| submodule::resolve(&self.url, &it.url))
    }

    /// Paths and commits of all submodules.
    pub fn commits(&self) -> impl Iterator<Item = (&str, Oid)> {
        self.submodules.iter().map(|(path, it)| (path.as_str(), it.commit))
    }
}

/// The file `.gitmodules`. As in Git, it cannot be a symbolic link.
fn file(tree: &Tree<'_>) -> Option<Oid> {
    let entry = tree.get_name(".gitmodules")?;
    let is_file = entry.kind() == Some(ObjectType::Blob) && entry.filemode() != 0o120_000;
    is_file.then(|| entry.id())
}
