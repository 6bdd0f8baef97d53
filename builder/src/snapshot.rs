//! The snapshot: what is published, rendered to ready-made answers, in one SQLite file.
//!
//! [`catalogue`] (what is published, as the builder knows it) → [`render`] (the answers) → [`write`]
//! (the file). [`read`] is the way back. Nothing else in the builder uses SQLite.

pub mod catalogue;
mod localized;
pub mod read;
pub mod render;
mod rows;
mod sample;
mod search_index;
pub mod write;

pub use read::{Retired, Snapshot};
pub use write::write;
