//! Messages: the texts that a manifest names, in all languages that the repository has
//! (<https://www.mediawiki.org/wiki/Localisation_file_format>).
//!
//! A repository may have 400 files a folder, several folders and several branches, and of each file
//! one or two texts are wanted. So a file is read past all others without keeping them, a file that
//! several branches share is read once, and a folder whose English file has none of the texts is not
//! read: translations follow the English.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, btree_map::Entry},
    fmt,
};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{
    Error,
    content::{BlobId, Content, File},
    metadata::plain_text::plain_text,
};

/// The longest file that is read; MediaWiki core's English has 500 kB.
const MAX_FILE: u64 = 8 << 20;

/// How many files of a branch are read; Wikibase, with the most, has 1,500.
const MAX_FILES: usize = 10_000;

/// How many folders are looked into; VisualEditor, with the most, has 7.
const MAX_FOLDERS: usize = 100;

/// How many bytes of files are read for all branches of a repository; Wikibase has 30 MB a branch.
const MAX_BYTES: u64 = 1 << 30;

/// The longest text, in bytes; long descriptions have 1,000.
pub const MAX_TEXT: usize = 8 << 10;

/// How many bytes the texts of a branch may have; Vector, with the most, has 42 kB.
const MAX_TEXTS: usize = 1 << 20;

/// Texts as plain text, by language code.
pub type Texts = BTreeMap<String, String>;

/// A message of a manifest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Key {
    /// Its key in the files.
    pub name: String,
    /// What is to be put in place of `$1`, `$2` and so on.
    pub parameters: Vec<String>,
}

/// Looks for messages in the folders `folders` of a branch. The answer is in the order of `keys`;
/// where several folders have a text the first wins, as in MediaWiki. And what was wrong, a sentence
/// each: a file that can't be read costs its own texts alone.
///
/// # Errors
/// [`Error::Git`] where an object is missing.
pub fn read<const N: usize>(
    content: &Content,
    folders: &[String],
    keys: [Option<&Key>; N],
    cache: &mut Cache,
) -> Result<([Texts; N], Vec<String>), Error> {
    let mut found = std::array::from_fn(|_| Texts::new());
    let mut problems = Vec::new();
    let wanted: BTreeSet<&str> = keys.iter().flatten().map(|key| key.name.as_str()).collect();
    if wanted.is_empty() {
        return Ok((found, problems));
    }
    let mut size = 0;
    let folders = wanted_folders(content, folders, &wanted, cache, &mut problems)?;
    for (path, language) in files(content, &folders, &mut problems) {
        let Some(file) = content.file(&path) else { continue };
        let texts = match cache.file(content, file, &wanted)? {
            Ok(texts) => texts,
            Err(reason) => {
                problems.push(format!("{path} {reason}"));
                continue;
            }
        };
        for (found, key) in found.iter_mut().zip(keys) {
            let Some((key, text)) = key.and_then(|key| Some((key, texts.get(&key.name)?))) else {
                continue;
            };
            let Some(text) = text else {
                let wanted = format!("a string of at most {MAX_TEXT} bytes");
                problems.push(format!("{path}: `{}` is not {wanted}", key.name));
                continue;
            };
            let text = plain_text(&filled_in(text, &key.parameters));
            if let (false, Entry::Vacant(entry)) = (text.is_empty(), found.entry(language.clone()))
            {
                size += text.len();
                entry.insert(text);
            }
        }
        if size > MAX_TEXTS {
            problems.push(format!("only {MAX_TEXTS} bytes of messages are kept"));
            break;
        }
    }
    Ok((found, problems))
}

/// The folders that may have what is wanted, once each and in order.
fn wanted_folders<'a>(
    content: &Content,
    folders: &'a [String],
    wanted: &BTreeSet<&str>,
    cache: &mut Cache,
    problems: &mut Vec<String>,
) -> Result<Vec<&'a str>, Error> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for folder in folders.iter().map(|folder| folder.trim_end_matches('/')) {
        if !seen.insert(folder) {
            continue;
        }
        if seen.len() > MAX_FOLDERS {
            problems.push(format!("only {MAX_FOLDERS} folders of messages are read"));
            break;
        }
        let english = match content.file(&format!("{folder}/en.json")) {
            Some(file) => cache.file(content, file, wanted)?.ok(),
            None => None,
        };
        if english.is_none_or(|texts| !texts.is_empty()) {
            kept.push(folder);
        }
    }
    Ok(kept)
}

