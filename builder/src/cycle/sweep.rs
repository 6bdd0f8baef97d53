//! Removes tarballs from `dist/` when their grace period is over.
//!
//! The order keeps all links valid: first new tarballs are written, then the snapshot that names them. Only then
//! tarballs are removed that the snapshot no longer names. The grace period is for clients that still have a
//! link to them.

use std::{fs, io, time::Duration};

use tardist_contract::Kind;

use crate::{
    Error,
    catalogue::{self, Catalogue},
    data_dir::layout::{Layout, Tarballs},
    error::IoContext,
    snapshot::Retired,
};

/// The tarballs on disk that `catalogue` does not name, with the time since when this is so, in Unix seconds.
///
/// That time is:
/// - the time in `retired`, if the tarball is there;
/// - `now`, if `named_before` says that the earlier snapshot named it;
/// - otherwise the time when it was written. A cycle that was killed leaves such tarballs.
pub fn retired(
    on_disk: &Tarballs,
    catalogue: &Catalogue,
    named_before: impl Fn(Kind, &str) -> bool,
    retired: &Retired,
    now: i64,
) -> Retired {
    let mut unnamed = on_disk.clone();
    for (id, _, file, _) in catalogue::tarballs(catalogue) {
        unnamed.remove(&(id.kind, file.into()));
    }
    unnamed
        .into_iter()
        .map(|(key, file)| {
            let since = match retired.get(&key) {
                Some(since) => *since,
                None if named_before(key.0, &key.1) => now,
                None => file.written_at,
            };
            (key, since)
        })
        .collect()
}

/// Removes the tarballs whose grace period is over at the time `now`, in Unix seconds. Returns how many were
/// removed.
///
/// # Errors
/// [`Error::Io`] if a file cannot be removed. A file that does not exist is no error.
pub fn sweep(
    layout: &Layout,
    retired: &Retired,
    grace: Duration,
    now: i64,
) -> Result<usize, Error> {
    let grace = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
    let mut removed = 0;
    for ((kind, file), since) in retired {
        if now.saturating_sub(*since) < grace {
            continue;
        }
        let path = layout.dist(*kind).join(file);
        match fs::remove_file(&path) {
            Ok(()) => removed += 1,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).at("remove", path),
        }
    }
    Ok(removed)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::{
        catalogue::{BranchRecord, RepositoryRecord},
        data_dir::{files::names, layout::TarballFile},
    };

    /// A day in seconds.
    const DAY: i64 = 24 * 60 * 60;
    const WRITTEN: i64 = 1_000 * DAY;
    const NOW: i64 = WRITTEN + 300 * DAY;
    const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    fn key(file: &str) -> (Kind, String) {
        (Kind::Skins, file.to_owned())
    }

    /// Tarballs that were all written long before any grace period.
    fn on_disk(files: &[&str]) -> Tarballs {
        files.iter().map(|file| (key(file), TarballFile { size: 9, written_at: WRITTEN })).collect()
    }

    /// A catalogue that names `A-master-aaaaaaa.tar.gz` of the skins.
    fn catalogue() -> Catalogue {
        let branches = BTreeMap::from([("master".parse().unwrap(), BranchRecord::of_commit('a'))]);
        let record = RepositoryRecord {
            upstream: String::new(),
            source_url: "https://g/A".into(),
            branches,
        };
        Catalogue::from([("skins/A".parse().unwrap(), record)])
    }

    /// A data directory with these files among the skins.
    fn data(files: &[&str]) -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        for file in files {
            fs::write(layout.dist(Kind::Skins).join(file), b"tarball").unwrap();
        }
        (folder, layout)
    }

    #[test]
    fn a_grace_period_begins_when_a_tarball_is_no_longer_named() {
        let files = on_disk(&["A-master-aaaaaaa.tar.gz", "replaced", "earlier", "killed"]);
        let before = Retired::from([(key("earlier"), NOW - DAY), (key("gone"), NOW - 2 * DAY)]);
        let named_before = |kind, file: &str| kind == Kind::Skins && file != "killed";
        let found = retired(&files, &catalogue(), named_before, &before, NOW);
        let expected = Retired::from([
            // The snapshot that this cycle replaces still named it.
            (key("replaced"), NOW),
            (key("earlier"), NOW - DAY),
            // No snapshot ever named it.
            (key("killed"), WRITTEN),
        ]);
        assert_eq!(found, expected, "what is named, and what is gone, is not in it");
    }

    #[test]
    fn a_tarball_of_the_same_name_and_the_other_kind_is_another() {
        let file = "A-master-aaaaaaa.tar.gz";
        let on_disk = Tarballs::from([(
            (Kind::Extensions, file.to_owned()),
            TarballFile { size: 9, written_at: WRITTEN },
        )]);
        let found =
            retired(&on_disk, &catalogue(), |kind, _| kind == Kind::Skins, &Retired::new(), NOW);
        assert_eq!(found, Retired::from([((Kind::Extensions, file.to_owned()), WRITTEN)]));
    }

    #[test]
    fn a_tarball_that_was_just_replaced_outlives_the_cycle_whatever_its_age() {
        let (_folder, layout) = data(&["replaced"]);
        let found =
            retired(&on_disk(&["replaced"]), &catalogue(), |_, _| true, &Retired::new(), NOW);
        assert_eq!(sweep(&layout, &found, GRACE, NOW).unwrap(), 0);
        assert_eq!(names(&layout.dist(Kind::Skins)), ["replaced"]);
    }

    #[test]
    fn a_sweep_removes_and_counts_the_tarballs_whose_grace_period_is_over() {
        let (_folder, layout) = data(&["just", "nearly", "long", "other"]);
        let retired = Retired::from([
            (key("just"), NOW - 7 * DAY),
            (key("nearly"), NOW - 7 * DAY + 1),
            (key("long"), NOW - 70 * DAY),
            // Somebody was quicker.
            (key("gone"), NOW - 70 * DAY),
        ]);
        assert_eq!(sweep(&layout, &retired, GRACE, NOW).unwrap(), 2);
        assert_eq!(names(&layout.dist(Kind::Skins)), ["nearly", "other"]);
        assert_eq!(sweep(&layout, &retired, Duration::MAX, NOW).unwrap(), 0, "grace for ever");
        assert_eq!(sweep(&layout, &retired, Duration::ZERO, NOW).unwrap(), 1);
    }

    #[test]
    fn a_tarball_that_cannot_be_removed_is_named() {
        let (_folder, layout) = data(&[]);
        fs::create_dir(layout.dist(Kind::Skins).join("folder")).unwrap();
        let retired = Retired::from([(key("folder"), NOW - 70 * DAY)]);
        let error = sweep(&layout, &retired, GRACE, NOW).unwrap_err().to_string();
        assert!(error.contains("remove") && error.contains("skins/folder"), "{error}");
    }
}
