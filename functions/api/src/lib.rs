//! What the Spin components answer, as a library: request → [`route`] → query → [`response`].
//!
//! It does no I/O of its own: an endpoint gets a [`Request`](request::Request) and a
//! [`Snapshot`](snapshot::Snapshot) to ask, and gives a [`Response`](response::Response) or an
//! [`ApiError`]. So all of it is tested natively, on a real SQLite; only `component`, which exists
//! in WebAssembly alone, knows that Spin is there.
//!
//! One file an answer: [`index`], [`health`], [`list`], [`info`], [`dist`],
//! [`openapi`]. To come, each in a file
//! of its own: search, the Gerrit view, the page for people.

pub mod conditional;
pub mod dist;
mod error;
pub mod health;
pub mod index;
pub mod info;
pub mod kept;
pub mod list;
pub mod openapi;
pub mod request;
pub mod response;
pub mod route;
pub mod settings;
pub mod snapshot;

#[cfg(target_family = "wasm")]
pub mod component;

pub use error::ApiError;
