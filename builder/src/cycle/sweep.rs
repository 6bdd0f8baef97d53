//! Sweeping: tarballs leave `dist/` only after their grace period.
//!
//! New tarballs come first, then the snapshot that names them. What the snapshot no longer names is
//! removed after that, never before.

use std::{fs, io, time::Duration};

use tardist_contract::Kind;

use crate::{
    Error,
    data_dir::layout::{Layout, Tarballs},
    error::IoContext,
    snapshot::{
        Retired,
        catalogue::{self, Catalogue},
    },
};

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
