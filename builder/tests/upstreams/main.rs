//! The adapters of upstreams against answers of their servers, and the refs asked of Git.
//!
//! The answers in `recorded/` came from real servers. Those in `described/` were written by hand with the fields
//! that the services document. Their hosts stand for the test's own server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

mod answers;
mod credentials;
mod files;
mod gitea;
mod github;
mod gitlab;
mod left_out;
mod mediawiki;
mod phabricator;
mod remembered;
mod several;
mod support;
mod tips;
