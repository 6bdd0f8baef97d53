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
        problems::Problems,
        wanted_fields::wanted_fields,
    },
    repository_id::RepositoryId,
};

/// What a manifest says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Manifest {
    /// The path of the file; `None` if there is none.
    pub file_name: Option<String>,
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
    /// Its `load_composer_autoloader`: it loads `vendor/autoload.php`.
    pub loads_autoloader: bool,
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
    let mut problems = Problems::default();
    let mut choice = Choice::new(id);
    for name in names(content, id.kind) {
        match object(content, &name)? {
            Ok(fields) => choice.add(name, fields),
            Err(reason) => problems.add(format!("{name} {reason}")),
        }
    }
    match choice.chosen() {
        Some((name, values)) => {
            interpret(content, Fields { file_name: &name, values: &values, problems }, files)
        }
        None => Ok(Manifest { problems: problems.into_vec(), ..Manifest::default() }),
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
    let [mut titles, descriptions] =
        messages::read(content, &folders, keys, files, &mut fields.problems)?;
    titles.values_mut().for_each(|title| *title = title.replace('\n', " "));
    // MediaWiki prefers the message to the plain field.
    let name = fields.short("name");
    let plain = fields.plain_text("description");
    let metadata = Metadata {
        title: titles.get("en").cloned().or(name),
        description: descriptions.get("en").cloned().or(plain),
        authors: fields.authors(),
        license: fields.short("license-name"),
        url: fields.url(),
        r#type: fields.short("type"),
    };
    let requires = fields.requires();
    let loads_autoloader = fields.flag("load_composer_autoloader");
    Ok(Manifest {
        file_name: Some(fields.file_name.to_owned()),
        metadata,
        titles,
        descriptions,
        version,
        requires,
        loads_autoloader,
        problems: fields.problems.into_vec(),
    })
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

/// The choice of one of several manifests; see the documentation of the module. A file without a `name` is no
/// manifest, whatever it is called, unless it is the only one. At most two manifests are in memory.
struct Choice<'a> {
    id: &'a RepositoryId,
    count: usize,
    /// The only one so far.
    first: Option<(String, Map<String, Value>)>,
    /// Of several, the best one with a name, and how well it fits.
    best: Option<(Rank, String, Map<String, Value>)>,
}

/// How well a manifest fits its repository, the best first.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Name,
    Message,
    Other,
}

impl<'a> Choice<'a> {
    fn new(id: &'a RepositoryId) -> Self {
        Self { id, count: 0, first: None, best: None }
    }

    fn add(&mut self, file_name: String, fields: Map<String, Value>) {
        self.count += 1;
        if self.count == 1 {
            self.first = Some((file_name, fields));
            return;
        }
        if let Some((name, fields)) = self.first.take() {
            self.rank(name, fields);
        }
        self.rank(file_name, fields);
    }

    fn rank(&mut self, file_name: String, fields: Map<String, Value>) {
        let is = |field: &str, wanted: &str| {
            fields.get(field).and_then(Value::as_str).is_some_and(|text| text == wanted)
        };
        let rank = if !fields.get("name").is_some_and(Value::is_string) {
            return;
        } else if is("name", self.id.name.as_str()) {
            Rank::Name
        } else if is("descriptionmsg", &format!("{}-desc", self.id.name.as_str().to_lowercase())) {
            Rank::Message
        } else {
            Rank::Other
        };
        if self.best.as_ref().is_none_or(|(best, ..)| rank < *best) {
            self.best = Some((rank, file_name, fields));
        }
    }

    fn chosen(self) -> Option<(String, Map<String, Value>)> {
        self.first.or(self.best.map(|(_, name, fields)| (name, fields)))
    }
}

/// The wanted fields in a file, or why there is none: the end of a sentence that begins with the path.
fn object(content: &Content, path: &str) -> Result<Result<Map<String, Value>, String>, Error> {
    let Some(file) = content.file(path) else { return Ok(Err("is not there".to_owned())) };
    if content.size(file)? > MAX_MANIFEST {
        return Ok(Err(format!("is longer than {MAX_MANIFEST} bytes")));
    }
    Ok(wanted_fields(&content.bytes(file)?))
}
