//! The content for benchmarks: repositories with history, similar to real ones.
//!
//! Real repositories would be more exact, but they are not always at hand, and they change. These
//! are the same on every machine. They are like real ones in what makes mirrors and tarballs
//! expensive:
//!
//! - many small files, and messages in 60 languages;
//! - large scripts that are built and committed, and large recordings that few commits change;
//! - pictures that gzip does not make smaller, and text that repeats itself within a few lines;
//! - release branches that share half of their content;
//! - a history that makes a full clone about eight times as large as the tips of the five branches
//!   (Cite: 19.1 MB and 2.3 MB, Echo: 23.9 MB and 2.2 MB);
//! - 60,000 refs, in one of them.
//!
//! docs/benchmarks.md has the numbers.
//!
//! A repository that is there is never made again. So whoever changes this content also changes the
//! name of the folder where `cargo xtask bench` keeps it.

mod history;
mod shape;
mod text;

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::Error;
use crate::repository::{Upstream, file_error};
use shape::{SHAPES, Shape};

/// Makes the repositories that are missing in a folder, which need not exist. The first time takes
/// about five minutes. `made` gets the name of each repository that is made.
///
/// # Errors
/// The folder cannot be read or written, or `git` fails.
pub fn create(root: &Path, made: impl Fn(&str) + Sync) -> Result<Upstream, Error> {
    create_some(root, &SHAPES, made)
}

fn create_some(
    root: &Path,
    shapes: &[Shape],
    made: impl Fn(&str) + Sync,
) -> Result<Upstream, Error> {
    fs::create_dir_all(root).map_err(file_error("create", root))?;
    let upstream = Upstream::new(root);
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(shape) = shapes.get(next.fetch_add(1, Ordering::Relaxed)) {
            if make(&upstream, shape)? {
                made(shape.path);
            }
        }
        Ok(())
    };
    let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = workers.into_iter().map(|worker| match worker.join() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        ended.collect::<Result<(), Error>>()
    })?;
    Ok(upstream)
}

/// Adds one repository; false if it is already there.
fn make(upstream: &Upstream, shape: &Shape) -> Result<bool, Error> {
    let name = format!("mediawiki/{}", shape.path).parse()?;
    upstream.add(&name, |draft| fill(&draft.path(&name), shape))
}

/// Makes a repository at this path.
fn fill(path: &Path, shape: &Shape) -> Result<(), Error> {
    fs::create_dir_all(path).map_err(file_error("create", path))?;
    let git = Git { repository: path };
    git.run(&["init", "--quiet", "--bare", "--template=", "--initial-branch=master"])?;
    git.feed(&["fast-import", "--quiet", "--done", "--force"], |out| history::write(shape, out))?;
    git.run(&["pack-refs", "--all"])?;
    add_changes(&git, shape)?;
    // As on a well-kept server. The deltas of the import go from old to new. Real packs have the
    // newest version whole, and older versions as deltas from it.
    git.run(&["repack", "-a", "-d", "-f", "-b", "-q"])?;
    git.run(&["commit-graph", "write", "--reachable", "--no-progress"])
}

/// Writes `refs/changes/…`, named as in Gerrit. They go straight into `packed-refs`: as loose refs
/// they would be 60,000 files. They point to one commit after the other, since in Gerrit the
/// versions of a merged change are close to commits of the branch.
fn add_changes(git: &Git<'_>, shape: &Shape) -> Result<(), Error> {
    if shape.changes == 0 {
        return Ok(());
    }
    let commits = git.output(&["rev-list", "--branches"])?;
    let commits: Vec<&str> = commits.lines().collect();
    let path = git.repository.join("packed-refs");
    let packed = fs::read_to_string(&path).map_err(file_error("read", &path))?;
    let (head, refs) = packed.split_once('\n').unwrap_or_default();
    let mut by_name: BTreeSet<(String, &str)> = refs
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(id, name)| (name.to_owned(), id))
        .collect();
    by_name.extend(commits.iter().cycle().take(shape.changes).enumerate().map(|(at, id)| {
        let (number, version) = (at / 4 + 1, at % 4 + 1);
        (format!("refs/changes/{:02}/{number}/{version}", number % 100), *id)
    }));
    let mut text = format!("{head}\n");
    for (name, id) in by_name {
        text.push_str(&format!("{id} {name}\n"));
    }
    fs::write(&path, text).map_err(file_error("write", &path))
}

/// `git` in one repository, without the configuration of this machine.
struct Git<'a> {
    repository: &'a Path,
}

impl Git<'_> {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        command.arg("--git-dir").arg(self.repository).args(arguments);
        command.stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Result<(), Error> {
        self.output(arguments).map(drop)
    }

    fn output(&self, arguments: &[&str]) -> Result<String, Error> {
        let ended = self.command(arguments).stderr(Stdio::inherit()).output();
        let ended = ended.map_err(|source| Error::NoGit { source })?;
        check(arguments, ended.status)?;
        Ok(String::from_utf8_lossy(&ended.stdout).into_owned())
    }

    fn feed(
        &self,
        arguments: &[&str],
        write: impl FnOnce(&mut BufWriter<std::process::ChildStdin>) -> io::Result<()>,
    ) -> Result<(), Error> {
        let child = self.command(arguments).stdin(Stdio::piped()).spawn();
        let mut child = child.map_err(|source| Error::NoGit { source })?;
        let mut written = Ok(());
        if let Some(stdin) = child.stdin.take() {
            let mut out = BufWriter::with_capacity(1 << 16, stdin);
            written = write(&mut out).and_then(|()| out.flush());
        }
        let ended = child.wait().map_err(|source| Error::NoGit { source })?;
        // The error of `git` says more than that of writing to its closed pipe.
        check(arguments, ended)?;
        written.map_err(file_error("import into", self.repository))
    }
}

fn check(arguments: &[&str], status: std::process::ExitStatus) -> Result<(), Error> {
    if status.success() {
        return Ok(());
    }
    Err(Error::GitCommand { command: arguments.join(" "), status })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_the_same_each_time_and_has_its_branches_and_changes() {
        let shape = SHAPES.iter().find(|shape| shape.path.ends_with("/BenchPoem"));
        let shape = Shape { commits: 60, changes: 9, ..*shape.expect("a small one") };
        let tips = || {
            let folder = tempfile::tempdir().expect("a folder");
            let upstream = create_some(folder.path(), &[shape], |_| {}).expect("a corpus");
            let again = |path: &str| panic!("{path} is there");
            create_some(folder.path(), &[shape], again).expect("a corpus");
            let name = "mediawiki/extensions/BenchPoem".parse().expect("a name");
            let repository = upstream.open(&name).expect("readable").expect("there");
            repository.project(None).expect("a project").refs
        };
        let refs = tips();
        assert_eq!(refs, tips());
        for branch in ["master", "REL1_43", "REL1_44", "REL1_45", "REL1_46"] {
            assert!(refs.contains_key(&format!("refs/heads/{branch}")), "{branch}");
        }
        let changes = refs.keys().filter(|name| name.starts_with("refs/changes/"));
        assert_eq!(changes.count(), 9);
        assert!(refs.contains_key("refs/changes/03/3/1"));
    }
}
