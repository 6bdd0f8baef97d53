//! The network: an HTTP client that talks to allowed hosts alone.

pub mod http;
