//! Reads `runtime-config.toml`: where the databases are, and values of variables.
//!
//! The keys are Spin's (`crates/runtime-config`, `crates/sqlite`, `crates/variables-static`). A key that
//! this host does not support is an error that names it.
//!
//! A relative `path` is relative to the current folder and not to the file, as in Spin 4.1
//! (`sqlite_config_resolver` in `crates/runtime-config`).

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::Table;

use crate::error::Error;

/// The label of the database that exists without configuration.
const DEFAULT_LABEL: &str = "default";

/// Its file, relative to the folder of the manifest. Spin: `DEFAULT_STATE_DIR` in `crates/runtime-config` and
/// `DEFAULT_SQLITE_DB_FILENAME` in `crates/sqlite`.
const DEFAULT_FILE: &str = ".spin/sqlite_db.db";

/// What the operator decides, and not the application.
#[derive(Debug)]
pub(crate) struct RuntimeConfig {
    /// Label → database; always with `default`.
    pub(crate) databases: BTreeMap<String, Database>,
    /// `[[variables_provider]]`, in the order of the file: name → value.
    pub(crate) variables: Vec<BTreeMap<String, String>>,
}

/// One SQLite database.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Database {
    /// The file; `None` is a database in memory, a new one for each connection.
    pub(crate) path: Option<PathBuf>,
    /// Whether `ATTACH` may open other files.
    pub(crate) allow_attach_file: bool,
}

impl RuntimeConfig {
    /// Reads and checks the file. Without a file it returns the defaults.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::Parse`], or [`Error::Item`] for what this host does not support.
    pub(crate) fn read(file: Option<&Path>, manifest: &Path) -> Result<Self, Error> {
        let Some(file) = file else {
            return Self::parse(Path::new(""), "", manifest);
        };
        let text = fs::read_to_string(file).map_err(|source| Error::Read {
            path: file.to_owned(),
            source,
            remedy: "correct --runtime-config-file or leave it out",
        })?;
        Self::parse(file, &text, manifest)
    }

    /// Checks the text of a runtime configuration.
    ///
    /// # Errors
    ///
    /// As [`RuntimeConfig::read`], without [`Error::Read`].
    pub(crate) fn parse(file: &Path, text: &str, manifest: &Path) -> Result<Self, Error> {
        let raw: RawConfig = toml::from_str(text)
            .map_err(|source| Error::Parse { path: file.to_owned(), source: source.into() })?;
        let refused = |(item, problem)| Error::Item { path: file.to_owned(), item, problem };

        refuse("runtime configuration", &raw.rest).map_err(refused)?;
        let mut databases = BTreeMap::new();
        for (label, database) in raw.sqlite_database {
            let database = database.check(&label).map_err(refused)?;
            databases.insert(label, database);
        }
        databases.entry(DEFAULT_LABEL.to_owned()).or_insert_with(|| Database {
            path: Some(manifest.with_file_name(DEFAULT_FILE)),
            allow_attach_file: false,
        });
        let variables = raw
            .variables_provider
            .into_iter()
            .enumerate()
            .map(|(index, provider)| provider.check(index + 1))
            .collect::<Result<_, _>>()
            .map_err(refused)?;
        Ok(Self { databases, variables })
    }
}

/// The item and what is wrong with it.
type Refusal = (String, String);

#[derive(Deserialize)]
struct RawConfig {
    #[serde(default)]
    sqlite_database: BTreeMap<String, RawDatabase>,
    #[serde(default)]
    variables_provider: Vec<RawProvider>,
    #[serde(flatten)]
    rest: Table,
}

#[derive(Deserialize)]
struct RawDatabase {
    r#type: String,
    path: Option<PathBuf>,
    #[serde(default)]
    allow_attach_file: bool,
    #[serde(flatten)]
    rest: Table,
}

#[derive(Deserialize)]
struct RawProvider {
    r#type: String,
    #[serde(default)]
    values: BTreeMap<String, String>,
    #[serde(flatten)]
    rest: Table,
}

impl RawDatabase {
    fn check(self, label: &str) -> Result<Database, Refusal> {
        let item = format!("[sqlite_database.{label}]");
        if self.r#type != "spin" {
            return Err((item, unsupported(&format!("type {:?}", self.r#type), "\"spin\"")));
        }
        refuse(&item, &self.rest)?;
        Ok(Database { path: self.path, allow_attach_file: self.allow_attach_file })
    }
}

impl RawProvider {
    fn check(self, number: usize) -> Result<BTreeMap<String, String>, Refusal> {
        let item = format!("[[variables_provider]] number {number}");
        if self.r#type != "static" {
            return Err((item, unsupported(&format!("type {:?}", self.r#type), "\"static\"")));
        }
        refuse(&item, &self.rest)?;
        Ok(self.values)
    }
}

fn unsupported(what: &str, instead: &str) -> String {
    format!("{what}: not supported by the component host; use type = {instead}")
}

fn refuse(item: &str, rest: &Table) -> Result<(), Refusal> {
    match rest.keys().next() {
        Some(key) => Err((
            item.to_owned(),
            format!("{key}: not supported by the component host; remove it or check its spelling"),
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<RuntimeConfig, Error> {
        RuntimeConfig::parse(Path::new("etc/runtime.toml"), text, Path::new("app/spin.toml"))
    }

    #[test]
    fn the_default_database_lies_beside_the_manifest() {
        let config = parse("").unwrap();
        let default = &config.databases["default"];
        assert_eq!(default.path.as_deref(), Some(Path::new("app/.spin/sqlite_db.db")));
        assert!(!default.allow_attach_file);
        assert!(config.variables.is_empty());
    }

    #[test]
    fn databases_and_variables_are_as_written() {
        let config = parse(
            r#"
            [sqlite_database.snapshot]
            type = "spin"
            path = "data/snapshot.db"
            allow_attach_file = true
            [sqlite_database.default]
            type = "spin"
            [[variables_provider]]
            type = "static"
            values = { a = "1" }
            [[variables_provider]]
            type = "static"
            values = { a = "2" }
            "#,
        )
        .unwrap();
        let path = Some("data/snapshot.db".into());
        assert_eq!(config.databases["snapshot"], Database { path, allow_attach_file: true });
        assert_eq!(config.databases["default"].path, None);
        assert_eq!(config.variables[0]["a"], "1");
        assert_eq!(config.variables[1]["a"], "2");
    }

    #[test]
    fn everything_else_is_refused_by_name() {
        for (text, named) in [
            ("[key_value_store.default]\ntype = \"spin\"", "key_value_store"),
            ("state_dir = \"x\"", "state_dir"),
            ("[sqlite_database.a]\ntype = \"libsql\"\nurl = \"u\"", "libsql"),
            ("[sqlite_database.a]\ntype = \"spin\"\npaht = \"x\"", "paht"),
            ("[[variables_provider]]\ntype = \"vault\"", "vault"),
            ("[[variables_provider]]\ntype = \"static\"\nvalue = {}", "value"),
        ] {
            let message = parse(text).unwrap_err().to_string();
            assert!(message.starts_with("etc/runtime.toml: "), "{message}");
            assert!(message.contains(named), "{message}");
        }
    }
}
