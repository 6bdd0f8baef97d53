//! The texts of the pages themselves, in the language of the reader: `functions/api/i18n/CODE.json`, in the
//! form that translatewiki.net reads and writes. `qqq.json` says what each message is for.
//!
//! What repositories say of themselves has languages of its own, and comes from the snapshot. The files are
//! part of the component. Only those that a reader needs are parsed, once in the life of an instance: the
//! reader's own and, for what that one lacks, English.
//!
//! A message may have parameters, `$1` to `$9`, and forms for numbers, as MediaWiki has them:
//! `{{PLURAL:$1|one form|another}}`. The forms stand in the order of the plural categories of the language
//! (CLDR); where there are too few, the last one counts for the rest. Forms for single numbers
//! (`0=nothing`) and other magic words are not supported.

use std::{collections::BTreeMap, sync::OnceLock};

use maud::{Markup, PreEscaped, html};
use serde::{Deserialize, de::IgnoredAny};

use super::outside::direction;
use crate::language::{chain::ENGLISH, wanted::Wanted};

/// A language that the pages have.
struct Language {
    /// Its code in MediaWiki.
    code: &'static str,
    /// Its name in itself.
    name: &'static str,
    /// Its messages: JSON.
    file: &'static str,
    /// Which form a number takes: a place among the forms of `{{PLURAL:…}}`.
    form: fn(u64) -> usize,
}

/// The languages of the pages, English first. A new one is a file and a line here.
const LANGUAGES: [Language; 3] = [
    Language {
        code: ENGLISH,
        name: "English",
        file: include_str!("../../i18n/en.json"),
        form: one_or_other,
    },
    Language {
        code: "de",
        name: "Deutsch",
        file: include_str!("../../i18n/de.json"),
        form: one_or_other,
    },
    Language {
        code: "ar",
        name: "العربية",
        file: include_str!("../../i18n/ar.json"),
        form: arabic,
    },
];

fn one_or_other(number: u64) -> usize {
    usize::from(number != 1)
}

/// Zero, one, two, few, many, other.
fn arabic(number: u64) -> usize {
    match (number, number % 100) {
        (0, _) => 0,
        (1, _) => 1,
        (2, _) => 2,
        (_, 3..=10) => 3,
        (_, 11..=99) => 4,
        _ => 5,
    }
}

/// A file of messages.
#[derive(Default, Deserialize)]
struct File {
    #[serde(rename = "@metadata")]
    _metadata: IgnoredAny,
    #[serde(flatten)]
    texts: BTreeMap<String, String>,
}

/// The messages of one language, by its place in [`LANGUAGES`]. A test reads all files, so that none is
/// malformed here.
fn texts(place: usize) -> &'static BTreeMap<String, String> {
    static FILES: [OnceLock<File>; LANGUAGES.len()] = [const { OnceLock::new() }; LANGUAGES.len()];
    &FILES[place]
        .get_or_init(|| serde_json::from_str(LANGUAGES[place].file).unwrap_or_default())
        .texts
}

/// The messages in the language of one reader.
#[derive(Debug, Clone, Copy)]
pub(super) struct Messages {
    /// A place in [`LANGUAGES`].
    place: usize,
}

impl Messages {
    /// In the first wanted language that the pages have; English if they have none of them.
    pub(super) fn of(wanted: &Wanted) -> Self {
        let place_of = |code: &&str| LANGUAGES.iter().position(|it| it.code == *code);
        Self { place: wanted.chain.codes().iter().find_map(place_of).unwrap_or(0) }
    }

