//! The application that a checked manifest describes.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
};

/// What `spin.toml` describes, with every path joined to the manifest's folder.
#[derive(Debug)]
pub(crate) struct Application {
    /// Where the manifest is, for messages.
    pub(crate) manifest: PathBuf,
    /// `[variables]`: name → default; `None` is a required variable.
    pub(crate) variables: BTreeMap<String, Option<String>>,
    /// `[[trigger.http]]`, in the order of the manifest.
    pub(crate) triggers: Vec<Trigger>,
    /// `[component.ID]`, by identifier.
    pub(crate) components: BTreeMap<String, Component>,
}

/// One `[[trigger.http]]`.
#[derive(Debug, PartialEq)]
pub(crate) struct Trigger {
    /// The route as written, such as `/list/...`.
    pub(crate) route: String,
    /// The identifier of a component of the same application.
    pub(crate) component: String,
}

/// One `[component.ID]`.
#[derive(Debug)]
pub(crate) struct Component {
    /// The `.wasm` file.
    pub(crate) source: PathBuf,
    /// The directories that the component may read.
    pub(crate) mounts: Vec<Mount>,
    /// Variable name → template.
    pub(crate) variables: BTreeMap<String, String>,
    /// WASI environment variables.
    pub(crate) environment: BTreeMap<String, String>,
    /// The labels of the databases that the component may open.
    pub(crate) databases: BTreeSet<String>,
}

/// A directory of this machine and where the component sees it.
#[derive(Debug, PartialEq)]
pub(crate) struct Mount {
    /// The directory on this machine.
    pub(crate) source: PathBuf,
    /// The absolute path inside the component.
    pub(crate) destination: String,
}
