//! The snapshot: everything that is published, in one SQLite file, with ready-made response bodies.
//!
//! The [`catalogue`] is the same data in memory. [`render`] makes the response bodies from it, and [`write()`]
//! writes the file. [`read`] reads a snapshot back into a catalogue. Nothing else in the builder uses SQLite.

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
