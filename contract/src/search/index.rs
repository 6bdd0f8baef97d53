//! The builder's side: the terms of a repository.

use std::collections::BTreeSet;

use super::{
    field::{Field, kind_term},
    name::{endings, joined, parts},
    text::{Piece, pieces},
};
use crate::{kind::Kind, repo_name::RepoName};

/// The texts of a repository that can be found.
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

/// The terms of a repository, with spaces between them, as the index takes them.
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

/// The words of a field and of the fields before it. They are sorted: words with the same beginning are
/// neighbours, so that each beginning is written once.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_terms_are_whole_words_and_their_beginnings_in_each_field() {
        let texts =
            Texts { credits: vec!["abcdefghij"], translations: vec!["abcdxy"], ..Texts::default() };
        let terms = terms(Kind::Skins, &"Ab".parse().unwrap(), &texts);
        let expected = "kskins. na nab nab. pa pab pab. ta tab tab. \
                        ca cab cab. cabc cabcd cabcde cabcdef cabcdefg cabcdefgh cabcdefghij. \
                        da dab dab. dabc dabcd dabcde dabcdef dabcdefg dabcdefgh dabcdefghij. \
                        ea eab eab. eabc eabcd eabcdefghij. eabcdxy.";
        assert_eq!(terms, expected);
    }
}
