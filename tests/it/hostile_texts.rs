//! Bad texts in everything that a repository says of itself, and what the public gets to see of them.
//!
//! Whatever is in manifests, messages and commits: each path answers as the OpenAPI document says, feeds and
//! site maps are XML, and pages have no control characters. So no repository takes an answer from others.
//!
//! How each kind of content fails or is published by itself is in `hostile_repositories`.

use fastrand::Rng;
use tardist_tests::{Document, File, PUBLIC_URL, Site, TestEnv, Time, json};

/// How many repositories there are.
const REPOSITORIES: usize = 100;

/// JSON values as text: some are no values of `serde_json`.
const VALUES: [&str; 46] = [
    // Of every type.
    "null",
    "true",
    "0",
    "-1",
    "1.0",
    "1.10",
    "1e308",
    "18446744073709551616",
    "[]",
    "{}",
    "[[[]]]",
    r#"[null, 1, "a", ["b"]]"#,
    r#"{"a": {"b": "c"}}"#,
    r#"{"MediaWiki": ">= 1.45", "extensions": {"N1": "*", "N2": "^9"}, "platform": {"php": "8"}}"#,
    r#"{"extensions": ["N1"], "skins": {"": "", "../N3": "*"}, "platform": {"php": 8}}"#,
    // Empty, or almost empty.
    r#""""#,
    r#"" ""#,
    r#""\n""#,
    r#""\n\nsecond line""#,
    r#""a\r\nb\tc""#,
    r#""-""#,
    // Characters that XML, JSON, HTML, HTTP or SQLite have trouble with.
    r#""\u0000""#,
    r#""a\u0000b""#,
    r#""\u0001\u0008\u000b\u001f""#,
    r#""\u007f\u0080\u0085\u009f""#,
    r#""\ufffe\uffff""#,
    r#""\ufdd0 \ufffd""#,
    r#""\ud83d\ude00 \ud83d""#,
    r#""\ud800""#,
    r#""\u2028\u2029\ufeff""#,
    r#""\u202e\u2066 right to left""#,
    r#""e\u0301\u0301\u0301\u0301\u0301\u0301\u0301\u0301""#,
    r#""İıſẞ Ǆ ﬃ""#,
    r#""]]><!--</script></style></textarea><svg onload=x>""#,
    r#""&lt;&#0;&#xfffe;&nosuch;""#,
    r#""'; DROP TABLE repository; --""#,
    r#""%00%ff%2e%2e%2f""#,
    // What looks like something else.
    r#""javascript:alert(1)""#,
    r#""https://example.org/ \" onclick=x""#,
    r#""http://[::1""#,
    r#""//example.org\\@a""#,
    r#""{{GENDER:$1|a|b}} {{PLURAL:9999999999999|x}} [[$1|$2]] '''b''' <nowiki>""#,
    r#""media""#,
    r#""N1""#,
    r#""REL1_45""#,
    // Filled in below.
    "LONG",
];

const FIELDS: [&str; 10] = [
    "name",
    "namemsg",
    "description",
    "descriptionmsg",
    "author",
    "license-name",
    "url",
    "type",
    "version",
    "requires",
];

const LANGUAGES: [&str; 6] = ["en", "de", "ar", "zh-hans", "sr-ec", "qqq"];

fn value(random: &mut Rng) -> String {
    match VALUES[random.usize(..VALUES.len())] {
        "LONG" => json!("ab \u{1F600}é".repeat(random.usize(..2_000))).to_string(),
        value => value.to_owned(),
    }
}

/// A JSON object with some of these keys.
fn object(random: &mut Rng, keys: &[&str]) -> String {
    let mut fields = Vec::new();
    for key in keys {
        if random.u8(..) < 180 {
            fields.push(format!("\"{key}\": {}", value(random)));
        }
    }
    format!("{{{}}}", fields.join(", "))
}

