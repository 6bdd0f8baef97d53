//! Lists and texts in an upstream's JSON, of which no more is kept than is needed.
//!
//! A body of 64 MiB can hold lists of millions of tiny entries, which take many times as much memory once they
//! are read. So a list is counted while it is read, and a text is cut.

use std::{fmt, ops::Deref};

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, SeqAccess, Visitor},
};

/// A list of at most `MAX` entries. A longer one is an error.
#[derive(Debug)]
pub(super) struct Bounded<T, const MAX: usize>(pub(super) Vec<T>);

impl<T, const MAX: usize> Default for Bounded<T, MAX> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>, const MAX: usize> Deserialize<'de> for Bounded<T, MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries<T, const MAX: usize>(Vec<T>);

        impl<'de, T: Deserialize<'de>, const MAX: usize> Visitor<'de> for Entries<T, MAX> {
            type Value = Bounded<T, MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(
                mut self,
                mut list: A,
            ) -> Result<Self::Value, A::Error> {
                while let Some(entry) = list.next_element()? {
                    if self.0.len() >= MAX {
                        return Err(de::Error::custom(too_many(MAX)));
                    }
                    self.0.push(entry);
                }
                Ok(Bounded(self.0))
            }
        }

        deserializer.deserialize_seq(Entries(Vec::new()))
    }
}

/// The error for a list or an object with more than `max` entries.
pub(super) fn too_many(max: usize) -> String {
    format!(
        "more than {max} entries in one list, the most that tardist takes (docs/builder.md explains the limits)"
    )
}

/// Stands at the end of a text that was cut, so that it is no valid name and no valid URL.
const CUT: &str = " … (cut)";

/// A text, of which at most `MAX` bytes are kept.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Short<const MAX: usize>(String);

impl<const MAX: usize> Short<MAX> {
    /// This text, cut if it is too long.
    pub(super) fn of(text: &str) -> Self {
        if text.len() <= MAX {
            return Self(text.to_owned());
        }
        Self(text[..text.floor_char_boundary(MAX)].to_owned() + CUT)
    }
}

impl<const MAX: usize> Deref for Short<MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> Serialize for Short<MAX> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de, const MAX: usize> Deserialize<'de> for Short<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text<const MAX: usize>;

        impl<const MAX: usize> Visitor<'_> for Text<MAX> {
            type Value = Short<MAX>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Short<MAX>, E> {
                Ok(Short::of(text))
            }
        }

        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_long_is_an_error() {
        let read = |json: &str| serde_json::from_str::<Bounded<u8, 3>>(json);
        assert_eq!(read("[1, 2, 3]").unwrap().0, [1, 2, 3]);
        assert!(read("[]").unwrap().0.is_empty());
        // It ends at the fourth entry: what follows is not even JSON.
        let error = read("[1, 2, 3, 4, x").unwrap_err().to_string();
        assert!(error.starts_with("more than 3 entries"), "{error}");
        assert!(read("{}").is_err());
    }

    #[test]
    fn a_long_text_is_cut_and_is_no_name_any_more() {
        let read = |json: &str| serde_json::from_str::<Short<4>>(json).unwrap();
        assert_eq!(&*read("\"abcd\""), "abcd");
        assert_eq!(&*read("\"abcde\""), "abcd … (cut)");
        assert_eq!(&*read("\"abc\u{e9}\u{e9}\""), "abc … (cut)", "between characters");
        assert_eq!(&*read("\"\\u0061\""), "a", "with an escape");
        assert!(read("\"abcde\"").parse::<tardist_contract::RepoName>().is_err());
    }
}
