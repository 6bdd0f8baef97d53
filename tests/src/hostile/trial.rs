//! Running a case beside a good repository, and judging what comes out.

use std::collections::BTreeSet;
use std::fs::{self, File as DiskFile};
use std::path::{Path, PathBuf};
use std::time::Duration;

use flate2::read::GzDecoder;
use sample_upstream::{Fault, File};
use serde_json::Value;
use tar::Archive;

use crate::disk::paths;
use crate::env::TestEnv;
use crate::family::{Guard, Watched, watch};
use crate::hostile::case::{Case, Expected, Size};
use crate::hostile::maker::Maker;

/// The hostile repository.
const HOSTILE: &str = "extensions/Hostile";
const HOSTILE_NAME: &str = "Hostile";

/// The good one beside it.
const GOOD: &str = "extensions/Good";

/// The most memory that all processes together may have.
const MEMORY: u64 = 1 << 30;

/// The most memory that the process which supervises the others may have.
pub(super) const OWN_MEMORY: u64 = 384 << 20;

/// A case beside a good repository.
pub struct Trial {
    case: &'static Case,
    size: Size,
    env: TestEnv,
    guard: Guard,
}

/// What became of a case.
#[derive(Debug)]
pub struct Outcome {
    /// `failed`, `published`, or what it was killed for.
    pub outcome: String,
    /// The failure or the first problem that the operator sees; empty if there is none.
    pub message: String,
    /// The time of the first cycle.
    pub time: Duration,
    /// The most memory of the first cycle, in bytes.
    pub memory: u64,
    /// The time of the second cycle.
    pub second_time: Duration,
    /// The requests of the second cycle.
    pub second_requests: usize,
    /// What is not as it has to be.
    pub complaints: Vec<String>,
}

/// One cycle, and what it left.
struct Cycle {
    watched: Watched,
    report: Value,
    requests: usize,
    git_requests: usize,
}

impl Trial {
    /// Makes the repositories.
    #[must_use]
    pub fn new(case: &'static Case, size: Size) -> Self {
        let env = TestEnv::empty();
        let manifest = r#"{"name": "Good", "version": "1.0", "manifest_version": 2}"#;
        let good = env.commit(GOOD, "master", &[("extension.json", File::text(manifest))]);
        let hostile = env.repository(HOSTILE);
        let maker = Maker::new(&hostile, HOSTILE_NAME, good);
        (case.make)(&maker, case.sized(size).0);
        if let Some(pack) = maker.into_pack() {
            env.server.fault("Hostile/git-upload-pack", Fault::Pack(pack), None);
        }
        // In short, a busy machine may take longer than any mark.
        let seconds = if size == Size::Short { 300 } else { 60 };
        let guard = Guard { time: Duration::from_secs(seconds), memory: MEMORY, disk: 9 << 30 };
        Self { case, size, env, guard }
    }

    /// Runs two cycles, `verify` and `gc`.
    #[must_use]
    pub fn run(&self) -> Outcome {
        let mut complaints = Vec::new();
        let first = self.cycle("the first cycle", &mut complaints);
        self.judge(&first, &mut complaints);
        self.look_for_leftovers("the first cycle", &mut complaints);
        let second = self.cycle("the second cycle", &mut complaints);
        self.judge_second(&first, &second, &mut complaints);
        for command in ["verify", "gc"] {
            let watched = self.watch(&[command]);
            self.check_limits(command, &watched, &mut complaints);
            // A mirror that is not packed is named with exit status 3. Only a hostile one may be.
            let others = watched.run.text().contains(GOOD);
            let is_known = command == "gc" && watched.run.code == 3 && first.watched.run.code == 3;
            if watched.run.code != 0 && (!is_known || others) {
                complaints.push(format!("{command} failed: {}", watched.run.text()));
            }
        }
        self.look_for_leftovers("gc", &mut complaints);
        Outcome {
            outcome: match (first.watched.killed, first.watched.run.code) {
                (Some(killed), _) => format!("killed: {killed}"),
                (None, 0) => "published".to_owned(),
                (None, 3) => "failed".to_owned(),
                (None, code) => format!("exit status {code}"),
            },
            message: first.message(self.case.sized(self.size).1),
            time: first.watched.time,
            memory: first.watched.memory.max(first.peak_memory()),
            second_time: second.watched.time,
            second_requests: second.requests,
            complaints,
        }
    }

