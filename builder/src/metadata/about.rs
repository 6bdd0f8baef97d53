//! What a branch is called elsewhere: the `name` of its manifest, by which other manifests require it, and that of
//! its `composer.json`. For the branch that mediawiki.org describes, also the manifest itself, without its large
//! parts.
//!
//! This is what wikimedia/labs-tools-extjsonuploader collects for `Module:ExtensionJson` of mediawiki.org. A value in
//! memory takes far more than its text, so the manifest is copied as text, field by field.

use std::{collections::HashMap, fmt, sync::Arc};

use serde::{
    Deserialize, Serialize,
    de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use crate::{
    Error,
    content::Content,
    limits::{
        content::MAX_COMPOSER_JSON,
        metadata::{MAX_EXTRACT, MAX_FIELD, MAX_MANIFEST},
    },
    metadata::{plain_text::one_line, wanted_fields::wanted_fields},
};

/// The fields of a manifest that are left out: large, and only of interest to MediaWiki's loader. The list is that of
/// extjsonuploader.
const LARGE: [&str; 9] = [
    "AutoloadClasses",
    "TestAutoloadClasses",
    "AutoloadNamespaces",
    "TestAutoloadNamespaces",
    "MessagesDirs",
    "ResourceFileModulePaths",
    "ResourceModules",
    "load_composer_autoloader",
    "manifest_version",
];

/// What a branch is called elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct About {
    /// The `name` of the manifest, as it stands there.
    pub manifest_name: Option<String>,
    /// The `name` of `composer.json`: `mediawiki/semantic-media-wiki`.
    pub composer: Option<String>,
    /// The manifest without its large parts, with `repository` and `composer`: an object of JSON. `None` if it was
    /// not wanted, if there is no manifest, or if it is larger than 256 KiB.
    pub extract: Option<Arc<str>>,
}

impl About {
    /// True if the extract is what it has to be. It is published as it is, among those of others.
    pub fn is_valid(&self) -> bool {
        self.extract.as_deref().is_none_or(|it| {
            it.len() <= MAX_EXTRACT
                && serde_json::from_str::<HashMap<String, IgnoredAny>>(it).is_ok()
        })
    }
}

/// The files of a branch that [`About`] is made of.
#[derive(Debug, Default)]
pub struct Sources {
    /// The chosen manifest, a JSON object.
    pub manifest: Option<Vec<u8>>,
    /// `composer.json`.
    pub composer: Option<Vec<u8>>,
}

impl Sources {
    /// Reads the files. `manifest` is the path of the chosen manifest.
    ///
    /// # Errors
    /// [`Error::Damaged`] if a file cannot be read.
    pub(crate) fn read(content: &Content, manifest: Option<&str>) -> Result<Self, Error> {
        let read = |path: &str, limit: u64| match content.file(path) {
            Some(file) if content.size(file)? <= limit => content.bytes(file).map(Some),
            _ => Ok(None),
        };
        Ok(Self {
            manifest: manifest.map_or(Ok(None), |path| read(path, MAX_MANIFEST))?,
            composer: read("composer.json", MAX_COMPOSER_JSON)?,
        })
    }

    /// What the files say. `remote_url` is the URL of the repository; if it is given, the extract is made.
    pub fn about(&self, remote_url: Option<&str>) -> About {
        // What MediaWiki cannot read is no manifest: `wanted_fields` refuses more than RawValue does.
        let manifest = self.manifest.as_deref().filter(|bytes| wanted_fields(bytes).is_ok());
        let manifest = manifest.and_then(|bytes| std::str::from_utf8(bytes).ok());
        let fields = manifest.and_then(|text| fields(text).ok()).unwrap_or_default();
        let field = |name: &str| fields.iter().find(|field| field.0 == name);
        let composer = self.composer.as_deref().and_then(Composer::parse).unwrap_or_default();
        let (name, source) = (composer.name(), composer.source());
        About {
            manifest_name: field("name").and_then(|field| text(Some(field.1))),
            extract: remote_url.filter(|_| manifest.is_some()).and_then(|url| {
                let repository = source.as_deref().unwrap_or(url);
                extract(&fields, repository, name.as_deref()).map(Arc::from)
            }),
            composer: name,
        }
    }
}

/// The fields of `composer.json` that are read.
#[derive(Default, Deserialize)]
struct Composer<'a> {
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    support: Option<&'a RawValue>,
}

/// The object `support` of `composer.json`.
#[derive(Deserialize)]
struct Support<'a> {
    #[serde(borrow)]
    source: Option<&'a RawValue>,
}

impl<'a> Composer<'a> {
    fn parse(json: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(json).ok()
    }

    /// The name of the package, if it is one: `VENDOR/PACKAGE`
    /// (<https://getcomposer.org/doc/04-schema.md#name>). Older ones have capital letters.
    fn name(&self) -> Option<String> {
        let is_plain = |it: char| it.is_ascii_alphanumeric() || "._-".contains(it);
        let is_part = |part: &str| !part.is_empty() && part.chars().all(is_plain);
        text(self.name).filter(|name| {
            name.split_once('/')
                .is_some_and(|(vendor, package)| is_part(vendor) && is_part(package))
        })
    }

    fn source(&self) -> Option<String> {
        let support: Support<'a> = serde_json::from_str(self.support?.get()).ok()?;
        text(support.source)
    }
}

/// A string that is neither empty nor too long, on one line.
fn text(value: Option<&RawValue>) -> Option<String> {
    let text: String = serde_json::from_str(value?.get()).ok()?;
    one_line(&text).filter(|text| text.len() <= MAX_FIELD)
}

