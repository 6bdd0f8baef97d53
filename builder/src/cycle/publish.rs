//! Publishing: saves the state, writes the snapshot and the lists of `dist/`, then removes the tarballs whose grace
//! period is over.
//!
//! The state is first. If the cycle is killed before the snapshot is in place, the next one finds the snapshot
//! behind the state, and writes it from there.

use std::{collections::BTreeSet, fs, os::unix::fs::MetadataExt, time::Instant};

use tardist_contract::{Kind, TarballName};

use crate::{
    Error,
    catalogue::{self, BranchRecord, Catalogue},
    cycle::{
        intact,
        report::{Outcome, Report},
        sweep,
    },
    data_dir::{
        atomic,
        files::modified,
        layout::{Layout, Tarballs},
        set_aside,
    },
    listings::{self, Listed},
    repository_id::RepositoryId,
    settings::config::Config,
    snapshot::{
        Snapshot,
        render::{self, Basis},
    },
    state::{Published, State},
};

/// A snapshot that is smaller than this is compared with its digest in each cycle, a larger one once a day, because
/// that means to read all of it.
const SMALL: u64 = 32 << 20;

/// What publishing needs to know besides the catalogue.
pub(super) struct Publishing<'a> {
    pub(super) config: &'a Config,
    pub(super) layout: &'a Layout,
    /// The time of the cycle: Unix seconds.
    pub(super) now: i64,
    /// When the cycle began.
    pub(super) began_at: Instant,
}

