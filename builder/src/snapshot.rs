//! The snapshot: what is published, rendered to ready-made answers, in one SQLite file.

pub mod catalogue;
pub mod file;
pub mod render;
mod search_index;
