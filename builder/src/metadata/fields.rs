//! The fields of a manifest, each in the forms that the schema allows.
//!
//! Manifest versions 1 and 2 have the fields that are read here in common. A field that does not have
//! the form of the schema is left out and becomes a problem; the rest of the manifest still counts.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use tardist_contract::document::Requires;

use crate::{
    limits::metadata::{
        MAX_AUTHORS, MAX_ENTRIES, MAX_FIELD, MAX_KEY, MAX_PARAMETER, MAX_PARAMETERS,
        MAX_REQUIREMENTS, MAX_TEXT,
    },
    metadata::{
        messages::Key,
        plain_text::{one_line, plain_text},
        problems::Problems,
        web_url::web_url,
    },
};

/// The fields of a manifest.
pub(crate) struct Fields<'a> {
    /// The name of its file, for the problems.
    pub(crate) file_name: &'a str,
    pub(crate) values: &'a Map<String, Value>,
    /// What was wrong, a sentence each.
    pub(crate) problems: Problems,
}

impl Fields<'_> {
    /// Notes that a field does not have the form that the schema gives it.
    fn problem(&mut self, field: &str, wanted: &str) {
        self.problems.add(format!("{}: `{field}` is not {wanted}", self.file_name));
    }

    /// The version; MediaWiki also accepts a number.
    pub(crate) fn version(&mut self) -> Option<String> {
        match self.values.get("version") {
            Some(Value::Number(number)) => Some(number.to_string()),
            _ => self.short("version"),
        }
    }

    /// A field that is true or false; false if it is not there. MediaWiki takes any other value for true unless it is
    /// empty. So a value of another type is no problem.
    pub(crate) fn flag(&self, field: &str) -> bool {
        match self.values.get(field) {
            None | Some(Value::Null | Value::Bool(false)) => false,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            Some(Value::String(text)) => !text.is_empty() && text != "0",
            Some(Value::Array(list)) => !list.is_empty(),
            Some(Value::Object(fields)) => !fields.is_empty(),
            Some(Value::Bool(true)) => true,
        }
    }

    /// A text field of a few words, on one line.
    pub(crate) fn short(&mut self, field: &str) -> Option<String> {
        self.short_in(self.values, field, field)
    }

    /// A text field of at most `limit` bytes; an empty text counts as none.
    pub(crate) fn text(&mut self, field: &str, limit: usize) -> Option<String> {
        self.text_in(self.values, field, field, limit)
    }

    /// A text field of wikitext, as plain text. That may be longer than the wikitext.
    pub(crate) fn plain_text(&mut self, field: &str) -> Option<String> {
        let text = plain_text(&self.text(field, MAX_TEXT)?);
        if text.len() > MAX_TEXT {
            self.problem(field, &format!("a string of at most {MAX_TEXT} bytes as plain text"));
            return None;
        }
        Some(text).filter(|text| !text.is_empty())
    }

    /// A field of these values, which is called `shown` in problems.
    fn short_in(
        &mut self,
        values: &Map<String, Value>,
        field: &str,
        shown: &str,
    ) -> Option<String> {
        self.text_in(values, field, shown, MAX_FIELD).and_then(|text| one_line(&text))
    }

    fn text_in(
        &mut self,
        values: &Map<String, Value>,
        field: &str,
        shown: &str,
        limit: usize,
    ) -> Option<String> {
        match values.get(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) if text.len() <= limit => {
                Some(text.trim()).filter(|text| !text.is_empty()).map(str::to_owned)
            }
            Some(_) => {
                self.problem(shown, &format!("a string of at most {limit} bytes"));
                None
            }
        }
    }

    /// The home page. It becomes a link on other people's pages, so it has to be an HTTP URL.
    pub(crate) fn url(&mut self) -> Option<String> {
        let url = web_url(&self.short("url")?);
        if url.is_none() {
            self.problem("url", "an http or https URL");
        }
        url
    }

    /// The key of a message: a string, or a list of the key and its parameters.
    pub(crate) fn key(&mut self, field: &str) -> Option<Key> {
        let Some(Value::Array(list)) = self.values.get(field) else {
            let name = self.text(field, MAX_KEY)?;
            return Some(Key::new(&name, Vec::new()));
        };
        let text = |(index, value): (usize, &Value)| match value {
            Value::String(text) => {
                let limit = if index == 0 { MAX_KEY } else { MAX_PARAMETER };
                (text.len() <= limit).then(|| text.clone())
            }
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        };
        // The key itself is the first.
        let texts = list.iter().take(MAX_PARAMETERS + 2).enumerate().map(text);
        match texts.collect::<Option<Vec<String>>>() {
            Some(mut texts) if (1..=MAX_PARAMETERS + 1).contains(&texts.len()) => {
                let name = texts.remove(0);
                Some(Key::new(&name, texts))
            }
            _ => {
                let wanted = format!(
                    "the key of a message with its parameters, at most {MAX_PARAMETERS} of at most \
                     {MAX_PARAMETER} bytes"
                );
                self.problem(field, &wanted);
                None
            }
        }
    }

    /// The authors as plain text, one line each. The item `...` stays: it means that there are others.
    pub(crate) fn authors(&mut self) -> Vec<String> {
        const WANTED: &str = "a string or a list of strings";
        let values = match self.values.get("author") {
            Some(Value::Array(values)) => values.as_slice(),
            Some(value @ Value::String(_)) => std::slice::from_ref(value),
            None | Some(Value::Null) => &[],
            Some(_) => {
                self.problem("author", WANTED);
                &[]
            }
        };
        if values.iter().any(|value| !value.is_string()) {
            self.problem("author", WANTED);
        }
        let texts = values.iter().filter_map(Value::as_str);
        if texts.clone().any(|text| text.len() > MAX_TEXT) {
            self.problem("author", &format!("{WANTED} of at most {MAX_TEXT} bytes"));
        }
        let short = texts.filter(|text| text.len() <= MAX_TEXT).map(plain_text);
        let mut authors: Vec<String> = short
            .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            .filter(|author| !author.is_empty())
            .take(MAX_ENTRIES + 1)
            .collect();
        if authors.len() > MAX_ENTRIES {
            self.problem("author", &format!("a list of at most {MAX_ENTRIES}"));
            authors.truncate(MAX_ENTRIES);
        }
        let mut bytes = 0;
        let fits = |author: &&String| {
            bytes += author.len();
            bytes <= MAX_AUTHORS
        };
        let fitting = authors.iter().take_while(fits).count();
        if fitting < authors.len() {
            self.problem("author", &format!("a list of at most {MAX_AUTHORS} bytes"));
            authors.truncate(fitting);
        }
        authors
    }

    /// The folders of `MessagesDirs`, in their order: the values of an object or of a list, each a path or a list of paths.
    pub(crate) fn message_folders(&mut self) -> Vec<String> {
        const WANTED: &str = "an object of paths or lists of paths";
        let values: Vec<&Value> = match self.values.get("MessagesDirs") {
            // `wanted_fields` makes a list of an object, whose order is lost else.
            Some(Value::Array(dirs)) => dirs.iter().collect(),
            None | Some(Value::Null) => return Vec::new(),
            Some(_) => {
                self.problem("MessagesDirs", WANTED);
                return Vec::new();
            }
        };
        let paths = values.into_iter().flat_map(|value| match value {
            Value::Array(paths) => paths.as_slice(),
            other => std::slice::from_ref(other),
        });
        let is_short = |path: &&str| path.len() <= MAX_FIELD;
        let paths: Vec<Option<&str>> = paths.map(|path| path.as_str().filter(is_short)).collect();
        if paths.contains(&None) {
            self.problem("MessagesDirs", WANTED);
        }
        paths.into_iter().flatten().map(str::to_owned).collect()
    }

    /// What a wiki needs. Requirements that are too long are left out altogether: a part of them would say that
    /// less is needed.
    pub(crate) fn requires(&mut self) -> Requires {
        let mut requires = Requires::default();
        match self.values.get("requires") {
            None | Some(Value::Null) => {}
            Some(Value::Array(list)) if list.is_empty() => {}
            Some(Value::Object(given)) => {
                requires.mediawiki = self.short_in(given, "MediaWiki", "requires.MediaWiki");
                requires.extensions = self.constraints(given, "extensions");
                requires.skins = self.constraints(given, "skins");
                requires.platform = self.constraints(given, "platform");
            }
            Some(_) => self.problem("requires", "an object"),
        }
        if bytes(&requires) > MAX_REQUIREMENTS {
            self.problem("requires", &format!("an object of at most {MAX_REQUIREMENTS} bytes"));
            return Requires::default();
        }
        requires
    }

    /// Names with their version constraints.
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
                self.problem(&format!("requires.{field}"), &wanted);
                return constraints;
            }
        };
        for (name, value) in given {
            let Some(shown) = one_line(name) else {
                self.problem(&format!("requires.{field}"), "an object of names");
                continue;
            };
            match value {
                Value::String(constraint) if name.len() + constraint.len() <= MAX_TEXT => {
                    constraints.insert(shown, one_line(constraint).unwrap_or_default());
                }
                // `"ability-shell": true`: an ability has no version.
                Value::Bool(true) => {
                    constraints.insert(shown, "*".to_owned());
                }
                Value::Bool(false) => {}
                _ => {
                    let name: String = shown.chars().take(100).collect();
                    self.problem(&format!("requires.{field}.{name}"), "a version constraint");
                }
            }
        }
        constraints
    }
}

