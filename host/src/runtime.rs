//! WebAssembly: the engine, instances of components, and the interfaces that they get.

mod bindings;
pub(crate) mod compiled;
mod connection;
pub(crate) mod engine;
pub(crate) mod instance;
pub(crate) mod memory;
mod sqlite;
