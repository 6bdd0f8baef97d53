//! Renames what is in the place of something else: a folder where a file belongs, a file where a folder belongs, a
//! damaged database. Nothing is deleted before a hundred of them are there, since nobody knows whose it is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use crate::{Error, data_dir::files::remove, error::IoContext};

/// What is added to the name.
const SUFFIX: &str = "set-aside";

/// How many may be there at the same time.
const MAX: usize = 100;

/// Renames what is at `path` if it is neither a file nor a link to one. It is no error if nothing is there.
///
/// # Errors
/// [`Error::Io`] if it cannot be renamed.
pub(crate) fn unless_file(path: &Path) -> Result<(), Error> {
    if path.symlink_metadata().is_ok() && !path.is_file() {
        warn(path, "a file", &rename(path)?);
    }
    Ok(())
}

/// Renames what is at `path` if it is neither a folder nor a link to one. It is no error if nothing is there.
///
/// # Errors
/// [`Error::Io`] if it cannot be renamed.
pub(crate) fn unless_folder(path: &Path) -> Result<(), Error> {
    if path.symlink_metadata().is_ok() && !path.is_dir() {
        warn(path, "a folder", &rename(path)?);
    }
    Ok(())
}

fn warn(path: &Path, wanted: &str, moved: &Path) {
    tracing::warn!(
        "{} is not {wanted}, as it should be; it is now {}, and can be deleted",
        path.display(),
        moved.display()
    );
}

/// Renames what is at `path`, with its journal if it is a database of SQLite. Returns its new path. If a hundred were
/// renamed before, the last of them is replaced.
///
/// # Errors
/// [`Error::Io`] if it cannot be renamed.
pub(crate) fn rename(path: &Path) -> Result<PathBuf, Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let free = (1..MAX)
        .map(|number| path.with_file_name(format!("{name}.{SUFFIX}-{number}")))
        .find(|moved| moved.symlink_metadata().is_err());
    // After so many, the last one is replaced.
    let moved = free.unwrap_or_else(|| path.with_file_name(format!("{name}.{SUFFIX}-{MAX}")));
    if moved.symlink_metadata().is_ok() {
        remove(&moved).at("remove", &moved)?;
    }
    fs::rename(path, &moved).at("rename", path)?;
    remove_journals(path)?;
    Ok(moved)
}

/// Removes the journals of a database that is gone or about to be replaced. SQLite would apply them to the
/// next file of that name.
///
/// # Errors
/// [`Error::Io`] if one cannot be removed.
pub(crate) fn remove_journals(database: &Path) -> Result<(), Error> {
    let name = database.file_name().unwrap_or_default().to_string_lossy();
    for suffix in ["journal", "wal", "shm"] {
        let path = database.with_file_name(format!("{name}-{suffix}"));
        if path.symlink_metadata().is_ok() {
            remove(&path).at("remove", &path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::files::names;

    #[test]
    fn what_is_in_the_place_of_something_else_is_renamed_and_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["a", "a"] {
            fs::create_dir(path(name)).unwrap();
            fs::write(path(name).join("inside"), b"x").unwrap();
            unless_file(&path(name)).unwrap();
        }
        fs::write(path("b"), b"x").unwrap();
        unless_folder(&path("b")).unwrap();
        assert_eq!(names(folder.path()), ["a.set-aside-1", "a.set-aside-2", "b.set-aside-1"]);
        assert_eq!(names(&path("a.set-aside-2")), ["inside"]);
    }

    #[test]
    fn what_is_right_or_missing_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("folder")).unwrap();
        fs::write(path("file"), b"x").unwrap();
        std::os::unix::fs::symlink("file", path("link")).unwrap();
        for name in ["file", "link", "missing"] {
            unless_file(&path(name)).unwrap();
        }
        unless_folder(&path("folder")).unwrap();
        unless_folder(&path("missing")).unwrap();
        assert_eq!(names(folder.path()), ["file", "folder", "link"]);
    }

    #[test]
    fn the_journals_of_a_database_go_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["s.db", "s.db-journal", "s.db-wal", "other-wal"] {
            fs::write(path(name), b"x").unwrap();
        }
        fs::create_dir(path("s.db-shm")).unwrap();
        rename(&path("s.db")).unwrap();
        assert_eq!(names(folder.path()), ["other-wal", "s.db.set-aside-1"]);
    }
}
