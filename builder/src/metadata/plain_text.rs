//! Wikitext to plain text.

pub mod wikitext;

pub use wikitext::plain_text;
