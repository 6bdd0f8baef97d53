//! The numbers of a cycle for Prometheus, as a file for node_exporter's collector textfile.

use std::path::Path;

use jiff::Timestamp;
use tardist_contract::metrics::{Gauges, SnapshotGauges};

use crate::{
    Error,
    cycle::report::{Ended, Report},
    data_dir::atomic,
};

/// Writes the file. It appears whole, and all users can read it.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub(super) fn write(path: &Path, report: &Report) -> Result<(), Error> {
    let text = text(report);
    atomic::put(path, |out| Ok(out.write_all(text.as_bytes())))
}

/// The numbers of a cycle. What is not known is left out.
fn text(report: &Report) -> String {
    let mut gauges = Gauges::default();
    let version = env!("CARGO_PKG_VERSION");
    gauges.add_by(
        "tardist_builder_info",
        "The version of the builder",
        "version",
        [(version, 1.0)],
    );
    last_cycle(report, &mut gauges);
    last_full(report, &mut gauges);
    failing(report, &mut gauges);
    published(report, &mut gauges);
    gauges.into_text()
}

fn last_cycle(report: &Report, gauges: &mut Gauges) {
    let mut add = |name: &str, help, value: Option<f64>| {
        gauges.add(&format!("tardist_last_cycle_{name}"), help, value);
    };
    let count = |value: usize| Some(value as f64);
    let start = unix_time(&report.started_at);
    add("start_time_seconds", "When the last cycle began, Unix time", start);
    add("duration_seconds", "How long the last cycle took", seconds(report.duration_ms));
    add("exit_status", "The exit status of the last cycle", Some(report.exit_status.into()));
    add("listed_repositories", "Repositories that the upstreams listed", count(report.listed));
    add("made_tarballs", "Tarballs that the last cycle made", count(report.built));
    add("waiting_tarballs", "Tarballs that wait for a later cycle", count(report.waiting));
    add("requests", "HTTP requests of the last cycle", Some(report.requests as f64));
    add("received_bytes", "Bytes that the last cycle received", Some(report.received as f64));
    let memory = report.peak_memory.map(|bytes| bytes as f64);
    add("peak_memory_bytes", "The most memory that the last cycle used", memory);
}

fn last_full(report: &Report, gauges: &mut Gauges) {
    let time = |ended: &Option<Ended>| ended.as_ref().and_then(|it| unix_time(&it.started_at));
    gauges.add(
        "tardist_last_full_cycle_start_time_seconds",
        "When the last full cycle began, Unix time",
        time(&report.last_full),
    );
    gauges.add(
        "tardist_last_full_cycle_exit_status",
        "The exit status of the last full cycle",
        report.last_full.as_ref().and_then(|it| it.exit_status).map(Into::into),
    );
    gauges.add(
        "tardist_last_success_start_time_seconds",
        "When the last full cycle began that ended with 0 or 3, Unix time",
        time(&report.last_success),
    );
}

fn failing(report: &Report, gauges: &mut Gauges) {
    gauges.add(
        "tardist_failing",
        "Repositories and branches that fail",
        Some(report.failing.len() as f64),
    );
    let since = report.failing.iter().filter_map(|it| unix_time(&it.since)).reduce(f64::min);
    gauges.add(
        "tardist_failing_since_time_seconds",
        "Since when the one fails that fails longest, Unix time",
        since,
    );
}

fn published(report: &Report, gauges: &mut Gauges) {
    let Some(summary) = &report.snapshot else { return };
    let Some(time) = summary.generated_at.parse::<Timestamp>().ok() else { return };
    SnapshotGauges {
        generated_at: time.as_second(),
        extensions: summary.extensions,
        skins: summary.skins,
        tarballs: summary.tarballs,
        incomplete: summary.incomplete,
    }
    .add_to(gauges);
    gauges.add(
        "tardist_snapshot_tarball_bytes",
        "The size of all published tarballs",
        Some(summary.bytes as f64),
    );
}

fn unix_time(text: &str) -> Option<f64> {
    text.parse::<Timestamp>().ok().map(|time| time.as_second() as f64)
}

fn seconds(millis: u64) -> Option<f64> {
    Some(millis as f64 / 1000.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cycle::report::{Failing, ReportEntry};

    #[test]
    fn what_is_not_known_is_left_out() {
        let text = text(&Report { exit_status: 5, ..Report::default() });
        assert!(text.contains("\ntardist_last_cycle_exit_status 5\n"), "{text}");
        assert!(text.contains("\ntardist_failing 0\n"), "{text}");
        for part in ["start_time", "snapshot", "since", "memory"] {
            assert!(!text.contains(part), "{part} is in:\n{text}");
        }
    }

    #[test]
    fn a_failure_counts_since_it_began_and_the_oldest_is_told() {
        let fails = |since: &str| {
            let (repository, text) = ("skins/A".to_owned(), "no".to_owned());
            let entry = ReportEntry { repository, branch: None, text };
            Failing { entry, since: since.to_owned() }
        };
        let failing = ["2026-08-06T09:30:00Z", "1970-01-01T00:01:00Z"].map(fails).into();
        let text = text(&Report { failing, duration_ms: 1500, ..Report::default() });
        for line in [
            "tardist_failing 2",
            "tardist_failing_since_time_seconds 60",
            "tardist_last_cycle_duration_seconds 1.5",
        ] {
            assert!(text.lines().any(|it| it == line), "{line} is not in:\n{text}");
        }
    }
}
