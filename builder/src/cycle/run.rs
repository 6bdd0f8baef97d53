//! One cycle: upstream → mirror → plan → tarball → snapshot → publish. The only place that sees
//! every stage.

use std::{
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{Arc, Mutex, atomic::Ordering, mpsc},
    thread,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tardist_contract::{BranchName, Kind};

use crate::{
    Error,
    cycle::{
        dry_run::Preview,
        plan::{self, Job, Plan},
        report::{Outcome, Remark, Report},
        repository::{Updated, Updater},
        sweep,
    },
    data_dir::{
        atomic,
        layout::{Layout, Tarballs},
        lock::Lock,
    },
    error::{GitContext, IoContext},
    git::transport,
    memory,
    net::Http,
    progress::Progress,
    repository_id::RepositoryId,
    settings::config::Config,
    snapshot::{
        catalogue::{self, Catalogue, RepositoryRecord},
        file::{self as snapshot, Retired, Snapshot},
        render::{self, Rendered},
    },
    upstream::{self, Listing, Upstream, Wanted},
};

/// What one cycle is to do otherwise than most.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Make all tarballs anew, even where nothing changed.
    pub force: bool,
}

/// Says what a cycle would do. Nothing is written, not even the data directory, and the lock is not
/// taken.
///
/// # Errors
/// [`Error::Config`] where an upstream's list or token file is wrong, [`Error::List`] and
/// [`Error::ListForm`] where an upstream's list can't be had, [`Error::Io`] where the data directory
/// can't be read.
pub fn preview(config: &Config, options: Options, progress: &Progress) -> Result<Preview, Error> {
    let layout = Layout::new(&config.data);
    let upstreams = upstream::open(&config.upstreams)?;
    let http = Arc::new(Http::new(upstream::allow(config.http_options(), &upstreams)));
    let upstreams = upstreams.as_slice();
    let cycle =
        Cycle { config, options, upstreams, layout: &layout, http: &http, now: 0, progress };
    let previous = Snapshot::load(&layout.snapshot());
    let listing = cycle.list(previous.as_ref())?;
    let (listed, mut failures) = (listing.ids().count(), refused(&listing));
    let published = previous.map(|previous| previous.catalogue).unwrap_or_default();
    let standing = plan::standing(published.clone(), &layout.tarballs()?);
    let plan = plan::plan(listing, &standing, &config.only, options.force);
    failures.extend(plan.unknown.iter().map(unknown));
    Ok(Preview::new(&layout, listed, &published, &plan, failures))
}

/// Runs one cycle at the time `now`, and leaves its report in the data directory.
///
/// # Errors
/// [`Error::Config`] where an upstream's list or token file is wrong, [`Error::Locked`], and
/// [`Error::Io`] where the data directory can't be used at all. Everything else is in the report.
pub fn run(
    config: &Config,
    options: Options,
    now: Timestamp,
    progress: &Progress,
) -> Result<Report, Error> {
    let start = Instant::now();
    let upstreams = upstream::open(&config.upstreams)?;
    let layout = Layout::new(&config.data);
    std::fs::create_dir_all(layout.root()).at("create", layout.root())?;
    let _lock = Lock::acquire(&layout)?;
    let http = Arc::new(Http::new(upstream::allow(config.http_options(), &upstreams)));
    let mut report = Report { started_at: now.to_string(), ..Report::default() };
    let now = now.as_second();
    let upstreams = upstreams.as_slice();
    let cycle = Cycle { config, options, upstreams, layout: &layout, http: &http, now, progress };
    if let Err(error) = cycle.run(&mut report) {
        report.outcome = Outcome::Failed;
        report.error = Some(error.to_string());
    }
    report.made.sort();
    report.failures.sort();
    report.problems.sort();
    report.requests = http.requests();
    report.received = http.received();
    report.peak_memory = memory::peak();
    report.duration_ms = millis(start.elapsed());
    let text = serde_json::to_string_pretty(&report).map_err(|e| Error::Bug(e.to_string()))?;
    atomic::put(&layout.report(), |out| Ok(writeln!(out, "{text}")))?;
    Ok(report)
}

struct Cycle<'a> {
    config: &'a Config,
    options: Options,
    upstreams: &'a [Box<dyn Upstream>],
    layout: &'a Layout,
    http: &'a Arc<Http>,
    now: i64,
    progress: &'a Progress,
}

