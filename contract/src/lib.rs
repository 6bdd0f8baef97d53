//! The contract between the builder, which writes snapshots, and the functions, which read them.
//!
//! It owns the names ([`Kind`], [`RepoName`], [`BranchName`], [`CommitId`], [`TarballName`]), the
//! JSON documents that are published ([`document`]), their entity tags ([`entity_tag()`]), the tables of the
//! snapshot ([`schema`]), the terms by which repositories are found ([`search`]), the names by which wikis
//! know them ([`known_as`]) and the numbers that both tell ([`metrics`]). It does no I/O, and it builds natively and
//! for WebAssembly: so both sides use the same code for what they share.

mod branch_name;
mod commit_id;
pub mod document;
mod entity_tag;
mod kind;
pub mod known_as;
pub mod metrics;
mod name_error;
mod repo_name;
pub mod schema;
pub mod search;
mod tarball_name;

pub use branch_name::BranchName;
pub use commit_id::CommitId;
pub use entity_tag::entity_tag;
pub use kind::Kind;
pub use name_error::NameError;
pub use repo_name::RepoName;
pub use tarball_name::TarballName;
