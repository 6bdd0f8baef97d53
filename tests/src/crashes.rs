//! Killing a cycle at random moments, or cutting the power of its disk: whatever is published stays whole, and the next
//! cycle does the rest without a hand.

use std::fs;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::Value;

use crate::changes::{Changes, expected};
use crate::env::TestEnv;
use crate::family::{children, is_worker};
use crate::kills::send;
use crate::power::Disk;
use crate::published::{broken, published, untidy};
use crate::site::Site;

/// A system with the sample content, whose cycles are killed.
pub struct Crashes {
    // Dropped first: it serves what the system has.
    site: Option<Site>,
    /// The data directory, if it loses its power when a cycle is killed. Dropped before the folder that it is mounted in.
    disk: Option<Disk>,
    env: TestEnv,
    changes: Changes,
    /// How long a cycle without a kill takes.
    cycle: Duration,
}

/// What one kill did.
#[derive(Debug)]
pub struct Crash {
    /// What was killed. `None` if the cycle had ended before.
    pub hit: Option<Hit>,
    /// What was in the data directory then: `nothing new`, `new tarballs` or `a new snapshot`.
    pub left: &'static str,
    /// What is not as it has to be.
    pub complaints: Vec<String>,
}

/// What is killed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Hit {
    /// The cycle itself, when so many tenths of the time of a cycle had passed.
    Tenth(u32),
    /// The cycle itself, after its last worker: it writes the snapshot and the checksums, and sweeps.
    Publishing,
    /// One of its workers.
    Worker,
}

impl Crashes {
    /// Syncs the sample content once. The same seed gives the same choices. With `serve`, what is
    /// published is looked at over HTTP, too.
    #[must_use]
    pub fn new(seed: u64, serve: bool) -> Self {
        let mut crashes = Self::begin(TestEnv::sample_with_core(), seed, None);
        crashes.site = serve.then(|| crashes.env.serve(&[]));
        crashes
    }

    /// The same, but the power is cut: with the cycle, all is lost that was not forced to the disk.
    ///
    /// # Errors
    /// Why this is not possible here. It needs root, loop devices, `mkfs.ext4` and `xfs_io`.
    pub fn of_power(seed: u64) -> Result<Self, String> {
        let env = TestEnv::sample_with_core();
        let disk = Disk::new(&env.data(), &env.folder().join("disk.img"))?;
        Ok(Self::begin(env, seed, Some(disk)))
    }

    fn begin(env: TestEnv, seed: u64, disk: Option<Disk>) -> Self {
        env.sync(&[]).exits(0);
        let mut changes = Changes::new(seed);
        changes.some(&env);
        let start = Instant::now();
        env.sync(&[]).exits(0);
        Self { site: None, disk, env, changes, cycle: start.elapsed() }
    }

    /// Changes the upstream, runs a cycle and kills it or one of its workers, looks at what is left,
    /// runs another cycle and looks again.
    pub fn crash_one(&mut self) -> Crash {
        self.changes.some(&self.env);
        let settings = self.settings();
        let args: Vec<&str> =
            ["sync"].into_iter().chain(settings.iter().map(String::as_str)).collect();
        let before = self.env.published();
        let mut command = self.env.command(&args);
        let hit = self.kill(&mut command);
        let left = self.left(&before);

        let mut complaints = Vec::new();
        self.is_whole("after the kill", &mut complaints);
        self.succeeds(&args, "the next cycle", &mut complaints);
        self.is_whole("after the next cycle", &mut complaints);
        complaints.extend(untidy(&self.env.data()));
        let is_published = published(&self.env.snapshot()).is_ok();
        if is_published {
            let (is, expected) = (self.env.tips(), expected(&self.env));
            let differ = is.iter().filter(|it| expected.get(it.0) != Some(it.1));
            let lack = expected.iter().filter(|it| is.get(it.0) != Some(it.1));
            let (differ, lack): (Vec<_>, Vec<_>) = (differ.collect(), lack.collect());
            if !differ.is_empty() || !lack.is_empty() {
                complaints.push(format!(
                    "the next cycle published {differ:?} and not {lack:?}: {:#}",
                    self.env.report()
                ));
            }
        }
        self.succeeds(&["status"], "after the next cycle", &mut complaints);
        if !complaints.is_empty() {
            complaints.push(format!("the cycles were {args:?}"));
        }
        Crash { hit, left, complaints }
    }

