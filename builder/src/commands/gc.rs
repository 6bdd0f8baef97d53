//! `tardist gc`: frees disk space by removing what is no longer in use.
//!
//! Everything that it removes from `mirror/` can be fetched again, so a wrong guess costs one fetch. It
//! removes no tarball that the snapshot names. It does not ask any upstream, and it does not use access times,
//! which not every file system records.
//! [`unused_mirrors`] says which mirrors are in use.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Instant,
};

use jiff::Timestamp;
use tardist_contract::Kind;

use crate::{
    Error,
    commands::output::Output,
    cycle::{report::ReportEntry, sweep, unused_mirrors, workers},
    data_dir::{files, layout::Layout, lock::Lock, unfinished},
    error::{GitContext, OUT_OF_SPACE, PARTLY_FAILED},
    git::transport,
    pool,
    progress::{self, Progress},
    settings::config::Config,
    snapshot::{Snapshot, Unreadable},
    state::{State, clock::Reading},
    worker::{Failure, Supervisor},
};

/// What to do if there is no room to pack.
const NO_ROOM: &str = "The disk is full, and a mirror is packed beside its old packs. Make room with a shorter grace \
                       (setting grace), or remove the folder of a large mirror: the next cycle fetches it again.";

/// What one run of `gc` did.
#[derive(Debug, Default)]
struct Summary {
    /// Mirrors of repositories that were removed.
    mirrors: usize,
    /// Mirrors of submodules that were removed.
    submodules: usize,
    /// Tarballs that were removed after their grace period.
    tarballs: usize,
    /// Unfinished files and folders of killed builders that were removed.
    unfinished: usize,
    /// Mirrors that are in use and were packed.
    repacked: usize,
    /// How many packs these mirrors had before, all together.
    packs: usize,
    /// The disk space in bytes that all this freed.
    bytes: u64,
    /// Mirrors that could not be packed.
    failures: Vec<ReportEntry>,
}

impl Summary {
    /// True if a mirror could not be packed because the disk is full.
    fn has_no_room(&self) -> bool {
        self.failures.iter().any(ReportEntry::says_full_disk)
    }

    fn exit_status(&self) -> u8 {
        match self.failures.is_empty() {
            true => 0,
            false if self.has_no_room() => OUT_OF_SPACE,
            false => PARTLY_FAILED,
        }
    }
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} freed: {} mirrors of repositories, {} mirrors of submodules, {} tarballs and {} \
             unfinished files removed; {} mirrors repacked, which had {} packs.",
            progress::bytes(self.bytes),
            self.mirrors,
            self.submodules,
            self.tarballs,
            self.unfinished,
            self.repacked,
            self.packs
        )?;
        if !self.failures.is_empty() {
            write!(f, "\n{} mirrors could not be packed:", self.failures.len())?;
        }
        for failure in &self.failures {
            write!(f, "\n  {failure}")?;
        }
        if self.has_no_room() {
            write!(f, "\n{NO_ROOM}")?;
        }
        Ok(())
    }
}

/// Frees disk space in the data directory at the time `now`, and returns a summary. The exit status is 3 if a mirror
/// could not be packed, 6 if that is because the disk is full.
///
/// # Errors
/// [`Error::NothingPublished`] if there is no snapshot, because then nothing says what is in use;
/// [`Error::Locked`] if another builder is running; [`Error::Io`] and [`Error::Git`] if something cannot be
/// read or removed.
pub fn run(config: &Config, now: Timestamp, progress: &Progress) -> Result<Output, Error> {
    let layout = Layout::new(&config.data);
    // Looked for before locking: the lock would need a data directory, which may not exist.
    if !files::exists(&layout.snapshot())? && !files::exists(&layout.state())? {
        return Err(nothing_published(&layout));
    }
    let _lock = Lock::acquire(&layout)?;
    let mut summary = Summary::default();
    if layout.is_node()? {
        // A node has no tarballs and no mirrors. With a state, it would be taken for a builder.
        remove_unfinished(&layout, &mut summary)?;
        return Ok(Output { text: summary.to_string(), exit_status: 0 });
    }
    // None is made: in a node's data directory, `pull` would take it for that of a builder.
    let state = match files::exists(&layout.state())? {
        true => Some(State::open(&layout, Reading::take(now), config.grace)?),
        false => None,
    };
    let catalogue =
        state.as_ref().map_or_else(|| State::look(&layout), |state| state.catalogue.clone());
    if catalogue.is_empty() {
        return Err(nothing_published(&layout));
    }
    transport::set_up_to_read().git(|| "set up Git".to_owned())?;
    remove_unfinished(&layout, &mut summary)?;
    if let Some(state) = &state {
        remove_tarballs(&layout, state, config, &mut summary)?;
    }
    let supervisor = workers::supervisor(config, &layout, config.http_options(), Instant::now())?;
    let removed = unused_mirrors::remove(&layout, &catalogue, &supervisor)?;
    (summary.mirrors, summary.submodules) = (removed.repositories, removed.submodules);
    summary.unfinished += removed.unfinished;
    summary.bytes += removed.bytes;
    let in_use = removed.in_use;
    repack_all(&layout, &supervisor, in_use, config.jobs, progress, &mut summary);
    Ok(Output { text: summary.to_string(), exit_status: summary.exit_status() })
}

