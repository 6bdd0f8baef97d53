//! `cargo xtask test`: builds or fetches what the end-to-end tests start, then runs `cargo test`.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use xtask::{components, garage, gitea, process, project};

use crate::servers;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// Fail if a program is missing that a test needs, instead of leaving that test out
    #[arg(long)]
    all: bool,
    /// Build a Gitea with Go, once, which takes minutes, and run the tests against it
    #[arg(long)]
    gitea: bool,
    /// Build a Garage with cargo, once, which takes minutes, and run the tests against it
    #[arg(long)]
    garage: bool,
    /// Arguments for the test programs, such as a part of the names of the tests to run
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs all tests and returns cargo's exit status.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    if options.gitea {
        gitea::build(&project::target("gitea"))?;
    }
    if options.garage {
        garage::build(&project::target("garage"))?;
    }
    let left_out = servers::prepare(options.all)?;
    components::build(&[])?;
    let packages = components::all_others()?;
    process::run(project::cargo().args(["build", "--release"]).args(&packages))?;
    let mut cargo = project::cargo();
    cargo.args(["test", "--release"]).args(&packages).env("PATH", project::server_path()?);
    cargo.arg("--").args(&options.arguments);
    cargo.args(left_out.iter().flat_map(|module| ["--skip", module]));
    let status = process::status(&mut cargo)?;
    if !left_out.is_empty() {
        eprintln!("xtask: not all tests were run; left out: {}", left_out.join(", "));
    }
    Ok(process::exit_code(status))
}
