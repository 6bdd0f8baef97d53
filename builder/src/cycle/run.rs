//! The steps of a cycle in their order.

use std::{
    collections::BTreeSet,
    fs,
    sync::{Arc, atomic::AtomicBool},
    time::{Duration, Instant},
};

use crate::{
    Error,
    catalogue::{self, Catalogue},
    content::{Ingredients, Remedy},
    cycle::{
        adopt, began, distributed, history, intact,
        loss::{self, Asked, Present},
        meanwhile::{self, Meanwhile, Noted},
        merge::{self, Merging},
        metrics, pack,
        plan::{self, Given, Plan, anywhere},
        publish::Publishing,
        quarantine::{self, HeldBack, Quarantine},
        recipe::Recipes,
        remembered,
        report::{self, Outcome, Report, ReportEntry},
        same_names,
        store::{StoreKeys, Storing},
        sweep, unused_mirrors, workers,
    },
    data_dir::{
        atomic, disk, files,
        layout::{Layout, Tarballs},
        lock::Lock,
    },
    error::{GitContext, IoContext},
    git::transport,
    memory,
    net::{Http, HttpOptions},
    pool,
    progress::{self, Progress},
    secrets,
    settings::{self, Incomplete, config::Config},
    snapshot::{Snapshot, Summary},
    state::{State, clock::Reading},
    upstream::{self, Found, Listing, Pages, Selection, Upstream, Wanted},
    worker::{Job, JobResult, Supervisor},
};
use jiff::Timestamp;

/// The options of one cycle.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Make all tarballs again, even if nothing changed.
    pub force: bool,
    /// Publish even if far less is listed than before.
    pub accept_loss: bool,
    /// Publish to the store though another builder has published there since.
    pub take_over: bool,
}

/// Runs one cycle, and saves its report in the data directory. `now` is the time of everything that the cycle
/// publishes.
///
/// # Errors
/// [`Error::Config`] if an upstream's list or token file is wrong, or the credentials or key of the store, or if the
/// data directory is a node's, [`Error::Locked`] if another builder is running, [`Error::Io`] if the data directory
/// cannot be created or locked, or the mark of a cycle cannot be written or removed.
/// All other errors are in the report.
pub fn run(
    config: &Config,
    options: Options,
    now: Timestamp,
    progress: &Progress,
) -> Result<Report, Error> {
    let start = Instant::now();
    let upstreams = upstream::open(&config.upstreams)?;
    let keys = StoreKeys::open(config)?;
    let layout = Layout::new(&config.data);
    fs::create_dir_all(layout.root()).at("create", layout.root())?;
    let _lock = Lock::acquire(&layout)?;
    refuse_node(&layout)?;
    forget_pull(&layout)?;
    let options_of_http = upstream::allow(config.http_options(), &upstreams);
    // A slow host leaves the others the rest of the time, so that their work is done.
    let until = start + config.deadline / 3;
    let http = Arc::new(Http::new(options_of_http.clone()).until(until));
    let (before, killed) = (Report::read(&layout), began::read(&layout));
    let mut report = Report {
        version: report::VERSION,
        // In whole seconds: people read it.
        started_at: Timestamp::from_second(now.as_second()).unwrap_or(now).to_string(),
        only: config.chosen().map(ToString::to_string).collect(),
        ..Report::default()
    };
    let now = now.as_second();
    let upstreams = upstreams.as_slice();
    match began::mark(&layout, &report.started_at, report.is_full()) {
        // The cycle removes old tarballs, which makes room, and tells what is wrong.
        Err(error) if error.is_out_of_space() => tracing::warn!("{error}"),
        marked => marked?,
    }
    let keys = keys.as_ref();
    let cycle = Cycle::new(config, options, upstreams, &layout, &http, now, progress);
    let cycle = Cycle { keys, began_at: start, ..cycle };
    if let Err(error) = cycle.run(options_of_http, &mut report) {
        report.end(&error);
    } else {
        report.exit_status = report.status_of_failures();
    }
    report.made.sort();
    report.failures.sort();
    report.problems.sort();
    report.requests += http.requests();
    report.received += http.received();
    report.peak_memory = memory::peak().max(report.peak_memory);
    report.snapshot = summary(&layout, &report, before.as_ref());
    report.duration_ms = millis(start.elapsed());
    history::take_over(&mut report, before.as_ref(), killed.as_ref());
    let text = serde_json::to_string_pretty(&report).map_err(|e| Error::Bug(e.to_string()))?;
    let text = secrets::struck(&text);
    let saved = atomic::put(&layout.report(), |out| Ok(writeln!(out, "{text}")));
    if let Err(error) = &saved {
        // What failed is said now, or never.
        report.is_not_saved(error);
        history::take_over(&mut report, before.as_ref(), killed.as_ref());
    }
    if let Some(path) = &config.metrics_file
        && let Err(error) = metrics::write(path, &report)
    {
        // The cycle is done, and whoever watches the file sees that it is old.
        tracing::error!("{error} (setting metrics-file)");
    }
    // Else the mark, if there was room for it, stays: so `status` says that a report is missing.
    if saved.is_ok() {
        began::unmark(&layout)?;
    }
    Ok(report)
}

