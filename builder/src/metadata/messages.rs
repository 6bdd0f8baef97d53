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
    limits::metadata::{
        MAX_MESSAGE_FILES, MAX_MESSAGE_FOLDERS, MAX_MESSAGE_NAMES, MAX_TEXT, MAX_TEXTS,
        MAX_TEXTS_OF_REPOSITORY,
    },
    metadata::{message_files::MessageFiles, plain_text::plain_text, problems::Problems},
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

impl Key {
    /// The key that MediaWiki looks up for `name`: with a small first letter, and `_` for each space
    /// (`MessageCache::normalizeKey`).
    pub(crate) fn new(name: &str, parameters: Vec<String>) -> Self {
        let mut chars = name.chars();
        let first = chars.next().into_iter().flat_map(char::to_lowercase);
        let name = first.chain(chars.map(|it| if it == ' ' { '_' } else { it })).collect();
        Self { name, parameters }
    }
}

/// Reads messages from the folders `folders` of a branch. The texts are in the order of `keys`. If
/// several folders have a text in the same language, the first folder wins, as in MediaWiki. A file with
/// an error only loses its own texts, and becomes a problem.
///
/// # Errors
/// [`Error::Damaged`] where an object is missing or broken.
pub(crate) fn read<const N: usize>(
    content: &Content,
    folders: &[String],
    keys: [Option<&Key>; N],
    files: &mut MessageFiles,
    problems: &mut Problems,
) -> Result<[Texts; N], Error> {
    let mut texts = std::array::from_fn(|_| Texts::new());
    let wanted: BTreeSet<&str> = keys.iter().flatten().map(|key| key.name.as_str()).collect();
    if wanted.is_empty() {
        return Ok(texts);
    }
    let mut size = 0;
    let folders = wanted_folders(content, folders, &wanted, files, problems)?;
    for (path, language) in paths(content, &folders, problems) {
        let Some(file) = content.file(&path) else { continue };
        let messages = match files.texts(content, file, &wanted)? {
            Ok(messages) => messages,
            Err(reason) => {
                problems.add(format!("{path} {reason}"));
                continue;
            }
        };
        for (number, key) in keys.into_iter().enumerate() {
            let Some((key, text)) = key.and_then(|key| Some((key, messages.get(&key.name)?)))
            else {
                continue;
            };
            let Some(text) = text else {
                let wanted = format!("a string of at most {MAX_TEXT} bytes");
                problems.add(format!("{path}: `{}` is not {wanted}", key.name));
                continue;
            };
            let text = with_parameters(text, &key.parameters, MAX_TEXT)
                .map(|text| plain_text(&text))
                .filter(|text| text.len() <= MAX_TEXT);
            let Some(text) = text else {
                let reason = format!("has more than {MAX_TEXT} bytes with its parameters");
                problems.add(format!("{path}: `{}` {reason}", key.name));
                continue;
            };
            let entry = texts[number].entry(language.clone());
            if let (false, Entry::Vacant(entry)) = (text.is_empty(), entry) {
                if size + text.len() > MAX_TEXTS {
                    problems.add(format!("only {MAX_TEXTS} bytes of messages are kept"));
                    return Ok(texts);
                }
                if !files.keeps(text.len()) {
                    let most = MAX_TEXTS_OF_REPOSITORY;
                    problems.add(format!(
                        "only {most} bytes of messages are kept of all branches that one cycle makes"
                    ));
                    return Ok(texts);
                }
                size += text.len();
                entry.insert(text);
            }
        }
    }
    Ok(texts)
}

/// The folders that may have the wanted texts, in order and each once.
fn wanted_folders<'a>(
    content: &Content,
    folders: &'a [String],
    wanted: &BTreeSet<&str>,
    files: &mut MessageFiles,
    problems: &mut Problems,
) -> Result<Vec<&'a str>, Error> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    // MediaWiki puts the folder of the extension before it, whatever it begins with.
    for folder in folders.iter().map(|folder| folder.trim_matches('/')) {
        if !seen.insert(folder) {
            continue;
        }
        if seen.len() > MAX_MESSAGE_FOLDERS {
            problems.add(format!("only {MAX_MESSAGE_FOLDERS} folders of messages are read"));
            break;
        }
        let english = match content.file(&within(folder, "en.json")) {
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
fn paths(content: &Content, folders: &[&str], problems: &mut Problems) -> Vec<(String, String)> {
    let mut paths = Vec::new();
    let mut names = 0;
    for folder in folders {
        for name in content.names(folder) {
            names += 1;
            if names > MAX_MESSAGE_NAMES || paths.len() == MAX_MESSAGE_FILES {
                problems.add(format!(
                    "only {MAX_MESSAGE_FILES} files of messages are read, and only among the first \
                     {MAX_MESSAGE_NAMES} files of their folders"
                ));
                return paths;
            }
            if let Some(language) = language(&name) {
                paths.push((within(folder, &name), language.to_owned()));
            }
        }
    }
    paths
}

/// The path of a file in a folder; the folder without a name is the root.
fn within(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
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

/// Replaces `$1` and so on by the parameters. A number without a parameter stays. `None` if the result would be
/// longer than `limit` bytes; it is never in memory.
pub(super) fn with_parameters(text: &str, parameters: &[String], limit: usize) -> Option<String> {
    let mut out = String::new();
    let mut push = |part: &str| {
        let fits = out.len() + part.len() <= limit;
        fits.then(|| out.push_str(part))
    };
    let mut rest = text;
    while let Some(dollar) = rest.find('$') {
        let digits = rest[dollar + 1..].bytes().take_while(u8::is_ascii_digit).count();
        let end = dollar + 1 + digits;
        let number = rest[dollar + 1..end].parse::<usize>().unwrap_or(0);
        match number.checked_sub(1).and_then(|index| parameters.get(index)) {
            Some(parameter) => {
                push(&rest[..dollar])?;
                push(parameter)?;
            }
            None => push(&rest[..end])?,
        }
        rest = &rest[end..];
    }
    push(rest)?;
    Some(out)
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
        let with = |text: &str| with_parameters(text, &parameters, MAX_TEXT).unwrap();
        assert_eq!(with("$2 of $1, $3 for $ and $0"), "two of one, $3 for $ and $0");
        assert_eq!(with("$99999999999999999999999"), "$99999999999999999999999");
    }

    #[test]
    fn a_text_that_would_become_too_long_is_never_made() {
        let parameters = ["x".repeat(10)];
        let with = |text: &str| with_parameters(text, &parameters, 25).map(|text| text.len());
        assert_eq!(with("$1$1abcde"), Some(25));
        assert_eq!(with("$1$1abcdef"), None);
        assert_eq!(with(&"$1".repeat(1_000_000)), None);
        assert_eq!(with(&"$2".repeat(13)), None);
    }
}
