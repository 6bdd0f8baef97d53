//! Writing files atomically: a reader sees the old file or the new one, never a part of it.
//!
//! A file is written under a temporary name in the same folder, forced to disk, and renamed. So this is true
//! after a power failure, too.

use std::{
    fs::{self, File, Permissions},
    io::{self, BufWriter, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
    time::SystemTime,
};

use tempfile::NamedTempFile;

use crate::{
    Error,
    data_dir::{set_aside, unfinished::UNFINISHED},
    error::IoContext,
};

/// Replaces the file at `path`, or creates it. A folder that is there is renamed. `fill` gets the path of an empty temporary file and writes the
/// content there.
///
/// # Errors
/// [`Error::Io`] if the file cannot be written, and the error of `fill`. The file at `path` is then unchanged.
pub fn put_file<T>(path: &Path, fill: impl FnOnce(&Path) -> Result<T, Error>) -> Result<T, Error> {
    let unfinished = draft(path.parent().unwrap_or(Path::new(".")))?;
    let filled = fill(unfinished.path())?;
    unfinished.as_file().sync_all().at("write", path)?;
    set_aside::unless_file(path)?;
    unfinished.persist(path).map_err(|e| e.error).at("rename a file to", path)?;
    Ok(filled)
}

/// An empty temporary file in this folder. It is removed when this is dropped, or by the next cycle.
///
/// # Errors
/// [`Error::Io`] if it cannot be created.
pub fn draft(folder: &Path) -> Result<NamedTempFile, Error> {
    tempfile::Builder::new()
        .prefix(UNFINISHED)
        // The default, 0600, would keep the web server from reading it.
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(folder)
        .at("create a file in", folder)
}

/// Replaces the file at `path`, or creates it. `write` writes the content.
///
/// # Errors
/// Those of [`put_file`], and both errors of `write`: the inner one becomes an [`Error::Io`] of `path`.
pub fn put<T>(
    path: &Path,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<io::Result<T>, Error>,
) -> Result<T, Error> {
    put_dated(path, None, write)
}

/// [`put`], and the file gets this modification time before it is in place.
///
/// # Errors
/// Those of [`put`].
pub fn put_dated<T>(
    path: &Path,
    modified: Option<SystemTime>,
    write: impl FnOnce(&mut (dyn Write + Send)) -> Result<io::Result<T>, Error>,
) -> Result<T, Error> {
    put_file(path, |unfinished| {
        let file = File::options().write(true).open(unfinished).at("open", unfinished)?;
        let mut out = BufWriter::with_capacity(1 << 18, file);
        let written = write(&mut out)?.at("write", path)?;
        out.flush().at("write", path)?;
        if let Some(time) = modified {
            out.get_ref().set_modified(time).at("set the time of", path)?;
        }
        Ok(written)
    })
}

/// Lets `path` lead to the same file as `existing`, in place of what it led to before. Both are in the same folder.
///
/// # Errors
/// [`Error::Io`] if that is not possible.
pub fn link(existing: &Path, path: &Path) -> Result<(), Error> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let unfinished = path.with_file_name(format!("{UNFINISHED}link-{name}"));
    match fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(error).at("remove", unfinished);
        }
        _ => {}
    }
    fs::hard_link(existing, &unfinished).at("link", &unfinished)?;
    fs::rename(&unfinished, path).at("rename a file to", path)
}

/// Forces the entries of a folder to disk, so that files created or renamed there survive a power failure.
///
/// # Errors
/// [`Error::Io`] if the folder cannot be opened or written.
pub fn sync_folder(folder: &Path) -> Result<(), Error> {
    File::open(folder).and_then(|folder| folder.sync_all()).at("force to disk", folder)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::data_dir::files::names;

    #[test]
    fn a_file_is_replaced_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let written = put(&path, |out| Ok(out.write_all(b"one").map(|()| 3))).unwrap();
        assert_eq!((written, fs::read(&path).unwrap()), (3, b"one".to_vec()));
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644, "the web server reads it");
        let refused = put(&path, |out| {
            out.write_all(b"two").unwrap();
            Ok(Err::<(), _>(io::Error::other("the disk is full")))
        });
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("the disk is full") && error.contains("file"), "{error}");
        let refused: Result<(), Error> = put_file(&path, |_| Err(Error::Bug("x".into())));
        assert!(refused.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(folder.path()), ["file"], "nothing unfinished is left");
    }

    #[test]
    fn a_file_gets_the_time_that_is_wanted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("file");
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        put_dated(&path, Some(time), |out| Ok(out.write_all(b"one"))).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().modified().unwrap(), time);
    }

    #[test]
    fn a_link_replaces_what_was_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["new", "old", ".unfinished-link-old"] {
            fs::write(path(name), name).unwrap();
        }
        link(&path("new"), &path("old")).unwrap();
        assert_eq!(fs::read(path("old")).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["new", "old"]);
    }

    #[test]
    fn a_folder_that_does_not_exist_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        sync_folder(folder.path()).unwrap();
        let missing = folder.path().join("missing");
        assert!(sync_folder(&missing).unwrap_err().to_string().contains("missing"));
    }
}