/// Refuses the data directory of a node.
pub(super) fn refuse_node(layout: &Layout) -> Result<(), Error> {
    if layout.is_node()? {
        return Err(Error::Config(format!(
            "{} is the data directory of a node, which `tardist pull` fills: give another one (--data), or remove {} if \
             the builder is to work here from now on",
            layout.root().display(),
            layout.pulled().display()
        )));
    }
    Ok(())
}

/// Removes what an earlier `pull` has noted. Without its state, the data directory of this builder would look like that
/// of a node.
fn forget_pull(layout: &Layout) -> Result<(), Error> {
    if files::exists(&layout.pulled())? {
        fs::remove_file(layout.pulled()).at("remove", layout.pulled())?;
    }
    Ok(())
}

/// What is published after the cycle. If that is what the report before this one counted, it is not counted again, for
/// which all branches would be read.
fn summary(layout: &Layout, report: &Report, before: Option<&Report>) -> Option<Summary> {
    let snapshot = Snapshot::open(&layout.snapshot()).ok()?;
    let known = before.filter(|_| report.outcome == Outcome::Unchanged);
    let known = known.and_then(|before| before.snapshot.as_ref());
    let time = Timestamp::from_second(snapshot.generated_at).unwrap_or_default().to_string();
    match known.filter(|known| known.generated_at == time) {
        Some(known) => Some(known.clone()),
        None => snapshot.summary().ok(),
    }
}

/// What all steps of a cycle need.
pub(super) struct Cycle<'a> {
    pub(super) config: &'a Config,
    pub(super) options: Options,
    pub(super) upstreams: &'a [Box<dyn Upstream>],
    pub(super) layout: &'a Layout,
    pub(super) http: &'a Arc<Http>,
    pub(super) now: i64,
    pub(super) progress: &'a Progress,
    pub(super) keys: Option<&'a StoreKeys>,
    /// Whether the store is still to be taken over.
    pub(super) take_over: AtomicBool,
    /// When it began.
    pub(super) began_at: Instant,
}

impl<'a> Cycle<'a> {
    /// A cycle that begins now, without a store.
    pub(super) fn new(
        config: &'a Config,
        options: Options,
        upstreams: &'a [Box<dyn Upstream>],
        layout: &'a Layout,
        http: &'a Arc<Http>,
        now: i64,
        progress: &'a Progress,
    ) -> Self {
        let (keys, take_over) = (None, options.take_over.into());
        let began_at = Instant::now();
        Self { config, options, upstreams, layout, http, now, progress, keys, take_over, began_at }
    }

