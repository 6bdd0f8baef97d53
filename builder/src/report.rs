//! The report of a cycle: what was done, what failed, what was wrong with the content. It is told
//! at the cycle's end and kept in `report.json` for `tardist status`. Pure.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What one cycle did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What failed; the earlier tarballs stand.
    pub failures: Vec<Remark>,
    /// What was wrong with the content of tarballs that were made all the same.
    pub problems: Vec<Remark>,
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
pub struct Remark {
    /// `extensions/NAME`.
    pub repository: String,
    /// The branch, where it is about one.
    pub branch: Option<String>,
    /// What there is to say.
    pub text: String,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.branch {
            Some(branch) => write!(f, "{} {branch}: {}", self.repository, self.text),
            None => write!(f, "{}: {}", self.repository, self.text),
        }
    }
}

impl Report {
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
        let seconds = self.duration_ms / 1000;
        let tenths = self.duration_ms % 1000 / 100;
        match self.outcome {
            Outcome::Failed => write!(f, "nothing was published; the earlier snapshot stands")?,
            Outcome::Unchanged => write!(f, "nothing new")?,
            Outcome::Published => write!(f, "published")?,
        }
        write!(
            f,
            ": {} repositories listed, {} tarballs made, {} kept, {} retired, {} removed; \
             {} requests, {seconds}.{tenths} s",
            self.listed, self.built, self.kept, self.retired, self.removed, self.requests
        )?;
        if !self.failures.is_empty() {
            write!(f, "\n{} failed, and what they had before stands:", self.failures.len())?;
            for failure in &self.failures {
                write!(f, "\n  {failure}")?;
            }
        }
        Ok(())
    }
}
