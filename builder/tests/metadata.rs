//! From manifests and messages to metadata: each form that the schema of `extension.json` allows, and
//! real repositories from ten years, where a copy of them is beside the project.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

#[path = "support/repository.rs"]
mod repository;

use std::{
    collections::BTreeMap,
    fmt::Debug,
    fs,
    path::{Path, PathBuf},
};

use git2::{Oid, Repository};
use repository::{FILE, GITLINK, LINK};
use serde_json::{Value, json};
use tardist::{
    RepositoryId,
    content::{Cause, Content},
    metadata::{self, Manifest, MessageFiles},
};

/// Texts of files by path. A text `-> TARGET` is a symbolic link, and `@ COMMIT` a submodule.
type Files = BTreeMap<String, String>;

/// A bare repository whose branches are read one after another.
struct Branches {
    id: RepositoryId,
    folder: tempfile::TempDir,
    messages: MessageFiles,
}

impl Branches {
    fn new(id: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        Repository::init_bare(folder.path()).unwrap();
        Self { id: id.parse().unwrap(), folder, messages: MessageFiles::default() }
    }

    fn open(&self) -> Repository {
        Repository::open_bare(self.folder.path()).unwrap()
    }

    fn commit(&self, files: &Files) -> Oid {
        let files = files.iter().map(|(path, text)| {
            let (mode, content) = if let Some(commit) = text.strip_prefix("@ ") {
                (GITLINK, commit)
            } else if let Some(target) = text.strip_prefix("-> ") {
                (LINK, target)
            } else {
                (FILE, text.as_str())
            };
            (path.as_str(), mode, content)
        });
        repository::commit(&self.open(), &files.collect::<Vec<_>>())
    }

    fn read(&mut self, files: &Files) -> Manifest {
        let commit = self.commit(files);
        let content = Content::read(self.open(), commit, |_, _| Ok(Err(Cause::default()))).unwrap();
        metadata::read(&content, &self.id, &mut self.messages).unwrap()
    }
}

fn files(files: &[(&str, &Value)]) -> Files {
    files
        .iter()
        .map(|(path, value)| {
            let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            ((*path).to_owned(), text)
        })
        .collect()
}

fn read(list: &[(&str, Value)]) -> Manifest {
    let list: Vec<(&str, &Value)> = list.iter().map(|(path, value)| (*path, value)).collect();
    Branches::new("extensions/Foo").read(&files(&list))
}

/// The manifest of an extension without other files. It must have no problems.
fn extension(fields: Value) -> Manifest {
    let found = read(&[("extension.json", fields)]);
    assert_eq!(found.problems, [""; 0]);
    found
}

fn pairs(map: &BTreeMap<String, String>) -> Vec<(&str, &str)> {
    map.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect()
}

#[test]
fn the_key_of_a_message_is_written_as_mediawiki_looks_it_up() {
    let manifest = json!({
        "name": "Keys", "namemsg": "Keys-name", "descriptionmsg": ["Keys desc", "$1"],
        "MessagesDirs": {"Keys": ["i18n"]},
    });
    let found = read(&[
        ("extension.json", manifest),
        ("i18n/en.json", json!({"keys-name": "Key ring", "keys_desc": "Opens doors"})),
        ("i18n/de.json", json!({"Keys-name": "no such key", "keys_desc": "Macht auf"})),
    ]);
    assert_eq!(found.problems, [""; 0]);
    assert_eq!(pairs(&found.titles), [("en", "Key ring")]);
    assert_eq!(pairs(&found.descriptions), [("de", "Macht auf"), ("en", "Opens doors")]);
    assert_eq!(found.metadata.title.as_deref(), Some("Key ring"));
}

