//! Quarantine: branches that are not tried again, because the same work would exceed the same limit.
//!
//! It ends when the branch has another commit, when a setting that matters has another value, or with another
//! version of tardist; where a server was too slow, also after some hours, and where something was missing, after a
//! day. `tardist sync --only` and `--force`
//! try such a branch in any case.

use std::{collections::BTreeMap, fs};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tardist_contract::{BranchName, CommitId};

use crate::{
    Error,
    catalogue::{Catalogue, RepositoryRecord},
    content::Missing,
    cycle::{plan::Plan, recipe::digest},
    data_dir::{atomic, layout::Layout},
    repository_id::RepositoryId,
    settings::config::Config,
    upstream::Listing,
    worker::{Again, Failure, Job, JobResult},
};

/// How long a branch waits whose server was too slow, in seconds: six hours.
const LATER: i64 = 6 * 60 * 60;

/// How long a branch waits whose tarball is incomplete, in seconds: a day.
const DAY: i64 = 24 * 60 * 60;

/// The branches in quarantine. On disk it is `quarantine.json`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantine(BTreeMap<RepositoryId, BTreeMap<BranchName, Entry>>);

/// A branch in quarantine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The commit that was tried.
    commit: CommitId,
    /// The digest of the settings that the work was done with.
    settings: String,
    /// Why it failed.
    text: String,
    /// When it is tried again in any case, in Unix seconds.
    until: Option<i64>,
    /// True if it is tried again in any case, in a worker of its own.
    #[serde(default)]
    alone: bool,
}

/// A branch that is held back, and why: a sentence for the operator.
pub(super) type HeldBack = (RepositoryId, BranchName, String);

/// A digest of everything but the content that decides how the work ends.
pub(super) fn settings(config: &Config) -> String {
    let Config { limits, url_map, submodule_depth, submodule_hosts, composer, incomplete, .. } =
        config;
    let version = env!("CARGO_PKG_VERSION");
    // The upstreams decide which hosts submodules may come from.
    let upstreams = serde_json::to_string(&config.upstreams).unwrap_or_default();
    let text = format!(
        "{version} {limits:?} {url_map:?} {submodule_depth} {submodule_hosts:?} {composer:?} {incomplete:?} \
         {upstreams}"
    );
    digest(&text)
}

