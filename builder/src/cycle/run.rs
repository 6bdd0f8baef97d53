//! The steps of a cycle in their order.

use std::{
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tardist_contract::Kind;

use crate::{
    Error,
    catalogue::{self, Catalogue},
    cycle::{
        began, merge,
        plan::{self, Plan},
        publish::Publishing,
        quarantine::{self, HeldBack, Quarantine},
        report::{Outcome, Report},
        workers,
    },
    data_dir::{atomic, layout::Layout, lock::Lock},
    error::{GitContext, IoContext},
    git::transport,
    memory,
    net::{Http, HttpOptions},
    pool,
    progress::Progress,
    settings::config::Config,
    snapshot::Snapshot,
    upstream::{self, Listing, Upstream, Wanted},
    worker::{Job, JobResult, Supervisor},
};

/// The options of one cycle.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Make all tarballs again, even if nothing changed.
    pub force: bool,
}

/// Runs one cycle, and saves its report in the data directory. `now` is the time of everything that the cycle
/// publishes.
///
/// # Errors
/// [`Error::Config`] if an upstream's list or token file is wrong, [`Error::Locked`] if another builder is
/// running, [`Error::Io`] if the data directory cannot be created or locked or the report cannot be written.
/// All other errors are in the report.
pub fn run(
    config: &Config,
    options: Options,
    now: Timestamp,
    progress: &Progress,
) -> Result<Report, Error> {
    let start = Instant::now();
    let upstreams = upstream::open(&config.upstreams)?;
    let layout = Layout::new(&config.data);
    fs::create_dir_all(layout.root()).at("create", layout.root())?;
    let _lock = Lock::acquire(&layout)?;
    let options_of_http = upstream::allow(config.http_options(), &upstreams);
    let http = Arc::new(Http::new(options_of_http.clone()));
    let mut report = Report { started_at: now.to_string(), ..Report::default() };
    let now = now.as_second();
    let upstreams = upstreams.as_slice();
    began::mark(&layout, &report.started_at)?;
    let cycle = Cycle { config, options, upstreams, layout: &layout, http: &http, now, progress };
    if let Err(error) = cycle.run(options_of_http, start, &mut report) {
        report.outcome = Outcome::Failed;
        report.error = Some(error.to_string());
    }
    report.made.sort();
    report.failures.sort();
    report.problems.sort();
    report.requests += http.requests();
    report.received += http.received();
    report.peak_memory = memory::peak().max(report.peak_memory);
    report.duration_ms = millis(start.elapsed());
    let text = serde_json::to_string_pretty(&report).map_err(|e| Error::Bug(e.to_string()))?;
    atomic::put(&layout.report(), |out| Ok(writeln!(out, "{text}")))?;
    began::unmark(&layout)?;
    Ok(report)
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
}

