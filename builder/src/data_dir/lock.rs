//! One builder at a time in a data directory.

use std::fs::{File, OpenOptions, TryLockError};

use crate::{Error, data_dir::layout::Layout, error::IoContext};

/// Holds the data directory until it is dropped, or the process ends in whatever way: the lock is
/// the system's, on an open file, so a killed builder leaves nothing to clean up.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "open means locked")] File);

impl Lock {
    /// Takes the data directory.
    ///
    /// # Errors
    /// [`Error::Locked`] where another builder has it.
    pub fn acquire(layout: &Layout) -> Result<Self, Error> {
        let path = layout.lock();
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .at("open", &path)?;
        match file.try_lock() {
            Ok(()) => Ok(Self(file)),
            Err(TryLockError::WouldBlock) => Err(Error::Locked { path: layout.root().to_owned() }),
            Err(TryLockError::Error(source)) => Err(source).at("lock", path),
        }
    }
}
