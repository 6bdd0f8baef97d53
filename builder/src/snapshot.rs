//! The snapshot: everything that is published, in one SQLite file, with ready-made response bodies.
//!
//! [`render`] makes the response bodies from the catalogue, [`stamps`] says since when each is as it is, and
//! [`write()`] writes the file. Equal input gives equal snapshots. [`read`] reads what a snapshot says of itself and
//! its documents, [`summary`] counts what it names, and [`digest`] recognizes a damaged one.

pub mod digest;
mod extension_json;
mod localized;
pub mod read;
mod relations;
pub mod render;
mod sample;
mod search_index;
pub mod stamps;
pub mod summary;
pub mod write;

pub use read::{Snapshot, Unreadable, made_anew};
pub use stamps::Stamps;
pub use summary::Summary;
pub use write::{Source, write};
