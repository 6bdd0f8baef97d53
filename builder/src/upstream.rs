//! Upstreams: which repositories there are, and at which commit each wanted branch stands.
//!
//! An adapter a sort of server, each behind the trait [`Upstream`]; [`Spec`] is what a user writes
//! for one. Adapters only list. Where a list does not tell the commits of branches, which is
//! everywhere but with [`gerrit`] and [`directory`], [`refs`] asks Git itself, one small request a
//! repository. Several upstreams are listed one after the other and merged here.
//!
//! The answers of an upstream are hostile as far as names and URLs go: a name that can't be a file
//! is refused, and a clone URL counts only on the host that its upstream is configured for.

pub mod directory;
pub mod gerrit;
pub mod github;
pub mod gitlab;
pub mod list_file;
pub mod listing;
pub mod mediawiki;
mod pages;
pub mod phabricator;
pub mod spec;

pub use listing::*;
pub use spec::Spec;
