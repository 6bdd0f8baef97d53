//! The network: an HTTP client that asks allowed hosts only.
//!
//! It knows HTTP and nothing of what is asked. REST APIs are read in [`upstream`](crate::upstream),
//! Git's protocol in [`git`](crate::git).

mod error;
mod http;
mod link;
mod origin;

pub use error::HttpError;
pub use http::{Http, HttpOptions, Page};
pub use origin::{Origin, is_http_url, same_origin};
