//! Git: mirrors, the transport under libgit2, what a server says of its branches, and submodules.
//!
//! It turns URLs and commits into repositories on disk. What is in a tree is `content`'s; the two do
//! not know each other.

pub mod keep;
pub mod ls_refs;
pub mod mirror;
mod pkt_line;
pub mod repack;
pub mod submodule;
pub mod superproject;
pub mod transport;
pub mod url_map;
