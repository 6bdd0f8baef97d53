//! A running worker, as its supervisor sees it: takes what it says, holds its limits, and puts its tarballs in
//! place.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    io::{Read, Write},
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
use tardist_contract::{BranchName, RepoName};

use crate::{
    Error,
    catalogue::{BranchRecord, Messages},
    data_dir::{
        files::{self, size},
        set_aside,
    },
    error::IoContext,
    git::repack::Repacked,
    limits::job::JobLimits,
    memory,
    net::Event,
    secrets,
    worker::{
        clock::Clock,
        death,
        failure::Failure,
        job_result::JobResult,
        message::{MAX_LINE, Message, Stage, Totals},
        order::{ClosedHosts, Order, PublishedTarball},
        processes::{cpu_time, own_program, session},
        shared::Shared,
    },
};

/// How often a worker is looked at while it says nothing, in milliseconds.
const TICK: u16 = 100;

/// How many revisions of a tarball are looked at for one that is free.
const MAX_REVISIONS: u32 = 1_000;

/// How long its pipes are read after a worker has ended, while nothing comes, and while something does.
const LAST_SILENCE: Duration = Duration::from_secs(1);
const LAST_WORDS: Duration = Duration::from_secs(10);

/// How much of a worker's standard error is kept, in bytes. Only a crash writes there.
const MAX_LAST_WORDS: usize = 4 << 10;

/// How a worker ended.
pub(super) struct Ended {
    /// Why it did not do everything.
    pub(super) failure: Option<Failure>,
    /// The branch that it worked on last.
    pub(super) branch: Option<BranchName>,
    /// The processor time that it took, as far as it is known.
    pub(super) cpu: Duration,
    /// True if it was killed because it exceeded a limit that the supervisor watches.
    pub(super) was_killed: bool,
    /// What packing a mirror gave.
    pub(super) repacked: Option<Repacked>,
}

/// A running worker. It is killed when this is dropped.
pub(super) struct Worker<'a> {
    shared: &'a Shared<'a>,
    limits: JobLimits,
    keep_complete: bool,
    child: Child,
    /// Where the worker hears of hosts that are not asked any more.
    stdin: Option<ChildStdin>,
    /// The hosts that it knows of.
    told: ClosedHosts,
    /// The host that it is asking, and since when.
    asking: Option<(String, Instant)>,
    folders: Folders,
    /// The branches that it was given and has not done yet.
    expected: BTreeSet<BranchName>,
    clock: Clock,
    branch: Option<BranchName>,
    stage: Stage,
    totals: Totals,
    cpu: Duration,
    /// How many bytes the tarballs have that are in place already.
    placed: u64,
    repacked: Option<Repacked>,
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

