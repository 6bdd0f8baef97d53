//! What a branch says of itself: its manifest, the messages that this names, as plain text.

pub mod manifest;
pub mod messages;
pub mod plain_text;
