//! The report of a cycle: what was done, what failed, and problems with the content.
//!
//! It is saved as `report.json` for `tardist status` and for scripts. `text` is what people read of it.

mod text;

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

pub use text::{first_of_each, heading};

use crate::{
    data_dir::layout::Layout,
    error::{Error, NO_SPACE_TEXTS, OUT_OF_SPACE, PARTLY_FAILED, is_disguise},
    snapshot::Summary,
};

/// The version of the form of `report.json`. It is raised when a key gets another meaning or goes, not when one is
/// added.
pub const VERSION: u32 = 1;

/// The report of one cycle. These are the keys of `report.json`, which `docs/report.schema.json` describes.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)] // a report of an earlier version has fewer keys
pub struct Report {
    /// The version of its form: [`VERSION`]. 0 for reports of before there was one.
    pub version: u32,
    /// When the cycle began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How the cycle ended.
    pub outcome: Outcome,
    /// What was published to the object store. `null` without the setting `store`, or if nothing was published here.
    pub store: Option<StoreReport>,
    /// The error that ended the cycle before it could publish, or before it could publish all.
    pub error: Option<String>,
    /// The exit status of `tardist sync`: 0 for success, 3 if some repositories failed, 6 if something could not be
    /// written because the disk is full, and what [`Error::exit_status`] says of an `error`.
    pub exit_status: u8,
    /// How many snapshots the cycle published. More than one if the cycle took longer than the setting `publish-every`.
    pub publications: usize,
    /// The repositories that `--only` on the command line chose. Empty for a full cycle: one of all repositories, or of
    /// those that the configuration chooses.
    pub only: Vec<String>,
    /// What is published after the cycle. `null` if nothing is, or if it cannot be read.
    pub snapshot: Option<Summary>,
    /// How the last full cycle ended: this one, if it is full. `null` if that is not known.
    pub last_full: Option<Ended>,
    /// The last full cycle that succeeded: its exit status was 0 or 3. `null` if that is not known.
    pub last_success: Option<Ended>,
    /// How many repositories the upstreams list.
    pub listed: usize,
    /// Those that the upstreams told of, if one could not be asked: then nothing is known of the others.
    #[serde(skip)]
    pub seen: Option<BTreeSet<String>>,
    /// How many tarballs were made.
    pub built: usize,
    /// How many tarballs stay as they were.
    pub kept: usize,
    /// How many tarballs the snapshot no longer names, because of a newer commit, or because the branch or
    /// repository is no longer listed.
    pub retired: usize,
    /// What was published before and is no longer.
    pub withdrawn: Vec<ReportEntry>,
    /// The branches that are distributed, newest first.
    pub branches: Vec<String>,
    /// Those of them of which MediaWiki has no release yet.
    pub unreleased: Vec<String>,
    /// What an operator should know of the branches: which are not distributed any more because there are newer ones,
    /// and whether it could be found out which there are.
    pub notes: Vec<String>,
    /// How many tarballs wait for a later cycle to be made again with changed settings.
    pub waiting: usize,
    /// How many tarballs were removed after their grace period.
    pub removed: usize,
    /// How many HTTP requests were sent.
    pub requests: u64,
    /// How many bytes were received in HTTP responses.
    pub received: u64,
    /// The most memory that the process used, in bytes. Known on Linux only.
    pub peak_memory: Option<u64>,
    /// How long each step took.
    pub times: Times,
    /// The tarballs that were made: `KIND/NAME-BRANCH-SHA7.tar.gz`.
    pub made: Vec<String>,
    /// The repositories that took longest, the longest first.
    pub slowest: Vec<SlowRepository>,
    /// Repositories and branches that failed in this cycle. Their earlier tarballs stay published.
    pub failures: Vec<ReportEntry>,
    /// All repositories and branches that fail, each with the time since when: those of this cycle, and those of earlier
    /// ones that this cycle did not try.
    pub failing: Vec<Failing>,
    /// Problems with the content of tarballs that were made in spite of them.
    pub problems: Vec<ReportEntry>,
}

/// How a cycle ended.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Ended {
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took, in milliseconds. `null` if it was killed.
    pub duration_ms: Option<u64>,
    /// How it ended.
    pub outcome: Outcome,
    /// Its exit status. `null` if it was killed.
    pub exit_status: Option<u8>,
    /// The error that ended it.
    pub error: Option<String>,
}

