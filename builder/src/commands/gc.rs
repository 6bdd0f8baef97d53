//! `tardist gc`: frees the disk of what nothing names any more.
//!
//! All that it removes from `mirror/` can be fetched again, so a wrong guess costs a fetch and no
//! more; nothing that the snapshot names is touched. What is unused follows from what is there, not
//! from times of access, which file systems keep or not: a repository is in use if the snapshot
//! names it, or if the last cycle named it as failed (it will be tried again); a submodule is in use
//! if a branch in any mirror that stays has it, itself or through other submodules. No upstream is
//! asked.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    ffi::OsStr,
    fmt, fs,
    path::{Path, PathBuf},
    sync::Mutex,
    thread,
};

use git2::{Oid, Repository};
use jiff::Timestamp;
use serde::Serialize;
use tardist_contract::Kind;

use crate::{
    Error,
    cycle::{
        report::{Remark, Report},
        sweep,
    },
    data_dir::{
        files::{entries, size},
        layout::{Layout, UNFINISHED},
        lock::Lock,
    },
    error::{GitContext, IoContext},
    git::{
        mirror, submodule,
        tidy::{self, Tidied},
        url_map::{self, UrlMap},
    },
    progress::{self, Progress},
    repository_id::RepositoryId,
    settings::config::Config,
    snapshot::file::Snapshot,
};

/// How deep submodules of submodules are followed; hostile ones could name each other.
const MAX_DEPTH: usize = 16;

/// What was done.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Mirrors of repositories that were removed.
    pub mirrors: usize,
    /// Mirrors of submodules that were removed.
    pub submodules: usize,
    /// Tarballs that were removed after their grace period.
    pub tarballs: usize,
    /// Unfinished files and folders of killed cycles that were removed.
    pub unfinished: usize,
    /// Mirrors that stay and were tidied.
    pub tidied: usize,
    /// How many packs these had together.
    pub packs: usize,
    /// The bytes on disk that all this freed.
    pub bytes: u64,
    /// Mirrors that could not be tidied.
    pub failures: Vec<Remark>,
}

impl Outcome {
    /// The exit status: 0 all well, 3 where a mirror could not be tidied.
    pub fn exit_code(&self) -> u8 {
        if self.failures.is_empty() { 0 } else { 3 }
    }
}

