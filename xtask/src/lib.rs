//! What the tasks of `cargo xtask` and the benchmarks share: the checkout and its programs, child
//! processes, the components with a toolchain that has their target, and a system that runs.
//!
//! It is a library so that `bench/` can use it: the benchmarks are a crate of their own, because
//! xtask is the first thing that is compiled for a newcomer. For the same reason it has few
//! dependencies.

mod apt;
pub mod components;
pub mod garage;
pub mod gitea;
pub mod manifest;
pub mod mediawiki;
pub mod npm;
pub mod prerequisites;
pub mod process;
pub mod project;
pub mod prometheus;
pub mod python;
pub mod sample;
pub mod serve;
pub mod sync;
mod toolchain;
