//! What the parts of a repository's page are made from, and what the reader's choice means for it.

use std::collections::BTreeMap;

use tardist_contract::{
    BranchName, Kind, RepoName,
    document::{Branch, Repository},
    known_as::by_name,
};

use crate::{
    page::{visit::Visit, wiki},
    query::pages::repository::RepositoryPage,
};

/// What the parts of the page are made from.
pub(super) struct Shown<'a> {
    pub(super) visit: &'a Visit,
    pub(super) page: &'a RepositoryPage,
    /// The branch of the reader's MediaWiki.
    pub(super) chosen: Option<&'a BranchName>,
    /// The required repositories that are here, by kind and the keys of their names.
    required: BTreeMap<(Kind, String), &'a RepoName>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(visit: &'a Visit, page: &'a RepositoryPage) -> Self {
        let mut required = BTreeMap::new();
        // A manifest names others by the names of their manifests.
        for (kind, name, manifest) in &page.requires {
            for key in [name.as_str()].into_iter().chain(manifest.as_deref()) {
                required.entry((*kind, by_name(key))).or_insert(name);
            }
        }
        Self { visit, page, chosen: wiki::chosen(visit, &page.branches), required }
    }

    /// The repository that is required by this name; `None` if it is not here.
    pub(super) fn required(&self, kind: Kind, name: &str) -> Option<&'a RepoName> {
        self.required.get(&(kind, by_name(name))).copied()
    }

    pub(super) fn repository(&self) -> &'a Repository {
        &self.page.document
    }

    /// The branch for this reader; `None` where the repository lacks the one that was chosen.
    pub(super) fn offered(&self) -> Option<(&'a BranchName, &'a Branch)> {
        let repository = self.repository();
        let wanted = self.chosen.unwrap_or(&repository.default_branch);
        repository.branches.get_key_value(wanted)
    }

    /// The branches in the order of the choice: released ones first, development last.
    pub(super) fn branches(&self) -> Vec<(&'a BranchName, &'a Branch)> {
        let is_released = |name: &BranchName| {
            self.page.branches.iter().any(|it| it.name == *name && it.is_released)
        };
        let mut branches: Vec<_> = self.repository().branches.iter().collect();
        branches.sort_by_key(|(name, _)| wiki::place(name, is_released(name)));
        branches
    }
}
