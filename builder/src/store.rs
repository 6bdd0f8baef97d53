//! The object store: where a builder publishes for any number of nodes, and where these pull from.
//!
//! A store is a bucket of an S3 server, or a folder ([`address`]). `client` asks it, by the library `object_store`,
//! whose requests go through the builder's own HTTP client (`connector`) with the `credentials` of whoever asks;
//! `listing` bounds its lists, and `failure` says what its errors mean. What is in a store, and in which order it comes
//! there, is in [`layout`]: tarballs, [`packed`] snapshots, and last the [pointer](mod@pointer), which may have a
//! [`signature`]. [`uploads`] decides what a store has to get and may lose. [`pull`] is a node's side. The builder's
//! side is a step of the [`cycle`](crate::cycle).

pub mod address;
mod client;
mod connector;
mod credentials;
mod failure;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
pub mod layout;
mod listing;
pub mod packed;
pub mod pointer;
pub mod pull;
pub mod signature;
pub mod uploads;

pub use client::{Access, Entry, Found, Store};
