//! spin.toml and runtime-config.toml for another data directory than `data/`: copies with absolute
//! paths, made from the committed ones so that there is only one description of the application.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use toml::{Table, Value, toml};

use crate::project;

/// An application that can be served.
pub struct Application {
    /// The `spin.toml`.
    pub manifest: PathBuf,
    /// The `runtime-config.toml`.
    pub runtime_config: PathBuf,
}

impl Application {
    /// The committed one, which serves `data/`.
    pub fn committed() -> Self {
        let root = project::root();
        Self { manifest: root.join("spin.toml"), runtime_config: root.join("runtime-config.toml") }
    }

    /// Writes one into `folder` that serves `data`, an absolute path; `with_bare` adds the
    /// component that the benchmark compares with.
    ///
    /// # Errors
    ///
    /// A file cannot be read or written, or is no TOML.
    pub fn derive(folder: &Path, data: &Path, with_bare: bool) -> Result<Self> {
        let committed = Self::committed();
        let mut manifest = read(&committed.manifest)?;
        point_to(&mut manifest, data);
        if with_bare {
            add_bare(&mut manifest);
        }
        let mut runtime_config = read(&committed.runtime_config)?;
        for (_, database) in tables(&mut runtime_config, "sqlite_database") {
            database.insert("path".to_owned(), text(&data.join("snapshot.db")));
        }
        let derived = Self {
            manifest: folder.join("spin.toml"),
            runtime_config: folder.join("runtime-config.toml"),
        };
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create {}", folder.display()))?;
        write(&derived.manifest, &manifest)?;
        write(&derived.runtime_config, &runtime_config)?;
        Ok(derived)
    }
}

fn read(path: &Path) -> Result<Table> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    text.parse().with_context(|| format!("in {}", path.display()))
}

fn write(path: &Path, table: &Table) -> Result<()> {
    fs::write(path, table.to_string()).with_context(|| format!("cannot write {}", path.display()))
}

fn text(path: &Path) -> Value {
    Value::String(path.display().to_string())
}

/// The tables in the table `key`.
fn tables<'a>(
    table: &'a mut Table,
    key: &str,
) -> impl Iterator<Item = (&'a String, &'a mut Table)> {
    let tables = table.get_mut(key).and_then(Value::as_table_mut);
    tables.into_iter().flatten().filter_map(|(name, value)| Some((name, value.as_table_mut()?)))
}

/// Makes the paths absolute, those of files in `data`.
fn point_to(manifest: &mut Table, data: &Path) {
    for (_, component) in tables(manifest, "component") {
        if let Some(source) = component.get("source").and_then(Value::as_str) {
            let source = project::root().join(source);
            component.insert("source".to_owned(), text(&source));
        }
        let mounts = component.get_mut("files").and_then(Value::as_array_mut);
        for mount in mounts.into_iter().flatten().filter_map(Value::as_table_mut) {
            mount.insert("source".to_owned(), text(&data.join("dist")));
        }
    }
}

fn add_bare(manifest: &mut Table) {
    let source = text(&project::target("wasm32-wasip2/component/bare.wasm"));
    if let Some(components) = manifest.get_mut("component").and_then(Value::as_table_mut) {
        components.insert(project::BARE.to_owned(), toml! { source = source }.into());
    }
    let triggers = manifest.get_mut("trigger").and_then(|trigger| trigger.get_mut("http"));
    if let Some(triggers) = triggers.and_then(Value::as_array_mut) {
        triggers.push(toml! { route = "/bare" component = "bare" }.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_serves_another_folder() {
        let mut manifest = toml! {
            [component.dist]
            source = "target/dist.wasm"
            files = [{ source = "data/dist", destination = "/dist" }]
            [[trigger.http]]
            route = "/dist/..."
            component = "dist"
        };
        point_to(&mut manifest, Path::new("/elsewhere"));
        add_bare(&mut manifest);
        let dist = &manifest["component"]["dist"];
        assert_eq!(dist["files"][0]["source"].as_str(), Some("/elsewhere/dist"));
        assert_eq!(dist["files"][0]["destination"].as_str(), Some("/dist"));
        assert!(Path::new(dist["source"].as_str().unwrap()).is_absolute());
        assert_eq!(manifest["trigger"]["http"][1]["route"].as_str(), Some("/bare"));
        assert!(manifest["component"]["bare"]["source"].as_str().unwrap().ends_with("bare.wasm"));
    }
}
