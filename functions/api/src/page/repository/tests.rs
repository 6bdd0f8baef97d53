use serde_json::{Value, json};

use super::*;

const ATTACK: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";

fn rendered(document: Value) -> String {
    page(&serde_json::from_value(document).unwrap()).into_string()
}

fn sample() -> Value {
    json!({
        "kind": "extensions",
        "name": "Sample",
        "title": "Sample title",
        "description": "What it is.\nAnd more.",
        "description_language": "en",
        "authors": ["Ada", "..."],
        "license": "MIT",
        "url": "https://example.org/wiki/Sample",
        "type": "other",
        "source_url": "https://example.org/Sample.git",
        "default_branch": "REL1_45",
        "branches": {
            "master": branch("Sample-master-1234567.tar.gz"),
            "REL1_45": branch("Sample-REL1_45-1234567.tar.gz"),
        },
    })
}

fn branch(file: &str) -> Value {
    json!({
        "commit": "1234567890".repeat(4),
        "committed_at": "2026-08-06T09:30:00Z",
        "version": "1.2",
        "requires": {
            "MediaWiki": ">= 1.45.0",
            "extensions": {"Other": "*"},
            "skins": {"Vector": ">= 1"},
            "platform": {"php": ">= 8.1", "ext-curl": "*"},
        },
        "metadata": {"authors": []},
        "problems": ["a submodule is missing"],
        "complete": false,
        "tarball": {
            "file": file,
            "url": format!("/dist/extensions/{file}"),
            "size": 5_132_477,
            "sha256": "0".repeat(64),
        },
    })
}

#[test]
fn an_incomplete_tarball_is_named() {
    let mut document = sample();
    let (mark, sentence) = ("<strong>incomplete</strong>", "Something is missing");
    let page = rendered(document.clone());
    assert_eq!((page.matches(mark).count(), page.contains(sentence)), (2, true));
    for branch in document["branches"].as_object_mut().unwrap().values_mut() {
        branch["complete"] = json!(true);
    }
    let page = rendered(document);
    assert!(!page.contains(mark) && !page.contains(sentence));
}

#[test]
fn a_page_shows_all_that_the_document_says() {
    let page = rendered(sample());
    for text in [
        "<h1>Sample</h1>",
        "Sample title",
        "<p class=\"description\" lang=\"en\" dir=\"ltr\">What it is.\nAnd more.</p>",
        "<bdi>Ada</bdi>, <bdi>and others</bdi>",
        "<bdi>MIT</bdi>",
        "href=\"https://example.org/wiki/Sample\" rel=\"noreferrer nofollow\"",
        "href=\"https://example.org/Sample.git\" rel=\"noreferrer nofollow\"",
        "href=\"/info/extensions/Sample\"",
        "class=\"button\" href=\"/dist/extensions/Sample-REL1_45-1234567.tar.gz\"",
        "<a href=\"/dist/extensions/Sample-master-1234567.tar.gz\">",
        "MediaWiki <bdi>&gt;= 1.45.0</bdi>",
        "extension <bdi>Other</bdi>",
        "skin <bdi>Vector</bdi> <bdi>&gt;= 1</bdi>",
        "PHP <bdi>&gt;= 8.1</bdi>",
        "<bdi>ext-curl</bdi>",
        "<time datetime=\"2026-08-06T09:30:00Z\">2026-08-06</time>",
        "5.1 MB",
        "a submodule is missing",
        "0000  Sample-REL1_45-1234567.tar.gz\n",
        "<th scope=\"row\" role=\"rowheader\">master</th>",
    ] {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
    let place = |text: &str| page.find(text).unwrap();
    assert!(place(">master</th>") < place(">REL1_45</th>"), "newest first");
}

#[test]
fn what_a_repository_says_is_text_and_never_markup() {
    let mut document = sample();
    for key in ["title", "description", "license", "url", "type", "source_url"] {
        document[key] = json!(ATTACK);
    }
    document["description_language"] = json!("x\" onclick=\"alert(1)");
    document["authors"] = json!([ATTACK, ATTACK]);
    let master = &mut document["branches"]["master"];
    for key in ["committed_at", "version"] {
        master[key] = json!(ATTACK);
    }
    master["requires"] = json!({
        "MediaWiki": ATTACK,
        "extensions": {ATTACK: ATTACK},
        "skins": {ATTACK: ATTACK},
        "platform": {ATTACK: ATTACK},
    });
    master["problems"] = json!([ATTACK]);
    master["tarball"] = json!({"file": "x.tar.gz", "url": ATTACK, "size": 1, "sha256": ATTACK});
    let page = rendered(document);
    assert!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() > 15);
    for markup in ["<script", "<img", "'><", "\"'", "lang=\"x\" onclick"] {
        assert!(!page.contains(markup), "{markup} is in:\n{page}");
    }
}

#[test]
fn urls_that_run_something_are_text() {
    for url in ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//example.org"] {
        let mut document = sample();
        document["url"] = json!(url);
        document["source_url"] = json!(url);
        for branch in ["master", "REL1_45"] {
            document["branches"][branch]["tarball"]["url"] = json!(url);
        }
        let page = rendered(document);
        assert!(!page.contains(&format!("href=\"{url}")), "{url}");
        assert!(page.contains(&format!("<bdi>{url}</bdi>")), "{url}");
    }
}

#[test]
fn text_of_another_direction_stays_where_it_is() {
    let mut document = sample();
    document["title"] = json!("\u{202e}elpmas");
    document["description"] = json!("VisualEditor للويكي");
    document["description_language"] = json!("ar");
    document["authors"] = json!(["\u{202e}adA"]);
    let page = rendered(document);
    assert!(page.contains("lang=\"ar\" dir=\"rtl\">VisualEditor للويكي</p>"));
    assert!(page.contains("<p class=\"title\" dir=\"auto\">\u{202e}elpmas</p>"));
    assert!(page.contains("<bdi>\u{202e}adA</bdi>"));
}

#[test]
fn what_is_not_said_is_left_out() {
    let mut document = sample();
    for key in ["title", "description", "description_language", "license", "url", "type"] {
        document[key] = Value::Null;
    }
    document["authors"] = json!([]);
    for branch in ["master", "REL1_45"] {
        let branch = &mut document["branches"][branch];
        branch["version"] = Value::Null;
        branch["problems"] = json!([]);
        branch["requires"] =
            json!({"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}});
    }
    let page = rendered(document);
    for absent in ["<dt>Licence", "<dt>Authors", "<dt>Home page", "Problems", "null", "<p></p>"] {
        assert!(!page.contains(absent), "{absent} is in:\n{page}");
    }
    assert!(page.contains("<span class=\"hidden\">none</span>"));
}
