//! What the functions ask of the snapshot: every `SELECT` that they run. Their SQL is in `query/sql/`, but for
//! the first lines of some.
//!
//! Some statements give texts in the languages of a client. They begin with `chain.sql`, a table of
//! these languages with their places (`?1` is a [`Chain`](crate::language::chain::Chain) as JSON), and
//! they join `texts.sql`: the best title and the best description that a repository has.

pub mod crawlers;
pub mod distributed;
pub mod documents;
pub mod download;
pub mod feed;
pub mod gerrit;
pub mod json;
pub mod metrics;
pub mod names;
pub mod near;
pub mod pages;
pub mod ready_made;
pub mod search;
pub mod snapshot;
pub mod statement;
pub mod summary;
pub mod updates;

#[cfg(test)]
pub(crate) mod testing;
