//! HTTP: what a request says, and what a response is made of. Nothing here knows of any endpoint.

pub mod accept;
pub mod body;
pub mod conditional;
pub mod date;
pub mod encoding;
pub mod problem;
pub mod range;
pub mod request;
pub mod request_body;
pub mod response;
