//! Limits: how much of anything that comes from outside the builder takes.
//!
//! Repositories, servers and their answers are not trusted. Whatever they can make large has a limit here,
//! with its reason: the largest that real repositories have, and what is left above it. The limits of a whole
//! job (memory, time, disk) are settings; docs/builder.md lists both.

pub mod content;
pub mod git;
pub mod job;
pub mod metadata;
pub mod net;
pub mod store;
pub mod tarball;
pub mod upstream;
