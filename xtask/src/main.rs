//! `cargo xtask`: what a checkout needs that cargo alone doesn't do — the components with a
//! toolchain that has their target, a running system, the end-to-end tests, and the benchmark.
//!
//! It is the first thing that is compiled for a newcomer, so it depends on little.

mod bench;
mod components;
mod languages;
mod manifest;
mod prerequisites;
mod process;
mod project;
mod sample;
mod servers;
mod sync;
mod test;
mod toolchain;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Sets up, runs, tests and measures tardist.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Build the components that spin.toml names
    Components,
    /// Build everything, sync once, and serve until Ctrl-C
    Up(up::Options),
    /// Build everything and run all tests
    Test(test::Options),
    /// Measure: components under load, whole cycles of the builder, the making of tarballs
    Bench(bench::Options),
    /// Bring the table of languages up to date with a MediaWiki
    Languages(languages::Options),
    /// Run a program and write down what it took; the benchmark's own
    #[command(hide = true)]
    Measure(bench::MeasureOptions),
}

fn main() -> ExitCode {
    let task = Cli::parse().task;
    match process::handle_signals().and_then(|()| run(task)) {
        Ok(code) => code,
        // Whoever pressed Ctrl-C knows why it ended.
        Err(_) if process::interrupted() => ExitCode::from(130),
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    // It runs between two looks at the clock, and needs nothing.
    if !matches!(task, Task::Measure(_)) {
        prerequisites::check()?;
    }
    match task {
        Task::Components => components::build(&[]).map(|()| ExitCode::SUCCESS),
        Task::Up(options) => up::run(options),
        Task::Test(options) => test::run(&options),
        Task::Bench(options) => bench::run(&options),
        Task::Languages(options) => languages::run(&options),
        Task::Measure(options) => bench::measure(&options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn verify_cli() {
        super::Cli::command().debug_assert();
    }
}
