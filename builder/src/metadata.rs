//! What a branch says about itself: its `manifest`, and the `messages` that the manifest names, as
//! `plain_text`.

mod about;
mod fields;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod manifest;
mod message_files;
mod messages;
mod plain_text;
mod problems;
mod wanted_fields;
mod web_url;

pub use about::{About, Sources};
pub use manifest::{Manifest, read};
pub use message_files::MessageFiles;
pub use messages::Texts;
