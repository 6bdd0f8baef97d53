//! A running worker, as its supervisor sees it: hears what it says, and holds its limits.

use std::{
    collections::BTreeSet,
    io,
    io::{Read, Write},
    iter, mem,
    os::{fd::AsFd, unix::process::CommandExt},
    path::PathBuf,
    process::{Child, ChildStdin, Command, Stdio},
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

use nix::{
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use tardist_contract::BranchName;

use crate::{
    Error,
    data_dir::files::size,
    error::IoContext,
    git::{keep::Needed, repack::Repacked},
    limits::job::JobLimits,
    memory,
    net::Event,
    secrets,
    worker::{
        clock::Clock,
        death,
        failure::Failure,
        intake::{Intake, Tarballs},
        job_result::JobResult,
        lines::Lines,
        message::{Message, Stage, Totals},
        order::{ClosedHosts, Instructions, Order},
        processes::{cpu_time, own_program, session},
        shared::Shared,
    },
};

/// How often a worker is looked at while it says nothing, in milliseconds.
const TICK: u16 = 100;

/// How long its pipes are read after a worker has ended, while nothing comes, and while something does.
const LAST_SILENCE: Duration = Duration::from_secs(1);
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How much of a worker's standard error is kept, in bytes. Only a crash writes there.
const MAX_LAST_WORDS: usize = 4 << 10;

/// How a worker ended.
#[derive(Default)]
pub(super) struct Ended {
    /// Why it did not do everything.
    pub(super) failure: Option<Failure>,
    /// The branch that it worked on last.
    pub(super) branch: Option<BranchName>,
    /// The processor time that it took, as far as it is known.
    pub(super) cpu: Duration,
    /// The time by the clock that it took, without that in which it waited for others.
    pub(super) time: Duration,
    /// True if it was killed because it exceeded a limit that the supervisor watches.
    pub(super) was_killed: bool,
    /// What packing a mirror gave.
    pub(super) repacked: Option<Repacked>,
    /// The commits of submodules that are needed.
    pub(super) needed: BTreeSet<Needed>,
}

/// A running worker. It is killed when this is dropped.
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    limits: JobLimits,
    child: Child,
    /// Where the worker hears of hosts that are not asked any more.
    stdin: Option<ChildStdin>,
    /// The hosts that it knows of.
    told: ClosedHosts,
    /// The host that it is asking, and since when.
    asking: Option<(String, Instant)>,
    /// The URL of its repository: whatever it says of a host is said by this one. Empty if it asks none.
    url: String,
    mirror: PathBuf,
    intake: Intake,
    clock: Clock,
    branch: Option<BranchName>,
    stage: Stage,
    totals: Totals,
    cpu: Duration,
    repacked: Option<Repacked>,
    needed: BTreeSet<Needed>,
    lines: Lines,
    /// What the worker said of itself at its end: nothing is missing, or why.
    done: Option<Option<Failure>>,
}

/// Where a worker writes.
pub(super) struct Folders {
    /// The mirror.
    pub(super) mirror: PathBuf,
    /// Where its tarballs come and go; `None` if it makes none.
    pub(super) tarballs: Option<Tarballs>,
}

impl<'a> Worker<'a> {
    /// Starts a worker and gives it its order. The folders that it writes to are there.
    ///
    /// # Errors
    /// [`Error::Io`] if it cannot be started.
    pub(super) fn start(
        shared: &'a Shared<'a>,
        order: &Order,
        folders: Folders,
    ) -> Result<Self, Error> {
        let Instructions { keep_complete, limits, .. } = &order.instructions;
        let expected = order.task.branches();
        let lines = Lines::of(expected.len());
        let intake = Intake::new(expected, folders.tarballs, *keep_complete, *limits);
        let program = own_program()?;
        let mut command = Command::new(&program);
        // It works on content of others, and publishes nothing.
        for variable in secrets::VARIABLES {
            command.env_remove(variable);
        }
        command
            .arg0("tardist")
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        // On Linux it makes itself the leader of a session, which the leader of a group may not.
        #[cfg(not(target_os = "linux"))]
        command.process_group(0);
        let child = command.spawn().at("start a worker:", &program)?;
        // The order has these, and maybe some that come to it meanwhile.
        let told = shared.hosts.closed();
        let text = serde_json::to_string(order).map_err(|error| Error::Bug(error.to_string()))?;
        let mut worker = Self::new(shared, *limits, child, folders.mirror, (intake, lines));
        worker.told = told;
        order.task.url().clone_into(&mut worker.url);
        if let Some(stdin) = &mut worker.stdin {
            // If this fails, the worker has ended, and its end says why.
            let _ = writeln!(stdin, "{text}");
        }
        Ok(worker)
    }

    /// A process that runs, which asks no server.
    fn new(
        shared: &'a Shared<'a>,
        limits: JobLimits,
        mut child: Child,
        mirror: PathBuf,
        (intake, lines): (Intake, Lines),
    ) -> Self {
        Self {
            shared,
            limits,
            stdin: child.stdin.take(),
            child,
            told: ClosedHosts::default(),
            asking: None,
            url: String::new(),
            mirror,
            intake,
            clock: Clock::new(Instant::now()),
            branch: None,
            stage: Stage::Starting,
            totals: Totals::default(),
            cpu: Duration::ZERO,
            repacked: None,
            needed: BTreeSet::new(),
            lines,
            done: None,
        }
    }

    /// Takes what the worker says until it ends, and kills it if it exceeds a limit.
    pub(super) fn watch(&mut self, result: &mut JobResult) -> Ended {
        let (mut out, mut err) = (self.child.stdout.take(), self.child.stderr.take());
        let mut last_words = Vec::new();
        let mut killed = None;
        let mut ended_at = None;
        // One that has closed its pipes may go on, and is watched like any other.
        while out.is_some() || err.is_some() || (killed.is_none() && self.is_running()) {
            let ready = [ready(out.as_ref()), ready(err.as_ref())];
            let ready = wait_for(ready);
            if ready[0] {
                let mut said = Vec::new();
                read_some(&mut out, &mut said);
                if let Err(failure) = self.hear(&said, result) {
                    // What has its pipe may be no part of it any more, and go on.
                    out = None;
                    killed.get_or_insert(failure);
                    self.kill();
                }
            }
            if ready[1] {
                read_some(&mut err, &mut last_words);
                let excess = last_words.len().saturating_sub(MAX_LAST_WORDS);
                last_words.drain(..excess);
            }
            if killed.is_none()
                && ended_at.is_none()
                && let Some(failure) = self.exceeded()
            {
                killed = Some(failure);
                self.kill();
            }
            self.tell_of_closed_hosts();
            // What it has started may have left its session, and keep its pipes open for ever.
            let has_ended = killed.is_some() || !self.is_running();
            let silent = if ready == [false; 2] { LAST_SILENCE } else { LAST_WORDS };
            if has_ended && ended_at.get_or_insert_with(Instant::now).elapsed() > silent {
                break;
            }
        }
        let status = self.child.wait();
        if status.as_ref().is_ok_and(death::is_by_processor_time) {
            // What was seen last may be a little less.
            self.cpu = self.cpu.max(self.limits.cpu);
        }
        let was_killed = killed.is_some();
        let failure = match (killed, self.done.take()) {
            (Some(failure), _) => Some(failure),
            (None, Some(done)) => done,
            (None, None) => {
                let last_words = String::from_utf8_lossy(&last_words);
                Some(death::failure(status.ok(), &last_words, &self.doing(), &self.limits))
            }
        };
        let (branch, repacked) = (self.branch.take(), self.repacked);
        let needed = mem::take(&mut self.needed);
        let time = self.clock.counted(Instant::now());
        Ended { failure, branch, cpu: self.cpu, time, was_killed, repacked, needed }
    }

    fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Tells the worker of the hosts that are not asked any more since it was told last. There are few of them, so
    /// that the pipe never fills, and this does not wait for the worker.
    fn tell_of_closed_hosts(&mut self) {
        let mut closed = self.shared.hosts.closed();
        if closed.len() == self.told.len() {
            return;
        }
        let new: ClosedHosts =
            closed.extract_if(.., |origin, _| !self.told.contains_key(origin)).collect();
        if let (Some(stdin), Ok(text)) = (&mut self.stdin, serde_json::to_string(&new)) {
            // If this fails, the worker has ended.
            let _ = writeln!(stdin, "{text}");
        }
        self.told.extend(new);
    }

    /// Takes in what the worker said.
    fn hear(&mut self, bytes: &[u8], result: &mut JobResult) -> Result<(), Failure> {
        self.lines.add(bytes);
        while let Some(message) = self.lines.next()? {
            self.handle(message, result)?;
        }
        Ok(())
    }

    fn handle(&mut self, message: Message, result: &mut JobResult) -> Result<(), Failure> {
        match message {
            Message::Stage(branch, stage) => {
                self.clock.stage(stage.pace(), Instant::now());
                (self.branch, self.stage) = (branch, stage);
            }
            Message::Traffic(now) => {
                self.shared.traffic.add(self.totals, now);
                if now.received > self.totals.received {
                    self.clock.progress(Instant::now());
                }
                self.totals = now;
            }
            Message::Host(origin, event) => {
                if self.shared.origins.contains(&origin) {
                    self.shared.hosts.note(&origin, &self.url, event);
                    self.asking = (event == Event::Began).then(|| (origin, Instant::now()));
                }
            }
            Message::Log(level, text) => log(&level, &text),
            Message::NotConfined => {
                if !self.shared.warned.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        "this kernel has no Landlock, so that workers could open other files than their own"
                    );
                }
            }
            Message::Moved(branch, commit) => self.intake.moved(branch, commit, result),
            Message::Built(branch, record) => {
                self.clock.progress(Instant::now());
                self.intake.built(branch, *record, result)?;
            }
            Message::Unchanged(branch, missing) => {
                self.clock.progress(Instant::now());
                self.intake.unchanged(branch, missing, result)?;
            }
            Message::Failed(branch, failure) => {
                self.clock.progress(Instant::now());
                self.intake.failed(branch, failure, result)?;
            }
            Message::Repacked(repacked) => self.repacked = Some(repacked),
            Message::Needed(needed) => {
                self.needed.insert(needed);
            }
            Message::Done(usage) => {
                self.shared.gauge.note(self.child.id(), usage.peak_memory.unwrap_or(0));
                self.done = Some(None);
            }
            Message::TaskFailed(failure) => self.done = Some(Some(failure.cut())),
        }
        Ok(())
    }

    /// Looks at the worker: the limit that it exceeds, if there is one.
    fn exceeded(&mut self) -> Option<Failure> {
        let id = self.child.id().to_string();
        if let Some(bytes) = memory::resident(&id) {
            self.shared.gauge.note(self.child.id(), bytes);
        }
        self.cpu = cpu_time(&id).unwrap_or(self.cpu);
        let (doing, now) = (self.doing(), Instant::now());
        if now >= self.shared.deadline {
            let text = format!(
                "was stopped {doing}, because the time of the cycle (setting deadline) was over"
            );
            return Some(Failure::for_now(text));
        }
        let is_time_for_disk = self.clock.is_time_for_disk(now);
        let exceeded = self.clock.exceeded(&self.limits, &doing, now);
        if exceeded.is_some()
            && let Some((origin, since)) = self.asking.take()
        {
            // It cannot say any more that the host did not answer in time.
            let event = Event::Failed(now.duration_since(since));
            self.shared.hosts.note(&origin, &self.url, event);
        }
        exceeded.or_else(|| is_time_for_disk.then(|| self.exceeded_disk(&doing))?)
    }

    fn exceeded_disk(&self, doing: &str) -> Option<Failure> {
        let folders = self.intake.staging().into_iter().chain([&self.mirror]);
        // A file may vanish while the sizes are read.
        let used: u64 =
            folders.filter_map(|folder| size(folder).ok()).sum::<u64>() + self.intake.placed();
        let too_much = (used > self.limits.disk).then(|| Failure::disk(&self.limits, doing));
        // What makes no tarballs may make room.
        let makes_tarballs = self.intake.staging().is_some();
        too_much.or_else(|| makes_tarballs.then(|| self.shared.full_disk())?)
    }

    /// "while reading its files"
    fn doing(&self) -> String {
        format!("while {}", self.stage)
    }

    /// Kills the worker with all that it has started. The worker first, so that it starts nothing more. Nobody has waited for
    /// it yet, so that its session can still be found.
    fn kill(&mut self) {
        let _ = self.child.kill();
        if let Ok(id) = i32::try_from(self.child.id()) {
            iter::once(id).chain(session(id)).for_each(|process| {
                // It may just have ended by itself.
                let _ = killpg(Pid::from_raw(process), Signal::SIGKILL);
            });
        }
    }
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        // After a panic in the supervisor, nobody has waited for it.
        if self.is_running() {
            self.kill();
            let _ = self.child.wait();
        }
        self.shared.gauge.end(self.child.id());
    }
}

