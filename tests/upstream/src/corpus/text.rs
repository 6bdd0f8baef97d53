//! Text that compresses like real code and messages, the same on every machine.

use std::fmt::Write;
use std::sync::Arc;

/// A generator of pseudorandom numbers: SplitMix64 by Sebastiano Vigna, in the public domain. It is
/// small and fast, and every seed is good.
#[derive(Debug, Clone)]
pub(super) struct Chance(u64);

impl Chance {
    /// A generator with these words as its seed.
    pub(super) fn new(seed: &[&str]) -> Self {
        // The hash FNV-1a, which is different for each of our few seeds.
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

    /// A number from 0 to `end` − 1; `end` is not 0.
    pub(super) fn below(&mut self, end: usize) -> usize {
        // The high half of the product of two 32-bit numbers. Its bias is too small to matter here.
        let end = u64::try_from(end).unwrap_or(u64::MAX).min(u64::from(u32::MAX));
        usize::try_from(((self.next() >> 32) * end) >> 32).unwrap_or(0)
    }

    /// Bytes that do not compress, as in images and fonts.
    pub(super) fn noise(&mut self, length: usize) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(length + 8);
        while bytes.len() < length {
            bytes.extend_from_slice(&self.next().to_le_bytes());
        }
        bytes.truncate(length);
        bytes
    }

    /// A number from 0 to `end` − 1. Small numbers are much more frequent than large ones, as with
    /// words in texts and with files in commits.
    pub(super) fn skewed(&mut self, end: usize) -> usize {
        let first = self.below(end) + 1;
        self.below(first)
    }
}

/// The number of words in a language: about as many as there are identifiers in an extension and in
/// the code that it calls.
const WORDS: usize = 6000;

/// The letters of a script. A syllable is a letter of the first text and one of the second.
type Script = [&'static str; 2];
const LATIN: Script = ["bcdfghjklmnprstvwxz", "aeiou"];
const CYRILLIC: Script = ["бвгджзклмнпрстфхчш", "аеиоуыя"];
const HAN: Script =
    ["页面用户编辑标题链接模板扩展设置文件图像语言版本内容修改删除保护", "的了是在"];
const ARABIC: Script = ["بتجحدرزسشصطعفقكلمنهوي", "اوية"];

/// The words of a language, or of code.
#[derive(Debug, Clone)]
pub(super) struct Words(Arc<[String]>);

impl Words {
    /// The names in code.
    pub(super) fn latin(seed: &str) -> Self {
        Self::of(seed, LATIN)
    }

    /// The words of the language with this number. Three of eight languages are not in Latin
    /// script.
    pub(super) fn language(number: usize, seed: &str) -> Self {
        match number % 8 {
            3 => Self::of(seed, CYRILLIC),
            5 => Self::of(seed, HAN),
            7 => Self::of(seed, ARABIC),
            _ => Self::of(seed, LATIN),
        }
    }

    fn of(seed: &str, script: Script) -> Self {
        let mut chance = Chance::new(&["vocabulary", seed]);
        let script = script.map(|letters| letters.chars().collect::<Vec<_>>());
        let word = |_| {
            let syllables = SYLLABLES[chance.below(SYLLABLES.len())];
            let letters = (0..syllables).flat_map(|_| &script);
            letters.map(|letters| letters[chance.below(letters.len())]).collect()
        };
        Self((0..WORDS).map(word).collect())
    }
}

/// The topic of a file: its most frequent words, and the phrases that it repeats.
#[derive(Debug)]
pub(super) struct Topic {
    words: Words,
    own: Vec<usize>,
    phrases: Vec<[usize; 4]>,
}

/// The numbers of a file's own words and phrases. Real text repeats itself within a short distance.
/// So the levels of gzip differ little, and a file that is compressed alone is hardly larger.
const OWN_WORDS: usize = 120;
const PHRASES: usize = 40;

/// The number of lines within which a line is repeated.
const NEARBY: usize = 20;

impl Topic {
    /// The topic of the file with this path.
    pub(super) fn new(words: &Words, path: &str) -> Self {
        let mut chance = Chance::new(&["topic", path]);
        let own: Vec<usize> = (0..OWN_WORDS).map(|_| chance.skewed(WORDS)).collect();
        let mut phrase = || [(); 4].map(|()| own[chance.below(OWN_WORDS)]);
        let phrases = (0..PHRASES).map(|_| phrase()).collect();
        Self { words: words.clone(), own, phrases }
    }

    fn word(&self, chance: &mut Chance) -> &str {
        let own = chance.below(4) > 0;
        &self.words.0[if own { self.own[chance.skewed(OWN_WORDS)] } else { chance.below(WORDS) }]
    }

    /// Four words for a line, and which of six variants the line is. Sometimes the words are a
    /// phrase of the topic, which always has the same variant.
    fn line(&self, form: Form, chance: &mut Chance) -> ([&str; 4], usize) {
        let again = if form == Form::Record { 9 } else { 3 };
        if chance.below(10) < again {
            let phrase = chance.skewed(PHRASES);
            (self.phrases[phrase].map(|word| self.words.0[word].as_str()), phrase % 6)
        } else {
            ([(); 4].map(|()| self.word(chance)), chance.below(6))
        }
    }
}

/// The numbers of syllables of words, by frequency.
const SYLLABLES: [usize; 6] = [1, 2, 2, 3, 3, 4];

/// The sort of lines in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// A PHP class.
    Php,
    /// A JavaScript module.
    Js,
    /// Messages: a key and a text on each line.
    Messages,
    /// The output of a bundler: statements with short names, all on one line.
    Bundle,
    /// The recording of a test, with many similar lines.
    Record,
}

