//! Manifests: what `extension.json` or `skin.json` says about a branch
//! (<https://www.mediawiki.org/wiki/Manual:Extension.json/Schema>).
//!
//! It owns the choice of the manifest; [`fields`](super::fields) reads its fields, and [`messages`] the
//! texts that it names.
//!
//! **Several manifests.** Wikibase has no `extension.json`, but `extension-repo.json` and
//! `extension-client.json`: a wiki loads one of them or both. Only one of them describes the branch.
//! Fields of both together would describe something that nobody can install, and a wiki that loads one
//! part does not need what the other requires. The chosen one is the manifest whose `name` is that of
//! the repository; else the one whose description message is named after the repository, as is usual
//! (`wikibase-desc`); else the first by file name.

use serde_json::{Map, Value};
use tardist_contract::{
    Kind,
    document::{Metadata, Requires},
};

use crate::{
    Error,
    content::Content,
    limits::metadata::{MAX_MANIFEST, MAX_MANIFESTS},
    metadata::{
        fields::Fields,
        message_files::MessageFiles,
        messages::{self, Texts},
        plain_text::plain_text,
    },
    repository_id::RepositoryId,
};

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The fields that are shown to people.
    pub metadata: Metadata,
    /// The texts of its `namemsg`, by language.
    pub titles: Texts,
    /// The texts of its `descriptionmsg`, by language.
    pub descriptions: Texts,
    /// Its `version`.
    pub version: Option<String>,
    /// Its `requires`.
    pub requires: Requires,
    /// What was wrong with it, a sentence each.
    pub problems: Vec<String>,
}

/// Reads the manifest of a branch of the repository `id`. It is empty for a branch without one: before
/// 2015 no branch had one. `files` are the message files that other branches of the repository have
/// read.
///
/// # Errors
/// [`Error::Damaged`] where an object is missing or broken.
pub fn read(
    content: &Content,
    id: &RepositoryId,
    files: &mut MessageFiles,
) -> Result<Manifest, Error> {
    let mut problems = Vec::new();
    let mut manifests = Vec::new();
    for name in names(content, id.kind) {
        match object(content, &name)? {
            Ok(fields) => manifests.push((name, fields)),
            Err(reason) => problems.push(format!("{name} {reason}")),
        }
    }
    match choose(manifests, id) {
        Some((name, values)) => {
            interpret(content, Fields { file_name: &name, values: &values, problems }, files)
        }
        None => Ok(Manifest { problems, ..Manifest::default() }),
    }
}

/// What the fields of a manifest say.
fn interpret(
    content: &Content,
    mut fields: Fields<'_>,
    files: &mut MessageFiles,
) -> Result<Manifest, Error> {
    let version = fields.version();
    let (title, description) = (fields.key("namemsg"), fields.key("descriptionmsg"));
    let keys = [title.as_ref(), description.as_ref()];
    let folders = fields.message_folders();
    let ([mut titles, descriptions], problems) = messages::read(content, &folders, keys, files)?;
    titles.values_mut().for_each(|title| *title = title.replace('\n', " "));
    fields.problems.extend(problems);
    // MediaWiki prefers the message to the plain field.
    let name = fields.text("name");
    let plain = fields.text("description").map(|text| plain_text(&text));
    let metadata = Metadata {
        title: titles.get("en").cloned().or(name),
        description: descriptions.get("en").cloned().or(plain.filter(|text| !text.is_empty())),
        authors: fields.authors(),
        license: fields.text("license-name"),
        url: fields.url(),
        r#type: fields.text("type"),
    };
    let requires = fields.requires();
    let problems = fields.problems;
    Ok(Manifest { metadata, titles, descriptions, version, requires, problems })
}

/// The file names of the manifests: for an extension `extension.json`, else `skin.json`, else all
/// `extension-*.json` and `skin-*.json`; for a skin `skin` comes first.
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

/// Chooses one of several manifests; see the documentation of the module. A file without a `name` is no
/// manifest, whatever it is called.
fn choose(
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

/// The JSON object in a file, or why there is none: the end of a sentence that begins with the path.
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
