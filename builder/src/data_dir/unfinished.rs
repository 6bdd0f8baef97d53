//! Unfinished files and folders: what a builder leaves if it is killed while it writes or removes something.
//!
//! Their names begin with a prefix of their own, so that they are never taken for the finished ones.

use std::{fs, path::Path};

use crate::{
    Error,
    data_dir::files::{entries, remove, size},
    error::IoContext,
};

/// What the names of unfinished files begin with. An unfinished file is in the folder of the file that
/// it becomes, because a rename is atomic only within one file system.
pub(crate) const UNFINISHED: &str = ".unfinished-";

/// True for the path of an unfinished file or folder.
pub(crate) fn is_unfinished(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(UNFINISHED))
}

/// What was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Removed {
    /// How many files and folders.
    pub(crate) count: usize,
    /// Their size in bytes.
    pub(crate) bytes: u64,
}

/// Removes the unfinished files and folders in `folder`. Only the holder of the data directory's
/// [lock](crate::data_dir::lock) may do this. What cannot be removed is only logged: it harms nobody.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be read.
pub(crate) fn remove_all(folder: &Path) -> Result<Removed, Error> {
    let mut removed = Removed::default();
    for path in entries(folder)? {
        if is_unfinished(&path) {
            let bytes = size(&path).unwrap_or_default();
            match remove(&path) {
                Ok(()) => {
                    removed.bytes += bytes;
                    removed.count += 1;
                }
                Err(e) => {
                    tracing::warn!("cannot remove {}: {e}; remove it by hand", path.display());
                }
            }
        }
    }
    Ok(removed)
}

/// Removes a folder and returns its size in bytes.
///
/// The folder is renamed first. So a builder that is killed meanwhile leaves an unfinished folder, not half
/// a mirror that looks like a whole one.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be renamed or removed.
pub(crate) fn remove_folder(path: &Path) -> Result<u64, Error> {
    let bytes = size(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let renamed = path.with_file_name(format!("{UNFINISHED}{name}"));
    if renamed.symlink_metadata().is_ok() {
        // Left by a builder that was killed here.
        remove(&renamed).at("remove", &renamed)?;
    }
    fs::rename(path, &renamed).at("rename", path)?;
    remove(&renamed).at("remove", &renamed)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data_dir::files::names;

    #[test]
    fn only_unfinished_files_and_folders_are_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::write(path(".unfinished-a"), b"12345").unwrap();
        fs::create_dir(path(".unfinished-b")).unwrap();
        fs::write(path(".unfinished-b").join("c"), b"123").unwrap();
        fs::create_dir(path("stays")).unwrap();
        std::os::unix::fs::symlink("stays", path(".unfinished-link")).unwrap();
        let removed = remove_all(folder.path()).unwrap();
        let link = "stays".len() as u64;
        assert_eq!(removed, Removed { count: 3, bytes: 5 + 3 + link });
        assert_eq!(names(folder.path()), ["stays"]);
        assert_eq!(remove_all(&path("missing")).unwrap(), Removed::default());
    }

    #[test]
    fn a_folder_is_removed_with_its_files() {
        let folder = tempfile::tempdir().unwrap();
        let mirror = folder.path().join("A.git");
        fs::create_dir(&mirror).unwrap();
        fs::write(mirror.join("HEAD"), b"1234").unwrap();
        let left = folder.path().join(".unfinished-A.git");
        fs::create_dir(&left).unwrap();
        fs::write(left.join("pack"), b"12").unwrap();
        assert_eq!(remove_folder(&mirror).unwrap(), 4);
        assert_eq!(names(folder.path()), [""; 0]);
        let error = remove_folder(&mirror).unwrap_err().to_string();
        assert!(error.contains("A.git"), "{error}");
    }
}
