//! `cargo xtask`: the command line. Each task has a file of its name. What they share is in the
//! library.

mod bench;
mod deny;
mod dist;
mod fuzz;
mod languages;
mod sbom;
mod servers;
mod test;
mod torture;
mod up;

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use xtask::{components, prerequisites, process};

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
    /// Write the release files: programs, components, units, manual page, Debian package
    Dist,
    /// Build everything and run all tests
    Test(test::Options),
    /// Measure: components under load, whole cycles of the builder, the making of tarballs
    #[command(disable_help_flag = true)]
    Bench(bench::Arguments),
    /// Check the licences and sources of all dependencies, and security advisories if their database can be reached
    Deny,
    /// Write a list of what the programs and components are made of (CycloneDX)
    Sbom(sbom::Options),
    /// Try to stop tardist: hostile repositories in full size, workers that are killed
    #[command(disable_help_flag = true)]
    Torture(torture::Arguments),
    /// Bring the table of languages up to date with a MediaWiki
    Languages(languages::Options),
    /// Run a program and write down what it took; used by the benchmarks
    #[command(hide = true, disable_help_flag = true)]
    Measure(bench::Arguments),
}

fn main() -> ExitCode {
    process::main(|| run(Cli::parse().task))
}

fn run(task: Task) -> anyhow::Result<ExitCode> {
    prerequisites::check()?;
    match task {
        Task::Components => components::build(&[]).map(|()| ExitCode::SUCCESS),
        Task::Dist => dist::run().map(|()| ExitCode::SUCCESS),
        Task::Up(options) => up::run(options),
        Task::Test(options) => test::run(&options),
        Task::Bench(arguments) => bench::run("bench", &arguments),
        Task::Deny => deny::run(),
        Task::Sbom(options) => sbom::run(&options).map(|()| ExitCode::SUCCESS),
        Task::Torture(arguments) => torture::run(&arguments),
        Task::Languages(options) => languages::run(&options),
        Task::Measure(arguments) => bench::run("measure", &arguments),
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
