//! What is in folders.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use crate::{Error, error::IoContext};

/// The paths in a folder; none if there is no such folder.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.at("read", folder)?,
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>();
    paths.at("read", folder)
}

/// The bytes of all files at or below a path; symbolic links are not followed.
///
/// # Errors
/// [`Error::Io`].
pub(crate) fn size(path: &Path) -> Result<u64, Error> {
    let metadata = fs::symlink_metadata(path).at("read", path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    entries(path)?.iter().map(|path| size(path)).sum()
}
