//! The contract between the builder, which writes snapshots, and the functions, which read them.
//!
//! It owns the names ([`Kind`], [`RepoName`], [`BranchName`], [`CommitId`], [`TarballName`]), the
//! JSON documents that are published ([`document`]), the tables ([`schema`]) and the words by which
//! repositories are found ([`search`]). It does no I/O and builds natively and for WebAssembly, so
//! that what one side writes is by construction what the other side reads.

mod branch_name;
mod commit_id;
pub mod document;
mod kind;
mod name_error;
mod repo_name;
pub mod schema;
pub mod search;
mod tarball_name;

pub use branch_name::BranchName;
pub use commit_id::CommitId;
pub use kind::Kind;
pub use name_error::NameError;
pub use repo_name::RepoName;
pub use tarball_name::TarballName;
