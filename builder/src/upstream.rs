//! Upstreams: which repositories there are, and at which commit each wanted branch is.
//!
//! A user writes a [`Spec`] for each. There is a file for each type of server; each makes an
//! [`Upstream`] of a spec. Upstreams only list. Where a list has no commits, [`tips`] asks Git
//! itself, by one small request for each repository. [`list()`] lists several upstreams and merges
//! them.
//!
//! [`Branches`] are the branches that the settings want. Which release branches there are is asked of MediaWiki itself
//! (`core.rs`), or follows from what the repositories have; `releases.rs` decides.
//!
//! A new type of upstream is a file of its own, and a line in the table of `spec.rs`.

mod adapter;
mod bounded;
mod branches;
mod core;
mod directory;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gerrit;
mod git_credentials;
mod gitea;
mod github;
mod gitlab;
mod list_file;
mod listing;
mod mediawiki;
mod merge;
mod open;
mod owner;
mod pages;
mod phabricator;
mod prefixes;
mod releases;
mod remembered;
mod response;
mod spec;
pub mod tips;
mod token;
pub mod wikimedia;

pub use branches::{Asked, BranchRule, Branches, Pattern};
pub use listing::{Absence, LeftOut, Listing, Project, Upstream};
pub use merge::{Lacks, Wanted, list};
pub use open::{allow, open};
pub use releases::{Found, Selection};
pub use remembered::Pages;
pub use spec::{Spec, one_or_many};
