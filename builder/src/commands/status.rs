//! `tardist status`: shows what is published, and the report of the last cycle. Changes nothing.

use std::{fmt, time::Duration};

use jiff::Timestamp;
use serde::Serialize;
use tardist_contract::{Kind, document::Repository};

use crate::{
    Error, catalogue,
    commands::output::Output,
    cycle::{
        began::{self, Began},
        report::{Outcome, Report, ReportEntry},
    },
    data_dir::layout::Layout,
    progress,
    snapshot::{Snapshot, Unreadable},
    state::State,
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
    /// Why the published snapshot cannot be read. `null` if it can, or if there is none.
    pub damage: Option<String>,
    /// What is missing from incomplete tarballs, and why.
    pub incomplete: Vec<ReportEntry>,
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
    /// The number of tarballs from which something is missing.
    pub incomplete: usize,
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
    match Snapshot::open(&layout.snapshot()).and_then(|it| Ok((it.documents()?, it))) {
        Ok((documents, snapshot)) => {
            status.problems = problems(&documents);
            status.snapshot = Some(summary(&documents, snapshot.generated_at, now));
        }
        Err(Unreadable::Missing) => {}
        Err(reason) => status.damage = Some(reason.to_string()),
    }
    let published = State::look(layout);
    status.incomplete = catalogue::tarballs(&published)
        .flat_map(|(id, branch, _, record)| {
            record.missing.iter().map(move |missing| ReportEntry {
                repository: id.to_string(),
                branch: Some(branch.to_string()),
                text: format!("{}: {}", missing.public, missing.reason),
            })
        })
        .collect();
    status.unreported = began::read(layout);
    status.last_cycle = Report::read(layout);
    status
}

fn problems(documents: &[Repository]) -> Vec<ReportEntry> {
    let mut problems = Vec::new();
    for document in documents {
        for (name, branch) in &document.branches {
            problems.extend(branch.problems.iter().map(|text| ReportEntry {
                repository: format!("{}/{}", document.kind, document.name),
                branch: Some(name.to_string()),
                text: text.clone(),
            }));
        }
    }
    problems
}

fn summary(documents: &[Repository], generated_at: i64, now: Timestamp) -> SnapshotSummary {
    let count = |kind| documents.iter().filter(|document| document.kind == kind).count();
    let branches = || documents.iter().flat_map(|document| document.branches.values());
    SnapshotSummary {
        generated_at: Timestamp::from_second(generated_at).unwrap_or_default().to_string(),
        age_seconds: u64::try_from(now.as_second() - generated_at).unwrap_or(0),
        extensions: count(Kind::Extensions),
        skins: count(Kind::Skins),
        tarballs: branches().count(),
        bytes: branches().map(|branch| branch.tarball.size).sum(),
        incomplete: branches().filter(|branch| !branch.complete).count(),
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(damage) = &self.damage {
            writeln!(f, "The snapshot cannot be used: {damage}. `tardist sync` writes it anew.")?;
        }
        match &self.snapshot {
            None if self.damage.is_some() => {}
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
        if !self.incomplete.is_empty() {
            writeln!(f, "Incomplete tarballs:")?;
            for missing in &self.incomplete {
                writeln!(f, "  {missing}")?;
            }
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
