//! Answers in the client's language.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use tardist_tests::{Answer, File, Site, TestEnv, Value, json};

const POLYGLOT: &str = "/info/extensions/Polyglot";

/// A served system with three repositories: an extension in six languages, one whose manifest has a
/// description itself, and a skin without any description.
fn served() -> (TestEnv, Site) {
    let env = TestEnv::empty();
    let manifest = json!({
        "name": "Polyglot", "namemsg": "name", "descriptionmsg": "desc", "author": ["Zoë", "\u{7}/"],
        "MessagesDirs": {"Polyglot": ["i18n"]},
    });
    let mut files = vec![("extension.json".to_owned(), File::text(manifest.to_string()))];
    for (language, name, description) in [
        ("en", Some("Polyglot"), "Speaks \"languages\""),
        ("de", None, "Spricht „Sprachen“"),
        ("he", Some("רב־לשוני"), "מדבר שפות"),
        ("zh-hant", None, "會說多種語言"),
        ("pt", None, "Fala línguas"),
        ("sr-ec", None, "Говори језике"),
    ] {
        let mut texts = json!({ "desc": description });
        if let Some(name) = name {
            texts["name"] = name.into();
        }
        files.push((format!("i18n/{language}.json"), File::text(texts.to_string())));
    }
    let files: Vec<_> = files.iter().map(|(path, file)| (path.as_str(), file.clone())).collect();
    env.commit("extensions/Polyglot", "master", &files);
    let plain = json!({"name": "Plain", "description": "Says one thing"}).to_string();
    env.commit("extensions/Plain", "master", &[("extension.json", File::text(plain))]);
    let silent = json!({"name": "Silent"}).to_string();
    env.commit("skins/Silent", "master", &[("skin.json", File::text(silent))]);
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    (env, site)
}

fn texts(document: &Value) -> [&str; 3] {
    ["title", "description", "description_language"]
        .map(|key| document[key].as_str().unwrap_or("-"))
}

fn accepting(site: &Site, path: &str, languages: &str) -> Answer {
    site.request("GET", path, &[("Accept-Language", languages)])
}

#[test]
fn a_repository_is_described_in_the_requested_language() {
    let (_env, site) = served();
    let english = ["Polyglot", "Speaks \"languages\"", "en"];
    let chinese = ["Polyglot", "會說多種語言", "zh-hant"];
    let german = ["Polyglot", "Spricht „Sprachen“", "de"];
    let serbian = ["Polyglot", "Говори језике", "sr-ec"];
    let portuguese = ["Polyglot", "Fala línguas", "pt"];
    for (language, expected, tag) in [
        ("en", english, "en"),
        ("de", german, "de"),
        ("de-at", german, "de"),
        ("DE-Formal", german, "de"),
        ("gsw", german, "de"),
        ("als", german, "de"),
        ("he", ["רב־לשוני", "מדבר שפות", "he"], "he"),
        ("zh-tw", chinese, "zh-hant"),
        ("zh-hk", chinese, "zh-hant"),
        ("zh-cn", chinese, "zh-hant"),
        ("zh-Hant-TW", chinese, "zh-hant"),
        ("pt-br", portuguese, "pt"),
        ("sr-ec", serbian, "sr-cyrl"),
        ("sr-Cyrl-RS", serbian, "sr-cyrl"),
        ("sr", serbian, "sr-cyrl"),
        ("sr-el", english, "en"),
        ("fr", english, "en"),
        ("en-gb", english, "en"),
        ("qqx", english, "en"),
        ("xx-unknown", english, "en"),
    ] {
        let asked = site.get(&format!("{POLYGLOT}?lang={language}"));
        assert_eq!(texts(&asked.json()), expected, "{language}");
        assert_eq!(asked.header("content-language"), tag, "{language}");
        assert_eq!(asked.varies_by(), ["accept-encoding"], "{language}");
        let accepted = accepting(&site, POLYGLOT, &format!("{language}, *;q=0.1"));
        assert_eq!(
            (accepted.is(200).body == asked.body, accepted.header("etag")),
            (true, asked.header("etag"))
        );
        assert_eq!(accepted.header("content-language"), tag, "{language}");
        assert_eq!(accepted.varies_by(), ["accept-encoding", "accept-language"], "{language}");
        // The parameter wins over the header.
        let both = accepting(&site, &format!("{POLYGLOT}?lang={language}"), "he");
        assert_eq!(both.body, asked.body, "{language}");
    }
}

