//! `tardist status`: shows what is published, and what the last cycles say. Changes nothing.
//!
//! The text is short, so that it answers at a glance what is published, what fails and since when. The long lists come
//! with `-v`, and all of it with `--json`.

use std::{fmt, time::Duration};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tardist_contract::document::Repository;

use crate::{
    Error,
    catalogue::{self, Catalogue},
    commands::output::Output,
    cycle::{
        began::{self, Began},
        report::{Ended, Failing, Outcome, Report, ReportEntry, first_of_each, heading},
    },
    data_dir::layout::Layout,
    error::PARTLY_FAILED,
    progress,
    snapshot::{Snapshot, Summary, Unreadable},
    state::State,
};

/// The version of the form of `tardist status --json`. It is raised when a key gets another meaning or goes, not when
/// one is added.
const VERSION: u32 = 1;

/// How many failures the text names without `-v`.
const SHOWN_FAILURES: usize = 5;

/// How many of one repository.
const SHOWN_OF_EACH: usize = 2;

/// How many characters the text without `-v` has of the beginning of each failure, and as many of its end: the one says
/// what failed, the other why.
const SHOWN_OF_FAILURE: usize = 120;

/// The same for what ended a cycle, of which there is one.
const SHOWN_OF_ERROR: usize = 300;

/// How far in the future a time may be: the clocks of two machines differ a little.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// The options of `tardist status`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Write JSON.
    pub json: bool,
    /// Write the long lists.
    pub verbose: bool,
    /// How long ago the last success may be.
    pub max_age: Option<SignedDuration>,
}

/// The status. These are the keys of `tardist status --json`, which docs/monitoring.md describes.
#[derive(Debug, Default, Serialize)]
pub struct Status {
    /// The version of this form.
    pub version: u32,
    /// The exit status of the command: see [`Status::exit_code`].
    pub exit_status: u8,
    /// The published snapshot. `null` if there is none.
    pub snapshot: Option<SnapshotSummary>,
    /// Why what is published counts as too old. `null` if it does not.
    pub too_old: Option<String>,
    /// The report of the last cycle. `null` if there was none.
    pub last_cycle: Option<Report>,
    /// How the last full cycle ended. `null` if that is not known.
    pub last_full: Option<Ended>,
    /// The last full cycle that succeeded. `null` if that is not known.
    pub last_success: Option<Ended>,
    /// Repositories and branches that fail, each with the time since when.
    pub failing: Vec<Failing>,
    /// The cycle that began and has not reported yet. `null` if the last one has.
    pub unreported: Option<Began>,
    /// Why the published snapshot cannot be read. `null` if it can, or if there is none.
    pub damage: Option<String>,
    /// What is missing from incomplete tarballs, and why.
    pub incomplete: Vec<ReportEntry>,
    /// Problems with the content of published tarballs.
    pub problems: Vec<ReportEntry>,
}

/// What a snapshot names, and how old it is.
#[derive(Debug, Serialize)]
pub struct SnapshotSummary {
    /// What it names.
    #[serde(flatten)]
    pub summary: Summary,
    /// The time since it was made, in seconds.
    pub age_seconds: u64,
}

/// Shows the status of a data directory at the time `now`, as text or as JSON.
///
/// # Errors
/// [`Error::Bug`] if the status cannot be written as JSON.
pub fn run(layout: &Layout, options: Options, now: Timestamp) -> Result<Output, Error> {
    let mut status = read(layout, now);
    status.too_old = options.max_age.and_then(|max_age| status.too_old(max_age, now));
    status.exit_status = status.exit_code();
    let text = if options.json {
        serde_json::to_string_pretty(&status).map_err(|error| Error::Bug(error.to_string()))?
    } else {
        Text { status: &status, layout, verbose: options.verbose, now }.to_string()
    };
    Ok(Output { text, exit_status: status.exit_status })
}

