//! Asks Git for the tips of repositories whose upstream lists no commits: several at once, one
//! small request for each.
//!
//! It remembers what it learns about hosts during one cycle. A host that speaks only Git's protocol
//! 0 is asked by that at once, and one that is down is not asked any more.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
};

use tardist_contract::BranchName;

use super::listing::Project;
use crate::{
    Error, RepositoryId,
    git::ls_refs::{self, Protocol, Tips},
    limits::upstream::MAX_FAILURES,
    net::{Http, Origin},
    pool,
};

/// Asks for the tips of `branches`, in `jobs` repositories at once. Returns the projects with their
/// tips, ordered by id, and the repositories that failed.
pub fn ask(
    http: &Http,
    projects: Vec<Project>,
    branches: &BTreeSet<BranchName>,
    jobs: usize,
) -> (Vec<Project>, Vec<(RepositoryId, Error)>) {
    let hosts = Hosts::default();
    let (mut complete, mut failed) = (Vec::new(), Vec::new());
    pool::run(
        jobs,
        projects,
        |project| hosts.ask(http, &project.url, branches),
        |project, tips| match tips {
            Ok(tips) => complete.push(Project { tips, ..project }),
            Err(error) => failed.push((project.id, error)),
        },
    );
    complete.sort_by(|one, other| one.id.cmp(&other.id));
    (complete, failed)
}

/// What was learnt about the hosts, by the text of their origin.
#[derive(Debug, Default)]
struct Hosts(Mutex<BTreeMap<String, Host>>);

#[derive(Debug, Default, Clone, Copy)]
struct Host {
    /// How many repositories failed in a row.
    failures: usize,
    /// The protocol to begin with.
    protocol: Protocol,
}

impl Hosts {
    fn ask(&self, http: &Http, url: &str, branches: &BTreeSet<BranchName>) -> Result<Tips, Error> {
        let name = Origin::of(url).map(|origin| origin.to_string()).unwrap_or_default();
        let host = self.lock().get(&name).copied().unwrap_or_default();
        if host.failures >= MAX_FAILURES {
            let reason =
                format!("not asked, since {MAX_FAILURES} others of {name} failed in a row");
            return Err(Error::Refs { url: url.to_owned(), reason });
        }
        let asked = ls_refs::tips(http, url, branches, host.protocol);
        let mut hosts = self.lock();
        let host = hosts.entry(name).or_default();
        match &asked {
            Ok((_, protocol)) => {
                host.failures = 0;
                if *protocol == Protocol::V0 {
                    host.protocol = Protocol::V0;
                }
            }
            Err(error) if error.is_transient() => host.failures += 1,
            Err(_) => host.failures = 0,
        }
        asked.map(|(tips, _)| tips)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