#[test]
fn of_several_accepted_languages_the_best_available_one_is_used() {
    let (_env, site) = served();
    let english = ["Polyglot", "Speaks \"languages\"", "en"];
    let german = ["Polyglot", "Spricht „Sprachen“", "de"];
    let portuguese = ["Polyglot", "Fala línguas", "pt"];
    for (accepted, expected) in [
        ("fr-CH, fr;q=0.9, de;q=0.8, en;q=0.7", german),
        ("fr, en;q=0.9, de;q=0.8", english),
        ("de;q=0.2, pt-PT;q=0.3", portuguese),
        ("gsw, de;q=0", english),
        ("*", english),
        ("de;q=7, ;;", english),
        ("", english),
    ] {
        let answer = accepting(&site, POLYGLOT, accepted);
        assert_eq!(texts(&answer.json()), expected, "{accepted}");
    }
}

#[test]
fn only_the_texts_differ_between_languages() {
    let (_env, site) = served();
    let plain = site.get(POLYGLOT);
    let (mut english, mut hebrew) = (plain.json(), site.get(&format!("{POLYGLOT}?lang=he")).json());
    assert_eq!(hebrew["branches"]["master"]["metadata"]["description"], "Speaks \"languages\"");
    for document in [&mut english, &mut hebrew] {
        let document = document.as_object_mut().unwrap();
        for key in ["title", "description", "description_language"] {
            document.remove(key).unwrap();
        }
    }
    assert_eq!(hebrew, english);
    // If the language turns out to be English, the answer is the ready-made one.
    for language in ["en", "fr", "en-GB", "xx"] {
        for path in [POLYGLOT, "/info", "/info/extensions", "/info/skins", "/info/skins/Silent"] {
            let (asked, ready) = (site.get(&format!("{path}?lang={language}")), site.get(path));
            assert_eq!(asked.text(), ready.text(), "{path} {language}");
            assert_eq!(asked.header("etag"), ready.header("etag"), "{path} {language}");
            let modified = asked.header("last-modified");
            assert_eq!(modified, ready.header("last-modified"), "{path} {language}");
        }
    }
    let silent = site.get("/info/skins/Silent?lang=de").json();
    assert_eq!(texts(&silent), ["Silent", "-", "-"]);
    let nothing = site.get("/info/skins/Silent?lang=de");
    assert_eq!(nothing.header("content-language"), "en");
}

#[test]
fn one_answer_has_all_languages_for_clients_that_choose_themselves() {
    let (_env, site) = served();
    let english = site.get(POLYGLOT).json();
    let all = site.get(&format!("{POLYGLOT}?lang=*"));
    assert_eq!(all.is(200).header("content-language"), "en");
    assert_eq!(all.varies_by(), ["accept-encoding"]);
    let mut document = all.json();
    let translations = document.as_object_mut().unwrap().remove("translations").unwrap();
    assert_eq!(document, english, "the rest is the English document");
    let languages: Vec<_> = translations.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(languages, ["de", "en", "he", "pt", "sr-ec", "zh-hant"]);
    assert_eq!(translations["he"], json!({"title": "רב־לשוני", "description": "מדבר שפות"}));
    assert_eq!(translations["de"]["title"], Value::Null);
    for path in ["/info?lang=*", "/info/extensions?lang=*&names=Polyglot&branch=master"] {
        let listed = site.get(path).json();
        assert_eq!(listed["extensions"]["Polyglot"], all.json(), "{path}");
    }
    let silent = site.get("/info/skins/Silent?lang=*").json();
    assert!(silent["translations"].is_object(), "{silent}");
    // As locales are written.
    let austrian = site.get(&format!("{POLYGLOT}?lang=de_AT"));
    assert_eq!(austrian.is(200).body, site.get(&format!("{POLYGLOT}?lang=de-at")).body);
    // Elsewhere an answer is in one language.
    site.get("/search?q=polyglot&lang=*").problem(400);
}

