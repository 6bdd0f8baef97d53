//! HTTP: what a request says, and what a response is. Nothing here knows of any endpoint.

pub mod conditional;
pub mod encoding;
pub mod problem;
pub mod request;
pub mod response;
