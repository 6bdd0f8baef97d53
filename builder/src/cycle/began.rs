//! The mark of a cycle that began. It is removed when the cycle has reported, so a mark that is left means that
//! a cycle is running, or that it was killed.

use std::{fs, io};

use serde::{Deserialize, Serialize};

use crate::{
    Error,
    data_dir::{atomic, layout::Layout, lock::Lock},
    error::IoContext,
};

/// A cycle that has not reported yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Began {
    /// When the cycle began: RFC 3339, UTC.
    pub started_at: String,
    /// True if it is a [full](crate::cycle::report::Report::only) cycle.
    #[serde(default = "yes")]
    pub full: bool,
    /// True while it is running. False if it ended without a report.
    #[serde(default)]
    pub running: bool,
}

/// The mark of an earlier version does not say whether the cycle is full. Most are.
fn yes() -> bool {
    true
}

/// Writes the mark.
///
/// # Errors
/// [`Error::Io`] if it cannot be written.
pub(super) fn mark(layout: &Layout, started_at: &str, full: bool) -> Result<(), Error> {
    let began = Began { started_at: started_at.to_owned(), full, running: false };
    let text = serde_json::to_string(&began).map_err(|e| Error::Bug(e.to_string()))?;
    atomic::put(&layout.began(), |out| Ok(writeln!(out, "{text}")))
}

/// Removes the mark.
///
/// # Errors
/// [`Error::Io`] if it cannot be removed.
pub(super) fn unmark(layout: &Layout) -> Result<(), Error> {
    match fs::remove_file(layout.began()) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).at("remove", layout.began())
        }
        _ => Ok(()),
    }
}

/// Reads the mark. `None` if the last cycle has reported.
pub fn read(layout: &Layout) -> Option<Began> {
    let began: Began = serde_json::from_slice(&fs::read(layout.began()).ok()?).ok()?;
    Some(Began { running: Lock::is_held(layout), ..began })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_stays_until_the_report_and_tells_running_from_killed() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        assert_eq!(read(&layout), None);
        let lock = Lock::acquire(&layout).unwrap();
        mark(&layout, "2026-08-06T09:30:00Z", true).unwrap();
        let began = read(&layout).unwrap();
        assert_eq!((began.started_at.as_str(), began.running), ("2026-08-06T09:30:00Z", true));
        drop(lock);
        assert!(!read(&layout).unwrap().running);
        unmark(&layout).unwrap();
        unmark(&layout).unwrap();
        assert_eq!(read(&layout), None);
    }
}
