//! `cargo xtask dist`: the release files, in `target/dist/`: the builder as a static program, the functions as one
//! archive, units and other files to copy, manual page, completions, a Debian package, and checksums of all.
//!
//! The same commit gives the same files, in any folder: its path does not get into programs, and the times of files
//! in archives are that of the commit. Rust has to be of the same version, and for the components in the same
//! `CARGO_HOME`. dpkg-deb makes the Debian package from a folder: every Debian has it.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, bail, ensure};
use xtask::{components, process, project};

/// The most that the functions may take, compressed, in bytes.
const MOST: u64 = 3_000_000;

/// The files in `deploy/`, and where the Debian package has them.
const FILES: [(&str, &str); 13] = [
    ("spin.toml", "usr/share/tardist/spin.toml"),
    ("runtime-config.toml", "usr/share/tardist/runtime-config.toml"),
    ("systemd/tardist.service", "lib/systemd/system/tardist.service"),
    ("systemd/tardist.timer", "lib/systemd/system/tardist.timer"),
    ("systemd/tardist-pull.service", "lib/systemd/system/tardist-pull.service"),
    ("systemd/tardist-functions@.service", "lib/systemd/system/tardist-functions@.service"),
    ("systemd/tardist.sysusers.conf", "usr/lib/sysusers.d/tardist.conf"),
    ("systemd/tardist.service.d/egress.conf", "usr/share/doc/tardist/examples/egress.conf"),
    ("nginx/tardist.conf", "usr/share/doc/tardist/examples/nginx.conf"),
    ("prometheus/tardist.rules.yml", "usr/share/doc/tardist/examples/tardist.rules.yml"),
    ("grafana/tardist.json", "usr/share/doc/tardist/examples/grafana.json"),
    ("podman/tardist.container", "usr/share/doc/tardist/examples/tardist.container"),
    (
        "podman/tardist-functions@.container",
        "usr/share/doc/tardist/examples/tardist-functions@.container",
    ),
];

/// Shells, and where Debian has their completions.
const SHELLS: [(&str, &str); 3] = [
    ("bash", "usr/share/bash-completion/completions/tardist"),
    ("fish", "usr/share/fish/vendor_completions.d/tardist.fish"),
    ("zsh", "usr/share/zsh/vendor-completions/_tardist"),
];

/// Writes all of it anew, and prints names and sizes.
pub(crate) fn run() -> Result<()> {
    let folder = project::target("dist");
    let package = project::target("dist.package");
    for old in [&folder, &package] {
        if old.exists() {
            fs::remove_dir_all(old).with_context(|| format!("cannot remove {}", old.display()))?;
        }
    }
    let time = git(&["log", "-1", "--format=%ct"])?;
    let builder = build_builder()?;
    components::build(&[])?;
    let put = |from: &Path, to: PathBuf, mode| copy(from, &to, mode);
    put(&builder, folder.join("tardist"), 0o755)?;
    put(&builder, package.join("usr/bin/tardist"), 0o755)?;
    for (file, installed) in FILES {
        let from = project::root().join("deploy").join(file);
        put(&from, folder.join("deploy").join(file), 0o644)?;
        put(&from, package.join(installed), 0o644)?;
    }
    for file in components::files()? {
        let name = file.file_name().context("a component without a name")?;
        put(&file, package.join("usr/share/tardist").join(name), 0o644)?;
    }
    let installed = [("man", None, "usr/share/man/man1/tardist.1")];
    let completions = SHELLS.map(|(shell, path)| ("completions", Some(shell), path));
    for (command, shell, path) in installed.into_iter().chain(completions) {
        let text = process::output(Command::new(&builder).arg(command).args(shell))?;
        let name =
            shell.map_or_else(|| "tardist.1".to_owned(), |shell| format!("completions/{shell}"));
        write(&folder.join(name), &text)?;
        write(&package.join(path), &text)?;
    }
    archive(&package.join("usr/share/tardist"), &folder.join("tardist-functions.tar.gz"), &time)?;
    debian(&package, &folder, &builder, &time)?;
    fs::remove_dir_all(&package)?;
    checksums(&folder)?;
    report(&folder)
}

/// The builder without shared libraries. The paths of this machine are not in it.
fn build_builder() -> Result<PathBuf> {
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let mut look = Command::new("rustc");
    look.current_dir(project::root()).args(["--print", "target-libdir", "--target", &target]);
    let libraries = process::output(&mut look)?;
    if !Path::new(libraries.trim_end()).is_dir() || project::find_program("musl-gcc").is_none() {
        bail!(
            "the static builder needs `rustup target add {target}` and a C compiler for it (Debian: \
             apt-get install musl-tools)"
        );
    }
    let root = project::root();
    let home =
        process::output(Command::new("sh").args(["-c", "echo \"${CARGO_HOME:-$HOME/.cargo}\""]))?;
    let places = [(root.display().to_string(), "/src"), (home.trim_end().to_owned(), "/cargo")];
    let rust = places.iter().map(|(from, to)| format!("--remap-path-prefix={from}={to}"));
    let rust: Vec<_> = rust.chain(["-Cstrip=symbols".to_owned()]).collect();
    let c: Vec<_> =
        places.iter().map(|(from, to)| format!("-ffile-prefix-map={from}={to}")).collect();
    let mut cargo = project::cargo();
    cargo.args(["build", "--release", "--locked", "-p", "tardist", "--target", &target]);
    cargo.env("CARGO_ENCODED_RUSTFLAGS", rust.join("\u{1f}")).env("CFLAGS", c.join(" "));
    process::run(&mut cargo)?;
    Ok(project::target(&target).join("release/tardist"))
}

