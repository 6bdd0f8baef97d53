//! The benchmarks of tardist. Each part can run alone: requests per second of the components,
//! compared with a component that does nothing; tarballs, compared with `git archive` and GNU tar;
//! whole cycles of the builder, compared with extdist's script.
//!
//! Both sides of a comparison run on the same machine within minutes, so ratios mean something even
//! if the absolute numbers do not. At the end comes a table of the marks: the wanted number, the
//! measured number. This is a benchmark and not a test: a mark that is missed is a line in that table.
//!
//! `cargo xtask bench` starts this program, with the command line of xtask.

mod builder;
mod container;
mod functions;
mod http;
mod marks;
mod measure;
mod options;
mod run;
mod store;
mod upstream;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{prerequisites, process};

/// The part of xtask's command line that is about measuring.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Measure: components under load, whole cycles of the builder, the making of tarballs
    Bench(Box<options::Options>),
    /// Run a program and write down what it took; used by the benchmarks
    #[command(hide = true)]
    Measure(measure::Options),
}

fn main() -> ExitCode {
    process::main(|| match Cli::parse().task {
        Task::Bench(options) => {
            prerequisites::check()?;
            run::run(&options)
        }
        // No checks: time is being measured.
        Task::Measure(options) => measure::run(&options),
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn verify_cli() {
        super::Cli::command().debug_assert();
    }
}
