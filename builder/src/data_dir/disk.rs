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
}

/// The space of the file system that `path` is on.
///
/// # Errors
/// [`Error::Io`] if it cannot be found out.
pub fn space(path: &Path) -> Result<Space, Error> {
    let found =
        statvfs(path).map_err(std::io::Error::from).at("find out the free space of", path)?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    Ok(Space { free: bytes(found.blocks_available()), total: bytes(found.blocks()) })
}
