//! All tests: `cargo test`, after what the end-to-end tests start has been built.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::{components, process, project};

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// What the test programs get, such as a part of the names of the tests to run
    #[arg(last = true)]
    arguments: Vec<String>,
}

/// Runs all tests; the outcome is cargo's.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    components::build(&[])?;
    let packages = components::all_others()?;
    process::run(project::cargo().args(["build", "--release"]).args(&packages))?;
    let mut cargo = project::cargo();
    cargo.args(["test", "--release"]).args(&packages);
    if !options.arguments.is_empty() {
        cargo.arg("--").args(&options.arguments);
    }
    let code = process::status(&mut cargo)?.code().and_then(|code| u8::try_from(code).ok());
    Ok(ExitCode::from(code.unwrap_or(1)))
}
