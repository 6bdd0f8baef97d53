use std::{collections::BTreeSet, fs, path::Path};

use http::{HeaderMap, Method, header};

use super::*;
use crate::http::request::Request;

fn messages(uri: &str, accept: &str) -> Messages {
    let headers: HeaderMap =
        [(header::ACCEPT_LANGUAGE, accept.parse().unwrap())].into_iter().collect();
    let request = Request::new(Method::GET, &uri.parse().unwrap(), headers).unwrap();
    Messages::of(&Wanted::of(&request).unwrap())
}

fn folder() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("i18n")
}

fn read(code: &str) -> BTreeMap<String, String> {
    let text = fs::read_to_string(folder().join(format!("{code}.json"))).unwrap();
    serde_json::from_str::<File>(&text).unwrap().texts
}

#[test]
fn the_language_is_the_first_wanted_one_that_the_pages_have() {
    for (uri, accept, language) in [
        ("/", "", "en"),
        ("/", "de-AT,en;q=0.5", "de"),
        ("/", "fr, ar-EG;q=0.5, de;q=0.2", "ar"),
        ("/", "arz", "ar"),
        ("/", "fr", "en"),
        ("/?lang=gsw", "ar", "de"),
        ("/?lang=xx", "de", "en"),
    ] {
        assert_eq!(messages(uri, accept).language(), language, "{uri} {accept}");
    }
    assert_eq!(messages("/?lang=ar", "").direction(), "rtl");
    assert_eq!(messages("/?lang=de", "").direction(), "ltr");
}

#[test]
fn every_file_is_used_and_has_the_messages_of_the_english_one_with_the_same_parameters() {
    let names = fs::read_dir(folder()).unwrap().map(|it| it.unwrap().file_name());
    let files: BTreeSet<String> = names.map(|it| it.into_string().unwrap()).collect();
    let known = LANGUAGES.iter().map(|it| it.code).chain(["qqq"]);
    assert_eq!(files, known.map(|code| format!("{code}.json")).collect());
    let english = read("en");
    let parameters = |text: &str| -> BTreeSet<char> {
        text.split('$')
            .skip(1)
            .filter_map(|it| it.chars().next())
            .filter(char::is_ascii_digit)
            .collect()
    };
    for code in files.iter().map(|file| file.trim_end_matches(".json")) {
        let texts = read(code);
        assert!(texts.keys().eq(english.keys()), "the keys of {code}.json");
        for (key, text) in &texts {
            assert!(!text.trim().is_empty(), "{code}: {key}");
            assert_eq!(parameters(text), parameters(&english[key]), "{code}: {key}");
        }
    }
}

#[test]
fn every_message_has_as_many_forms_as_its_language() {
    for language in &LANGUAGES {
        let most = (0..200).map(language.form).max().unwrap() + 1;
        for (key, text) in read(language.code) {
            let mut rest = text.as_str();
            while let Some((_, inner, after)) = plural(rest) {
                assert_eq!(inner.split('|').count(), most + 1, "{}: {key}", language.code);
                rest = after;
            }
            assert!(!rest.contains("{{"), "{}: {key}", language.code);
        }
    }
}

#[test]
fn every_message_that_a_page_names_is_there() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/page");
    let english = read("en");
    let mut folders = vec![sources];
    let mut used = BTreeSet::new();
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            if path.extension().is_none_or(|it| it != "rs") || path.ends_with("tests.rs") {
                continue;
            }
            let source = fs::read_to_string(&path).unwrap();
            for key in english.keys() {
                if source.contains(&format!("\"{key}\"")) {
                    used.insert(key.clone());
                }
            }
            for call in [".text(\"", ".with(\"", ".markup(\""] {
                for rest in source.split(call).skip(1) {
                    let key = rest.split('"').next().unwrap();
                    assert!(english.contains_key(key), "{key} in {}", path.display());
                }
            }
        }
    }
    let unused: Vec<_> =
        english.keys().filter(|it| !used.contains(*it) && !it.starts_with("group-")).collect();
    assert!(unused.is_empty(), "no page names {unused:?}");
}

#[test]
fn parameters_stand_where_the_message_has_them_and_markup_stays_markup() {
    let english = messages("/", "");
    assert_eq!(english.with("time-minute", &["2026-08-06", "09:30"]), "2026-08-06, 09:30 UTC");
    assert_eq!(english.with("search-title", &["$1 <b>"]), "Search: $1 <b>");
    let link = || html! { a { "<" } };
    let found = english.markup("search-nothing-advice", &[link(), html! { "b" }]).into_string();
    assert_eq!(found, "Try fewer words, or look through all <a>&lt;</a> and b.");
    assert_eq!(parts("5 $ and $0 $2").len(), 7);
}

#[test]
fn numbers_choose_their_form_and_have_separators() {
    let (english, german, arabic) =
        (messages("/", ""), messages("/?lang=de", ""), messages("/?lang=ar", ""));
    for (number, text) in [(0, "0 results"), (1, "1 result"), (1_234_567, "1,234,567 results")] {
        assert_eq!(english.with("search-count", &[&english.number(number)]), text);
    }
    for (number, text) in [(0, "0"), (999, "999"), (1_000, "1.000")] {
        assert_eq!(german.number(number), text);
    }
    assert_eq!(german.with("search-count", &[&german.number(1)]), "1 Ergebnis");
    let forms: Vec<usize> = [0, 1, 2, 3, 10, 11, 99, 100, 102, 103].map(super::arabic).into();
    assert_eq!(forms, [0, 1, 2, 3, 3, 4, 4, 5, 5, 3]);
    assert_eq!(arabic.with("search-count", &["2"]), "نتيجتان");
    assert_eq!(english.with("search-count", &["many"]), "many results");
}

#[test]
fn a_message_that_a_language_lacks_is_english_and_one_that_none_has_is_its_key() {
    let german = messages("/?lang=de", "");
    let missing = "no-such-message";
    assert_eq!((german.find(missing), german.text(missing)), (None, missing));
    assert_eq!(german.text("extensions"), "Erweiterungen");
}
