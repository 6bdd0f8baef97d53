//! Removes the mirrors that are not in use: for `tardist gc`, and for a cycle that finds too little room on the disk.
//!
//! Everything that it removes can be fetched again, so a wrong guess costs one fetch.
//!
//! - The mirror of a repository is in use if the snapshot names the repository, or if the repository failed
//!   when it was last tried, because the next cycle tries it again.
//! - The mirror of a submodule is in use if it keeps a commit for a branch of such a repository
//!   ([`keep`]), and this branch still has the submodule.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

use crate::{
    Error,
    catalogue::Catalogue,
    cycle::report::Report,
    data_dir::{files, layout::Layout, mirrors, unfinished},
    git::keep,
    repository_id::RepositoryId,
    worker::Supervisor,
};

/// What was removed, and what was not.
pub struct Removed {
    /// How many mirrors of repositories.
    pub repositories: usize,
    /// How many mirrors of submodules.
    pub submodules: usize,
    /// How many files and folders that were left unfinished between the mirrors.
    pub unfinished: usize,
    /// How many bytes all of them had.
    pub bytes: u64,
    /// The mirrors that are in use.
    pub in_use: Vec<PathBuf>,
}

/// Removes the mirrors that are not in use, and from all others the branches and kept commits that are not. No worker
/// may run meanwhile.
///
/// # Errors
/// [`Error::Io`] or [`Error::Git`] if something cannot be read or removed.
pub fn remove(
    layout: &Layout,
    published: &Catalogue,
    supervisor: &Supervisor<'_>,
) -> Result<Removed, Error> {
    let is_wanted = wanted(layout, published);
    let (mut used, unused): (BTreeMap<_, _>, BTreeMap<_, _>) =
        mirrors::of_repositories(layout)?.into_iter().partition(|(id, _)| is_wanted(id, None));
    let (mut left, mut bytes) = (0, 0);
    for folder in mirrors::folders(layout)? {
        let removed = unfinished::remove_all(&folder)?;
        left += removed.count;
        bytes += removed.bytes;
    }
    for path in unused.values() {
        bytes += unfinished::remove_folder(path)?;
    }
    used.retain(|id, path| {
        let dropped = keep::drop_branches(path, |branch| is_wanted(id, Some(branch)));
        if let Err(error) = &dropped {
            tracing::warn!("{error}; the next cycle that needs the mirror fetches it again");
        }
        dropped.is_ok()
    });
    let submodules = mirrors::of_submodules(layout)?;
    let branch_is_wanted = |id: &RepositoryId, branch: &str| is_wanted(id, Some(branch));
    let needed = |id: &RepositoryId, branches: &BTreeSet<String>| {
        let reason = match supervisor.needed(id, branches, &submodules) {
            Ok(Ok(needed)) => return Some(needed),
            Ok(Err(failure)) => failure.text,
            Err(error) => error.to_string(),
        };
        tracing::warn!("{id}: {reason}; all that is fetched of its submodules stays");
        None
    };
    let unused_submodules = keep::drop_unused(&submodules, branch_is_wanted, needed)?;
    for path in &unused_submodules {
        bytes += unfinished::remove_folder(path)?;
    }
    mirrors::remove_empty_folders(layout);
    // One for each URL that a submodule ever had. They are made again where they are needed.
    files::empty_folder(&layout.locks())?;
    let submodules = submodules.into_iter().filter(|path| !unused_submodules.contains(path));
    Ok(Removed {
        repositories: unused.len(),
        submodules: unused_submodules.len(),
        unfinished: left,
        bytes,
        in_use: used.into_values().chain(submodules).collect(),
    })
}

/// Removes mirrors of submodules that are in use, the largest first, until there `is_room`. Returns how many, and how many
/// bytes they had. Content decides which submodules there are, so all of them may be too much. No worker may run
/// meanwhile.
///
/// # Errors
/// [`Error::Io`] if something cannot be read or removed.
pub fn remove_largest(
    layout: &Layout,
    is_room: impl Fn() -> Result<bool, Error>,
) -> Result<(usize, u64), Error> {
    let sized = |path: PathBuf| Ok((files::size(&path)?, path));
    let mut mirrors: Vec<(u64, PathBuf)> =
        mirrors::of_submodules(layout)?.into_iter().map(sized).collect::<Result<_, Error>>()?;
    mirrors.sort_by_key(|(bytes, _)| Reverse(*bytes));
    let (mut count, mut bytes) = (0, 0);
    for (_, path) in mirrors {
        if is_room()? {
            break;
        }
        bytes += unfinished::remove_folder(&path)?;
        count += 1;
    }
    Ok((count, bytes))
}

/// Returns a function that says whether the next cycle may need a repository, or one branch of it.
///
/// If a repository failed when it was last tried, all its branches count as needed, because nothing says which
/// branches it has.
fn wanted<'a>(
    layout: &Layout,
    published: &'a Catalogue,
) -> impl Fn(&RepositoryId, Option<&str>) -> bool + 'a {
    let failing = Report::read(layout).into_iter().flat_map(|report| report.failing);
    let failed: BTreeSet<RepositoryId> =
        failing.filter_map(|it| it.entry.repository.parse().ok()).collect();
    move |id, branch| match (published.get(id), branch) {
        _ if failed.contains(id) => true,
        (Some(record), Some(branch)) => record.branches.keys().any(|it| it.as_str() == branch),
        (Some(_), None) => true,
        (None, _) => false,
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, fs};

    use super::*;

    #[test]
    fn the_largest_mirrors_of_submodules_go_until_there_is_room() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        let mirrors = [("small", 10), ("large", 30_000), ("middle", 3_000)].map(|(name, bytes)| {
            let path = layout.submodule(&format!("https://g.example/{name}"));
            fs::create_dir_all(path.join("objects/pack")).unwrap();
            fs::write(path.join("objects/pack/x.pack"), vec![0; bytes]).unwrap();
            path
        });
        let left = || mirrors.each_ref().map(|path| path.exists());
        let asked = Cell::new(0);
        let is_room_after = |most: usize| {
            asked.set(0);
            let asked = &asked;
            move || {
                asked.set(asked.get() + 1);
                Ok(asked.get() > most)
            }
        };
        assert_eq!(remove_largest(&layout, is_room_after(0)).unwrap(), (0, 0));
        assert_eq!(left(), [true; 3]);
        let (count, bytes) = remove_largest(&layout, is_room_after(2)).unwrap();
        assert_eq!((count, left()), (2, [true, false, false]));
        assert!((33_000..50_000).contains(&bytes), "{bytes}");
        assert_eq!(remove_largest(&layout, is_room_after(9)).unwrap().0, 1);
        assert_eq!(left(), [false; 3]);
    }
}
