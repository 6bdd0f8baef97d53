//! Search: how a repository and a query become the terms of the index, by one code for the builder
//! and the functions.
//!
//! The index is an FTS5 table of one column, in which a term begins with a letter that says where
//! its word stands (the `Field`) and, if it is the whole word and not the beginning of one, ends in a
//! dot: `tmass.` and `tmas` are in the titles of MassMessage. So each question is a look-up of terms
//! whose rows FTS5 reads one by one, in the order of their ids, until there are enough; the rows'
//! ids are the order in which equals are listed. FTS5's own means were tried and take time that
//! grows with all that matches: `bm25()` counts the rows of every term before it ranks one, a
//! filter on columns reads the rows of all columns, and `word*` merges the rows of all terms with
//! that beginning first, unless they are indexed by it.
//!
//! Instead of a score, results are found in [`steps`], from the repository of that very name down to
//! a word in some translation, and a step is taken only while results are missing. Fields are
//! cumulative, so that the words of a query may stand in different ones: the last has all.
//!
//! Words are cut here, for both sides alike, and so neither text nor query is syntax for FTS5. Its
//! tokenizer is left with what it has tables for: upper and lower case beyond the simple, and
//! diacritics (`Café` is `cafe`). Scripts without spaces between words (Chinese, Japanese, Thai, …)
//! are indexed by pairs of neighbouring characters.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::{BranchName, Kind, RepoName, document::LocalizedMetadata};

/// The longest part of a word that counts, in characters.
const MAX_WORD: usize = 40;

/// One repository, as a search result shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Card {
    /// `extensions` or `skins`.
    pub kind: Kind,
    /// The repository's name.
    pub name: RepoName,
    /// As in the repository's document.
    #[serde(flatten)]
    pub metadata: LocalizedMetadata,
    /// As in the repository's document.
    pub default_branch: BranchName,
    /// The path of the repository's document: `/info/KIND/NAME`.
    pub info: String,
}

/// What of a repository can be found.
#[derive(Debug, Clone, Default)]
pub struct Texts<'a> {
    /// Its titles in all languages.
    pub titles: Vec<&'a str>,
    /// Its authors and its licence.
    pub credits: Vec<&'a str>,
    /// Its English description.
    pub description: Option<&'a str>,
    /// Its descriptions in all other languages.
    pub translations: Vec<&'a str>,
}

/// Where a word stands; each field from `Title` on holds those before it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    /// The whole name, as one word.
    Name,
    /// The name from any of its parts to its end: `massmessage`, `message`.
    Part,
    /// Name and titles.
    Title,
    /// And authors and licence.
    Credits,
    /// And the English description.
    Description,
    /// And the descriptions in other languages: everything.
    Everything,
}

impl Field {
    /// What its terms begin with.
    fn letter(self) -> char {
        match self {
            Self::Name => 'n',
            Self::Part => 'p',
            Self::Title => 't',
            Self::Credits => 'c',
            Self::Description => 'd',
            Self::Everything => 'e',
        }
    }

    /// How long the beginnings are by which words are indexed. A longer one is for FTS5 to search
    /// among the whole words. Most of the index is `Everything`, in 80 languages.
    fn beginnings(self) -> usize {
        match self {
            Self::Name => usize::MAX,
            Self::Part => MAX_WORD,
            Self::Title | Self::Credits | Self::Description => 8,
            Self::Everything => 4,
        }
    }

    /// An FTS5 expression: the word stands in this field.
    fn word(self, word: &Word) -> String {
        match word {
            Word::Plain(word) | Word::Pair(word) => format!("\"{}{word}.\"", self.letter()),
            Word::Single(_) => self.beginning(word),
        }
    }

    /// An FTS5 expression: a word that begins so stands in this field.
    fn beginning(self, word: &Word) -> String {
        match word {
            Word::Plain(word) | Word::Single(word) => {
                let star = if word.chars().count() > self.beginnings() { "*" } else { "" };
                format!("\"{}{word}\"{star}", self.letter())
            }
            Word::Pair(_) => self.word(word),
        }
    }
}

/// The terms of a repository, with spaces between them: what the index holds of it.
pub fn terms(kind: Kind, name: &RepoName, texts: &Texts<'_>) -> String {
    let mut terms = kind_term(kind);
    let mut words = Words::default();
    words.words.insert(joined(name.as_str()));
    words.write(Field::Name, &mut terms);
    words.words.extend(endings(name.as_str()));
    words.write(Field::Part, &mut terms);
    words.words.extend(parts(name.as_str()));
    for (field, texts) in [
        (Field::Title, &texts.titles),
        (Field::Credits, &texts.credits),
        (Field::Description, &texts.description.into_iter().collect()),
        (Field::Everything, &texts.translations),
    ] {
        texts.iter().for_each(|text| words.add(text));
        words.write(field, &mut terms);
    }
    terms
}

/// One look into the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// How a result was found that is found here: `name`, `title`, `credits`, `description` or
    /// `translation`.
    pub r#match: &'static str,
    /// What a result has: an FTS5 expression.
    pub terms: String,
}

