//! What the functions ask of the snapshot: every `SELECT` that they run.

pub mod gerrit;
mod search;
pub mod snapshot;
pub mod statement;
