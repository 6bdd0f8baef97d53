//! Files that come into place whole or not at all.
//!
//! A file is written beside its place, forced to disk, and renamed. Readers see the old file or the new
//! one, after a power cut too.

use std::{
    fs::{File, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use crate::{Error, data_dir::layout::UNFINISHED, error::IoContext};

/// Puts a file in place that `fill` makes from the path of an empty one.
///
/// # Errors
/// [`Error::Io`], and what `fill` ends with; then nothing has changed.
pub fn put_file<T>(path: &Path, fill: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let unfinished = tempfile::Builder::new()
        .prefix(UNFINISHED)
        // The default, 0600, would keep the web server from reading it.
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .at("create a file in", folder)?;
    let filled = fill(unfinished.path())?;
    unfinished.as_file().sync_all().at("write", path)?;
    unfinished.persist(path).map_err(|e| e.error).at("rename a file to", path)?;
    Ok(filled)
}

/// Puts a file in place that `write` writes.
///
/// # Errors
/// As [`put_file`].
pub fn put<T>(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<io::Result<T>, Error>,
) -> Result<T, Error> {
    put_file(path, |unfinished| {
        let file = File::options().write(true).open(unfinished).at("open", unfinished)?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let written = write(&mut out)?.at("write", path)?;
        out.flush().at("write", path)?;
        Ok(written)
    })
}

/// Forces the names in a folder to disk.
///
/// # Errors
/// [`Error::Io`].
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).at("force to disk", folder)
}