impl Quarantine {
    /// Reads it. It is empty if there is none, or if it cannot be read: then everything is tried again.
    pub fn read(layout: &Layout) -> Self {
        let text = fs::read(layout.quarantine()).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    /// Writes it, if it differs from `before`.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be written.
    pub(super) fn write(&self, before: &Self, layout: &Layout) -> Result<(), Error> {
        if self == before {
            return Ok(());
        }
        let text = serde_json::to_string_pretty(self).map_err(|e| Error::Bug(e.to_string()))?;
        atomic::put(&layout.quarantine(), |out| Ok(writeln!(out, "{text}")))
    }

    /// Drops the branches that the upstreams no longer list. A repository that cannot be listed at present stays, and all
    /// that are not listed stay while an upstream cannot be listed.
    pub(super) fn prune(&mut self, listing: &Listing) {
        let tips: BTreeMap<&RepositoryId, _> =
            listing.projects.iter().map(|project| (&project.id, &project.tips)).collect();
        self.0.retain(|id, branches| {
            if let Some(tips) = tips.get(id) {
                branches.retain(|branch, _| tips.contains_key(branch));
                return !branches.is_empty();
            }
            !listing.unavailable.is_empty() || listing.failed.iter().any(|(failed, _)| failed == id)
        });
    }

    /// Takes the branches in quarantine out of a plan. Their earlier tarballs in `intact` stay published. Those that failed
    /// when they were last tried come last.
    pub(super) fn hold_back(
        &self,
        plan: &mut Plan,
        intact: &Catalogue,
        settings: &str,
        now: i64,
    ) -> Vec<HeldBack> {
        let mut held = Vec::new();
        for job in &mut plan.jobs {
            let id = job.project.id.clone();
            let Some(branches) = self.0.get(&id) else { continue };
            let tips = &job.project.tips;
            let is_meant = |branch: &BranchName, entry: &Entry| {
                tips.get(branch) == Some(&entry.commit) && entry.settings == settings
            };
            let is_held = |branch: &BranchName, entry: &Entry| {
                is_meant(branch, entry)
                    && !entry.alone
                    // A time further away was made by a wrong clock.
                    && entry.until.is_none_or(|until| (now..now + DAY).contains(&(until - 1)))
            };
            // Its file is lost or damaged. What only waits, and exceeds no limit, is made again.
            let is_lost = |branch: &BranchName| {
                job.published.get(branch).is_some_and(|published| !published.is_whole)
            };
            for (branch, entry) in branches.iter().filter(|(branch, entry)| is_held(branch, entry))
            {
                if !job.branches.contains(branch) || (entry.until.is_some() && is_lost(branch)) {
                    continue;
                }
                job.branches.retain(|it| it != branch);
                if job.published.get(branch).is_some_and(|published| published.is_current) {
                    // What is published is of this commit: nothing failed.
                    continue;
                }
                held.push((id.clone(), branch.clone(), entry.sentence(&id)));
                if let Some(record) = intact.get(&id).and_then(|it| it.branches.get(branch)) {
                    let source_url = job.project.source_url.clone();
                    let kept = plan.kept.entry(id.clone()).or_insert_with(|| RepositoryRecord {
                        upstream: job.project.upstream.clone(),
                        source_url,
                        branches: BTreeMap::new(),
                    });
                    kept.branches.entry(branch.clone()).or_insert_with(|| record.clone());
                }
            }
            // One that takes all the time of its repository must not do so each time, whatever is pushed to it.
            job.branches.sort_by_key(|branch| branches.contains_key(branch));
            let alone = branches.iter().filter(|(branch, it)| it.alone && is_meant(branch, it));
            let alone = alone.map(|(branch, _)| branch.clone()).collect();
            job.isolate(&alone);
        }
        plan.jobs.retain(|job| !job.branches.is_empty());
        held
    }

    /// Notes what became of a job: branches come into quarantine, or out of it.
    pub(super) fn note(&mut self, job: &Job, result: &JobResult, settings: &str, now: i64) {
        let failed: BTreeMap<&BranchName, &Failure> =
            result.failed.iter().map(|(branch, failure)| (branch, failure)).collect();
        for branch in &job.branches {
            let failure = match failed.get(branch) {
                Some(failure) => Some((failure.again, failure.text.clone())),
                None => match made(result, branch) {
                    Some(missing) => {
                        missing.first().map(|it| (Again::missing(missing), it.reason.clone()))
                    }
                    None => result.failure.as_ref().map(|it| (it.again, it.text.clone())),
                },
            };
            let entry = failure.and_then(|(again, text)| {
                let until = match again {
                    Again::NextCycle => return None,
                    Again::Alone | Again::OnChange => None,
                    Again::Later | Again::Slow => Some(now.saturating_add(LATER)),
                    Again::NextDay => Some(now.saturating_add(DAY)),
                };
                let commit = result.moved.get(branch).or_else(|| job.project.tips.get(branch))?;
                let (commit, settings) = (commit.clone(), settings.to_owned());
                Some(Entry { commit, settings, text, until, alone: again == Again::Alone })
            });
            let branches = self.0.entry(job.project.id.clone()).or_default();
            match entry {
                Some(entry) => branches.insert(branch.clone(), entry),
                None => branches.remove(branch),
            };
        }
        self.0.retain(|_, branches| !branches.is_empty());
    }
}

/// What is missing from the tarball of a branch that was made, or would come out again. `None` if there is none.
fn made<'a>(result: &'a JobResult, branch: &BranchName) -> Option<&'a Vec<Missing>> {
    let built = result.built.get(branch).map(|record| &record.missing);
    built.or_else(|| result.unchanged.get(branch))
}

