//! `tardist status`: shows what is published, and the report of the last cycle. Changes nothing.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use tardist_contract::Kind;

use crate::{
    Error, catalogue,
    commands::output::Output,
    cycle::{
        began::{self, Began},
        report::{Outcome, Report, ReportEntry},
    },
    data_dir::layout::Layout,
    progress,
    snapshot::Snapshot,
};

/// The status. These are the keys of `tardist status --json`.
#[derive(Debug, Default, Serialize)]
pub struct Status {
    /// The published snapshot. `null` if there is none.
    pub snapshot: Option<SnapshotSummary>,
    /// The report of the last cycle. `null` if there was none.
    pub last_cycle: Option<Report>,
    /// The cycle that began and has not reported yet. `null` if the last one has.
    pub unreported: Option<Began>,
    /// Problems with the content of published tarballs.
    pub problems: Vec<ReportEntry>,
}

/// What a snapshot names.
#[derive(Debug, Serialize)]
pub struct SnapshotSummary {
    /// When the snapshot was made: RFC 3339, UTC.
    pub generated_at: String,
    /// The time since then, in seconds.
    pub age_seconds: u64,
    /// The number of extensions.
    pub extensions: usize,
    /// The number of skins.
    pub skins: usize,
    /// The number of tarballs.
    pub tarballs: usize,
    /// The size of all tarballs together, in bytes.
    pub bytes: u64,
}

/// Shows the status of a data directory at the time `now`, as text or as JSON.
///
/// # Errors
/// [`Error::Bug`] if the status cannot be written as JSON.
pub fn run(layout: &Layout, json: bool, now: Timestamp) -> Result<Output, Error> {
    let status = read(layout, now);
    let text = if json {
        serde_json::to_string_pretty(&status).map_err(|error| Error::Bug(error.to_string()))?
    } else {
        status.to_string()
    };
    Ok(Output { text, exit_status: status.exit_code() })
}

/// Reads the status of a data directory at the time `now`.
pub fn read(layout: &Layout, now: Timestamp) -> Status {
    let mut status = Status::default();
    if let Some(snapshot) = Snapshot::load(&layout.snapshot()) {
        let count = |kind| snapshot.catalogue.keys().filter(|id| id.kind == kind).count();
        let tarballs = || catalogue::tarballs(&snapshot.catalogue);
        status.problems = tarballs()
            .flat_map(|(id, branch, _, record)| {
                record.problems.iter().map(move |text| ReportEntry {
                    repository: id.to_string(),
                    branch: Some(branch.to_string()),
                    text: text.clone(),
                })
            })
            .collect();
        status.snapshot = Some(SnapshotSummary {
            generated_at: Timestamp::from_second(snapshot.generated_at)
                .unwrap_or_default()
                .to_string(),
            age_seconds: u64::try_from(now.as_second() - snapshot.generated_at).unwrap_or(0),
            extensions: count(Kind::Extensions),
            skins: count(Kind::Skins),
            tarballs: tarballs().count(),
            bytes: tarballs().map(|(_, _, _, record)| record.size).sum(),
        });
    }
    status.unreported = began::read(layout);
    status.last_cycle = Report::read(layout);
    status
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.snapshot {
            None => writeln!(f, "Nothing is published yet; run `tardist sync`.")?,
            Some(s) => writeln!(
                f,
                "Published at {} ({} ago): {} extensions, {} skins, {} tarballs with {} in total.",
                s.generated_at,
                progress::duration(Duration::from_secs(s.age_seconds)),
                s.extensions,
                s.skins,
                s.tarballs,
                progress::bytes(s.bytes)
            )?,
        }
        if !self.problems.is_empty() {
            writeln!(f, "Problems with their content:")?;
            for problem in &self.problems {
                writeln!(f, "  {problem}")?;
            }
        }
        if let Some(report) = &self.last_cycle {
            write!(f, "The last cycle began at {}", report.started_at)?;
            match &report.error {
                Some(error) => writeln!(f, " and failed: {error}")?,
                None => writeln!(f, ". {report}")?,
            }
        }
        match &self.unreported {
            Some(began) if began.running => {
                writeln!(f, "A cycle is running since {}.", began.started_at)?;
            }
            Some(began) => writeln!(
                f,
                "A cycle began at {} and never reported: it was killed, or the machine went down. What was \
                 published stands; the next cycle does what it left.",
                began.started_at
            )?,
            None => {}
        }
        Ok(())
    }
}

impl Status {
    /// The exit status: 1 if nothing is published, 3 if something failed in the last cycle, or if it was
    /// killed, otherwise 0.
    pub fn exit_code(&self) -> u8 {
        let last_cycle_failed = self
            .last_cycle
            .as_ref()
            .is_some_and(|report| report.outcome == Outcome::Failed || !report.failures.is_empty());
        let was_killed = self.unreported.as_ref().is_some_and(|began| !began.running);
        match (&self.snapshot, last_cycle_failed || was_killed) {
            (None, _) => 1,
            (Some(_), true) => 3,
            (Some(_), false) => 0,
        }
    }
}
