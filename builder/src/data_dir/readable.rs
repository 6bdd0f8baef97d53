//! Files and folders that other users have to read: those of a web server and of Spin.
//!
//! The program sets its umask ([`set_umask`]), so what it makes is readable. An earlier version did not, so what
//! that one made under another umask is corrected.

use std::{
    fs::{self, Metadata, Permissions},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::Path,
};

use nix::{
    sys::stat::{Mode, umask},
    unistd::geteuid,
};

use crate::{Error, error::IoContext};

/// Makes new files and folders of this process and of those that it starts readable by all users: 0644 and 0755.
pub fn set_umask() {
    umask(Mode::from_bits_truncate(0o022));
}

/// Lets all users list and enter a folder, if it belongs to this process's user. A link to a folder is followed.
///
/// # Errors
/// [`Error::Io`] if it cannot be read or changed. A folder that does not exist is no error.
pub(crate) fn folder(path: &Path) -> Result<(), Error> {
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        metadata => add(path, &metadata.at("read", path)?, 0o755),
    }
}

/// Lets all users read a file, if it belongs to this process's user. What is no file stays as it is.
///
/// # Errors
/// [`Error::Io`] if it cannot be read or changed. A file that does not exist is no error.
pub(crate) fn file(path: &Path) -> Result<(), Error> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        metadata => known_file(path, &metadata.at("read", path)?),
    }
}

/// The same for a file whose metadata are known.
///
/// # Errors
/// [`Error::Io`] if its mode cannot be changed.
pub(crate) fn known_file(path: &Path, metadata: &Metadata) -> Result<(), Error> {
    if metadata.is_file() { add(path, metadata, 0o644) } else { Ok(()) }
}

/// Adds rights. Only the owner may change a mode. If the owner is another user, the rights are that user's to give.
fn add(path: &Path, metadata: &Metadata, rights: u32) -> Result<(), Error> {
    let mode = metadata.mode() & 0o7777;
    if mode & rights == rights || metadata.uid() != geteuid().as_raw() {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(mode | rights)).at("change the mode of", path)
}
