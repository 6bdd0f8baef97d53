//! Killing workers at random moments: it may cost one repository, never the cycle.

use std::fs;
use std::process::Child;
use std::thread::sleep;
use std::time::{Duration, Instant};

use fastrand::Rng;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sample_upstream::File;
use serde_json::Value;

use crate::env::TestEnv;
use crate::family::{children, is_worker};
use crate::process::Run;

/// By which workers die: killed by somebody, by an error in C, by an error in Rust.
const SIGNALS: [Signal; 3] = [Signal::SIGKILL, Signal::SIGSEGV, Signal::SIGABRT];

/// How long a worker that was chosen lives on at most, so that not all are hit while they start.
const LIFE: Duration = Duration::from_millis(40);

/// A system with the sample content, whose workers are killed.
pub struct Kills {
    env: TestEnv,
    random: Rng,
    /// How long a cycle without a kill takes.
    cycle: Duration,
    /// How many commits were made.
    commits: usize,
}

/// What one kill did.
#[derive(Debug)]
pub struct Killed {
    /// The signal; `None` if no worker could be hit.
    pub signal: Option<Signal>,
    /// What the worker was doing, as the failure says it. `None` if nothing failed: the worker was
    /// hit when its work was done.
    pub stage: Option<String>,
    /// What is not as it has to be.
    pub complaints: Vec<String>,
}

impl Kills {
    /// Syncs the sample content once. The same seed gives the same choices.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let env = TestEnv::sample();
        env.sync(&[]).exits(0);
        let mut kills =
            Self { env, random: Rng::with_seed(seed), cycle: Duration::ZERO, commits: 0 };
        kills.commit();
        let start = Instant::now();
        kills.env.sync(&[]).exits(0);
        kills.cycle = start.elapsed();
        kills
    }

    /// Runs a cycle with a new commit in each repository, kills one of its workers, and looks at
    /// what is left. Then runs another cycle, which has to repair everything.
    pub fn kill_one(&mut self) -> Killed {
        self.commit();
        let mut command = self.env.command(&["sync"]);
        let log = fs::File::create(self.env.folder().join("output.txt")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut cycle = command.spawn().unwrap();
        let signal = self.hit(&mut cycle);
        let code = cycle.wait().unwrap().code().unwrap_or(-1);
        let report = fs::read(self.env.data().join("report.json")).unwrap_or_default();
        let report: Value = serde_json::from_slice(&report).unwrap_or_default();
        let failures = report["failures"].as_array().cloned().unwrap_or_default();

        let mut complaints = Vec::new();
        let expected = if failures.is_empty() { 0 } else { 3 };
        if code != expected {
            let output = fs::read_to_string(self.env.folder().join("output.txt")).unwrap();
            complaints.push(format!("exit status {code} instead of {expected}: {output}"));
        }
        let repositories = failures.iter().map(|it| it["repository"].to_string());
        let repositories: std::collections::BTreeSet<String> = repositories.collect();
        if repositories.len() > usize::from(signal.is_some()) {
            complaints.push(format!("one worker was hit, and these failed: {failures:?}"));
        }
        self.has_to_succeed("verify", "after the kill", &mut complaints);
        self.has_to_succeed("sync", "the next cycle", &mut complaints);
        self.has_to_succeed("verify", "after the next cycle", &mut complaints);
        let tips = self.env.tips();
        let behind =
            tips.iter().filter(|(branch, commit)| self.tip(branch).as_ref() != Some(commit));
        let behind: Vec<&String> = behind.map(|(branch, _)| branch).collect();
        if !behind.is_empty() {
            complaints.push(format!("the next cycle did not publish the tips of {behind:?}"));
        }
        let stage = failures.first().map(|it| stage(it["text"].as_str().unwrap_or_default()));
        Killed { signal, stage, complaints }
    }

    /// Puts a commit on each published branch.
    fn commit(&mut self) {
        self.commits += 1;
        for branch in self.env.tips().keys() {
            let (id, branch) = branch.split_once(' ').unwrap();
            self.env.commit(id, branch, &[("count", File::text(self.commits.to_string()))]);
        }
    }

    fn tip(&self, branch: &str) -> Option<String> {
        let (id, branch) = branch.split_once(' ').unwrap();
        self.env.repository(id).tip(branch).unwrap().map(|id| id.to_string())
    }

    /// Waits for a random moment, and kills a random worker. `None` if none was left.
    fn hit(&mut self, cycle: &mut Child) -> Option<Signal> {
        sleep(self.cycle.mul_f64(self.random.f64() * 0.8));
        let signal = SIGNALS[self.random.usize(..SIGNALS.len())];
        let choice = self.random.usize(..);
        let life = LIFE.mul_f64(self.random.f64());
        while cycle.try_wait().unwrap().is_none() {
            let mut workers = children(cycle.id());
            workers.retain(|id| is_worker(*id));
            if workers.is_empty() {
                sleep(Duration::from_millis(1));
                continue;
            }
            let worker = workers[choice % workers.len()];
            sleep(life);
            // It may have ended in order.
            if is_worker(worker) && send(worker, signal) {
                return Some(signal);
            }
        }
        None
    }

    fn has_to_succeed(&self, command: &str, when: &str, complaints: &mut Vec<String>) {
        let run: Run = self.env.tardist(&[command]);
        if run.code != 0 {
            complaints.push(format!("{when}, {command} exits with {}: {}", run.code, run.text()));
        }
    }
}

/// Sends a signal that ends a process. False if the process is gone.
pub(crate) fn send(process: u32, signal: Signal) -> bool {
    let process = Pid::from_raw(process.try_into().unwrap());
    let sent = kill(process, signal).is_ok();
    // Rust's handler takes the first one for an access to the end of a stack, sees that it is none, and
    // goes on, so that a real fault would come again.
    while sent && signal == Signal::SIGSEGV && kill(process, signal).is_ok() {
        sleep(Duration::from_millis(1));
    }
    sent
}

/// What a worker was doing, from the text of its failure: "... while reading its files; ...".
fn stage(failure: &str) -> String {
    let (_, rest) = failure.split_once(" while ").unwrap_or(("", failure));
    rest.split([':', ';', '.']).next().unwrap_or_default().to_owned()
}
