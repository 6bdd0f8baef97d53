//! What the pages for people show: one statement for each page, in `query/sql/pages/`.
//!
//! SQLite puts lists together as JSON in one column, since each row has to pass from host to component. All
//! pages have the [branches that are distributed](super::distributed) besides.

pub mod changes;
pub mod home;
pub mod list;
pub mod repository;

#[cfg(test)]
mod tests;
