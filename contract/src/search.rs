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
//! tokenizer, `unicode61`, is left with what it has tables for: upper and lower case beyond the simple
//! (`ς` is `σ`), and the diacritics of Latin letters (`Café` is `cafe`). A letter of another script that
//! has its accent in the same character stays what it is: `λόγος` is not `λογος`, `й` not `и`. Only an
//! accent that is a character of its own is left out in every script. Scripts without spaces between words (Chinese, Japanese, Thai, …)
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
    use rusqlite::{Connection, params_from_iter, types};

    use super::*;
    use crate::{
        schema::{SCHEMA, USER_VERSION},
        statement::{self, Found, Value},
    };

    struct Index(Connection);

    impl Index {
        fn new() -> Self {
            let db = Connection::open_in_memory().unwrap();
            db.execute_batch(SCHEMA).unwrap();
            db.execute("INSERT INTO snapshot VALUES (1000, '0.1.0', 'f', 0, 0, 0)", ()).unwrap();
            db.pragma_update(None, "user_version", USER_VERSION).unwrap();
            Self(db)
        }

        /// Adds a repository `KIND/NAME`, after those that are there.
        fn add(&self, id: &str, texts: &Texts<'_>) {
            let (kind, name) = id.split_once('/').unwrap();
            let terms = terms(kind.parse().unwrap(), &name.parse().unwrap(), texts);
            let card = format!("{{\"name\":\"{name}\"}}");
            self.0.execute("INSERT INTO search_card VALUES (NULL, ?)", [card]).unwrap();
            let sql = "INSERT INTO search (rowid, terms) VALUES (last_insert_rowid(), ?)";
            self.0.execute(sql, [terms]).unwrap();
        }

        fn ask(&self, query: &str, kind: Option<Kind>, limit: u32) -> Found {
            let statement =
                statement::search(&serde_json::json!(steps(query, kind)).to_string(), limit, None);
            let params = statement.params.iter().map(|value| match value {
                Value::Text(text) => types::Value::Text(text.clone()),
                Value::Integer(integer) => types::Value::Integer(*integer),
                Value::Null => types::Value::Null,
                other => panic!("no statement takes {other:?}"),
            });
            let row = self.0.query_row(statement.sql, params_from_iter(params), |row| {
                let version = Value::Integer(row.get(0)?);
                let times = [Value::Integer(row.get(1)?), Value::Integer(row.get(2)?)];
                Ok([vec![version], times.to_vec(), vec![Value::Text(row.get(3)?)]].concat())
            });
            statement.read(row.unwrap_or_else(|error| panic!("{query:?}: {error}"))).unwrap()
        }

        /// What is found, as `MATCH NAME`.
        fn find(&self, query: &str) -> Vec<String> {
            let found = self.ask(query, None, 100);
            let results: serde_json::Value =
                serde_json::from_str(&format!("[{}]", found.results)).unwrap();
            let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
            let results = results.as_array().unwrap().iter();
            results.map(|it| format!("{} {}", text(&it["match"]), text(&it["name"]))).collect()
        }
    }

    fn described(description: &str) -> Texts<'_> {
        Texts { description: Some(description), ..Texts::default() }
    }

    fn translated(translation: &str) -> Texts<'_> {
        Texts { translations: vec![translation], ..Texts::default() }
    }

    #[test]
    fn names_come_first_then_titles_credits_descriptions_and_translations() {
        let index = Index::new();
        index.add("extensions/A", &translated("Verschickt mass an alle"));
        index.add("extensions/B", &described("Sends en mass"));
        index.add("extensions/C", &described("Sends masses"));
        index.add("extensions/D", &Texts { credits: vec!["Ann Mass"], ..Texts::default() });
        index.add("extensions/E", &Texts { titles: vec!["The mass sender"], ..Texts::default() });
        index.add("extensions/EditMass", &described("mass"));
        index.add("extensions/MassMessage", &described("mass"));
        index.add("skins/Mass", &Texts::default());
        index.add("extensions/Other", &described("Sends to all"));
        let expected = [
            "name Mass",
            "name MassMessage",
            "name EditMass",
            "title E",
            "credits D",
            "description B",
            "description C",
            "translation A",
        ];
        assert_eq!(index.find("mass"), expected);
        assert_eq!(index.find("MASS")[..2], expected[..2]);
        // A step that finds enough ends the search, wherever it is.
        for limit in 1..=expected.len() {
            let found = index.ask("mass", None, u32::try_from(limit).unwrap());
            assert_eq!(found.results.matches("match").count(), limit);
            assert_eq!(usize::try_from(found.count).unwrap(), expected.len().min(limit + 1));
        }
        let skins = index.ask("mass", Some(Kind::Skins), 20);
        assert_eq!(skins.results, r#"{"match":"name","name":"Mass"}"#);
        assert_eq!((skins.count, skins.generated_at), (1, 1000));
    }

    #[test]
    fn names_are_found_by_the_beginnings_of_their_parts() {
        let index = Index::new();
        for name in ["MassMessage", "OATHAuth", "3D", "SemanticMediaWiki", "Foo-Bar_2.0", "C++"] {
            index.add(&format!("extensions/{name}"), &Texts::default());
        }
        for (query, name) in [
            ("mass", "MassMessage"),
            ("message", "MassMessage"),
            ("massmessage", "MassMessage"),
            ("mess", "MassMessage"),
            ("m mes", "MassMessage"),
            ("mass message", "MassMessage"),
            ("Mass-Mess", "MassMessage"),
            ("massme", "MassMessage"),
            ("auth", "OATHAuth"),
            ("oath", "OATHAuth"),
            ("3d", "3D"),
            ("mediawiki semantic", "SemanticMediaWiki"),
            ("wiki", "SemanticMediaWiki"),
            ("foobar", "Foo-Bar_2.0"),
            ("foo_bar_2", "Foo-Bar_2.0"),
            ("bar 2.0", "Foo-Bar_2.0"),
            ("C++", "C++"),
        ] {
            assert_eq!(index.find(query), [format!("name {name}")], "{query}");
        }
        for query in ["essage", "ass", "massmessages", "mass auth"] {
            assert_eq!(index.find(query), [""; 0], "{query}");
        }
    }

    #[test]
    fn all_words_are_needed_and_the_last_may_be_a_beginning() {
        let index = Index::new();
        let text = "Allows users to easily send a message to a congregation of subscribers";
        index.add("extensions/MassMessage", &described(text));
        for query in [
            "send message",
            "message sen",
            "subscr",
            "subscriber",
            "easily subscribers",
            "mass subscri",
            "users MASS", // the beginning of the name counts wherever it is
            "message, message!",
        ] {
            assert_ne!(index.find(query), [""; 0], "{query}");
        }
        for query in ["sen message x", "subscri allows", "subscribersx", "scribers"] {
            assert_eq!(index.find(query), [""; 0], "{query}");
        }
        assert_eq!(index.find("mass subscri"), ["description MassMessage"]);
    }

    #[test]
    fn upper_case_and_diacritics_make_no_difference() {
        let index = Index::new();
        index.add("extensions/A", &described("Shows a Café on the map"));
        index.add("extensions/B", &described("Shows a cafe\u{301} too"));
        index.add("extensions/C", &translated("ÜBERPRÜFT ГОРОД İstanbul ΛΌΓΟΣ Việt Nam"));
        for query in ["cafe", "CAFÉ", "cafe\u{301}", "Caf"] {
            assert_eq!(index.find(query), ["description A", "description B"], "{query}");
        }
        for query in ["überpruft", "uberprüf", "город", "istanbul", "λόγοσ", "λόγος", "viet nam"]
        {
            assert_eq!(index.find(query), ["translation C"], "{query}");
        }
    }

    #[test]
    fn every_script_is_found_by_its_words() {
        let index = Index::new();
        for (name, text) in [
            ("German", "Ermöglicht das Verschicken von Nachrichten an Benutzergruppen"),
            ("Hebrew", "הוספת תג שמברך את הקוראים בשמם, שָׁלוֹם"),
            ("Arabic", "يسمح للمستخدمين بإرسال رسالة؛ مُحَمَّد"),
            ("Hindi", "हिन्दी में सन्देश भेजें।"),
            ("Thai", "อนุญาตให้ผู้ใช้ส่งข้อความ"),
            ("Traditional", "新增 <greeting> 標籤，以名稱問候讀者"),
            ("Japanese", "ウィキテキストのエディターで構文を強調表示する"),
            ("Korean", "사용자에게 메시지를 보냅니다"),
            ("Tamil", "பயனர்களுக்கு செய்தி அனுப்ப"),
        ] {
            index.add(&format!("extensions/{name}"), &translated(text));
        }
        for (query, name) in [
            ("nachricht", "German"),
            ("benutzergruppen", "German"),
            ("verschicken an", "German"),
            ("הקוראים", "Hebrew"),
            ("קוראים", ""),
            ("שלום", "Hebrew"),
            ("رسالة", "Arabic"),
            ("محمد", "Arabic"),
            ("हिन्दी", "Hindi"),
            ("भेजें", "Hindi"),
            ("हि", "Hindi"),
            ("ข้อความ", "Thai"),
            ("名稱", "Traditional"),
            ("問候讀者", "Traditional"),
            ("籤", "Traditional"),
            ("greeting 讀", "Traditional"),
            ("讀問", ""),
            ("構文", "Japanese"),
            ("エディター", "Japanese"),
            ("エディタ 強調", "Japanese"),
            ("메시지", "Korean"),
            ("செய்தி", "Tamil"),
        ] {
            let expected =
                if name.is_empty() { vec![] } else { vec![format!("translation {name}")] };
            assert_eq!(index.find(query), expected, "{query}");
        }
    }

    #[test]
    fn nothing_in_a_query_is_syntax() {
        let index = Index::new();
        index.add("extensions/MassMessage", &described("NEAR the end, OR not"));
        for query in [
            "\"",
            "'",
            "*",
            "a*",
            "\"mass",
            "mass\"",
            "NEAR(",
            "NEAR(mass message, 2)",
            "AND",
            "OR",
            "NOT mass",
            "mass NOT",
            "-mass",
            "name:mass",
            "{a b}:c",
            "^mass",
            "(",
            ")",
            "+",
            "\\",
            "'; DROP TABLE search --",
            "\0",
            "mass\0message",
            "💩",
            "%00",
            "?1",
            "\u{301}",
            "\u{200D}",
            "\u{10FFFF}",
            "\u{FEFF}",
            "{\"a\":1}",
        ] {
            index.find(query);
        }
        for query in ["\"mass", "-mass", "mass*", "^mass", "mass\0message", "mass 💩"] {
            assert_eq!(index.find(query), ["name MassMessage"], "{query}");
        }
        for query in ["near", "or", "NEAR("] {
            assert_eq!(index.find(query), ["description MassMessage"], "{query}");
        }
        assert_eq!(index.find(" \0*💩"), [""; 0]);
        let long = "mass ".repeat(2_000) + &"x".repeat(10_000) + &"構文".repeat(1_000);
        assert_eq!(index.find(&long), [""; 0]);
    }

    #[test]
    fn no_character_that_counts_separates_for_sqlite() {
        // Else a term would be a phrase, which FTS5 refuses without its places.
        let index = Index::new();
        for char in (' '..=char::MAX).filter(|char| class(*char) != Class::Separator) {
            let word = format!("x{char}y");
            let term = format!("\"e{word}.\" AND \"e{word}\"*");
            let sql = "SELECT count(*) FROM search WHERE search MATCH ?";
            let count: rusqlite::Result<i64> =
                index.0.prepare_cached(sql).unwrap().query_row([term], |row| row.get(0));
            assert_eq!(count, Ok(0), "{char:?}");
        }
    }

    /// `unicode61` folds upper case in every script and removes the diacritics of Latin letters alone,
    /// with any value of `remove_diacritics`. Text and query go through the same code, so that a
    /// composed letter is always found by itself.
    #[test]
    fn case_makes_no_difference_in_any_script_and_diacritics_in_latin_alone() {
        let index = Index::new();
        index.add("extensions/Final", &described("λόγος"));
        index.add("extensions/Plain", &described("λογοσ"));
        index.add("extensions/Upper", &described("ΛΌΓΟΣ"));
        index.add("extensions/Apart", &described("λο\u{301}γος"));
        index.add("extensions/Cyrillic", &described("Последний"));
        let with_accent = ["description Final", "description Upper"];
        let without = ["description Plain", "description Apart"];
        for query in ["λόγος", "λόγοσ", "ΛΌΓΟΣ", "λόγ"] {
            assert_eq!(index.find(query), with_accent, "{query}");
        }
        for query in ["λογος", "λογοσ", "ΛΟΓΟΣ", "λο\u{301}γος", "λογ"] {
            assert_eq!(index.find(query), without, "{query}");
        }
        assert_eq!(index.find("ПОСЛЕДНИЙ"), ["description Cyrillic"]);
        assert_eq!(index.find("последнии"), [""; 0]);
        index.add("extensions/Latin", &described("Ǖberşetzung tiếng ø"));
        for query in ["ubersetzung", "ÜBERSETZUNG", "tieng", "TIẾNG", "Ø"] {
            assert_eq!(index.find(query), ["description Latin"], "{query}");
        }
        assert_eq!(index.find("o"), [""; 0], "a stroke is part of its letter");
    }

    #[test]
    fn a_word_of_the_name_counts_more_than_a_translation_alone() {
        let index = Index::new();
        index.add("extensions/Other", &translated("Mass an alle Abonnenten"));
        index.add("extensions/MassMessage", &translated("Nachrichten an alle Abonnenten"));
        let expected = ["description MassMessage", "translation Other"];
        assert_eq!(index.find("mass abonnenten"), expected);
        assert_eq!(index.find("abonnenten"), ["translation Other", "translation MassMessage"]);
        // One word alone is in the name or it is not: the look would find what others found.
        assert_eq!(steps("mass", None).len() + 1, steps("mass abonnenten", None).len());
    }

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

    #[test]
    fn forty_characters_of_a_word_count() {
        let word = |length: usize| Piece::Word("é".repeat(length));
        assert_eq!(pieces(&"é".repeat(40)), [word(40)]);
        assert_eq!(pieces(&"é".repeat(41)), [word(40)]);
        let two = format!("{} {}", "é".repeat(41), "é".repeat(30));
        assert_eq!(pieces(&two), [word(40), word(30)], "each word is counted anew");
    }

    #[test]
    fn marks_of_indic_scripts_are_part_of_their_words_and_of_no_others() {
        for (char, expected) in [
            ('\u{93C}', Class::Letter), // nukta
            ('\u{94D}', Class::Letter), // virama
            ('\u{9CD}', Class::Letter),
            ('\u{964}', Class::Separator), // danda
            ('\u{DF4}', Class::Separator),
            ('\u{3C}', Class::Separator), // <
            ('\u{203C}', Class::Separator),
            ('\u{484}', Class::Letter),
            ('\u{E48}', Class::Dense),
            ('\u{301}', Class::Ignored),
        ] {
            assert_eq!(class(char), expected, "{char:?}");
        }
    }
}