#[test]
fn authors_in_each_form() {
    let none: [&str; 0] = [];
    let cases: [(Value, &[&str]); 8] = [
        (json!("Ann"), &["Ann"]),
        (json!(["Ann", " ", "Bob <bob@example.org>"]), &["Ann", "Bob <bob@example.org>"]),
        (json!(["Ann", "..."]), &["Ann", "..."]),
        (
            json!("[https://www.mediawiki.org/wiki/User:Ann Ann] and [[mw:User:Bob|Bob]]"),
            &["Ann and Bob"],
        ),
        (json!(["'''Ann'''", "[https://example.org/AUTHORS ...]"]), &["Ann", "..."]),
        (json!(["Made by Ann<br />after Bob &amp; Co"]), &["Made by Ann", "after Bob & Co"]),
        (json!([]), &none),
        (json!(null), &none),
    ];
    for (author, expected) in cases {
        let found = extension(json!({"name": "Foo", "author": author}));
        assert_eq!(found.metadata.authors, expected, "{author}");
    }
}

#[test]
fn a_message_in_english_wins_over_the_plain_field() {
    let manifest = json!({
        "name": "Foo", "namemsg": "foo-name", "description": "Plain", "descriptionmsg": "foo-desc",
        "MessagesDirs": {"Foo": "i18n"}
    });
    let found = read(&[
        ("extension.json", manifest.clone()),
        ("i18n/en.json", json!({"foo-name": "The Foo", "foo-desc": "Does <b>foo</b>"})),
    ]);
    assert_eq!(found.metadata.title.as_deref(), Some("The Foo"));
    assert_eq!(found.metadata.description.as_deref(), Some("Does foo"));
    let found = read(&[
        ("extension.json", manifest.clone()),
        ("i18n/de.json", json!({"foo-name": "Das Foo", "foo-desc": "Macht Foo"})),
    ]);
    assert_eq!(found.metadata.title.as_deref(), Some("Foo"));
    assert_eq!(found.metadata.description.as_deref(), Some("Plain"));
    assert_eq!(pairs(&found.titles), [("de", "Das Foo")]);
    assert_eq!(pairs(&found.descriptions), [("de", "Macht Foo")]);
    let found = read(&[("extension.json", manifest)]);
    assert_eq!(found.metadata.description.as_deref(), Some("Plain"));
    let wikitext = json!({"name": "Foo", "description": "For [[mw:X|x]] & <code>&lt;y></code>"});
    assert_eq!(extension(wikitext).metadata.description.as_deref(), Some("For x & <y>"));
}

#[test]
fn messages_may_have_parameters() {
    let found = read(&[
        (
            "extension.json",
            json!({"descriptionmsg": ["d", "ten", 2], "MessagesDirs": {"Foo": ["i"]}}),
        ),
        ("i/en.json", json!({"d": "$1 and {{PLURAL:$2|one|$2}} of $3"})),
    ]);
    assert_eq!(found.metadata.description.as_deref(), Some("ten and 2 of $3"));
    assert_eq!(found.problems, [""; 0]);
}

#[test]
fn folders_of_messages_in_each_form() {
    let message = json!({"d": "text"});
    let other = json!({"d": "another"});
    let cases = [
        (json!({"Foo": "i18n"}), Some("text")),
        (json!({"Foo": "./i18n/"}), Some("text")),
        (json!({"Foo": ["nowhere", "i18n"]}), Some("text")),
        (json!(["i18n"]), Some("text")),
        (json!({"A": ["api"], "Foo": "i18n"}), Some("another")),
        (json!({"Foo": "lib/../i18n"}), Some("text")),
        (json!({"Foo": "link"}), Some("text")),
        (json!({"Foo": "../i18n"}), None),
        (json!({"Foo": "/i18n"}), Some("text")),
        (json!({"Foo": "/../i18n"}), None),
        (json!({"Foo": ""}), Some("at the root")),
        (json!({"Foo": "outside"}), None),
        (json!({}), None),
        (json!(null), None),
    ];
    for (dirs, expected) in cases {
        let found = read(&[
            ("extension.json", json!({"descriptionmsg": "d", "MessagesDirs": dirs})),
            ("i18n/en.json", message.clone()),
            ("api/en.json", other.clone()),
            ("lib/x", json!("")),
            ("en.json", json!({"d": "at the root"})),
            ("link", json!("-> lib/../i18n")),
            ("outside", json!("-> ../../i18n")),
        ]);
        assert_eq!(found.metadata.description.as_deref(), expected, "{dirs}");
        assert_eq!(found.problems, [""; 0], "{dirs}");
    }
}

