//! Limits on tarballs.

/// How many bytes of content a tarball may have. The largest of Wikimedia's has 180 MB.
pub const MAX_CONTENT: u64 = 4 << 30;
