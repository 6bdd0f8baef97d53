//! Publishing: files come into place whole or not at all, and leave only after their grace period.
//!
//! A file is written beside its place, forced to disk, and renamed; readers see the old one or the
//! new one, after a power cut too. Tarballs come first, the snapshot that names them last; what it
//! no longer names is removed after that, never before.

use std::{
    fs::{self, File, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::Duration,
};

use tardist_contract::Kind;

use crate::{
    Error,
    data_dir::layout::{Layout, Tarballs, UNFINISHED},
    error::IoContext,
    snapshot::{
        catalogue::{self, Catalogue},
        file::Retired,
    },
};

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

/// The tarballs on disk that `catalogue` does not name, with the time since when: as `retired` has
/// it, `now` for what the earlier snapshot still named, else (a killed cycle's) when it was written.
pub fn retired(
    on_disk: &Tarballs,
    catalogue: &Catalogue,
    named_before: impl Fn(Kind, &str) -> bool,
    retired: &Retired,
    now: i64,
) -> Retired {
    let mut unnamed = on_disk.clone();
    for (id, _, file, _) in catalogue::tarballs(catalogue) {
        unnamed.remove(&(id.kind, file.into()));
    }
    unnamed
        .into_iter()
        .map(|(key, file)| {
            let since = match retired.get(&key) {
                Some(since) => *since,
                None if named_before(key.0, &key.1) => now,
                None => file.written_at,
            };
            (key, since)
        })
        .collect()
}

/// Removes the tarballs whose grace period is over; returns how many.
///
/// # Errors
/// [`Error::Io`]; one that is gone already is none.
pub fn sweep(
    layout: &Layout,
    retired: &Retired,
    grace: Duration,
    now: i64,
) -> Result<usize, Error> {
    let grace = i64::try_from(grace.as_secs()).unwrap_or(i64::MAX);
    let mut removed = 0;
    for ((kind, file), since) in retired {
        if now.saturating_sub(*since) < grace {
            continue;
        }
        let path = layout.dist(*kind).join(file);
        match fs::remove_file(&path) {
            Ok(()) => removed += 1,
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).at("remove", path),
        }
    }
    Ok(removed)
}
