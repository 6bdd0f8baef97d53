//! Limits for the list of a folder in an object store.

use std::time::Duration;

/// How many objects of a folder are listed. 100,000 repositories with six branches have 600,000, and some old ones.
pub const MAX_LISTED: usize = 2_000_000;

/// How many pages a list may have. A page of S3 has up to 1,000 names, so that 2,000 pages are enough for
/// [`MAX_LISTED`]; a server may send smaller ones.
pub const MAX_PAGES: usize = 20_000;

/// How many pages may be empty and name a next one. Some stores send such ones where much was removed.
pub const MAX_EMPTY: usize = 100;

/// How many bytes all names of a list may have together: 256 MiB. That of a tarball has some 60, and those of
/// [`MAX_LISTED`] have 120 MB.
pub const MAX_BYTES: usize = 256 << 20;

/// How long all pages of a list may take together: 2,000 pages, nearly two seconds each.
pub const MAX_TIME: Duration = Duration::from_secs(60 * 60);
