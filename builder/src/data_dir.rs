//! The data directory: where everything is, one builder at a time, files that appear whole.

pub mod atomic;
pub(crate) mod files;
pub mod layout;
pub mod lock;