/// How many bytes the names and constraints of requirements have.
fn bytes(requires: &Requires) -> usize {
    let parts = [&requires.extensions, &requires.skins, &requires.platform];
    let entries = parts.into_iter().flatten().flat_map(|(name, constraint)| [name, constraint]);
    entries.chain(&requires.mediawiki).map(String::len).sum()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// What a field of the manifest with these values is, and the problems.
    fn read<T>(values: &Value, field: impl FnOnce(&mut Fields<'_>) -> T) -> (T, Vec<String>) {
        let values = values.as_object().unwrap();
        let mut fields =
            Fields { file_name: "extension.json", values, problems: Problems::default() };
        (field(&mut fields), fields.problems.into_vec())
    }

    #[test]
    fn a_description_that_is_too_long_as_plain_text_is_left_out_and_named() {
        let description = |letters: usize| {
            let values = json!({"description": format!("{{{{uc:{}}}}}", "ΐ".repeat(letters))});
            read(&values, |fields| fields.plain_text("description"))
        };
        let (short, problems) = description(1000);
        assert_eq!((short.map(|text| text.len()), problems), (Some(6000), vec![]));
        let (long, problems) = description(4000);
        assert_eq!(long, None);
        let says =
            "extension.json: `description` is not a string of at most 8192 bytes as plain text";
        assert_eq!(problems, [says]);
        let empty = json!({"description": "<!-- nothing -->"});
        assert_eq!(read(&empty, |fields| fields.plain_text("description")), (None, vec![]));
    }

    #[test]
    fn a_requirement_of_another_form_is_named_by_its_path() {
        let values = json!({"requires": {"MediaWiki": 1.45, "extensions": {"": "*", "A": "*"}}});
        let (requires, problems) = read(&values, |fields| fields.requires());
        assert_eq!(requires.extensions.into_keys().collect::<Vec<_>>(), ["A"]);
        let says = [
            "extension.json: `requires.MediaWiki` is not a string of at most 1000 bytes",
            "extension.json: `requires.extensions` is not an object of names",
        ];
        assert_eq!(problems, says);
    }

    #[test]
    fn an_author_that_is_too_long_is_left_out_and_named() {
        let values = json!({"author": ["Ann", "x".repeat(MAX_TEXT + 1), "Bob"]});
        let (authors, problems) = read(&values, |fields| fields.authors());
        assert_eq!(authors, ["Ann", "Bob"]);
        let says =
            "extension.json: `author` is not a string or a list of strings of at most 8192 bytes";
        assert_eq!(problems, [says]);
    }
}
