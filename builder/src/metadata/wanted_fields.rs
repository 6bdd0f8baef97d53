//! Reads the wanted fields of a manifest and skips all others.
//!
//! A JSON value takes far more memory than its text: `{"":0}` has 6 bytes, and takes more than 600 as a
//! [`Value`]. So only wanted fields become values, and the values are counted while they are read.
//!
//! Skipped fields are still checked: what is no JSON anywhere is no manifest. [`serde::de::IgnoredAny`] is not
//! used, because it accepts numbers and nesting that MediaWiki would not.

use std::{cell::Cell, fmt};

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::limits::metadata::MAX_VALUES;

/// The fields that [`Fields`](super::fields::Fields) reads.
const WANTED: [&str; 12] = [
    "name",
    "namemsg",
    "description",
    "descriptionmsg",
    "author",
    "license-name",
    "url",
    "type",
    "version",
    "requires",
    "MessagesDirs",
    "load_composer_autoloader",
];

/// The field whose order counts: of a message that is in two of its folders, MediaWiki takes the first. An object becomes
/// the list of its values, since a [`Map`] has another order.
const IN_ORDER: &str = "MessagesDirs";

/// The wanted fields of the JSON object in `text`, or why there are none: the end of a sentence that begins with
/// the path of the file. If a field is there twice, the last one counts, as in PHP.
pub(crate) fn wanted_fields(text: &[u8]) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(text).map_err(|error| format!("is not JSON: {error}"))?;
    let left = Cell::new(MAX_VALUES);
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let read = deserializer
        .deserialize_map(Document(&left))
        .and_then(|fields| deserializer.end().map(|()| fields));
    read.map_err(|error| {
        if !error.is_data() {
            format!("is not JSON: {error}")
        } else if left.get() == 0 {
            format!("has more than {MAX_VALUES} values in the fields that are read")
        } else {
            "is not a JSON object".to_owned()
        }
    })
}

/// Reads the object of a manifest.
struct Document<'a>(&'a Cell<usize>);

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Map<String, Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut fields = Map::new();
        while let Some(key) = map.next_key_seed(WantedKey)? {
            match key {
                Some(key) => {
                    let kept = Kept { left: self.0, as_list: key == IN_ORDER };
                    let value = map.next_value_seed(kept)?;
                    fields.insert(key.to_owned(), value);
                }
                None => map.next_value_seed(Skipped)?,
            }
        }
        Ok(fields)
    }
}

/// Reads a key: `None` if it is not wanted.
struct WantedKey;

impl<'de> DeserializeSeed<'de> for WantedKey {
    type Value = Option<&'static str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for WantedKey {
    type Value = Option<&'static str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(WANTED.into_iter().find(|wanted| *wanted == key))
    }
}

/// Reads a value into memory.
#[derive(Clone, Copy)]
struct Kept<'a> {
    /// The number of values that may still be read.
    left: &'a Cell<usize>,
    /// Whether an object becomes the list of its values. Not for the values in it.
    as_list: bool,
}

impl Kept<'_> {
    fn count<E: serde::de::Error>(self) -> Result<(), E> {
        let left = self.left.get().checked_sub(1).ok_or_else(|| E::custom("too many values"))?;
        self.left.set(left);
        Ok(())
    }

    /// For what is in a value.
    fn inner(self) -> Self {
        Self { as_list: false, ..self }
    }
}

impl<'de> DeserializeSeed<'de> for Kept<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        self.count()?;
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Kept<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(self.inner())? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut values: Vec<(String, Value)> = Vec::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner())?;
            // As in PHP, the last of two values counts, at the place of the first. A `Map` does so by itself.
            let known = match self.as_list {
                true => values.iter_mut().find(|(known, _)| *known == key),
                false => None,
            };
            match known {
                Some((_, known)) => *known = value,
                None => values.push((key, value)),
            }
        }
        Ok(match self.as_list {
            true => Value::Array(values.into_iter().map(|(_, value)| value).collect()),
            false => Value::Object(values.into_iter().collect()),
        })
    }
}

/// Reads a value and keeps nothing. Recursion ends where serde_json's limit of 128 levels does.
struct Skipped;

impl<'de> DeserializeSeed<'de> for Skipped {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Skipped {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element_seed(Self)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry_seed(Self, Self)?.is_some() {}
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(text: &str) -> Result<Map<String, Value>, String> {
        wanted_fields(text.as_bytes())
    }

    #[test]
    fn only_wanted_fields_are_kept_and_the_last_of_two_counts() {
        let text = r#"{"x": [{"name": 1}], "name": "A", "version": [1, -2, 0.5, null, true, {"a": "\u00fc", "a": 2}],
                       "name": "B", "Name": "C", "config": {"author": "D"}}"#;
        let expected = json!({"name": "B", "version": [1, -2, 0.5, null, true, {"a": 2}]});
        assert_eq!(Value::Object(fields(text).unwrap()), expected);
    }

    #[test]
    fn the_folders_of_messages_keep_their_order() {
        let dirs = |json: &str| {
            fields(&format!("{{\"MessagesDirs\": {json}}}")).unwrap()[IN_ORDER].clone()
        };
        let object = r#"{"Z": ["z", {"b": 1, "a": 2}], "A": "a", "M": "m", "Z": "y"}"#;
        assert_eq!(dirs(object), json!(["y", "a", "m"]));
        assert_eq!(dirs(r#"{"Z": ["z", {"b": 1}], "A": "a"}"#), json!([["z", {"b": 1}], "a"]));
        assert_eq!(dirs(r#"["z", "a"]"#), json!(["z", "a"]));
        assert_eq!(dirs("1"), json!(1));
    }

    #[test]
    fn what_is_no_json_anywhere_is_no_manifest() {
        let deep = format!("{{\"x\": {}{}}}", "[".repeat(200), "]".repeat(200));
        let deep_name = deep.replace('x', "name");
        let cases = [
            "",
            "{",
            "{\"x\": 1e999}",
            "{\"x\": \"\\ud800\"}",
            "{} {}",
            "{\"x\" 1}",
            &deep,
            &deep_name,
        ];
        for text in cases {
            let value: Result<Value, _> = serde_json::from_str(text);
            assert!(value.is_err(), "{text}");
            let error = fields(text).unwrap_err();
            assert!(error.starts_with("is not JSON: "), "{text}: {error}");
        }
        assert!(wanted_fields(b"{\"x\": \"\xff\"}").unwrap_err().starts_with("is not JSON: "));
        for text in ["[]", "1", "null", "\"name\""] {
            assert_eq!(fields(text).unwrap_err(), "is not a JSON object");
        }
    }

    #[test]
    fn many_values_are_refused_in_the_wanted_fields_only() {
        let wide = |count: usize| vec!["{\"\":0}"; count].join(",");
        assert!(fields(&format!("{{\"x\": [{}]}}", wide(MAX_VALUES))).unwrap().is_empty());
        let half = wide(MAX_VALUES / 2 - 1);
        assert!(fields(&format!("{{\"author\": [{half}]}}")).is_ok());
        // Also if a later field takes the place of the first.
        let error = fields(&format!("{{\"author\": [{half}], \"author\": [1]}}")).unwrap_err();
        assert_eq!(error, "has more than 5000 values in the fields that are read");
    }
}
