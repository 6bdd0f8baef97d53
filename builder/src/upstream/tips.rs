//! Asks Git for the tips of repositories whose upstream lists no commits: several at once, one
//! small request for each.
//!
//! It remembers which hosts speak only Git's protocol 0, and asks these by that at once.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tardist_contract::BranchName;

use super::listing::Project;
use crate::{
    Error, RepositoryId,
    git::ls_refs::{self, Protocol, Tips},
    net::{Http, Origin},
    pool,
};

/// Asks for the tips of `branches`, in `jobs` repositories at once. Returns the projects with their
/// tips, ordered by id, and the repositories that failed.
pub fn ask(
    http: &Http,
    mut projects: Vec<Project>,
    branches: &BTreeSet<BranchName>,
    jobs: usize,
) -> (Vec<Project>, Vec<(RepositoryId, Error)>) {
    projects.sort_by_cached_key(|project| project.id.scattered());
    let hosts = OldHosts::default();
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

/// The hosts that speak only protocol 0, by the text of their origin.
#[derive(Debug, Default)]
struct OldHosts(Mutex<BTreeSet<String>>);

impl OldHosts {
    fn ask(&self, http: &Http, url: &str, branches: &BTreeSet<BranchName>) -> Result<Tips, Error> {
        let name = Origin::of(url).map(|origin| origin.to_string()).unwrap_or_default();
        let is_old = self.lock().contains(&name);
        let (tips, protocol) =
            ls_refs::tips(http, url, branches, if is_old { Protocol::V0 } else { Protocol::V2 })?;
        if protocol == Protocol::V0 {
            self.lock().insert(name);
        }
        Ok(tips)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
