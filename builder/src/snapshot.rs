//! The snapshot: everything that is published, in one SQLite file, with ready-made response bodies.
//!
//! [`render`] makes the response bodies from the catalogue, and [`write()`]
//! writes the file. [`read`] reads a snapshot back into a catalogue. Nothing else in the builder uses SQLite.

mod localized;
pub mod read;
pub mod render;
mod rows;
mod sample;
mod search_index;
pub mod write;

pub use read::{Retired, Snapshot};
pub use write::write;
