//! What a worker is to do. The supervisor writes it to the worker's standard input, as one line of JSON. While the
//! worker runs, more lines may follow: which hosts are not asked any more, as [`ClosedHosts`].

use std::{collections::BTreeMap, path::PathBuf};

use serde::{Deserialize, Serialize};
use tardist_contract::BranchName;

use crate::{
    content::Composer,
    git::url_map::UrlMap,
    limits::job::JobLimits,
    net::{Closed, HttpOptions},
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
