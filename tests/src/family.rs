//! Running programs with all the processes that they have started: what they take together, and an
//! end for those that take too much. Linux only, as it reads `/proc`.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::disk::size;
use crate::process::Run;

/// How often the processes are looked at.
const TICK: Duration = Duration::from_millis(10);

/// How often the folder's size is looked at, in ticks.
const DISK_TICKS: u32 = 50;

/// What a program may take before it is killed.
#[derive(Debug, Clone, Copy)]
pub struct Guard {
    /// Time by the clock.
    pub time: Duration,
    /// Memory of all processes at the same time, in bytes: the sum of their resident sets.
    pub memory: u64,
    /// Disk space of the folder, in bytes.
    pub disk: u64,
}

/// What a program did and took.
#[derive(Debug)]
pub struct Watched {
    /// Its exit status and output.
    pub run: Run,
    /// How long it took.
    pub time: Duration,
    /// The most memory that all its processes had at the same time, in bytes, as far as it was seen.
    pub memory: u64,
    /// The most memory that it had itself, without the processes that it started, in bytes.
    pub own_memory: u64,
    /// The limit for which it was killed: `time`, `memory` or `disk`.
    pub killed: Option<&'static str>,
}

/// Runs a program to its end, or until it takes more than the guard allows. Its disk space is that of
/// `folder`; its output goes through files in `out`.
#[must_use]
pub fn watch(mut command: Command, folder: &Path, out: &Path, guard: &Guard) -> Watched {
    let (stdout, stderr) = (out.join("stdout.txt"), out.join("stderr.txt"));
    command.stdin(Stdio::null());
    command.stdout(File::create(&stdout).unwrap()).stderr(File::create(&stderr).unwrap());
    let start = Instant::now();
    let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (mut memory, mut own_memory, mut ticks, mut killed) = (0, 0, 0, None);
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let own = resident(child.id());
        own_memory = own_memory.max(own);
        let now = own + children(child.id()).into_iter().map(resident).sum::<u64>();
        memory = memory.max(now);
        ticks += 1;
        let reason = if start.elapsed() > guard.time {
            Some("time")
        } else if now > guard.memory {
            Some("memory")
        } else {
            (ticks % DISK_TICKS == 0 && size(folder) > guard.disk).then_some("disk")
        };
        if let (None, Some(reason)) = (killed, reason) {
            killed = Some(reason);
            // It may just have ended by itself. Its workers end with it.
            let _ = child.kill();
        }
        sleep(TICK);
    };
    let run = Run { code: code(status), stdout: text(&stdout), stderr: text(&stderr) };
    Watched { run, time: start.elapsed(), memory, own_memory, killed }
}

/// The processes that a process has started and that still run; none if it has ended.
#[must_use]
pub(crate) fn children(id: u32) -> Vec<u32> {
    let threads = fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let lists = threads.map(|it| fs::read_to_string(it.path().join("children")));
    lists
        .flatten()
        .flat_map(|list| list.split(' ').filter_map(|id| id.parse().ok()).collect::<Vec<u32>>())
        .collect()
}

/// Whether a process is a worker of tardist. One that has ended, and was not waited for, is none.
#[must_use]
pub(crate) fn is_worker(id: u32) -> bool {
    let arguments = fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
    arguments.split(|byte| *byte == 0).nth(1) == Some(b"worker")
}

/// The resident set of a process in bytes; 0 if it has ended.
fn resident(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<u64>().ok());
    kilobytes.unwrap_or(0) * 1024
}

fn code(status: ExitStatus) -> i32 {
    status.code().unwrap_or(-1)
}

fn text(file: &Path) -> String {
    String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned()
}