#[test]
fn lists_of_repositories_are_in_the_requested_language_too() {
    let (_env, site) = served();
    for path in ["/info", "/info/extensions", "/info/extensions?names=Plain|Polyglot|Nope"] {
        let separator = if path.contains('?') { '&' } else { '?' };
        let german = site.get(&format!("{path}{separator}lang=de-AT"));
        let document = german.json();
        let extensions = &document["extensions"];
        assert_eq!(texts(&extensions["Polyglot"]), ["Polyglot", "Spricht „Sprachen“", "de"]);
        assert_eq!(texts(&extensions["Plain"]), ["Plain", "Says one thing", "en"]);
        assert_eq!(german.header("content-language"), "de-at");
        for name in ["Plain", "Polyglot"] {
            let alone = site.get(&format!("/info/extensions/{name}?lang=de-AT")).json();
            assert_eq!(extensions[name], alone);
        }
        let accepted = accepting(&site, path, "de-AT,de;q=0.5");
        assert_eq!(accepted.text(), german.text());
        assert_eq!(accepted.varies_by(), ["accept-encoding", "accept-language"]);
        assert_eq!(
            document["missing"],
            if separator == '&' { json!(["Nope"]) } else { Value::Null }
        );
    }
    let all = site.get("/info?lang=he").json();
    assert_eq!(texts(&all["skins"]["Silent"]), ["Silent", "-", "-"]);
    assert_eq!(site.get("/info/skins?lang=he").json(), json!({"skins": all["skins"]}));
}

#[test]
fn answers_in_other_languages_are_conditional_too() {
    let (env, site) = served();
    let mut tags = BTreeSet::new();
    for path in [POLYGLOT, "/info", "/info/extensions", "/info/extensions?names=Polyglot"] {
        for language in ["de", "he", "en"] {
            let answer = accepting(&site, path, language);
            let etag = answer.is(200).header("etag");
            assert!(tags.insert(etag.to_owned()), "{path} {language}: two answers have {etag}");
            let ask = |headers: &[(&str, &str)]| {
                site.request("GET", path, &[headers, &[("Accept-Language", language)]].concat())
            };
            let fresh = ask(&[("If-None-Match", etag)]);
            assert!(fresh.is(304).body.is_empty());
            assert_eq!(fresh.varies_by(), ["accept-encoding", "accept-language"]);
            ask(&[("If-Modified-Since", answer.header("last-modified"))]).is(304);
            let head = site.request("HEAD", path, &[("Accept-Language", language)]);
            assert_eq!(head.is(200).header("content-length"), answer.body.len().to_string());
        }
        // The tag of an answer in one language does not match in another language.
        let german = accepting(&site, path, "de");
        let headers = [("Accept-Language", "he"), ("If-None-Match", german.header("etag"))];
        site.request("GET", path, &headers).is(200);
    }
    // A new translation is a new answer in that language.
    let german = format!("{POLYGLOT}?lang=de");
    let before = site.get(&german);
    let text = json!({"desc": "Beherrscht Sprachen"}).to_string();
    env.commit("extensions/Polyglot", "master", &[("i18n/de.json", File::text(text))]);
    env.sync(&[]).exits(0);
    site.catch_up();
    let after = site.request("GET", &german, &[("If-None-Match", before.header("etag"))]);
    assert_eq!(texts(&after.json()), ["Polyglot", "Beherrscht Sprachen", "de"]);
}

