//! Grafana's own description of a dashboard, as types of TypeScript.

use std::path::Path;

use tempfile::TempDir;

use crate::process::{Run, built, tool_at};

/// What is checked. In JSON, an enumeration is written as the text that it stands for.
const CODE: &str = "\
import type { Dashboard } from '@grafana/schema';
type Written<T> = T extends string ? `${T}`
  : T extends (infer U)[] ? Written<U>[]
  : T extends object ? { [K in keyof T]: Written<T[K]> }
  : T;
export const dashboard: Written<Dashboard> = ";

/// Compares a dashboard, as JSON, with the types: keys that are not known are errors, too. `cargo xtask test` installs
/// what is needed from `tests/grafana/package.json`.
#[must_use]
#[track_caller]
pub fn grafana_types(dashboard: &str) -> Run {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let tools = workspace.join("target/grafana");
    let compiler = built(tools.join("node_modules/.bin/tsc"));
    // Below it, so that the package is found.
    let folder = TempDir::new_in(&tools).unwrap();
    let file = folder.path().join("dashboard.ts");
    std::fs::write(&file, format!("{CODE}{dashboard};\n")).unwrap();
    let mut command = tool_at(&compiler);
    command.args(["--noEmit", "--strict", "--skipLibCheck", "--moduleResolution", "bundler"]);
    command.args(["--module", "esnext", "--target", "es2022"]).arg(file);
    command.output().unwrap().into()
}
