//! What a WebAssembly component asks of its host.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use wasmparser::{Parser, Payload};

/// The interfaces that a component imports, without their versions: `wasi:clocks/wall-clock`.
#[must_use]
#[track_caller]
pub fn interfaces(component: &Path) -> BTreeSet<String> {
    let bytes = fs::read(component).unwrap_or_else(|error| {
        panic!("{}: {error}; `cargo xtask components` builds it", component.display())
    });
    let mut depth = 0;
    let mut imports = BTreeSet::new();
    for payload in Parser::new(0).parse_all(&bytes) {
        match payload.unwrap() {
            Payload::ComponentImportSection(section) if depth == 0 => {
                let names = section.into_iter().map(|import| import.unwrap().name.name.to_owned());
                imports.extend(
                    names.map(|name| name.split('@').next().unwrap_or_default().to_owned()),
                );
            }
            // Their imports are what the component itself gives them.
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth -= 1,
            _ => {}
        }
    }
    imports
}
