//! Checks of a content against its limits, and the list of its problems.

use crate::{
    Error,
    limits::content::{MAX_DEPTH, MAX_MEMBERS, MAX_PROBLEMS},
};

/// Fails for a folder that is nested too deep; the root has depth 0.
pub(crate) fn depth(depth: usize) -> Result<(), Error> {
    check(depth, MAX_DEPTH, "nested folders")
}

/// Fails where there are too many files and folders.
pub(crate) fn members(count: usize) -> Result<(), Error> {
    check(count, MAX_MEMBERS, "files")
}

fn check(count: usize, limit: usize, unit: &'static str) -> Result<(), Error> {
    if count > limit {
        return Err(Error::TooLarge { what: "its content".to_owned(), limit: limit as u64, unit });
    }
    Ok(())
}

/// Adds a problem, unless there are too many already.
pub(crate) fn note(problems: &mut Vec<String>, problem: String) {
    if problems.len() < MAX_PROBLEMS {
        problems.push(problem);
    }
}
