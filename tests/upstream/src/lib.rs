//! The sample upstream: a small Gerrit for laptops, tests and benchmarks.
//!
//! It owns three things. [`Upstream`] and [`Repository`] make real bare Git repositories in a
//! folder, with commit ids that are the same on every machine. [`Server`] serves that folder on
//! 127.0.0.1 as Gerrit would: Git's smart HTTP by the real `git http-backend`, the project list
//! and the branch list over REST. [`sample`] is the content that a first run on a laptop shows,
//! [`corpus`] is that of the benchmark.
//!
//! A server records what it was asked ([`Server::requests`]) and misbehaves on request
//! ([`Server::fault`]), so a test can say both what a client asked and how it took bad answers.
//! Git itself is not imitated: what a client negotiates here is what it would negotiate anywhere.
//!
//! ```no_run
//! use sample_upstream::{Fault, File, RequestKind, Server, Time, Upstream};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let root = tempfile::tempdir()?;
//! let upstream = Upstream::new(root.path());
//! let repository = upstream.repository("mediawiki/extensions/Foo")?;
//! let tip = repository.commit(
//!     "master",
//!     &[("extension.json", File::text("{}")), ("bin/run.sh", File::executable("#!/bin/sh\n"))],
//!     "Begin",
//!     Time::default(),
//! )?;
//! repository.branch("REL1_45", tip)?;
//!
//! let server = Server::start(root.path(), ([127, 0, 0, 1], 0).into())?;
//! server.fault("/branches", Fault::Status { code: 503, retry_after: Some(1) }, Some(2));
//! // … point a client at server.url() …
//! assert!(server.requests().iter().all(|request| request.kind != RequestKind::Other));
//! # Ok(())
//! # }
//! ```

mod cgi;
pub mod corpus;
mod error;
mod fault;
mod gerrit;
mod many;
mod repository;
mod requests;
mod route;
pub mod sample;
mod server;
mod wiki;

pub use error::Error;
pub use fault::Fault;
pub use gerrit::State;
/// The id of a commit or another Git object; its `Display` is 40 hexadecimal digits.
pub use git2::Oid;
pub use repository::{File, Repository, Time, Upstream};
pub use requests::{Request, RequestKind};
pub use server::Server;