fn git(arguments: &[&str]) -> Result<String> {
    let text = process::output(Command::new("git").current_dir(project::root()).args(arguments))?;
    Ok(text.trim().to_owned())
}

fn copy(from: &Path, to: &Path, mode: u32) -> Result<()> {
    let text = fs::read(from).with_context(|| format!("cannot read {}", from.display()))?;
    write(to, text)?;
    fs::set_permissions(to, fs::Permissions::from_mode(mode))?;
    Ok(())
}

fn write(path: &Path, text: impl AsRef<[u8]>) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
    }
    fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn archive(folder: &Path, file: &Path, time: &str) -> Result<()> {
    let mut tar = Command::new("tar");
    tar.args(["--sort=name", "--owner=0", "--group=0", "--numeric-owner", "--mode=u=rwX,go=rX"]);
    tar.arg(format!("--mtime=@{time}"))
        .args(["--use-compress-program", "gzip -9n", "-C"])
        .arg(folder);
    process::run(tar.arg("-cf").arg(file).arg("."))
}

/// The package, where there is a dpkg-deb.
fn debian(package: &Path, folder: &Path, builder: &Path, time: &str) -> Result<()> {
    if project::find_program("dpkg-deb").is_none() {
        println!("no Debian package: there is no dpkg-deb");
        return Ok(());
    }
    write(
        &package.join("etc/tardist/tardist.toml"),
        // Defaults alone: neither the variables of this shell nor a tardist.toml in its folder.
        process::output(Command::new(builder).env_clear().args([
            "config",
            "--config",
            "/dev/null",
        ]))?,
    )?;
    copy(
        &project::root().join("LICENSE"),
        &package.join("usr/share/doc/tardist/copyright"),
        0o644,
    )?;
    let architecture = process::output(Command::new("dpkg").arg("--print-architecture"))?;
    let version = env!("CARGO_PKG_VERSION");
    write(
        &package.join("DEBIAN/control"),
        format!(
            "Package: tardist\nVersion: {version}\nArchitecture: {}\nMaintainer: tardist <root@localhost>\n\
             Depends: ca-certificates, systemd\nRecommends: nginx\nSection: web\nPriority: optional\n\
             Description: distributes MediaWiki extensions and skins as tarballs\n \
             The builder, the components for Spin, and their units.\n",
            architecture.trim()
        ),
    )?;
    write(&package.join("DEBIAN/conffiles"), "/etc/tardist/tardist.toml\n")?;
    // A data directory that is there keeps its mode: who may enter it is the operator's decision. Spin does not start
    // without dist/.
    let script = "#!/bin/sh\nset -e\nsystemd-sysusers tardist.conf\n\
                  for folder in /var/lib/tardist /var/lib/tardist/dist; do\n    \
                  [ -d $folder ] || install -d -m 0755 -o tardist -g tardist $folder\ndone\n\
                  if [ -d /run/systemd/system ]; then systemctl daemon-reload; fi\n";
    write(&package.join("DEBIAN/postinst"), script)?;
    fs::set_permissions(package.join("DEBIAN/postinst"), fs::Permissions::from_mode(0o755))?;
    // Folders as usual, whatever the umask is.
    process::run(Command::new("chmod").args(["-R", "u=rwX,go=rX"]).arg(package))?;
    let mut build = Command::new("dpkg-deb");
    build
        .env("SOURCE_DATE_EPOCH", time)
        .args(["--root-owner-group", "--build"])
        .arg(package)
        .arg(folder);
    process::output(&mut build).map(drop)
}

fn checksums(folder: &Path) -> Result<()> {
    let script =
        "find . -type f ! -name SHA256SUMS -printf '%P\\0' | LC_ALL=C sort -z | xargs -0 sha256sum";
    let sums = process::output(Command::new("sh").current_dir(folder).args(["-c", script]))?;
    write(&folder.join("SHA256SUMS"), sums)
}

fn report(folder: &Path) -> Result<()> {
    for file in project::files(folder).filter(|file| file.is_file()) {
        println!("{:>12} bytes  {}", fs::metadata(&file)?.len(), file.display());
    }
    let size = fs::metadata(folder.join("tardist-functions.tar.gz"))?.len();
    ensure!(size < MOST, "the functions take {size} bytes, which is more than {MOST}");
    Ok(())
}
