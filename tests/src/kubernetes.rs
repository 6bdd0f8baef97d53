//! The schemas of Kubernetes.

use std::path::Path;
use std::process::Command;

use crate::process::{built, tool_at};

/// The command that compares objects with them. `cargo xtask test` installs it from
/// `tests/kubernetes/requirements.txt`.
#[must_use]
#[track_caller]
pub fn kubernetes_validate() -> Command {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    tool_at(&built(workspace.join("target/kubernetes/bin/kubernetes-validate")))
}
