//! Message files: reads single texts out of large JSON files, each file once for all branches.
//!
//! The other texts of a file are skipped and never kept in memory.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fmt, mem,
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{
    Error,
    content::{BlobId, Content, File},
    error::short,
    limits::metadata::{
        MAX_KEPT, MAX_MESSAGE_FILE, MAX_MESSAGES, MAX_TEXT, MAX_TEXTS_OF_REPOSITORY,
    },
};

/// The message files of one repository that were read already. Its branches have most of them in common.
#[derive(Debug, Default)]
pub struct MessageFiles {
    parsed: HashMap<BlobId, Parsed>,
    /// How many bytes have been read.
    bytes: u64,
    /// How many bytes `parsed` takes, roughly.
    kept: usize,
    /// How many bytes the texts have that the branches got.
    given: usize,
}

/// A file that was read.
#[derive(Debug)]
struct Parsed {
    /// The keys that it was read for.
    wanted: BTreeSet<String>,
    result: Result<WantedTexts, String>,
}

impl Parsed {
    /// How many bytes it takes, roughly.
    fn bytes(&self) -> usize {
        let texts = self.result.iter().flatten();
        let texts = texts.map(|(key, text)| key.len() + text.as_ref().map_or(0, String::len));
        let reason = self.result.as_ref().err().map(String::len);
        let wanted = self.wanted.iter().map(String::len);
        mem::size_of::<Self>() + wanted.chain(texts).chain(reason).sum::<usize>()
    }
}

/// The wanted texts of a file by their keys; `None` for a value that is no text, or too long.
pub(super) type WantedTexts = BTreeMap<String, Option<String>>;

impl MessageFiles {
    /// Counts a text of so many bytes that a branch gets. False if the branches of the repository have as many as they may.
    pub(super) fn keeps(&mut self, bytes: usize) -> bool {
        let fits = self.given + bytes <= MAX_TEXTS_OF_REPOSITORY;
        self.given += if fits { bytes } else { 0 };
        fits
    }

    /// The wanted texts of a file, or why it has none: the end of a sentence that begins with the path.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the blob is missing or broken.
    pub(crate) fn texts(
        &mut self,
        content: &Content,
        file: &File,
        wanted: &BTreeSet<&str>,
    ) -> Result<Result<WantedTexts, String>, Error> {
        let Some(id) = file.blob() else { return self.parse(content, file, wanted) };
        if let Some(parsed) = self.parsed.get(&id)
            && wanted.iter().all(|key| parsed.wanted.contains(*key))
        {
            return Ok(parsed.result.clone());
        }
        let result = self.parse(content, file, wanted)?;
        let wanted = wanted.iter().map(|key| (*key).to_owned()).collect();
        let parsed = Parsed { wanted, result: result.clone() };
        if self.kept + parsed.bytes() <= MAX_KEPT {
            self.kept += parsed.bytes();
            let earlier = self.parsed.insert(id, parsed);
            self.kept -= earlier.map_or(0, |earlier| earlier.bytes());
        }
        Ok(result)
    }

    fn parse(
        &mut self,
        content: &Content,
        file: &File,
        wanted: &BTreeSet<&str>,
    ) -> Result<Result<WantedTexts, String>, Error> {
        let size = content.size(file)?;
        if size > MAX_MESSAGE_FILE {
            return Ok(Err(format!("is longer than {MAX_MESSAGE_FILE} bytes")));
        }
        if self.bytes + size > MAX_MESSAGES {
            return Ok(Err(format!(
                "is not read: the repository's messages have more than {MAX_MESSAGES} bytes"
            )));
        }
        self.bytes += size;
        Ok(wanted_texts(&content.bytes(file)?, wanted))
    }
}

/// The wanted texts in the bytes of a file, or why it has none: the end of a sentence that begins with the path.
pub(super) fn wanted_texts(bytes: &[u8], wanted: &BTreeSet<&str>) -> Result<WantedTexts, String> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let parsed = deserializer
        .deserialize_map(Document { wanted })
        .and_then(|texts| deserializer.end().map(|()| texts));
    parsed.map_err(|error| format!("is not a file of messages: {}", short(&error)))
}

/// Reads the object of a file and keeps only the wanted texts.
struct Document<'a> {
    wanted: &'a BTreeSet<&'a str>,
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = WantedTexts;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<WantedTexts, A::Error> {
        let mut texts = WantedTexts::new();
        while let Some(key) = map.next_key_seed(WantedKey(self.wanted))? {
            match key {
                // If a key is there twice, the last one counts, as in PHP.
                Some(key) => {
                    let text = map.next_value_seed(Text)?;
                    texts.insert(key, text);
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(texts)
    }
}

/// Reads a key: `None` if it is not wanted.
struct WantedKey<'a>(&'a BTreeSet<&'a str>);

impl<'de> DeserializeSeed<'de> for WantedKey<'_> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for WantedKey<'_> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.contains(key).then(|| key.to_owned()))
    }
}

/// Reads a value: a string, or `None` for anything else and for a longer one than [`MAX_TEXT`].
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Option<String>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok((text.len() <= MAX_TEXT).then(|| text.to_owned()))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(None)
    }
}
