//! The functions' side: what to look for in the index.

use serde::Serialize;

use super::{
    field::{Field, Word, branch_term, kind_term},
    name::joined,
    stem::stem,
    text::{Piece, pieces},
};
use crate::{branch_name::BranchName, kind::Kind};

/// One query of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Step {
    /// What the results of this step match by: `name`, `title`, `credits`, `description`, `type`,
    /// `similar` or `translation`.
    pub r#match: &'static str,
    /// An FTS5 expression that the results match.
    pub terms: String,
}

/// The steps that find what somebody typed, best first; none where the text has no word. Nothing in the
/// text is syntax. With `kind`, only repositories of this kind are found; with `branch`, only those that
/// have this branch.
pub fn steps(query: &str, kind: Option<Kind>, branch: Option<&BranchName>) -> Vec<Step> {
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
        ("type", all(others.iter().map(of_group).chain([begun_of_group(last)]))),
    ]);
    steps.extend(similar(&words));
    steps.extend([
        ("translation", whole(Field::Everything)),
        ("translation", begun(Field::Everything)),
    ]);
    let filters = kind.map(kind_term).into_iter().chain(branch.map(branch_term));
    let filters: String = filters.map(|term| format!(" AND \"{term}\"")).collect();
    let of = |terms| if filters.is_empty() { terms } else { format!("({terms}){filters}") };
    steps.into_iter().map(|(r#match, terms)| Step { r#match, terms: of(terms) }).collect()
}

/// An FTS5 expression: the word stands in an English text, or is one for the group.
fn of_group(word: &Word) -> String {
    format!("({} OR {})", Field::Description.word(word), Field::Group.word(word))
}

/// As [`of_group`], with a beginning of a word.
fn begun_of_group(word: &Word) -> String {
    format!("({} OR {})", Field::Description.beginning(word), Field::Group.beginning(word))
}

/// The steps that find other forms of English words, such as `template` for `templates`: first in names,
/// then in all English texts. None where no word has an ending.
fn similar(words: &[Word]) -> Vec<(&'static str, String)> {
    let mut changed = false;
    let (mut names, mut texts) = (Vec::new(), Vec::new());
    for (word, is_last) in words.iter().zip((1..=words.len()).map(|place| place == words.len())) {
        let beginning = match word {
            Word::Plain(word) => stem(word).map(|stem| Word::Plain(stem.to_owned())),
            Word::Pair(_) | Word::Single(_) => None,
        };
        changed |= beginning.is_some();
        names.push(Field::Part.beginning(beginning.as_ref().unwrap_or(word)));
        texts.push(match &beginning {
            // Too many words begin with three letters.
            Some(stem) if stem.is_short() => of_group(stem),
            Some(stem) => begun_of_group(stem),
            None if is_last => begun_of_group(word),
            None => of_group(word),
        });
    }
    if !changed {
        return Vec::new();
    }
    vec![("similar", names.join(" AND ")), ("similar", texts.join(" AND "))]
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
    fn words_without_their_endings_are_looked_for_after_the_words_themselves() {
        let all = steps("map templates", None, None);
        let similar: Vec<_> = all.iter().filter(|step| step.r#match == "similar").collect();
        let [names, texts] = similar.as_slice() else { panic!("{similar:?}") };
        assert_eq!(names.terms, "\"pmap\" AND \"ptemplate\"");
        assert_eq!(texts.terms, "(\"dmap.\" OR \"gmap.\") AND (\"dtemplate\" OR \"gtemplate\")");
        let place = |name: &str| all.iter().position(|step| step.r#match == name).unwrap();
        assert!(place("type") < place("similar") && place("similar") < place("translation"));
        let is_similar = |step: &Step| step.r#match == "similar";
        assert!(!steps("spam wiki", None, None).iter().any(is_similar));
        let maps = steps("maps", None, None).into_iter().filter(is_similar).nth(1).unwrap();
        assert_eq!(maps.terms, "(\"dmap.\" OR \"gmap.\")", "a short beginning is a whole word");
        // The functions keep the number of a step in four bits.
        assert!(all.len() < 16, "{}", all.len());
    }

    #[test]
    fn a_kind_and_a_branch_are_terms_of_every_step() {
        let branch = "m".parse().unwrap();
        for step in steps("ab templates", Some(Kind::Skins), Some(&branch)) {
            assert!(step.terms.ends_with(") AND \"kskins.\" AND \"b6d.\""), "{}", step.terms);
        }
    }

    #[test]
    fn only_a_beginning_that_is_not_indexed_is_searched_for_among_the_words() {
        let terms = |query: &str, step: usize| steps(query, None, None)[step].terms.clone();
        // The steps of one word: three by name, title, credits, two by description, type, two by translation.
        for (step, indexed, longer) in [
            (3, "\"tabcdefgh\"", "\"tabcdefghi\"*"),
            (4, "\"cabcdefgh\"", "\"cabcdefghi\"*"),
            (6, "\"dabcdefgh\"", "\"dabcdefghi\"*"),
        ] {
            assert_eq!(terms("abcdefgh", step), indexed);
            assert_eq!(terms("abcdefghi", step), longer);
        }
        assert_eq!(
            (terms("abcd", 9), terms("abcde", 9)),
            ("\"eabcd\"".into(), "\"eabcde\"*".into())
        );
    }
}