/// The message files in `folders` with their languages, in order.
fn files(content: &Content, folders: &[&str], problems: &mut Vec<String>) -> Vec<(String, String)> {
    let mut files = Vec::new();
    for folder in folders {
        for name in content.names(folder) {
            if let Some(language) = language(&name) {
                files.push((format!("{folder}/{name}"), language.to_owned()));
            }
        }
    }
    if files.len() > MAX_FILES {
        problems.push(format!("only {MAX_FILES} files of messages are read"));
        files.truncate(MAX_FILES);
    }
    files
}

/// The language of a message file. `qqq` is documentation for translators, `qqx` shows keys.
fn language(file_name: &str) -> Option<&str> {
    let code = file_name.strip_suffix(".json")?;
    let is_code = code.len() <= 40
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_code && code != "qqq" && code != "qqx").then_some(code)
}

/// `$1` and so on replaced; what there is no parameter for stays.
fn filled_in(text: &str, parameters: &[String]) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let digits = rest[dollar + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = dollar + 1 + digits;
        let number = rest[dollar + 1..end].parse::<usize>().unwrap_or(0);
        match number.checked_sub(1).and_then(|index| parameters.get(index)) {
            Some(parameter) => {
                out.push_str(&rest[..dollar]);
                out.push_str(parameter);
            }
            None => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out + rest
}

/// What has been read already, for the branches of one repository: most of their files are the same.
#[derive(Debug, Default)]
pub struct Cache {
    files: HashMap<BlobId, Parsed>,
    /// How many bytes have been read.
    bytes: u64,
}

#[derive(Debug)]
struct Parsed {
    wanted: BTreeSet<String>,
    result: Result<Wanted, String>,
}

/// The wanted texts of a file; `None` for what is no text.
type Wanted = BTreeMap<String, Option<String>>;

impl Cache {
    fn file(
        &mut self,
        content: &Content,
        file: &File,
        wanted: &BTreeSet<&str>,
    ) -> Result<Result<Wanted, String>, Error> {
        let Some(id) = file.blob() else { return self.parse(content, file, wanted) };
        if let Some(parsed) = self.files.get(&id)
            && wanted.iter().all(|key| parsed.wanted.contains(*key))
        {
            return Ok(parsed.result.clone());
        }
        let result = self.parse(content, file, wanted)?;
        let wanted = wanted.iter().map(|key| (*key).to_owned()).collect();
        self.files.insert(id, Parsed { wanted, result: result.clone() });
        Ok(result)
    }
    fn parse(
        &mut self,
        content: &Content,
        file: &File,
        wanted: &BTreeSet<&str>,
    ) -> Result<Result<Wanted, String>, Error> {
        let size = content.size(file)?;
        if size > MAX_FILE {
            return Ok(Err(format!("is longer than {MAX_FILE} bytes")));
        }
        if self.bytes + size > MAX_BYTES {
            return Ok(Err(format!("is not read: messages have more than {MAX_BYTES} bytes")));
        }
        self.bytes += size;
        let bytes = content.bytes(file)?;
        let mut deserializer = serde_json::Deserializer::from_slice(&bytes);
        let parsed = deserializer
            .deserialize_map(Document { wanted })
            .and_then(|texts| deserializer.end().map(|()| texts));
        Ok(parsed.map_err(|error| format!("is not a file of messages: {error}")))
    }
}

/// Reads a file's object and keeps what is wanted.
struct Document<'a> {
    wanted: &'a BTreeSet<&'a str>,
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = Wanted;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Wanted, A::Error> {
        let mut texts = Wanted::new();
        while let Some(key) = map.next_key_seed(WantedKey(self.wanted))? {
            match key {
                // Of a key that is there twice the last counts, as in PHP.
                Some(key) => {
                    let text = map.next_value_seed(Text)?;
                    texts.insert(key, text.filter(|text| text.len() <= MAX_TEXT));
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(texts)
    }
}

/// A key, if it is wanted.
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

/// A string, or `None` for anything else.
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
        Ok(Some(text.to_owned()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_are_language_codes() {
        for code in ["en", "zh-hant", "be-tarask", "de-formal", "sr-ec", "map-bms", "nb"] {
            assert_eq!(language(&format!("{code}.json")), Some(code));
        }
        for name in
            ["qqq.json", "qqx.json", "en.php", "EN.json", ".json", "-a.json", "a_b.json", "en"]
        {
            assert_eq!(language(name), None, "{name}");
        }
    }

    #[test]
    fn parameters_take_the_place_of_their_numbers() {
        let parameters = ["one".to_owned(), "two".to_owned()];
        assert_eq!(
            filled_in("$2 of $1, $3 for $ and $0", &parameters),
            "two of one, $3 for $ and $0"
        );
        assert_eq!(filled_in("$99999999999999999999999", &parameters), "$99999999999999999999999");
    }
}
