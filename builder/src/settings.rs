//! Settings as people write them: one struct for the command line, the environment and the
//! configuration file, so that the three can't drift apart.
//!
//! A further setting is a field of [`Settings`] (its doc comment is its help text everywhere), a
//! line in [`Settings::or`] and in [`Settings::defaults`], and one in [`FORMS`]. The file's keys,
//! the names of the variables, `tardist config` and the messages about wrong values follow from
//! these. Any type does that clap and serde take: a setting may be a string or a number, a list, or
//! a list of tables.

pub mod config;
pub mod file;
mod form;
mod given;
pub mod sample;
pub mod variables;

pub use form::{FORMS, Form};
pub use given::*;
