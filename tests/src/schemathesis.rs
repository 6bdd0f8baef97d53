//! Schemathesis, a tool that generates requests from an OpenAPI document and checks the answers.

use std::path::Path;
use std::process::Command;

use crate::process::{built, tool_at};

/// Its command. `cargo xtask test` installs it from `tests/schemathesis/requirements.txt`.
#[must_use]
#[track_caller]
pub fn schemathesis() -> Command {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    tool_at(&built(workspace.join("target/schemathesis/bin/schemathesis")))
}
