//! `tardist sync`: one cycle, or what one would do, and what is told of it.

use jiff::Timestamp;

use crate::{
    Error,
    commands::output::Output,
    cycle::{self, dry_run},
    progress::Progress,
    settings::config::Config,
};

/// Up to how many problems with content are told. `tardist status` tells all.
const SHOWN_PROBLEMS: usize = 20;

/// What one run of `tardist sync` is to do.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Make all tarballs anew.
    pub force: bool,
    /// Only say what would be done.
    pub dry_run: bool,
    /// Say nothing where all went well.
    pub quiet: bool,
}

/// Runs a cycle at the time `now`.
///
/// # Errors
/// Those of [`cycle::run`] and [`dry_run::run`].
pub fn run(
    config: &Config,
    options: Options,
    now: Timestamp,
    progress: &Progress,
) -> Result<Output, Error> {
    let cycle = cycle::Options { force: options.force };
    if options.dry_run {
        let text = dry_run::run(config, cycle, progress)?.to_string();
        return Ok(Output { text, exit_status: 0 });
    }
    let report = cycle::run(config, cycle, now, progress)?;
    for problem in report.problems.iter().take(SHOWN_PROBLEMS) {
        tracing::warn!("{problem}");
    }
    if let Some(more @ 1..) = report.problems.len().checked_sub(SHOWN_PROBLEMS) {
        tracing::warn!("{more} more problems with content; `tardist status` tells all");
    }
    if let Some(error) = &report.error {
        // What failed is no result: it belongs to standard error, whatever is logged.
        eprintln!("tardist: {error}");
    }
    let exit_status = report.exit_code();
    let is_silent = options.quiet && exit_status == 0;
    let text = if is_silent { String::new() } else { report.to_string() };
    Ok(Output { text, exit_status })
}
