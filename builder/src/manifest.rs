//! Manifests: what `extension.json` or `skin.json` says of a branch
//! (<https://www.mediawiki.org/wiki/Manual:Extension.json/Schema>).
//!
//! It owns the reading of manifests and of the messages that they name. A field that is not what
//! the schema says is left out and named among the problems; the rest of the manifest still counts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tardist_catalog::{
    Kind,
    document::{Metadata, Requires},
};

use crate::{Error, content::Content};

/// The longest manifest that is read; Wikibase's has 60 kB.
const MAX_MANIFEST: u64 = 4 << 20;

/// The longest i18n file that is read; MediaWiki core's English has 500 kB.
const MAX_MESSAGES: u64 = 8 << 20;

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// What people want to know.
    pub metadata: Metadata,
    /// Its `version`.
    pub version: Option<String>,
    /// Its `requires`.
    pub requires: Requires,
    /// What was wrong with it, a sentence each.
    pub problems: Vec<String>,
}

/// Reads the manifest of a branch. A branch without one, as all were before 2015, says nothing.
///
/// # Errors
/// [`Error::Git`] where an object is missing.
pub fn read(content: &Content, kind: Kind) -> Result<Manifest, Error> {
    let Some(name) = find(content, kind) else { return Ok(Manifest::default()) };
    let mut reader = Reader { content, name: name.clone(), manifest: Manifest::default() };
    match object(content, &name, MAX_MANIFEST)? {
        Ok(fields) => reader.read(&fields)?,
        Err(reason) => reader.manifest.problems.push(format!("{name} {reason}")),
    }
    Ok(reader.manifest)
}

/// The manifest's file name: `extension.json` in an extension and `skin.json` in a skin, else the
/// other, else the first `extension-*.json` or `skin-*.json`, as Wikibase has them.
fn find(content: &Content, kind: Kind) -> Option<String> {
    let (own, other) = match kind {
        Kind::Extensions => ("extension", "skin"),
        Kind::Skins => ("skin", "extension"),
    };
    let names = content.names("");
    let exact = [own, other].into_iter().map(|stem| format!("{stem}.json"));
    let split = names.iter().filter(|name| {
        name.ends_with(".json")
            && [own, other].iter().any(|stem| name.starts_with(&format!("{stem}-")))
    });
    exact.chain(split.cloned()).find(|name| content.file(name).is_some())
}

/// The JSON object in a file, or what it is instead.
fn object(
    content: &Content,
    path: &str,
    limit: u64,
) -> Result<Result<Map<String, Value>, String>, Error> {
    let Some(file) = content.file(path) else { return Ok(Err("is not there".to_owned())) };
    if content.size(file)? > limit {
        return Ok(Err(format!("is longer than {limit} bytes")));
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
    name: String,
    manifest: Manifest,
}

impl Reader<'_> {
    fn read(&mut self, fields: &Map<String, Value>) -> Result<(), Error> {
        self.manifest.version = match fields.get("version") {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => self.text(fields, "version"),
        };
        self.manifest.metadata = Metadata {
            title: self.text(fields, "name"),
            description: self.description(fields)?,
            authors: self.authors(fields),
            license: self.text(fields, "license-name"),
            url: self.text(fields, "url"),
            r#type: self.text(fields, "type"),
        };
        self.manifest.requires = self.requires(fields);
        Ok(())
    }

    fn unlike(&mut self, field: &str, wanted: &str) {
        self.manifest.problems.push(format!("{}: `{field}` is not {wanted}", self.name));
    }

    /// A text field; empty ones say nothing.
    fn text(&mut self, fields: &Map<String, Value>, field: &str) -> Option<String> {
        match fields.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => {
                Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
            }
            Some(_) => {
                self.unlike(field, "a string");
                None
            }
        }
    }

    fn authors(&mut self, fields: &Map<String, Value>) -> Vec<String> {
        let values = match fields.get("author") {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value @ Value::String(_)) => std::slice::from_ref(value),
            None | Some(Value::Null) => &[],
            Some(_) => {
                self.unlike("author", "a string or a list of strings");
                &[]
            }
        };
        if values.iter().any(|value| !value.is_string()) {
            self.unlike("author", "a string or a list of strings");
        }
        let texts = values.iter().filter_map(Value::as_str).map(str::trim);
        texts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// The English text of `descriptionmsg`, else `description`: MediaWiki prefers the message.
    fn description(&mut self, fields: &Map<String, Value>) -> Result<Option<String>, Error> {
        let plain = self.text(fields, "description");
        let Some(message) = self.text(fields, "descriptionmsg") else { return Ok(plain) };
        for folder in message_folders(fields) {
            let path = format!("{}/en.json", folder.trim_end_matches('/'));
            if self.content.file(&path).is_none() {
                continue;
            }
            match object(self.content, &path, MAX_MESSAGES)? {
                Ok(messages) => {
                    if let Some(Value::String(text)) = messages.get(&message) {
                        return Ok(Some(text.clone()));
                    }
                }
                Err(reason) => self.manifest.problems.push(format!("{path} {reason}")),
            }
        }
        Ok(plain)
    }

    fn requires(&mut self, fields: &Map<String, Value>) -> Requires {
        let mut requires = Requires::default();
        match fields.get("requires") {
            None | Some(Value::Null) => {}
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
        let given = match requires.get(field) {
            Some(Value::Object(given)) => given,
            None | Some(Value::Null) => return BTreeMap::new(),
            // PHP writes an empty object as an empty list.
            Some(Value::Array(list)) if list.is_empty() => return BTreeMap::new(),
            Some(_) => {
                self.unlike(&format!("requires.{field}"), "an object");
                return BTreeMap::new();
            }
        };
        let mut constraints = BTreeMap::new();
        for (name, value) in given {
            match value {
                Value::String(constraint) => {
                    constraints.insert(name.clone(), constraint.clone());
                }
                // `"ability-shell": true`: an ability is there or not, without a version.
                Value::Bool(true) => {
                    constraints.insert(name.clone(), "*".to_owned());
                }
                Value::Bool(false) => {}
                _ => self.unlike(&format!("requires.{field}.{name}"), "a version constraint"),
            }
        }
        constraints
    }
}

/// The folders of `MessagesDirs`: an object whose values are a path or a list of paths.
fn message_folders(fields: &Map<String, Value>) -> Vec<&str> {
    let Some(Value::Object(dirs)) = fields.get("MessagesDirs") else { return Vec::new() };
    dirs.values()
        .flat_map(|value| match value {
            Value::Array(paths) => paths.as_slice(),
            other => std::slice::from_ref(other),
        })
        .filter_map(Value::as_str)
        .collect()
}
