//! Git: asks servers for the commits of branches, fetches commits into mirrors, and finds submodules.
//!
//! It turns a URL and a commit into a bare repository on disk. Reading the files of a commit is the task of
//! `content`. The two modules do not import each other.
//!
//! [`ls_refs`] asks a server, [`on_disk`] reads a repository on disk. [`mirror`] fetches, over the HTTP [`transport`] of libgit2, which is
//! `listening` for errors of the server. [`submodules`],
//! [`superproject`], [`submodule`] and [`url_map`] find the URL of a submodule, [`submodule_host`] says where it may be, and
//! [`submodule_fetches`] fetches it. [`keep`] and [`repack`] remove from mirrors what
//! is no longer needed. `open` opens them.

mod config_file;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod keep;
mod listening;
pub mod ls_refs;
pub mod mirror;
pub mod on_disk;
mod open;
mod pkt_line;
pub mod repack;
pub mod submodule;
pub mod submodule_fetches;
pub mod submodule_host;
pub mod submodules;
pub mod superproject;
pub mod transport;
pub mod url_map;
