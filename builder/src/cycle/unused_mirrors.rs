//! Removes the mirrors that are not in use: for `tardist gc`, and for a cycle that finds too little room on the disk.
//!
//! Everything that it removes can be fetched again, so a wrong guess costs one fetch.
//!
//! - The mirror of a repository is in use if the snapshot names the repository, or if the repository failed
//!   when it was last tried, because the next cycle tries it again.
//! - The mirror of a submodule is in use if it keeps a commit for a branch of such a repository
//!   ([`keep`]), and this branch still has the submodule.

use std::{
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
pub fn remove(layout: &Layout, published: &Catalogue) -> Result<Removed, Error> {
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
    let unused_submodules =
        keep::drop_unused(&submodules, branch_is_wanted, |id| layout.mirror(id))?;
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
