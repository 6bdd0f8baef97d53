//! Limits on answers over HTTP: their size, the time that they may take, and how slow they may be.
//!
//! [`HttpLimits`](crate::net::HttpLimits) holds them together, so that tests can use smaller ones.

use std::time::Duration;

/// The longest page of a list that is read: 64 MiB. Gerrit's list of 10,000 projects with six branches
/// each takes 6 MB. As all sizes here, it counts bytes after decompression.
pub const MAX_LIST_PAGE: u64 = 64 << 20;

/// The longest list of refs that is read: 64 MiB. In protocol version 0, the 60,000 refs of Wikibase
/// take 4 MB. Only the wanted refs are kept in memory, except by libgit2.
pub const MAX_REFS: u64 = 64 << 20;

/// The longest answer to a fetch: 1 GiB. The largest shallow fetch of a real repository takes 150 MB.
/// What arrives goes to disk, so this is also the most that an answer without an end takes there.
pub const MAX_PACK: u64 = 1 << 30;

/// The longest object of a store that is read: 16 GiB. It is a compressed snapshot: 5 MB for 1,500 repositories. What
/// arrives goes to disk, and is counted against the size that the pointer names.
pub const MAX_OBJECT: u64 = 16 << 30;

/// How long an object may take, after its headers. Its rate has to be that of any other answer.
pub const MAX_OBJECT_TIME: Duration = Duration::from_secs(2 * 60 * 60);

/// How long a server may take to read the body of a request: 8 MiB, a part of an upload, at 14 kB/s.
pub const MAX_SEND_TIME: Duration = Duration::from_secs(10 * 60);

/// How long a page of a list or a list of refs may take, after its headers: 64 MiB at 110 kB/s.
pub const MAX_LIST_TIME: Duration = Duration::from_secs(10 * 60);

/// How long the answer to a fetch may take, after its headers: 1 GiB at 600 kB/s.
pub const MAX_PACK_TIME: Duration = Duration::from_secs(30 * 60);

/// The least that an answer has to bring within [`LEAST_RATE_TIME`], once it has begun. A Git server
/// that is still making a pack reports its progress each second, which is more than this. Of a pack of a few very large
/// objects on a busy machine, half as much was seen: but so slow is one that drips, too.
pub const LEAST_RATE_BYTES: u64 = 1 << 10;

/// See [`LEAST_RATE_BYTES`]. Only the time counts in which tardist waits for the network.
pub const LEAST_RATE_TIME: Duration = Duration::from_secs(30);

/// The longest header of an answer that is read, in bytes. Real ones have 1 to 2 kB. Besides, ureq reads
/// at most 128 fields.
pub const MAX_HEADER: usize = 64 << 10;

/// The longest `Retry-After` that is waited for within a cycle. A request whose host asks for more fails at once; after
/// [`MIN_PAUSES`] of them, the host is not asked any more in this cycle. The next one tries again anyway.
pub const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// No request is tried again when this time has passed since its first try, or would have after the
/// pause that the server asks for. It is three pauses of [`MAX_RETRY_AFTER`].
pub const MAX_RETRY_TIME: Duration = Duration::from_secs(3 * 60);

/// After failed requests for so many repositories in a row, a host is not asked any more in this cycle. One short fault fails
/// the requests of all jobs at the same time, and there are 6 jobs by default: so these are three such faults,
/// one after the other, each after all retries.
pub const MAX_FAILURES: usize = 20;

/// After [`MIN_FAILURES`] in a row that took so long together, a host is not asked any more, either. A server
/// that never answers takes the setting `timeout` for each request, 2 minutes by default.
pub const MAX_LOST: Duration = Duration::from_secs(5 * 60);

/// See [`MAX_LOST`]. One repository that is very slow, or two, is no fault of its host.
pub const MIN_FAILURES: usize = 3;

/// When a host asks for a longer pause than [`MAX_RETRY_AFTER`] for so many repositories, it is not asked any more in
/// this cycle. One alone may be ill, and is left alone itself.
pub const MIN_PAUSES: usize = 2;

/// How many redirects are followed from where a repository is said to be to where it is. Git follows 20; a
/// project that was renamed needs one, and its move from http to https one more.
pub const MAX_REDIRECTS: usize = 5;
