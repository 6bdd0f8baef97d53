//! The builder: mirrors repositories, makes tarballs, and publishes the snapshot.
//!
//! Data flows one way, and each step is a room, a module with files of its own:
//!
//! [`upstream`] (which repositories there are, and at which commits) → [`git`] (fetched into mirrors) →
//! [`content`] (a branch's files) → [`metadata`] (what it says of itself) and [`tarball`] (its bytes) →
//! [`snapshot`] (all that is published, as one file).
//!
//! [`cycle`] runs them. Below them are [`net`] (HTTP) and [`data_dir`] (the files on disk), above them
//! [`settings`] and [`commands`]. Who may use whom stands in `docs/architecture.md`; a test holds it.

pub mod cli;
pub mod commands;
pub mod content;
pub mod cycle;
pub mod data_dir;
mod error;
pub mod git;
pub mod memory;
pub mod metadata;
pub mod net;
pub mod object;
pub mod pool;
pub mod progress;
mod repository_id;
pub mod settings;
pub mod snapshot;
pub mod tarball;
pub mod upstream;

pub use error::Error;
pub use repository_id::RepositoryId;
