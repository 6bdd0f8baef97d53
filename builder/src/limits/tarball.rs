//! Limits on tarballs.

/// How many bytes a tarball may have before it is compressed, with its headers: 1 GiB. The largest of
/// Wikimedia's has 180 MB.
pub const MAX_BYTES: u64 = 1 << 30;

/// A tarball up to this size in bytes, before it is compressed, may come from any number of bytes in the
/// mirrors: 256 MiB, more than the largest of Wikimedia's.
pub const ALWAYS_TAKEN: u64 = 256 << 20;

/// A larger tarball may have so many times the bytes that its mirrors have on disk. Git compresses real
/// repositories 3 to 15 times; a megabyte that a tree names thousands of times comes from a mirror of a megabyte.
pub const MAX_GROWTH: u64 = 50;

/// The largest file in bytes: 64 MiB. In the full histories of ten large extensions and skins of Wikimedia,
/// the largest has 3.4 MB. A file is in memory as a whole, and libgit2 needs up to three times its size to
/// read it.
pub const MAX_FILE: u64 = 64 << 20;

/// The latest time of a member and of the tarball itself, in Unix seconds: what the 11 octal digits of a header
/// can say. It is in the year 2242.
pub const MAX_TIME: u64 = (1 << 33) - 1;