    fn run(&self, http: HttpOptions, report: &mut Report) -> Result<(), Error> {
        transport::set_up(self.http).git(|| "set up Git".to_owned())?;
        self.layout.prepare()?;
        let mut state = self.state()?;
        // Before all else: it may be the room that the rest needs.
        report.removed =
            sweep::sweep(self.layout, &state.retired, self.config.grace, state.elapsed);
        let Self { config, layout, now, .. } = *self;
        let publishing = Publishing { config, layout, now, began_at: self.began_at };
        // What fails here and lasts, fails again where this cycle publishes.
        if state.is_ahead()
            && let Err(error) = publishing.catch_up(&mut state, report)
        {
            tracing::warn!("what the last cycle left cannot be published yet: {error}");
        }
        // On a full disk, this may fail, too. What comes after it says so.
        if let Err(error) = self.make_room(&state.catalogue, http.clone()) {
            tracing::warn!("{error}");
        }
        let renewed = self.renew(http, &publishing, &mut state, report);
        if matches!(
            renewed,
            Err(Error::List { .. } | Error::ListForm { .. } | Error::MassLoss { .. })
        ) {
            // The store gets what is published here, if an earlier cycle could not reach it. Not if the state is ahead of
            // the snapshot: then the state does not know which tarballs the snapshot names.
            let stands = state.published.is_some() && !state.is_ahead();
            let storing = self.storing().filter(|_| stands);
            report.store = storing.map(|storing| storing.run(&mut state));
        }
        renewed
    }

    /// Removes the mirrors that nothing needs, if less of the disk is free than the work may leave. Content decides how many
    /// there are: each push may name other submodules.
    fn make_room(&self, published: &Catalogue, http: HttpOptions) -> Result<(), Error> {
        let keep_free = workers::keep_free(self.config, self.layout)?;
        let is_room = || {
            let space = disk::space(self.layout.root())?;
            Ok(space.free >= keep_free && !space.is_short_of_files)
        };
        // Without anything published, nothing says what is in use.
        if published.is_empty() || is_room()? {
            return Ok(());
        }
        tracing::warn!(
            "little of the disk is free (setting keep-free), or few files can still be made, so mirrors that nothing needs \
             are removed"
        );
        let supervisor = workers::supervisor(self.config, self.layout, http, self.began_at)?;
        match unused_mirrors::remove(self.layout, published, &supervisor) {
            Ok(removed) => tracing::warn!(
                "removed the mirrors of {} repositories and {} submodules, {}",
                removed.repositories,
                removed.submodules,
                progress::bytes(removed.bytes)
            ),
            // On a full disk not even a ref can be deleted.
            Err(error) => tracing::warn!("{error}"),
        }
        let (count, bytes) = unused_mirrors::remove_largest(self.layout, is_room)?;
        if count > 0 {
            tracing::warn!(
                "that was not enough: removed {count} more mirrors of submodules, the largest ones, {}; they are \
                 fetched again when they are needed",
                progress::bytes(bytes)
            );
        }
        Ok(())
    }

