//! Schemathesis, which makes up requests from an OpenAPI document.

use std::path::Path;
use std::process::Command;

use crate::process::{built, tool_at};

/// Its command, as `cargo xtask test` installs it by `tests/schemathesis/requirements.txt`.
#[must_use]
#[track_caller]
pub fn schemathesis() -> Command {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    tool_at(&built(workspace.join("target/schemathesis/bin/schemathesis")))
}
