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

use anyhow::{Context, Result, bail};

use crate::{
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
    let apt = Apt::new(folder.join("apt"))?;
    apt.run(&["update"])?;
    apt.run(&["install", "--download-only", "rustc", "libstd-rust-dev-wasm32", "lld"])?;
    let root = folder.join("root");
    for archive in
        files(&apt.archives()).filter(|file| file.extension().is_some_and(|e| e == "deb"))
    {
        process::output(Command::new("dpkg-deb").arg("-x").args([&archive, &root]))?;
    }
    remove(&apt.folder)?;
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

/// apt with its lists, cache and status in a folder of ours.
struct Apt {
    folder: PathBuf,
}

impl Apt {
    fn new(folder: PathBuf) -> Result<Self> {
        let (architecture, ..) = architecture().context("unknown architecture")?;
        for part in ["state/lists/partial", "cache/archives/partial"] {
            fs::create_dir_all(folder.join(part)).context("cannot write to the cache")?;
        }
        let keyring = ["gpg", "pgp"]
            .map(|end| format!("/usr/share/keyrings/debian-archive-keyring.{end}"))
            .into_iter()
            .find(|path| Path::new(path).exists())
            .context("no Debian keys; apt-get install debian-archive-keyring")?;
        let source = format!("deb [signed-by={keyring}] {} {RELEASE} main\n", mirror()?);
        fs::write(folder.join("sources.list"), source)?;
        // Version 99:0 is newer than any that a dependency asks for.
        let declared = DECLARED.map(|package| {
            format!(
                "Package: {package}\nStatus: install ok installed\nVersion: 99:0\n\
                 Architecture: {architecture}\nMaintainer: none\nProvides: libc-dev\nDescription: none\n\n"
            )
        });
        fs::write(folder.join("status"), declared.concat())?;
        Ok(Self { folder })
    }

    fn archives(&self) -> PathBuf {
        self.folder.join("cache/archives")
    }

    fn run(&self, arguments: &[&str]) -> Result<()> {
        let path = |part| self.folder.join(part).display().to_string();
        let options = [
            format!("Dir::Etc::sourcelist={}", path("sources.list")),
            "Dir::Etc::sourceparts=-".to_owned(),
            "Dir::Etc::preferences=-".to_owned(),
            "Dir::Etc::preferencesparts=-".to_owned(),
            format!("Dir::State={}", path("state")),
            format!("Dir::State::status={}", path("status")),
            format!("Dir::Cache={}", path("cache")),
            // A mirror that is not up to date is good enough.
            "Acquire::Check-Valid-Until=false".to_owned(),
            "Acquire::Languages=none".to_owned(),
            "Acquire::Retries=3".to_owned(),
            "APT::Install-Recommends=false".to_owned(),
            // Else apt downloads as a user who may not write to root's cache.
            "APT::Sandbox::User=root".to_owned(),
            "Debug::NoLocking=1".to_owned(),
        ];
        let mut apt = Command::new("apt-get");
        apt.args(["-q", "-y"])
            .args(options.iter().flat_map(|option| ["-o", option]))
            .args(arguments);
        process::output(&mut apt)
            .map(drop)
            .with_context(|| format!("apt-get {} {RELEASE}", arguments[0]))
    }
}

/// The Debian mirror that this machine uses.
fn mirror() -> Result<String> {
    let format = "$(ORIGIN) $(COMPONENT) $(CODENAME) $(REPO_URI)";
    let mut apt = Command::new("apt-get");
    apt.args(["indextargets", "--format", format, "Created-By: Packages"]);
    let known = process::output(&mut apt).unwrap_or_default();
    // In a fresh container image apt has no lists yet, and so cannot tell.
    let Some(uri) = known_mirror(&known).or_else(configured_mirror) else {
        bail!("no Debian mirror in /etc/apt/sources.list or /etc/apt/sources.list.d")
    };
    Ok(uri)
}

fn known_mirror(targets: &str) -> Option<String> {
    targets.lines().find_map(|line| match *line.split_whitespace().collect::<Vec<_>>() {
        ["Debian", "main", release, uri] if !release.contains('-') => Some(uri.to_owned()),
        _ => None,
    })
}

fn configured_mirror() -> Option<String> {
    let lists = files(Path::new("/etc/apt/sources.list.d"));
    let mut texts = lists
        .chain([PathBuf::from("/etc/apt/sources.list")])
        .filter_map(|file| fs::read_to_string(file).ok());
    texts.find_map(|text| mirror_in(&text))
}

/// The first URI in a file of sources, of either format, that is of a whole Debian.
fn mirror_in(sources: &str) -> Option<String> {
    let lines = sources.lines().map(str::trim);
    let lines = lines.filter(|line| line.starts_with("URIs:") || line.starts_with("deb "));
    let is_debian =
        |word: &&str| word.contains(":/") && word.trim_end_matches('/').ends_with("/debian");
    lines.flat_map(str::split_whitespace).find(is_debian).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mirror_is_the_one_of_whole_releases() {
        let targets = "Elsewhere main stable http://other.example/apt/\n\
                       Debian main stable-security http://mirror.example/debian-security/\n\
                       Debian main stable http://mirror.example/debian/\n";
        assert_eq!(known_mirror(targets).unwrap(), "http://mirror.example/debian/");
        assert_eq!(known_mirror("  \n"), None);
    }

    #[test]
    fn both_formats_of_sources_are_read() {
        let deb822 =
            "Types: deb\n# http://old.example/debian\nURIs: http://mirror.example/debian\n";
        assert_eq!(mirror_in(deb822).unwrap(), "http://mirror.example/debian");
        let lines = "deb http://mirror.example/debian-security x main\n\
                     deb [trusted=yes] http://mirror.example/debian/ x main\n";
        assert_eq!(mirror_in(lines).unwrap(), "http://mirror.example/debian/");
        assert_eq!(mirror_in("deb http://other.example/apt x main"), None);
    }
}
