//! `cargo xtask torture`: builds tardist, and what serves its snapshots where that is needed, and runs the
//! program `torture` of the package `tests/`, which reads the same command line. With `--fuzz` it runs the fuzzers instead, which need another Rust.

use std::{
    env,
    ffi::{OsStr, OsString},
    process::ExitCode,
};

use anyhow::{Context, Result};
use clap::Args;
use xtask::{components, process, project};

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
    let mut build = project::cargo();
    build.args(["build", "--release", "--package", "tardist"]);
    if arguments.arguments.iter().any(|it| serves(it)) {
        components::build(&[])?;
        build.args(["--package", "component-host"]);
    }
    process::run(&mut build)?;
    let mut cargo = project::cargo();
    cargo.current_dir(env::current_dir().context("cannot tell the current folder")?);
    cargo.args(["run", "--release", "--package", PACKAGE, "--bin", "torture", "--"]);
    process::status(cargo.args(&arguments.arguments)).map(process::exit_code)
}

/// Whether a mode looks at what is published over HTTP.
fn serves(argument: &OsStr) -> bool {
    let text = argument.to_string_lossy();
    ["--crash", "--load"].contains(&text.split('=').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_components_are_built_for_the_modes_that_ask_them() {
        for (argument, expected) in
            [("--crash", true), ("--load=60", true), ("--kill", false), ("1000", false)]
        {
            assert_eq!(serves(OsStr::new(argument)), expected, "{argument}");
        }
    }
}
