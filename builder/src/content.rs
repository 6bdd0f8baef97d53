//! The content of a branch: which files and folders its tarball has, and the bytes of each.
//!
//! It reads Git objects from repositories that are there already, and never fetches.

pub mod checkout;
pub mod composer;
pub mod read;
