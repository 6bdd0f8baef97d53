//! The tables of the snapshot and their version.

/// The `CREATE` statements of a snapshot.
pub const SCHEMA: &str = include_str!("schema.sql");

/// The `user_version` of a snapshot with this [`SCHEMA`]. Any change to the schema or to the meaning of a
/// column raises it. A function that finds another number answers 503.
pub const USER_VERSION: i64 = 5;

/// The media type of most answers, as in the table `answer`.
pub const JSON: &str = "application/json";

/// The media type of a plain list of names.
pub const TEXT: &str = "text/plain";

/// The length in bytes from which a body is compressed: a shorter one fits in one network packet anyway.
pub const GZIP_FROM: usize = 1_024;
