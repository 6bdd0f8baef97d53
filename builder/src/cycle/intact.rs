//! Which published tarballs are still what they were. All others are made again.
//!
//! The size and the time of every file are compared in each cycle, its bytes from time to time: reading all of them
//! each hour would take longer than everything else.

use std::{fs::File, io, path::Path, time::UNIX_EPOCH};

use tardist_contract::BranchName;

use crate::{
    catalogue::{self, BranchRecord, Catalogue},
    data_dir::{
        files,
        layout::{Layout, Tarballs},
    },
    repository_id::RepositoryId,
    tarball,
};

/// In how many cycles the bytes of all tarballs are compared once: a week of hourly cycles.
const CYCLES: usize = 7 * 24;

/// More than that share is compared while it costs next to nothing: until so many bytes were read, and at most so many
/// tarballs.
const CHEAP_BYTES: u64 = 4 << 20;
const CHEAP_TARBALLS: usize = 32;

/// How many bytes of tarballs are compared in one cycle, at least one tarball whatever its size.
const MAX_BYTES: u64 = 64 << 20;

/// How many tarballs with a wrong time are looked at in one cycle.
const MAX_TOUCHED: usize = 500;

/// The published records whose tarball is on disk with the right size. A tarball that was removed by hand is
/// missing here.
pub(super) fn with_right_size(published: &Catalogue, on_disk: &Tarballs) -> Catalogue {
    let mut intact = published.clone();
    intact.retain(|id, repository| {
        repository.branches.retain(|branch, record| {
            let name = record.tarball(&id.name, branch).into();
            on_disk.get(&(id.kind, name)).is_some_and(|file| file.size == record.size)
        });
        !repository.branches.is_empty()
    });
    intact
}

/// Compares the bytes of some tarballs: of those whose file has another time than its commit, and of the next
/// few after `checked`, which is moved on. Records whose tarball has other bytes are taken out of `intact`. A right
/// tarball with a wrong time gets the right one; if that is not possible, its record has no recipe, so that it is made
/// again.
pub(super) fn compare_some(
    intact: &mut Catalogue,
    layout: &Layout,
    on_disk: &Tarballs,
    checked: &mut String,
) {
    let mut bytes = 0;
    for Chosen { key, id, branch, is_touched, is_due } in chosen(intact, on_disk, checked) {
        let most = if is_due { MAX_BYTES } else { CHEAP_BYTES };
        if !is_touched && bytes > most {
            break;
        }
        let Some(repository) = intact.get_mut(&id) else { continue };
        let Some(record) = repository.branches.get_mut(&branch) else { continue };
        let path = layout.dist(id.kind).join(record.tarball(&id.name, &branch).as_str());
        bytes += record.size;
        match files::sha256(&path) {
            Ok(sha256) if sha256 == record.sha256 => {
                if is_touched && let Err(error) = set_time(&path, record) {
                    // It would be looked at in each cycle. Another user's file is replaced, and then it is ours. Until
                    // then it stays published.
                    tracing::warn!(
                        "cannot set the time of {} ({error}), so it is made again",
                        path.display()
                    );
                    record.recipe.clear();
                }
            }
            Ok(_) | Err(_) => {
                tracing::warn!("{} is damaged, and is made again", path.display());
                repository.branches.remove(&branch);
            }
        }
        if !is_touched {
            *checked = key;
        }
    }
    intact.retain(|_, repository| !repository.branches.is_empty());
}

/// A tarball to compare.
struct Chosen {
    /// `KIND/FILE`
    key: String,
    id: RepositoryId,
    branch: BranchName,
    /// Whether its file has a wrong time.
    is_touched: bool,
    /// Whether it belongs to the share of this cycle.
    is_due: bool,
}

/// The tarballs to compare: those with a wrong time, then the next few after `checked`.
fn chosen(intact: &Catalogue, on_disk: &Tarballs, checked: &str) -> Vec<Chosen> {
    let checked = checked.split_once('/').unwrap_or_default();
    let mut touched = Vec::new();
    let mut others = Vec::new();
    for (id, branch, file, record) in catalogue::tarballs(intact) {
        let key = (id.kind, file.into());
        let there = on_disk.get(&key);
        let (_, file) = key;
        if there.is_some_and(|it| it.modified_at != wanted_time(record)) {
            touched.push((file, id, branch, true));
        } else {
            others.push((file, id, branch, false));
        }
    }
    touched.truncate(MAX_TOUCHED);
    let due = others.len().div_ceil(CYCLES);
    let count = due.max(CHEAP_TARBALLS);
    let place = |(file, id, ..): &(String, &RepositoryId, &BranchName, bool)| {
        let key = (id.kind.as_str(), file.as_str());
        // After the last one, all begins again.
        (key <= checked, key.0, key.1.to_owned())
    };
    if others.len() > count {
        // Of very many, only those that are compared are put in order.
        others.select_nth_unstable_by(count, |one, other| place(one).cmp(&place(other)));
        others.truncate(count);
    }
    others.sort_unstable_by_key(place);
    let due = touched.len() + due;
    let all = touched.into_iter().chain(others).enumerate();
    all.map(|(number, (file, id, branch, is_touched))| {
        let (id, branch, is_due) = (id.clone(), branch.clone(), number < due);
        Chosen { key: format!("{}/{file}", id.kind), id, branch, is_touched, is_due }
    })
    .collect()
}

