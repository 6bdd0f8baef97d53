//! Manifests: what `extension.json` or `skin.json` says of a branch
//! (<https://www.mediawiki.org/wiki/Manual:Extension.json/Schema>).
//!
//! It owns the reading of manifests; [`messages`] has the texts that they name. Manifest versions 1
//! and 2 say the same of what is read here. A field that is not what the schema says is left out and
//! named among the problems; the rest of the manifest still counts.
//!
//! **Several manifests.** Wikibase has no `extension.json` but `extension-repo.json` and
//! `extension-client.json`, of which a wiki loads what it wants. One of them speaks for the branch,
//! alone: fields of several would describe something that nobody can install, and a wiki that loads
//! one part need not fulfil what the other requires. It is the one whose `name` is the repository's,
//! else whose description message is named after it as is the custom (`wikibase-desc`), else the
//! first by file name.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tardist_contract::{
    Kind,
    document::{Metadata, Requires},
};

use crate::{
    Error,
    content::Content,
    metadata::{
        messages::{self, Cache, Key, MAX_TEXT, Texts},
        plain_text::plain_text,
    },
    repository_id::RepositoryId,
};

/// The longest manifest that is read; Wikibase's has 60 kB.
const MAX_MANIFEST: u64 = 4 << 20;

/// How many manifests of one branch are looked at; Wikibase has 3.
const MAX_MANIFESTS: usize = 20;

/// How many authors, or requirements of a sort, are kept; the longest list of authors has 30.
const MAX_ENTRIES: usize = 500;

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// What people want to know.
    pub metadata: Metadata,
    /// The texts of its `namemsg`.
    pub titles: Texts,
    /// The texts of its `descriptionmsg`.
    pub descriptions: Texts,
    /// Its `version`.
    pub version: Option<String>,
    /// Its `requires`.
    pub requires: Requires,
    /// What was wrong with it, a sentence each.
    pub problems: Vec<String>,
}

/// Reads the manifest of a branch of the repository `id`. A branch without one, as all were before
/// 2015, says nothing.
///
/// # Errors
/// [`Error::Git`] where an object is missing.
pub fn read(content: &Content, id: &RepositoryId, cache: &mut Cache) -> Result<Manifest, Error> {
    let mut problems = Vec::new();
    let mut found = Vec::new();
    for name in names(content, id.kind) {
        match object(content, &name)? {
            Ok(fields) => found.push((name, fields)),
            Err(reason) => problems.push(format!("{name} {reason}")),
        }
    }
    let Some((name, fields)) = speaker(found, id) else {
        return Ok(Manifest { problems, ..Manifest::default() });
    };
    Reader { content, cache, name, problems }.read(&fields)
}

/// The names of the manifests: `extension.json` in an extension and `skin.json` in a skin, else the
/// other, else all `extension-*.json` and `skin-*.json`.
fn names(content: &Content, kind: Kind) -> Vec<String> {
    let stems = match kind {
        Kind::Extensions => ["extension", "skin"],
        Kind::Skins => ["skin", "extension"],
    };
    let exact = stems.map(|stem| format!("{stem}.json"));
    if let Some(name) = exact.into_iter().find(|name| content.file(name).is_some()) {
        return vec![name];
    }
    let names = content.names("");
    let parts = stems.into_iter().flat_map(|stem| {
        let prefix = format!("{stem}-");
        names.iter().filter(move |name| name.starts_with(&prefix) && name.ends_with(".json"))
    });
    parts.filter(|name| content.file(name).is_some()).take(MAX_MANIFESTS).cloned().collect()
}

