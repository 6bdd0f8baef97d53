//! Which settings matter for the bytes of a tarball, as its content shows.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// What the content of a branch asks of the configuration. A branch without submodules and without required
/// packages has the same tarball whatever the settings are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ingredients {
    /// The URLs of its submodules, absolute and before the setting `url-map`.
    pub submodules: BTreeSet<String>,
    /// True if it has submodules that the setting `submodule-depth` may include or leave out.
    pub nested: bool,
    /// True if Composer has something to install.
    pub composer: bool,
}