fn ready<T: AsFd>(stream: Option<&T>) -> Option<PollFd<'_>> {
    stream.map(|stream| PollFd::new(stream.as_fd(), PollFlags::POLLIN))
}

/// Waits until one of two streams can be read, or for a tick. Says which can.
fn wait_for(streams: [Option<PollFd<'_>>; 2]) -> [bool; 2] {
    let mut open: Vec<PollFd<'_>> = streams.iter().flatten().cloned().collect();
    // After an error or a signal, nothing is ready, and the caller comes again.
    let _ = poll(&mut open, PollTimeout::from(TICK));
    let mut results = open.iter().map(|it| it.revents().is_some_and(|events| !events.is_empty()));
    streams.map(|stream| stream.is_some() && results.next().unwrap_or(false))
}

/// Reads what is there. At the end, the stream becomes `None`.
fn read_some<R: Read>(stream: &mut Option<R>, buffer: &mut Vec<u8>) {
    let mut bytes = [0; 64 << 10];
    let count = stream.as_mut().map(|stream| stream.read(&mut bytes));
    match count {
        Some(Ok(count @ 1..)) => buffer.extend_from_slice(&bytes[..count]),
        Some(Err(error)) if error.kind() == io::ErrorKind::Interrupted => {}
        _ => *stream = None,
    }
}

/// Writes a line of a worker to the log.
fn log(level: &str, text: &str) {
    match level {
        "error" => tracing::error!("{text}"),
        "warn" => tracing::warn!("{text}"),
        "info" => tracing::info!("{text}"),
        "debug" => tracing::debug!("{text}"),
        _ => tracing::trace!("{text}"),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeSet,
        sync::{Arc, atomic::AtomicBool},
    };

    use super::*;
    use crate::{
        data_dir::layout::Layout,
        net::Hosts,
        worker::{failure::LIMITS, gauge::Gauge},
    };

    #[test]
    fn a_worker_that_has_closed_its_pipes_is_still_watched() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared {
            layout: &Layout::new(folder.path()),
            deadline: Instant::now() + Duration::from_secs(100),
            keep_free: 0,
            traffic: Arc::default(),
            hosts: Hosts::default(),
            origins: BTreeSet::new(),
            gauge: Gauge::default(),
            warned: AtomicBool::new(false),
        };
        let child = Command::new("sh")
            .args(["-c", "exec sleep 100 >&- 2>&-"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let limits = JobLimits { idle: Duration::from_millis(300), ..LIMITS };
        let intake = Intake::new(BTreeSet::new(), None, true, limits);
        let mirror = folder.path().to_owned();
        let said = (intake, Lines::of(0));
        let ended =
            Worker::new(&shared, limits, child, mirror, said).watch(&mut JobResult::default());
        assert!(ended.was_killed && ended.time < Duration::from_secs(50), "{:?}", ended.time);
        assert!(ended.failure.is_some_and(|it| it.text.contains("limit-idle")));
    }
}