/// Of several manifests, the one that speaks for the repository; see the module's text. Those
/// without a name are no manifests, whatever their file is called.
fn speaker(
    mut manifests: Vec<(String, Map<String, Value>)>,
    id: &RepositoryId,
) -> Option<(String, Map<String, Value>)> {
    if manifests.len() > 1 {
        manifests.retain(|(_, fields)| fields.get("name").is_some_and(Value::is_string));
    }
    let says = |field: &str, wanted: &str| {
        manifests.iter().position(|(_, fields)| {
            fields.get(field).and_then(Value::as_str).is_some_and(|text| text == wanted)
        })
    };
    let custom = format!("{}-desc", id.name.as_str().to_lowercase());
    let chosen = says("name", id.name.as_str()).or_else(|| says("descriptionmsg", &custom));
    let chosen = chosen.unwrap_or(0);
    (chosen < manifests.len()).then(|| manifests.swap_remove(chosen))
}

/// The JSON object in a file, or what it is instead.
fn object(content: &Content, path: &str) -> Result<Result<Map<String, Value>, String>, Error> {
    let Some(file) = content.file(path) else { return Ok(Err("is not there".to_owned())) };
    if content.size(file)? > MAX_MANIFEST {
        return Ok(Err(format!("is longer than {MAX_MANIFEST} bytes")));
    }
    let bytes = content.bytes(file)?;
    Ok(match serde_json::from_slice(&bytes) {
        Ok(Value::Object(fields)) => Ok(fields),
        Ok(_) => Err("is not a JSON object".to_owned()),
        Err(error) => Err(format!("is not JSON: {error}")),
    })
}

