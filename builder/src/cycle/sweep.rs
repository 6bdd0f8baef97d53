//! Removes tarballs from `dist/` when their grace period is over.
//!
//! The order keeps all links valid: first new tarballs are written, then the snapshot that names them. Only then
//! tarballs are removed that the snapshot no longer names. The grace period is for clients that still have a
//! link to them.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    time::Duration,
};

use tardist_contract::Kind;

use crate::{
    catalogue::{self, Catalogue},
    data_dir::layout::{Layout, Tarballs},
    state::Retired,
};

/// The tarballs on disk that `catalogue` does not name, with the time since when this is so: since `now`, unless
/// `before` has an earlier time. Times are those of [`State::elapsed`](crate::state::State::elapsed), in
/// milliseconds.
pub fn retired(on_disk: &Tarballs, catalogue: &Catalogue, before: &Retired, now: i64) -> Retired {
    let mut unnamed: HashSet<&(Kind, String)> = on_disk.keys().collect();
    for file in catalogue::files(catalogue) {
        unnamed.remove(&file);
    }
    let since = |key| before.get(key).copied().unwrap_or(now).min(now);
    unnamed.into_iter().map(|key| (key.clone(), since(key))).collect()
}

/// How many bytes the old tarballs of one branch may have. Whoever may push could else fill the disk with them: a new
/// one of 250 MB in each cycle. The largest of Wikimedia's has 60 MB.
const MAX_OLD: u64 = 2 << 30;

/// Fewer old tarballs of a branch than this are not looked at: each has less than
/// [`MAX_BYTES`](crate::limits::tarball::MAX_BYTES).
const LEAST_OLD: usize = 3;

/// Removes the tarballs whose grace period is over at the time `now`, in the milliseconds of
/// [`State::elapsed`](crate::state::State::elapsed), and the oldest of a branch that has more than 2 GiB of
/// them. Returns how many were removed. What cannot be removed is only logged: it harms nobody.
pub fn sweep(layout: &Layout, retired: &Retired, grace: Duration, now: i64) -> usize {
    let size = |(kind, file): &(Kind, String)| {
        fs::symlink_metadata(layout.dist(*kind).join(file)).map_or(0, |it| it.len())
    };
    let mut removed = 0;
    for (kind, file) in due(retired, grace, now, size) {
        let path = layout.dist(*kind).join(file);
        match fs::remove_file(&path) {
            Ok(()) => removed += 1,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => tracing::warn!("cannot remove {}: {e}; remove it by hand", path.display()),
        }
    }
    removed
}

/// The tarballs that are to be removed. `size` is asked only where it may matter.
fn due(
    retired: &Retired,
    grace: Duration,
    now: i64,
    size: impl Fn(&(Kind, String)) -> u64,
) -> Vec<&(Kind, String)> {
    let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
    let (over, kept): (Vec<_>, Vec<_>) =
        retired.iter().partition(|(_, since)| now.saturating_sub(**since) >= grace);
    let mut due: Vec<_> = over.into_iter().map(|(key, _)| key).collect();
    let mut branches: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for (key, since) in kept {
        branches.entry((key.0, branch_of(&key.1))).or_default().push((since, key));
    }
    for mut files in branches.into_values().filter(|files| files.len() >= LEAST_OLD) {
        // The newest first.
        files.sort_unstable_by(|one, other| other.cmp(one));
        let mut bytes = 0_u64;
        due.extend(files.into_iter().map(|(_, key)| key).filter(|key| {
            bytes = bytes.saturating_add(size(key));
            bytes > MAX_OLD
        }));
    }
    due
}

