//! What belongs into a tarball and is not in it. A tarball with something missing is *incomplete*.

use serde::{Deserialize, Serialize};

/// Something that belongs into a tarball and is not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// For the public: what is missing, as a sentence without URLs of the configuration and without advice.
    pub public: String,
    /// For the operator: why.
    pub reason: String,
    /// The setting that would help, if one would.
    pub remedy: Option<Remedy>,
    /// True if a server could not be reached or was overloaded: then the next cycle tries again. All else is
    /// tried again after a day, or when something changes.
    pub may_pass: bool,
}

/// A change of the configuration that brings what is missing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Remedy {
    /// Allow submodules from this host: an origin, as the setting `submodule-hosts` takes it.
    SubmoduleHost(String),
    /// Switch Composer on (setting `composer`).
    Composer,
}
