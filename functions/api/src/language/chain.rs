//! The languages that MediaWiki knows, and to which languages each of them falls back.
//!
//! Where a language lacks a message, MediaWiki tries other languages: `$fallback` in its
//! `MessagesXx.php`. That list is complete (MediaWiki does not follow the fallbacks of a fallback), and
//! `en` comes after it. This is `LanguageFallback::getAll` in the mode `MESSAGES`; in the mode `STRICT`
//! `en` comes only after languages that name it. Titles and descriptions are messages, so a [`Chain`] has
//! `en` at its end. Title and description fall back separately.
//!
//! No crate has these lists. `cargo xtask languages` makes the module `table` from MediaWiki's own files;
//! its help says how to update it.

use std::iter;

use super::table::{BCP47, LANGUAGES, RENAMED};

/// The language to which all others fall back.
pub const ENGLISH: &str = "en";

/// How many languages a [`Chain`] has at most. The longest of MediaWiki has 9. Each language is a look-up
/// in every repository of a selection, so a client must not be able to ask for many.
const MAX_CHAIN: usize = 16;

/// The length of the longest language code that MediaWiki takes (`LanguageNameUtils::isValidCode`).
const MAX_CODE: usize = 128;

/// The code of the language that a tag names, in upper or lower case: `zh-TW` and `zh-Hant-TW` are
/// `zh-tw`, `als` is `gsw`, `fr-FR` is `fr`. `None` where MediaWiki knows no such language.
///
/// Codes that MediaWiki renamed are tried first, as in `LanguageFactory::getLanguage`; then its codes
/// themselves; then the forms of its codes in BCP 47 (`LanguageCode::bcp47ToInternal`). From an unknown
/// tag the last part is removed until the rest is known (RFC 4647, 3.4, "Lookup").
pub fn known(tag: &str) -> Option<&'static str> {
    if !is_well_formed(tag) {
        return None;
    }
    let mut tag = tag.to_ascii_lowercase();
    loop {
        if let Some(code) = exactly(&tag) {
            return Some(code);
        }
        tag.truncate(tag.rfind('-')?);
    }
}

/// The code of the language that a tag in lower case names as it stands.
pub(super) fn exactly(tag: &str) -> Option<&'static str> {
    let value = |pairs: &[(&str, &'static str)]| {
        Some(pairs[pairs.binary_search_by_key(&tag, |&(key, _)| key).ok()?].1)
    };
    let itself = || Some(entry(tag)?.0);
    let other_form = || Some(BCP47.iter().find(|(_, other)| *other == tag)?.0);
    value(RENAMED).or_else(itself).or_else(other_form)
}

fn entry(code: &str) -> Option<&'static (&'static str, &'static [&'static str])> {
    Some(&LANGUAGES[LANGUAGES.binary_search_by_key(&code, |&(key, _)| key).ok()?])
}

/// True for a text with the form of a language tag, known or not: parts of letters and digits with `-`
/// between them, the first of which begins with a letter.
pub fn is_well_formed(tag: &str) -> bool {
    (2..=MAX_CODE).contains(&tag.len())
        && tag.starts_with(|c: char| c.is_ascii_alphabetic())
        && tag
            .split('-')
            .all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric()))
}

/// The tag of BCP 47, in lower case, for a code of MediaWiki: `sr-cyrl` for `sr-ec`.
pub fn bcp47(code: &str) -> &str {
    BCP47.binary_search_by_key(&code, |&(key, _)| key).map_or(code, |index| BCP47[index].1)
}

/// Languages in the order in which they are tried, each once. `en` is always one of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chain(Vec<&'static str>);

