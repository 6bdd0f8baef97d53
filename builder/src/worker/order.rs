//! What a worker is to do. The supervisor writes it to the worker's standard input, as one line of JSON. While the
//! worker runs, more lines may follow: which hosts are not asked any more, as [`ClosedHosts`].

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use tardist_contract::{BranchName, CommitId};

use crate::{
    catalogue::BranchRecord,
    content::{Composer, Missing},
    git::url_map::UrlMap,
    limits::job::JobLimits,
    net::{Closed, HttpOptions},
    repository_id::RepositoryId,
    upstream::Project,
};

/// The hosts that are not asked any more, by the text of their origin, with the reason of each.
pub(super) type ClosedHosts = BTreeMap<String, Closed>;

/// The work on one repository: make the tarballs of these branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The repository as the upstream lists it.
    pub project: Project,
    /// The branches, newest first.
    pub branches: Vec<BranchName>,
    /// What is published of these branches.
    #[serde(default)]
    pub published: BTreeMap<BranchName, PublishedTarball>,
    /// Each branch gets a worker of its own.
    #[serde(default)]
    pub is_one_by_one: bool,
}

impl Job {
    /// The work of making all tarballs of these branches, of which nothing is published.
    pub fn new(project: Project, branches: Vec<BranchName>) -> Self {
        Self { project, branches, published: BTreeMap::new(), is_one_by_one: false }
    }

    /// Gives each branch a worker of its own, if one of these is among them. These come last: one of them may take all the
    /// time.
    pub fn isolate(&mut self, alone: &BTreeSet<BranchName>) {
        self.is_one_by_one = self.branches.iter().any(|branch| alone.contains(branch));
        self.branches.sort_by_key(|branch| alone.contains(branch));
    }
}

/// The published tarball of a branch that a job makes again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PublishedTarball {
    /// The commit that it was made from.
    pub commit: CommitId,
    /// See [`BranchRecord::revision`].
    pub revision: u32,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
    /// What is missing from it.
    pub missing: Vec<Missing>,
    /// False if its file is gone or damaged.
    pub is_whole: bool,
    /// True if it is made again only because something is missing from it: the commit and all settings that
    /// matter are the same.
    pub is_current: bool,
}

impl PublishedTarball {
    /// The published tarball of this record.
    pub fn new(record: &BranchRecord, is_current: bool) -> Self {
        Self {
            commit: record.commit.clone(),
            revision: record.revision,
            sha256: record.sha256.clone(),
            missing: record.missing.clone(),
            is_whole: true,
            is_current,
        }
    }

    /// The published tarball of this record, whose file is gone or damaged.
    pub fn damaged(record: &BranchRecord) -> Self {
        Self { is_whole: false, ..Self::new(record, false) }
    }

    /// True if a tarball would have the same bytes.
    pub(super) fn has_bytes_of(&self, record: &BranchRecord) -> bool {
        self.commit == record.commit && self.sha256 == record.sha256
    }

    /// The revision of another tarball, so that no file that is published gets other bytes under the same name.
    pub(super) fn revision_of(&self, record: &BranchRecord) -> u32 {
        if self.has_bytes_of(record) {
            self.revision
        } else if self.commit == record.commit {
            self.revision.saturating_add(1)
        } else {
            0
        }
    }

    /// True if a tarball of this commit with this missing would be the same one. Why it is missing may have changed.
    pub(super) fn would_be_same(&self, commit: &CommitId, missing: &[Missing]) -> bool {
        let public = |missing: &[Missing]| -> BTreeSet<String> {
            missing.iter().map(|it| it.public.clone()).collect()
        };
        self.is_current && self.commit == *commit && public(&self.missing) == public(missing)
    }
}

/// What one worker is to do, and how.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Order {
    pub(super) task: Task,
    pub(super) instructions: Instructions,
}

/// What one worker is to do.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Task {
    /// Fetch a repository, and make tarballs.
    Job(Job),
    /// Pack the mirror at this path.
    Repack(PathBuf),
    /// Find out which commits of submodules branches of a repository need.
    Needed {
        /// The repository.
        id: RepositoryId,
        /// Its branches.
        branches: BTreeSet<String>,
        /// The mirrors of all submodules.
        submodules: Vec<PathBuf>,
    },
}

impl Task {
    /// The branches whose tarballs are to be made.
    pub(super) fn branches(&self) -> BTreeSet<BranchName> {
        match self {
            Self::Job(job) => job.branches.iter().cloned().collect(),
            Self::Repack(_) | Self::Needed { .. } => BTreeSet::new(),
        }
    }

    /// The URL of the repository that it is about; empty if no server is asked.
    pub(super) fn url(&self) -> &str {
        match self {
            Self::Job(job) => &job.project.url,
            Self::Repack(_) | Self::Needed { .. } => "",
        }
    }
}

/// How workers do their tasks: the same for all of a cycle.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Instructions {
    /// The data directory.
    pub data: PathBuf,
    /// How requests are made.
    pub http: HttpOptions,
    /// The rules of the setting `url-map`.
    pub url_map: Vec<UrlMap>,
    /// How many levels of nested submodules are included.
    pub submodule_depth: usize,
    /// Composer, if the setting `composer` is on.
    pub composer: Option<Composer>,
    /// True if an incomplete tarball of a newer commit must not replace a complete one.
    pub keep_complete: bool,
    /// What a task may take.
    pub limits: JobLimits,
    /// The most detailed level of the log: "warn", "debug".
    pub log: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tarball_stands_if_the_same_would_be_missing_from_the_same_commit() {
        let commit = |digit: char| -> CommitId { digit.to_string().repeat(40).parse().unwrap() };
        let missing =
            |public: &str, reason: &str| Missing::new(public.to_owned(), reason.to_owned());
        let record = BranchRecord {
            missing: vec![missing("x", "down"), missing("y", "404")],
            ..BranchRecord::of_commit('a')
        };
        let standing = PublishedTarball::new(&record, true);
        let same = [missing("y", "404"), missing("x", "does not have it")];
        assert!(
            standing.would_be_same(&commit('a'), &same),
            "for another reason, in another order"
        );
        assert!(!standing.would_be_same(&commit('b'), &same));
        assert!(!standing.would_be_same(&commit('a'), &same[..1]));
        assert!(!standing.would_be_same(&commit('a'), &[]));
        let other_settings = PublishedTarball::new(&record, false);
        assert!(!other_settings.would_be_same(&commit('a'), &same));
    }

    #[test]
    fn other_bytes_of_the_same_commit_get_another_revision() {
        let record = BranchRecord { revision: 1, ..BranchRecord::of_commit('a') };
        let published = PublishedTarball::new(&record, false);
        assert_eq!(published.revision_of(&BranchRecord { revision: 0, ..record.clone() }), 1);
        let other = BranchRecord { sha256: "1".repeat(64), ..BranchRecord::of_commit('a') };
        assert_eq!(published.revision_of(&other), 2);
        assert_eq!(PublishedTarball::damaged(&record).revision_of(&other), 2);
        assert_eq!(published.revision_of(&BranchRecord::of_commit('b')), 0);
    }
}