    /// Lists, works and publishes.
    fn renew(
        &self,
        http: HttpOptions,
        publishing: &Publishing<'_>,
        state: &mut State,
        report: &mut Report,
    ) -> Result<(), Error> {
        let Self { layout, .. } = *self;
        let listing = self.listed(state, report)?;
        let (selection, found) = (listing.selection.clone(), listing.found.clone());
        let saved = Quarantine::read(self.layout);
        let mut quarantine = saved.clone();
        if !self.config.is_chosen {
            quarantine.prune(&listing);
        }

        let on_disk = self.layout.readable_tarballs()?;
        let intact = self.intact(state, &on_disk);
        let digest = quarantine::settings(self.config);
        let (plan, held) =
            self.plan(listing, &state.catalogue, &intact, (&quarantine, &digest), state.hours())?;
        report.failures.extend(merge::held_back(&held));
        (report.waiting, report.kept) = (plan.waiting, plan.untouched());
        let supervisor = workers::supervisor(self.config, self.layout, http, self.began_at)?;
        let before = state.catalogue.clone();
        state.branches.found = found;
        let mut meanwhile = Meanwhile {
            publishing,
            storing: self.storing(),
            intact: &intact,
            lost: meanwhile::lost(&plan.jobs),
            is_refused: false,
            refuses: &|ready| self.refuse_losses_of_disk(&before, ready, &selection).is_err(),
            state,
            quarantine: Noted { now: quarantine, saved, settings: &digest, layout },
            since: self.began_at,
            built: 0,
            text_bytes: 0,
        };
        let is_working = !plan.jobs.is_empty();
        let catalogue = self.work(plan, &before, &supervisor, &mut meanwhile, report);
        meanwhile.quarantine.save()?;
        self.refuse_losses_of_disk(&before, &catalogue, &selection)?;

        let start = Instant::now();
        report.withdrawn = merge::withdrawn(&before, &catalogue);
        let change = (&before, &catalogue);
        distributed::note(&selection, change, self.config.grace, state, report);
        if self.config.incomplete == Incomplete::Avoid {
            let lines = |wanted: &BTreeSet<&Remedy>| {
                settings::remedies(wanted.iter().copied(), self.config)
            };
            report.failures.extend(merge::to_be_mended(&catalogue, lines));
        }
        let on_disk = if report.built == 0 { on_disk } else { self.layout.tarballs()? };
        publishing.publish(catalogue, &on_disk, state, report)?;
        report.times.publishing_ms = millis(start.elapsed());
        report.store = self.storing().map(|storing| storing.run(state));
        if is_working {
            pack::submodules(self.layout, &supervisor, self.config.jobs);
        }
        Ok(())
    }

    /// Lists the repositories, and notes what the lists say in the report.
    ///
    /// # Errors
    /// Those of [`Self::list`], and [`Error::ListForm`] if nothing is listed and nothing was published before.
    fn listed(&self, state: &State, report: &mut Report) -> Result<Listing, Error> {
        let start = Instant::now();
        let pages = remembered::read(self.layout);
        let listing = self.list(&state.catalogue, &state.branches.found, &pages);
        let is_whole = listing.as_ref().is_ok_and(|(listing, _)| listing.unavailable.is_empty());
        remembered::write(&pages, is_whole, self.layout);
        let (listing, ambiguous) = listing?;
        report.failures.extend(ambiguous);
        report.times.listing_ms = millis(start.elapsed());
        report.listed = listing.ids().count();
        if !listing.unavailable.is_empty() {
            let seen = listing.ids().chain(listing.left_out.keys()).map(ToString::to_string);
            report.seen = Some(seen.collect());
        }
        report.notes.clone_from(&listing.warnings);
        if report.listed == 0 && listing.refused.is_empty() && state.generation == 0 {
            return Err(self.nothing_listed());
        }
        report.failures.extend(merge::refused(&listing));
        Ok(listing)
    }

    /// What of the published tarballs is on disk and whole.
    fn intact(&self, state: &mut State, on_disk: &Tarballs) -> Catalogue {
        let mut intact = intact::with_right_size(&state.catalogue, on_disk);
        intact::compare_some(&mut intact, self.layout, on_disk, &mut state.checked);
        adopt::look_for_names(&mut intact, self.layout);
        intact
    }

