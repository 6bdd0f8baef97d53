//! The command `sync` as a process, over repositories in a folder: what it leaves on disk, and what it says of it.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

#[path = "support/repository.rs"]
mod repository;

use std::{
    fs,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
};

use flate2::read::GzDecoder;
use git2::Repository;
use repository::{FILE, File, commit};
use tempfile::TempDir;

/// A folder of repositories, and the data directory of a builder.
struct Env(TempDir);

/// The exit status and the output of a command.
struct Run {
    status: i32,
    text: String,
}

impl Env {
    /// With one extension, whose branch `master` has these files.
    fn new(name: &str, files: &[File<'_>]) -> Self {
        let env = Self(TempDir::new().unwrap());
        env.add(name, files);
        env
    }

    /// Adds an extension, or a commit to its branch.
    fn add(&self, name: &str, files: &[File<'_>]) {
        let folder = self.0.path().join("upstream/extensions").join(format!("{name}.git"));
        let repository = Repository::init_bare(folder).unwrap();
        let id = commit(&repository, files);
        repository.reference("refs/heads/master", id, true, "a test").unwrap();
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Runs `tardist sync` with these arguments under a umask.
    fn sync_with(&self, umask: &str, args: &[&str]) -> Run {
        let mut command = Command::new("sh");
        command
            .args(["-c", "umask $0; exec \"$@\"", umask, env!("CARGO_BIN_EXE_tardist")])
            .args(["sync", "--data", "data", "--upstream", "directory=upstream"])
            .args(["--branch", "master"])
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Run { status: output.status.code().unwrap(), text }
    }

    fn sync(&self, args: &[&str]) -> Run {
        self.sync_with("022", args)
    }

    /// The only tarball of an extension.
    fn tarball(&self, name: &str) -> PathBuf {
        let paths = entries(&self.data().join("dist/extensions"));
        let is_it = |path: &&PathBuf| file_name(path).starts_with(&format!("{name}-master-"));
        let found: Vec<&PathBuf> = paths.iter().filter(is_it).collect();
        assert_eq!(found.len(), 1, "{paths:?}");
        found[0].clone()
    }

    /// The paths in the tarball of an extension, below its top folder.
    fn members(&self, name: &str) -> Vec<String> {
        let mut bytes = Vec::new();
        GzDecoder::new(fs::File::open(self.tarball(name)).unwrap())
            .read_to_end(&mut bytes)
            .unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let paths = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            entry.path().unwrap().to_str().unwrap().split_once('/').unwrap().1.to_owned()
        });
        paths.collect()
    }
}

impl Run {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn all_users_can_read_what_is_published_whatever_the_umask_is() {
    let env = Env::new("Mask", &[("a.php", FILE, "<?php")]);
    env.sync_with("077", &[]).exits(0);
    let dist = env.data().join("dist");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [&env.data(), &dist, &dist.join("extensions"), &dist.join("skins")] {
        assert_eq!(mode(folder), 0o755, "{folder:?}");
    }
    for file in entries(&dist.join("extensions")).iter().chain([&env.data().join("snapshot.db")]) {
        assert_eq!(mode(file), 0o644, "{file:?}");
    }
    assert_eq!(env.members("Mask"), ["", "a.php", "gitinfo.json", "version"]);
}

#[test]
fn the_file_time_of_a_tarball_is_that_of_its_commit() {
    let env = Env::new("Time", &[("a.php", FILE, "<?php")]);
    env.sync(&[]).exits(0);
    assert_eq!(fs::metadata(env.tarball("Time")).unwrap().mtime(), 1_700_000_000);
}
