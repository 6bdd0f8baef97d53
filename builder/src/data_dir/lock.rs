//! Locks: that of a data directory admits one builder at a time, and that of a submodule's mirror one worker.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

use sha2::{Digest, Sha256};

use crate::{Error, data_dir::layout::Layout, error::IoContext};

/// How often a lock is tried, and the pause between. `tardist status` takes it for a moment, to see whether a
/// builder has it. A builder that was killed while it started a worker has it until the worker's program begins.
const TRIES: u32 = 100;
const PAUSE: Duration = Duration::from_millis(20);

/// The right to write in a data directory. It ends when this is dropped.
///
/// It is a lock of the operating system on an open file. The system releases it when the process ends, so a
/// killed builder leaves nothing to clean up.
#[derive(Debug)]
pub struct Lock(#[expect(dead_code, reason = "open means locked")] File);

impl Lock {
    /// Locks the data directory, which must exist. Waits for two seconds at most.
    ///
    /// # Errors
    /// [`Error::Locked`] if another builder holds the lock, [`Error::Io`] if the file cannot be opened.
    pub fn acquire(layout: &Layout) -> Result<Self, Error> {
        let path = layout.lock();
        let file = open(&path)?;
        for _ in 0..TRIES {
            match file.try_lock() {
                Ok(()) => return Ok(Self(file)),
                Err(TryLockError::WouldBlock) => thread::sleep(PAUSE),
                Err(TryLockError::Error(source)) => return Err(source).at("lock", path),
            }
        }
        Err(Error::Locked { path: layout.root().to_owned() })
    }

    /// True if a builder holds the lock. False also if that cannot be found out.
    pub fn is_held(layout: &Layout) -> bool {
        let file = File::open(layout.lock());
        file.is_ok_and(|file| matches!(file.try_lock_shared(), Err(TryLockError::WouldBlock)))
    }
}

/// The right to do what a file stands for, wherever it is. It ends when this is dropped, or when the process ends.
#[derive(Debug)]
pub struct FileLock(#[expect(dead_code, reason = "open means locked")] File);

impl FileLock {
    /// Waits until nobody else has locked the file at `path`, and locks it. It is created if it does not exist.
    ///
    /// # Errors
    /// [`Error::Io`] if the file cannot be opened.
    pub fn acquire(path: &Path) -> Result<Self, Error> {
        let file = open(path)?;
        file.lock().at("lock", path)?;
        Ok(Self(file))
    }
}

/// The right to use the mirror of a submodule. Several workers may need the same one. It ends when this is
/// dropped, or when the process ends.
#[derive(Debug)]
pub struct MirrorLock(#[expect(dead_code, reason = "open means locked")] File);

impl MirrorLock {
    /// Locks the mirror at `path` if nobody else has locked it.
    ///
    /// # Errors
    /// [`Error::Io`] if the file of the lock cannot be opened.
    pub fn try_acquire(layout: &Layout, mirror: &Path) -> Result<Option<Self>, Error> {
        let (path, file) = Self::open(layout, mirror)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self(file))),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(source)) => Err(source).at("lock", path),
        }
    }

    /// Waits until nobody else has locked the mirror at `path`, and locks it.
    ///
    /// # Errors
    /// [`Error::Io`] if the file of the lock cannot be opened.
    pub fn acquire(layout: &Layout, mirror: &Path) -> Result<Self, Error> {
        let (path, file) = Self::open(layout, mirror)?;
        file.lock().at("lock", path)?;
        Ok(Self(file))
    }

    /// The file of the lock. It is not in the mirror, which may be removed and made again, and its name is a
    /// hash, because the path of a mirror has slashes.
    fn open(layout: &Layout, mirror: &Path) -> Result<(PathBuf, File), Error> {
        // libgit2 says the path of a mirror in another way: absolute, and with a slash at its end.
        let folder = layout.submodules();
        let real = fs::canonicalize(&folder).unwrap_or_else(|_| folder.clone());
        let below = mirror.strip_prefix(&folder).or_else(|_| mirror.strip_prefix(&real));
        let below: PathBuf = below.unwrap_or(mirror).components().collect();
        let digest = Sha256::digest(below.as_os_str().as_bytes());
        let name: String = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let path = layout.locks().join(name);
        let file = open(&path)?;
        Ok((path, file))
    }
}

fn open(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).open(path).at("open", path)
}
