//! Upstream: which repositories there are, and at which commit each wanted branch stands.
//!
//! An adapter a kind of server; so far [`gerrit`].

use std::collections::BTreeMap;

use tardist_catalog::{BranchName, CommitId, NameError};

use crate::repository_id::RepositoryId;

pub mod gerrit;

/// A repository as the upstream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Which it is.
    pub id: RepositoryId,
    /// What Git fetches from, without `.git`.
    pub url: String,
    /// The wanted branches that it has, with their commits.
    pub tips: BTreeMap<BranchName, CommitId>,
}

/// Everything that an upstream lists.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// What can be distributed.
    pub projects: Vec<Project>,
    /// What has a name that can't be: reported, the rest goes on.
    pub refused: Vec<NameError>,
}