/// A repository or branch that fails, and since when.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Failing {
    /// What failed, as the last cycle that tried it says.
    #[serde(flatten)]
    pub entry: ReportEntry,
    /// When the first cycle began of those in which it failed without a pause: RFC 3339, UTC.
    pub since: String,
}

/// What became of the object store in a cycle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct StoreReport {
    /// Its URL.
    pub url: String,
    /// The number of the publication that is there as far as is known.
    pub serial: u64,
    /// True if a new pointer was written.
    pub is_new: bool,
    /// How many objects were uploaded besides the pointer.
    pub uploaded: usize,
    /// Their size in bytes.
    pub uploaded_bytes: u64,
    /// How many objects were removed after their grace period.
    pub removed: usize,
    /// How many HTTP requests were sent.
    pub requests: u64,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// Why it failed. What was published there before stays.
    pub error: Option<String>,
}

/// How long the steps of a cycle took, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// Listing the repositories of the upstreams.
    pub listing_ms: u64,
    /// Fetching and making tarballs: the elapsed time.
    pub working_ms: u64,
    /// Fetching: the sum over all threads.
    pub fetching_ms: u64,
    /// Making tarballs: the sum over all threads.
    pub building_ms: u64,
    /// Writing the snapshot, and removing old tarballs.
    pub publishing_ms: u64,
}

/// One of the repositories that took longest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowRepository {
    /// The id of the repository: `extensions/NAME`.
    pub repository: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What came out of a cycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing could be published. The earlier snapshot stays.
    #[default]
    Failed,
    /// Nothing was new. The earlier snapshot stays.
    Unchanged,
    /// A new snapshot was published.
    Published,
}

/// A failure or problem of one repository, or of one of its branches.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportEntry {
    /// The id of the repository: `extensions/NAME`.
    pub repository: String,
    /// The branch, if it concerns only one.
    pub branch: Option<String>,
    /// What failed or is wrong.
    pub text: String,
}

impl ReportEntry {
    /// An entry for the operator's eyes: what does not show itself becomes a space, and a long text is cut.
    /// Content and servers decide what is in it.
    pub fn new(repository: impl Into<String>, branch: Option<String>, text: &str) -> Self {
        let mut repository = repository.into();
        if repository.len() > MAX_ENTRY_NAME {
            repository.truncate(repository.floor_char_boundary(MAX_ENTRY_NAME));
            repository.push('…');
        }
        let end = text.floor_char_boundary(MAX_ENTRY_TEXT);
        let mut shown = text[..end].replace(is_disguise, " ");
        if end < text.len() {
            shown.push('…');
        }
        Self { repository: repository.replace(is_disguise, " "), branch, text: shown }
    }

    /// True if a failure says that the disk is full. It came from another process, as a text, in which content and servers
    /// may quote themselves: so only how our own texts begin and end counts.
    pub fn says_full_disk(&self) -> bool {
        let text = &self.text;
        let is_kept_free = text.starts_with("was not done: ") && text.contains(KEPT_FREE);
        let is_of_system = SYSTEM_ERRORS.iter().any(|end| text.ends_with(end));
        is_kept_free || is_of_system && NO_SPACE_TEXTS.iter().any(|it| text.contains(it))
    }
}

/// What a failure says if the setting `keep-free` does not allow the work.
const KEPT_FREE: &str = "have to stay free";

/// What to do about a full disk.
const NO_SPACE: &str = "; there is no space on the disk: `tardist gc` frees some, and with a shorter grace (setting \
                        grace) old tarballs go sooner";

/// The longest text of an entry in bytes, and the longest name. A branch may lack 50 things, each with its reason.
const MAX_ENTRY_TEXT: usize = 4_000;
const MAX_ENTRY_NAME: usize = 300;

/// How many of the slowest repositories are in the report.
const MAX_SLOW: usize = 10;

/// How the errors of a full disk end: those of Rust, and those that libgit2 takes from the system.
const SYSTEM_ERRORS: [&str; 3] = ["(os error 28)", "(os error 122)", "class=Os (2)"];

