//! What the end-to-end tests in `tests/it` share.
//!
//! Each test has a system of its own, a [`TestEnv`], in a temporary folder: an upstream that serves
//! Git, a data directory, and two programs of the workspace, `tardist` and `component-host`. The
//! programs are started as an operator would start them. No code of the product is linked: a test
//! sees command lines, files and HTTP, as users do.
//!
//! `cargo xtask test` builds the programs and the components before it runs the tests.
//!
//! In this package:
//!
//! - `src/` is this library. `src/bin/torture/` is `cargo xtask torture`.
//! - `it/` has the tests, a module for each topic.
//! - `companion/` has the stand-in for ExtensionDistributor, for the companion extension.
//! - `gerrit/`, `schemathesis/`, `s3/`, `axe/`, `grafana/` and `wikimedia-linters/` say which versions of these tools `cargo xtask test`
//!   installs.
//! - `upstream/` is a package of its own: the sample upstream, which serves Git and REST as Gerrit
//!   does.
//!
//! The component host is in `host/`, beside this package.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::missing_panics_doc,
    reason = "test code: an error here fails a test and says where"
)]

mod access_log;
mod axe;
mod browser;
mod changes;
mod component;
mod crashes;
pub mod damage;
mod deploy;
mod disk;
mod document;
pub mod down;
mod endurance;
mod env;
mod family;
mod front;
mod gerrit;
mod gitea;
mod grafana;
pub mod hostile;
mod imports;
mod kills;
mod kubernetes;
mod load;
mod mediawiki;
mod mount;
mod nginx;
mod node;
mod podman;
mod power;
mod process;
mod prometheus;
mod published;
mod s3;
mod schemathesis;
mod site;
mod store_kills;
mod tarball;

pub use axe::{violations, violations_in};
pub use browser::{Browser, Element};
pub use component::interfaces;
pub use crashes::{Crash, Crashes, Hit};
pub use deploy::deploy;
pub use disk::{Files, files, sha256};
pub use document::{Document, Parameter, examples, schema_errors};
pub use endurance::{Endurance, Figures};
pub use env::{TestEnv, change, served};
pub use family::{Guard, Watched, watch};
pub use front::{Front, Reply};
pub use gerrit::Gerrit;
pub use gitea::{GITEA_ADMIN, Gitea};
pub use grafana::grafana_types;
pub use imports::{Imports, Module};
pub use kills::{Killed, Kills};
pub use kubernetes::kubernetes_validate;
pub use load::{Load, Loaded};
pub use mediawiki::MediaWiki;
pub use nginx::{LoggedRequest, Nginx};
pub use node::{
    Folder, Node, Objects, Variables, folder_store, restated, sample_with_store, sync_to,
};
pub use podman::Podman;
pub use process::{NOBODY, Run, Running, free_address, within};
pub use prometheus::{NodeExporter, promtool};
pub use published::{Published, broken, published};
pub use s3::S3;
pub use sample_upstream::{Fault, File, Oid, Repository, Request, RequestKind, State, Time};
pub use schemathesis::schemathesis;
/// For the JSON in answers.
pub use serde_json::{Value, json};
pub use site::{Answer, Site};
pub use store_kills::{StoreKilled, StoreKills};
pub use tarball::{Member, members};

/// The branches that the builder distributes unless it is told otherwise.
pub const BRANCHES: [&str; 5] = ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"];

/// A value for the setting `public-url`. The examples of docs/api.md have it.
pub const PUBLIC_URL: &str = "https://downloads.example.org";
