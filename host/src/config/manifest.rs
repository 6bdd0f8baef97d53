//! Reads `spin.toml` and checks it: the result is an [`Application`].
//!
//! A key that this host does not support, known to Spin or not, is an error that names it. Otherwise
//! an application would start without something that it asked for, and fail later and elsewhere. Only
//! keys without a meaning at run time (`build`, `description`, …) are ignored, as in Spin. The shapes
//! follow Spin's manifest schema, `crates/manifest`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::{Table, Value};

use crate::{
    config::application::{Application, Component, Mount, Trigger},
    error::Error,
};

/// Reads and checks a manifest.
///
/// # Errors
///
/// [`Error::Read`], [`Error::Parse`], or [`Error::Item`] for what this host cannot run. Whether
/// the files and directories exist is checked later.
pub(crate) fn read(manifest: &Path) -> Result<Application, Error> {
    let text = fs::read_to_string(manifest).map_err(|source| Error::Read {
        path: manifest.to_owned(),
        source,
        remedy: "give the path of a spin.toml with --manifest",
    })?;
    parse(manifest, &text)
}

/// Checks the text of a manifest.
///
/// # Errors
///
/// As [`read`], without [`Error::Read`].
fn parse(manifest: &Path, text: &str) -> Result<Application, Error> {
    let raw: RawManifest = toml::from_str(text)
        .map_err(|source| Error::Parse { path: manifest.to_owned(), source: source.into() })?;
    let folder = manifest.parent().unwrap_or(Path::new(""));
    raw.check(folder, manifest).map_err(|(item, problem)| Error::Item {
        path: manifest.to_owned(),
        item,
        problem,
    })
}

/// The item and what is wrong with it.
type Refusal = (String, String);

#[derive(Deserialize)]
struct RawManifest {
    spin_manifest_version: Value,
    application: Table,
    #[serde(default)]
    variables: BTreeMap<String, RawVariable>,
    #[serde(default)]
    trigger: BTreeMap<String, Vec<RawTrigger>>,
    #[serde(default)]
    component: BTreeMap<String, RawComponent>,
    #[serde(flatten)]
    rest: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "keys without a meaning for this host")]
struct RawVariable {
    description: Option<String>,
    #[serde(default)]
    required: bool,
    default: Option<String>,
    #[serde(default)]
    secret: bool,
}

#[derive(Deserialize)]
struct RawTrigger {
    component: Option<Value>,
    route: Option<Value>,
    executor: Option<RawExecutor>,
    #[serde(flatten)]
    rest: Table,
}

#[derive(Deserialize)]
struct RawExecutor {
    r#type: String,
}