#[test]
fn a_malformed_parameter_is_400_and_a_malformed_header_is_ignored() {
    let (_env, site) = served();
    let long = "a".repeat(10_000);
    for path in [POLYGLOT, "/info", "/info/skins", "/info/skins?names=Silent"] {
        let separator = if path.contains('?') { '&' } else { '?' };
        for bad in [
            "", "../", "%00", "de%00", "_de", "de__at", "**", "de,*", "de,fr", "d", "de'--",
            "%D7%94", &long,
        ] {
            let detail = site.get(&format!("{path}{separator}lang={bad}")).problem(400);
            assert!(detail.contains("`lang`") && detail.len() < 200, "{detail}");
        }
        site.get(&format!("{path}{separator}lang=de&lang=de")).problem(400);
        site.get(&format!("{path}{separator}lang=%FF")).problem(400);
        let english = site.get(path);
        for bad in
            ["../", ";q=1", "de;q=x", "de_AT", ",,,", "<script>", "'; DROP TABLE localized; --"]
        {
            assert_eq!(accepting(&site, path, bad).is(200).body, english.body, "{bad}");
        }
        let many = "xx-yy;q=0.5,".repeat(1000);
        assert_eq!(accepting(&site, path, &many).is(200).body, english.body);
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
}

/// The descriptions of a repository of the real metadata.
struct Real {
    kind: String,
    name: String,
    /// The texts of its description by language, from all folders.
    descriptions: BTreeMap<String, BTreeSet<String>>,
}

/// Adds a repository with real metadata to the upstream. `None` if no message describes it, or if
/// it has several manifests.
fn publish(env: &TestEnv, repository: &Path) -> Option<Real> {
    let part = |path: &Path| path.file_name().unwrap().to_str().unwrap().to_owned();
    let (kind, name) = (part(repository.parent().unwrap()), part(repository));
    let mut files = Vec::new();
    let mut manifests = Vec::new();
    let mut descriptions: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in entries(&repository.join("master")) {
        let text = fs::read_to_string(&path).unwrap();
        if part(&path) != "messages.json" {
            manifests.push(serde_json_of(&text)["descriptionmsg"].as_str().map(str::to_owned));
            files.push((part(&path), text));
        }
    }
    let message = (manifests.len() == 1).then(|| manifests.remove(0)).flatten();
    let messages = fs::read_to_string(repository.join("master/messages.json")).unwrap_or_default();
    for (path, texts) in serde_json_of(&messages).as_object().into_iter().flatten() {
        let language = path.rsplit_once('/').unwrap().1.trim_end_matches(".json").to_owned();
        if let Some(text) = message.as_ref().and_then(|message| texts[message].as_str()) {
            descriptions.entry(language).or_default().insert(text.to_owned());
        }
        files.push((path.clone(), texts.to_string()));
    }
    let files: Vec<_> =
        files.iter().map(|(path, text)| (path.as_str(), File::text(text.as_str()))).collect();
    env.commit(&format!("{kind}/{name}"), "master", &files);
    (!descriptions.is_empty()).then_some(Real { kind, name, descriptions })
}

/// Adds all repositories with real metadata to the upstream.
pub(crate) fn publish_real_metadata(env: &TestEnv) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/metadata");
    for repository in entries(&root).into_iter().flat_map(|kind| entries(&kind)) {
        publish(env, &repository);
    }
}

fn serde_json_of(text: &str) -> Value {
    text.parse().unwrap_or_default()
}

/// Real manifests and messages, which are not part of the project. If their folder is missing,
/// `cargo xtask test` leaves out this module by its name, and says so.
mod real_metadata {
    use super::*;

