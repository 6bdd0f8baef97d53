//! The sample upstream: a small Gerrit for laptops, tests and benchmarks.
//!
//! It owns four things:
//!
//! - [`Upstream`] and [`Repository`] make bare Git repositories in a folder. The ids of their
//!   commits are the same on every machine.
//! - [`Server`] serves that folder on 127.0.0.1 as Gerrit would. Git's smart HTTP comes from the
//!   real `git http-backend`, so that clients negotiate as with any other server. The list of
//!   projects and the lists of branches come over REST.
//! - [`raw`] writes Git objects as they are, for repositories that Git would refuse, and [`pack`] what a server
//!   sends of them.
//! - The content: [`sample`] for a first run on a laptop and for tests, [`corpus`] for benchmarks.
//!
//! A server records its requests ([`Server::requests`]) and gives bad answers on demand
//! ([`Server::fault`]). So a test can check what a client asks, and how it handles bad answers.
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
//! server.fault("/branches", Fault::busy(503, "1"), Some(2));
//! // … point a client at server.url() …
//! assert!(server.requests().iter().all(|request| request.kind != RequestKind::Other));
//! # Ok(())
//! # }
//! ```

mod cgi;
pub mod corpus;
mod endless;
mod error;
mod fault;
mod gerrit;
mod many;
pub mod pack;
pub mod raw;
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