struct Reader<'a> {
    content: &'a Content,
    cache: &'a mut Cache,
    name: String,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn read(mut self, fields: &Map<String, Value>) -> Result<Manifest, Error> {
        let version = match fields.get("version") {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => self.text(fields, "version"),
        };
        let (title, description) =
            (self.key(fields, "namemsg"), self.key(fields, "descriptionmsg"));
        let folders = self.folders(fields);
        let keys = [title.as_ref(), description.as_ref()];
        let ([mut titles, descriptions], problems) =
            messages::read(self.content, &folders, keys, self.cache)?;
        titles.values_mut().for_each(|title| *title = title.replace('\n', " "));
        self.problems.extend(problems);
        // MediaWiki prefers the message to the plain field.
        let name = self.text(fields, "name");
        let plain = self.text(fields, "description").map(|text| plain_text(&text));
        let metadata = Metadata {
            title: titles.get("en").cloned().or(name),
            description: descriptions.get("en").cloned().or(plain.filter(|text| !text.is_empty())),
            authors: self.authors(fields),
            license: self.text(fields, "license-name"),
            url: self.url(fields),
            r#type: self.text(fields, "type"),
        };
        let requires = self.requires(fields);
        let problems = self.problems;
        Ok(Manifest { metadata, titles, descriptions, version, requires, problems })
    }

    fn unlike(&mut self, field: &str, wanted: &str) {
        self.problems.push(format!("{}: `{field}` is not {wanted}", self.name));
    }

    /// A text field; empty ones say nothing.
    fn text(&mut self, fields: &Map<String, Value>, field: &str) -> Option<String> {
        match fields.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.len() <= MAX_TEXT => {
                Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
            }
            Some(_) => {
                self.unlike(field, &format!("a string of at most {MAX_TEXT} bytes"));
                None
            }
        }
    }

    /// The home page. It becomes a link on other people's pages: nothing but HTTP will do.
    fn url(&mut self, fields: &Map<String, Value>) -> Option<String> {
        let url = self.text(fields, "url")?;
        let begins = |with: &str| {
            url.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
        };
        if url.starts_with("//") {
            Some(format!("https:{url}"))
        } else if begins("https://") || begins("http://") {
            Some(url)
        } else {
            self.unlike("url", "an http or https URL");
            None
        }
    }

    /// The key of a message: a string, or a list of it and its parameters.
    fn key(&mut self, fields: &Map<String, Value>, field: &str) -> Option<Key> {
        let Some(Value::Array(list)) = fields.get(field) else {
            return self.text(fields, field).map(|name| Key { name, parameters: Vec::new() });
        };
        let texts = list.iter().map(|value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        });
        match texts.collect::<Option<Vec<String>>>() {
            Some(mut texts) if !texts.is_empty() => {
                let name = texts.remove(0);
                Some(Key { name, parameters: texts })
            }
            _ => {
                self.unlike(field, "the key of a message with its parameters");
                None
            }
        }
    }

    /// The authors as plain text, a line each. The item `...` stays: it says that there are others.
    fn authors(&mut self, fields: &Map<String, Value>) -> Vec<String> {
        const WANTED: &str = "a string or a list of strings";
        let values = match fields.get("author") {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value @ Value::String(_)) => std::slice::from_ref(value),
            None | Some(Value::Null) => &[],
            Some(_) => {
                self.unlike("author", WANTED);
                &[]
            }
        };
        if values.iter().any(|value| !value.is_string()) {
            self.unlike("author", WANTED);
        }
        let texts = values.iter().filter_map(Value::as_str);
        let short = texts.filter(|text| text.len() <= MAX_TEXT).map(plain_text);
        let mut authors: Vec<String> = short
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|author| !author.is_empty())
            .take(MAX_ENTRIES + 1)
            .collect();
        if authors.len() > MAX_ENTRIES {
            self.unlike("author", &format!("a list of at most {MAX_ENTRIES}"));
            authors.truncate(MAX_ENTRIES);
        }
        authors
    }

    /// The folders of `MessagesDirs`: an object, or a list, whose values are a path or a list of paths.
    fn folders(&mut self, fields: &Map<String, Value>) -> Vec<String> {
        const WANTED: &str = "an object of paths or lists of paths";
        let values: Vec<&Value> = match fields.get("MessagesDirs") {
            Some(Value::Object(dirs)) => dirs.values().collect(),
            Some(Value::Array(dirs)) => dirs.iter().collect(),
            None | Some(Value::Null) => return Vec::new(),
            Some(_) => {
                self.unlike("MessagesDirs", WANTED);
                return Vec::new();
            }
        };
        let paths = values.into_iter().flat_map(|value| match value {
            Value::Array(paths) => paths.as_slice(),
            other => std::slice::from_ref(other),
        });
        let paths: Vec<Option<&str>> = paths.map(Value::as_str).collect();
        if paths.contains(&None) {
            self.unlike("MessagesDirs", WANTED);
        }
        paths.into_iter().flatten().map(str::to_owned).collect()
    }

    fn requires(&mut self, fields: &Map<String, Value>) -> Requires {
        let mut requires = Requires::default();
        match fields.get("requires") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(Value::Object(given)) => {
                requires.mediawiki = self.text(given, "MediaWiki");
                requires.extensions = self.constraints(given, "extensions");
                requires.skins = self.constraints(given, "skins");
                requires.platform = self.constraints(given, "platform");
            }
            Some(_) => self.unlike("requires", "an object"),
        }
        requires
    }

    fn constraints(
        &mut self,
        requires: &Map<String, Value>,
        field: &str,
    ) -> BTreeMap<String, String> {
        let mut constraints = BTreeMap::new();
        let given = match requires.get(field) {
            Some(Value::Object(given)) if given.len() <= MAX_ENTRIES => given,
            None | Some(Value::Null) => return constraints,
            // PHP writes an empty object as an empty list.
            Some(Value::Array(list)) if list.is_empty() => return constraints,
            Some(_) => {
                let wanted = format!("an object of at most {MAX_ENTRIES} entries");
                self.unlike(&format!("requires.{field}"), &wanted);
                return constraints;
            }
        };
        for (name, value) in given {
            match value {
                Value::String(constraint) if name.len() + constraint.len() <= MAX_TEXT => {
                    constraints.insert(name.clone(), constraint.trim().to_owned());
                }
                // `"ability-shell": true`: an ability is there or not, without a version.
                Value::Bool(true) => {
                    constraints.insert(name.clone(), "*".to_owned());
                }
                Value::Bool(false) => {}
                _ => {
                    let name: String = name.chars().take(100).collect();
                    self.unlike(&format!("requires.{field}.{name}"), "a version constraint");
                }
            }
        }
        constraints
    }
}
