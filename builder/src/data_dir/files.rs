//! Files and folders: their entries and sizes, and how they are removed.

use std::{
    fs::{self, File, Permissions},
    io::{self, Read},
    os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use nix::fcntl::OFlag;
use sha2::{Digest, Sha256};

use crate::{Error, error::IoContext};

/// Opens a file that a worker may have put there, to read it. A link is not followed, and nobody is waited for who would
/// write to a pipe. It may still be something else than a file.
///
/// # Errors
/// Those of the system; `ELOOP` for a link.
pub(crate) fn open_untrusted(path: &Path) -> io::Result<File> {
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK;
    File::options().read(true).custom_flags(flags.bits()).open(path)
}

/// The paths of the entries of a folder, in no particular order. An empty list if the folder does not exist.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be read.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, Error> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries.at("read", folder)?,
    };
    let paths = entries.map(|entry| Ok(entry?.path())).collect::<io::Result<_>>();
    paths.at("read", folder)
}

/// True if there is something at `path`.
///
/// # Errors
/// [`Error::Io`] if the system does not say whether there is, as where it may not be looked.
pub(crate) fn exists(path: &Path) -> Result<bool, Error> {
    path.try_exists().at("read", path)
}

/// The size in bytes of all files at or below `path`. Symbolic links are not followed.
///
/// # Errors
/// [`Error::Io`] if a file or folder cannot be read.
pub(crate) fn size(path: &Path) -> Result<u64, Error> {
    let metadata = fs::symlink_metadata(path).at("read", path)?;
    if !metadata.is_dir() {
        return Ok(metadata.len());
    }
    entries(path)?.iter().map(|path| size(path)).sum()
}

/// Removes a file, or a folder with all that is in it. A folder that may not be written to, as some archives have it, is
/// no obstacle, if it belongs to this user.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    if !is_real_folder(path) {
        return fs::remove_file(path);
    }
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            make_writable(path);
            fs::remove_dir_all(path)
        }
        removed => removed,
    }
}

/// Lets this user write to a folder and to all folders in it, as far as that can be done.
fn make_writable(folder: &Path) {
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        let _ = fs::set_permissions(&folder, Permissions::from_mode(0o700));
        let inner = entries(&folder).unwrap_or_default();
        folders.extend(inner.into_iter().filter(|path| is_real_folder(path)));
    }
}

/// Removes everything in a folder. The folder itself stays; it is no error if it does not exist.
///
/// # Errors
/// [`Error::Io`] if a file or folder cannot be removed.
pub(crate) fn empty_folder(folder: &Path) -> Result<(), Error> {
    for path in entries(folder)? {
        remove(&path).at("remove", &path)?;
    }
    Ok(())
}

/// The SHA-256 of a file in hexadecimal.
///
/// # Errors
/// The errors of reading it.
pub(crate) fn sha256(path: &Path) -> io::Result<String> {
    sha256_of(&mut File::open(path)?)
}

/// The SHA-256 of all that can be read, in hexadecimal.
///
/// # Errors
/// The errors of reading it.
pub(crate) fn sha256_of(file: &mut impl Read) -> io::Result<String> {
    let mut digest = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(format!("{:x}", digest.finalize())),
            count => digest.update(&buffer[..count]),
        }
    }
}

/// The modification time of a file: Unix nanoseconds.
pub(crate) fn modified(metadata: &fs::Metadata) -> i64 {
    metadata.mtime().saturating_mul(1_000_000_000).saturating_add(metadata.mtime_nsec())
}

/// True for a folder itself, false for a symbolic link to one.
pub(crate) fn is_real_folder(path: &Path) -> bool {
    path.is_dir() && !path.is_symlink()
}

/// The sorted names in a folder, for tests.
#[cfg(test)]
pub(crate) fn names(folder: &Path) -> Vec<String> {
    let name = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<String> = entries(folder).unwrap().iter().map(name).collect();
    names.sort();
    names
}