#[derive(Deserialize)]
struct RawComponent {
    source: Value,
    #[serde(default)]
    files: Vec<Value>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    #[serde(default)]
    environment: BTreeMap<String, String>,
    #[serde(default)]
    sqlite_databases: BTreeSet<String>,
    #[serde(flatten)]
    rest: Table,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawMount {
    source: PathBuf,
    destination: String,
}

impl RawManifest {
    fn check(self, folder: &Path, manifest: &Path) -> Result<Application, Refusal> {
        if self.spin_manifest_version != Value::Integer(2) {
            let problem = "only version 2 is supported: spin_manifest_version = 2";
            return Err(("spin_manifest_version".to_owned(), problem.to_owned()));
        }
        refuse("manifest", &self.rest, &[])?;
        let details = ["name", "version", "description", "authors", "targets", "tool"];
        refuse("[application]", &self.application, &details)?;
        if !matches!(self.application.get("name"), Some(Value::String(_))) {
            return Err(("[application]".to_owned(), "name is missing".to_owned()));
        }
        let variables = self
            .variables
            .into_iter()
            .map(|(name, variable)| Ok((name.clone(), variable.check(&name)?)))
            .collect::<Result<_, Refusal>>()?;
        let components: BTreeMap<_, _> = self
            .component
            .into_iter()
            .map(|(id, component)| Ok((id.clone(), component.check(&id, folder)?)))
            .collect::<Result<_, Refusal>>()?;
        let triggers = check_triggers(self.trigger, &components)?;
        Ok(Application { manifest: manifest.to_owned(), variables, triggers, components })
    }
}

impl RawVariable {
    /// Spin: `locked_variable` in `crates/loader/src/local.rs`.
    fn check(self, name: &str) -> Result<Option<String>, Refusal> {
        if self.required == self.default.is_some() {
            let problem = "give it either required = true or a default";
            return Err((format!("variable {name:?}"), problem.to_owned()));
        }
        Ok(self.default)
    }
}

fn check_triggers(
    triggers: BTreeMap<String, Vec<RawTrigger>>,
    components: &BTreeMap<String, Component>,
) -> Result<Vec<Trigger>, Refusal> {
    if let Some(other) = triggers.keys().find(|kind| *kind != "http") {
        return Err(unsupported(&format!("[[trigger.{other}]]"), "this type of trigger"));
    }
    triggers
        .into_values()
        .flatten()
        .enumerate()
        .map(|(index, trigger)| trigger.check(index + 1, components))
        .collect()
}

impl RawTrigger {
    fn check(
        self,
        number: usize,
        components: &BTreeMap<String, Component>,
    ) -> Result<Trigger, Refusal> {
        let item = match &self.route {
            Some(Value::String(route)) => format!("[[trigger.http]] with route {route:?}"),
            _ => format!("[[trigger.http]] number {number}"),
        };
        refuse(&item, &self.rest, &["id"])?;
        if let Some(executor) = &self.executor
            && !["http", "spin"].contains(&executor.r#type.as_str())
        {
            return Err(unsupported(&item, &format!("executor {:?}", executor.r#type)));
        }
        let route = match self.route {
            Some(Value::String(route)) => route,
            Some(_) => return Err(unsupported(&item, "a route that is not a string")),
            None => return Err((item, "route is missing".to_owned())),
        };
        let component = match self.component {
            Some(Value::String(component)) => component,
            Some(_) => return Err(unsupported(&item, "a component written inline")),
            None => return Err((item, "component is missing".to_owned())),
        };
        if !components.contains_key(&component) {
            return Err((item, format!("there is no [component.{component}]")));
        }
        Ok(Trigger { route, component })
    }
}

impl RawComponent {
    fn check(self, id: &str, folder: &Path) -> Result<Component, Refusal> {
        let item = format!("component {id:?}");
        refuse(&item, &self.rest, &["build", "description", "profile", "targets", "tool"])?;
        if !is_words(id, '-') {
            let problem = "an identifier is words of letters and digits with `-` between them";
            return Err((item, problem.to_owned()));
        }
        if let Some(label) = self
            .sqlite_databases
            .iter()
            .find(|label| !is_words(label, '-') && !is_words(label, '_'))
        {
            return Err((item, format!("sqlite_databases: {label:?} is no kebab-case label")));
        }
        let Value::String(source) = self.source else {
            return Err(unsupported(&item, "a source that is not a path"));
        };
        let mounts = self
            .files
            .into_iter()
            .map(|entry| check_mount(&item, entry, folder))
            .collect::<Result<_, _>>()?;
        Ok(Component {
            source: folder.join(source),
            mounts,
            variables: self.variables,
            environment: self.environment,
            databases: self.sqlite_databases,
        })
    }
}

fn check_mount(item: &str, entry: Value, folder: &Path) -> Result<Mount, Refusal> {
    if let Value::String(pattern) = entry {
        let what = format!("files: the pattern {pattern:?}");
        let (item, problem) = unsupported(item, &what);
        return Err((item, format!("{problem}; mount a directory: {{ source, destination }}")));
    }
    let mount: RawMount = entry
        .try_into()
        .map_err(|error| (item.to_owned(), format!("files: {}", error.to_string().trim())))?;
    if !mount.destination.starts_with('/') {
        let problem = format!("files: destination {:?} must begin with /", mount.destination);
        return Err((item.to_owned(), problem));
    }
    Ok(Mount { source: folder.join(mount.source), destination: mount.destination })
}

/// Refuses the first key of `table` that is not in `ignored` and asks for something: an empty list
/// (`allowed_outbound_hosts = []`) asks for nothing.
fn refuse(item: &str, table: &Table, ignored: &[&str]) -> Result<(), Refusal> {
    let asks = |value: &Value| match value {
        Value::Array(list) => !list.is_empty(),
        Value::Table(table) => !table.is_empty(),
        _ => true,
    };
    match table.iter().find(|(key, value)| !ignored.contains(&key.as_str()) && asks(value)) {
        Some((key, _)) => Err(unsupported(item, key)),
        None => Ok(()),
    }
}

fn unsupported(item: &str, what: &str) -> Refusal {
    (item.to_owned(), format!("{what}: not supported by the component host"))
}

/// Spin's identifiers, `crates/serde/src/id.rs`: words of ASCII letters and digits that begin with
/// a letter, with one delimiter between them.
fn is_words(text: &str, delimiter: char) -> bool {
    text.split(delimiter).all(|word| {
        word.starts_with(|first: char| first.is_ascii_alphabetic())
            && word.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests;
