//! The version of the format: which bytes a commit gives.

/// Which bytes the same commit gives. A change of any byte of any tarball raises it: another header field,
/// another compressor, another order of members. [`is_current_format`](super::is_current_format) has to
/// recognize it.
///
/// | version | what it was |
/// |---|---|
/// | 1 | the type byte of files was NUL, and the name field of a long path had the path's first 100 bytes |
/// | 2 | the type byte of files is `0`, and the name field of a long path has a hash (`tarball/header.rs`) |
pub const FORMAT: u32 = 2;
