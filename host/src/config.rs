//! Configuration: the manifest, the runtime configuration, and the variables from both.

pub(crate) mod application;
pub(crate) mod manifest;
pub(crate) mod runtime_config;
pub(crate) mod variables;