/// Why nothing is known of what is published: there is no snapshot, or it cannot be read.
fn nothing_published(layout: &Layout) -> Error {
    let path = layout.snapshot();
    match Snapshot::open(&path) {
        Err(Unreadable::Inaccessible(source)) => Error::Io { action: "read", path, source },
        _ => Error::NothingPublished { path: layout.root().to_owned() },
    }
}

/// Removes what builders left that were killed.
fn remove_unfinished(layout: &Layout, summary: &mut Summary) -> Result<(), Error> {
    let mut folders = vec![layout.root().to_owned()];
    folders.extend(Kind::ALL.map(|kind| layout.dist(kind)));
    for folder in folders {
        let removed = unfinished::remove_all(&folder)?;
        summary.unfinished += removed.count;
        summary.bytes += removed.bytes;
    }
    Ok(())
}

/// Removes the tarballs whose grace period is over.
fn remove_tarballs(
    layout: &Layout,
    state: &State,
    config: &Config,
    summary: &mut Summary,
) -> Result<(), Error> {
    let before = layout.tarballs()?;
    summary.tarballs = sweep::sweep(layout, &state.retired, config.grace, state.elapsed);
    let after = layout.tarballs()?;
    let removed = before.iter().filter(|(key, _)| !after.contains_key(*key));
    summary.bytes += removed.map(|(_, file)| file.size).sum::<u64>();
    Ok(())
}

/// Repacks mirrors, `jobs` at a time, each in a worker of its own: their content is hostile.
fn repack_all(
    layout: &Layout,
    supervisor: &Supervisor<'_>,
    mirrors: Vec<PathBuf>,
    jobs: usize,
    progress: &Progress,
    summary: &mut Summary,
) {
    let meter = progress.count(mirrors.len(), "mirrors", || 0);
    let name = |path: &Path| {
        let path = path.strip_prefix(layout.mirrors()).unwrap_or(path).with_extension("");
        path.display().to_string()
    };
    let work = |path: &PathBuf| {
        let _task = meter.begin(&name(path));
        supervisor.repack(path)
    };
    let failed = |error: Error| Err(Failure::for_now(error.to_string()));
    pool::run(jobs, mirrors, work, |path, done| match done.unwrap_or_else(failed) {
        Ok(repacked) => {
            summary.repacked += 1;
            summary.packs += repacked.packs_before;
            summary.bytes += repacked.bytes_before.saturating_sub(repacked.bytes_after);
        }
        Err(Failure { text, .. }) => {
            summary.failures.push(ReportEntry::new(name(&path), None, &text));
        }
    });
    summary.failures.sort();
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::settings::Settings;

    #[test]
    fn on_a_full_disk_it_says_what_else_makes_room() {
        let failure = |text: &str| ReportEntry::new("skins/A", None, text);
        let of = |text| Summary { failures: vec![failure(text)], ..Summary::default() };
        let full = of("cannot write to /m: No space left on device (os error 28)");
        assert_eq!(full.exit_status(), 6);
        assert!(full.to_string().ends_with(NO_ROOM), "{full}");
        assert_eq!(of("its worker crashed").exit_status(), 3);
        assert!(!of("its worker crashed").to_string().contains(NO_ROOM));
    }

    #[test]
    fn a_snapshot_that_cannot_be_read_is_not_taken_for_none() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let data = Some(folder.path().to_owned());
        let config = Config::new(Settings { data, ..Settings::default() }).unwrap();
        let told = || run(&config, Timestamp::UNIX_EPOCH, &Progress::new(true)).unwrap_err();
        assert!(matches!(told(), Error::NothingPublished { .. }));
        let snapshot = layout.snapshot();
        symlink(&snapshot, &snapshot).unwrap();
        let says = format!("cannot read {}: Too many levels", snapshot.display());
        assert!(told().to_string().starts_with(&says), "{}", told());
        assert_eq!(told().exit_status(), 1);
        assert!(!layout.state().exists(), "it was only looked at");
        fs::remove_file(&snapshot).unwrap();
        fs::write(&snapshot, "").unwrap();
        assert!(matches!(nothing_published(&layout), Error::NothingPublished { .. }));
    }
}
