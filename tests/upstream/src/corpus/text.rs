//! Text that compresses as code and messages do, the same on every machine.

use std::fmt::Write;

/// A generator of numbers that look like chance (SplitMix64, public domain, by Sebastiano Vigna):
/// small, quick, and no seed is a bad one.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// Begins where these words say.
    pub(super) fn new(seed: &[&str]) -> Self {
        // FNV-1a, which tells all of our few seeds apart.
        let bytes = seed.iter().flat_map(|word| word.bytes().chain([0]));
        Self(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, which is above zero.
    pub(super) fn below(&mut self, end: usize) -> usize {
        // The high half of a product of 32 bits each: no bias that anybody could see here.
        let end = u64::try_from(end).unwrap_or(u64::MAX).min(u64::from(u32::MAX));
        usize::try_from(((self.next() >> 32) * end) >> 32).unwrap_or(0)
    }

    /// A number below `end`, small ones much more often than large ones: as words are used, and as
    /// some files are changed all the time and others never.
    pub(super) fn skewed(&mut self, end: usize) -> usize {
        let first = self.below(end) + 1;
        self.below(first)
    }
}

/// How many words a vocabulary has: about as many as the identifiers of an extension.
const WORDS: usize = 1500;

const LATIN: [&str; 32] = [
    "get", "set", "page", "title", "user", "text", "wiki", "html", "store", "api", "query", "link",
    "rev", "cache", "name", "id", "log", "re", "con", "tion", "er", "par", "se", "ment", "al",
    "in", "form", "at", "un", "ed", "spec", "list",
];
const CYRILLIC: [&str; 16] = [
    "при", "стра", "ни", "ца", "ре", "дак", "тор", "уча", "ст", "ник", "за", "го", "ло", "вок",
    "об", "ть",
];
const HAN: [&str; 16] = [
    "页", "面", "用", "户", "编", "辑", "标", "题", "链", "接", "模", "板", "扩", "展", "设", "置",
];
const ARABIC: [&str; 16] = [
    "ال", "صفح", "ة", "مست", "خدم", "عن", "وان", "تح", "رير", "راب", "ط", "قا", "لب", "مل", "ف",
    "ها",
];

/// The words of a language or a programmer, and what they say again and again.
#[derive(Debug)]
pub(super) struct Vocabulary {
    words: Vec<String>,
    phrases: Vec<[usize; 4]>,
}

/// How many phrases come again. Without them text has no repeats longer than a word or two, which
/// makes the levels of gzip differ more than on real text.
const PHRASES: usize = 800;

impl Vocabulary {
    /// The names in code, and English.
    pub(super) fn latin(seed: &str) -> Self {
        Self::of(seed, &LATIN)
    }

    /// The words of the language of this number: every fourth is written in another script.
    pub(super) fn language(number: usize, seed: &str) -> Self {
        match number % 8 {
            3 => Self::of(seed, &CYRILLIC),
            5 => Self::of(seed, &HAN),
            7 => Self::of(seed, &ARABIC),
            _ => Self::of(seed, &LATIN),
        }
    }

    fn of(seed: &str, syllables: &[&str]) -> Self {
        let mut chance = Chance::new(&["vocabulary", seed]);
        let word = |_| {
            let count = 1 + MORE_SYLLABLES[chance.below(MORE_SYLLABLES.len())];
            (0..count).map(|_| syllables[chance.below(syllables.len())]).collect()
        };
        let words = (0..WORDS).map(word).collect();
        let phrases = (0..PHRASES).map(|_| [(); 4].map(|()| chance.skewed(WORDS))).collect();
        Self { words, phrases }
    }

    fn word(&self, chance: &mut Chance) -> &str {
        &self.words[chance.skewed(self.words.len())]
    }

    /// Four words for a line and which of six forms it has: a phrase that comes again, in the form
    /// that it always has, or by chance.
    fn line(&self, chance: &mut Chance) -> ([&str; 4], usize) {
        if chance.below(3) > 0 {
            let phrase = chance.skewed(PHRASES);
            (self.phrases[phrase].map(|word| self.words[word].as_str()), phrase % 6)
        } else {
            ([(); 4].map(|()| self.word(chance)), chance.below(6))
        }
    }
}

/// How many syllables come behind a word's first.
const MORE_SYLLABLES: [usize; 4] = [0, 1, 1, 2];

/// What the lines of a file look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A class.
    Php,
    /// A module.
    Js,
    /// Messages, a key and a text a line.
    Messages,
    /// What a bundler leaves: one statement behind the other, all short names.
    Bundle,
}