/// The fields of a JSON object, in their order; of two with the same name the value of the last, as in PHP.
fn fields(text: &str) -> Result<Vec<(String, &RawValue)>, serde_json::Error> {
    let mut json = serde_json::Deserializer::from_str(text);
    Object.deserialize(&mut json)
}

struct Object;

impl<'de> DeserializeSeed<'de> for Object {
    type Value = Vec<(String, &'de RawValue)>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<Self::Value, M::Error> {
        let mut fields: Vec<(String, &RawValue)> = Vec::new();
        let mut places: HashMap<String, usize> = HashMap::new();
        while let Some((name, value)) = map.next_entry::<String, &RawValue>()? {
            match places.get(&name) {
                Some(place) => fields[*place].1 = value,
                None => {
                    places.insert(name.clone(), fields.len());
                    fields.push((name, value));
                }
            }
        }
        Ok(fields)
    }
}

/// The object without its large fields, with `repository` and `composer`. `None` if it is too large.
fn extract(
    fields: &[(String, &RawValue)],
    repository: &str,
    composer: Option<&str>,
) -> Option<String> {
    let json = |text: &str| serde_json::to_string(text).ok();
    let added = [("repository", Some(repository)), ("composer", composer)];
    let is_added = |name: &str| added.iter().any(|(it, value)| *it == name && value.is_some());
    let mut out = String::from("{");
    let mut put = |name: &str, value: &str| {
        if out.len() > 1 {
            out.push(',');
        }
        out.push_str(&json(name)?);
        out.push(':');
        compact(value, &mut out);
        (out.len() < MAX_EXTRACT).then_some(())
    };
    for (name, value) in fields {
        if !LARGE.contains(&name.as_str()) && !is_added(name) {
            put(name, value.get())?;
        }
    }
    for (name, value) in added {
        if let Some(value) = value {
            put(name, &json(value)?)?;
        }
    }
    out.push('}');
    Some(out)
}

/// Appends JSON without the white space between its parts.
fn compact(json: &str, out: &mut String) {
    let (mut is_text, mut is_escaped) = (false, false);
    for char in json.chars() {
        if is_text || !matches!(char, ' ' | '\t' | '\n' | '\r') {
            out.push(char);
        }
        is_text ^= char == '"' && !is_escaped;
        is_escaped = is_text && char == '\\' && !is_escaped;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const URL: &str = "https://g/extensions/A";

    fn about(manifest: &str, composer: Option<&str>) -> About {
        let bytes = |text: &str| text.as_bytes().to_vec();
        let sources = Sources { manifest: Some(bytes(manifest)), composer: composer.map(bytes) };
        sources.about(Some(URL))
    }

    fn parsed(about: &About) -> Value {
        serde_json::from_str(about.extract.as_deref().unwrap()).unwrap()
    }

    #[test]
    fn the_extract_is_the_manifest_without_its_large_parts() {
        let manifest = r#"{
            "name": "A \" { }", "manifest_version": 2, "config": {"X": {"value": [1, 2.50, null, "a  b"]}},
            "AutoloadClasses": {"A": "b"}, "ResourceModules": {}, "load_composer_autoloader": true,
            "repository": "old", "name": "B\\"
        }"#;
        let about = about(manifest, None);
        let config = json!({"X": {"value": [1, 2.50, null, "a  b"]}});
        assert_eq!(parsed(&about), json!({"name": "B\\", "config": config, "repository": URL}));
        assert_eq!((about.manifest_name.as_deref(), about.composer), (Some("B\\"), None));
        assert!(!about.extract.unwrap().contains('\n'));
    }

    #[test]
    fn what_composer_json_says_comes_first() {
        let composer = r#"{"name": "a/b", "support": {"source": "https://s", "issues": []}}"#;
        let about_it = about("{}", Some(composer));
        assert_eq!(parsed(&about_it), json!({"repository": "https://s", "composer": "a/b"}));
        assert_eq!(about_it.composer.as_deref(), Some("a/b"));
        for odd in [
            "",
            "[]",
            "{\"name\": 1}",
            r#"{"name": "a"}"#,
            r#"{"name": "a/b; rm -rf ~ #"}"#,
            r#"{"name": "a/b/c"}"#,
            r#"{"name": "a/\u202eb"}"#,
            r#"{"name": "", "support": []}"#,
            r#"{"support": {"source": {}}}"#,
        ] {
            let about = about("{}", Some(odd));
            assert_eq!(
                (parsed(&about), about.composer),
                (json!({"repository": URL}), None),
                "{odd}"
            );
        }
    }

    #[test]
    fn without_a_url_or_a_manifest_there_is_no_extract() {
        let sources = Sources { manifest: Some(b"{\"name\": \"A\"}".to_vec()), composer: None };
        let about = sources.about(None);
        assert_eq!((about.manifest_name.as_deref(), about.extract), (Some("A"), None));
        assert_eq!(Sources::default().about(Some(URL)), About::default());
        let broken = Sources { manifest: Some(b"{".to_vec()), composer: None };
        assert_eq!(broken.about(Some(URL)).manifest_name, None);
    }

    #[test]
    fn what_is_too_large_is_left_out() {
        let name = "x".repeat(MAX_FIELD + 1);
        assert_eq!(about(&json!({"name": name}).to_string(), None).manifest_name, None);
        let large = json!({"config": "x".repeat(MAX_EXTRACT)}).to_string();
        assert_eq!(about(&large, None).extract, None);
        let many: String = (0..50_000).map(|it| format!("\"{it}\":0,")).collect();
        assert_eq!(about(&format!("{{{many}\"a\":1}}"), None).extract, None);
    }
}
