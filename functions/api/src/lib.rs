//! What the Spin components answer, as a library: request → [`route`] → query → [`response`].
//!
//! It does no I/O of its own: an endpoint gets a [`Request`](request::Request) and a
//! [`Snapshot`](snapshot::Snapshot) to ask, and gives a [`Response`](response::Response) or an
//! [`ApiError`]. So all of it is tested natively, on a real SQLite; only `component`, which exists
//! in WebAssembly alone, knows that Spin is there.
//!
//! One file an answer: [`index`], [`health`], [`list`], [`info`], [`search`], [`gerrit`], [`dist`],
//! [`openapi`], and [`page`] for what people see.

pub mod endpoints;
pub mod http;
pub mod language;
pub mod page;
pub mod query;
pub mod route;
pub mod settings;
pub mod spin;
