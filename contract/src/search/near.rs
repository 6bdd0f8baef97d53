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
    let mut wanted = Letters::default();
    for char in text.chars().filter(|char| char.is_alphanumeric()) {
        // No name has other letters than those of ASCII.
        let letter = if char.is_ascii() { u8::try_from(char).unwrap_or_default() } else { 0 };
        if !wanted.push(letter.to_ascii_lowercase()) {
            return Vec::new();
        }
    }
    if wanted.length == 0 {
        return Vec::new();
    }
    let found = names.filter_map(|name| Some((rank(&wanted, name.0)?, name)));
    let mut found: Vec<_> = found.collect();
    // `names` are sorted, and this keeps the order of those that are equally near.
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().take(limit).map(|(_, name)| name).collect()
}

/// How near a name is, 0 for the same letters, and by how many letters it is longer or shorter; `None` for
/// a name that is not near.
fn rank(wanted: &Letters, name: &str) -> Option<(usize, usize)> {
    let (mut whole, mut part) = (Letters::default(), Letters::default());
    let mut nearest = None;
    let mut keep = |rank: usize| {
        nearest = Some(nearest.map_or(rank, |other: usize| other.min(rank)));
    };
    let bytes = name.as_bytes();
    let mut before = 0;
    for (index, &here) in bytes.iter().enumerate() {
        if here.is_ascii_alphanumeric() {
            let after = bytes.get(index + 1).copied().unwrap_or_default();
            if begins_part(before, here, after) {
                if let Some(errors) = wanted.errors(&part, errors_of_part(wanted.length)) {
                    keep(1 + 2 * errors);
                }
                part = Letters::default();
            }
            let letter = here.to_ascii_lowercase();
            if !whole.push(letter) {
                return None;
            }
            part.push(letter);
        }
        before = here;
    }
    if part.length < whole.length
        && let Some(errors) = wanted.errors(&part, errors_of_part(wanted.length))
    {
        keep(1 + 2 * errors);
    }
    if let Some(errors) = wanted.errors(&whole, errors_of_name(wanted.length)) {
        keep(2 * errors);
    }
    let shorter = wanted.length.min(whole.length);
    if shorter >= 4 && wanted.bytes[..shorter] == whole.bytes[..shorter] {
        keep(3);
    }
    Some((nearest?, wanted.length.abs_diff(whole.length)))
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

/// Letters and digits in lower case.
struct Letters {
    bytes: [u8; MAX_LETTERS],
    length: usize,
    /// Which letters there are: a bit for each.
    set: u64,
}

impl Default for Letters {
    fn default() -> Self {
        Self { bytes: [0; MAX_LETTERS], length: 0, set: 0 }
    }
}

impl Letters {
    /// Adds a letter. False if there is no room for it.
    fn push(&mut self, letter: u8) -> bool {
        let Some(place) = self.bytes.get_mut(self.length) else { return false };
        *place = letter;
        self.length += 1;
        self.set |= match letter {
            b'a'..=b'z' => 1 << (letter - b'a'),
            b'0'..=b'9' => 1 << (26 + letter - b'0'),
            _ => 1 << 63,
        };
        true
    }

    /// The number of errors that make one of the other: letters that are added, left out, replaced, or
    /// changed with their neighbours (the optimal string alignment distance). `None` if there are more
    /// than `most`, and for no letters at all.
    fn errors(&self, other: &Self, most: usize) -> Option<usize> {
        let differ = (self.set ^ other.set).count_ones() as usize;
        // An error changes two letters of the set at most.
        let far = differ > 2 * most || self.length.abs_diff(other.length) > most;
        if far || self.length == 0 || other.length == 0 {
            return None;
        }
        let (one, two) = (&self.bytes[..self.length], &other.bytes[..other.length]);
        let mut rows = [[0_usize; MAX_LETTERS + 1]; 3];
        for (column, errors) in rows[0].iter_mut().enumerate() {
            *errors = column;
        }
        for (line, letter) in (1..).zip(one) {
            let (row, above, higher) = (line % 3, (line + 2) % 3, (line + 1) % 3);
            rows[row][0] = line;
            let mut least = line;
            for (column, with) in (1..).zip(two) {
                let wrong = usize::from(letter != with);
                let mut errors = (rows[above][column - 1] + wrong)
                    .min(rows[above][column] + 1)
                    .min(rows[row][column - 1] + 1);
                let is_swapped =
                    line > 1 && column > 1 && *letter == two[column - 2] && one[line - 2] == *with;
                if is_swapped {
                    errors = errors.min(rows[higher][column - 2] + 1);
                }
                rows[row][column] = errors;
                least = least.min(errors);
            }
            if least > most {
                return None;
            }
        }
        let errors = rows[one.len() % 3][two.len()];
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
        let letters = |text: &str| {
            let mut letters = Letters::default();
            assert!(text.bytes().all(|byte| letters.push(byte)));
            letters
        };
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
            assert_eq!(letters(one).errors(&letters(two), most), expected, "{one} {two}");
        }
        let long = "x".repeat(MAX_LETTERS);
        assert_eq!(letters(&long).errors(&letters(&long), 2), Some(0));
    }

    #[test]
    fn a_text_that_no_name_can_be_is_near_to_none() {
        assert_eq!(found(&"x".repeat(MAX_LETTERS + 1)), [""; 0]);
        assert_eq!(found("--- ..."), [""; 0]);
    }
}
