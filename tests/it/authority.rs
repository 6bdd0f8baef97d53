//! What a component may do besides answering: read the snapshot and its variables, and one of them the tarballs.
//! It is read off `spin.toml`, which grants, and off the components, which ask.
//!
//! Whoever needs more adds it here, with its reason.

use std::fs;
use std::path::Path;

use tardist_tests::interfaces;
use toml::{Table, Value};

/// What every component may import. None of it leads out of the host, except to what `spin.toml` grants.
const IMPORTS: [(&str, &str); 9] = [
    ("spin:sqlite/sqlite", "the snapshot, for components that spin.toml gives it to"),
    ("spin:variables/variables", "those that spin.toml gives to the component"),
    ("wasi:http/types", "requests and responses; sending any needs another interface"),
    (
        "wasi:cli/",
        "Rust's standard library: standard error is the log; arguments and environment are empty",
    ),
    ("wasi:clocks/monotonic-clock", "how long ago the snapshot was looked at"),
    ("wasi:clocks/wall-clock", "the age of the snapshot"),
    ("wasi:io/", "streams: bodies and standard error"),
    ("wasi:random/insecure-seed", "Rust's hash maps"),
    ("wasi:filesystem/", "only in the component of tarballs, see MOUNTS"),
];

/// The components that may have files, each with what is mounted, and where.
const MOUNTS: [(&str, &str, &str); 1] = [("dist", "data/dist", "/dist")];

/// The keys that a component may have in `spin.toml`. Others grant something: `key_value_stores`, `ai_models`.
const KEYS: [&str; 6] =
    ["allowed_outbound_hosts", "build", "files", "source", "sqlite_databases", "variables"];

fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// The components of `spin.toml`, by name.
fn components() -> Table {
    let text = fs::read_to_string(workspace().join("spin.toml")).unwrap();
    let manifest: Table = text.parse().unwrap();
    manifest["component"].as_table().unwrap().clone()
}

fn has_files(name: &str) -> bool {
    MOUNTS.iter().any(|(component, ..)| *component == name)
}

#[test]
fn the_manifest_grants_the_snapshot_and_the_tarballs_and_nothing_else() {
    for (name, component) in components() {
        let component = component.as_table().unwrap();
        for key in component.keys() {
            assert!(KEYS.contains(&key.as_str()), "{name}: {key}");
        }
        // Spin takes a missing list for an empty one. Here it is written down, to be seen.
        assert_eq!(component["allowed_outbound_hosts"], Value::Array(vec![]), "{name}");
        let databases = component.get("sqlite_databases").and_then(Value::as_array);
        let databases: Vec<&str> =
            databases.into_iter().flatten().map(|it| it.as_str().unwrap()).collect();
        let mounts: Vec<(&str, &str)> = component
            .get("files")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .map(|it| (it["source"].as_str().unwrap(), it["destination"].as_str().unwrap()))
            .collect();
        let expected = MOUNTS.iter().filter(|(component, ..)| *component == name);
        let expected: Vec<_> = expected.map(|(_, source, at)| (*source, *at)).collect();
        assert_eq!(mounts, expected, "{name}");
        let snapshot: &[&str] = if has_files(&name) { &[] } else { &["snapshot"] };
        assert_eq!(databases, snapshot, "{name}");
    }
}

#[test]
fn a_component_imports_nothing_that_leads_out() {
    for (name, component) in components() {
        let imports = interfaces(&workspace().join(component["source"].as_str().unwrap()));
        assert!(!imports.is_empty(), "{name} was not read");
        for import in imports {
            let reason = IMPORTS.iter().find(|(interface, _)| import.starts_with(interface));
            assert!(reason.is_some(), "{name} imports {import}: is it needed?");
            let is_file = import.starts_with("wasi:filesystem/");
            assert!(!is_file || has_files(&name), "{name} imports {import} and has no files");
        }
    }
}
