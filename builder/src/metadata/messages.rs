//! Messages: the texts that a manifest names, in all languages that the repository has
//! (<https://www.mediawiki.org/wiki/Localisation_file_format>).
//!
//! It owns which files are read. There may be 400 in a folder, several folders and several branches, and
//! each file has only one or two of the texts. So a file that several branches have is read once (see
//! [`message_files`](super::message_files)), and a folder is not read at all if its English file has none
//! of the texts: translations follow the English.

use std::collections::{BTreeMap, BTreeSet, btree_map::Entry};

use crate::{
    Error,
    content::Content,
    limits::metadata::{MAX_MESSAGE_FILES, MAX_MESSAGE_FOLDERS, MAX_TEXT, MAX_TEXTS},
    metadata::{message_files::MessageFiles, plain_text::plain_text},
};

/// Texts as plain text, by language code.
pub type Texts = BTreeMap<String, String>;

/// Which message a manifest names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its key in the files.
    pub(crate) name: String,
    /// The texts that replace `$1`, `$2` and so on.
    pub(crate) parameters: Vec<String>,
}

/// Reads messages from the folders `folders` of a branch. The texts are in the order of `keys`. If
/// several folders have a text in the same language, the first folder wins, as in MediaWiki. Also
/// returns what was wrong, a sentence each: a file with an error only loses its own texts.
///
/// # Errors
/// [`Error::Damaged`] where an object is missing or broken.
pub(crate) fn read<const N: usize>(
    content: &Content,
    folders: &[String],
    keys: [Option<&Key>; N],
    files: &mut MessageFiles,
) -> Result<([Texts; N], Vec<String>), Error> {
    let mut texts = std::array::from_fn(|_| Texts::new());
    let mut problems = Vec::new();
    let wanted: BTreeSet<&str> = keys.iter().flatten().map(|key| key.name.as_str()).collect();
    if wanted.is_empty() {
        return Ok((texts, problems));
    }
    let mut size = 0;
    let folders = wanted_folders(content, folders, &wanted, files, &mut problems)?;
    for (path, language) in paths(content, &folders, &mut problems) {
        let Some(file) = content.file(&path) else { continue };
        let messages = match files.texts(content, file, &wanted)? {
            Ok(messages) => messages,
            Err(reason) => {
                problems.push(format!("{path} {reason}"));
                continue;
            }
        };
        for (texts, key) in texts.iter_mut().zip(keys) {
            let Some((key, text)) = key.and_then(|key| Some((key, messages.get(&key.name)?)))
            else {
                continue;
            };
            let Some(text) = text else {
                let wanted = format!("a string of at most {MAX_TEXT} bytes");
                problems.push(format!("{path}: `{}` is not {wanted}", key.name));
                continue;
            };
            let text = plain_text(&with_parameters(text, &key.parameters));
            if let (false, Entry::Vacant(entry)) = (text.is_empty(), texts.entry(language.clone()))
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
    Ok((texts, problems))
}

/// The folders that may have the wanted texts, in order and each once.
fn wanted_folders<'a>(
    content: &Content,
    folders: &'a [String],
    wanted: &BTreeSet<&str>,
    files: &mut MessageFiles,
    problems: &mut Vec<String>,
) -> Result<Vec<&'a str>, Error> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for folder in folders.iter().map(|folder| folder.trim_end_matches('/')) {
        if !seen.insert(folder) {
            continue;
        }
        if seen.len() > MAX_MESSAGE_FOLDERS {
            problems.push(format!("only {MAX_MESSAGE_FOLDERS} folders of messages are read"));
            break;
        }
        let english = match content.file(&format!("{folder}/en.json")) {
            Some(file) => files.texts(content, file, wanted)?.ok(),
            None => None,
        };
        if english.is_none_or(|texts| !texts.is_empty()) {
            kept.push(folder);
        }
    }
    Ok(kept)
}

/// The paths of the message files in `folders` with their languages, in order.
fn paths(content: &Content, folders: &[&str], problems: &mut Vec<String>) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    for folder in folders {
        for name in content.names(folder) {
            if let Some(language) = language(&name) {
                paths.push((format!("{folder}/{name}"), language.to_owned()));
            }
        }
    }
    if paths.len() > MAX_MESSAGE_FILES {
        problems.push(format!("only {MAX_MESSAGE_FILES} files of messages are read"));
        paths.truncate(MAX_MESSAGE_FILES);
    }
    paths
}

/// The language of a message file; `None` if it is none. `qqq` is documentation for translators, and
/// `qqx` shows keys.
fn language(file_name: &str) -> Option<&str> {
    let code = file_name.strip_suffix(".json")?;
    let is_code = code.len() <= 40
        && code.starts_with(|c: char| c.is_ascii_lowercase())
        && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (is_code && code != "qqq" && code != "qqx").then_some(code)
}

/// Replaces `$1` and so on by the parameters. A number without a parameter stays.
fn with_parameters(text: &str, parameters: &[String]) -> String {
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
            with_parameters("$2 of $1, $3 for $ and $0", &parameters),
            "two of one, $3 for $ and $0"
        );
        assert_eq!(
            with_parameters("$99999999999999999999999", &parameters),
            "$99999999999999999999999"
        );
    }
}
