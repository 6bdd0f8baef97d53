//! End-to-end tests: what they share.
//!
//! A [`TestEnv`] is one system of its own in a folder that vanishes: an upstream that really serves
//! Git, a data directory, and the two programs of the workspace, `tardist` and `component-host`,
//! started as an operator would start them. Nothing of the product is linked: a test sees command
//! lines, files and HTTP, which is all that the outside relies on.
//!
//! The programs and components are built by `cargo xtask test` before it runs the tests.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

mod browser;
mod disk;
mod document;
mod env;
mod gerrit;
mod imports;
mod nginx;
mod process;
mod requests;
mod schemathesis;
mod site;
mod tarball;

pub use browser::{Browser, Element};
pub use disk::{Files, files, sha256};
pub use document::{Document, Parameter, examples};
pub use env::{TestEnv, served};
pub use gerrit::Gerrit;
pub use imports::{Imports, Module};
pub use nginx::{Nginx, Served};
pub use process::{Run, Running, within};
pub use sample_upstream::{Fault, File, Oid, Repository, Request, RequestKind, State, Time};
pub use schemathesis::schemathesis;
/// JSON answers, for tests to look into.
pub use serde_json::{Value, json};
pub use site::{Answer, Site};
pub use tarball::{Member, members};

/// The branches that the builder distributes unless it is told otherwise.
pub const BRANCHES: [&str; 5] = ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"];
