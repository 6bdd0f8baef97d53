//! Asks Git for the tips of repositories whose upstream lists no commits: several at once, one
//! small request for each.
//!
//! It remembers which version of Git's protocol a host speaks, and asks by that at once.

use std::{
    collections::BTreeMap,
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

/// Asks for the tips of the branches that are `asked` for, in `jobs` repositories at once. What their hosts speak is
/// looked up and noted in `spoken`. Returns the projects with their tips, ordered by id, and the repositories that
/// failed.
pub fn ask(
    http: &Http,
    spoken: &Spoken,
    mut projects: Vec<Project>,
    asked: &Asked,
    jobs: usize,
) -> (Vec<Project>, Vec<(RepositoryId, Error)>) {
    projects.sort_by_cached_key(|project| project.id.scattered());
    let (mut complete, mut failed) = (Vec::new(), Vec::new());
    pool::run(
        jobs,
        projects,
        |project| tips(http, spoken, &project.url, asked),
        |project, tips| match tips {
            Ok(tips) => complete.push(Project { tips, ..project }),
            Err(error) => failed.push((project.id, error)),
        },
    );
    complete.sort_by(|one, other| one.id.cmp(&other.id));
    (complete, failed)
}

fn tips(http: &Http, spoken: &Spoken, url: &str, asked: &Asked) -> Result<Tips, Error> {
    spoken.ask(url, |known| ls_refs::tips(http, url, &filter(asked), known))
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
    Filter { prefixes: asked.prefixes(), wants: Box::new(wants), most: MAX_BRANCHES }
}

/// The version of the protocol that each host has spoken in this cycle, by the text of its origin.
#[derive(Debug, Default)]
pub struct Spoken(Mutex<BTreeMap<String, Protocol>>);

impl Spoken {
    /// Asks a repository by `ask`, which is told what the host of its `url` is known to speak, and notes what it spoke.
    pub(super) fn ask<T>(
        &self,
        url: &str,
        ask: impl FnOnce(Option<Protocol>) -> Result<(T, Protocol), Error>,
    ) -> Result<T, Error> {
        let name = Origin::of(url).map(|origin| origin.to_string()).unwrap_or_default();
        let known = self.lock().get(&name).copied();
        let (answer, protocol) = ask(known)?;
        // One answer by version 2 is enough: others of the host may just have failed.
        let mut spoken = self.lock();
        if protocol == Protocol::V2 || known.is_none() {
            spoken.insert(name, protocol);
        }
        Ok(answer)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Protocol>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
