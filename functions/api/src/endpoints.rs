//! The endpoints for programs: one file for each sort of answer. An endpoint gets a request and the names
//! in its path, asks the snapshot, and makes a response.

pub mod crawlers;
pub mod dist;
pub mod download;
pub mod feed;
pub mod gerrit;
pub mod health;
pub mod index;
pub mod info;
pub mod list;
pub mod manifests;
pub mod metrics;
pub mod openapi;
pub mod search;
pub mod updates;
