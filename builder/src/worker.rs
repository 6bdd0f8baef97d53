//! The work on one repository, in a process of its own.
//!
//! Repositories are hostile, and libgit2 is C. So one repository may take all memory, never come to an end, or
//! crash the process that reads it. A cycle therefore starts a *worker* for each repository with new commits:
//! the same program, with the hidden command `worker`.
//!
//! - `supervisor` runs a job. For each worker that it starts there is a `child`: it gives the worker an `order`,
//!   hears its `message`s (`lines`), and kills it if it exceeds a limit (`clock`). Its results go through the `intake`, which
//!   believes little and puts the tarballs in place. `death` says why a worker ended by itself.
//! - `process` is the worker's `main`: it confines itself (`confine`) and runs the order (`repository`).
//! - `failure` is what is known about work that failed, and when it is worth another try.

mod child;
mod clock;
mod confine;
mod death;
mod failure;
mod gauge;
mod intake;
mod job_result;
mod lines;
mod message;
mod order;
mod process;
mod processes;
mod reporter;
mod repository;
mod rest;
mod shared;
mod supervisor;
mod traffic;

pub use failure::{Again, Failure};
pub use job_result::JobResult;
pub use order::{Instructions, Job, PublishedTarball};
pub use process::run;
pub use supervisor::Supervisor;
pub use traffic::Traffic;