impl Cycle<'_> {
    fn run(&self, http: HttpOptions, began_at: Instant, report: &mut Report) -> Result<(), Error> {
        transport::set_up(self.http).git(|| "set up Git".to_owned())?;
        self.layout.prepare()?;
        let previous = Snapshot::load(&self.layout.snapshot());
        let start = Instant::now();
        let listing = self.list(previous.as_ref())?;
        report.times.listing_ms = millis(start.elapsed());
        report.listed = listing.ids().count();
        report.failures.extend(merge::refused(&listing));
        let before = Quarantine::read(self.layout);
        let mut quarantine = before.clone();
        if self.config.only.is_empty() {
            quarantine.prune(&listing);
        }

        let published = previous.as_ref().map(|p| p.catalogue.clone()).unwrap_or_default();
        let intact = plan::intact(published, &self.layout.tarballs()?);
        let recipe = quarantine::recipe(self.config);
        let (plan, held) = self.plan(listing, &intact, &quarantine, &recipe);
        report.failures.extend(merge::held_back(&held));
        report.kept = catalogue::tarballs(&plan.kept).count();
        let supervisor = workers::supervisor(self.config, self.layout, http, began_at)?;
        let note = |job: &Job, result: &JobResult| quarantine.note(job, result, &recipe, self.now);
        let catalogue = self.work(plan, &intact, &supervisor, note, report);
        quarantine.write(&before, self.layout)?;

        let start = Instant::now();
        let publishing = Publishing { config: self.config, layout: self.layout, now: self.now };
        publishing.publish(&catalogue, previous.as_ref(), report)?;
        report.times.publishing_ms = millis(start.elapsed());
        Ok(())
    }

    /// Lists the repositories of all upstreams. If all repositories of a kind are missing, this is taken for a
    /// fault of the upstream.
    pub(super) fn list(&self, previous: Option<&Snapshot>) -> Result<Listing, Error> {
        let bar = self.progress.waiting("asking the upstreams for their repositories");
        let Config { branches, only, jobs, .. } = self.config;
        let wanted = Wanted { branches, only, jobs: *jobs };
        let listing = upstream::list(self.upstreams, self.http, &wanted);
        bar.finish_and_clear();
        let mut listing = listing?;
        if !listing.unavailable.is_empty() {
            return Err(listing.unavailable.remove(0).1);
        }
        for kind in Kind::ALL {
            let had = previous.is_some_and(|p| p.catalogue.keys().any(|id| id.kind == kind));
            if had && !listing.ids().any(|id| id.kind == kind) {
                return Err(Error::ListForm {
                    what: kind.to_string(),
                    reason: "it is empty, but repositories of it are published; nothing is changed"
                        .to_owned(),
                    url: self.upstreams.iter().map(|it| it.url()).collect::<Vec<_>>().join(", "),
                });
            }
        }
        Ok(listing)
    }

    /// Plans the work. What is in quarantine is held back, unless the options choose it.
    pub(super) fn plan(
        &self,
        listing: Listing,
        intact: &Catalogue,
        quarantine: &Quarantine,
        recipe: &str,
    ) -> (Plan, Vec<HeldBack>) {
        let mut plan = plan::plan(listing, intact, &self.config.only, self.options.force);
        let is_chosen = !self.config.only.is_empty() || self.options.force;
        let held = if is_chosen {
            Vec::new()
        } else {
            quarantine.hold_back(&mut plan, intact, recipe, self.now)
        };
        (plan, held)
    }

    /// Runs the jobs of the plan, several at a time. Returns what is to be published. `note` is told each result.
    fn work(
        &self,
        plan: Plan,
        intact: &Catalogue,
        supervisor: &Supervisor<'_>,
        mut note: impl FnMut(&Job, &JobResult),
        report: &mut Report,
    ) -> Catalogue {
        let Plan { jobs, kept: mut catalogue, unknown } = plan;
        report.failures.extend(unknown.iter().map(merge::unknown));
        let (http, traffic) = (Arc::clone(self.http), supervisor.traffic());
        let received = move || http.received() + traffic.received();
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
        pool::run(self.config.jobs, jobs, work, |job, done| {
            let (result, duration) =
                done.unwrap_or_else(|bug| (JobResult::failed(&bug), Duration::ZERO));
            let id = job.project.id.to_string();
            log(&id, &result, duration);
            spent += duration;
            report.took(id, millis(duration));
            note(&job, &result);
            merge::merge(&mut catalogue, &job, result, intact, report);
        });
        drop(meter);
        let traffic = supervisor.traffic();
        report.requests = traffic.requests();
        report.received = traffic.received();
        report.peak_memory = Some(supervisor.peak_memory());
        report.times.working_ms = millis(start.elapsed());
        report.times.fetching_ms = millis(traffic.fetching());
        report.times.building_ms = millis(spent.saturating_sub(traffic.fetching()));
        catalogue
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Logs one line about a repository, which is shown with `-v`.
fn log(project: &str, result: &JobResult, duration: Duration) {
    let (duration_ms, count) = (millis(duration), result.built.len());
    match &result.failure {
        None => tracing::debug!(project, duration_ms, "{project}: {count} tarballs"),
        Some(failure) => tracing::debug!(project, duration_ms, "{project}: {}", failure.text),
    }
}
