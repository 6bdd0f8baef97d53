//! What the fuzzers run of this room; see [`fuzzing`](crate::fuzzing).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{
    fields::Fields, message_files::wanted_texts, messages::with_parameters,
    plain_text::plain_text as to_plain_text, problems::Problems, wanted_fields::wanted_fields,
};
use crate::limits::metadata::{
    MAX_AUTHORS, MAX_ENTRIES, MAX_FIELD, MAX_KEY, MAX_PARAMETER, MAX_PARAMETERS, MAX_PROBLEM,
    MAX_PROBLEMS, MAX_REQUIREMENTS, MAX_TEXT,
};

/// How many times longer than wikitext its plain text may be: `ΐ` has two bytes, and its uppercase form six.
const GROWTH: usize = 3;

/// Whether a value is as all of JSON has it, or the list of the values of that object.
fn is_same(value: &Value, whole: Option<&Value>) -> bool {
    match (value, whole) {
        (Value::Array(list), Some(Value::Object(fields))) => {
            list.len() == fields.len() && fields.values().all(|field| list.contains(field))
        }
        _ => whole == Some(value),
    }
}

/// A manifest.
pub fn manifest(bytes: &[u8]) {
    let read = wanted_fields(bytes);
    let all: Result<Map<String, Value>, _> = serde_json::from_slice(bytes);
    let values = match (read, all) {
        (Ok(values), Ok(all)) => {
            assert!(values.iter().all(|(name, value)| is_same(value, all.get(name))));
            values
        }
        (Ok(_), Err(error)) => unreachable!("what is no JSON object is read: {error}"),
        (Err(reason), all) => {
            assert!(all.is_err() || reason.contains("more than"), "{reason}");
            assert!(reason.len() <= MAX_PROBLEM, "{} bytes", reason.len());
            return;
        }
    };
    let mut fields =
        Fields { file_name: "extension.json", values: &values, problems: Problems::default() };
    let is_short = |text: &Option<String>, limit| text.as_ref().is_none_or(|it| it.len() <= limit);
    assert!(is_short(&fields.version(), MAX_FIELD));
    for field in ["name", "license-name", "type"] {
        assert!(is_short(&fields.short(field), MAX_FIELD));
    }
    // A byte that is percent-encoded becomes three.
    assert!(is_short(&fields.url(), 3 * MAX_FIELD + "https:".len()));
    assert!(is_short(&fields.plain_text("description"), MAX_TEXT));
    for key in ["namemsg", "descriptionmsg"].iter().filter_map(|field| fields.key(field)) {
        assert!(key.name.len() <= MAX_KEY && key.parameters.len() <= MAX_PARAMETERS);
        assert!(key.parameters.iter().all(|text| text.len() <= MAX_PARAMETER));
    }
    let authors = fields.authors();
    assert!(authors.len() <= MAX_ENTRIES);
    assert!(authors.iter().map(String::len).sum::<usize>() <= MAX_AUTHORS);
    assert!(fields.message_folders().iter().all(|folder| folder.len() <= MAX_FIELD));
    let requires = fields.requires();
    let parts = [&requires.extensions, &requires.skins, &requires.platform];
    let size: usize = parts.into_iter().flatten().map(|(name, text)| name.len() + text.len()).sum();
    assert!(size <= MAX_REQUIREMENTS);
    let problems = fields.problems.into_vec();
    assert!(problems.len() <= MAX_PROBLEMS);
    assert!(problems.iter().all(|problem| problem.len() <= MAX_PROBLEM + '…'.len_utf8()));
}

/// A message file with the texts `a` and `b`, of which `a` has parameters.
pub fn messages(bytes: &[u8]) {
    let read = wanted_texts(bytes, &BTreeSet::from(["a", "b"]));
    if let Ok(all) = serde_json::from_slice::<Map<String, Value>>(bytes) {
        let Ok(texts) = &read else { unreachable!("a JSON object is not read: {read:?}") };
        for key in ["a", "b"] {
            let text = all.get(key).map(|value| value.as_str().filter(|it| it.len() <= MAX_TEXT));
            assert_eq!(texts.get(key).map(Option::as_deref), text, "{key}");
        }
    }
    if let Err(reason) = &read {
        assert!(reason.len() <= MAX_PROBLEM, "{} bytes", reason.len());
    }
    let Ok(Some(Some(text))) = read.map(|mut texts| texts.remove("a")) else { return };
    let parameters = ["".to_owned(), "$1{{".to_owned(), "x".repeat(MAX_PARAMETER)];
    if let Some(text) = with_parameters(&text, &parameters, MAX_TEXT) {
        assert!(text.len() <= MAX_TEXT);
        assert!(to_plain_text(&text).len() <= GROWTH * text.len());
    }
}

/// Wikitext.
pub fn plain_text(bytes: &[u8]) {
    let wikitext = String::from_utf8_lossy(bytes);
    let text = to_plain_text(&wikitext);
    assert!(text.len() <= GROWTH * wikitext.len(), "{} bytes", text.len());
    assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
    assert!(!text.contains("  ") && text.trim_matches([' ', '\n']) == text, "{text:?}");
    if !text.contains(['<', '&', '[', ']', '{', '}', '|', '\'', '\n', '*', '#']) {
        assert_eq!(to_plain_text(&text), text, "plain text stays");
    }
}
