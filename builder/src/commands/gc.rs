//! `tardist gc`: frees the disk of what nothing names any more.
//!
//! All that it removes from `mirror/` can be fetched again, so a wrong guess costs a fetch and no
//! more; nothing that the snapshot names is touched. What is unused follows from what is there, not
//! from times of access, which not every file system keeps:
//!
//! - the mirror of a repository is in use if the snapshot names the repository, or if the last cycle
//!   named it as failed, since the next one tries it again;
//! - the mirror of a submodule is in use if it keeps a commit for a branch of such a repository
//!   ([`keep`](crate::git::keep)), and that branch still has the submodule.
//!
//! No upstream is asked.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fmt, fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use tardist_contract::Kind;

use crate::{
    Error,
    commands::output::Output,
    cycle::{
        report::{Remark, Report},
        sweep,
    },
    data_dir::{
        files::{entries, size},
        layout::{Layout, UNFINISHED},
        lock::Lock,
    },
    error::IoContext,
    git::{keep, tidy},
    pool,
    progress::{self, Progress},
    repository_id::RepositoryId,
    settings::config::Config,
    snapshot::Snapshot,
};

/// What was freed, and what could not be tidied.
#[derive(Debug, Default)]
struct Freed {
    /// Mirrors of repositories that were removed.
    mirrors: usize,
    /// Mirrors of submodules that were removed.
    submodules: usize,
    /// Tarballs that were removed after their grace period.
    tarballs: usize,
    /// Unfinished files and folders of killed cycles that were removed.
    unfinished: usize,
    /// Mirrors that stay and were tidied.
    tidied: usize,
    /// How many packs these had together.
    packs: usize,
    /// The bytes on disk that all this freed.
    bytes: u64,
    /// Mirrors that could not be tidied.
    failures: Vec<Remark>,
}

impl fmt::Display for Freed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} freed: {} mirrors of repositories, {} of submodules, {} tarballs and {} unfinished \
             files removed; {} mirrors with {} packs tidied.",
            progress::bytes(self.bytes),
            self.mirrors,
            self.submodules,
            self.tarballs,
            self.unfinished,
            self.tidied,
            self.packs
        )?;
        if !self.failures.is_empty() {
            write!(f, "\n{} could not be tidied:", self.failures.len())?;
        }
        for failure in &self.failures {
            write!(f, "\n  {failure}")?;
        }
        Ok(())
    }
}

/// Frees what can be freed at the time `now`, and says what that was.
///
/// # Errors
/// [`Error::NothingPublished`] where there is no snapshot to say what is in use; [`Error::Locked`]
/// while another builder works; [`Error::Io`] where something cannot be read or removed.
pub fn run(config: &Config, now: Timestamp, progress: &Progress) -> Result<Output, Error> {
    let freed = free(config, now, progress)?;
    let exit_status = if freed.failures.is_empty() { 0 } else { 3 };
    Ok(Output { text: freed.to_string(), exit_status })
}

fn free(config: &Config, now: Timestamp, progress: &Progress) -> Result<Freed, Error> {
    let layout = Layout::new(&config.data);
    let none = || Error::NothingPublished { path: layout.root().to_owned() };
    // Without one there is nothing to do, and no data directory to make for a lock.
    if !layout.snapshot().exists() {
        return Err(none());
    }
    let _lock = Lock::acquire(&layout)?;
    let snapshot = Snapshot::load(&layout.snapshot()).ok_or_else(none)?;
    let mut freed = Freed::default();
    remove_unfinished(&layout, &mut freed)?;
    sweep(&layout, &snapshot, config, now, &mut freed)?;
    let is_wanted = wanted(&layout, &snapshot);
    let (used, unused): (BTreeMap<_, _>, BTreeMap<_, _>) =
        mirrors(&layout)?.into_iter().partition(|(id, _)| is_wanted(id, None));
    for path in unused.values() {
        freed.bytes += remove_folder(path)?;
        freed.mirrors += 1;
    }
    for (id, path) in &used {
        keep::drop_branches(path, |branch| is_wanted(id, Some(branch)))?;
    }
    let submodules = submodule_mirrors(&layout)?;
    let is_kept_for = |id: &RepositoryId, branch: &str| is_wanted(id, Some(branch));
    let unused = keep::drop_unused(&submodules, is_kept_for, |id| layout.mirror(id))?;
    for path in &unused {
        freed.bytes += remove_folder(path)?;
        freed.submodules += 1;
    }
    remove_empty_folders(&layout.mirrors().join("submodules"));
    let stay = submodules.into_iter().filter(|path| !unused.contains(path));
    let stay = used.into_values().chain(stay).collect();
    tidy_all(&layout, stay, config.jobs, progress, &mut freed);
    Ok(freed)
}

