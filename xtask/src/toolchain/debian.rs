//! Debian's rustc, unpacked into a cache without installing it.
//!
//! Debian testing has a package of the standard library for wasm32-wasip2, and a Debian mirror has
//! all releases. apt finds and verifies the packages, with its lists in a folder of ours; dpkg-deb
//! unpacks them. The programs run with the C library from these packages, so the release of this
//! machine does not matter, and nobody has to be root.

use std::{
    env,
    fs::{self, File},
    io::ErrorKind,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

use crate::{
    apt::Apt,
    process,
    project::{self, files},
};

/// The oldest release whose rustc has the target.
const RELEASE: &str = "forky";

/// The linker that turns modules into components; Debian has no package of it.
const LINKER: &str = "wasm-component-ld";
const LINKER_VERSION: &str = "0.5.31";

/// Dependencies of the compiler's packages that compiling for WebAssembly does not use, or that the
/// machine has anyway. apt is told that they are installed, so it does not download them.
const DECLARED: [&str; 3] = ["gcc", "libc6-dev", "binutils"];

/// Whether this machine is a Debian, of an architecture that this module knows.
pub(crate) fn is_possible() -> bool {
    architecture().is_some()
        && ["apt-get", "dpkg-deb"].iter().all(|name| project::find_program(name).is_some())
}

/// Debian's name, the folder of libraries, and the loader.
fn architecture() -> Option<(&'static str, &'static str, &'static str)> {
    match env::consts::ARCH {
        "x86_64" => Some(("amd64", "x86_64-linux-gnu", "ld-linux-x86-64.so.2")),
        "aarch64" => Some(("arm64", "aarch64-linux-gnu", "ld-linux-aarch64.so.1")),
        _ => None,
    }
}

/// The folder of the programs. The first call fills it.
pub(crate) fn set_up() -> Result<PathBuf> {
    let cache = cache_folder();
    fs::create_dir_all(&cache).with_context(|| format!("cannot create {}", cache.display()))?;
    // Two xtasks at once would unpack into the same folder.
    let lock = File::create(cache.join("lock")).context("cannot lock the cache")?;
    lock.lock().context("cannot lock the cache")?;
    let done = cache.join(format!("rust-{RELEASE}"));
    if !done.exists() {
        let partial = cache.join(format!("rust-{RELEASE}.partial"));
        remove(&partial)?;
        println!(
            "This Rust cannot compile for WebAssembly; unpacking Debian's into {} (once; some 220 MB \
             to download)",
            done.display()
        );
        fill(&partial)?;
        fs::rename(&partial, &done).with_context(|| format!("cannot create {}", done.display()))?;
    }
    let bin = done.join("bin");
    process::output(Command::new(bin.join("rustc")).arg("--version"))
        .with_context(|| format!("remove {} and try again", done.display()))?;
    Ok(bin)
}

/// Outside of target/, so that `cargo clean` does not delete the download.
fn cache_folder() -> PathBuf {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
    cache.map_or_else(|| project::root().join(".toolchain"), |cache| cache.join("tardist"))
}

fn remove(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", folder.display()))
        }
        _ => Ok(()),
    }
}

fn fill(folder: &Path) -> Result<()> {
    let apt = Apt::new(folder.join("apt"), RELEASE, &DECLARED)?;
    apt.run(&["update"])?;
    apt.run(&["install", "--download-only", "rustc", "libstd-rust-dev-wasm32", "lld"])?;
    let root = folder.join("root");
    for archive in
        files(&apt.archives()).filter(|file| file.extension().is_some_and(|e| e == "deb"))
    {
        process::output(Command::new("dpkg-deb").arg("-x").args([&archive, &root]))?;
    }
    remove(apt.folder())?;
    write_programs(folder)?;
    println!("Compiling {LINKER}");
    let mut cargo = project::cargo();
    cargo.args(["install", "--quiet", "--locked", LINKER, "--version", LINKER_VERSION, "--root"]);
    // Without a target folder, `cargo install` takes a temporary one and leaves target/ alone.
    cargo.arg(folder).env_remove("CARGO_TARGET_DIR");
    process::run(&mut cargo)
}

/// Writes `bin/rustc` and `bin/wasm-ld`: scripts that start the unpacked programs with the unpacked
/// loader and libraries.
fn write_programs(folder: &Path) -> Result<()> {
    let (_, libraries, loader) = architecture().context("unknown architecture")?;
    let llvm = files(&folder.join("root/usr/lib"))
        .find(|path| path.join("bin/wasm-ld").exists())
        .and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()))
        .context("Debian's lld has no wasm-ld")?;
    let bin = folder.join("bin");
    fs::create_dir_all(&bin)?;
    for (name, program) in
        [("rustc", "bin/rustc".to_owned()), ("wasm-ld", format!("lib/{llvm}/bin/wasm-ld"))]
    {
        let script = format!(
            "#!/bin/sh\n\
             usr=$(cd \"$(dirname \"$0\")/../root/usr\" && pwd) || exit\n\
             exec \"$usr/lib/{libraries}/{loader}\" \
             --library-path \"$usr/lib/{libraries}:$usr/lib/{llvm}/lib\" \"$usr/{program}\" \"$@\"\n"
        );
        let path = bin.join(name);
        fs::write(&path, script).with_context(|| format!("cannot write {}", path.display()))?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}