impl Entry {
    fn sentence(&self, id: &RepositoryId) -> String {
        let until = match self.until.map(Timestamp::from_second) {
            Some(Ok(until)) => format!("before {until}"),
            _ => "before the branch or a limit changes".to_owned(),
        };
        format!(
            "{}; it is not tried again {until} (`tardist sync --only {id}` tries it)",
            self.text
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::BranchRecord, upstream::Project, worker::PublishedTarball};

    const NOW: i64 = 1_000_000;

    fn id() -> RepositoryId {
        "skins/Vector".parse().unwrap()
    }

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn job(branches: &[(&str, char)]) -> Job {
        let tips = branches.iter().map(|(name, digit)| (branch(name), commit(*digit))).collect();
        let project = Project { tips, ..Project::new(id(), "https://g/skins/Vector.git") };
        Job::new(project, branches.iter().map(|(name, _)| branch(name)).collect())
    }

    fn failed(again: Again) -> JobResult {
        let failure = Failure { text: "needed more".to_owned(), again };
        JobResult { failed: vec![(branch("master"), failure)], ..JobResult::default() }
    }

    /// The branches that a quarantine holds back of a job whose branches are at these commits.
    fn held(
        quarantine: &Quarantine,
        tips: &[(&str, char)],
        settings: &str,
        now: i64,
    ) -> Vec<String> {
        let mut plan = Plan { jobs: vec![job(tips)], ..Plan::default() };
        let held = quarantine.hold_back(&mut plan, &Catalogue::new(), settings, now);
        let left: usize = plan.jobs.iter().map(|job| job.branches.len()).sum();
        assert_eq!(left + held.len(), tips.len());
        held.into_iter().map(|(_, branch, _)| branch.to_string()).collect()
    }

    #[test]
    fn a_branch_that_exceeded_a_limit_waits_until_something_changes() {
        let mut quarantine = Quarantine::default();
        let tips = [("master", 'a'), ("REL1_45", 'b')];
        quarantine.note(&job(&tips), &failed(Again::OnChange), "r", NOW);
        assert_eq!(held(&quarantine, &tips, "r", NOW + 10 * LATER), ["master"]);
        assert_eq!(held(&quarantine, &[("master", 'c')], "r", NOW), [""; 0], "another commit");
        assert_eq!(held(&quarantine, &tips, "other", NOW), [""; 0], "other limits");
        quarantine.note(&job(&tips), &JobResult::default(), "r", NOW);
        assert_eq!(quarantine, Quarantine::default(), "it failed for another reason");
    }

    #[test]
    fn the_commit_that_the_server_gave_is_the_one_that_was_tried() {
        let mut quarantine = Quarantine::default();
        let tips = [("master", 'b')];
        let moved = [(branch("master"), commit('c'))].into();
        let result = JobResult { moved, ..failed(Again::OnChange) };
        quarantine.note(&job(&tips), &result, "r", NOW);
        assert_eq!(held(&quarantine, &tips, "r", NOW), [""; 0]);
        assert_eq!(held(&quarantine, &[("master", 'c')], "r", NOW), ["master"]);
    }

    #[test]
    fn a_branch_that_is_to_be_tried_alone_is_not_held_back_and_comes_last() {
        let mut quarantine = Quarantine::default();
        let tips = [("master", 'a'), ("REL1_45", 'b')];
        quarantine.note(&job(&tips), &failed(Again::Alone), "r", NOW);
        let mut plan = Plan { jobs: vec![job(&tips)], ..Plan::default() };
        let held = quarantine.hold_back(&mut plan, &Catalogue::new(), "r", NOW);
        assert_eq!((held.len(), plan.jobs[0].is_one_by_one), (0, true));
        assert_eq!(plan.jobs[0].branches, [branch("REL1_45"), branch("master")]);
    }

    #[test]
    fn a_branch_that_failed_comes_last_at_its_next_commit() {
        let mut quarantine = Quarantine::default();
        let tips = [("master", 'a'), ("REL1_45", 'b')];
        quarantine.note(&job(&tips), &failed(Again::Later), "r", NOW);
        let next = job(&[("master", 'c'), ("REL1_45", 'b')]);
        let listing = Listing { projects: vec![next.project.clone()], ..Listing::default() };
        quarantine.prune(&listing);
        let mut plan = Plan { jobs: vec![next], ..Plan::default() };
        let held = quarantine.hold_back(&mut plan, &Catalogue::new(), "r", NOW);
        assert_eq!((held.len(), plan.jobs[0].is_one_by_one), (0, false));
        assert_eq!(plan.jobs[0].branches, [branch("REL1_45"), branch("master")]);
    }

    #[test]
    fn a_lost_tarball_is_made_again_though_its_branch_waits_unless_it_exceeded_a_limit() {
        for (again, expected) in [(Again::NextDay, 0), (Again::Later, 0), (Again::OnChange, 1)] {
            let mut quarantine = Quarantine::default();
            let tips = [("master", 'a')];
            quarantine.note(&job(&tips), &failed(again), "r", NOW);
            let mut job = job(&tips);
            let lost = PublishedTarball::damaged(&BranchRecord::of_commit('a'));
            job.published.insert(branch("master"), lost);
            let mut plan = Plan { jobs: vec![job], ..Plan::default() };
            let held = quarantine.hold_back(&mut plan, &Catalogue::new(), "r", NOW + 1);
            assert_eq!((held.len(), plan.jobs.len()), (expected, 1 - expected), "{again:?}");
        }
    }

    #[test]
    fn a_slow_server_is_asked_again_after_some_hours_and_a_crash_in_the_next_cycle() {
        let mut quarantine = Quarantine::default();
        let tips = [("master", 'a')];
        quarantine.note(&job(&tips), &failed(Again::Later), "r", NOW);
        assert_eq!(held(&quarantine, &tips, "r", NOW + LATER - 1), ["master"]);
        assert_eq!(held(&quarantine, &tips, "r", NOW + LATER), [""; 0]);
        quarantine.note(&job(&tips), &failed(Again::NextCycle), "r", NOW);
        assert_eq!(quarantine, Quarantine::default());
    }

    #[test]
    fn a_failure_of_the_repository_holds_back_all_its_branches_and_their_tarballs_stay() {
        let mut quarantine = Quarantine::default();
        let tips = [("master", 'a'), ("REL1_45", 'b')];
        let failure = Failure { text: "endless".to_owned(), again: Again::OnChange };
        let result = JobResult { failure: Some(failure), ..JobResult::default() };
        quarantine.note(&job(&tips), &result, "r", NOW);
        let branches = [("REL1_45", BranchRecord::of_commit('0'))];
        let record = RepositoryRecord::of_branches("u", branches);
        let intact = Catalogue::from([(id(), record)]);
        let mut plan = Plan { jobs: vec![job(&tips)], ..Plan::default() };
        let held = quarantine.hold_back(&mut plan, &intact, "r", NOW);
        assert_eq!((plan.jobs.len(), held.len()), (0, 2));
        assert_eq!(plan.kept[&id()].branches, intact[&id()].branches);
        assert!(held[0].2.contains("`tardist sync --only skins/Vector`"), "{}", held[0].2);
    }

    #[test]
    fn what_is_no_longer_listed_is_forgotten() {
        let mut quarantine = Quarantine::default();
        quarantine.note(&job(&[("master", 'a')]), &failed(Again::OnChange), "r", NOW);
        let listing = |tips: &[(&str, char)]| Listing {
            projects: vec![job(tips).project],
            ..Listing::default()
        };
        let pruned = |listing: &Listing| {
            let mut pruned = quarantine.clone();
            pruned.prune(listing);
            pruned
        };
        assert_eq!(pruned(&listing(&[("master", 'a')])), quarantine);
        assert_eq!(pruned(&listing(&[("master", 'b')])), quarantine, "of an earlier commit");
        assert_eq!(pruned(&listing(&[("REL1_45", 'a')])), Quarantine::default());
        assert_eq!(pruned(&Listing::default()), Quarantine::default());
        let failing =
            Listing { failed: vec![(id(), Error::Bug("x".into()))], ..Listing::default() };
        assert_eq!(pruned(&failing), quarantine);
        let down = vec![("https://down".to_owned(), Error::Bug("x".into()))];
        assert_eq!(pruned(&Listing { unavailable: down, ..Listing::default() }), quarantine);
    }

    #[test]
    fn it_is_written_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        assert_eq!(Quarantine::read(&layout), Quarantine::default());
        let mut quarantine = Quarantine::default();
        quarantine.note(&job(&[("master", 'a')]), &failed(Again::Later), "r", NOW);
        quarantine.write(&Quarantine::default(), &layout).unwrap();
        assert_eq!(Quarantine::read(&layout), quarantine);
        fs::write(layout.quarantine(), b"{").unwrap();
        assert_eq!(Quarantine::read(&layout), Quarantine::default());
    }
}
