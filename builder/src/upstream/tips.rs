//! Asks Git for the tips of repositories whose upstream lists no commits: several at once, one
//! small request for each.
//!
//! It remembers which hosts speak only Git's protocol 0, and asks these by that at once.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use super::{branches::Asked, listing::Project};
use crate::{
    Error, RepositoryId,
    git::ls_refs::{self, Filter, Protocol, Tips},
    limits::upstream::MAX_BRANCHES,
    net::{Http, Origin},
    pool,
};

/// Asks for the tips of the branches that are `asked` for, in `jobs` repositories at once. Returns the projects with their
/// tips, ordered by id, and the repositories that failed.
pub fn ask(
    http: &Http,
    mut projects: Vec<Project>,
    asked: &Asked,
    jobs: usize,
) -> (Vec<Project>, Vec<(RepositoryId, Error)>) {
    projects.sort_by_cached_key(|project| project.id.scattered());
    let hosts = OldHosts::default();
    let (mut complete, mut failed) = (Vec::new(), Vec::new());
    pool::run(
        jobs,
        projects,
        |project| hosts.ask(http, &project.url, asked),
        |project, tips| match tips {
            Ok(tips) => complete.push(Project { tips, ..project }),
            Err(error) => failed.push((project.id, error)),
        },
    );
    complete.sort_by(|one, other| one.id.cmp(&other.id));
    (complete, failed)
}

/// The filter for the branches that are asked for.
fn filter(asked: &Asked) -> Filter<'_> {
    if let Some(branches) = asked.exact() {
        return Filter::of(branches);
    }
    let wants = |name: &str| {
        let branch = name.strip_prefix("refs/heads/").and_then(|name| name.parse().ok());
        branch.is_some_and(|branch| asked.wants(&branch))
    };
    // One more is kept than is allowed, so that the error can say what the limit is about.
    Filter { prefixes: asked.prefixes(), wants: Box::new(wants), most: MAX_BRANCHES + 1 }
}

/// The error for a repository in which the settings match too many branches.
pub(super) fn too_many_branches() -> Error {
    let what = "the list of its branches that the settings want".to_owned();
    Error::TooLarge { what, limit: MAX_BRANCHES as u64, unit: "branches" }
}

/// The hosts that speak only protocol 0, by the text of their origin.
#[derive(Debug, Default)]
struct OldHosts(Mutex<BTreeSet<String>>);

impl OldHosts {
    fn ask(&self, http: &Http, url: &str, asked: &Asked) -> Result<Tips, Error> {
        let name = Origin::of(url).map(|origin| origin.to_string()).unwrap_or_default();
        let is_old = self.lock().contains(&name);
        let protocol = if is_old { Protocol::V0 } else { Protocol::V2 };
        let (tips, protocol) = ls_refs::tips(http, url, &filter(asked), protocol)?;
        if tips.len() > MAX_BRANCHES {
            return Err(too_many_branches());
        }
        if protocol == Protocol::V0 {
            self.lock().insert(name);
        }
        Ok(tips)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
