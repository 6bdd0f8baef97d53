//! The functions' side: what to look for in the index.

use serde::Serialize;

use super::{
    field::{Field, Word, kind_term},
    name::joined,
    text::{Piece, pieces},
};
use crate::kind::Kind;

/// One query of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What the results of this step match by: `name`, `title`, `credits`, `description` or
    /// `translation`.
    pub r#match: &'static str,
    /// An FTS5 expression that the results match.
    pub terms: String,
}

/// The steps that find what somebody typed, best first; none where the text has no word. Nothing in the
/// text is syntax.
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
        // One word begins a part of the name, and all words are somewhere.
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

/// An FTS5 expression: all these are true.
fn all(expressions: impl Iterator<Item = String>) -> String {
    expressions.collect::<Vec<_>>().join(" AND ")
}

/// The words of a query, each once.
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
    // The last of equal words stays: the last word of all may be a beginning.
    for word in words.into_iter().rev() {
        if !seen.contains(&word) {
            seen.push(word);
        }
    }
    seen.reverse();
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_without_spaces_is_searched_for_by_pairs_and_one_character_by_itself() {
        let pair = |text: &str| Word::Pair(text.into());
        assert_eq!(query_words("日本語"), [pair("日本"), pair("本語")]);
        assert_eq!(query_words("日 ab"), [Word::Single("日".into()), Word::Plain("ab".into())]);
    }

    #[test]
    fn only_a_beginning_that_is_not_indexed_is_searched_for_among_the_words() {
        let terms = |query: &str, step: usize| steps(query, None)[step].terms.clone();
        // The steps of one word: three by name, title, credits, two by description, two by translation.
        for (step, indexed, longer) in [
            (3, "\"tabcdefgh\"", "\"tabcdefghi\"*"),
            (4, "\"cabcdefgh\"", "\"cabcdefghi\"*"),
            (6, "\"dabcdefgh\"", "\"dabcdefghi\"*"),
        ] {
            assert_eq!(terms("abcdefgh", step), indexed);
            assert_eq!(terms("abcdefghi", step), longer);
        }
        assert_eq!(
            (terms("abcd", 8), terms("abcde", 8)),
            ("\"eabcd\"".into(), "\"eabcde\"*".into())
        );
    }
}