    fn watch(&self, arguments: &[&str]) -> Watched {
        watch(self.env.command(arguments), &self.env.data(), self.env.folder(), &self.guard)
    }

    fn cycle(&self, name: &str, complaints: &mut Vec<String>) -> Cycle {
        self.env.server.clear_requests();
        let watched = self.watch(&[&["sync"], self.case.args].concat());
        self.check_limits(name, &watched, complaints);
        let report = fs::read(self.env.data().join("report.json")).unwrap_or_default();
        let requests = self.env.server.requests();
        Cycle {
            watched,
            report: serde_json::from_slice(&report).unwrap_or_default(),
            requests: requests.len(),
            git_requests: self.env.git_requests().len(),
        }
    }

    fn check_limits(&self, name: &str, watched: &Watched, complaints: &mut Vec<String>) {
        if let Some(limit) = watched.killed {
            complaints.push(format!("{name} was killed, since it took too much {limit}"));
        }
        if watched.memory > MEMORY {
            complaints.push(format!("{name} took {} MB of memory", watched.memory >> 20));
        }
        if watched.own_memory > OWN_MEMORY {
            complaints.push(format!("{name} took {} MB itself", watched.own_memory >> 20));
        }
        if watched.run.stderr.contains("panicked") {
            complaints.push(format!("{name} panicked: {}", watched.run.stderr));
        }
    }

    fn judge(&self, cycle: &Cycle, complaints: &mut Vec<String>) {
        let (failures, problems) = (cycle.texts("failures"), cycle.texts("problems"));
        let code = cycle.watched.run.code;
        let (expected, wrong) = match self.case.sized(self.size).1 {
            Expected::Fails(text) => (3, !failures.iter().any(|it| it.contains(text))),
            Expected::Publishes => (0, false),
            Expected::PublishesWith(text) => (0, !problems.iter().any(|it| it.contains(text))),
            Expected::PublishesWithout(text) => (3, !problems.iter().any(|it| it.contains(text))),
        };
        if code != expected || wrong {
            complaints.push(format!(
                "not {:?}: exit status {code}, failures {failures:?}, problems {:?}",
                self.case.sized(self.size).1,
                &problems[..problems.len().min(10)]
            ));
        }
        if cycle.peak_memory() > MEMORY {
            complaints.push(format!("the report says {} MB", cycle.peak_memory() >> 20));
        }
        for failure in cycle.report["failures"].as_array().into_iter().flatten() {
            if failure["repository"] != HOSTILE {
                complaints.push(format!("another repository failed: {failure}"));
            }
        }
        let published =
            if self.env.snapshot().exists() { self.env.tips() } else { Default::default() };
        if !published.contains_key(&format!("{GOOD} master")) {
            complaints.push("the good repository is not published".to_owned());
        }
        for tarball in self.tarballs() {
            if let Err(reason) = self.check_tarball(&tarball) {
                complaints.push(format!("{}: {reason}", tarball.display()));
            }
        }
    }

    /// A second cycle costs nothing, and says the same.
    fn judge_second(&self, first: &Cycle, second: &Cycle, complaints: &mut Vec<String>) {
        if second.git_requests > 0 || second.report["built"] != 0 {
            complaints.push(format!(
                "the second cycle sent {} requests to Git and made {} tarballs",
                second.git_requests, second.report["built"]
            ));
        }
        let (before, after) = (first.watched.run.code, second.watched.run.code);
        if before != after {
            complaints
                .push(format!("the second cycle ended with {after}, the first with {before}"));
        }
        let repeats =
            |text: &String| second.texts("failures").iter().any(|it| it.starts_with(text));
        if !first.texts("failures").iter().all(repeats) {
            complaints.push(format!("the second cycle says: {:?}", second.texts("failures")));
        }
    }

