//! The worker's side: a process that runs one order.

use std::{
    io::{self, BufRead},
    panic::{self, AssertUnwindSafe},
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{
        Arc,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use tracing::level_filters::LevelFilter;

use crate::{
    Error,
    data_dir::layout::Layout,
    error::GitContext,
    git::{keep, mirror, repack, transport},
    memory,
    net::{Credentials, Hosts, Http},
    pool, secrets,
    worker::{
        confine::{self, Files},
        failure::Failure,
        message::{Message, Stage, Totals, Usage},
        order::{ClosedHosts, Instructions, Job, Order, Task},
        reporter::Reporter,
        repository::JobRunner,
    },
};

/// How often a worker says what it has received.
const TICK: Duration = Duration::from_millis(250);

/// The stack of the thread that hears what the supervisor says, in bytes. It counts as memory of the work.
const HEARING_STACK: usize = 256 << 10;

/// Runs the order that comes from standard input, and says the results on standard output. This is the whole
/// program of a worker: it is not meant for people.
pub fn run() -> ExitCode {
    confine::die_with_supervisor();
    confine::be_killed_first();
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line);
    let order: Order = match read
        .map_err(|error| error.to_string())
        .and_then(|_| serde_json::from_str(&line).map_err(|error| error.to_string()))
    {
        Ok(order) => order,
        Err(reason) => {
            eprintln!("tardist worker: only `tardist sync` starts this command ({reason})");
            return ExitCode::from(2);
        }
    };
    let credentials = order.instructions.http.credentials.iter();
    credentials.flat_map(Credentials::secrets).for_each(secrets::remember);
    // It lives as long as the process, and the logger needs such a reference.
    let reporter: &'static Reporter = Box::leak(Box::new(Reporter::new()));
    set_up_logging(&order.instructions.log, reporter);
    // A panic becomes a message; its text on standard error would say the same once more.
    panic::set_hook(Box::new(|_| {}));
    let done = panic::catch_unwind(AssertUnwindSafe(|| work(&order, reporter)));
    let failed = |error: Error| Failure::new(&error, &order.instructions.limits);
    reporter.say(&match done.unwrap_or_else(|cause| Err(failed(pool::bug(&*cause)))) {
        Ok(()) => Message::Done(Usage { peak_memory: memory::peak() }),
        Err(failure) => Message::TaskFailed(failure),
    });
    ExitCode::SUCCESS
}

fn work(order: &Order, reporter: &'static Reporter) -> Result<(), Failure> {
    let Order { task, instructions } = order;
    let failed = |error: Error| Failure::new(&error, &instructions.limits);
    let http = prepared(order, reporter).map_err(failed)?;
    match task {
        Task::Job(job) => {
            let layout = Layout::new(&instructions.data);
            let runner = JobRunner::new(job, instructions, &layout, &http, reporter);
            let totals = || Totals {
                requests: http.requests(),
                received: http.received(),
                fetching: runner.fetching(),
            };
            let done = with_totals(reporter, totals, || runner.run());
            done.map_err(|error| runner.failure(&error))
        }
        Task::Repack(mirror) => {
            reporter.say(&Message::Stage(None, Stage::Packing));
            reporter.say(&Message::Repacked(repack::repack(mirror, true).map_err(failed)?));
            Ok(())
        }
        Task::Needed { id, branches, submodules } => {
            reporter.say(&Message::Stage(None, Stage::Submodules));
            let mirror = Layout::new(&instructions.data).mirror(id);
            let needed = keep::needed_by(submodules, id, branches, &mirror).map_err(failed)?;
            needed.into_iter().for_each(|it| reporter.say(&Message::Needed(it)));
            Ok(())
        }
    }
}

/// Confines the worker, and sets up what it fetches with.
fn prepared(order: &Order, reporter: &'static Reporter) -> Result<Arc<Http>, Error> {
    let Order { task, instructions } = order;
    let layout = Layout::new(&instructions.data);
    let files = match task {
        Task::Job(job) => files(job, instructions, &layout),
        Task::Repack(mirror) => Files { write: vec![mirror.clone()], ..Files::default() },
        // Not what the mirror borrows objects from: it is the mirror that would say so.
        Task::Needed { id, .. } => {
            Files { read: vec![layout.submodules(), layout.mirror(id)], ..Files::default() }
        }
    };
    // Before any other thread starts: a thread keeps the rights that it started with.
    if !confine::confine_files(&files)? {
        reporter.say(&Message::NotConfined);
    }
    confine::limit_resources(&instructions.limits)?;
    let http = Arc::new(Http::new(instructions.http.clone()));
    let hosts = http.hosts();
    hosts.listen(Box::new(|origin, event| reporter.say(&Message::Host(origin.to_owned(), event))));
    hear_of(hosts.clone());
    transport::set_up(&http).git(|| "set up Git".to_owned())?;
    Ok(http)
}

/// Takes over which hosts are not asked any more, as the supervisor says while the worker runs. A worker may have
/// waited for another one that asked the same host in vain.
fn hear_of(hosts: Hosts) {
    let hear = move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            if let Ok(closed) = serde_json::from_str::<ClosedHosts>(&line) {
                hosts.close(&closed);
            }
        }
    };
    // Without it, the worker only waits longer for a host that is down.
    let _ = thread::Builder::new().stack_size(HEARING_STACK).spawn(hear);
}