impl fmt::Display for Outcome {
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

/// Frees what can be freed at the time `now`.
///
/// # Errors
/// [`Error::NothingPublished`] where there is no snapshot to say what is in use; [`Error::Locked`]
/// while another builder works; [`Error::Io`] where something can't be read or removed.
pub fn run(config: &Config, now: Timestamp, progress: &Progress) -> Result<Outcome, Error> {
    let layout = Layout::new(&config.data);
    let none = || Error::NothingPublished { path: layout.root().to_owned() };
    // Without one there is nothing to do, and no data directory to make for a lock.
    if !layout.snapshot().exists() {
        return Err(none());
    }
    let _lock = Lock::acquire(&layout)?;
    let snapshot = Snapshot::load(&layout.snapshot()).ok_or_else(none)?;
    let mut outcome = Outcome::default();
    remove_unfinished(&layout, &mut outcome)?;
    sweep(&layout, &snapshot, config, now, &mut outcome)?;
    let mirrors = mirrors(&layout)?;
    let (used, unused): (BTreeMap<_, _>, BTreeMap<_, _>) = {
        let wanted = wanted(&layout, &snapshot);
        mirrors.into_iter().partition(|(id, _)| wanted.contains(id))
    };
    for (_, path) in unused {
        outcome.bytes += remove_folder(&path)?;
        outcome.mirrors += 1;
    }
    let needed = needed_submodules(&layout, &snapshot, &used, &config.url_map);
    let mut stay: Vec<PathBuf> = used.into_values().collect();
    for path in submodule_mirrors(&layout)? {
        if needed.contains(&path) {
            stay.push(path);
        } else {
            outcome.bytes += remove_folder(&path)?;
            outcome.submodules += 1;
        }
    }
    remove_empty_folders(&layout.mirrors().join("submodules"));
    for path in &stay {
        drop_refs(&layout, &snapshot, path)?;
    }
    tidy_all(&layout, stay, config.jobs, progress, &mut outcome);
    Ok(outcome)
}

fn sweep(
    layout: &Layout,
    snapshot: &Snapshot,
    config: &Config,
    now: Timestamp,
    outcome: &mut Outcome,
) -> Result<(), Error> {
    let before = layout.tarballs()?;
    let retired = sweep::retired(
        &before,
        &snapshot.catalogue,
        |_, _| false,
        &snapshot.retired,
        now.as_second(),
    );
    outcome.tarballs = sweep::sweep(layout, &retired, config.grace, now.as_second())?;
    let after = layout.tarballs()?;
    let gone = before.iter().filter(|(key, _)| !after.contains_key(*key));
    outcome.bytes += gone.map(|(_, file)| file.size).sum::<u64>();
    Ok(())
}

/// The repositories whose mirrors the next cycle may want.
fn wanted(layout: &Layout, snapshot: &Snapshot) -> BTreeSet<RepositoryId> {
    let failed = Report::read(layout).into_iter().flat_map(|report| report.failures);
    let failed = failed.filter_map(|failure| failure.repository.parse().ok());
    snapshot.catalogue.keys().cloned().chain(failed).collect()
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

/// The mirrors of the submodules that the branches of these mirrors have.
fn needed_submodules(
    layout: &Layout,
    snapshot: &Snapshot,
    used: &BTreeMap<RepositoryId, PathBuf>,
    map: &[UrlMap],
) -> BTreeSet<PathBuf> {
    let mut needed = BTreeSet::new();
    for (id, path) in used {
        let Ok(repository) = Repository::open_bare(path) else { continue };
        let url = snapshot.catalogue.get(id).map_or("", |record| record.source_url.as_str());
        let url = url.strip_suffix(".git").unwrap_or(url);
        let Ok(references) = repository.references() else { continue };
        let tips: BTreeSet<Oid> = references.flatten().filter_map(|it| it.target()).collect();
        for tip in tips {
            follow(layout, &repository, tip, url, map, MAX_DEPTH, &mut needed);
        }
    }
    needed
}

/// Adds the mirrors of a commit's submodules, and of theirs.
fn follow(
    layout: &Layout,
    repository: &Repository,
    commit: Oid,
    url: &str,
    map: &[UrlMap],
    depth: usize,
    needed: &mut BTreeSet<PathBuf>,
) {
    let Ok(tree) = repository.find_commit(commit).and_then(|commit| commit.tree()) else { return };
    let Some(modules) =
        tree.get_name(".gitmodules").and_then(|it| repository.find_blob(it.id()).ok())
    else {
        return;
    };
    for (path, module) in submodule::parse(&String::from_utf8_lossy(modules.content())) {
        let url = submodule::resolve(url, &module);
        let mirror = layout.submodule(&url_map::mapped(&url, map));
        let inner = tree.get_path(Path::new(&path)).map(|entry| entry.id());
        if let (Ok(commit), Ok(inside), 1..) = (inner, Repository::open_bare(&mirror), depth) {
            follow(layout, &inside, commit, &url, map, depth - 1, needed);
        }
        needed.insert(mirror);
    }
}

/// Drops the refs of a mirror that belong to branches that are not published any more: the branches
/// themselves, and the commits of submodules that they pinned. Those of repositories that are not
/// published at all stay, since they failed lately and will be tried again.
fn drop_refs(layout: &Layout, snapshot: &Snapshot, path: &Path) -> Result<(), Error> {
    let what = || format!("drop refs of the mirror {}", path.display());
    let place = path.strip_prefix(layout.mirrors()).unwrap_or(path).with_extension("");
    let own = place.to_str().and_then(|place| place.parse::<RepositoryId>().ok());
    let repository = Repository::open_bare(path).git(what)?;
    for reference in repository.references().git(what)? {
        let mut reference = reference.git(what)?;
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        let user = match (&own, name.strip_prefix("refs/heads/"), mirror::kept_for(&name)) {
            (Some(id), Some(branch), _) => Some((id.clone(), branch.to_owned())),
            (None, _, kept) => kept,
            _ => None,
        };
        let published = |(id, branch): &(RepositoryId, String)| {
            let record = snapshot.catalogue.get(id);
            record.is_none_or(|it| it.branches.keys().any(|it| it.as_str() == branch))
        };
        if user.is_some_and(|user| !published(&user)) {
            reference.delete().git(what)?;
        }
    }
    Ok(())
}

fn remove_unfinished(layout: &Layout, outcome: &mut Outcome) -> Result<(), Error> {
    let mut folders = vec![layout.root().to_owned()];
    for kind in Kind::ALL {
        folders.extend([layout.dist(kind), layout.mirrors().join(kind.as_str())]);
    }
    for folder in folders {
        for path in entries(&folder)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with(UNFINISHED) {
                outcome.bytes += size(&path)?;
                outcome.unfinished += 1;
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
    outcome: &mut Outcome,
) {
    let meter = progress.count(mirrors.len(), "mirrors", || 0);
    let threads = jobs.min(mirrors.len());
    let queue = Mutex::new(VecDeque::from(mirrors));
    let next = || queue.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).pop_front();
    let done: Vec<(String, Result<Tidied, Error>)> = thread::scope(|scope| {
        let work = || {
            let mut done = Vec::new();
            while let Some(path) = next() {
                let name = path.strip_prefix(layout.mirrors()).unwrap_or(&path).with_extension("");
                let name = name.display().to_string();
                meter.begin(&name);
                let tidied = tidy::tidy(&path, true);
                meter.done(&name, 0);
                done.push((name, tidied));
            }
            done
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap_or_default()).collect()
    });
    for (repository, tidied) in done {
        match tidied {
            Ok(tidied) => {
                outcome.tidied += 1;
                outcome.packs += tidied.packs_before;
                outcome.bytes += tidied.bytes_before.saturating_sub(tidied.bytes_after);
            }
            Err(error) => {
                let text = error.to_string();
                outcome.failures.push(Remark { repository, branch: None, text });
            }
        }
    }
    outcome.failures.sort();
}