#[test]
fn messages_may_be_in_a_submodule() {
    let library = Branches::new("extensions/Library");
    let text = json!({"d": "from the library"});
    let inner = library.commit(&files(&[("i18n/en.json", &text)]));
    let mut main = Branches::new("extensions/Foo");
    let manifest = json!({"descriptionmsg": "d", "MessagesDirs": {"Foo": ["lib/here/i18n"]}});
    let commit = main.commit(&files(&[
        ("extension.json", &manifest),
        ("lib/here", &json!(format!("@ {inner}"))),
    ]));
    let content = Content::read(main.open(), commit, |_, _| Ok(Ok(library.open()))).unwrap();
    let found = metadata::read(&content, &main.id, &mut main.messages).unwrap();
    assert_eq!(found.metadata.description.as_deref(), Some("from the library"));
}

/// How many bytes of a branch's metadata are published.
fn published(found: &Manifest) -> usize {
    let texts = found.titles.values().chain(found.descriptions.values());
    let metadata = serde_json::to_string(&found.metadata).unwrap();
    let requires = serde_json::to_string(&found.requires).unwrap();
    let version = found.version.as_ref().map_or(0, String::len);
    texts.map(String::len).sum::<usize>() + metadata.len() + requires.len() + version
}

#[test]
fn the_metadata_of_a_branch_are_bounded() {
    let mut list: Vec<(String, Value)> = (0..400)
        .map(|i| (format!("i/a{i}.json"), json!({"d": format!("{i} {}", "x".repeat(8000))})))
        .collect();
    let constraints: BTreeMap<String, String> =
        (0..400).map(|i| (format!("{i}{}", "n".repeat(100)), "*".to_owned())).collect();
    let manifest = json!({
        "descriptionmsg": "d", "MessagesDirs": {"Foo": "i"}, "author": vec!["Ann"; 600],
        "requires": {"extensions": constraints, "MediaWiki": "*"},
        "name": "n".repeat(1001), "version": "v".repeat(1001), "url": "u".repeat(1001),
        "type": "t".repeat(1001), "license-name": "l".repeat(1001),
    });
    list.push(("extension.json".to_owned(), manifest));
    let list: Vec<(&str, &Value)> = list.iter().map(|(path, text)| (path.as_str(), text)).collect();
    let found = Branches::new("extensions/Foo").read(&files(&list));
    assert!(found.descriptions.len() < 70, "{}", found.descriptions.len());
    assert_eq!((found.metadata.authors.len(), &found.metadata.title), (500, &None));
    assert_eq!(found.requires, Default::default(), "a part of them would mislead");
    assert!(published(&found) < 400_000, "{}", published(&found));
    assert_eq!(
        found.problems,
        [
            "extension.json: `version` is not a string of at most 1000 bytes",
            "only 262144 bytes of messages are kept",
            "extension.json: `name` is not a string of at most 1000 bytes",
            "extension.json: `author` is not a list of at most 500",
            "extension.json: `license-name` is not a string of at most 1000 bytes",
            "extension.json: `url` is not a string of at most 1000 bytes",
            "extension.json: `type` is not a string of at most 1000 bytes",
            "extension.json: `requires` is not an object of at most 4096 bytes",
        ]
    );
    let found = read(&[("extension.json", json!({"author": vec!["x".repeat(1000); 20]}))]);
    assert_eq!(found.metadata.authors.len(), 8);
    assert_eq!(found.problems, ["extension.json: `author` is not a list of at most 8192 bytes"]);
}