/// A line of a file; `number` is its place, which is a message's key.
pub(super) fn line(form: Form, number: usize, words: &Vocabulary, chance: &mut Chance) -> String {
    let mut line = String::with_capacity(96);
    let ([a, b, c, d], case) = words.line(chance);
    let mut word = || words.word(chance).to_owned();
    // Writing to a String cannot fail.
    let _ = match (form, case) {
        (Form::Php, 0) => write!(line, "\t/** The {a} of {b}, {c} {d}. */"),
        (Form::Php, 1) => write!(line, "\tpublic function {a}{b}( ${c} ) {{"),
        (Form::Php, 2) => write!(line, "\t\tif ( $this->{a}->{b}( ${c} ) ) {{\n\t\t}}"),
        (Form::Php, 3) => write!(line, "\t\t${a} = $this->{b}( '{c}', ${d} );"),
        (Form::Php, 4) => write!(line, "\t\treturn {a}::{b}( ${c} );\n\t}}\n"),
        (Form::Php, _) => write!(line, "\t\t// {a} {b} {c} {d}"),
        (Form::Js, 0) => write!(line, "\t// {a} {b} {c} {d}"),
        (Form::Js, 1) => write!(line, "{a}.prototype.{b} = function ( {c} ) {{"),
        (Form::Js, 2) => write!(line, "\tconst {a} = this.{b}( {c}, '{d}' );\n}};"),
        (Form::Js, _) => write!(line, "\t$( '#{a}-{b}' ).{c}( {d} );"),
        (Form::Messages, _) => {
            let _ = write!(line, "\t\"bench-{number}\": \"{a} {b} {c} $1 {d}");
            for _ in 0..case * 2 {
                let _ = write!(line, " {}", word());
            }
            write!(line, ".\",")
        }
        (Form::Bundle, 0) => write!(line, "function {a}({b},{c}){{return {d}({b}.{c})}}"),
        (Form::Bundle, 1) => write!(line, "var {a}={b}({number}),{c}={a}.{d};"),
        (Form::Bundle, _) => write!(line, "e.{a}=t.{b}?{number}:n(\"{c}\",{d});"),
    };
    line
}

/// A file of these lines.
pub(super) fn file(form: Form, lines: &[String]) -> String {
    let (head, foot) = match form {
        Form::Php => ("<?php\n\nnamespace MediaWiki\\Extension\\Bench;\n\nclass Bench {\n", "}\n"),
        Form::Js => ("( function () {\n", "}() );\n"),
        Form::Messages => (
            "{\n\t\"@metadata\": {\n\t\t\"authors\": [ \"Bench\" ]\n\t},\n",
            "\t\"bench\": \"\"\n}\n",
        ),
        Form::Bundle => ("/*! bench */", "\n"),
    };
    let separator = if form == Form::Bundle { "" } else { "\n" };
    let mut text = String::from(head);
    for line in lines {
        text.push_str(line);
        text.push_str(separator);
    }
    text.push_str(foot);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_in_their_range() {
        let numbers = |seed| {
            let mut chance = Chance::new(&[seed, "x"]);
            (0..1000).map(|_| chance.below(10)).collect::<Vec<_>>()
        };
        assert_eq!(numbers("a"), numbers("a"));
        assert_ne!(numbers("a"), numbers("b"));
        for number in 0..10 {
            assert!(numbers("a").contains(&number), "{number}");
        }
        let mut chance = Chance::new(&[]);
        assert!((0..100).all(|_| chance.below(1) == 0 && chance.skewed(1) == 0));
    }

    #[test]
    fn messages_are_json_in_every_script() {
        for language in 0..8 {
            let words = Vocabulary::language(language, "x");
            let mut chance = Chance::new(&["messages"]);
            let lines: Vec<_> =
                (0..50).map(|at| line(Form::Messages, at, &words, &mut chance)).collect();
            let text = file(Form::Messages, &lines);
            let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(json.as_object().map(serde_json::Map::len), Some(52));
        }
    }
}
