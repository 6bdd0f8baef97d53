//! What has to be installed before anything can be built. All of it is checked at once, so that one
//! run names everything that is missing.

use std::{path::Path, process::Command};

use anyhow::{Result, bail};

use crate::{process, project::find_program};

/// Checks for git with its HTTP server, a C compiler, and cargo.
///
/// # Errors
///
/// All that is missing, with how to install it.
pub fn check() -> Result<()> {
    let mut missing = Vec::new();
    if find_program("git").is_none() {
        missing.push("git, which the tests make repositories with (Debian: apt-get install git)");
    } else if !has_http_backend() {
        missing.push(
            "git http-backend, which serves the sample upstream (Debian: apt-get install git)",
        );
    }
    if find_program("cc").is_none() {
        missing.push(
            "cc, a C compiler for SQLite and libgit2 (Debian: apt-get install gcc libc6-dev)",
        );
    }
    if std::env::var_os("CARGO").is_none() && find_program("cargo").is_none() {
        missing.push("cargo (https://rustup.rs)");
    }
    if missing.is_empty() {
        return Ok(());
    }
    bail!("these are missing; install them and try again:\n  {}", missing.join("\n  "));
}

/// Whether git has its HTTP server: some distributions have it in a package of its own.
fn has_http_backend() -> bool {
    process::output(Command::new("git").arg("--exec-path"))
        .is_ok_and(|folder| Path::new(folder.trim_end()).join("git-http-backend").is_file())
}
