//! `cargo xtask torture`: tries to stop tardist, in each mode in another way. What the modes do is in the
//! library; here are the command line and the tables that are printed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: an error here fails the run and says where"
)]

mod crash;
mod down;
mod endurance;
mod faults;
mod hostile;
mod kill;
mod load;
mod store;

use std::process::ExitCode;
use std::time::Duration;

use clap::{ArgGroup, Parser};

/// Tries to stop tardist: with hostile repositories in full size, by killing it and its workers, by
/// damaging its files, by load, and by patience.
///
/// Several modes may be given; they run one after the other. Exits with 1 if something is not as it has
/// to be. `cargo xtask torture --fuzz` runs the fuzzers; its `--help` says more.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask torture", bin_name = "cargo xtask torture", version)]
#[command(group = ArgGroup::new("mode").required(true).multiple(true))]
struct Arguments {
    /// Sync each hostile repository beside a good one: each has to end as it should within 60 s and
    /// 1 GiB, twice
    #[arg(long, group = "mode")]
    hostile: bool,
    /// Of the hostile repositories, the faults and the ways to be down, only those whose name contains this; may be given
    /// several times
    #[arg(long, value_name = "NAME")]
    case: Vec<String>,
    /// Make the hostile repositories as small as the tests do
    #[arg(long)]
    short: bool,
    /// Sync all hostile repositories and twenty good ones from one upstream: what supervises the work may take
    /// 384 MiB, and the second cycle does nothing again
    #[arg(long, group = "mode")]
    together: bool,
    /// So many times: kill a random worker at a random moment of a cycle
    #[arg(long, value_name = "N", group = "mode")]
    kill: Option<u32>,
    /// So many times: kill a cycle, or one of its workers, at a random moment. What is published has to be
    /// whole, and the next cycle has to do the rest
    #[arg(long, value_name = "N", group = "mode")]
    crash: Option<u32>,
    /// So many times: cut the power of the disk with the data directory at a random moment of a cycle, as root. What is
    /// published has to be whole, and the next cycle has to do the rest
    #[arg(long, value_name = "N", group = "mode")]
    power: Option<u32>,
    /// So many times: kill a builder that publishes to a store, or a pull, at a random moment. No node may ever name what
    /// the store does not have, and the next cycle has to do the rest
    #[arg(long, value_name = "N", group = "mode")]
    store: Option<u32>,
    /// Damage the files of the data directory, fill the disk, make folders read-only, and start several
    /// builders: the next cycle has to repair everything. As root, it mounts small file systems
    #[arg(long, group = "mode")]
    faults: bool,
    /// Sync so many repositories [default: 1400] whose host is down, in several ways, with the default
    /// timeout and retries: no cycle may take ten minutes longer than the timeout
    #[arg(long, value_name = "N", group = "mode", num_args = 0..=1, default_missing_value = "1400")]
    down: Option<usize>,
    /// For so many seconds [default: 600]: 256 connections ask the components for everything, while a new
    /// snapshot is published each second. No answer may fail, or be of no snapshot
    #[arg(long, value_name = "SECONDS", group = "mode", num_args = 0..=1, default_missing_value = "600")]
    load: Option<u64>,
    /// How many connections make the load
    #[arg(long, value_name = "N", default_value_t = 256, requires = "load")]
    connections: usize,
    /// So many cycles [default: 1000] with a small change each: the disk, the memory and the open files
    /// that they take must not grow
    #[arg(long, value_name = "N", group = "mode", num_args = 0..=1, default_missing_value = "1000")]
    endurance: Option<u32>,
    /// What the random choices come from [default: another each time; it is printed]
    #[arg(long)]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let seed = || arguments.seed.unwrap_or_else(|| fastrand::u64(..));
    let mut missed = 0;
    if arguments.hostile {
        missed += hostile::run(&arguments.case, arguments.short);
    }
    if arguments.together {
        missed += hostile::run_together(arguments.short);
    }
    if let Some(count) = arguments.kill {
        missed += kill::run(count, seed());
    }
    if let Some(count) = arguments.crash {
        missed += crash::run(count, seed());
    }
    if let Some(count) = arguments.power {
        missed += crash::power(count, seed());
    }
    if let Some(count) = arguments.store {
        missed += store::run(count, seed());
    }
    if arguments.faults {
        missed += faults::run(&arguments.case);
    }
    if let Some(repositories) = arguments.down {
        missed += down::run(repositories, &arguments.case);
    }
    if let Some(seconds) = arguments.load {
        missed += load::run(arguments.connections, Duration::from_secs(seconds));
    }
    if let Some(cycles) = arguments.endurance {
        missed += endurance::run(cycles);
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Whether a name is chosen by `--case`.
fn is_wanted(name: &str, wanted: &[String]) -> bool {
    wanted.is_empty() || wanted.iter().any(|part| name.contains(part.as_str()))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