impl Report {
    /// Reads the report of the last cycle. `None` if it does not exist or cannot be read.
    pub fn read(layout: &Layout) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(layout.report()).ok()?).map(Self::upgraded).ok()
    }

    /// A report of before there were versions says of no failure since when.
    fn upgraded(mut self) -> Self {
        if self.version == 0 {
            let since = |entry: &ReportEntry| Failing {
                entry: entry.clone(),
                since: self.started_at.clone(),
            };
            self.failing = self.failures.iter().map(since).collect();
        }
        self
    }

    /// True if the cycle was not limited by `--only` on the command line.
    pub fn is_full(&self) -> bool {
        self.only.is_empty()
    }

    /// Notes how long the work on a repository took, in milliseconds.
    pub fn took(&mut self, repository: String, duration_ms: u64) {
        let at = self.slowest.partition_point(|slow| slow.duration_ms >= duration_ms);
        self.slowest.insert(at, SlowRepository { repository, duration_ms });
        self.slowest.truncate(MAX_SLOW);
    }

    /// Notes the error that ended the cycle, its exit status, and what to do about a full disk.
    ///
    /// Where no tarball could be made because there is no room, the full disk is the cause, not that there is nothing
    /// to publish.
    pub fn end(&mut self, error: &Error) {
        let has_no_room = matches!(error, Error::NothingToPublish)
            && self.status_of_failures() == OUT_OF_SPACE
            || error.is_out_of_space();
        self.outcome = Outcome::Failed;
        self.note_error(error, has_no_room);
    }

    /// Notes that this report cannot be written. An error that ended the cycle says more.
    pub fn is_not_saved(&mut self, error: &Error) {
        if self.error.is_none() {
            self.note_error(error, error.is_out_of_space());
        } else {
            tracing::error!("{error}");
        }
    }

    fn note_error(&mut self, error: &Error, has_no_room: bool) {
        self.exit_status = if has_no_room { OUT_OF_SPACE } else { error.exit_status() };
        let hint = if has_no_room { NO_SPACE } else { "" };
        self.error = Some(format!("{error}{hint}"));
    }

    /// The exit status of a cycle that was not ended by an error.
    pub fn status_of_failures(&self) -> u8 {
        let has_store_failed = self.store.as_ref().is_some_and(|store| store.error.is_some());
        match self.failures.as_slice() {
            [] if !has_store_failed => 0,
            failures if failures.iter().any(ReportEntry::says_full_disk) => OUT_OF_SPACE,
            _ => PARTLY_FAILED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_of_an_earlier_version_is_read() {
        let text = r#"{"started_at": "2026-08-06T09:30:00Z", "duration_ms": 7, "outcome": "published",
            "error": null, "listed": 3, "built": 2, "kept": 1, "retired": 0, "removed": 0,
            "requests": 9, "failures": [], "problems": []}"#;
        let report: Report = serde_json::from_str(text).unwrap();
        assert_eq!((report.built, report.received, report.outcome), (2, 0, Outcome::Published));
    }

    #[test]
    fn a_full_disk_is_told_from_a_text_that_speaks_of_one() {
        let mut report = Report::default();
        let failure = |number| ReportEntry::new(format!("skins/S{number}"), None, "down");
        report.failures = (0..5).map(failure).collect();
        assert_eq!(report.status_of_failures(), 3);
        report.failures[3].text =
            "cannot write /x: No space left on device (os error 28)".to_owned();
        assert_eq!(report.status_of_failures(), 6);
        for quoted in [
            "the file No space left on device has more than 67108864 bytes",
            "cannot fetch x: remote error: No space left on device; class=Net (12)",
            "the server says: have to stay free",
        ] {
            report.failures[3].text = quoted.to_owned();
            assert_eq!(report.status_of_failures(), 3, "{quoted}");
        }
    }

    #[test]
    fn the_slowest_repositories_are_kept() {
        let mut report = Report::default();
        for (id, time) in [("skins/A", 100), ("skins/B", 3000), ("skins/C", 9000)] {
            report.took(id.to_owned(), time);
        }
        for number in 0..100 {
            report.took(number.to_string(), number);
        }
        assert_eq!(report.slowest.len(), MAX_SLOW);
        assert_eq!(report.slowest[0].repository, "skins/C");
    }
}
