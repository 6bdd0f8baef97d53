//! `cargo xtask bench`: builds and runs the crate `bench/`, which reads the same command line.
//!
//! The benchmarks are three times as much code as all other tasks together. In a crate of their own
//! they cost a newcomer nothing, who runs `cargo xtask up` first.

use std::{env, ffi::OsString, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use xtask::{process, project};

/// The package with the benchmarks.
const PACKAGE: &str = "tardist-bench";

/// What the benchmarks get as it stands; `--help` too.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Parts to measure and options; `cargo xtask bench --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs one task of the benchmarks: `bench` or `measure`. The exit status is theirs.
pub(crate) fn run(task: &str, arguments: &Arguments) -> Result<ExitCode> {
    let mut cargo = project::cargo();
    // The files that the arguments name are relative to it.
    cargo.current_dir(env::current_dir().context("can't tell the current folder")?);
    cargo.args(["run", "--quiet", "--package", PACKAGE, "--", task]).args(&arguments.arguments);
    process::status(&mut cargo).map(process::exit_code)
}
