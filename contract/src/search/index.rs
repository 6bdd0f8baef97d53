//! The builder's side: the terms of a repository.

use std::collections::BTreeSet;

use super::{
    field::{Field, branch_term, kind_term},
    group,
    name::{endings, joined, parts},
    text::{Piece, pieces},
};
use crate::{branch_name::BranchName, kind::Kind, repo_name::RepoName};

/// What a repository can be found by, besides its name.
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
    /// The `type` of its manifest.
    pub r#type: Option<&'a str>,
    /// Its published branches.
    pub branches: Vec<&'a BranchName>,
}

/// The terms of a repository, with spaces between them, as the index takes them.
pub fn terms(kind: Kind, name: &RepoName, texts: &Texts<'_>) -> String {
    let mut terms = kind_term(kind);
    for branch in &texts.branches {
        terms.push(' ');
        terms.push_str(&branch_term(branch));
    }
    let group = group::words(kind, texts.r#type);
    let mut alone = Words::default();
    alone.add(&group);
    alone.write(Field::Group, &mut terms);
    let mut words = Words::default();
    words.words.insert(joined(name.as_str()));
    words.write(Field::Name, &mut terms);
    words.words.extend(endings(name.as_str()));
    words.write(Field::Part, &mut terms);
    words.words.extend(parts(name.as_str()));
    let translations: Vec<&str> = texts.translations.iter().copied().chain([&*group]).collect();
    for (field, texts) in [
        (Field::Title, &texts.titles),
        (Field::Credits, &texts.credits),
        (Field::Description, &texts.description.into_iter().collect()),
        (Field::Everything, &translations),
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
        let branch = "m".parse().unwrap();
        let texts = Texts {
            credits: vec!["abcdefghij"],
            translations: vec!["abcdxy"],
            r#type: Some("abx"),
            branches: vec![&branch],
            ..Texts::default()
        };
        let terms = terms(Kind::Skins, &"Ab".parse().unwrap(), &texts);
        let expected = "kskins. b6d. ga gab gabx gabx. na nab nab. pa pab pab. ta tab tab. \
                        ca cab cab. cabc cabcd cabcde cabcdef cabcdefg cabcdefgh cabcdefghij. \
                        da dab dab. dabc dabcd dabcde dabcdef dabcdefg dabcdefgh dabcdefghij. \
                        ea eab eab. eabc eabcd eabcdefghij. eabcdxy. eabx eabx.";
        assert_eq!(terms, expected);
    }
}
