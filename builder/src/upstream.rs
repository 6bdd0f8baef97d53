//! Upstreams: which repositories there are, and at which commit each wanted branch is.
//!
//! A user writes a [`Spec`] for each. There is a file for each type of server; each makes an
//! [`Upstream`] of a spec. Upstreams only list. Where a list has no commits, [`tips`] asks Git
//! itself, by one small request for each repository. [`list()`] lists several upstreams and merges
//! them.
//!
//! A new type of upstream is a file of its own, and a line in the table of `spec.rs`.

mod adapter;
mod bounded;
mod directory;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gerrit;
mod github;
mod gitlab;
mod list_file;
mod listing;
mod mediawiki;
mod merge;
mod open;
mod pages;
mod phabricator;
mod prefixes;
mod response;
mod spec;
pub mod tips;
mod token;
pub mod wikimedia;

pub use listing::{Listing, Project, Upstream};
pub use merge::{Wanted, list};
pub use open::{allow, open};
pub use spec::{Spec, one_or_many};