/// Reads the status of a data directory at the time `now`.
pub fn read(layout: &Layout, now: Timestamp) -> Status {
    let mut status = Status { version: VERSION, ..Status::default() };
    let read = |it: Snapshot| Ok((it.summary()?, problems(&it.documents()?)));
    match Snapshot::open(&layout.snapshot()).and_then(read) {
        Ok((summary, problems)) => {
            status.problems = problems;
            let age_seconds = seconds_since(&summary.generated_at, now);
            status.snapshot = Some(SnapshotSummary { summary, age_seconds });
        }
        Err(Unreadable::Missing) => {}
        Err(reason) => {
            let place = match reason {
                Unreadable::Inaccessible(_) => format!("{}: ", layout.snapshot().display()),
                _ => String::new(),
            };
            let is_node = layout.is_node().unwrap_or(false);
            status.damage = Some(format!("{place}{reason}; {}", reason.remedy(is_node)));
        }
    }
    // A damaged snapshot is told already.
    let published = match status.damage.is_some() && !layout.state().exists() {
        true => Catalogue::new(),
        false => State::look(layout),
    };
    status.incomplete = catalogue::records(&published)
        .flat_map(|(id, branch, record)| {
            record.missing.iter().map(move |missing| {
                ReportEntry::new(id.to_string(), Some(branch.to_string()), &missing.sentence())
            })
        })
        .collect();
    status.unreported = began::read(layout);
    status.last_cycle = Report::read(layout);
    if let Some(report) = &status.last_cycle {
        status.last_full.clone_from(&report.last_full);
        status.last_success.clone_from(&report.last_success);
        status.failing.clone_from(&report.failing);
    }
    status
}

fn problems(documents: &[Repository]) -> Vec<ReportEntry> {
    let mut problems = Vec::new();
    for document in documents {
        for (name, branch) in &document.branches {
            let repository = format!("{}/{}", document.kind, document.name);
            problems.extend(
                branch.problems.iter().map(|text| {
                    ReportEntry::new(repository.as_str(), Some(name.to_string()), text)
                }),
            );
        }
    }
    problems
}

/// The time since then. 0 for what is no time, and for the future.
fn seconds_since(time: &str, now: Timestamp) -> u64 {
    let time = time.parse::<Timestamp>().map_or(now, |time| time);
    u64::try_from(now.as_second() - time.as_second()).unwrap_or(0)
}

impl Status {
    /// Says why what is published is older than `max_age`, if it is. What counts is the last full cycle that succeeded,
    /// since a later cycle of a few repositories makes a new snapshot, too. Where no report tells of one, as on a node
    /// that has copies of the published files only, it is the snapshot.
    fn too_old(&self, max_age: SignedDuration, now: Timestamp) -> Option<String> {
        let snapshot = self.snapshot.as_ref()?;
        let knows_success = self.last_cycle.as_ref().is_some_and(|report| report.version > 0);
        let (what, time) = match &self.last_success {
            Some(success) => ("the last cycle that succeeded", &success.started_at),
            None if knows_success => return Some("no full cycle has succeeded yet".to_owned()),
            None => ("the snapshot", &snapshot.summary.generated_at),
        };
        let age = match time.parse::<Timestamp>() {
            Ok(time) => now.duration_since(time),
            Err(_) => SignedDuration::MAX,
        };
        if age < -CLOCKS_DIFFER {
            return Some(format!("{what} is of {time}, in the future: look at the clock"));
        }
        (age > max_age).then(|| format!("{what} is of {time}, more than {max_age:#} ago"))
    }

    /// The exit status: 1 if nothing is published or if it is too old, 3 if something fails, if the last cycle or the
    /// last full one published nothing, or if it was killed, otherwise 0.
    pub fn exit_code(&self) -> u8 {
        let last_cycle_failed =
            self.last_cycle.as_ref().is_some_and(|report| report.outcome == Outcome::Failed);
        let last_full_failed =
            self.last_full.as_ref().is_some_and(|cycle| cycle.outcome == Outcome::Failed);
        let was_killed = self.unreported.as_ref().is_some_and(|began| !began.running);
        let has_store_failed =
            |report: &Report| report.store.as_ref().is_some_and(|store| store.error.is_some());
        let store_failed = self.last_cycle.as_ref().is_some_and(has_store_failed);
        let fails = store_failed
            || last_cycle_failed
            || last_full_failed
            || was_killed
            || !self.failing.is_empty();
        match (&self.snapshot, &self.too_old, fails) {
            (None, ..) | (_, Some(_), _) => 1,
            (Some(_), None, true) => PARTLY_FAILED,
            (Some(_), None, false) => 0,
        }
    }
}

/// The status as text.
struct Text<'a> {
    status: &'a Status,
    layout: &'a Layout,
    verbose: bool,
    now: Timestamp,
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_published(f)?;
        self.write_cycles(f)?;
        self.write_failing(f)?;
        if self.verbose {
            let Status { incomplete, problems, .. } = self.status;
            write_list(f, "Incomplete tarballs:", incomplete)?;
            write_list(f, "Problems with their content:", problems)?;
        }
        Ok(())
    }
}