impl Chain {
    /// The chain of the `preferred` languages, best first, each followed by those to which it falls back.
    /// Languages that are not [`known`] are ignored; without any language the chain is English.
    ///
    /// The `en` at the end of each chain of MediaWiki comes once, after all of them: for Alsatian, else
    /// Walloon, German comes before Walloon, but English only after French. Languages in `refused` are
    /// left out, except English as the last resort.
    pub fn new<'a>(preferred: impl IntoIterator<Item = &'a str>, refused: &[&str]) -> Self {
        let mut chain = Vec::new();
        let languages = preferred.into_iter().filter_map(|tag| entry(known(tag)?));
        let codes = languages
            .flat_map(|(code, fallbacks)| iter::once(*code).chain(fallbacks.iter().copied()));
        for code in codes {
            if chain.len() < MAX_CHAIN - 1 && !chain.contains(&code) && !refused.contains(&code) {
                chain.push(code);
            }
        }
        if !chain.contains(&ENGLISH) {
            chain.push(ENGLISH);
        }
        Self(chain)
    }

    /// The language that is wanted most.
    pub fn first(&self) -> &'static str {
        self.0.first().copied().unwrap_or(ENGLISH)
    }

    /// The codes, best first.
    pub fn codes(&self) -> &[&'static str] {
        &self.0
    }

    /// The codes as a JSON array, which is how statements take them.
    pub fn json(&self) -> String {
        // No code has a character that JSON escapes.
        format!("[\"{}\"]", self.0.join("\",\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn chain(tag: &str, expected: &[&str]) {
        assert_eq!(Chain::new([tag], &[]).codes(), expected, "{tag}");
    }

    #[test]
    fn chains_are_mediawikis() {
        chain("en", &["en"]);
        chain("de", &["de", "en"]);
        for code in ["de-at", "de-ch", "de-formal", "bar"] {
            chain(code, &[code, "de", "en"]);
        }
        chain("zh-tw", &["zh-tw", "zh-hant", "zh-hk", "zh", "zh-hans", "en"]);
        chain("zh-hk", &["zh-hk", "zh-hant", "zh-tw", "zh", "zh-hans", "en"]);
        chain("zh-cn", &["zh-cn", "zh-hans", "zh", "zh-hant", "en"]);
        chain("zh", &["zh", "zh-hans", "zh-hant", "zh-cn", "zh-tw", "zh-hk", "en"]);
        chain("pt-br", &["pt-br", "pt", "en"]);
        chain("pt", &["pt", "pt-br", "en"]);
        chain("sr-ec", &["sr-ec", "sr-cyrl", "sr", "en"]);
        chain("sr-el", &["sr-el", "sr-latn", "sr", "en"]);
        chain("sr", &["sr", "sr-ec", "sr-cyrl", "sr-el", "sr-latn", "en"]);
        chain("nb", &["nb", "no", "nn", "en"]);
        chain("nn", &["nn", "no", "nb", "en"]);
        chain("gsw", &["gsw", "de", "en"]);
        chain("be-tarask", &["be-tarask", "be", "en"]);
        chain("en-gb", &["en-gb", "en"]);
        chain("he", &["he", "en"]);
        chain("lij", &["lij", "it", "en"]);
        chain("kk-cn", &["kk-cn", "kk-arab", "kk", "kk-cyrl", "en"]);
        chain("yue", &["yue", "yue-hant", "yue-hans", "en"]);
    }

    #[test]
    fn other_names_of_a_language_name_it_too() {
        for (tag, code) in [
            ("DE", "de"),
            ("zh-TW", "zh-tw"),
            ("zh-Hant-TW", "zh-tw"),
            ("zh-Hans-CN", "zh-cn"),
            ("zh-Hant-HK", "zh-hk"),
            ("zh-Hans-HK", "zh-hans"),
            ("sr-Cyrl", "sr-ec"),
            ("sr-Latn-RS", "sr-el"),
            ("de-x-formal", "de-formal"),
            ("als", "gsw"),
            ("no", "nb"),
            ("nb-NO", "nb"),
            ("zh-min-nan", "nan"),
            ("zh-yue", "yue"),
            ("zh-classical", "lzh"),
            ("be-x-old", "be-tarask"),
            ("simple", "en"),
            ("pt-PT", "pt"),
            ("fr-FR", "fr"),
            ("de-DE-1996", "de"),
            ("en-US", "en"),
            ("he-u-nu-latn", "he"),
        ] {
            assert_eq!(known(tag), Some(code), "{tag}");
        }
    }

    #[test]
    fn an_unknown_language_is_english() {
        for tag in ["xx-unknown", "qqx", "qqq", "i-klingon", "zz", "x-y"] {
            assert!(is_well_formed(tag), "{tag}");
            assert_eq!(known(tag), None, "{tag}");
            chain(tag, &["en"]);
        }
        let long = "a-".repeat(100) + "b";
        for tag in
            ["", "*", "d", "../", "de_AT", "de-", "-de", "de--at", "d\0", "1a", " de", "дe", &long]
        {
            assert!(!is_well_formed(tag), "{tag}");
            assert_eq!(known(tag), None, "{tag}");
        }
    }

    #[test]
    fn several_languages_make_one_chain() {
        let chain = |tags: &[&str], refused: &[&str]| {
            Chain::new(tags.iter().copied(), refused).codes().to_vec()
        };
        assert_eq!(chain(&["gsw", "wa", "de"], &[]), ["gsw", "de", "wa", "fr", "en"]);
        assert_eq!(chain(&["fr", "en", "de"], &[]), ["fr", "en", "de"]);
        assert_eq!(chain(&["en-gb", "fr"], &[]), ["en-gb", "en", "fr"]);
        assert_eq!(chain(&["gsw"], &["de"]), ["gsw", "en"]);
        assert_eq!(chain(&["de"], &["de", "en"]), ["en"]);
        assert_eq!(chain(&[], &[]), ["en"]);
        let all: Vec<&str> = LANGUAGES.iter().map(|(code, _)| *code).collect();
        let long = chain(&all, &[]);
        assert_eq!((long.len(), long.last()), (MAX_CHAIN, Some(&"en")));
        assert_eq!(Chain::new(["pt-br"], &[]).json(), r#"["pt-br","pt","en"]"#);
    }

    #[test]
    fn the_bcp_47_form_of_a_code_leads_back_to_it() {
        assert_eq!(bcp47("sr-ec"), "sr-cyrl");
        assert_eq!(bcp47("zh-tw"), "zh-hant-tw");
        assert_eq!(bcp47("de"), "de");
        for (code, tag) in BCP47 {
            let found = known(tag);
            assert!(found == Some(code) || found == Some(tag), "{tag}: {found:?}");
        }
    }

    #[test]
    fn the_tables_are_sorted_and_no_chain_is_cut() {
        assert!(LANGUAGES.is_sorted_by(|a, b| a.0 < b.0) && LANGUAGES.len() > 500);
        assert!(RENAMED.is_sorted_by(|a, b| a.0 < b.0));
        assert!(BCP47.is_sorted_by(|a, b| a.0 < b.0));
        for (code, fallbacks) in LANGUAGES {
            assert!(fallbacks.len() + 2 <= MAX_CHAIN, "{code}");
            assert!(is_well_formed(code) && fallbacks.iter().all(|code| is_well_formed(code)));
        }
        for (code, now) in RENAMED {
            assert!(entry(now).is_some(), "{code} became {now}");
        }
    }

    #[test]
    fn a_code_has_two_to_128_characters() {
        for (length, is_code) in [(1, false), (2, true), (128, true), (129, false)] {
            assert_eq!(is_well_formed(&"a".repeat(length)), is_code, "{length}");
        }
    }

    #[test]
    fn the_first_language_of_a_chain_is_the_one_that_is_wanted_most() {
        assert_eq!(Chain::new(["de-at"], &[]).first(), "de-at");
        assert_eq!(Chain::new(["de"], &["de"]).first(), ENGLISH);
    }
}
