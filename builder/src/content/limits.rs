//! Limits on the content of a branch. Hostile trees and links could otherwise fill memory and disk,
//! or never come to an end.

use crate::Error;

/// How deep folders may be nested. Linux ends a path at 4,096 bytes, which is 2,048 folders.
const MAX_DEPTH: usize = 256;

/// How many files and folders a tarball may have: Wikibase has 6,000. Links to folders can multiply
/// them, and so can a tree that contains the same tree many times.
const MAX_MEMBERS: usize = 500_000;

/// How many problems are kept: hostile content could have millions.
const MAX_PROBLEMS: usize = 10_000;

/// Fails for a folder that is nested too deep; the root has depth 0.
pub(crate) fn check_depth(depth: usize) -> Result<(), Error> {
    check(depth, MAX_DEPTH, "nested folders")
}

/// Fails where there are too many files and folders.
pub(crate) fn check_members(count: usize) -> Result<(), Error> {
    check(count, MAX_MEMBERS, "files")
}

fn check(count: usize, limit: usize, unit: &'static str) -> Result<(), Error> {
    if count > limit {
        return Err(Error::TooLarge { limit: limit as u64, unit });
    }
    Ok(())
}

/// Adds a problem, unless there are too many already.
pub(crate) fn note(problems: &mut Vec<String>, problem: String) {
    if problems.len() < MAX_PROBLEMS {
        problems.push(problem);
    }
}