impl Publishing<'_> {
    /// Publishes `catalogue` if it differs from the published one, if the published snapshot is not what was
    /// written, or if it is older than the setting `refresh`. Then writes the lists in `dist/`, and removes the
    /// tarballs that the snapshot does not name and whose grace period is over. `on_disk` are the tarballs that are
    /// there. Notes all in the report.
    ///
    /// # Errors
    /// [`Error::State`], [`Error::Snapshot`] or [`Error::Io`] if a file cannot be written or removed.
    /// [`Error::NothingToPublish`] if there is nothing to publish and nothing was published before.
    pub(super) fn publish(
        &self,
        catalogue: Catalogue,
        on_disk: &Tarballs,
        state: &mut State,
        report: &mut Report,
    ) -> Result<(), Error> {
        let published = self.renew(catalogue, state, report)?;
        // The grace period begins now.
        state.advance(self.began_at.elapsed());
        let retired = sweep::retired(on_disk, &state.catalogue, &state.retired, state.elapsed);
        let is_new = |key: &&(Kind, String)| !state.retired.contains_key(*key);
        report.retired = retired.keys().filter(is_new).count();
        report.removed += sweep::sweep(self.layout, &retired, self.config.grace, state.elapsed);
        state.finish(published, retired)
    }

    /// Publishes what the state has, because the last cycle was killed or failed before it could. If a tarball has been lost since,
    /// this cycle makes it again first.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub(super) fn catch_up(&self, state: &mut State, report: &mut Report) -> Result<(), Error> {
        let (catalogue, on_disk) = (state.catalogue.clone(), self.layout.readable_tarballs()?);
        if intact::with_right_size(&catalogue, &on_disk) != catalogue {
            tracing::warn!(
                "the last cycle did not come to the end of publishing, and tarballs of it are gone"
            );
            return Ok(());
        }
        tracing::info!(
            "the last cycle did not come to the end of publishing; this one does that first"
        );
        self.publish(catalogue, &on_disk, state, report)
    }

    /// Publishes `catalogue`, if it differs from the published one, while workers still make tarballs. Nothing is
    /// removed: a tarball that is not named yet may be one that a worker has just made.
    ///
    /// # Errors
    /// As [`Self::publish`].
    pub(super) fn publish_meanwhile(
        &self,
        catalogue: Catalogue,
        state: &mut State,
        report: &mut Report,
    ) -> Result<(), Error> {
        let published = self.renew(catalogue, state, report)?;
        state.finish(published, state.retired.clone())
    }

    /// Writes the snapshot if that is due, then the lists in `dist/`. Returns what is published now.
    fn renew(
        &self,
        catalogue: Catalogue,
        state: &mut State,
        report: &mut Report,
    ) -> Result<Option<Published>, Error> {
        let unreleased = state.branches.unreleased(&catalogue);
        let public_url = &self.config.public_url;
        let fingerprint = render::fingerprint(Basis { public_url, unreleased: &unreleased })?;
        let old = self.standing(state);
        let time = self.time(state, report);
        let mut published = state.published.clone();
        if !state.differs(&catalogue, &fingerprint) && old.is_some() && !self.is_stale(state, time)
        {
            if report.publications == 0 {
                report.outcome = Outcome::Unchanged;
            }
        } else if catalogue.is_empty() && state.generation == 0 && !state.is_imported {
            return Err(Error::NothingToPublish);
        } else {
            // The new one takes over parts of it, and vouches for them.
            let is_checked = published.as_ref().is_some_and(|it| is_time_to_check(it, state));
            let previous = old.filter(|it| is_checked || self.is_whole(it));
            published = Some(self.replace(catalogue, state, previous.as_ref(), time)?);
            report.outcome = Outcome::Published;
            report.publications += 1;
        }
        self.link_plain_names(&state.catalogue);
        listings::write(self.layout, &listed(&state.catalogue))?;
        Ok(published)
    }

    /// The time of the next snapshot of this cycle, in Unix seconds: the first one has that of the cycle, each other
    /// one a later one, because clients ask for what changed since the time that they know (`If-Modified-Since`).
    fn time(&self, state: &State, report: &Report) -> i64 {
        let Some(published) = state.published.as_ref().filter(|_| report.publications > 0) else {
            return self.now;
        };
        let passed = i64::try_from(self.began_at.elapsed().as_secs()).unwrap_or_default();
        self.now.saturating_add(passed).max(published.generated_at.saturating_add(1))
    }

    /// The published snapshot, if it is the file that was written last, and not known to be damaged.
    fn standing(&self, state: &State) -> Option<Snapshot> {
        let published = state.published.as_ref()?;
        let path = self.layout.snapshot();
        // Whoever opens the snapshot would apply a journal that lies there. It is of another file.
        set_aside::remove_journals(&path).ok()?;
        let metadata = fs::metadata(&path).ok()?;
        let modified = modified(&metadata);
        if (metadata.len(), modified) != (published.size, published.modified) {
            tracing::warn!(
                "{} is not the file that was noted as published last; it is written anew",
                path.display()
            );
            return None;
        }
        let snapshot = Snapshot::open(&path).ok()?;
        (!is_time_to_check(published, state) || self.is_whole(&snapshot)).then_some(snapshot)
    }

    /// Reads all of the published snapshot. If it is damaged, the log says so.
    fn is_whole(&self, snapshot: &Snapshot) -> bool {
        let damage = snapshot.check().err();
        if let Some(damage) = &damage {
            let path = self.layout.snapshot();
            tracing::warn!("{} is damaged and is written anew: {damage}", path.display());
        }
        damage.is_none()
    }

    /// True if at this `time` the published snapshot is older than the setting `refresh`, or from the future, where a
    /// wrong clock made it.
    fn is_stale(&self, state: &State, time: i64) -> bool {
        let refresh = i64::try_from(self.config.refresh.as_secs()).unwrap_or(i64::MAX);
        let generated_at = state.published.as_ref().map_or(i64::MIN, |it| it.generated_at);
        generated_at > time || time.saturating_sub(generated_at) >= refresh
    }

    /// Saves the catalogue, and writes the snapshot, after the tarballs that it names have been forced to disk.
    fn replace(
        &self,
        catalogue: Catalogue,
        state: &mut State,
        previous: Option<&Snapshot>,
        time: i64,
    ) -> Result<Published, Error> {
        for kind in Kind::ALL {
            atomic::sync_folder(&self.layout.dist(kind))?;
        }
        state.publish(self.layout, catalogue, &self.config.public_url, previous, time)
    }

    /// Lets the plain name of each tarball with a revision lead to its newest bytes, for clients that make the name
    /// from the commit. No snapshot says which bytes that name has, unless it is that of another tarball. What fails is
    /// logged, and nothing else depends on it.
    fn link_plain_names(&self, catalogue: &Catalogue) {
        let mut revised =
            catalogue::records(catalogue).filter(|(.., record)| record.revision > 0).peekable();
        if revised.peek().is_none() {
            return;
        }
        let named: BTreeSet<(Kind, TarballName)> =
            catalogue::tarballs(catalogue).map(|(id, _, file, _)| (id.kind, file)).collect();
        for (id, branch, record) in revised {
            let folder = self.layout.dist(id.kind);
            let newest = folder.join(record.tarball(&id.name, branch).as_str());
            let plain = TarballName::new(&id.name, branch, &record.commit);
            let path = folder.join(plain.as_str());
            let file_id = |path| fs::metadata(path).map(|it| (it.dev(), it.ino())).ok();
            let is_needed =
                file_id(&newest) != file_id(&path) && !named.contains(&(id.kind, plain));
            if is_needed && let Err(error) = atomic::link(&newest, &path) {
                tracing::warn!("{error}");
            }
        }
    }
}

/// True if the published snapshot is compared with its digest in this cycle, whatever else happens.
fn is_time_to_check(published: &Published, state: &State) -> bool {
    published.size < SMALL || state.is_first_of_day()
}

/// The tarballs of a catalogue, for the lists.
fn listed(catalogue: &Catalogue) -> Vec<Listed> {
    let listed = |(id, _, file, record): (&RepositoryId, _, TarballName, &BranchRecord)| Listed {
        kind: id.kind,
        file: file.into(),
        committed_at: record.committed_at,
        size: record.size,
        sha256: record.sha256.clone(),
    };
    catalogue::tarballs(catalogue).map(listed).collect()
}
