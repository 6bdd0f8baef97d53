//! `cargo xtask torture`: builds tardist and runs the program `torture` of the package `tests/`, which
//! reads the same command line. With `--fuzz` it runs the fuzzers instead, which need another Rust.

use std::{env, ffi::OsString, process::ExitCode};

use anyhow::{Context, Result};
use clap::Args;
use xtask::{process, project};

use crate::fuzz;

/// The package with the program.
const PACKAGE: &str = "tardist-tests";

/// The arguments, which the program gets unchanged; `--help` too.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What to try; `cargo xtask torture --help` lists it
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

/// Runs it and returns its exit status.
pub(crate) fn run(arguments: &Arguments) -> Result<ExitCode> {
    if fuzz::is_meant(&arguments.arguments) {
        return fuzz::run(&arguments.arguments);
    }
    process::run(project::cargo().args(["build", "--release", "--package", "tardist"]))?;
    let mut cargo = project::cargo();
    cargo.current_dir(env::current_dir().context("cannot tell the current folder")?);
    cargo.args(["run", "--release", "--package", PACKAGE, "--bin", "torture", "--"]);
    process::status(cargo.args(&arguments.arguments)).map(process::exit_code)
}
