//! The builder: mirrors repositories, makes tarballs, and publishes the snapshot.
//!
//! Data flows one way, and each step is a file:
//! [`upstream`] and [`refs`] (what there is) → [`plan`] (what is to be done) → [`mirror`] (fetched) →
//! [`content`] (a branch's files), [`manifest`] and [`messages`] (what it says) → [`tarball`] (its
//! bytes) →
//! [`catalogue`] and [`render`] (what is to be published) → [`snapshot`] (as a file) → [`publish`]
//! (in place). [`cycle`] runs them; [`update`] is its part for one repository.

pub mod attributes;
pub mod catalogue;
pub mod cli;
pub mod composer;
pub mod config;
pub mod content;
pub mod convert;
pub mod cycle;
mod error;
mod files;
pub mod gc;
pub mod gzip;
pub mod http;
pub mod layout;
pub mod lock;
pub mod man;
pub mod manifest;
pub mod memory;
pub mod messages;
pub mod mirror;
pub mod plain_text;
pub mod plan;
pub mod preview;
pub mod progress;
pub mod publish;
pub mod refs;
pub mod render;
pub mod report;
mod repository_id;
mod search_index;
pub mod settings;
pub mod snapshot;
pub mod status;
pub mod submodule;
pub mod tarball;
pub mod tidy;
pub mod transport;
pub mod update;
pub mod upstream;
pub mod verify;
pub mod wildmatch;

pub use error::Error;
pub use repository_id::RepositoryId;
