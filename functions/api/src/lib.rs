//! What the Spin components answer, as a library: request → [`route`] → query → [`response`].
//!
//! It does no I/O of its own: an endpoint gets a [`Request`](request::Request) and a
//! [`Snapshot`](snapshot::Snapshot) to ask, and gives a [`Response`](response::Response) or an
//! [`ApiError`]. So all of it is tested natively, on a real SQLite; only `component`, which exists
//! in WebAssembly alone, knows that Spin is there.
//!
//! One file an answer: [`index`], [`health`], [`list`], [`info`], [`search`], [`gerrit`], [`dist`],
//! [`openapi`], and [`page`] for what people see.

pub mod conditional;
pub mod dist;
pub mod encoding;
mod error;
pub mod gerrit;
pub mod health;
pub mod index;
pub mod info;
pub mod kept;
pub mod language;
pub mod list;
pub mod openapi;
pub mod page;
pub mod request;
pub mod response;
pub mod route;
pub mod search;
pub mod settings;
pub mod snapshot;

#[cfg(target_family = "wasm")]
pub mod component;

pub use error::ApiError;
