//! What the parts of a repository's page are made from, and what the reader's choice means for it.

use tardist_contract::{
    BranchName,
    document::{Branch, Repository},
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
}

impl<'a> Shown<'a> {
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