#[test]
fn a_message_that_its_parameters_make_too_long_is_left_out() {
    let found = read(&[
        (
            "extension.json",
            json!({"descriptionmsg": ["d", "A".repeat(1000)], "MessagesDirs": {"Foo": "i"}}),
        ),
        ("i/de.json", json!({"d": "kurz $1"})),
        ("i/en.json", json!({"d": "$1".repeat(4096)})),
    ]);
    assert_eq!(found.descriptions.keys().collect::<Vec<_>>(), ["de"]);
    assert_eq!(found.problems, ["i/en.json: `d` has more than 8192 bytes with its parameters"]);
    for key in [json!(["d", "A".repeat(1001)]), json!(vec!["d"; 22]), json!(["k".repeat(256)])] {
        let found = read(&[
            ("extension.json", json!({"descriptionmsg": key, "MessagesDirs": {"Foo": "i"}})),
            ("i/en.json", json!({"d": "$1".repeat(4096)})),
        ]);
        assert_eq!(found.metadata.description, None);
        assert_eq!(
            found.problems,
            [
                "extension.json: `descriptionmsg` is not the key of a message with its parameters, at \
              most 20 of at most 1000 bytes"
            ]
        );
    }
}

#[test]
fn folders_with_very_many_names_are_not_read_to_the_end() {
    let folders: Vec<String> = (0..60).map(|i| format!("{}i", "./".repeat(i))).collect();
    let mut list = vec![(
        "extension.json".to_owned(),
        json!({"descriptionmsg": "d", "MessagesDirs": {"Foo": folders}}),
    )];
    list.extend((0..1000).map(|i| (format!("i/{i}.php"), json!(""))));
    list.push(("i/en.json".to_owned(), json!({"d": "Text"})));
    let list: Vec<(&str, &Value)> = list.iter().map(|(path, text)| (path.as_str(), text)).collect();
    let found = Branches::new("extensions/Foo").read(&files(&list));
    assert_eq!(found.metadata.description.as_deref(), Some("Text"));
    assert_eq!(
        found.problems,
        [
            "only 10000 files of messages are read, and only among the first 50000 files of their folders"
        ]
    );
}

#[test]
fn a_manifest_with_very_many_values_is_none() {
    let wide = |count: usize| json!({"name": "Foo", "author": vec![json!({"": 0}); count]});
    let found = read(&[("extension-a.json", wide(3000)), ("extension-b.json", wide(2000))]);
    assert_eq!(found.metadata.title.as_deref(), Some("Foo"));
    assert_eq!(
        found.problems,
        [
            "extension-a.json has more than 5000 values in the fields that are read",
            "extension-b.json: `author` is not a string or a list of strings",
        ]
    );
    let elsewhere = json!({"name": "Foo", "config": vec![json!({"": 0}); 100_000]});
    assert_eq!(extension(elsewhere).metadata.title.as_deref(), Some("Foo"));
}

#[test]
fn all_languages_are_read_and_no_file_that_is_none() {
    let text = |text: &str| json!({"@metadata": {"authors": []}, "d": text, "other": ["x"]});
    let found = read(&[
        ("extension.json", json!({"descriptionmsg": "d", "MessagesDirs": {"Foo": ["a", "b"]}})),
        ("a/de.json", text("Eins")),
        ("a/en.json", text("One")),
        ("a/fr.json", text("")),
        ("a/he.json", text("אחת")),
        ("a/qqq.json", text("{{desc}}")),
        ("a/qqx.json", text("(d)")),
        ("a/README.json", text("x")),
        ("a/sr-ec.json", json!({"other": "x"})),
        ("a/zh-hant.json", text("一")),
        ("b/de.json", text("Zwei")),
        ("b/fr.json", text("Un")),
    ]);
    let expected = [("de", "Eins"), ("en", "One"), ("fr", "Un"), ("he", "אחת"), ("zh-hant", "一")];
    assert_eq!(pairs(&found.descriptions), expected);
    assert_eq!(found.problems, [""; 0]);
}

#[test]
fn a_folder_whose_english_has_no_such_message_is_not_read() {
    let found = read(&[
        (
            "extension.json",
            json!({"descriptionmsg": "d", "MessagesDirs": {"Foo": ["api", "i18n"]}}),
        ),
        ("api/en.json", json!({"other": "x"})),
        ("api/de.json", json!("broken")),
        ("i18n/en.json", json!({"d": "Text"})),
        ("i18n/de.json", json!({"d": "Der Text"})),
    ]);
    assert_eq!(pairs(&found.descriptions), [("de", "Der Text"), ("en", "Text")]);
    assert_eq!(found.problems, [""; 0]);
}