    #[test]
    fn real_descriptions_come_in_german_hebrew_and_traditional_chinese() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/metadata");
        let env = TestEnv::empty();
        let repositories = entries(&root).into_iter().flat_map(|kind| entries(&kind));
        let real: Vec<Real> = repositories.filter_map(|path| publish(&env, &path)).collect();
        env.sync(&[]).exits(0);
        let site = env.serve(&[]);
        let mut exact = 0;
        for (asked, chain) in [
            ("de-at", &["de", "en"][..]),
            ("he", &["he", "en"]),
            ("zh-tw", &["zh-hant", "zh-hans", "en"]),
            ("pt-br", &["pt-br", "en"]),
            ("sr-ec", &["sr-ec", "en"]),
        ] {
            let all = site.get(&format!("/info?lang={asked}")).json();
            for it in &real {
                let found = &all[&it.kind][&it.name];
                let language =
                    chain.iter().find(|language| it.descriptions.contains_key(**language));
                assert_eq!(
                    found["description_language"].as_str(),
                    language.copied(),
                    "{}",
                    it.name
                );
                let texts = language.map(|language| &it.descriptions[*language]);
                let is_plain =
                    |text: &&String| !text.contains(['[', '{', '<', '\'', '&', '$', '*', '\n']);
                if let Some(text) = texts
                    .filter(|texts| texts.len() == 1)
                    .and_then(BTreeSet::first)
                    .filter(is_plain)
                {
                    assert_eq!(found["description"], text.as_str(), "{} {asked}", it.name);
                    exact += 1;
                }
            }
            for (language, id, title, description) in BY_HAND {
                if language == asked {
                    let found = &site.get(&format!("/info/{id}?lang={asked}")).json();
                    assert_eq!(
                        [&found["title"], &found["description"]],
                        [title, description],
                        "{id}"
                    );
                }
            }
        }
        assert!(real.len() > 15 && exact > 50, "{} repositories, {exact} texts", real.len());
    }
}

/// Expected texts, written by hand: some have markup that became plain text, some titles are
/// translated.
const BY_HAND: [(&str, &str, &str, &str); 9] = [
    (
        "de-at",
        "extensions/Gadgets",
        "Gadgets",
        "Ermöglicht es Benutzern, in ihren persönlichen Einstellungen vordefinierte CSS- und \
         JavaScript-Helferlein zu aktivieren",
    ),
    (
        "de-at",
        "extensions/Collection",
        "Collection",
        "Erweitert das Wiki um eine Spezialseite zum Erstellen von Büchern",
    ),
    ("de-at", "skins/Timeless", "Timeless", "Stellt eine zeitlose Benutzeroberfläche bereit"),
    ("he", "extensions/Cite", "Cite", "הוספת תגי <ref> ו־<references/> בשביל הערות שוליים"),
    (
        "he",
        "skins/Timeless",
        "מחוץ לזמן",
        "עיצוב \"מחוץ לזמן\", מבוסס על אב טיפוס \"חורף\" מאת ברנדון האריס, ועיצובים שונים של קרן ויקימדיה",
    ),
    (
        "he",
        "skins/Vector",
        "וקטור",
        "שתי גרסאות של עיצוב וקטור:\n* 2011 – גרסה מודרנית של העיצוב \"מונובוק\" עם מראה רענן ושיפורי \
         שמישות רבים.\n* 2022 – הווקטור שנבנה כחלק ממיזם שיפורי שולחן העבודה.",
    ),
    (
        "zh-tw",
        "extensions/Gadgets",
        "Gadgets",
        "讓使用者可以於偏好設定自訂 CSS 與 JavaScript 小工具",
    ),
    (
        "zh-tw",
        "extensions/MassMessage",
        "MassMessage",
        "讓使用者可以輕鬆地傳送訊息給清單中的使用者",
    ),
    (
        "zh-tw",
        "skins/MonoBook",
        "MonoBook",
        "自2004年沿用至今的經典MediaWiki外觀，其名稱源自頁面背景中那張黑白的書籍照片",
    ),
];
