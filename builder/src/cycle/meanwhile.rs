//! What a cycle does while its workers are busy: it notes what became of each job, and from time to time it publishes
//! what is ready.
//!
//! A first cycle over many repositories takes long. So its first results are served after minutes, and a cycle that is
//! killed leaves little to be done again. Nothing that is on disk is withdrawn before the end of the cycle: a repository
//! that is still to be worked on, or that is no longer listed, stays as it was. With a store, nothing is published before
//! all is made again that the disk has lost (the builder has a new one).

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use tardist_contract::BranchName;

use crate::{
    Error, StoreFault,
    catalogue::Catalogue,
    cycle::{
        publish::Publishing,
        quarantine::Quarantine,
        report::{Report, StoreReport},
        store::Storing,
    },
    data_dir::layout::Layout,
    limits::metadata::MAX_TEXTS_IN_MEMORY,
    repository_id::RepositoryId,
    state::State,
    worker::{Job, JobResult},
};

/// What is there before the work begins, and where it goes.
pub(super) struct Meanwhile<'a> {
    pub(super) publishing: &'a Publishing<'a>,
    /// The object store, if there is one.
    pub(super) storing: Option<Storing<'a>>,
    /// What was published when the cycle began, as far as it is on disk and whole.
    pub(super) intact: &'a Catalogue,
    /// The branches whose tarballs are published and not on disk, and that are still to be made.
    pub(super) lost: BTreeSet<(RepositoryId, BranchName)>,
    /// True after the store has refused: it will do so until the end of the cycle.
    pub(super) is_refused: bool,
    /// True for a catalogue that is not to be published, because too much is not in it.
    pub(super) refuses: &'a dyn Fn(&Catalogue) -> bool,
    pub(super) state: &'a mut State,
    pub(super) quarantine: Noted<'a>,
    /// When something was published last, or when the work began.
    pub(super) since: Instant,
    /// How many tarballs were made until then.
    pub(super) built: usize,
    /// How many bytes the texts of new branches have that are in memory.
    pub(super) text_bytes: usize,
}

/// The quarantine, with what is needed to write it.
pub(super) struct Noted<'a> {
    pub(super) now: Quarantine,
    /// What is on disk.
    pub(super) saved: Quarantine,
    /// The digest of the settings.
    pub(super) settings: &'a str,
    pub(super) layout: &'a Layout,
}

impl Noted<'_> {
    /// Writes it, if it is another than on disk.
    pub(super) fn save(&mut self) -> Result<(), Error> {
        self.now.write(&self.saved, self.layout)?;
        self.saved = self.now.clone();
        Ok(())
    }
}

impl Meanwhile<'_> {
    /// Notes what became of a job, at the time `now` in Unix seconds.
    pub(super) fn note(&mut self, job: &Job, result: &JobResult, now: i64) {
        self.quarantine.now.note(job, result, self.quarantine.settings, now);
        for branch in &job.branches {
            self.lost.remove(&(job.project.id.clone(), branch.clone()));
        }
        let texts = result.built.values().filter_map(|record| record.messages.as_ref()?.texts());
        self.text_bytes += texts.map(|it| it.titles.len() + it.descriptions.len()).sum::<usize>();
    }

    /// Writes the texts of new branches into the state when they take much memory. `merged` is what the results until now
    /// have made. An error is only logged: the publication has it again, if it lasts.
    pub(super) fn store_texts(&mut self, merged: &mut Catalogue) {
        if self.text_bytes < MAX_TEXTS_IN_MEMORY {
            return;
        }
        self.text_bytes = 0;
        if let Err(error) = self.state.store_texts(merged) {
            tracing::warn!("the texts of new branches stay in memory: {error}");
        }
    }

    /// Publishes what is ready, here and to the object store, if the last publication is longer ago than `every`, and
    /// there are new tarballs. `merged` is what the results until now have made. An error is only logged: the
    /// publication at the end of the cycle has it again, if it lasts.
    pub(super) fn publish(&mut self, merged: &Catalogue, every: Duration, report: &mut Report) {
        if report.built == self.built || self.since.elapsed() < every {
            return;
        }
        (self.since, self.built) = (Instant::now(), report.built);
        let catalogue = ready(self.intact, merged);
        if self.storing.is_some() && (!self.lost.is_empty() || (self.refuses)(&catalogue)) {
            return;
        }
        match self.publish_now(catalogue, report) {
            Ok(()) => tracing::info!("what is ready is published: {} new tarballs", report.built),
            Err(error) => tracing::warn!("what is ready cannot be published yet: {error}"),
        }
    }

    fn publish_now(&mut self, catalogue: Catalogue, report: &mut Report) -> Result<(), Error> {
        self.publishing.publish_meanwhile(catalogue, self.state, report)?;
        self.quarantine.save()?;
        let Some(storing) = self.storing.as_ref().filter(|_| !self.is_refused) else {
            return Ok(());
        };
        let published = storing.publish(self.state, &mut StoreReport::default());
        self.is_refused =
            matches!(published, Err(Error::Store { fault: StoreFault::Conflict, .. }));
        published
    }
}

/// The branches of jobs whose published tarballs are not on disk, or damaged.
pub(super) fn lost(jobs: &[Job]) -> BTreeSet<(RepositoryId, BranchName)> {
    let of_job = |job: &Job| {
        // Those in quarantine are not made in this cycle.
        let lost = job
            .published
            .iter()
            .filter(|(branch, published)| !published.is_whole && job.branches.contains(branch));
        lost.map(|(branch, _)| (job.project.id.clone(), branch.clone())).collect::<Vec<_>>()
    };
    jobs.iter().flat_map(of_job).collect()
}

/// What stood before, with what is new: no branch is missing that was there and whole.
fn ready(before: &Catalogue, merged: &Catalogue) -> Catalogue {
    let mut ready = before.clone();
    for (id, new) in merged {
        let Some(record) = ready.get_mut(id) else {
            ready.insert(id.clone(), new.clone());
            continue;
        };
        record.upstream.clone_from(&new.upstream);
        record.source_url.clone_from(&new.source_url);
        let branches = new.branches.iter().map(|(name, branch)| (name.clone(), branch.clone()));
        record.branches.extend(branches);
    }
    ready
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{BranchRecord, RepositoryRecord};

    #[test]
    fn what_is_ready_is_added_to_what_stood_before() {
        let record = |url: &str, branches: &[(&str, char)]| {
            let branches =
                branches.iter().map(|(name, digit)| (*name, BranchRecord::of_commit(*digit)));
            RepositoryRecord::of_branches(url, branches.collect::<Vec<_>>())
        };
        let catalogue = |records: Vec<(&str, RepositoryRecord)>| -> Catalogue {
            records.into_iter().map(|(id, record)| (id.parse().unwrap(), record)).collect()
        };
        let before = catalogue(vec![
            ("skins/Busy", record("https://old", &[("master", 'a')])),
            ("skins/Done", record("https://old", &[("master", 'a'), ("REL1_43", 'a')])),
        ]);
        let merged = catalogue(vec![
            ("skins/Done", record("https://new", &[("master", 'b')])),
            ("skins/New", record("https://new", &[("master", 'c')])),
        ]);
        let expected = catalogue(vec![
            ("skins/Busy", record("https://old", &[("master", 'a')])),
            ("skins/Done", record("https://new", &[("master", 'b'), ("REL1_43", 'a')])),
            ("skins/New", record("https://new", &[("master", 'c')])),
        ]);
        assert_eq!(ready(&before, &merged), expected);
    }
}