    /// Whether all that the components say is there: the documents of all repositories, and their
    /// tarballs. Takes a second, since an instance keeps what it has read for that long.
    pub fn look(&self) -> Vec<String> {
        let Some(site) = &self.site else { return Vec::new() };
        site.catch_up();
        let mut complaints = Vec::new();
        let health = site.get("/health");
        if health.status != 200 {
            complaints.push(format!("/health: {} {}", health.status, health.text()));
        }
        for kind in crate::published::KINDS {
            let answer = site.get(&format!("/info/{kind}"));
            let document: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
            let repositories = document[kind].as_object().cloned().unwrap_or_default();
            if repositories.is_empty() {
                complaints.push(format!("/info/{kind}: {}", answer.status));
            }
            let branches = repositories.values().flat_map(|it| it["branches"].as_object());
            for tarball in branches.flat_map(|it| it.values()).map(|it| &it["tarball"]) {
                let path = format!("/dist/{kind}/{}", tarball["file"].as_str().unwrap_or_default());
                let answer = site.get(&path);
                let right = crate::sha256(&answer.body);
                if answer.status != 200 || tarball["sha256"] != right.as_str() {
                    complaints.push(format!("{path}: {} {right}", answer.status));
                }
            }
        }
        complaints
    }

    /// Settings that change what is published, for a cycle and the next one.
    fn settings(&mut self) -> Vec<String> {
        let upstream = self.env.server.url();
        let random = self.changes.random();
        let mut settings = Vec::new();
        let grace = if random.bool() { "0s" } else { "1h" };
        settings.extend(["--grace".to_owned(), grace.to_owned()]);
        if random.usize(..3) == 0 {
            let url = format!("https://{}.example.org/", random.u8(..3));
            settings.extend(["--public-url".to_owned(), url]);
        }
        if random.usize(..3) == 0 {
            // SampleChart has a submodule from there.
            let elsewhere = upstream.replace("127.0.0.1", "localhost");
            let map = format!("{upstream}/sample/={elsewhere}/sample/");
            settings.extend(["--url-map".to_owned(), map]);
        }
        settings
    }

    /// Runs a cycle, and kills it or one of its workers at a random moment. Publishing is short, and what
    /// counts most, so that a half of the kills is for it.
    fn kill(&mut self, command: &mut Command) -> Option<Hit> {
        let publishing = self.env.report()["times"]["publishing_ms"].as_u64().unwrap_or(0);
        let log = fs::File::create(self.env.folder().join("output.txt")).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        let mut cycle = command.spawn().unwrap();
        let random = self.changes.random();
        let (choice, moment) = (random.usize(..4), random.f64());
        let hit = match choice {
            0 if self.disk.is_none() => kill_worker(&mut cycle),
            0 | 1 => {
                sleep(self.cycle.mul_f64(moment));
                self.end(&mut cycle, Hit::Tenth(tenth(moment)))
            }
            _ => {
                wait_for_workers(&mut cycle);
                // Some time more than it takes, since the report does not count its very end.
                sleep(Duration::from_millis(publishing + 5).mul_f64(moment));
                self.end(&mut cycle, Hit::Publishing)
            }
        };
        cycle.wait().unwrap();
        if let (Some(_), Some(disk)) = (hit, &self.disk) {
            disk.power_on().unwrap();
        }
        hit
    }

    /// Kills the cycle itself, or cuts the power; `None` if it has ended.
    fn end(&self, cycle: &mut Child, hit: Hit) -> Option<Hit> {
        if cycle.try_wait().unwrap().is_some() {
            return None;
        }
        if let Some(disk) = &self.disk {
            disk.power_off().unwrap();
        }
        cycle.kill().unwrap();
        Some(hit)
    }

    fn left(&self, before: &crate::Files) -> &'static str {
        let after = self.env.published();
        if after.get("snapshot.db") != before.get("snapshot.db") {
            return "a new snapshot";
        }
        if after.keys().any(|path| !before.contains_key(path)) {
            return "new tarballs";
        }
        "nothing new"
    }

    fn is_whole(&self, when: &str, complaints: &mut Vec<String>) {
        self.succeeds(&["verify"], when, complaints);
        let broken = broken(&self.env.data());
        complaints.extend(broken.into_iter().map(|it| format!("{when}: {it}")));
    }

    fn succeeds(&self, args: &[&str], when: &str, complaints: &mut Vec<String>) {
        let run = self.env.tardist(args);
        if run.code != 0 {
            complaints.push(format!("{when}: {args:?} exits with {}: {}", run.code, run.text()));
        }
    }
}

/// Kills the first worker that is met; `None` if there is none any more.
fn kill_worker(cycle: &mut Child) -> Option<Hit> {
    while cycle.try_wait().unwrap().is_none() {
        let worker = children(cycle.id()).into_iter().find(|id| is_worker(*id));
        if worker.is_some_and(|worker| send(worker, Signal::SIGKILL)) {
            return Some(Hit::Worker);
        }
        sleep(Duration::from_millis(1));
    }
    None
}

/// Waits until the cycle has had workers and has none any more, or has ended.
fn wait_for_workers(cycle: &mut Child) {
    let mut had_one = false;
    while cycle.try_wait().unwrap().is_none() {
        let has_one = children(cycle.id()).into_iter().any(is_worker);
        if had_one && !has_one {
            return;
        }
        had_one |= has_one;
        sleep(Duration::from_millis(1));
    }
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 10")]
fn tenth(share: f64) -> u32 {
    (share * 10.0) as u32
}
