//! What the Spin components answer, as a library: [`http`] request → [`route`] → [`endpoints`] or [`page`]
//! → [`query`] → [`http`] response.
//!
//! An endpoint gets a [`Request`](http::request::Request) and a [`Snapshot`](query::snapshot::Snapshot)
//! to ask, and returns a [`Response`](http::response::Response) or an
//! [`ApiError`](http::problem::ApiError). It does no other I/O, except that `/dist` opens files. So all of
//! it is tested natively, on a real SQLite. Only [`spin`] knows Spin.
//!
//! Each room imports only those before it: [`http`], [`language`], [`query`], then [`route`], [`settings`],
//! [`address`], [`updates`] and [`xml`], then [`endpoints`] and [`page`], then [`spin`], which imports neither of the last
//! two.

pub mod address;
pub mod endpoints;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
pub mod http;
pub mod language;
pub mod page;
pub mod query;
pub mod route;
pub mod settings;
pub mod spin;
pub mod updates;
pub mod xml;
