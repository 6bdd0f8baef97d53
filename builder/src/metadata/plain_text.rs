//! Wikitext to plain text: what a person reads of a description or an author on Special:Version.
//!
//! This is no wikitext parser. It knows what such lines contain: links and quotes ([`wikitext`]), HTML,
//! `<nowiki>`, comments and character references ([`html`]), and the functions that need no wiki, such as
//! `{{PLURAL:…}}` ([`functions`]). Text that is no markup stays, also an address such as
//! `<user@example.org>`.

mod functions;
mod html;
mod lines;
mod wikitext;

pub(crate) use lines::one_line;
pub(crate) use wikitext::plain_text;