#[test]
fn a_broken_file_only_loses_its_own_language() {
    let long = "x".repeat(9000);
    let found = read(&[
        ("extension.json", json!({"descriptionmsg": "d", "MessagesDirs": {"Foo": "i"}})),
        ("i/ar.json", json!("{\"d\": \"cut")),
        ("i/de.json", json!({"d": "Text"})),
        ("i/el.json", json!("[]")),
        ("i/en.json", json!("\u{feff}{}")),
        ("i/fi.json", json!({"d": ["list"]})),
        ("i/fr.json", json!({"d": long})),
        ("i/he.json", json!(format!("{}{}", r#"{"d":"#, "[".repeat(100_000)))),
        ("i/it.json", json!("{\"d\": \"one\", \"d\": \"two\"}")),
        ("i/ja.json", json!("{\"d\": \"text\"} and more")),
    ]);
    assert_eq!(pairs(&found.descriptions), [("de", "Text"), ("it", "two")]);
    assert_eq!(found.metadata.description, None);
    let named: Vec<&str> = found.problems.iter().map(|text| &text[..9]).collect();
    let broken =
        ["i/ar.json", "i/el.json", "i/en.json", "i/fi.json", "i/fr.json", "i/he.json", "i/ja.json"];
    assert_eq!(named, broken, "{:?}", found.problems);
}

#[test]
fn a_file_that_branches_share_has_the_messages_of_each() {
    let mut branches = Branches::new("extensions/Foo");
    let messages = json!({"d1": "first", "d2": "second"});
    for (key, expected) in [("d1", "first"), ("d2", "second"), ("d1", "first")] {
        let manifest = json!({"descriptionmsg": key, "MessagesDirs": {"Foo": "i"}});
        let found =
            branches.read(&files(&[("extension.json", &manifest), ("i/en.json", &messages)]));
        assert_eq!(found.metadata.description.as_deref(), Some(expected));
    }
}

#[test]
fn requirements_in_each_form() {
    let found = extension(json!({"manifest_version": 1, "requires": {
        "MediaWiki": " >= 1.45.0 ",
        "extensions": {"A": "*", "B": "^1.0 || ^2.0"},
        "skins": [],
        "platform": {"php": ">= 8.1", "ext-curl": "*", "ability-shell": true, "ability-x": false}
    }}));
    assert_eq!(found.requires.mediawiki.as_deref(), Some(">= 1.45.0"));
    assert_eq!(pairs(&found.requires.extensions), [("A", "*"), ("B", "^1.0 || ^2.0")]);
    assert_eq!(pairs(&found.requires.skins), []);
    let platform = [("ability-shell", "*"), ("ext-curl", "*"), ("php", ">= 8.1")];
    assert_eq!(pairs(&found.requires.platform), platform);
    for empty in [json!(null), json!([]), json!({})] {
        assert_eq!(extension(json!({"requires": empty})).requires, Default::default());
    }
    let wrong = json!({"requires": {"extensions": ["A"], "skins": {"B": ["1"], "C": "*"}}});
    let found = read(&[("extension.json", wrong)]);
    assert_eq!(pairs(&found.requires.skins), [("C", "*")]);
    assert_eq!(found.problems.len(), 2, "{:?}", found.problems);
}

#[test]
fn versions_and_urls() {
    for (version, expected) in [
        (json!("1.0"), Some("1.0")),
        (json!(2), Some("2")),
        (json!(0.5), Some("0.5")),
        (json!(""), None),
        (json!(null), None),
    ] {
        assert_eq!(extension(json!({"version": version})).version.as_deref(), expected);
    }
    for (url, expected) in [
        ("https://example.org/a", Some("https://example.org/a")),
        ("HTTP://example.org/a", Some("HTTP://example.org/a")),
        ("//example.org/a", Some("https://example.org/a")),
        ("javascript:alert(1)", None),
        ("www.example.org", None),
    ] {
        let found = read(&[("extension.json", json!({"url": url}))]);
        assert_eq!(found.metadata.url.as_deref(), expected);
        assert_eq!(found.problems.len(), usize::from(expected.is_none()), "{url}");
    }
}

#[test]
fn one_of_several_manifests_describes_the_branch() {
    let part = |name: &str, message: &str| json!({"name": name, "descriptionmsg": message});
    let title = |list: &[(&str, Value)]| read(list).metadata.title;
    // Chosen by its name, by its message, by its file name.
    let client = ("extension-client.json", part("FooClient", "foo-client-desc"));
    assert_eq!(
        title(&[client.clone(), ("extension-repo.json", part("Foo", "x"))]).as_deref(),
        Some("Foo")
    );
    assert_eq!(
        title(&[client.clone(), ("extension-repo.json", part("FooRepo", "foo-desc"))]).as_deref(),
        Some("FooRepo")
    );
    assert_eq!(
        title(&[client.clone(), ("extension-repo.json", part("FooRepo", "x"))]).as_deref(),
        Some("FooClient")
    );
    // `extension.json` comes before its parts, and before a skin's. A file without a name is no
    // manifest.
    assert_eq!(
        title(&[client.clone(), ("extension.json", part("Whole", "x"))]).as_deref(),
        Some("Whole")
    );
    assert_eq!(
        title(&[("extension.json", part("E", "")), ("skin.json", part("S", ""))]).as_deref(),
        Some("E")
    );
    assert_eq!(title(&[("skin.json", part("S", ""))]).as_deref(), Some("S"));
    assert_eq!(title(&[("skin-a.json", part("S", ""))]).as_deref(), Some("S"));
    assert_eq!(
        title(&[("extension-a.json", json!({"type": "object"})), client.clone()]).as_deref(),
        Some("FooClient")
    );
    let broken = read(&[("extension-a.json", json!("{")), client]);
    assert_eq!(broken.metadata.title.as_deref(), Some("FooClient"));
    assert!(
        broken.problems[0].starts_with("extension-a.json is not JSON"),
        "{:?}",
        broken.problems
    );
}

/// A message: its file, its key, and its text.
type Message = (String, String, String);

/// What simple rules say about a real manifest.
struct Expected {
    fields: Value,
    messages: Vec<Message>,
}

impl Expected {
    fn field(&self, name: &str) -> Option<&str> {
        self.fields[name].as_str()
    }

    /// The texts of the message that `field` names, from folders of the manifest.
    fn texts(&self, field: &str) -> BTreeMap<&str, &str> {
        let dirs = self.fields["MessagesDirs"].to_string();
        let texts = self.messages.iter().filter(|(path, key, _)| {
            let (folder, _) = path.rsplit_once('/').unwrap();
            Some(key.as_str()) == self.field(field) && dirs.contains(&format!("\"{folder}\""))
        });
        let texts = texts.map(|(path, _, text)| {
            let (_, file) = path.rsplit_once('/').unwrap();
            (file.strip_suffix(".json").unwrap(), text.as_str())
        });
        texts.filter(|(language, _)| *language != "qqq").collect()
    }
}

/// Checks that a text without markup stays as it is. A text with markup becomes shorter, and has no signs
/// of markup any more.
fn check_text(found: Option<&str>, given: Option<&str>, place: &dyn Debug) {
    let (Some(found), Some(given)) = (found, given) else {
        assert_eq!(found, given, "{place:?}");
        return;
    };
    if !given.contains(['[', '<', '&', '{', '\n']) && !given.contains("''") {
        assert_eq!(found, given, "{place:?}");
        return;
    }
    assert!(!found.is_empty() && found.len() <= given.len(), "{place:?}: {found}");
    for sign in
        ["[[", "{{", "<code", "<nowiki", "<span", "<bdi", "<br", "&lt;", "&nbsp;", "''", "[http"]
    {
        assert!(!found.contains(sign), "{place:?}: {found}");
    }
}

fn check(found: &Manifest, expected: &Expected, place: &dyn Debug) {
    assert_eq!(found.problems, [""; 0], "{place:?}");
    let metadata = &found.metadata;
    let titles = expected.texts("namemsg");
    let english = titles.get("en").copied().or(expected.field("name"));
    check_text(metadata.title.as_deref(), english, place);
    let descriptions = expected.texts("descriptionmsg");
    let english = descriptions.get("en").copied().or(expected.field("description"));
    check_text(metadata.description.as_deref(), english, place);
    for (found, expected) in [(&found.titles, &titles), (&found.descriptions, &descriptions)] {
        assert!(found.keys().eq(expected.keys().copied()), "{place:?}");
        for (language, text) in expected {
            check_text(found.get(*language).map(String::as_str), Some(text), &(place, language));
        }
    }
    let authors: Vec<&str> = match &expected.fields["author"] {
        Value::Array(list) => list.iter().map(|author| author.as_str().unwrap()).collect(),
        one => one.as_str().into_iter().collect(),
    };
    if authors.iter().any(|author| author.contains("<br />")) {
        assert!(metadata.authors.len() > authors.len(), "{place:?}");
    } else {
        assert_eq!(metadata.authors.len(), authors.len(), "{place:?}");
        for (found, given) in metadata.authors.iter().zip(authors) {
            match given.ends_with("@hallowelt.com>") {
                true => assert_eq!(found, given),
                false => check_text(Some(found), Some(given), place),
            }
        }
    }
    assert_eq!(metadata.license.as_deref(), expected.field("license-name"), "{place:?}");
    assert_eq!(metadata.url.as_deref(), expected.field("url"), "{place:?}");
    assert_eq!(metadata.r#type.as_deref(), expected.field("type"), "{place:?}");
    assert_eq!(found.version.as_deref(), expected.field("version"), "{place:?}");
    let given = &expected.fields["requires"];
    assert_eq!(found.requires.mediawiki.as_deref(), given["MediaWiki"].as_str(), "{place:?}");
    for (part, found) in [
        ("extensions", &found.requires.extensions),
        ("skins", &found.requires.skins),
        ("platform", &found.requires.platform),
    ] {
        let given = given[part].as_object().cloned().unwrap_or_default();
        let given: Vec<(&str, &str)> =
            given.iter().map(|(name, text)| (name.as_str(), text.as_str().unwrap())).collect();
        assert_eq!(pairs(found), given, "{place:?}");
    }
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

/// The manifests of a folder of real metadata, and the messages beside them.
fn real(folder: &Path) -> (Vec<(String, String)>, Vec<Message>) {
    let mut manifests = Vec::new();
    let mut messages = Vec::new();
    for path in entries(folder) {
        let text = fs::read_to_string(&path).unwrap();
        if name(&path) != "messages.json" {
            manifests.push((name(&path).to_owned(), text));
            continue;
        }
        let files: BTreeMap<String, BTreeMap<String, String>> =
            serde_json::from_str(&text).unwrap();
        messages.extend(files.into_iter().flat_map(|(path, texts)| {
            texts.into_iter().map(move |(key, text)| (path.clone(), key, text))
        }));
    }
    (manifests, messages)
}

/// A branch with one manifest and all messages.
fn branch(manifest: &(String, String), messages: &[Message]) -> Files {
    let mut tree: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for (path, key, text) in messages {
        tree.entry(path.clone()).or_default().insert(key.clone(), text.clone());
    }
    let tree = tree.into_iter().map(|(path, texts)| (path, serde_json::to_string(&texts).unwrap()));
    tree.chain([manifest.clone()]).collect()
}

fn count(counts: &mut BTreeMap<String, usize>, found: &Manifest) {
    let metadata = &found.metadata;
    let languages = ["de", "en", "fr", "he", "pt-br", "sr-ec", "zh-hans", "zh-hant"];
    let mut add = |what: &str, is_there: bool| {
        *counts.entry(what.to_owned()).or_default() += usize::from(is_there);
    };
    add("manifests", true);
    add("title", metadata.title.is_some());
    add("description", metadata.description.is_some());
    add("authors", !metadata.authors.is_empty());
    add("license", metadata.license.is_some());
    add("url", metadata.url.is_some());
    add("type", metadata.r#type.is_some());
    add("version", found.version.is_some());
    add("requires MediaWiki", found.requires.mediawiki.is_some());
    add("requires extensions", !found.requires.extensions.is_empty());
    add(
        "requires skins or platform",
        !found.requires.skins.is_empty() || !found.requires.platform.is_empty(),
    );
    for language in languages {
        add(&format!("description in {language}"), found.descriptions.contains_key(language));
        add(&format!("title in {language}"), found.titles.contains_key(language));
    }
}

/// Real manifests and messages, which are no part of the project. `cargo xtask test` leaves this module
/// out by its name, and says so, where they are not beside it.
mod real_metadata {
    use super::*;

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/metadata")
    }

    #[test]
    fn real_manifests_say_what_they_say() {
        let root = root();
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        let mut without: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        for repository in entries(&root).iter().flat_map(|kind| entries(kind)) {
            let kind = name(repository.parent().unwrap());
            let id = format!("{kind}/{}", name(&repository));
            let mut branches = Branches::new(&id);
            for folder in entries(&repository) {
                let (manifests, messages) = real(&folder);
                for manifest in &manifests {
                    let place = format!("{id} {} {}", name(&folder), manifest.0);
                    let fields = serde_json::from_str(&manifest.1).unwrap();
                    let found = branches.read(&branch(manifest, &messages));
                    let expected = Expected { fields, messages: messages.clone() };
                    check(&found, &expected, &place);
                    if found.metadata.description.is_none() {
                        let reason = match &expected {
                            e if e.field("descriptionmsg").is_none() => "names no message",
                            e if e.messages.is_empty() => "no messages beside the manifest",
                            _ => "messages of another manifest only",
                        };
                        without.entry(reason).or_default().push(place);
                    }
                    count(&mut counts, &found);
                }
            }
        }
        println!("{counts:#?}");
        for (reason, places) in &without {
            println!(
                "no description, {reason}: {} {:?}",
                places.len(),
                &places[..places.len().min(5)]
            );
        }
        assert_eq!(without.get("names no message"), None);
        assert!(counts["manifests"] > 100 && counts["description in he"] > 50, "{counts:?}");
    }

    /// By hand, what real texts with markup come to.
    #[test]
    fn real_descriptions_read_well() {
        let root = root();
        for (branch, language, expected) in [
            (
                "extensions/Cite/REL1_31",
                "en",
                "Adds <ref[ name=id]> and <references/> tags, for citations",
            ),
            (
                "extensions/Cite/REL1_31",
                "he",
                "הוספת תגי <ref[ name=id]> ו־<references/> עבור הערות שוליים",
            ),
            ("extensions/Cite/master", "en", "Adds <ref> and <references> tags for citations"),
            (
                "extensions/Collection/master",
                "de",
                "Erweitert das Wiki um eine Spezialseite zum Erstellen von Büchern",
            ),
            (
                "extensions/Gadgets/master",
                "en",
                "Lets users select custom CSS and JavaScript gadgets in their preferences",
            ),
            (
                "extensions/Gadgets/master",
                "zh-hant",
                "讓使用者可以於偏好設定自訂 CSS 與 JavaScript 小工具",
            ),
            ("extensions/Math/master", "he", "הצגת נוסחאות מתמטיות בין תגי <math> ... </math>"),
            ("extensions/Translate/master", "zh-hans", "翻译MediaWiki及其他内容的特殊页面"),
            ("extensions/Wikibase/master", "en", "Structured data repository"),
            (
                "skins/Vector/master",
                "en",
                "Provides 2 Vector skins:\n* 2011 - The Modern version of MonoBook with fresh look and \
             many usability improvements.\n* 2022 - The Vector built as part of the WMF Desktop \
             Improvements project.",
            ),
        ] {
            let (manifests, messages) = real(&root.join(branch));
            let (id, _) = branch.rsplit_once('/').unwrap();
            let mut files = self::branch(&manifests[0], &messages);
            files.extend(manifests);
            let found = Branches::new(id).read(&files);
            let text = found.descriptions.get(language).map(String::as_str);
            assert_eq!(text, Some(expected), "{branch} {language}");
        }
    }
}
