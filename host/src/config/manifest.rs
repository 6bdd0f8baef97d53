//! `spin.toml` → a checked [`Application`].
//!
//! Refusal is the default: a key that this host does not act on, unknown or merely unsupported, is
//! an error that names it, because an application that starts without something it asked for fails
//! later and elsewhere. Only keys without meaning at run time (`build`, `description`, …) are
//! passed over, as Spin does. The shapes follow Spin's manifest schema, `crates/manifest`.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::Deserialize;
use toml::{Table, Value};

use crate::error::Error;

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

impl Application {
    /// Reads and checks a manifest.
    ///
    /// # Errors
    ///
    /// [`Error::Read`], [`Error::Parse`], or [`Error::Item`] for what this host cannot run. That
    /// the files and directories exist is not looked at here.
    pub(crate) fn read(manifest: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(manifest).map_err(|source| Error::Read {
            path: manifest.to_owned(),
            source,
            remedy: "give the path of a spin.toml with --manifest",
        })?;
        Self::parse(manifest, &text)
    }

    /// Checks the text of a manifest.
    ///
    /// # Errors
    ///
    /// As [`Application::read`], without [`Error::Read`].
    pub(crate) fn parse(manifest: &Path, text: &str) -> Result<Self, Error> {
        let raw: RawManifest = toml::from_str(text)
            .map_err(|source| Error::Parse { path: manifest.to_owned(), source: source.into() })?;
        let folder = manifest.parent().unwrap_or(Path::new(""));
        raw.check(folder, manifest).map_err(|(item, problem)| Error::Item {
            path: manifest.to_owned(),
            item,
            problem,
        })
    }
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
mod tests {
    use super::*;

    const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = \"t\"\n";

    fn parse(rest: &str) -> Result<Application, Error> {
        Application::parse(Path::new("app/spin.toml"), &format!("{HEAD}{rest}"))
    }

    fn refusal(rest: &str) -> String {
        parse(rest).unwrap_err().to_string()
    }

    #[test]
    fn paths_are_relative_to_the_manifest() {
        let application = parse(
            r#"
            [variables]
            url = { default = "http://x" }
            token = { required = true, secret = true }
            [[trigger.http]]
            route = "/list/..."
            component = "list"
            executor = { type = "http" }
            [component.list]
            source = "list.wasm"
            description = "d"
            files = [{ source = "../data", destination = "/data" }]
            sqlite_databases = ["snap_shot"]
            allowed_outbound_hosts = []
            key_value_stores = []
            environment = { A = "b" }
            variables = { url = "{{ url }}/" }
            build = { command = "make", watch = ["src"] }
            "#,
        )
        .unwrap();
        assert_eq!(application.variables["url"].as_deref(), Some("http://x"));
        assert_eq!(application.variables["token"], None);
        let expected = Trigger { route: "/list/...".into(), component: "list".into() };
        assert_eq!(application.triggers, [expected]);
        let list = &application.components["list"];
        assert_eq!(list.source, Path::new("app/list.wasm"));
        let data = Mount { source: "app/../data".into(), destination: "/data".into() };
        assert_eq!(list.mounts, [data]);
        assert!(list.databases.contains("snap_shot"));
        assert_eq!(list.environment["A"], "b");
        assert_eq!(list.variables["url"], "{{ url }}/");
    }

    #[test]
    fn what_the_host_cannot_do_is_refused_by_name() {
        for (line, named) in [
            ("key_value_stores = [\"default\"]", "key_value_stores"),
            ("ai_models = [\"llama2-chat\"]", "ai_models"),
            ("allowed_outbound_hosts = [\"https://example.org\"]", "allowed_outbound_hosts"),
            ("allowed_http_hosts = [\"example.org\"]", "allowed_http_hosts"),
            ("exclude_files = [\"x\"]", "exclude_files"),
            ("dependencies = { \"a:b\" = \"1\" }", "dependencies"),
            ("dependencies_inherit_configuration = true", "dependencies_inherit_configuration"),
            ("colour = \"red\"", "colour"),
            ("files = [\"assets/*\"]", "assets/*"),
        ] {
            let message = refusal(&format!("[component.list]\nsource = \"l.wasm\"\n{line}"));
            assert!(message.starts_with("app/spin.toml: component \"list\": "), "{message}");
            assert!(message.contains(named), "{message}");
            assert!(message.contains("not supported by the component host"), "{message}");
        }
    }

    #[test]
    fn triggers_are_refused_by_route() {
        let component = "[component.a]\nsource = \"a.wasm\"\n";
        for (trigger, named) in [
            ("[[trigger.redis]]\nchannel = \"c\"\ncomponent = \"a\"", "[[trigger.redis]]"),
            ("[[trigger.http]]\nroute = \"/a\"\ncomponent = \"b\"", "no [component.b]"),
            ("[[trigger.http]]\nroute = { private = true }\ncomponent = \"a\"", "number 1"),
            ("[[trigger.http]]\nroute = \"/a\"\nstatic_response = {body=\"x\"}", "static_response"),
            (
                "[[trigger.http]]\nroute = \"/a\"\ncomponent = \"a\"\nexecutor = { type = \"wagi\" }",
                "route \"/a\": executor \"wagi\"",
            ),
            ("[[trigger.http]]\nroute = \"/a\"\ncomponent = { source = \"a.wasm\" }", "inline"),
            ("[[trigger.http]]\ncomponent = \"a\"", "route is missing"),
            ("[[trigger.http]]\nroute = \"/a\"", "component is missing"),
        ] {
            let message = refusal(&format!("{trigger}\n{component}"));
            assert!(message.contains(named), "{message}");
        }
    }

    #[test]
    fn wrong_items_say_what_to_write() {
        for (rest, named) in [
            (
                "[variables]\nx = { required = true, default = \"y\" }",
                "required = true or a default",
            ),
            ("[variables]\nx = { }", "required = true or a default"),
            ("[component.a_b]\nsource = \"a.wasm\"", "identifier"),
            ("[component.a]\nsource = { url = \"u\", digest = \"d\" }", "not a path"),
            (
                "[component.a]\nsource = \"a\"\nfiles = [{ source = \"d\", destination = \"d\" }]",
                "must begin with /",
            ),
            ("[component.a]\nsource = \"a\"\nsqlite_databases = [\"x y\"]", "kebab-case"),
            ("[application.trigger.http]\nbase = \"/x\"", "trigger"),
            ("[application.extra]\na = 1", "extra"),
            ("[extra]\na = 1", "extra"),
        ] {
            let message = refusal(rest);
            assert!(message.contains(named), "{message}");
        }
        let old = Application::parse(
            Path::new("spin.toml"),
            "spin_manifest_version = 1\n[application]\nname = \"t\"",
        );
        assert!(old.unwrap_err().to_string().contains("spin_manifest_version = 2"));
    }

    #[test]
    fn no_toml_is_a_parse_error_with_the_place() {
        let error = parse("[component").unwrap_err();
        assert!(error.to_string().contains("line 4"), "{error}");
    }
}
