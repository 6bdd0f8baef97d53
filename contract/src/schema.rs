//! The tables of the snapshot and their version.

/// The DDL of a snapshot; the only one.
pub const SCHEMA: &str = include_str!("schema.sql");

/// SQLite's `user_version` of a snapshot with this [`SCHEMA`]. Any change to the schema or to the
/// meaning of a column raises it; a function that finds another number answers 503.
pub const USER_VERSION: i64 = 3;

/// The media type of most answers, as the table `answer` has it.
pub const JSON: &str = "application/json";

/// The media type of a plain list of names.
pub const TEXT: &str = "text/plain";

/// The length in bytes from which a body is compressed: below, it fits one packet of a network anyway.
pub const GZIP_FROM: usize = 1_024;
