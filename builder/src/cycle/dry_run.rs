//! A dry run: shows what a cycle would do, and changes nothing.

use std::{collections::BTreeMap, fmt, mem, sync::Arc};

use jiff::Timestamp;
use tardist_contract::{BranchName, CommitId};

use crate::{
    Error,
    catalogue::{self, Catalogue},
    cycle::{
        intact, merge,
        plan::Plan,
        quarantine::{self, Quarantine},
        recipe::Recipes,
        remembered,
        report::ReportEntry,
        run::{Cycle, Options, refuse_node},
        store::StoreKeys,
    },
    data_dir::layout::Layout,
    error::GitContext,
    git::{mirror, transport},
    net::Http,
    progress::Progress,
    repository_id::RepositoryId,
    settings::config::Config,
    state::{State, clock::Reading},
    upstream,
};

/// Lists the repositories and plans a cycle at the time `now`. Writes nothing, does not create the data directory, and does not
/// take the lock.
///
/// # Errors
/// [`Error::Config`] if an upstream's list or token file is wrong, or the credentials or key of the store, or if the data
/// directory is a node's, [`Error::List`] or [`Error::ListForm`] if an
/// upstream's list cannot be fetched or is not valid, [`Error::Io`] if the data directory cannot be read.
pub fn run(
    config: &Config,
    options: Options,
    now: Timestamp,
    progress: &Progress,
) -> Result<DryRun, Error> {
    let (reading, now) = (Reading::take(now), now.as_second());
    let layout = Layout::new(&config.data);
    refuse_node(&layout)?;
    StoreKeys::open(config)?;
    // As in a cycle: Git's configuration files count for nothing.
    transport::set_up_to_read().git(|| "set up Git".to_owned())?;
    let upstreams = upstream::open(&config.upstreams)?;
    let http = Arc::new(Http::new(upstream::allow(config.http_options(), &upstreams)));
    let upstreams = upstreams.as_slice();
    let cycle = Cycle::new(config, options, upstreams, &layout, &http, now, progress);
    let mut published = State::look(&layout);
    Recipes::new(config, &http).adopt(&mut published);
    let before = State::look_branches(&layout);
    let (mut listing, ambiguous) =
        cycle.list(&published, &before.found, &remembered::read(&layout))?;
    let notes = mem::take(&mut listing.warnings);
    let (listed, mut failures) = (listing.ids().count(), merge::refused(&listing));
    let intact = intact::with_right_size(&published, &layout.tarballs()?);
    let quarantine = Quarantine::read(&layout);
    let settings = quarantine::settings(config);
    let hours = State::look_hours(&layout, &reading, config.grace);
    let (plan, held) = cycle.plan(listing, &published, &intact, (&quarantine, &settings), hours)?;
    failures.extend(ambiguous);
    failures.extend(merge::held_back(&held));
    failures.extend(plan.unknown.iter().map(merge::unknown));
    Ok(DryRun { notes, ..DryRun::new(&layout, listed, &published, &plan, failures) })
}

/// What a cycle would do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct DryRun {
    /// How many repositories the upstreams list.
    pub listed: usize,
    /// Branches whose tarballs would be made.
    pub make: BTreeMap<RepositoryId, Vec<PlannedBranch>>,
    /// Branches that would no longer be published, with any commit.
    pub withdraw: BTreeMap<RepositoryId, Vec<BranchName>>,
    /// How many tarballs would stay as they are.
    pub kept: usize,
    /// How many tarballs would be made again in a later cycle.
    pub waiting: usize,
    /// Failures that are certain already.
    pub failures: Vec<ReportEntry>,
    /// What an operator should know of how the branches were found.
    pub notes: Vec<String>,
}

/// A branch whose tarball would be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedBranch {
    /// Its name.
    pub name: BranchName,
    /// Its commit in the upstream's list.
    pub commit: Option<CommitId>,
    /// True if the mirror does not have the commit yet.
    pub fetch: bool,
}

impl DryRun {
    /// Summarizes a plan. `published` is what is published now. Looks into the mirrors to see which commits would
    /// be fetched.
    pub fn new(
        layout: &Layout,
        listed: usize,
        published: &Catalogue,
        plan: &Plan,
        failures: Vec<ReportEntry>,
    ) -> Self {
        let mut dry_run = Self {
            listed,
            kept: plan.untouched(),
            waiting: plan.waiting,
            failures,
            ..Self::default()
        };
        for job in &plan.jobs {
            let mirror = layout.mirror(&job.project.id);
            let branches = job.branches.iter().map(|name| {
                let commit = job.project.tips.get(name);
                let fetch = mirror::tip_at(&mirror, name).as_ref() != commit;
                PlannedBranch { name: name.clone(), commit: commit.cloned(), fetch }
            });
            dry_run.make.insert(job.project.id.clone(), branches.collect());
        }
        for (id, branch, _) in catalogue::records(published) {
            let made = |branches: &Vec<PlannedBranch>| branches.iter().any(|it| it.name == *branch);
            let stays = plan.kept.get(id).is_some_and(|kept| kept.branches.contains_key(branch));
            if !stays && !dry_run.make.get(id).is_some_and(made) {
                dry_run.withdraw.entry(id.clone()).or_default().push(branch.clone());
            }
        }
        dry_run
    }
}

impl fmt::Display for PlannedBranch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name.as_str())?;
        if let Some(commit) = &self.commit {
            write!(f, " {:.7}", commit.as_str())?;
        }
        f.write_str(if self.fetch { "" } else { "*" })
    }
}

impl fmt::Display for DryRun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let make: usize = self.make.values().map(Vec::len).sum();
        let withdraw: usize = self.withdraw.values().map(Vec::len).sum();
        let fetch = self.make.values().filter(|branches| branches.iter().any(|it| it.fetch));
        write!(
            f,
            "A dry run changes nothing. With {} repositories listed, a cycle would fetch {}, make {} tarballs \
             of {} repositories, keep {}, withdraw {}.",
            self.listed,
            fetch.count(),
            make,
            self.make.len(),
            self.kept,
            withdraw
        )?;
        if self.waiting > 0 {
            write!(
                f,
                "\n{} tarballs would be made again in later cycles, because settings changed.",
                self.waiting
            )?;
        }
        if make > 0 {
            write!(f, "\nTo be made (* without a fetch: the mirror has the commit):")?;
        }
        for (id, branches) in &self.make {
            let branches: Vec<String> = branches.iter().map(ToString::to_string).collect();
            write!(f, "\n  {id}: {}", branches.join(", "))?;
        }
        if withdraw > 0 {
            write!(f, "\nNo longer published:")?;
        }
        for (id, branches) in &self.withdraw {
            let names: Vec<&str> = branches.iter().map(BranchName::as_str).collect();
            write!(f, "\n  {id}: {}", names.join(", "))?;
        }
        for failure in &self.failures {
            write!(f, "\nIt would fail: {failure}")?;
        }
        for note in &self.notes {
            write!(f, "\n{note}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_waits_for_a_later_cycle_is_told() {
        let says = "300 tarballs would be made again in later cycles";
        assert!(DryRun { waiting: 300, ..DryRun::default() }.to_string().contains(says));
        assert!(!DryRun::default().to_string().contains("later cycles"));
    }
}
