//! The submodules of one branch, with those of its submodules: where each one comes from, and how many there are.

use std::collections::BTreeMap;

use git2::{Oid, Repository};

use crate::{
    Error,
    git::superproject::{self, Superproject},
    limits::git::MAX_SUBMODULES,
};

/// The superprojects of a branch: the repository itself, and each submodule whose own submodules are wanted.
#[derive(Debug, Default)]
pub struct Submodules {
    /// How many levels of submodules are wanted. 0: none.
    levels: usize,
    /// How many submodules the superprojects have together.
    count: usize,
    /// By path in the branch. That of the repository itself is empty.
    superprojects: BTreeMap<String, Superproject>,
}

impl Submodules {
    /// Starts without any superproject. `levels` is the setting `submodule-depth`.
    pub fn new(levels: usize) -> Self {
        Self { levels, ..Self::default() }
    }

    /// Adds the superproject at `path`: the repository itself with an empty path and the level 0, or a submodule with
    /// the level of its gitlink. `url` is where it comes from. Reads nothing if its submodules are not wanted.
    ///
    /// # Errors
    /// [`Error::Damaged`], or [`Error::TooLarge`] if there are more submodules than the
    /// [limit](MAX_SUBMODULES), or a `.gitmodules` is too long. Nothing was fetched for these yet.
    pub fn add(
        &mut self,
        path: &str,
        level: usize,
        repository: &Repository,
        commit: Oid,
        url: &str,
    ) -> Result<(), Error> {
        if level >= self.levels {
            return Ok(());
        }
        let superproject = Superproject::read(repository, commit, url)?;
        self.count += superproject.paths().count();
        if self.count > MAX_SUBMODULES {
            return Err(superproject::too_many());
        }
        self.superprojects.insert(path.to_owned(), superproject);
        Ok(())
    }

    /// The absolute URL of the submodule at `path`, within the superproject at `within`.
    ///
    /// # Errors
    /// A text for people that says why there is none.
    pub fn url(&self, within: &str, path: &str) -> Result<String, String> {
        match self.superprojects.get(within) {
            Some(superproject) => superproject.submodule_url(path),
            None => Err(".gitmodules has no URL for it".to_owned()),
        }
    }
}