    /// The code of their language: the value of `lang`, and of `Content-Language`.
    pub(super) fn language(self) -> &'static str {
        LANGUAGES[self.place].code
    }

    /// The direction of their language: the value of `dir`.
    pub(super) fn direction(self) -> &'static str {
        direction(Some(self.language()))
    }

    /// The codes of all languages that the pages have, each with its name in itself.
    pub(super) fn languages() -> impl Iterator<Item = (&'static str, &'static str)> {
        LANGUAGES.iter().map(|it| (it.code, it.name))
    }

    /// The message, if there is one; for keys that are made from what a repository says.
    pub(super) fn find(self, key: &str) -> Option<&'static str> {
        texts(self.place).get(key).or_else(|| texts(0).get(key)).map(String::as_str)
    }

    /// The message. A key without a message shows itself, which a test finds.
    pub(super) fn text(self, key: &'static str) -> &'static str {
        self.find(key).unwrap_or(key)
    }

    /// The message with these parameters, as text.
    pub(super) fn with(self, key: &'static str, parameters: &[&str]) -> String {
        let mut text = String::new();
        for part in parts(&self.form(key, parameters)) {
            match part {
                Part::Text(it) => text.push_str(it),
                Part::Parameter(place) => text.push_str(parameters.get(place).unwrap_or(&"")),
            }
        }
        text
    }

    /// The message with parameters that have markup. The digits in one that decides a plural are its number.
    pub(super) fn markup(self, key: &'static str, parameters: &[Markup]) -> Markup {
        let empty = PreEscaped(String::new());
        let texts: Vec<&str> = parameters.iter().map(|it| it.0.as_str()).collect();
        html! { @for part in parts(&self.form(key, &texts)) {
            @match part {
                Part::Text(it) => (it),
                Part::Parameter(place) => (parameters.get(place).unwrap_or(&empty)),
            }
        } }
    }

    /// A number with separators, as this language has them: `1,234`.
    pub(super) fn number(self, number: impl TryInto<u64>) -> String {
        let digits = number.try_into().unwrap_or(u64::MAX).to_string();
        let mut text = String::new();
        for (place, digit) in digits.chars().enumerate() {
            if place > 0 && (digits.len() - place) % 3 == 0 {
                text.push_str(self.text("thousands-separator"));
            }
            text.push(digit);
        }
        text
    }

    /// The message with the forms of `{{PLURAL:…}}` chosen.
    fn form(self, key: &'static str, parameters: &[&str]) -> String {
        let mut rest = self.text(key);
        let mut text = String::new();
        while let Some((before, inner, after)) = plural(rest) {
            text.push_str(before);
            let (parameter, forms) = inner.split_once('|').unwrap_or((inner, ""));
            let place = parameter.strip_prefix('$').and_then(|it| it.parse::<usize>().ok());
            let value = place.and_then(|it| parameters.get(it.checked_sub(1)?)).copied();
            let digits: String =
                value.unwrap_or_default().chars().filter(char::is_ascii_digit).collect();
            let wanted = (LANGUAGES[self.place].form)(digits.parse().unwrap_or(u64::MAX));
            let forms: Vec<&str> = forms.split('|').collect();
            text.push_str(forms.get(wanted).or(forms.last()).copied().unwrap_or_default());
            rest = after;
        }
        text + rest
    }
}

/// What is before the first `{{PLURAL:…}}`, in it, and after it.
fn plural(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("{{PLURAL:")?;
    let (inner, after) = rest.split_once("}}")?;
    Some((before, inner, after))
}

/// A part of a message.
#[derive(Debug, PartialEq, Eq)]
enum Part<'a> {
    Text(&'a str),
    /// The place of a parameter, from 0.
    Parameter(usize),
}

/// The parts of a message without forms.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    for (place, piece) in text.split('$').enumerate() {
        match piece.chars().next().and_then(|it| it.to_digit(10)) {
            Some(digit @ 1..) if place > 0 => {
                parts.push(Part::Parameter(digit as usize - 1));
                parts.push(Part::Text(&piece[1..]));
            }
            _ if place > 0 => parts.extend([Part::Text("$"), Part::Text(piece)]),
            _ => parts.push(Part::Text(piece)),
        }
    }
    parts
}

#[cfg(test)]
mod tests;
