//! The pages for people: `/` for browsers, `/search`, `/extensions`, `/skins`, `/extensions/NAME` and
//! `/skins/NAME`, `/changes`, `/updates`, `/api`, and the page of an error.
//!
//! A page loads nothing: no script, no font, no picture. Its style and icon are in it, and its
//! Content-Security-Policy allows only these. So one request gives the whole page, and whatever a
//! repository says of itself, it can do no more than look odd.
//!
//! The templates are those of [maud](https://docs.rs/maud): Rust that compiles to writes into one string,
//! and escapes everything that is not written as markup. The pages show the results of the same queries
//! as the JSON answers. Their own texts are `messages`, in the reader's language.
//!
//! What a reader chose, a version of MediaWiki (`branch`) and a language (`lang`), is in the address, and
//! all links carry it on (`visit`).

pub mod api;
pub mod changes;
pub mod home;
pub mod html;
mod layout;
pub mod list;
mod messages;
mod outside;
pub mod problem;
pub mod repository;
pub mod search;
mod text;
pub mod updates;
mod visit;
mod wiki;
