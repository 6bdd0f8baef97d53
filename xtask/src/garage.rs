//! A Garage, an S3 server, which cargo builds from its source, in a folder below `target/`.
//!
//! The build takes minutes, so only `cargo xtask test --garage` does it, once.

use std::{fs, path::Path, time::Duration};

use anyhow::{Result, bail};

use crate::{process::Process, project};

/// The version of the crate `garage`.
const VERSION: &str = "2.5.0";

/// How long the build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);

/// True if this version of Garage was built in `folder`. The program is `folder/bin/garage`.
#[must_use]
pub fn is_built(folder: &Path) -> bool {
    // What `cargo install` has installed there.
    let list = fs::read_to_string(folder.join(".crates.toml")).unwrap_or_default();
    list.contains(&format!("garage {VERSION} ")) && folder.join("bin/garage").is_file()
}

/// Builds Garage in `folder`, unless that was done already.
///
/// # Errors
///
/// The crates cannot be fetched, or they cannot be built.
pub fn build(folder: &Path) -> Result<()> {
    if is_built(folder) {
        return Ok(());
    }
    eprintln!("xtask: cargo builds Garage in {}, which takes minutes", folder.display());
    let mut cargo = project::cargo();
    // Not in the folder of the workspace, whose lock file and profiles are its own.
    cargo.env("CARGO_TARGET_DIR", folder.join("build"));
    cargo.args(["install", "garage", "--version", VERSION, "--locked", "--root"]).arg(folder);
    cargo.args(["--no-default-features", "--features", "bundled-libs,sqlite"]);
    match Process::start(&mut cargo)?.wait_for(BUILD_LIMIT)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("cargo could not build Garage ({status}), see above"),
        None => bail!("cargo did not build Garage within {} s", BUILD_LIMIT.as_secs()),
    }
}
