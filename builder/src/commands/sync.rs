//! `tardist sync`: runs one cycle, or a dry run of one, and prints the report.

use jiff::Timestamp;

use crate::{
    Error,
    commands::output::Output,
    cycle::{self, dry_run},
    progress::Progress,
    secrets,
    settings::config::Config,
};

/// How many problems with content are printed. `tardist status` prints all of them.
const SHOWN_PROBLEMS: usize = 20;

/// The options of `tardist sync`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Make all tarballs again, even if nothing changed.
    pub force: bool,
    /// Publish even if far less is listed than before.
    pub accept_loss: bool,
    /// Only show what a cycle would do.
    pub dry_run: bool,
    /// Print nothing if there is no failure.
    pub quiet: bool,
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
) -> Result<Output, Error> {
    let cycle = cycle::Options { force: options.force, accept_loss: options.accept_loss };
    if options.dry_run {
        let text = dry_run::run(config, cycle, now, progress)?.to_string();
        return Ok(Output { text, exit_status: 0 });
    }
    let report = cycle::run(config, cycle, now, progress)?;
    for problem in report.problems.iter().take(SHOWN_PROBLEMS) {
        tracing::warn!("{problem}");
    }
    if let Some(more @ 1..) = report.problems.len().checked_sub(SHOWN_PROBLEMS) {
        tracing::warn!("{more} more problems with content; `tardist status` shows all");
    }
    if let Some(error) = &report.error {
        // An error belongs on standard error, at any log level.
        eprintln!("tardist: {}", secrets::struck(error));
    }
    let exit_status = report.exit_status;
    let is_silent = options.quiet && exit_status == 0;
    let text = if is_silent { String::new() } else { report.to_string() };
    Ok(Output { text, exit_status })
}
