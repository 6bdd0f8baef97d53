//! What a job gives to the cycle.

use std::collections::BTreeMap;

use tardist_contract::{BranchName, CommitId};

use crate::{Error, catalogue::BranchRecord, content::Missing, worker::failure::Failure};

/// The result of a job.
#[derive(Debug, Default)]
pub struct JobResult {
    /// The records of the branches that were built. Their tarballs are in `dist/`.
    pub built: BTreeMap<BranchName, BranchRecord>,
    /// The branches whose [published](crate::worker::PublishedTarball) tarball would come out again: what is missing
    /// from them, with the reasons of today.
    pub unchanged: BTreeMap<BranchName, Vec<Missing>>,
    /// The branches of which the server had another commit than the listed one, with the one that was worked on: the
    /// branch has moved since, or a replica is behind.
    pub moved: BTreeMap<BranchName, CommitId>,
    /// The branches that failed.
    pub failed: Vec<(BranchName, Failure)>,
    /// Why all other branches failed, if there are others.
    pub failure: Option<Failure>,
}

impl JobResult {
    /// The result of a job that could not be run.
    pub fn failed(error: &Error) -> Self {
        Self { failure: Some(Failure::for_now(error.to_string())), ..Self::default() }
    }

    /// True if nothing is known about a branch yet.
    pub(super) fn lacks(&self, branch: &BranchName) -> bool {
        !self.built.contains_key(branch)
            && !self.unchanged.contains_key(branch)
            && self.failed.iter().all(|(it, _)| it != branch)
    }
}
