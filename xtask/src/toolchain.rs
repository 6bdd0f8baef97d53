//! Finds a Rust that can compile for `wasm32-wasip2`: the one in use, if it has the target or rustup
//! can add it; else Debian's, unpacked into a cache (see [`debian`]). Debian's is for machines that
//! reach a Debian mirror and a crate registry, but not Rust's own server. It needs no root.

mod debian;

use std::{
    env,
    ffi::OsString,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, bail};

use crate::{
    process::{self, Process},
    project,
};

const TARGET: &str = "wasm32-wasip2";

/// How long rustup may take. It downloads 20 MB, perhaps over a slow line; without a network it may
/// wait for ever.
const RUSTUP_LIMIT: Duration = Duration::from_secs(60);

/// What compiles the components.
pub(crate) enum Toolchain {
    /// The Rust in use.
    Native,
    /// Another one; the folder has its `rustc`, `wasm-ld` and `wasm-component-ld`.
    Unpacked(PathBuf),
}

impl Toolchain {
    /// Finds one, or sets one up.
    pub(crate) fn find() -> Result<Self> {
        if has_target() {
            return Ok(Self::Native);
        }
        if project::find_program("rustup").is_some() && add_target() && has_target() {
            return Ok(Self::Native);
        }
        if debian::is_possible() {
            let bin = debian::set_up().context("Debian's Rust could not be set up")?;
            return Ok(Self::Unpacked(bin));
        }
        bail!(
            "the components are WebAssembly, and this Rust has no {TARGET} target (looked for with \
             `rustc --print target-libdir --target {TARGET}`).\nRun `rustup target add {TARGET}`, or, \
             without rustup, install your distribution's standard library for it together with \
             wasm-component-ld."
        )
    }

    /// Its cargo, in the folder of the workspace.
    pub(crate) fn cargo(&self) -> Command {
        let mut cargo = project::cargo();
        if let Self::Unpacked(bin) = self {
            cargo.env("RUSTC", bin.join("rustc")).env("PATH", with_path(bin));
        }
        cargo
    }
}

/// `PATH` with `folder` first.
fn with_path(folder: &Path) -> OsString {
    let mut path = folder.as_os_str().to_owned();
    if let Some(rest) = env::var_os("PATH") {
        path.push(":");
        path.push(rest);
    }
    path
}

/// Whether the Rust in use has the target's standard library, and the linker that makes components.
/// Some distributions have a package for the library but none for the linker.
fn has_target() -> bool {
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let mut command = Command::new(rustc);
    command.current_dir(project::root()).args(["--print", "target-libdir", "--target", TARGET]);
    let Ok(folder) = process::output(&mut command) else { return false };
    let folder = Path::new(folder.trim_end());
    let has_library =
        project::files(folder).any(|file| file.extension().is_some_and(|name| name == "rlib"));
    // lib/rustlib/wasm32-wasip2/lib → lib/rustlib/x86_64-unknown-linux-gnu/bin
    let targets = folder.ancestors().nth(2).into_iter().flat_map(project::files);
    let has_linker =
        targets.map(|target| target.join("bin/wasm-component-ld")).any(|it| it.exists());
    has_library && (has_linker || project::find_program("wasm-component-ld").is_some())
}

/// Asks rustup to add the target, and returns whether it did.
fn add_target() -> bool {
    println!("Adding the {TARGET} target with rustup");
    let mut command = Command::new("rustup");
    command.args(["target", "add", TARGET]).current_dir(project::root());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = Process::start(&mut command).and_then(|mut rustup| rustup.wait_for(RUSTUP_LIMIT));
    let added = matches!(status, Ok(Some(status)) if status.success());
    if !added {
        println!("rustup could not add it");
    }
    added
}
