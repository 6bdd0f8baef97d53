//! Free space on the disk of the data directory.

use std::path::Path;

use nix::sys::statvfs::statvfs;

use crate::{Error, error::IoContext};

/// The space of a file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// What can still be written.
    pub free: u64,
    /// All of it.
    pub total: u64,
    /// True if few files can still be made, because the file system has a most of them (inodes), however much of it is
    /// free.
    pub is_short_of_files: bool,
}

/// So many files have to be possible, or a twentieth of all on a small file system.
const MIN_FILES: u64 = 20_000;

/// The space of the file system that `path` is on.
///
/// # Errors
/// [`Error::Io`] if it cannot be found out.
pub fn space(path: &Path) -> Result<Space, Error> {
    let found =
        statvfs(path).map_err(std::io::Error::from).at("find out the free space of", path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    // Some file systems have no most, and say 0.
    let (files, free_files) = (found.files(), found.files_available());
    Ok(Space {
        free: bytes(found.blocks_available()),
        total: bytes(found.blocks()),
        is_short_of_files: free_files < MIN_FILES.min(files / 20),
    })
}
