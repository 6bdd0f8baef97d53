//! Names that are nearly what somebody typed: `VisualEditor` for `visualedtor`.
//!
//! All names are compared, one by one. For 15,000 names this takes less time than a request has besides,
//! and the snapshot needs no index for it: tables of deletions or of trigrams would be many times as large
//! as the list of names. Most names are passed over by their lengths and letters, before any is compared
//! letter by letter.

use serde::Serialize;

use super::name::begins_part;
use crate::{kind::Kind, repo_name::RepoName};

/// The longest text that is compared, in letters; as long as the longest name.
const MAX_LETTERS: usize = 100;

/// A repository whose name is near to a text, as answers show it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Near<'a> {
    /// `extensions` or `skins`.
    pub kind: Kind,
    /// The repository's name.
    pub name: &'a RepoName,
    /// The path of the repository's document: `/info/KIND/NAME`.
    pub info: String,
}

impl<'a> Near<'a> {
    /// The repository of this kind and name.
    pub fn new(kind: Kind, name: &'a RepoName) -> Self {
        Self { kind, name, info: format!("/info/{kind}/{name}") }
    }
}

/// Which of `names` are near to `text`, the nearest first, `limit` at most. Each name comes with anything
/// that tells where it is from.
///
/// Case and separators make no difference. A name is near if it is the text but for a typing error: a
/// letter too many, too few, wrong, or changed with its neighbour. Six letters or more may have two errors,
/// one or two letters none. Next come names one part of which is the text, perhaps with an error
/// (`mesage`: MassMessage), and names that begin with the text, or that the text begins with.
pub fn near<'a, T>(
    text: &str,
    names: impl Iterator<Item = (&'a str, T)>,
    limit: usize,
) -> Vec<(&'a str, T)> {
    // No name has other letters than those of ASCII.
    let letters = text.chars().filter(|char| char.is_alphanumeric());
    let letters =
        letters.map(|char| if char.is_ascii() { char.to_ascii_lowercase() } else { '\0' });
    let wanted: String = letters.take(MAX_LETTERS + 1).collect();
    if wanted.is_empty() || wanted.len() > MAX_LETTERS {
        return Vec::new();
    }
    let wanted = Letters { text: &wanted, set: set(&wanted) };
    let mut whole = String::with_capacity(MAX_LETTERS);
    let found = names.filter_map(|name| Some((rank(wanted, name.0, &mut whole)?, name)));
    let mut found: Vec<_> = found.collect();
    // `names` are sorted, and this keeps the order of those that are equally near.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().take(limit).map(|(_, name)| name).collect()
}

/// How near a name is, 0 for the same letters, and by how many letters it is longer or shorter; `None` for
/// a name that is not near. `whole` is memory for its letters.
fn rank(wanted: Letters<'_>, name: &str, whole: &mut String) -> Option<(usize, usize)> {
    whole.clear();
    let length = wanted.text.len();
    let (most_of_name, most_of_part) = (errors_of_name(length), errors_of_part(length));
    let mut nearest: Option<usize> = None;
    let mut keep = |rank: Option<usize>| {
        nearest = nearest.map_or(rank, |other| Some(rank.map_or(other, |rank| rank.min(other))));
    };
    let of_part = |errors| 1 + 2 * errors;
    // The part that is read: where it begins, and its letters.
    let (mut start, mut part) = (0, 0);
    let mut all = 0;
    let bytes = name.as_bytes();
    let mut before = 0;
    for (index, &here) in bytes.iter().enumerate() {
        if here.is_ascii_alphanumeric() {
            let after = bytes.get(index + 1).copied().unwrap_or_default();
            if begins_part(before, here, after) {
                let read = Letters { text: &whole[start..], set: part };
                keep(wanted.errors(read, most_of_part).map(of_part));
                all |= part;
                (start, part) = (whole.len(), 0);
            }
            let letter = here.to_ascii_lowercase();
            whole.push(char::from(letter));
            part |= bit(letter);
        }
        before = here;
    }
    if whole.len() > MAX_LETTERS {
        return None;
    }
    if start > 0 {
        let read = Letters { text: &whole[start..], set: part };
        keep(wanted.errors(read, most_of_part).map(of_part));
    }
    let read = Letters { text: whole, set: all | part };
    keep(wanted.errors(read, most_of_name).map(|errors| 2 * errors));
    let shorter = length.min(whole.len());
    if shorter >= 4 && wanted.text.get(..shorter) == whole.get(..shorter) {
        keep(Some(3));
    }
    Some((nearest?, length.abs_diff(whole.len())))
}

/// How many errors a text of this length may have, to be taken for a whole name.
fn errors_of_name(length: usize) -> usize {
    match length {
        0..=2 => 0,
        3..=5 => 1,
        _ => 2,
    }
}

