//! Limits on answers over HTTP, and on the lists of upstreams.

use std::time::Duration;

/// The longest response of a REST API that is read: 64 MiB. Gerrit's list of 10,000 projects with
/// six branches each takes 6 MB.
pub const MAX_BODY: u64 = 64 << 20;

/// The longest `Retry-After` that is waited for within a cycle. The next cycle tries again anyway.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// How many pages of one list are asked for at most: with 100 repositories on a page, 100,000
/// repositories, which is more than any organization has.
pub const MAX_PAGES: usize = 1000;

/// After so many failures in a row, a host is down, and its other repositories are not asked in
/// this cycle: each failure is one after all retries, and takes seconds.
pub const MAX_FAILURES: usize = 10;
