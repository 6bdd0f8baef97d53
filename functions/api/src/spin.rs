//! Spin: how a component gets requests, variables and the snapshot, and what it keeps between requests.
//! This is the only room that knows Spin. Most of it exists in WebAssembly only.

#[cfg(target_family = "wasm")]
pub mod database;
#[cfg(target_family = "wasm")]
mod instance;
pub mod response_cache;
#[cfg(target_family = "wasm")]
pub mod serve;
#[cfg(target_family = "wasm")]
pub mod variables;
