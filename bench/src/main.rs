//! Measures what the two halves of tardist cost, in parts of which each can run alone: requests per
//! second of the components beside a component that does nothing, tarballs beside `git archive`
//! and GNU tar, and whole cycles of the builder beside extdist's script.
//!
//! Comparisons are made on the same machine in the same minutes, so that the ratios mean something
//! where the absolute numbers don't. At the end stands a table of the marks: what was wanted, what
//! was seen. It is a benchmark, not a test: a mark that does not hold is a line in that table.

mod builder;
mod functions;
mod http;
mod marks;
mod measure;
mod options;
mod run;
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
    /// Run a program and write down what it took; the benchmark's own
    #[command(hide = true)]
    Measure(measure::Options),
}

fn main() -> ExitCode {
    process::main(|| match Cli::parse().task {
        Task::Bench(options) => {
            prerequisites::check()?;
            run::run(&options)
        }
        // It runs between two looks at the clock, and needs nothing.
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
