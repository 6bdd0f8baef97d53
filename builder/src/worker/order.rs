//! What a worker is to do. The supervisor writes it to the worker's standard input, as one line of JSON.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use serde::{Deserialize, Serialize};
use tardist_contract::{BranchName, CommitId};

use crate::{
    content::{Composer, Missing},
    git::url_map::UrlMap,
    limits::job::JobLimits,
    net::HttpOptions,
    upstream::Project,
};

/// The work on one repository: make the tarballs of these branches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The repository as the upstream lists it.
    pub project: Project,
    /// The branches, newest first.
    pub branches: Vec<BranchName>,
    /// Of these branches, those whose incomplete tarball stands, and was made by the settings of today.
    pub standing: BTreeMap<BranchName, Standing>,
}

/// An incomplete tarball that is in place. No other one is made if the same would come out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Standing {
    /// The commit that it was made from.
    pub commit: CommitId,
    /// What is missing from it.
    pub missing: Vec<Missing>,
}

impl Job {
    /// The work of making all tarballs of these branches.
    pub fn new(project: Project, branches: Vec<BranchName>) -> Self {
        Self { project, branches, standing: BTreeMap::new() }
    }
}

impl Standing {
    /// True if a tarball of this commit with this missing would be the same one. Why it is missing may have changed.
    pub(super) fn is(&self, commit: &CommitId, missing: &[Missing]) -> bool {
        let public = |missing: &[Missing]| -> BTreeSet<String> {
            missing.iter().map(|it| it.public.clone()).collect()
        };
        self.commit == *commit && public(&self.missing) == public(missing)
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
        let standing = Standing {
            commit: commit('a'),
            missing: vec![missing("x", "down"), missing("y", "404")],
        };
        let same = [missing("y", "404"), missing("x", "does not have it")];
        assert!(standing.is(&commit('a'), &same), "for another reason, in another order");
        assert!(!standing.is(&commit('b'), &same));
        assert!(!standing.is(&commit('a'), &same[..1]));
        assert!(!standing.is(&commit('a'), &[]));
    }
}