impl Text<'_> {
    fn write_published(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status { snapshot, damage, too_old, problems, .. } = self.status;
        match (snapshot, damage) {
            (_, Some(damage)) => writeln!(f, "The snapshot cannot be used: {damage}.")?,
            (None, None) => {
                let is_node = self.layout.is_node().unwrap_or(false);
                let command = if is_node { "pull" } else { "sync" };
                let root = self.layout.root().display();
                writeln!(f, "Nothing is published yet in {root}; run `tardist {command}`.")?;
            }
            (Some(SnapshotSummary { summary: it, .. }), None) => {
                writeln!(
                    f,
                    "Published at {} ({}): {} extensions, {} skins, {} tarballs with {} in total.",
                    it.generated_at,
                    self.ago(&it.generated_at),
                    it.extensions,
                    it.skins,
                    it.tarballs,
                    progress::bytes(it.bytes)
                )?;
                if it.incomplete > 0 || !problems.is_empty() {
                    let hint = if self.verbose { "" } else { "; -v names them" };
                    let (incomplete, problems) = (it.incomplete, problems.len());
                    writeln!(
                        f,
                        "{incomplete} tarballs are incomplete, {problems} problems with content{hint}."
                    )?;
                }
            }
        }
        match too_old {
            Some(reason) => writeln!(f, "That is too old: {reason}."),
            None => Ok(()),
        }
    }

    fn write_cycles(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Status { last_cycle, last_full, last_success, unreported, .. } = self.status;
        if let Some(report) = last_cycle {
            let time = self.ago(&report.started_at);
            let status = report.exit_status;
            write!(
                f,
                "The last cycle began at {} ({time}), exit status {status}",
                report.started_at
            )?;
            if !report.is_full() {
                write!(f, ", only {} repositories", report.only.len())?;
            }
            match &report.error {
                Some(error) => writeln!(f, ": {}", self.shown(error, SHOWN_OF_ERROR))?,
                None if self.verbose => writeln!(f, ": {}", report.without_failures())?,
                None => writeln!(f, ": {}", report.headline())?,
            }
            if let Some(store) = &report.store
                && !self.verbose
                && let Some(failure) = store.failure()
            {
                writeln!(f, "{}: {}", store.url, self.shown(&failure, SHOWN_OF_ERROR))?;
            }
            for note in report.notes.iter().filter(|_| !self.verbose) {
                writeln!(f, "{}", self.shown(note, SHOWN_OF_ERROR))?;
            }
        }
        if let Some(full) = last_full
            && last_cycle.as_ref().is_none_or(|report| !report.is_full())
        {
            let (began, time) = (&full.started_at, self.ago(&full.started_at));
            write!(f, "The last full cycle began at {began} ({time})")?;
            match (full.exit_status, &full.error) {
                (Some(status), Some(error)) => {
                    writeln!(f, ", exit status {status}: {}", self.shown(error, SHOWN_OF_ERROR))?;
                }
                (Some(status), None) => writeln!(f, ", exit status {status}.")?,
                (None, _) => writeln!(f, " and was killed.")?,
            }
        }
        if let Some(success) = last_success
            && last_full != last_success
        {
            let (began, time) = (&success.started_at, self.ago(&success.started_at));
            writeln!(f, "The last full cycle that succeeded began at {began} ({time}).")?;
        }
        match unreported {
            Some(began) if began.running => {
                writeln!(f, "A cycle has been running since {}.", began.started_at)
            }
            Some(began) => writeln!(
                f,
                "A cycle began at {} and never reported: it was killed, the machine went down, or the disk was \
                 full. What was published stands; the next cycle does what it left.",
                began.started_at
            ),
            None => Ok(()),
        }
    }

    fn write_failing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let failing = &self.status.failing;
        if failing.is_empty() {
            return Ok(());
        }
        writeln!(f, "{}", heading(failing.len(), self.status.snapshot.is_some()))?;
        let shown = match self.verbose {
            true => failing.iter().collect(),
            false => {
                first_of_each(failing, |it| &it.entry.repository, SHOWN_OF_EACH, SHOWN_FAILURES)
            }
        };
        for Failing { entry, since } in &shown {
            writeln!(f, "  since {since}: {}", self.shown(&entry.to_string(), SHOWN_OF_FAILURE))?;
        }
        match failing.len().checked_sub(shown.len()) {
            Some(more @ 1..) => writeln!(f, "  and {more} more; -v names them"),
            _ => Ok(()),
        }
    }

    fn ago(&self, time: &str) -> String {
        let seconds = seconds_since(time, self.now);
        format!("{} ago", progress::duration(Duration::from_secs(seconds)))
    }

    /// A text that may be long, in one line and shortened, unless all is wanted.
    fn shown(&self, text: &str, at_each_end: usize) -> String {
        if self.verbose {
            return text.to_owned();
        }
        let line: Vec<char> = text.trim().replace('\n', " ").chars().collect();
        match line.len().checked_sub(2 * at_each_end) {
            Some(1..) => {
                let (start, end) = (&line[..at_each_end], &line[line.len() - at_each_end..]);
                format!("{} … {}", String::from_iter(start), String::from_iter(end))
            }
            _ => String::from_iter(line),
        }
    }
}