    /// The object store, if the settings name one.
    fn storing(&self) -> Option<Storing<'_>> {
        let Self { config, layout, options, progress, .. } = *self;
        self.keys.map(|keys| Storing {
            config,
            layout,
            keys,
            take_over: &self.take_over,
            began_at: self.began_at,
            accept_loss: options.accept_loss,
            progress,
        })
    }

    /// The error of a first cycle in which no upstream has anything.
    fn nothing_listed(&self) -> Error {
        let urls: Vec<&str> = self.urls().into_iter().collect();
        Error::ListForm {
            what: "projects".to_owned(),
            reason: "it names no extension and no skin that can be distributed".to_owned(),
            url: urls.join(", "),
        }
    }

    /// The upstreams: URLs or paths.
    fn urls(&self) -> BTreeSet<&str> {
        self.upstreams.iter().map(|upstream| upstream.url()).collect()
    }

    /// Opens the state. What was made from a snapshot is compared with the format of the tarballs.
    fn state(&self) -> Result<State, Error> {
        let reading = Reading::take(Timestamp::from_second(self.now).unwrap_or_default());
        let mut state = State::open(self.layout, reading, self.config.grace)?;
        if state.is_imported {
            adopt::compare_formats(&mut state.catalogue, self.layout);
            if !state.knows_missing {
                adopt::look_for_packages(&mut state.catalogue, self.layout);
            }
        }
        Recipes::new(self.config, self.http).adopt(&mut state.catalogue);
        Ok(state)
    }

    /// Lists the repositories of all upstreams, and the failures of branches that are left out because their tarballs
    /// would have the names of others. `published` is what is published.
    /// `before` are the branches that the last cycle found, `remembered` the pages that it was answered.
    pub(super) fn list(
        &self,
        published: &Catalogue,
        before: &Found,
        remembered: &Pages,
    ) -> Result<(Listing, Vec<ReportEntry>), Error> {
        let bar = self.progress.waiting("asking the upstreams for their repositories");
        let Config { branches, only, is_chosen, jobs, .. } = self.config;
        let (is_chosen, jobs) = (*is_chosen, *jobs);
        let lacks = |url: &str, listing: &Listing| loss::is_any_missing(published, url, listing);
        let lacks = &lacks;
        let wanted = Wanted { branches, before, only, is_chosen, remembered, lacks, jobs };
        let listing = upstream::list(self.upstreams, self.http, &wanted);
        bar.finish_and_clear();
        let mut listing = listing?;
        if !self.options.accept_loss {
            for url in loss::emptied(published, &listing, &self.urls()) {
                let what = "projects".to_owned();
                let reason = "it names none of those that are published; if that is right, run \
                              `tardist sync --accept-loss`"
                    .to_owned();
                let error = Error::ListForm { what, reason, url: url.to_owned() };
                listing.unavailable.push((url.to_owned(), error));
            }
        }
        let ambiguous = same_names::take_out(&mut listing, published);
        Ok((listing, ambiguous))
    }

    /// Plans the work. What is in quarantine, with the digest of the settings, is held back, unless the options
    /// choose it.
    ///
    /// # Errors
    /// [`Error::MassLoss`] if far less is listed than before, unless the options accept it.
    pub(super) fn plan(
        &self,
        listing: Listing,
        published: &Catalogue,
        intact: &Catalogue,
        (quarantine, settings): (&Quarantine, &str),
        hours: usize,
    ) -> Result<(Plan, Vec<HeldBack>), Error> {
        let (recipes, upstreams) = (Recipes::new(self.config, self.http), self.urls());
        let given = Given {
            published,
            intact,
            upstreams: &upstreams,
            only: &self.config.only,
            force: self.options.force,
            recipe: &|url, ingredients| recipes.of(url, ingredients),
            adopted: recipes.adopted(),
            hours,
        };
        let selection = listing.selection.clone();
        let mut plan = plan::plan(listing, &given);
        if !self.options.accept_loss {
            self.refuse_losses(published, &plan, &selection)?;
        }
        let held = if self.config.is_chosen || self.options.force {
            Vec::new()
        } else {
            quarantine.hold_back(&mut plan, intact, settings, self.now)
        };
        Ok((plan, held))
    }

    fn refuse_losses(
        &self,
        published: &Catalogue,
        plan: &Plan,
        selection: &Selection,
    ) -> Result<(), Error> {
        let losses = self.losses(published, &loss::planned(plan), selection);
        let max_loss = self.config.max_loss;
        if losses.is_empty() { Ok(()) } else { Err(Error::MassLoss { losses, max_loss }) }
    }

    /// With a store, what this disk has lost and what is not made again is still whole there. So a mass loss is no reason to
    /// withdraw it. `catalogue` is what would be published.
    fn refuse_losses_of_disk(
        &self,
        published: &Catalogue,
        catalogue: &Catalogue,
        selection: &Selection,
    ) -> Result<(), Error> {
        if self.keys.is_none() || self.options.accept_loss {
            return Ok(());
        }
        let there = catalogue::records(catalogue).map(|(id, branch, _)| (id, branch)).collect();
        let losses = self.losses(published, &there, selection);
        if losses.is_empty() { Ok(()) } else { Err(Error::DiskLoss { losses }) }
    }

    /// The mass losses as a text; empty if there are none.
    fn losses(&self, published: &Catalogue, there: &Present<'_>, selection: &Selection) -> String {
        let (upstreams, max_loss) = (self.urls(), self.config.max_loss);
        let asked = Asked { selection, upstreams: &upstreams, max_loss };
        let losses = loss::losses(published, there, asked);
        losses.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
    }

    /// Runs the jobs of the plan, several at a time. Returns what is to be published. `published` is what was
    /// published before. `meanwhile` is told each result, and what is ready.
    fn work(
        &self,
        plan: Plan,
        published: &Catalogue,
        supervisor: &Supervisor<'_>,
        meanwhile: &mut Meanwhile<'_>,
        report: &mut Report,
    ) -> Catalogue {
        let Plan { mut jobs, kept: mut catalogue, unknown, .. } = plan;
        let last = meanwhile.state.published.as_ref().map(|published| published.generated_at);
        // Neighbours that fail together would look like a host that is down.
        jobs.sort_by_cached_key(|job| job.project.id.scattered());
        // Where slow ones take all the time of a cycle, the others come first in another one.
        if let Some(first) = anywhere(meanwhile.state.hours(), jobs.len()) {
            jobs.rotate_left(first);
        }
        report.failures.extend(unknown.iter().map(merge::unknown));
        let (http, traffic) = (Arc::clone(self.http), supervisor.traffic());
        let received = move || http.received() + traffic.received();
        let recipes = Recipes::new(self.config, self.http);
        let recipe = |url: &str, ingredients: &Ingredients| recipes.of(url, ingredients);
        let (intact, withdrawn) = (meanwhile.intact, &meanwhile.state.withdrawn.clone());
        let merging = Merging { published, intact, withdrawn, recipe: &recipe, now: self.now };
        let meter = self.progress.count(jobs.len(), "repositories", received);
        let start = Instant::now();
        let mut spent = Duration::ZERO;
        let work = |job: &Job| {
            let task = meter.begin(&job.project.id.to_string());
            let started = Instant::now();
            let result = supervisor.run(job).unwrap_or_else(|error| JobResult::failed(&error));
            task.made(result.built.len());
            Ok((result, started.elapsed()))
        };
        // What is ready does not wait for the next result, which may take long.
        pool::run_with_pauses(self.config.jobs, jobs, work, Duration::from_secs(1), |done| {
            if let Some((job, done)) = done {
                let (result, duration) =
                    done.unwrap_or_else(|bug| (JobResult::failed(&bug), Duration::ZERO));
                let id = job.project.id.to_string();
                log(&id, &result, duration);
                spent += duration;
                report.took(id, millis(duration));
                meanwhile.note(&job, &result, self.now);
                merging.merge(&mut catalogue, &job, result, report);
                meanwhile.store_texts(&mut catalogue);
            }
            meanwhile.publish(&catalogue, self.config.publish_every, report);
        });
        drop(meter);
        let traffic = supervisor.traffic();
        report.requests = traffic.requests();
        report.received = traffic.received();
        report.peak_memory = Some(supervisor.peak_memory());
        report.times.working_ms = millis(start.elapsed());
        report.times.fetching_ms = millis(traffic.fetching());
        report.times.building_ms = millis(spent.saturating_sub(traffic.fetching()));
        merge::correct_times(&mut catalogue, last, self.now);
        catalogue
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Logs one line about a repository, which is shown with `-v`.
fn log(repository: &str, result: &JobResult, duration: Duration) {
    let (duration_ms, count) = (millis(duration), result.built.len());
    match &result.failure {
        None => tracing::debug!(repository, duration_ms, "{repository}: {count} tarballs"),
        Some(failure) => tracing::debug!(repository, duration_ms, "{repository}: {}", failure.text),
    }
}