/// The repository and branch of a tarball's name: what comes before the commit.
fn branch_of(file: &str) -> &str {
    let stem = file.strip_suffix(".tar.gz").unwrap_or(file);
    let is_commit = |part: &str| part.len() == 7 && part.bytes().all(|it| it.is_ascii_hexdigit());
    let parts = stem.match_indices('-').map(|(at, _)| at);
    let ends = parts.rev().take(2).find(|at| {
        let rest = &stem[at + 1..];
        is_commit(rest.split('-').next().unwrap_or_default())
    });
    ends.map_or(stem, |at| &stem[..at])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::{BranchRecord, RepositoryRecord},
        data_dir::{files::names, layout::TarballFile},
    };

    /// A day in milliseconds.
    const DAY: i64 = 24 * 60 * 60 * 1000;
    const NOW: i64 = 300 * DAY;
    const GRACE: Duration = Duration::from_secs(7 * 24 * 60 * 60);

    fn key(file: &str) -> (Kind, String) {
        (Kind::Skins, file.to_owned())
    }

    fn on_disk(files: &[&str]) -> Tarballs {
        files.iter().map(|file| (key(file), TarballFile { size: 9, modified_at: 0 })).collect()
    }

    /// A catalogue that names `A-master-aaaaaaa.tar.gz` of the skins.
    fn catalogue() -> Catalogue {
        let branches = [("master", BranchRecord::of_commit('a'))];
        let record = RepositoryRecord::of_branches("https://g/A", branches);
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
    fn a_grace_period_begins_when_a_tarball_is_seen_that_is_not_named() {
        let files = on_disk(&["A-master-aaaaaaa.tar.gz", "replaced", "earlier", "later"]);
        let before = Retired::from([
            (key("earlier"), NOW - DAY),
            (key("gone"), NOW - 2 * DAY),
            (key("later"), NOW + DAY),
        ]);
        let found = retired(&files, &catalogue(), &before, NOW);
        let expected = Retired::from([
            (key("replaced"), NOW),
            (key("earlier"), NOW - DAY),
            // A time in the future is not believed.
            (key("later"), NOW),
        ]);
        assert_eq!(found, expected, "what is named, and what is gone, is not in it");
    }

    #[test]
    fn the_plain_name_of_a_tarball_with_a_revision_stays() {
        let mut catalogue = catalogue();
        let record = catalogue.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        record.revision = 2;
        let files = ["A-master-aaaaaaa", "A-master-aaaaaaa-2", "A-master-aaaaaaa-3"]
            .map(|name| format!("{name}.tar.gz"));
        let files = on_disk(&files.each_ref().map(String::as_str));
        let found = retired(&files, &catalogue, &Retired::new(), NOW);
        assert_eq!(found, Retired::from([(key("A-master-aaaaaaa-2.tar.gz"), NOW)]));
    }

    #[test]
    fn a_tarball_of_the_same_name_and_the_other_kind_is_another() {
        let file = "A-master-aaaaaaa.tar.gz";
        let other = (Kind::Extensions, file.to_owned());
        let on_disk = Tarballs::from([(other.clone(), TarballFile { size: 9, modified_at: 0 })]);
        let found = retired(&on_disk, &catalogue(), &Retired::new(), NOW);
        assert_eq!(found, Retired::from([(other, NOW)]));
    }

    #[test]
    fn the_oldest_tarballs_of_a_branch_go_where_it_has_very_many_bytes_of_them() {
        let file = |branch: &str, number: u32| key(&format!("A-b-{branch}-{number:07x}.tar.gz"));
        let mut retired: Retired =
            (0..6).map(|number| (file("master", number), NOW - i64::from(number))).collect();
        retired.insert(key("A-b-master-0000001-2.tar.gz"), NOW - 9);
        retired.extend((0..2).map(|number| (file("REL1_45", number), NOW - DAY)));
        let due = |size: u64| {
            let mut due = due(&retired, GRACE, NOW, |_| size);
            due.sort();
            due.into_iter().cloned().collect::<Vec<_>>()
        };
        assert!(due(MAX_OLD / 7).is_empty());
        let oldest = [key("A-b-master-0000001-2.tar.gz"), file("master", 4), file("master", 5)];
        assert_eq!(due(MAX_OLD / 4), oldest, "those of other branches stay");
        assert_eq!(due(MAX_OLD + 1).len(), 7);
    }

    #[test]
    fn the_branch_of_a_tarball_is_what_comes_before_its_commit() {
        for (file, branch) in [
            ("Foo-REL1_45-1a2b3c4.tar.gz", "Foo-REL1_45"),
            ("Foo-Bar-wmf~1.46-1a2b3c4-12.tar.gz", "Foo-Bar-wmf~1.46"),
            ("Foo-1234567-1a2b3c4.tar.gz", "Foo-1234567"),
            ("other.tar.gz", "other"),
        ] {
            assert_eq!(branch_of(file), branch);
        }
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
        assert_eq!(sweep(&layout, &retired, GRACE, NOW), 2);
        assert_eq!(names(&layout.dist(Kind::Skins)), ["nearly", "other"]);
        assert_eq!(sweep(&layout, &retired, Duration::MAX, NOW), 0, "grace for ever");
        assert_eq!(sweep(&layout, &retired, Duration::ZERO, NOW), 1);
    }

    #[test]
    fn what_cannot_be_removed_does_not_stop_the_others() {
        let (_folder, layout) = data(&["old"]);
        fs::create_dir(layout.dist(Kind::Skins).join("folder")).unwrap();
        let retired = ["folder", "old"].map(|file| (key(file), NOW - 70 * DAY)).into();
        assert_eq!(sweep(&layout, &retired, GRACE, NOW), 1);
        assert_eq!(names(&layout.dist(Kind::Skins)), ["folder"]);
    }
}