/// What somebody typed, as the looks that answer it, the best first. Nothing in the text is syntax;
/// without any word there are none.
pub fn steps(query: &str, kind: Option<Kind>) -> Vec<Step> {
    let words = query_words(query);
    let Some((last, others)) = words.split_last() else { return Vec::new() };
    let name = Word::Plain(joined(query));
    let parts: Vec<String> = words.iter().map(|word| Field::Part.beginning(word)).collect();
    let whole = |field: Field| all(words.iter().map(|word| field.word(word)));
    let begun = |field: Field| {
        let others = others.iter().map(|word| field.word(word));
        all(others.chain([field.beginning(last)]))
    };
    let mut steps = vec![
        ("name", Field::Name.word(&name)),
        ("name", Field::Name.beginning(&name)),
        ("name", parts.join(" AND ")),
        ("title", begun(Field::Title)),
        ("credits", begun(Field::Credits)),
    ];
    if !others.is_empty() {
        // One word is in the name, and all are somewhere.
        let some = format!("({}) AND {}", parts.join(" OR "), begun(Field::Everything));
        steps.push(("description", some));
    }
    steps.extend([
        ("description", whole(Field::Description)),
        ("description", begun(Field::Description)),
        ("translation", whole(Field::Everything)),
        ("translation", begun(Field::Everything)),
    ]);
    let of_kind = |terms| match kind {
        Some(kind) => format!("({terms}) AND \"{}\"", kind_term(kind)),
        None => terms,
    };
    steps.into_iter().map(|(r#match, terms)| Step { r#match, terms: of_kind(terms) }).collect()
}

fn all(expressions: impl Iterator<Item = String>) -> String {
    expressions.collect::<Vec<_>>().join(" AND ")
}

fn kind_term(kind: Kind) -> String {
    format!("k{kind}.")
}

/// A word of a query.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// A word between spaces or punctuation.
    Plain(String),
    /// Two neighbouring characters of a script without spaces.
    Pair(String),
    /// A character of such a script that stands alone.
    Single(String),
}

fn query_words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word(word) => words.push(Word::Plain(word)),
            Piece::Run(run) if run.len() == 1 => words.push(Word::Single(run.iter().collect())),
            Piece::Run(run) => {
                words.extend(run.windows(2).map(|pair| Word::Pair(pair.iter().collect())));
            }
        }
    }
    let mut seen: Vec<Word> = Vec::new();
    // The last of equal words is kept, since the last of all may be a beginning.
    for word in words.into_iter().rev() {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.reverse();
    seen
}

/// The words of a field and of those before it. They are sorted, so that words which begin alike
/// are neighbours, and each beginning is written once.
#[derive(Debug, Default)]
struct Words {
    words: BTreeSet<String>,
    pairs: BTreeSet<String>,
    singles: BTreeSet<char>,
}

impl Words {
    fn add(&mut self, text: &str) {
        for piece in pieces(text) {
            match piece {
                Piece::Word(word) => {
                    self.words.insert(word);
                }
                Piece::Run(run) => {
                    self.pairs.extend(run.windows(2).map(|pair| pair.iter().collect::<String>()));
                    self.singles.extend(run);
                }
            }
        }
    }

    fn write(&self, field: Field, terms: &mut String) {
        let letter = field.letter();
        let mut write = |word: &str, end: &str| {
            terms.push(' ');
            terms.push(letter);
            terms.push_str(word);
            terms.push_str(end);
        };
        let mut previous = "";
        for word in &self.words {
            let alike = word.chars().zip(previous.chars()).take_while(|(a, b)| a == b).count();
            let ends = word.char_indices().map(|(start, char)| start + char.len_utf8());
            for end in ends.take(field.beginnings()).skip(alike) {
                write(&word[..end], "");
            }
            write(word, ".");
            previous = word;
        }
        self.pairs.iter().for_each(|pair| write(pair, "."));
        self.singles.iter().for_each(|single| write(single.encode_utf8(&mut [0; 4]), ""));
    }
}

/// The name as one word: without what separates its parts.
fn joined(name: &str) -> String {
    let mut joined = String::new();
    for piece in pieces(name) {
        match piece {
            Piece::Word(word) => joined.push_str(&word),
            Piece::Run(run) => joined.extend(run),
        }
    }
    joined
}

/// The parts of a name: `Mass`, `Message`; `OATH`, `Auth`; `3`, `D`. Lower case.
fn parts(name: &str) -> Vec<String> {
    part_starts(name).windows(2).map(|part| joined(&name[part[0]..part[1]])).collect()
}

/// The name from each of its parts to its end.
fn endings(name: &str) -> Vec<String> {
    part_starts(name).windows(2).map(|part| joined(&name[part[0]..])).collect()
}

