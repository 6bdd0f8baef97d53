//! `tardist sync`: runs one cycle, or a dry run of one, and prints the report.

use jiff::Timestamp;

use crate::{
    Error,
    commands::output::Output,
    cycle::{
        self, dry_run,
        report::{Report, StoreReport},
    },
    log::Log,
    progress::Progress,
    settings::config::Config,
};

/// How many problems with content are printed. `tardist status -v` prints all of them.
const SHOWN_PROBLEMS: usize = 20;

/// The options of `tardist sync`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Those of the cycle.
    pub cycle: cycle::Options,
    /// Only show what a cycle would do.
    pub dry_run: bool,
}

/// Runs a cycle, or a dry run of one, at the time `now`.
///
/// # Errors
/// Those of [`cycle::run()`] and [`dry_run::run`].
pub fn run(
    config: &Config,
    options: Options,
    now: Timestamp,
    progress: &Progress,
    log: Log,
) -> Result<Output, Error> {
    let Options { cycle, dry_run } = options;
    if dry_run {
        let text = dry_run::run(config, cycle, now, progress)?.to_string();
        return Ok(Output { text, exit_status: 0 });
    }
    let report = cycle::run(config, cycle, now, progress)?;
    for problem in report.problems.iter().take(SHOWN_PROBLEMS) {
        tracing::warn!("{problem}");
    }
    if let Some(more @ 1..) = report.problems.len().checked_sub(SHOWN_PROBLEMS) {
        tracing::warn!("{more} more problems with content; `tardist status -v` shows all");
    }
    if let Some(error) = &report.error {
        log.error(error);
    }
    if let Some(failure) = report.store.as_ref().and_then(StoreReport::failure) {
        let here = if report.error.is_none() { "published here, but " } else { "" };
        log.error(&format!("{here}{failure}"));
    }
    let text = match (log.is_json(), log.is_for_programs()) {
        (true, _) => {
            log_failures(&report);
            log_end(&report);
            String::new()
        }
        (false, true) => {
            log_failures(&report);
            report.without_failures().to_string()
        }
        (false, false) => report.to_string(),
    };
    Ok(Output { text, exit_status: report.exit_status })
}

/// Logs each failure, so that whoever reads the log by level finds it.
fn log_failures(report: &Report) {
    let shown = report.shown_failures();
    for failure in &shown {
        let (repository, branch) = (&failure.repository, failure.branch.as_deref());
        tracing::error!(repository, branch, "{failure}");
    }
    if let Some(more @ 1..) = report.failures.len().checked_sub(shown.len()) {
        tracing::error!("{more} more failures; report.json has all of them");
    }
}

/// Logs how a cycle ended. The fields have the names of the keys of `report.json`.
fn log_end(report: &Report) {
    tracing::info!(
        exit_status = report.exit_status,
        duration_ms = report.duration_ms,
        listed = report.listed,
        built = report.built,
        kept = report.kept,
        retired = report.retired,
        failures = report.failures.len(),
        "{}",
        report.headline()
    );
}
