//! What a checkout does to the bytes of files, because `.gitattributes` ask for it.
//!
//! [`apply`] walks a tree. [`gitattributes`] reads the lines, [`wildmatch`] matches their patterns and
//! [`attributes`] says which line wins for a path. [`convert`] says what that means for the bytes: line
//! ends ([`line_ends`]), `$Id$` ([`ident`]) and encodings ([`encoding`]). The test `checkout.rs`
//! compares the results with a clone made by the `git` program.

mod apply;
mod attributes;
pub(crate) mod convert;
mod encoding;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gitattributes;
mod ident;
mod line_ends;
mod wildmatch;

pub(crate) use apply::{AttributeFiles, convert_tree};