/// The line of a file that follows the lines in `before`. `number` is its index, which is in the
/// key of a message.
pub(super) fn line(
    form: Form,
    number: usize,
    before: &[String],
    topic: &Topic,
    chance: &mut Chance,
) -> String {
    let again = if form == Form::Messages { 0 } else { 3 };
    if chance.below(10) < again && !before.is_empty() {
        return before[before.len() - 1 - chance.below(before.len().min(NEARBY))].clone();
    }
    let mut line = String::with_capacity(96);
    let ([a, b, c, d], case) = topic.line(form, chance);
    let mut word = || topic.word(chance).to_owned();
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
        (Form::Record, 0..3) => {
            write!(line, "\t\t\t{{ \"match\": {{ \"{a}.{b}\": \"{c} {d}\" }} }},")
        }
        (Form::Record, _) => {
            write!(line, "\t\t{{ \"{a}\": {{ \"query\": \"{b} {c}\", \"boost\": {case} }} }},")
        }
    };
    line
}

/// The text of a file with these lines.
pub(super) fn file(form: Form, lines: &[String]) -> String {
    let (head, foot) = match form {
        Form::Php => ("<?php\n\nnamespace MediaWiki\\Extension\\Bench;\n\nclass Bench {\n", "}\n"),
        Form::Js => ("( function () {\n", "}() );\n"),
        Form::Messages => (
            "{\n\t\"@metadata\": {\n\t\t\"authors\": [ \"Bench\" ]\n\t},\n",
            "\t\"bench\": \"\"\n}\n",
        ),
        Form::Bundle => ("/*! bench */", "\n"),
        Form::Record => ("[\n", "\t\tnull\n]\n"),
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
            let topic = Topic::new(&Words::language(language, "x"), "y");
            let mut chance = Chance::new(&["messages"]);
            let lines: Vec<_> =
                (0..50).map(|at| line(Form::Messages, at, &[], &topic, &mut chance)).collect();
            let text = file(Form::Messages, &lines);
            let json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
            assert_eq!(json.as_object().map(serde_json::Map::len), Some(52));
        }
    }
}