/// How many errors a text of this length may have, to be taken for a part of a name. There are more parts
/// than names, and they are shorter.
fn errors_of_part(length: usize) -> usize {
    match length {
        0..=3 => 0,
        4..=7 => 1,
        _ => 2,
    }
}

/// The bit of a letter or digit in a set of them.
fn bit(letter: u8) -> u64 {
    match letter {
        b'a'..=b'z' => 1 << (letter - b'a'),
        b'0'..=b'9' => 1 << (26 + letter - b'0'),
        _ => 1 << 63,
    }
}

/// The set of these letters.
fn set(letters: &str) -> u64 {
    letters.bytes().fold(0, |set, letter| set | bit(letter))
}

/// Letters and digits of ASCII in lower case, [`MAX_LETTERS`] at most; a `\0` for each other letter.
#[derive(Debug, Clone, Copy)]
struct Letters<'a> {
    text: &'a str,
    /// Which of them there are: a bit for each.
    set: u64,
}

impl Letters<'_> {
    /// The number of errors that make one of the other: letters that are added, left out, replaced, or
    /// changed with their neighbours (the optimal string alignment distance). `None` if there are more
    /// than `most`, and for no letters at all.
    fn errors(self, other: Self, most: usize) -> Option<usize> {
        let (one, two) = (self.text, other.text);
        let differ = (self.set ^ other.set).count_ones() as usize;
        // An error changes two letters of the set at most.
        let far = differ > 2 * most || one.len().abs_diff(two.len()) > most;
        if far || one.is_empty() || two.is_empty() || two.len() > MAX_LETTERS {
            return None;
        }
        let errors = strsim::osa_distance(one, two);
        (errors <= most).then_some(errors)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 9] = [
        "3D",
        "AbuseFilter",
        "Cite",
        "CodeMirror",
        "MassMessage",
        "Math",
        "TemplateData",
        "VisualEditor",
        "WikiEditor",
    ];

    fn of<'a>(text: &str, names: &[&'a str]) -> Vec<&'a str> {
        let found = near(text, names.iter().map(|name| (*name, ())), 5);
        found.into_iter().map(|(name, ())| name).collect()
    }

    fn found(text: &str) -> Vec<&str> {
        of(text, &NAMES)
    }

    #[test]
    fn a_typing_error_is_near() {
        for (text, name) in [
            ("visualedtor", "VisualEditor"),
            ("visualeditro", "VisualEditor"),
            ("Visual Editer", "VisualEditor"),
            ("visüaleditor", "VisualEditor"),
            ("masmesage", "MassMessage"),
            ("mass-massage", "MassMessage"),
            ("abusfilter", "AbuseFilter"),
            ("cit", "Cite"),
            ("citw", "Cite"),
            ("d3", ""),
            ("3d", "3D"),
            ("mahematics", ""),
            ("nothing of the sort", ""),
            ("", ""),
            ("日本", ""),
        ] {
            let expected = if name.is_empty() { vec![] } else { vec![name] };
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn the_same_letters_come_first_then_parts_and_beginnings() {
        assert_eq!(found("MASSMESSAGE"), ["MassMessage"]);
        assert_eq!(found("edtior"), ["WikiEditor", "VisualEditor"], "the shorter name is nearer");
        assert_eq!(found("templete"), ["TemplateData"]);
        assert_eq!(found("AbuseFilterExtension"), ["AbuseFilter"]);
        assert_eq!(found("visual"), ["VisualEditor"]);
        assert_eq!(found("mat"), ["Math"], "a short text is compared with whole names");
        assert_eq!(of("math", &["Bath", "maths", "Math"]), ["Math", "Bath", "maths"]);
    }

    #[test]
    fn errors_are_counted_up_to_the_most() {
        let letters = |text: &'static str| Letters { text, set: set(text) };
        for (one, two, most, expected) in [
            ("abc", "abc", 0, Some(0)),
            ("abc", "acb", 1, Some(1)),
            ("abcd", "badc", 2, Some(2)),
            ("abcd", "badc", 1, None),
            ("abc", "abxc", 1, Some(1)),
            ("abc", "xyz", 2, None),
            ("aabb", "abab", 1, Some(1)),
            ("abcabc", "bcabca", 2, Some(2)),
            ("a", "", 2, None),
        ] {
            assert_eq!(letters(one).errors(letters(two), most), expected, "{one} {two}");
        }
        let long = "x".repeat(MAX_LETTERS);
        let long = Letters { text: &long, set: bit(b'x') };
        assert_eq!(long.errors(long, 2), Some(0));
    }

    #[test]
    fn a_text_that_no_name_can_be_is_near_to_none() {
        assert_eq!(found(&"x".repeat(MAX_LETTERS + 1)), [""; 0]);
        assert_eq!(found("--- ..."), [""; 0]);
    }
}