    /// No file is left that a cycle or `gc` made for a time.
    fn look_for_leftovers(&self, after: &str, complaints: &mut Vec<String>) {
        let is_left = |path: &PathBuf| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            [".unfinished", "pack_git2_", "tmp_"].iter().any(|start| name.starts_with(start))
        };
        let left: Vec<PathBuf> = paths(&self.env.data()).into_iter().filter(is_left).collect();
        if !left.is_empty() {
            complaints.push(format!("{after} left {left:?}"));
        }
    }

    /// The published tarballs of the hostile repository.
    fn tarballs(&self) -> Vec<PathBuf> {
        let all = paths(&self.env.data().join("dist/extensions")).into_iter();
        let name =
            |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        all.filter(|path| name(path).starts_with("Hostile-")).collect()
    }

    /// Whether a tarball is as every tarball is, and as this case says.
    fn check_tarball(&self, file: &Path) -> Result<(), String> {
        let mut archive = Archive::new(GzDecoder::new(DiskFile::open(file).unwrap()));
        let mut seen = BTreeSet::new();
        for entry in archive.entries().map_err(|error| error.to_string())? {
            let entry = entry.map_err(|error| error.to_string())?;
            let (header, path) = (entry.header().as_bytes(), entry.path_bytes());
            let shown = String::from_utf8_lossy(&path).into_owned();
            let (name, sort) =
                (header[..100].split(|it| *it == 0).next().unwrap_or_default(), header[156]);
            match sort {
                b'0' if name.ends_with(b"/") || path.ends_with(b"/") => {
                    return Err(format!("{shown:?} is a file whose name ends in a slash"));
                }
                b'0' | b'5' => {}
                other => return Err(format!("{shown:?} has the type {other}")),
            }
            let Some(inner) = path.strip_prefix(b"Hostile/") else {
                return Err(format!("{shown:?} is outside of the top folder"));
            };
            // A folder counts with its slash and without it.
            seen.insert(inner.to_vec());
            let inner = inner.strip_suffix(b"/").unwrap_or(inner);
            let parts = inner.split(|byte| *byte == b'/');
            let is_bad = |part: &[u8]| {
                matches!(part, b"" | b"." | b"..") || part.eq_ignore_ascii_case(b".git")
            };
            if !inner.is_empty() && parts.into_iter().any(is_bad) {
                return Err(format!("{shown:?} is no safe path"));
            }
            seen.insert(inner.to_vec());
        }
        let is_there = |path: &&&str| seen.contains(path.as_bytes());
        match (self.case.has.iter().find(|it| !is_there(it)), self.case.lacks.iter().find(is_there))
        {
            (Some(path), _) => Err(format!("{path:?} is missing")),
            (_, Some(path)) => Err(format!("{path:?} is there")),
            _ => Ok(()),
        }
    }
}

impl Cycle {
    /// The texts of a list in the report.
    fn texts(&self, list: &str) -> Vec<String> {
        let entries = self.report[list].as_array().into_iter().flatten();
        entries.map(|it| it["text"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// The message that is expected, or the first one.
    fn message(&self, expected: Expected) -> String {
        let texts: Vec<String> =
            self.texts("failures").into_iter().chain(self.texts("problems")).collect();
        let wanted = match expected {
            Expected::Fails(text)
            | Expected::PublishesWith(text)
            | Expected::PublishesWithout(text) => text,
            Expected::Publishes => "",
        };
        let found = texts.iter().find(|text| text.contains(wanted)).or(texts.first());
        found.cloned().unwrap_or_default()
    }

    fn peak_memory(&self) -> u64 {
        self.report["peak_memory"].as_u64().unwrap_or(0)
    }
}
