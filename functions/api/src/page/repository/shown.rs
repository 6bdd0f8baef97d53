//! What the parts of a repository's page are made from, and what the reader's choice means for it.

use std::collections::{BTreeMap, BTreeSet};

use tardist_contract::{
    BranchName, Kind, RepoName,
    document::{Branch, Repository},
    known_as::{by_letters, by_name, meant},
};

use crate::{
    page::{visit::Visit, wiki},
    query::pages::repository::RepositoryPage,
};

/// What a repository requires by a name.
pub(super) enum Required<'a> {
    /// This repository.
    Here(&'a RepoName),
    /// Several repositories have the name, and nobody knows which is meant.
    AnyOfSeveral,
    /// Something that is not here.
    NotHere,
}

/// What the parts of the page are made from.
pub(super) struct Shown<'a> {
    pub(super) visit: &'a Visit,
    pub(super) page: &'a RepositoryPage,
    /// The branch of the reader's MediaWiki.
    pub(super) chosen: Option<&'a BranchName>,
    /// The required repositories that are here, by kind and the keys of their names. Several may have the same key.
    required: BTreeMap<(Kind, String), BTreeSet<&'a RepoName>>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(visit: &'a Visit, page: &'a RepositoryPage) -> Self {
        let mut required = BTreeMap::<_, BTreeSet<_>>::new();
        // A manifest names others by the names of their manifests.
        for (kind, name, manifest) in &page.requires {
            let names = [name.as_str()].into_iter().chain(manifest.as_deref()).map(by_name);
            for key in names.chain([by_letters(name.as_str())]) {
                required.entry((*kind, key)).or_default().insert(name);
            }
        }
        Self { visit, page, chosen: wiki::chosen(visit, &page.branches), required }
    }

    /// What is required by this name.
    pub(super) fn required(&self, kind: Kind, name: &str) -> Required<'a> {
        let Some(of_that_name) = self.required.get(&(kind, by_name(name))) else {
            return Required::NotHere;
        };
        // The manifest of its default branch may say another name than those of its other branches.
        let alike = self.required.get(&(kind, by_letters(name))).into_iter().flatten();
        let claimants: BTreeSet<_> = of_that_name.iter().chain(alike).copied().collect();
        let claimants: Vec<_> = claimants.into_iter().collect();
        meant(name, &claimants).map_or(Required::AnyOfSeveral, Required::Here)
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
