//! The builder's memory from one cycle to the next: `state.db`, which nothing else reads.
//!
//! The snapshot is made from it. What is published is read from the snapshot only if `state.db` is lost, damaged
//! or older than the snapshot: then it is made again from there (`import`). The two files cannot tell
//! different stories: a cycle writes its result here first, with the next number of a *generation*, and then the
//! snapshot with the same number. If it is killed in between, the next cycle finds a snapshot with an older
//! generation, and writes it anew from here.
//!
//! `store` opens and saves the file, by the rows of its `tables`, and `publish` writes the snapshot after it; `uploaded`
//! is what it knows of an object store. The
//! tables are migrated and never thrown away. [`clock`] counts the time between cycles, which does not depend on a
//! clock that is right.

mod branches;
pub mod clock;
mod import;
mod migrations;
mod publish;
mod store;
mod tables;
mod uploaded;
mod withdrawn;

pub use branches::KnownBranches;
pub use import::catalogue_of;
pub use store::{Changes, State};
pub use tables::{Published, Retired, Tarball};
pub use uploaded::StoreMemory;
pub use withdrawn::Withdrawn;