fn write_list(f: &mut fmt::Formatter<'_>, heading: &str, entries: &[ReportEntry]) -> fmt::Result {
    if !entries.is_empty() {
        writeln!(f, "{heading}")?;
    }
    entries.iter().try_for_each(|entry| writeln!(f, "  {entry}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: &str = "2026-08-06T09:30:00Z";

    fn entry(number: usize) -> ReportEntry {
        let repository = format!("extensions/E{number}");
        ReportEntry { repository, branch: None, text: "long ".repeat(200) }
    }

    /// All that can go wrong, in a large catalogue.
    fn bad() -> Status {
        let ended = |time: &str| Ended { started_at: time.to_owned(), ..Ended::default() };
        let failing: Vec<Failing> = (0..300)
            .map(|number| Failing { entry: entry(number), since: TIME.to_owned() })
            .collect();
        let report = Report {
            started_at: TIME.to_owned(),
            error: Some("a long text\n".repeat(100)),
            only: vec!["skins/A".to_owned()],
            ..Report::default()
        };
        let summary =
            Summary { generated_at: TIME.to_owned(), incomplete: 3, ..Summary::default() };
        Status {
            snapshot: Some(SnapshotSummary { summary, age_seconds: 7 }),
            too_old: Some("it is".to_owned()),
            last_cycle: Some(report),
            last_full: Some(ended(TIME)),
            last_success: Some(ended("2026-08-05T09:30:00Z")),
            unreported: Some(Began { started_at: TIME.to_owned(), full: true, running: false }),
            failing,
            incomplete: (0..300).map(entry).collect(),
            problems: (0..300).map(entry).collect(),
            ..Status::default()
        }
    }

    fn text(status: &Status, verbose: bool) -> String {
        Text {
            status,
            layout: &Layout::new("data".as_ref()),
            verbose,
            now: "2026-08-06T10:30:00Z".parse().unwrap(),
        }
        .to_string()
    }

    #[test]
    fn the_worst_status_has_half_a_screen_and_all_of_it_comes_with_a_flag() {
        let status = bad();
        let short = text(&status, false);
        assert!(short.lines().count() <= 16, "{short}");
        assert!(short.chars().count() < 3000, "{short}");
        for says in ["60 min ago", "3 tarballs are incomplete, 300 problems", "and 295 more"] {
            assert!(short.contains(says), "{says} is not in:\n{short}");
        }
        let long = text(&status, true);
        assert_eq!(long.matches("extensions/E299: ").count(), 3, "{long}");
        assert!(!long.contains('…'), "{long}");
    }

    #[test]
    fn a_snapshot_that_cannot_be_read_is_told_with_its_path_and_the_error_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let path = Layout::new(folder.path()).snapshot();
        std::os::unix::fs::symlink(&path, &path).unwrap();
        let status = read(&Layout::new(folder.path()), Timestamp::UNIX_EPOCH);
        let told = text(&status, false);
        let says = format!("{}: it cannot be read: Too many levels", path.display());
        assert!(told.contains(&says) && !told.contains("Nothing is published"), "{told}");
        assert_eq!(status.exit_code(), 1);
    }

    #[test]
    fn what_is_too_old_weighs_more_than_what_fails() {
        let mut status = bad();
        assert_eq!(status.exit_code(), 1);
        status.too_old = None;
        assert_eq!(status.exit_code(), 3);
        status.failing.clear();
        status.unreported = None;
        assert_eq!(status.exit_code(), 3, "the last cycle published nothing");
        status.last_cycle = None;
        assert_eq!(status.exit_code(), 3, "the last full cycle published nothing");
        status.last_full = None;
        assert_eq!(status.exit_code(), 0);
        status.snapshot = None;
        assert_eq!(status.exit_code(), 1);
    }
}
