//! The network: an HTTP client that asks allowed hosts only, and none that is down.
//!
//! It knows HTTP and nothing of what is asked. REST APIs are read in [`upstream`](crate::upstream),
//! Git's protocol in [`git`](crate::git).

mod body;
mod connector;
mod credentials;
mod error;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod hosts;
mod http;
mod link;
mod options;
mod origin;
mod rate;
mod redirect;

pub use body::Body;
pub use credentials::Credentials;
pub use error::{HttpError, RequestError};
pub use hosts::{Closed, Event, Host, Hosts, Listener};
pub use http::{Http, Page};
pub use options::{BodyKind, BodyLimit, HttpLimits, HttpOptions, LeastRate};
pub use origin::{Origin, same_origin};
