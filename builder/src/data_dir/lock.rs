//! The lock of a data directory: it admits one builder at a time.

use std::fs::{File, OpenOptions, TryLockError};

use crate::{Error, data_dir::layout::Layout, error::IoContext};

/// The right to write in a data directory. It ends when this is dropped.
///
/// It is a lock of the operating system on an open file. The system releases it when the process ends, so a
/// killed builder leaves nothing to clean up.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "open means locked")] File);

impl Lock {
    /// Locks the data directory, which must exist. Does not wait.
    ///
    /// # Errors
    /// [`Error::Locked`] if another builder holds the lock, [`Error::Io`] if the file cannot be opened.
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