/// The files of a repository.
fn files(random: &mut Rng, kind: &str) -> Vec<(String, File)> {
    let manifest = if kind == "skins" { "skin.json" } else { "extension.json" };
    let mut text = object(random, &FIELDS);
    // Most have messages, and refer to them.
    let more = r#""manifest_version": 2, "MessagesDirs": {"N": "i18n"}, "#;
    text.insert_str(1, if text == "{}" { r#""manifest_version": 2"# } else { more });
    if random.bool() {
        text = text.replacen('{', r#"{"namemsg": "n-name", "descriptionmsg": "n-desc", "#, 1);
    }
    let mut files = vec![
        (manifest.to_owned(), File::text(text)),
        ("composer.json".to_owned(), File::text(object(random, &["name", "type", "require"]))),
    ];
    for language in LANGUAGES {
        let messages = object(random, &["n-name", "n-desc", "@metadata"]);
        files.push((format!("i18n/{language}.json"), File::text(messages)));
    }
    files
}

/// A distribution of repositories that say all kinds of things.
fn distributed(seed: u64) -> TestEnv {
    let mut random = Rng::with_seed(seed);
    let env = TestEnv::empty();
    for number in 0..REPOSITORIES {
        let kind = if number % 4 == 0 { "skins" } else { "extensions" };
        let repository = env.repository(&format!("{kind}/N{number}"));
        for branch in ["REL1_45", "master"] {
            let files = files(&mut random, kind);
            let files: Vec<_> = files.iter().map(|(path, file)| (&**path, file.clone())).collect();
            repository.commit(branch, &files, "Add it", Time::default()).unwrap();
        }
    }
    env
}

/// The paths of all kinds of answers, for all repositories and for each.
fn paths(names: &[String]) -> Vec<String> {
    let all = [
        "/",
        "/list",
        "/list/skins?format=text",
        "/info",
        "/info?lang=*",
        "/info?lang=ar",
        "/info/extensions?branch=REL1_45",
        "/search?q=name",
        "/search?q=a&lang=de&limit=100",
        "/search?q=%F0%9F%98%80",
        "/feed.atom",
        "/sitemap.xml",
        "/updates",
        "/ExtensionJson.json",
        "/SkinJson.json",
        "/r/projects/?p=mediawiki/&b=master",
        "/extensions",
        "/extensions?sort=changed&page=2",
        "/extensions?lang=ar&branch=master",
        "/extensions?group=media",
        "/skins?lang=de",
        "/changes",
        "/api",
    ];
    let own = names.iter().flat_map(|name| {
        [
            format!("/info/{name}"),
            format!("/info/{name}?lang=*"),
            format!("/{name}"),
            format!("/{name}?lang=sr"),
            format!("/{name}/feed.atom"),
        ]
    });
    all.into_iter().map(str::to_owned).chain(own).collect()
}

/// What is wrong with the answer to a request for this path.
fn complaint(site: &Site, document: &Document, path: &str, accept: &str) -> Option<String> {
    let answer = site.request("GET", path, &[("Accept", accept)]);
    if answer.status != 200 {
        return Some(format!("{path}: {} {}", answer.status, answer.text()));
    }
    document.describes(path, &answer);
    let text = answer.text();
    let content_type = answer.header("content-type");
    if content_type.contains("xml") {
        let wrong = roxmltree::Document::parse(&text).err();
        return wrong.map(|error| format!("{path} is no XML: {error}"));
    }
    let is_wrong = |it: char| it.is_control() && !"\n\t".contains(it);
    let wrong = text.chars().find(|it| is_wrong(*it)).filter(|_| content_type.contains("html"));
    wrong.map(|it| format!("{path} has the character {it:?}"))
}

#[test]
fn whatever_repositories_say_of_themselves_everything_is_answered() {
    let env = distributed(11);
    let branches = ["--branch", "master", "--branch", "REL1_45"];
    let run = env.sync(&[&branches[..], &["--public-url", PUBLIC_URL]].concat());
    assert!([0, 3].contains(&run.code), "{}", run.text());
    let site = env.serve(&[]);
    let document = Document::of(&site);
    let infos = site.get("/info").json();
    let names: Vec<String> = ["extensions", "skins"]
        .into_iter()
        .flat_map(|kind| {
            let names = infos[kind].as_object().unwrap().keys();
            names.map(move |name| format!("{kind}/{name}"))
        })
        .collect();
    assert_eq!(names.len(), REPOSITORIES, "{}", run.text());
    let complaints: Vec<String> = paths(&names)
        .iter()
        .flat_map(|path| ["*/*", "text/html"].map(|it| complaint(&site, &document, path, it)))
        .flatten()
        .collect();
    assert!(complaints.is_empty(), "{complaints:#?}");
}
