//! The report of a cycle: what was done, what failed, what was wrong with the content. It is told
//! at the cycle's end and kept in `report.json` for `tardist status`.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{data_dir::layout::Layout, progress};

/// What one cycle did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)] // one of an earlier version is read all the same
pub struct Report {
    /// When it began: RFC 3339, UTC.
    pub started_at: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
    /// How it ended.
    pub outcome: Outcome,
    /// What ended it before it could publish.
    pub error: Option<String>,
    /// Repositories that upstream lists.
    pub listed: usize,
    /// Tarballs that were made.
    pub built: usize,
    /// Tarballs that stay as they were.
    pub kept: usize,
    /// Tarballs that are no longer named, because their commit, branch or repository is replaced or
    /// gone.
    pub retired: usize,
    /// Tarballs that were removed after their grace period.
    pub removed: usize,
    /// HTTP requests that were sent.
    pub requests: u64,
    /// Bytes of answers that came.
    pub received: u64,
    /// The most memory that the process took until the cycle's end, in bytes, where the system tells.
    pub peak_memory: Option<u64>,
    /// Where the time went.
    pub times: Times,
    /// The tarballs that were made: `extensions/NAME-BRANCH-SHA7.tar.gz`.
    pub made: Vec<String>,
    /// The repositories that took longest, the longest first.
    pub slowest: Vec<SlowRepository>,
    /// What failed; the earlier tarballs stand.
    pub failures: Vec<ReportEntry>,
    /// What was wrong with the content of tarballs that were made all the same.
    pub problems: Vec<ReportEntry>,
}

/// Where a cycle's time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Times {
    /// Asking upstream for its list.
    pub listing_ms: u64,
    /// Fetching and building, by the clock.
    pub working_ms: u64,
    /// Fetching, the threads' times together.
    pub fetching_ms: u64,
    /// Making tarballs, the threads' times together.
    pub building_ms: u64,
    /// Writing the snapshot, and removing old tarballs.
    pub publishing_ms: u64,
}

/// A repository that took long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlowRepository {
    /// `extensions/NAME`.
    pub repository: String,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// How a cycle ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// Nothing could be published; the earlier snapshot stands.
    #[default]
    Failed,
    /// There was nothing new; the snapshot stands as it was.
    Unchanged,
    /// A new snapshot is in place.
    Published,
}

/// Something about one repository, or one branch of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ReportEntry {
    /// `extensions/NAME`.
    pub repository: String,
    /// The branch, where it is about one.
    pub branch: Option<String>,
    /// What there is to say.
    pub text: String,
}

impl fmt::Display for ReportEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.branch {
            Some(branch) => write!(f, "{} {branch}: {}", self.repository, self.text),
            None => write!(f, "{}: {}", self.repository, self.text),
        }
    }
}

/// How many of the slowest repositories are kept.
const MAX_SLOW: usize = 10;

/// How many of the slowest repositories are told, and from how many milliseconds on.
const SHOWN_SLOW: (usize, u64) = (3, 2000);

/// Up to how many made tarballs are told by name; the report in JSON has all.
const SHOWN_MADE: usize = 10;

impl Report {
    /// Reads the last cycle's report; `None` where there is none that can be read.
    pub fn read(layout: &Layout) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(layout.report()).ok()?).ok()
    }

    /// Notes how long a repository took.
    pub fn took(&mut self, repository: String, duration_ms: u64) {
        let at = self.slowest.partition_point(|slow| slow.duration_ms >= duration_ms);
        self.slowest.insert(at, SlowRepository { repository, duration_ms });
        self.slowest.truncate(MAX_SLOW);
    }

    /// The exit status: 0 all well, 1 nothing was published, 3 some repositories failed.
    pub fn exit_code(&self) -> u8 {
        match self.outcome {
            Outcome::Failed => 1,
            _ if self.failures.is_empty() => 0,
            _ => 3,
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.outcome {
            Outcome::Failed => write!(f, "nothing was published; the earlier snapshot stands")?,
            Outcome::Unchanged => write!(f, "nothing new")?,
            Outcome::Published => write!(f, "published")?,
        }
        write!(
            f,
            ": {} repositories listed, {} tarballs made, {} kept, {} retired, {} removed; \
             {} requests, {} received, {}",
            self.listed,
            self.built,
            self.kept,
            self.retired,
            self.removed,
            self.requests,
            progress::bytes(self.received),
            seconds(self.duration_ms)
        )?;
        self.details(f)?;
        if !self.failures.is_empty() {
            write!(f, "\n{} failed, and what they had before stands:", self.failures.len())?;
            for failure in &self.failures {
                write!(f, "\n  {failure}")?;
            }
        }
        Ok(())
    }
}

impl Report {
    /// What was made, and where time and memory went, where there was anything to do.
    fn details(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.made.is_empty() {
            write!(f, "\nmade: {}", self.made[..self.made.len().min(SHOWN_MADE)].join(", "))?;
            if self.made.len() > SHOWN_MADE {
                write!(f, " and {} more", self.made.len() - SHOWN_MADE)?;
            }
            let Times { listing_ms, working_ms, fetching_ms, building_ms, publishing_ms } =
                self.times;
            write!(
                f,
                "\ntime: listing {}, fetching and building {} (on all threads {} and {}), publishing {}",
                seconds(listing_ms),
                seconds(working_ms),
                seconds(fetching_ms),
                seconds(building_ms),
                seconds(publishing_ms)
            )?;
            if let Some(peak) = self.peak_memory {
                write!(f, "; memory at most {}", progress::bytes(peak))?;
            }
        }
        let (count, least) = SHOWN_SLOW;
        let slow = self.slowest.iter().take(count).filter(|slow| slow.duration_ms >= least);
        let slow = slow.map(|slow| format!("{} {}", slow.repository, seconds(slow.duration_ms)));
        let slow: Vec<String> = slow.collect();
        if !slow.is_empty() {
            write!(f, "\nslowest: {}", slow.join(", "))?;
        }
        Ok(())
    }
}

/// "12.3 s"
fn seconds(millis: u64) -> String {
    format!("{}.{} s", millis / 1000, millis % 1000 / 100)
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
    fn it_names_what_was_made_what_was_slow_and_what_failed() {
        let mut report = Report {
            outcome: Outcome::Published,
            duration_ms: 12_345,
            received: 35_200_000,
            built: 12,
            peak_memory: Some(99_000_000),
            made: (0..12).map(|number| format!("skins/S{number}-master-0123456.tar.gz")).collect(),
            ..Report::default()
        };
        for (id, time) in [("skins/A", 100), ("skins/B", 3000), ("skins/C", 9000)] {
            report.took(id.to_owned(), time);
        }
        let branch = Some("REL1_45".to_owned());
        let text = "no".to_owned();
        report.failures.push(ReportEntry { repository: "skins/X".to_owned(), branch, text });
        let told = report.to_string();
        for says in [
            "published: ",
            "35.2 MB received, 12.3 s",
            "made: skins/S0-master-0123456.tar.gz, ",
            "skins/S9-master-0123456.tar.gz and 2 more",
            "memory at most 99.0 MB",
            "slowest: skins/C 9.0 s, skins/B 3.0 s\n",
            "skins/X REL1_45: no",
        ] {
            assert!(told.contains(says), "{says} is not in:\n{told}");
        }
        for number in 0..100 {
            report.took(number.to_string(), number);
        }
        assert_eq!(report.slowest.len(), MAX_SLOW);
        assert_eq!(report.slowest[0].repository, "skins/C");
    }
}
