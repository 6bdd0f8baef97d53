//! The content of a branch: which files and folders its tarball has, and the bytes of each.
//!
//! From Git to members: `read` reads the trees of the commit and its submodules into a `tree`;
//! `checkout` converts files as their attributes ask; `adopt` and `composer` may add files;
//! `links` follows symbolic links, and `members` lists what the tarball gets. What belongs into it and is not there is
//! `missing`, and `ingredients` says which settings matter.
//!
//! Everything here comes from outside. No name, link or depth of a tree leads out of it or to work
//! without end: see `paths`, `names` and `links`, and `counts` for how much there may be. This room reads Git objects that are there
//! already, and never fetches.

mod adopt;
mod blob;
mod checkout;
mod composer;
mod counts;
mod files;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod ingredients;
mod lfs;
mod link_texts;
mod links;
mod members;
mod missing;
mod names;
mod objects;
mod odd_names;
mod paths;
mod problems;
mod read;
mod reader;
mod stored;
mod tree;

pub use blob::BlobId;
pub use composer::{AUTOLOADER, Composer, Packages, install as install_packages, missing_packages};
pub use files::Content;
pub use ingredients::Ingredients;
pub use members::Member;
pub(crate) use missing::shorten;
pub use missing::{Cause, Missing, Remedy};
pub(crate) use paths::shown;
pub use read::Gitlink;
pub use reader::FileReader;
pub use tree::File;
