//! Settings as people write them, and the checked configuration that is made of them.
//!
//! There is one struct, [`Settings`], for the command line, the environment and the configuration
//! file, so that these three always have the same settings. [`Config`](config::Config) is what the
//! builder works with: every value is there, and checked.
//!
//! A new setting is
//!
//! 1. a field of [`Settings`] (its doc comment is its help text everywhere), and a line in
//!    [`Settings::or`];
//! 2. its default in [`Settings::defaults`];
//! 3. a line in [`FORMS`], which says what it takes;
//! 4. a field of [`Config`](config::Config), and a line in [`Config::new`](config::Config::new).
//!
//! Everything else follows: the key in the file, the output of `tardist config`, and the messages
//! about wrong values. The compiler or a test names what is forgotten. A setting can have any type
//! that clap and serde take: a string, a number, a list, or a list of tables.

pub mod arguments;
pub mod config;
mod defaults;
pub mod file;
mod form;
mod given;
mod load;
mod remedies;
pub mod sample;
mod set_by;
pub mod variables;

pub use defaults::KEEP_FREE;
pub use form::{FORMS, Form, Takes};
pub use given::{Incomplete, LogFormat, Settings};
pub use load::load;
pub use remedies::remedies;
pub use set_by::SetBy;