/// Runs `work`, and says regularly what was received until then.
fn with_totals(
    reporter: &Reporter,
    totals: impl Fn() -> Totals + Sync,
    work: impl FnOnce() -> Result<(), Error>,
) -> Result<(), Error> {
    thread::scope(|scope| {
        let (sender, receiver) = mpsc::channel::<()>();
        scope.spawn(|| {
            let (receiver, mut said) = (receiver, Totals::default());
            // The work is done when the sender is dropped.
            while let Err(RecvTimeoutError::Timeout) = receiver.recv_timeout(TICK) {
                say_totals(reporter, totals(), &mut said);
            }
            say_totals(reporter, totals(), &mut said);
        });
        let worked = panic::catch_unwind(AssertUnwindSafe(work));
        drop(sender);
        worked.unwrap_or_else(|cause| Err(pool::bug(&*cause)))
    })
}

fn say_totals(reporter: &Reporter, now: Totals, said: &mut Totals) {
    if now != *said {
        reporter.say(&Message::Traffic(now));
        *said = now;
    }
}

/// Which files a job needs.
fn files(job: &Job, instructions: &Instructions, layout: &Layout) -> Files {
    let Job { project, .. } = job;
    let mut files = Files {
        write: vec![layout.mirror(&project.id), layout.submodules(), layout.locks()],
        // Composer links to the programs of packages.
        link: vec![layout.staging(&project.id)],
        read: Vec::new(),
    };
    if mirror::is_on_disk(&project.url) {
        files.read.extend(mirror::borrowed(Path::new(&project.url)));
    }
    if let Some(composer) = &instructions.composer {
        files.read.push(composer.program.clone());
        files.read.extend(parent(&composer.program));
    }
    files
}

/// The folder of a program: it may be an archive that has its parts beside it.
fn parent(program: &Path) -> Option<PathBuf> {
    let folder = program.canonicalize().ok()?.parent()?.to_owned();
    (folder != Path::new("/")).then_some(folder)
}

fn set_up_logging(level: &str, reporter: &'static Reporter) {
    let level: LevelFilter = level.parse().unwrap_or(LevelFilter::INFO);
    // The supervisor adds the time, and shows the level.
    let lines = tracing_subscriber::fmt()
        .with_max_level(level)
        .without_time()
        .with_level(false)
        .with_target(false)
        .with_ansi(false)
        .with_writer(reporter);
    // It fails only if there is a logger already.
    let _ = tracing::subscriber::set_global_default(lines.finish());
}