/// The time that the file of a tarball should have: that of its commit, in Unix seconds.
fn wanted_time(record: &BranchRecord) -> i64 {
    let time = tarball::file_time(record.committed_at).duration_since(UNIX_EPOCH);
    time.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(0))
}

fn set_time(path: &Path, record: &BranchRecord) -> io::Result<()> {
    let time = tarball::file_time(record.committed_at);
    File::options().write(true).open(path)?.set_modified(time)
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use sha2::{Digest, Sha256};
    use tardist_contract::Kind;

    use super::*;
    use crate::{catalogue::RepositoryRecord, data_dir::layout::TarballFile};

    /// Branches with the content `tarball` in each, of skins with these names.
    fn published(names: &[&str]) -> Catalogue {
        published_with_size(names, 7)
    }

    /// The same, and their records say this size.
    fn published_with_size(names: &[&str], size: u64) -> Catalogue {
        let record = |digit| BranchRecord {
            size,
            sha256: format!("{:x}", Sha256::digest(b"tarball")),
            committed_at: 1000,
            ..BranchRecord::of_commit(digit)
        };
        let branches = || [("master", record('a')), ("REL1_45", record('b'))];
        let repository = || RepositoryRecord::of_branches("", branches());
        names.iter().map(|name| (format!("skins/{name}").parse().unwrap(), repository())).collect()
    }

    fn left(catalogue: &Catalogue) -> Vec<String> {
        catalogue::tarballs(catalogue).map(|(.., file, _)| file.as_str().to_owned()).collect()
    }

    #[test]
    fn a_tarball_that_is_missing_or_cut_is_not_intact() {
        let file = |name: &str, size| {
            ((Kind::Skins, name.to_owned()), TarballFile { size, modified_at: 0 })
        };
        let disk = Tarballs::from([
            file("A-master-aaaaaaa.tar.gz", 7),
            file("A-REL1_45-bbbbbbb.tar.gz", 6),
        ]);
        let intact = with_right_size(&published(&["A", "B"]), &disk);
        assert_eq!(left(&intact), ["A-master-aaaaaaa.tar.gz"]);
    }

    /// A data directory with the tarballs of `published`, with the right time.
    fn data(published: &Catalogue) -> (tempfile::TempDir, Layout) {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        for file in left(published) {
            put(&layout, &file, b"tarball", 1000);
        }
        (folder, layout)
    }

    fn put(layout: &Layout, file: &str, bytes: &[u8], time: u64) {
        let path = layout.dist(Kind::Skins).join(file);
        fs::write(&path, bytes).unwrap();
        let time = UNIX_EPOCH + Duration::from_secs(time);
        File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
    }

    fn compare(published: &Catalogue, layout: &Layout, checked: &mut String) -> Catalogue {
        let mut intact = published.clone();
        compare_some(&mut intact, layout, &layout.tarballs().unwrap(), checked);
        intact
    }

    #[test]
    fn damage_without_a_trace_is_found_in_turn() {
        let names: Vec<String> =
            (0..CHEAP_TARBALLS).map(|number| format!("S{number:02}")).collect();
        let published = published(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let (_folder, layout) = data(&published);
        let damaged = "S20-REL1_45-bbbbbbb.tar.gz";
        put(&layout, damaged, b"t4rball", 1000);
        let mut checked = String::new();
        let mut lost = Vec::new();
        for _ in 0..left(&published).len().div_ceil(CHEAP_TARBALLS) {
            let intact = compare(&published, &layout, &mut checked);
            let intact = left(&intact);
            lost.extend(left(&published).into_iter().filter(|file| !intact.contains(file)));
        }
        assert_eq!(lost, [damaged], "once around, each tarball was compared once");
        assert_eq!(checked, "skins/S31-master-aaaaaaa.tar.gz");
    }

    #[test]
    fn of_large_tarballs_only_the_share_of_the_cycle_is_compared() {
        let published = published_with_size(&["A", "B", "C"], CHEAP_BYTES + 1);
        let (_folder, layout) = data(&published);
        let mut checked = String::new();
        let mut seen = Vec::new();
        for _ in 0..6 {
            compare(&published, &layout, &mut checked);
            seen.push(checked.clone());
        }
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), 6, "one in each cycle: {seen:?}");
    }

    #[test]
    fn a_file_with_another_time_is_compared_at_once() {
        let published = published(&["A", "B"]);
        let (_folder, layout) = data(&published);
        put(&layout, "B-REL1_45-bbbbbbb.tar.gz", b"t4rball", 2000);
        put(&layout, "B-master-aaaaaaa.tar.gz", b"tarball", 2000);
        let intact = left(&compare(&published, &layout, &mut String::new()));
        assert!(!intact.contains(&"B-REL1_45-bbbbbbb.tar.gz".to_owned()), "{intact:?}");
        assert_eq!(intact.len(), 3, "the other one is right");
        let key = (Kind::Skins, "B-master-aaaaaaa.tar.gz".to_owned());
        assert_eq!(layout.tarballs().unwrap()[&key].modified_at, 1000, "and has its time back");
    }
}
