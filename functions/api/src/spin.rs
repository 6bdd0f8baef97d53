//! Spin: the only room that knows of it.

pub mod response_cache;
#[cfg(target_family = "wasm")]
pub mod serve;