fn sweep(
    layout: &Layout,
    snapshot: &Snapshot,
    config: &Config,
    now: Timestamp,
    freed: &mut Freed,
) -> Result<(), Error> {
    let before = layout.tarballs()?;
    let retired = sweep::retired(
        &before,
        &snapshot.catalogue,
        |_, _| false,
        &snapshot.retired,
        now.as_second(),
    );
    freed.tarballs = sweep::sweep(layout, &retired, config.grace, now.as_second())?;
    let after = layout.tarballs()?;
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    freed.bytes += gone.map(|(_, file)| file.size).sum::<u64>();
    Ok(())
}

/// Tells what the next cycle may want: of a repository, or of one branch of it.
///
/// All branches of a repository that failed are wanted: nothing tells which of them it has.
fn wanted<'a>(
    layout: &Layout,
    snapshot: &'a Snapshot,
) -> impl Fn(&RepositoryId, Option<&str>) -> bool + 'a {
    let failures = Report::read(layout).into_iter().flat_map(|report| report.failures);
    let failed: BTreeSet<RepositoryId> =
        failures.filter_map(|failure| failure.repository.parse().ok()).collect();
    move |id, branch| match (snapshot.catalogue.get(id), branch) {
        _ if failed.contains(id) => true,
        (Some(record), Some(branch)) => record.branches.keys().any(|it| it.as_str() == branch),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

/// The mirrors of repositories.
fn mirrors(layout: &Layout) -> Result<BTreeMap<RepositoryId, PathBuf>, Error> {
    let mut mirrors = BTreeMap::new();
    for kind in Kind::ALL {
        for path in entries(&layout.mirrors().join(kind.as_str()))? {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let name = name.strip_suffix(".git").and_then(|name| name.parse().ok());
            if let Some(name) = name {
                mirrors.insert(RepositoryId { kind, name }, path);
            }
        }
    }
    Ok(mirrors)
}

/// The mirrors of submodules, wherever they are below their folder.
fn submodule_mirrors(layout: &Layout) -> Result<Vec<PathBuf>, Error> {
    let mut found = Vec::new();
    let mut folders = vec![layout.mirrors().join("submodules")];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder)? {
            if path.extension().is_some_and(|it| it == "git") && path.join("objects").is_dir() {
                found.push(path);
            } else if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            }
        }
    }
    Ok(found)
}

fn remove_unfinished(layout: &Layout, freed: &mut Freed) -> Result<(), Error> {
    let mut folders = vec![layout.root().to_owned()];
    for kind in Kind::ALL {
        folders.extend([layout.dist(kind), layout.mirrors().join(kind.as_str())]);
    }
    for folder in folders {
        for path in entries(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(UNFINISHED) {
                freed.bytes += size(&path)?;
                freed.unfinished += 1;
                let removed =
                    if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
                removed.at("remove", &path)?;
            }
        }
    }
    Ok(())
}

/// Removes a mirror; its bytes. It is renamed before, so that one who is killed meanwhile does not
/// leave half a mirror that looks like a whole one.
fn remove_folder(path: &Path) -> Result<u64, Error> {
    let bytes = size(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let doomed = path.with_file_name(format!("{UNFINISHED}{name}"));
    fs::rename(path, &doomed).at("rename", path)?;
    fs::remove_dir_all(&doomed).at("remove", &doomed)?;
    Ok(bytes)
}

/// Removes the folders of hosts and paths that hold nothing any more.
fn remove_empty_folders(folder: &Path) {
    for path in entries(folder).unwrap_or_default() {
        if path.is_dir() && !path.is_symlink() && path.extension().is_none_or(|it| it != "git") {
            remove_empty_folders(&path);
            // It says no by itself if there is anything inside.
            let _ = fs::remove_dir(&path);
        }
    }
}

/// Tidies mirrors, several at once.
fn tidy_all(
    layout: &Layout,
    mirrors: Vec<PathBuf>,
    jobs: usize,
    progress: &Progress,
    freed: &mut Freed,
) {
    let meter = progress.count(mirrors.len(), "mirrors", || 0);
    let name = |path: &Path| {
        let path = path.strip_prefix(layout.mirrors()).unwrap_or(path).with_extension("");
        path.display().to_string()
    };
    let tidied = |path: &PathBuf| {
        let _task = meter.begin(&name(path));
        tidy::tidy(path, true)
    };
    pool::run(jobs, mirrors, tidied, |path, tidied| match tidied {
        Ok(tidied) => {
            freed.tidied += 1;
            freed.packs += tidied.packs_before;
            freed.bytes += tidied.bytes_before.saturating_sub(tidied.bytes_after);
        }
        Err(error) => {
            let (repository, text) = (name(&path), error.to_string());
            freed.failures.push(Remark { repository, branch: None, text });
        }
    });
    freed.failures.sort();
}