impl Cycle<'_> {
    fn run(&self, report: &mut Report) -> Result<(), Error> {
        transport::set_up(self.http).git(|| "set up Git".to_owned())?;
        self.layout.prepare()?;
        let previous = Snapshot::load(&self.layout.snapshot());
        let start = Instant::now();
        let listing = self.list(previous.as_ref())?;
        report.times.listing_ms = millis(start.elapsed());
        report.listed = listing.ids().count();
        report.failures.extend(refused(&listing));

        let published = previous.as_ref().map(|p| p.catalogue.clone()).unwrap_or_default();
        let standing = plan::standing(published, &self.layout.tarballs()?);
        let plan = plan::plan(listing, &standing, &self.config.only, self.options.force);
        report.kept = catalogue::tarballs(&plan.kept).count();
        let catalogue = self.work(plan, &standing, report);

        let start = Instant::now();
        let retired = self.publish(&catalogue, previous.as_ref(), report)?;
        report.removed = sweep::sweep(self.layout, &retired, self.config.grace, self.now)?;
        report.times.publishing_ms = millis(start.elapsed());
        Ok(())
    }

    fn list(&self, previous: Option<&Snapshot>) -> Result<Listing, Error> {
        let bar = self.progress.waiting("asking upstream for its repositories");
        let Config { branches, only, jobs, .. } = self.config;
        let wanted = Wanted { branches, only, jobs: *jobs };
        let listing = upstream::list(self.upstreams, self.http, &wanted);
        bar.finish_and_clear();
        let listing = listing?;
        for kind in Kind::ALL {
            let had = previous.is_some_and(|p| p.catalogue.keys().any(|id| id.kind == kind));
            if had && !listing.ids().any(|id| id.kind == kind) {
                return Err(Error::ListForm {
                    what: kind.to_string(),
                    reason: "it is empty, and was not before".to_owned(),
                    url: self.upstreams.iter().map(|it| it.url()).collect::<Vec<_>>().join(", "),
                });
            }
        }
        Ok(listing)
    }

    /// Does the plan's jobs, several at once, and returns what is to be published.
    fn work(&self, plan: Plan, standing: &Catalogue, report: &mut Report) -> Catalogue {
        let Plan { jobs, kept: mut catalogue, unknown } = plan;
        report.failures.extend(unknown.iter().map(self::unknown));
        let updater = Updater {
            http: self.http,
            layout: self.layout,
            url_map: &self.config.url_map,
            submodule_depth: self.config.submodule_depth,
            composer: self.config.composer.as_ref(),
            submodules: Mutex::new(()),
            fetching: Default::default(),
        };
        let http = Arc::clone(self.http);
        let meter = self.progress.count(jobs.len(), "repositories", move || http.received());
        let start = Instant::now();
        let mut spent = Duration::ZERO;
        let threads = self.config.jobs.min(jobs.len());
        let queue = Mutex::new(VecDeque::from(jobs));
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, queue, updater, meter) = (sender.clone(), &queue, &updater, &meter);
                scope.spawn(move || {
                    while let Some(job) = next(queue) {
                        meter.begin(&job.project.id.to_string());
                        let started = Instant::now();
                        let updated = update(updater, &job);
                        if sender.send((job, updated, started.elapsed())).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(sender);
            for (job, updated, duration) in receiver {
                let id = job.project.id.to_string();
                meter.done(&id, updated.as_ref().map_or(0, |updated| updated.built.len()));
                log(&id, &updated, duration);
                spent += duration;
                report.took(id, millis(duration));
                merge(&mut catalogue, &job, updated, standing, report);
            }
        });
        drop(meter);
        let fetching = Duration::from_micros(updater.fetching.load(Ordering::Relaxed));
        report.times.working_ms = millis(start.elapsed());
        report.times.fetching_ms = millis(fetching);
        report.times.building_ms = millis(spent.saturating_sub(fetching));
        catalogue
    }

    /// Puts a snapshot of `catalogue` in place where it says anything new, or is old; returns the
    /// tarballs that it no longer names.
    fn publish(
        &self,
        catalogue: &Catalogue,
        previous: Option<&Snapshot>,
        report: &mut Report,
    ) -> Result<Retired, Error> {
        let on_disk = self.layout.tarballs()?;
        let retired = self.retired(&on_disk, catalogue, previous);
        let before = previous.map(|p| &p.retired);
        report.retired = retired
            .keys()
            .filter(|key| before.is_none_or(|before| !before.contains_key(key)))
            .count();
        let age = previous.map_or(i64::MAX, |p| self.now.saturating_sub(p.generated_at));
        let refresh = i64::try_from(self.config.refresh.as_secs()).unwrap_or(i64::MAX);
        let fingerprint = render::fingerprint(&self.config.public_url)?;
        let changed = previous.is_none_or(|previous| previous.differs(catalogue, &fingerprint));
        if !changed && age < refresh {
            report.outcome = Outcome::Unchanged;
        } else if catalogue.is_empty() && previous.is_none() {
            return Err(Error::Config(
                "there is nothing to publish: no repository could be built".to_owned(),
            ));
        } else {
            let rendered = render::render(catalogue, &self.config.public_url)?;
            self.replace(catalogue, &rendered, &retired, previous)?;
            report.outcome = Outcome::Published;
        }
        Ok(retired)
    }

    fn retired(
        &self,
        on_disk: &Tarballs,
        catalogue: &Catalogue,
        previous: Option<&Snapshot>,
    ) -> Retired {
        let named: std::collections::BTreeSet<(Kind, String)> = previous
            .into_iter()
            .flat_map(|p| catalogue::tarballs(&p.catalogue))
            .map(|(id, _, file, _)| (id.kind, file.into()))
            .collect();
        let before = previous.map(|p| p.retired.clone()).unwrap_or_default();
        let named_before = |kind: Kind, file: &str| named.contains(&(kind, file.to_owned()));
        sweep::retired(on_disk, catalogue, named_before, &before, self.now)
    }

    fn replace(
        &self,
        catalogue: &Catalogue,
        rendered: &Rendered,
        retired: &Retired,
        previous: Option<&Snapshot>,
    ) -> Result<(), Error> {
        for kind in Kind::ALL {
            atomic::sync_folder(&self.layout.dist(kind))?;
        }
        atomic::put_file(&self.layout.snapshot(), |path| {
            snapshot::write(path, catalogue, rendered, retired, previous, self.now)
        })?;
        atomic::sync_folder(self.layout.root())
    }
}

