//! The fields of the index, and the words that are looked for in them.

use std::fmt::Write as _;

use super::text::MAX_WORD;
use crate::{branch_name::BranchName, kind::Kind};

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// A word between spaces or punctuation.
    Plain(String),
    /// Two neighbouring characters of a script without spaces between words.
    Pair(String),
    /// A single character of such a script.
    Single(String),
}

impl Word {
    /// True for a word of at most three characters.
    pub(super) fn is_short(&self) -> bool {
        let (Self::Plain(text) | Self::Pair(text) | Self::Single(text)) = self;
        text.chars().count() <= 3
    }
}

/// Where a word stands. Each field from `Title` on has the words of the fields before it, too, but `Group`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Field {
    /// The whole name as one word.
    Name,
    /// The name from any of its parts to its end: `massmessage`, `message`.
    Part,
    /// Name and titles.
    Title,
    /// Name, titles, authors and licence.
    Credits,
    /// All these, and the English description.
    Description,
    /// Only the words for its group (`search/group.rs`).
    Group,
    /// All these, and the descriptions in other languages.
    Everything,
}

impl Field {
    /// The letter that its terms begin with.
    pub(super) fn letter(self) -> char {
        match self {
            Self::Name => 'n',
            Self::Part => 'p',
            Self::Title => 't',
            Self::Credits => 'c',
            Self::Description => 'd',
            Self::Group => 'g',
            Self::Everything => 'e',
        }
    }

    /// Up to how many characters the beginnings of words are indexed. FTS5 searches a longer beginning
    /// among the whole words. Most of the index is `Everything`, in 80 languages.
    pub(super) fn beginnings(self) -> usize {
        match self {
            Self::Name => usize::MAX,
            Self::Part => MAX_WORD,
            Self::Title | Self::Credits | Self::Description | Self::Group => 8,
            Self::Everything => 4,
        }
    }

    /// An FTS5 expression: the word stands in this field.
    pub(super) fn word(self, word: &Word) -> String {
        match word {
            Word::Plain(word) | Word::Pair(word) => format!("\"{}{word}.\"", self.letter()),
            Word::Single(_) => self.beginning(word),
        }
    }

    /// An FTS5 expression: a word with this beginning stands in this field.
    pub(super) fn beginning(self, word: &Word) -> String {
        match word {
            Word::Plain(word) | Word::Single(word) => {
                let star = if word.chars().count() > self.beginnings() { "*" } else { "" };
                format!("\"{}{word}\"{star}", self.letter())
            }
            Word::Pair(_) => self.word(word),
        }
    }
}

/// The term that all repositories of a kind have.
pub(super) fn kind_term(kind: Kind) -> String {
    format!("k{kind}.")
}

/// The term that all repositories with a branch have. FTS5 would take `rel1_45` for `REL1_45`, but not
/// their bytes in hexadecimal.
pub(super) fn branch_term(branch: &BranchName) -> String {
    let mut term = "b".to_owned();
    for byte in branch.as_str().bytes() {
        let _ = write!(term, "{byte:02x}");
    }
    term.push('.');
    term
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_that_differ_in_case_have_different_terms() {
        let term = |name: &str| branch_term(&name.parse().unwrap());
        assert_eq!(term("REL1_4"), "b52454c315f34.");
        assert_ne!(term("rel1_4"), term("REL1_4"));
    }

    #[test]
    fn a_whole_word_ends_in_a_dot_and_a_single_character_is_a_beginning() {
        let (plain, pair) = (Word::Plain("ab".into()), Word::Pair("中文".into()));
        let single = Word::Single("中".into());
        assert_eq!([&plain, &pair].map(|word| Field::Title.word(word)), ["\"tab.\"", "\"t中文.\""]);
        assert_eq!(Field::Title.word(&single), "\"t中\"");
        assert_eq!(
            [&plain, &pair, &single].map(|word| Field::Credits.beginning(word)),
            ["\"cab\"", "\"c中文.\"", "\"c中\""]
        );
    }
}
