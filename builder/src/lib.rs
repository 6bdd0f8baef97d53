//! The builder: mirrors repositories, makes tarballs, and publishes the snapshot.
//!
//! Data flows one way, and each step is a file:
//! [`upstream`] and [`refs`] (what there is) → [`plan`] (what is to be done) → [`mirror`] (fetched) →
//! [`content`] (a branch's files) and [`manifest`] (what it says) → [`tarball`] (its bytes) →
//! [`catalogue`] and [`render`] (what is to be published) → [`snapshot`] (as a file) → [`publish`]
//! (in place). [`cycle`] runs them; [`update`] is its part for one repository.

pub mod catalogue;
pub mod cli;
pub mod config;
pub mod content;
pub mod cycle;
mod error;
pub mod http;
pub mod layout;
pub mod lock;
pub mod manifest;
pub mod mirror;
pub mod plan;
pub mod progress;
pub mod publish;
pub mod refs;
pub mod render;
pub mod report;
mod repository_id;
pub mod settings;
pub mod snapshot;
pub mod status;
pub mod submodule;
pub mod tarball;
pub mod transport;
pub mod update;
pub mod upstream;
pub mod verify;

pub use error::Error;
pub use repository_id::RepositoryId;