/// Where the parts of a name begin, and its length.
fn part_starts(name: &str) -> Vec<usize> {
    let bytes = name.as_bytes();
    let mut starts = vec![0];
    for index in 1..bytes.len() {
        let (before, here) = (bytes[index - 1], bytes[index]);
        let after = bytes.get(index + 1).copied().unwrap_or_default();
        let is_start = here.is_ascii_alphanumeric()
            && (!before.is_ascii_alphanumeric()
                || before.is_ascii_digit() != here.is_ascii_digit()
                || before.is_ascii_lowercase() && here.is_ascii_uppercase()
                || before.is_ascii_uppercase()
                    && here.is_ascii_uppercase()
                    && after.is_ascii_lowercase());
        if is_start {
            starts.push(index);
        }
    }
    starts.push(bytes.len());
    starts
}

/// A piece of text without separators.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    /// A word in lower case.
    Word(String),
    /// Characters of a script that has no spaces between words.
    Run(Vec<char>),
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut word = String::new();
    let mut length = 0;
    let mut run = Vec::new();
    // The end of the text separates too.
    for char in text.chars().flat_map(char::to_lowercase).chain([' ']) {
        // The sigma at the end of a word is another letter to SQLite.
        let char = if char == 'ς' { 'σ' } else { char };
        let class = class(char);
        if !matches!(class, Class::Letter | Class::Ignored) && !word.is_empty() {
            pieces.push(Piece::Word(std::mem::take(&mut word)));
            length = 0;
        }
        if !matches!(class, Class::Dense | Class::Ignored) && !run.is_empty() {
            pieces.push(Piece::Run(std::mem::take(&mut run)));
        }
        match class {
            Class::Letter if length < MAX_WORD => {
                word.push(char);
                length += 1;
            }
            Class::Dense => run.push(char),
            Class::Letter | Class::Ignored | Class::Separator => {}
        }
    }
    pieces
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// Part of a word.
    Letter,
    /// A letter of a script without spaces between words.
    Dense,
    /// Not worth a difference: accents that stand alone, vowel points, joiners.
    Ignored,
    /// Everything else.
    Separator,
}

/// The class of a character. `char::is_alphanumeric` knows letters and most vowel signs; the marks
/// that it leaves out would cut words of Indic and Thai script into pieces.
fn class(char: char) -> Class {
    let is_ignored = matches!(char,
        '\u{AD}' | '\u{300}'..='\u{36F}' // soft hyphen, combining diacritics
        | '\u{591}'..='\u{5BD}' | '\u{5BF}' | '\u{5C1}' | '\u{5C2}' | '\u{5C4}' | '\u{5C5}' | '\u{5C7}' // Hebrew points
        | '\u{610}'..='\u{61A}' | '\u{640}' | '\u{64B}'..='\u{65F}' | '\u{670}' // Arabic vowels, tatweel
        | '\u{200B}'..='\u{200F}' | '\u{2060}' | '\u{FEFF}' // joiners and marks of direction
        | '\u{3099}' | '\u{309A}' | '\u{FE00}'..='\u{FE0F}' | '\u{FE20}'..='\u{FE2F}');
    let is_mark = matches!(char,
        '\u{483}'..='\u{489}' | '\u{951}'..='\u{954}' | '\u{DCA}'
        | '\u{E47}'..='\u{E4E}' | '\u{EBA}' | '\u{EC8}'..='\u{ECE}'
        | '\u{1037}'..='\u{103A}' | '\u{17C9}'..='\u{17D3}' | '\u{17DD}')
        // Nukta and virama, at the same places in the blocks of all Indic scripts.
        || matches!(char, '\u{900}'..='\u{DFF}') && matches!(u32::from(char) & 0x7F, 0x3C | 0x4D);
    let is_dense = matches!(char,
        '\u{E00}'..='\u{EFF}' | '\u{1000}'..='\u{109F}' | '\u{1780}'..='\u{17FF}' // Thai, Lao, Burmese, Khmer
        | '\u{3005}'..='\u{3007}' | '\u{3040}'..='\u{30FF}' | '\u{31F0}'..='\u{31FF}' // Kana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' // Han
        | '\u{FF66}'..='\u{FF9F}' | '\u{20000}'..='\u{3FFFF}');
    match (is_ignored, char.is_alphanumeric() || is_mark, is_dense) {
        (true, _, _) => Class::Ignored,
        (_, true, true) => Class::Dense,
        (_, true, false) => Class::Letter,
        (_, false, _) => Class::Separator,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_character_that_counts_separates_for_sqlite() {
        // Else a term would be a phrase, which FTS5 refuses without its places.
        let db = rusqlite::Connection::open_in_memory().unwrap();
        db.execute_batch(crate::schema::SCHEMA).unwrap();
        for char in (' '..=char::MAX).filter(|char| class(*char) != Class::Separator) {
            let word = format!("x{char}y");
            let term = format!("\"e{word}.\" AND \"e{word}\"*");
            let sql = "SELECT count(*) FROM search WHERE search MATCH ?";
            let count: rusqlite::Result<i64> =
                db.prepare_cached(sql).unwrap().query_row([term], |row| row.get(0));
            assert_eq!(count, Ok(0), "{char:?}");
        }
    }
}