/// Where the tarballs of a job come and go.
pub(super) struct Tarballs {
    /// The folder in which the worker makes them.
    pub(super) staging: PathBuf,
    /// The folder that they are published in.
    pub(super) dist: PathBuf,
    /// The name of the repository.
    pub(super) name: RepoName,
    /// What is published of its branches.
    pub(super) published: BTreeMap<BranchName, PublishedTarball>,
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
        let program = own_program()?;
        let mut command = Command::new(&program);
        // It works on content of others, and publishes nothing.
        for variable in secrets::VARIABLES {
            command.env_remove(variable);
        }
        let mut child = command
            .arg0("tardist")
            .arg("worker")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()
            .at("start a worker:", &program)?;
        // The order has these, and maybe some that come to it meanwhile.
        let told = shared.hosts.closed();
        let text = serde_json::to_string(order).map_err(|error| Error::Bug(error.to_string()))?;
        let mut stdin = child.stdin.take();
        if let Some(stdin) = &mut stdin {
            // If this fails, the worker has ended, and its end says why.
            let _ = writeln!(stdin, "{text}");
        }
        Ok(Self {
            shared,
            limits: order.instructions.limits,
            keep_complete: order.instructions.keep_complete,
            child,
            stdin,
            told,
            asking: None,
            folders,
            expected: order.task.branches(),
            clock: Clock::new(Instant::now()),
            branch: None,
            stage: Stage::Starting,
            totals: Totals::default(),
            cpu: Duration::ZERO,
            placed: 0,
            repacked: None,
            done: None,
        })
    }

    /// Takes what the worker says until it ends, and kills it if it exceeds a limit.
    pub(super) fn watch(&mut self, result: &mut JobResult) -> Ended {
        let (mut out, mut err) = (self.child.stdout.take(), self.child.stderr.take());
        let (mut lines, mut last_words) = (Vec::new(), Vec::new());
        let mut killed = None;
        let mut ended_at = None;
        while out.is_some() || err.is_some() {
            let ready = [ready(out.as_ref()), ready(err.as_ref())];
            let ready = wait_for(ready);
            if ready[0] {
                read_some(&mut out, &mut lines);
                if let Err(failure) = self.take(&mut lines, result) {
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
                && let Some(failure) = self.exceeded()
            {
                killed = Some(failure);
                self.kill();
            }
            self.tell_of_closed_hosts();
            // What it has started may have left its session, and keep its pipes open for ever.
            let has_ended = killed.is_some() || matches!(self.child.try_wait(), Ok(Some(_)));
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
        Ended { failure, branch, cpu: self.cpu, was_killed, repacked }
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

    /// Takes the complete lines out of `buffer`.
    fn take(&mut self, buffer: &mut Vec<u8>, result: &mut JobResult) -> Result<(), Failure> {
        let Some(end) = buffer.iter().rposition(|&byte| byte == b'\n') else {
            return if buffer.len() > MAX_LINE {
                Err(death::nonsense("a line without end"))
            } else {
                Ok(())
            };
        };
        let rest = buffer.split_off(end + 1);
        let lines = std::mem::replace(buffer, rest);
        for line in lines.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let message = serde_json::from_slice(line)
                .map_err(|error| death::nonsense(&error.to_string()))?;
            self.handle(message, result)?;
        }
        Ok(())
    }

    fn handle(&mut self, message: Message, result: &mut JobResult) -> Result<(), Failure> {
        match message {
            Message::Stage(branch, stage) => {
                self.clock.stage(stage == Stage::Waiting, Instant::now());
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
                    self.shared.hosts.note(&origin, event);
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
            Message::Moved(branch, commit) => {
                // It is said again of all branches if a damaged mirror is fetched again.
                if self.expected.contains(&branch) {
                    result.moved.insert(branch, commit);
                }
            }
            Message::Built(branch, record) => {
                self.is_done(&branch)?;
                if let Some(Err(what)) = record.messages.as_ref().map(Messages::check) {
                    return Err(death::nonsense(&what));
                }
                self.take_tarball(branch, *record, result);
            }
            Message::Unchanged(branch, missing) => {
                self.is_done(&branch)?;
                result.unchanged.insert(branch, missing);
            }
            Message::Failed(branch, failure) => {
                self.is_done(&branch)?;
                result.failed.push((branch, failure));
            }
            Message::Repacked(repacked) => self.repacked = Some(repacked),
            Message::Done(usage) => {
                self.shared.gauge.note(self.child.id(), usage.peak_memory.unwrap_or(0));
                self.done = Some(None);
            }
            Message::TaskFailed(failure) => self.done = Some(Some(failure)),
        }
        Ok(())
    }

    /// Notes that a branch is done. It has to be one that the worker was given, and not done before: it may have been taken
    /// over by content, and must not speak of what is not its own.
    fn is_done(&mut self, branch: &BranchName) -> Result<(), Failure> {
        self.clock.progress(Instant::now());
        if self.expected.remove(branch) { Ok(()) } else { Err(nobody_asked(branch)) }
    }

    /// Puts a tarball in place, unless it is incomplete and a complete one stands that must not be replaced.
    fn take_tarball(
        &mut self,
        branch: BranchName,
        mut record: BranchRecord,
        result: &mut JobResult,
    ) {
        let published =
            self.folders.tarballs.as_ref().and_then(|tarballs| tarballs.published.get(&branch));
        let is_kept =
            |it: &PublishedTarball| self.keep_complete && it.is_whole && it.missing.is_empty();
        if !record.is_complete() && published.is_some_and(is_kept) {
            result.failed.push((branch, Failure::incomplete(&record.missing)));
            return;
        }
        let revision = published.map_or(0, |published| published.revision_of(&record));
        // The same bytes replace a file that may be damaged.
        let revision = if published.is_some_and(|it| it.has_bytes_of(&record)) {
            revision
        } else {
            self.free_revision(&branch, &record, revision)
        };
        match self.put_in_place(&branch, &mut record, revision) {
            Ok(()) => {
                self.placed += record.size;
                result.built.insert(branch, record);
            }
            Err(error) => result.failed.push((branch, Failure::new(&error, &self.limits))),
        }
    }

    /// The first revision from this one on whose name no other bytes have. A tarball that was published long ago may
    /// still be there, for clients with a link to it.
    fn free_revision(&self, branch: &BranchName, record: &BranchRecord, first: u32) -> u32 {
        let Some(Tarballs { dist, name, .. }) = &self.folders.tarballs else { return first };
        let is_free = |revision: &u32| {
            let record = BranchRecord { revision: *revision, ..record.clone() };
            let path = dist.join(record.tarball(name, branch).as_str());
            !path.is_file() || files::sha256(&path).is_ok_and(|it| it == record.sha256)
        };
        (first..first.saturating_add(MAX_REVISIONS)).find(is_free).unwrap_or(first)
    }

    /// Moves the tarball of a branch from the staging folder to the others, under the name of its revision.
    fn put_in_place(
        &self,
        branch: &BranchName,
        record: &mut BranchRecord,
        revision: u32,
    ) -> Result<(), Error> {
        let Some(Tarballs { staging, dist, name, .. }) = &self.folders.tarballs else {
            return Err(Error::Bug("a tarball that nobody asked for".to_owned()));
        };
        let file = record.tarball(name, branch);
        let staged = staging.join(file.as_str());
        let metadata = fs::symlink_metadata(&staged).at("read", &staged)?;
        let is_it = metadata.is_file()
            && metadata.len() == record.size
            && files::sha256(&staged).at("read", &staged)? == record.sha256;
        if !is_it {
            return Err(Error::Bug(format!(
                "the worker's tarball {} is not what it says",
                file.as_str()
            )));
        }
        record.revision = revision;
        let path = dist.join(record.tarball(name, branch).as_str());
        set_aside::unless_file(&path)?;
        fs::rename(&staged, &path).at("rename a file to", &path)
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
            self.shared.hosts.note(&origin, Event::Failed(now.duration_since(since)));
        }
        exceeded.or_else(|| is_time_for_disk.then(|| self.exceeded_disk(&doing))?)
    }

    fn exceeded_disk(&self, doing: &str) -> Option<Failure> {
        let staging = self.folders.tarballs.iter().map(|tarballs| &tarballs.staging);
        let folders = staging.chain([&self.folders.mirror]);
        // A file may vanish while the sizes are read.
        let used: u64 = folders.filter_map(|folder| size(folder).ok()).sum::<u64>() + self.placed;
        let too_much = (used > self.limits.disk).then(|| Failure::disk(&self.limits, doing));
        too_much.or_else(|| self.shared.full_disk())
    }

    /// "while reading its files"
    fn doing(&self) -> String {
        format!("while {}", self.stage)
    }

    /// Kills the worker with all that it has started.
    fn kill(&mut self) {
        if let Ok(id) = i32::try_from(self.child.id()) {
            session(id).into_iter().chain([id]).for_each(|process| {
                // It may just have ended by itself.
                let _ = killpg(Pid::from_raw(process), Signal::SIGKILL);
            });
        }
        let _ = self.child.kill();
    }
}

/// The failure of a worker that speaks of a branch that it was not given, or twice of one.
fn nobody_asked(branch: &BranchName) -> Failure {
    death::nonsense(&format!("a result for {branch} that nobody asked for"))
}

impl Drop for Worker<'_> {
    fn drop(&mut self) {
        // After a panic in the supervisor, nobody has waited for it.
        if matches!(self.child.try_wait(), Ok(None)) {
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
