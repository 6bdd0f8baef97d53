//! The catalogue: what is published, as the builder knows it. The snapshot is its form on disk.

use std::collections::BTreeMap;

use tardist_catalog::{
    BranchName, CommitId, RepoName, TarballName,
    document::{Metadata, Requires},
};

use crate::repository_id::RepositoryId;

/// All published repositories, in the order of lists.
pub type Catalogue = BTreeMap<RepositoryId, RepositoryRecord>;

/// One repository with at least one published branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryRecord {
    /// Where it comes from: the URL that `git clone` takes.
    pub source_url: String,
    /// Its published branches, newest first.
    pub branches: BTreeMap<BranchName, BranchRecord>,
}

/// One published branch: its tarball, and what it says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BranchRecord {
    /// The commit that the tarball was made from.
    pub commit: CommitId,
    /// When it was committed: Unix seconds.
    pub committed_at: i64,
    /// The manifest's version.
    pub version: Option<String>,
    /// What it needs.
    pub requires: Requires,
    /// What it says.
    pub metadata: Metadata,
    /// What was wrong with its content.
    pub problems: Vec<String>,
    /// The tarball's size in bytes.
    pub size: u64,
    /// The tarball's SHA-256 in hexadecimal.
    pub sha256: String,
}

impl BranchRecord {
    /// The tarball's file name.
    pub fn tarball(&self, name: &RepoName, branch: &BranchName) -> TarballName {
        TarballName::new(name, branch, &self.commit)
    }
}

/// Every tarball of a catalogue: whose, which branch, its name and record.
pub fn tarballs(
    catalogue: &Catalogue,
) -> impl Iterator<Item = (&RepositoryId, &BranchName, TarballName, &BranchRecord)> {
    catalogue.iter().flat_map(|(id, repository)| {
        repository
            .branches
            .iter()
            .map(move |(branch, record)| (id, branch, record.tarball(&id.name, branch), record))
    })
}
