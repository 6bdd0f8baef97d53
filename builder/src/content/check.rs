//! The depth of a content's folders, and the list of its problems.

use crate::{
    Error,
    limits::content::{MAX_DEPTH, MAX_PROBLEMS},
};

/// Fails for a folder that is nested too deep; the root has depth 0.
pub(crate) fn depth(depth: usize) -> Result<(), Error> {
    if depth > MAX_DEPTH {
        let what = "its content".to_owned();
        return Err(Error::TooLarge { what, limit: MAX_DEPTH as u64, unit: "nested folders" });
    }
    Ok(())
}

/// Adds a problem, unless there are too many already.
pub(crate) fn note(problems: &mut Vec<String>, problem: String) {
    if problems.len() < MAX_PROBLEMS {
        problems.push(problem);
    }
}
