//! `cargo xtask bench`: builds and runs the crate `bench/`, which reads the same command line.
//!
//! The benchmarks are more code than all other tasks together. Because they are a crate of their own,
//! a newcomer who runs `cargo xtask up` does not wait for them.

use std::{env, ffi::OsString, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use xtask::{process, project};

/// The package with the benchmarks.
const PACKAGE: &str = "tardist-bench";

/// The arguments, which the benchmarks get unchanged; `--help` too.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Parts to measure and options; `cargo xtask bench --help` lists them
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs one task of the benchmarks, `bench` or `measure`, and returns its exit status.
pub(crate) fn run(task: &str, arguments: &Arguments) -> Result<ExitCode> {
    let mut cargo = project::cargo();
    // Paths in the arguments are relative to the folder of the caller.
    cargo.current_dir(env::current_dir().context("cannot tell the current folder")?);
    cargo.args(["run", "--package", PACKAGE, "--", task]).args(&arguments.arguments);
    // What is measured is built for release, unlike the program that measures.
    cargo.env("TARDIST_BIN_DIR", project::target("release"));
    process::status(&mut cargo).map(process::exit_code)
}
