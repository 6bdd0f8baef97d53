//! The builder: mirrors Git repositories, makes tarballs of their branches, and publishes a snapshot.
//!
//! Data flows in one direction. Each step is a module with files of its own:
//!
//! 1. [`upstream`] lists the repositories and the commits of their branches.
//! 2. [`git`] fetches these commits into mirrors.
//! 3. [`content`] reads the files of a branch.
//! 4. [`metadata`] reads the manifest in them, and [`tarball`] compresses them.
//! 5. [`state`] keeps what one cycle tells the next, and [`snapshot`] writes everything that is published to one
//!    SQLite file.
//!
//! [`cycle`] runs these steps. They are based on [`net`] (HTTP) and [`data_dir`] (the files on disk).
//! [`settings`] and [`commands`] are what users see. `docs/architecture.md` says which module may import
//! which; a test checks it.

pub mod catalogue;
pub mod cli;
pub mod commands;
pub mod content;
pub mod cycle;
pub mod data_dir;
mod error;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod git;
pub mod limits;
pub mod listings;
pub mod log;
pub mod memory;
pub mod metadata;
pub mod net;
pub mod object;
pub mod pool;
pub mod progress;
mod repository_id;
mod rows;
pub mod secrets;
pub mod settings;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod tarball;
pub mod upstream;
pub mod worker;
mod writable;

pub use error::{Error, StoreFault};
pub use repository_id::RepositoryId;
