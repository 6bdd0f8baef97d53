//! The mirrors that exist below `mirror/`: those of repositories, and those of submodules.

use std::{
    collections::BTreeMap,
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
};

use tardist_contract::Kind;

use crate::{
    Error,
    data_dir::{
        files::{entries, is_real_folder},
        layout::Layout,
        unfinished::is_unfinished,
    },
    repository_id::RepositoryId,
};

/// The mirrors of repositories: `mirror/KIND/NAME.git`.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be read.
pub(crate) fn of_repositories(layout: &Layout) -> Result<BTreeMap<RepositoryId, PathBuf>, Error> {
    let mut mirrors = BTreeMap::new();
    for kind in Kind::ALL {
        for path in entries(&layout.mirrors_of(kind))? {
            let name = path.file_name().and_then(OsStr::to_str).unwrap_or_default();
            let name = name.strip_suffix(".git").and_then(|name| name.parse().ok());
            if let Some(name) = name {
                mirrors.insert(RepositoryId { kind, name }, path);
            }
        }
    }
    Ok(mirrors)
}

/// The mirrors of submodules, at any depth below `mirror/submodules/`.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be read.
pub(crate) fn of_submodules(layout: &Layout) -> Result<Vec<PathBuf>, Error> {
    Ok(walk_submodules(layout)?.mirrors)
}

/// The folders that have mirrors in them: one for each kind, and all folders of hosts and paths below
/// `mirror/submodules/`. They need not exist.
///
/// # Errors
/// [`Error::Io`] if a folder cannot be read.
pub(crate) fn folders(layout: &Layout) -> Result<Vec<PathBuf>, Error> {
    let mut folders = walk_submodules(layout)?.folders;
    folders.extend(Kind::ALL.map(|kind| layout.mirrors_of(kind)));
    Ok(folders)
}

/// What is below `mirror/submodules/`.
#[derive(Default)]
struct Submodules {
    mirrors: Vec<PathBuf>,
    folders: Vec<PathBuf>,
}

fn walk_submodules(layout: &Layout) -> Result<Submodules, Error> {
    let mut found = Submodules::default();
    let mut pending = vec![layout.submodules()];
    while let Some(folder) = pending.pop() {
        for path in entries(&folder)? {
            if is_unfinished(&path) {
                continue;
            }
            if is_named_git(&path) && path.join("objects").is_dir() {
                found.mirrors.push(path);
            } else if is_real_folder(&path) {
                pending.push(path);
            }
        }
        found.folders.push(folder);
    }
    Ok(found)
}

/// Removes the folders of hosts and paths below `mirror/submodules/` that are empty.
pub(crate) fn remove_empty_folders(layout: &Layout) {
    remove_empty_in(&layout.submodules());
}

fn remove_empty_in(folder: &Path) {
    for path in entries(folder).unwrap_or_default() {
        if is_real_folder(&path) {
            if !is_named_git(&path) {
                remove_empty_in(&path);
            }
            // The system refuses to remove a folder that is not empty.
            let _ = fs::remove_dir(&path);
        }
    }
}

fn is_named_git(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "git")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mirrors_are_found_and_empty_folders_removed() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let id: RepositoryId = "skins/A".parse().unwrap();
        fs::create_dir_all(layout.mirror(&id)).unwrap();
        fs::create_dir_all(layout.mirrors_of(Kind::Skins).join("no-mirror")).unwrap();
        let submodule = layout.submodule("https://g.example/r/Lib");
        fs::create_dir_all(submodule.join("objects")).unwrap();
        fs::create_dir_all(layout.submodules().join("h.example/a/b")).unwrap();
        let unfinished = submodule.with_file_name(".unfinished-Lib.git");
        fs::create_dir_all(unfinished.join("objects")).unwrap();

        let repositories = of_repositories(&layout).unwrap();
        assert_eq!(repositories, BTreeMap::from([(id.clone(), layout.mirror(&id))]));
        assert_eq!(of_submodules(&layout).unwrap(), [submodule.as_path()]);
        let folders = folders(&layout).unwrap();
        assert!(folders.contains(&layout.submodules().join("g.example/r")), "{folders:?}");
        assert!(!folders.contains(&submodule), "{folders:?}");
        remove_empty_folders(&layout);
        assert!(!layout.submodules().join("h.example").exists());
        assert!(submodule.exists());
    }
}