/// What upstream lists and can't be distributed.
/// What is listed and can't be worked on.
fn refused(listing: &Listing) -> Vec<Remark> {
    let unnameable = listing.refused.iter().map(|error| Remark {
        repository: error.text.clone(),
        branch: None,
        text: error.to_string(),
    });
    let failed = listing.failed.iter().map(|(id, error)| remark(id, None, error.to_string()));
    unnameable.chain(failed).collect()
}

fn unknown(id: &RepositoryId) -> Remark {
    remark(id, None, "upstream does not have it".to_owned())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// One line a repository, for who asks for it; progress and report tell the rest.
fn log(project: &str, updated: &Result<Updated, Error>, duration: Duration) {
    let duration_ms = millis(duration);
    match updated {
        Ok(updated) => {
            let count = updated.built.len();
            tracing::debug!(project, duration_ms, "{project}: {count} tarballs");
        }
        Err(error) => tracing::debug!(project, duration_ms, "{project}: {error}"),
    }
}

fn next(queue: &Mutex<VecDeque<Job>>) -> Option<Job> {
    queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front()
}

/// Does a job; a panic in it is its failure alone.
fn update(updater: &Updater<'_>, job: &Job) -> Result<Updated, Error> {
    panic::catch_unwind(AssertUnwindSafe(|| updater.update(job))).unwrap_or_else(|cause| {
        let cause = cause
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| cause.downcast_ref::<&str>().copied());
        Err(Error::Bug(cause.unwrap_or("a panic").to_owned()))
    })
}

/// Adds what became of a job: new records, and for what failed the earlier ones.
fn merge(
    catalogue: &mut Catalogue,
    job: &Job,
    updated: Result<Updated, Error>,
    standing: &Catalogue,
    report: &mut Report,
) {
    let id = &job.project.id;
    let earlier = standing.get(id);
    let updated = match updated {
        Ok(updated) => updated,
        Err(error) => {
            report.failures.push(remark(id, None, error.to_string()));
            if let Some(earlier) = earlier {
                catalogue.insert(id.clone(), earlier.clone());
            }
            return;
        }
    };
    let mut record = catalogue.remove(id).unwrap_or_else(|| RepositoryRecord {
        source_url: job.project.source_url.clone(),
        branches: Default::default(),
    });
    for (branch, error) in updated.failed {
        report.failures.push(remark(id, Some(&branch), error.to_string()));
        if let Some(earlier) = earlier.and_then(|earlier| earlier.branches.get(&branch)) {
            record.branches.insert(branch, earlier.clone());
        }
    }
    for (branch, built) in updated.built {
        report.built += 1;
        report.made.push(format!("{}/{}", id.kind, built.tarball(&id.name, &branch).as_str()));
        let problems = built.problems.iter().map(|text| remark(id, Some(&branch), text.clone()));
        report.problems.extend(problems);
        record.branches.insert(branch, built);
    }
    if !record.branches.is_empty() {
        catalogue.insert(id.clone(), record);
    }
}

fn remark(id: &RepositoryId, branch: Option<&BranchName>, text: String) -> Remark {
    Remark { repository: id.to_string(), branch: branch.map(ToString::to_string), text }
}
