use http::HeaderMap;
use serde_json::{Value, json};
use tardist_contract::document::WITHOUT_VENDOR;

use super::*;
use crate::query::distributed::Distributed;

const ATTACK: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";

fn rendered(document: Value) -> String {
    rendered_at("/extensions/Sample", document)
}

fn rendered_at(uri: &str, document: Value) -> String {
    rendered_with(uri, document, &[("Other", "The Other")])
}

/// The page of a repository that requires these extensions, each with the name in its manifest.
fn rendered_with(uri: &str, document: Value, requires: &[(&str, &str)]) -> String {
    let visit = Visit::of_any(&uri.parse().unwrap(), &HeaderMap::new());
    let released = |name: &str| Distributed {
        name: name.parse().unwrap(),
        is_released: name.starts_with("REL"),
    };
    let requires = requires.iter().map(|(name, manifest)| {
        (Kind::Extensions, name.parse().unwrap(), Some((*manifest).to_owned()))
    });
    let found = RepositoryPage {
        generated_at: 1,
        branches: ["master", "REL1_45", "REL1_43", "REL1_39"].map(released).to_vec().into(),
        document: serde_json::from_value(document).unwrap(),
        requires: requires.collect(),
        required_by: vec![(Kind::Skins, "Needy".parse().unwrap())],
        required_by_count: 3,
    };
    page(&visit, &found).into_string()
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
        "source_url": "https://github.com/o/Sample.git",
        "composer": "mediawiki/sample",
        "manifest_name": "Sample",
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
            "url": format!("https://d.example/dist/extensions/{file}"),
            "size": 5_132_477,
            "sha256": "0".repeat(64),
        },
    })
}

#[test]
fn an_incomplete_tarball_says_so_at_the_button_and_in_its_row() {
    let mut document = sample();
    let mark = "<strong><a href=\"#problems\">incomplete</a></strong>";
    let sentence = "This tarball is incomplete. <a href=\"#problems\">";
    let page = rendered(document.clone());
    assert_eq!((page.matches(mark).count(), page.contains(sentence)), (2, true), "{page}");
    assert!(page.contains("<details open>") && page.contains("Something is missing"));
    for branch in document["branches"].as_object_mut().unwrap().values_mut() {
        branch["complete"] = json!(true);
    }
    let page = rendered(document);
    assert!(
        !page.contains(mark) && !page.contains(sentence) && !page.contains("Something is missing")
    );
    assert!(page.contains("<details><summary>1 problem</summary>"));
}

#[test]
fn a_problem_of_several_branches_is_one_line_with_their_names() {
    let page = rendered(sample());
    let line = "a submodule is missing</span> <span class=\"size\">(<bdi>REL1_45</bdi>, <bdi>master</bdi>)";
    assert_eq!(page.matches("a submodule is missing").count(), 1);
    assert!(page.contains(line), "{page}");
}

#[test]
fn a_page_shows_all_that_the_document_says() {
    let page = rendered(sample());
    for text in [
        "<h1>Sample</h1>",
        "<p class=\"title\"><bdi>Sample title</bdi></p>",
        "<p class=\"description\" lang=\"en\" dir=\"ltr\">What it is.\nAnd more.</p>",
        "<meta name=\"description\" content=\"What it is.\">",
        "<bdi>Ada</bdi>, <bdi>and others</bdi>",
        "<bdi>MIT</bdi>",
        "href=\"https://example.org/wiki/Sample\" rel=\"noreferrer nofollow\"",
        "href=\"https://github.com/o/Sample.git\" rel=\"noreferrer nofollow\"",
        "href=\"/info/extensions/Sample\"",
        "href=\"/extensions/Sample/feed.atom\"",
        "<a href=\"/extensions?group=other\"><bdi>Other</bdi></a>",
        "<code dir=\"ltr\">mediawiki/sample</code>",
        "<a href=\"/skins/Needy\">Needy</a> and 2 more",
        "class=\"button\" href=\"https://d.example/dist/extensions/Sample-REL1_45-1234567.tar.gz\"",
        "<a href=\"https://d.example/dist/extensions/Sample-master-1234567.tar.gz\"",
        "MediaWiki <bdi dir=\"ltr\">&gt;= 1.45.0</bdi>",
        "PHP <bdi dir=\"ltr\">&gt;= 8.1</bdi>",
        "<bdi>ext-curl</bdi>",
        "<time datetime=\"2026-08-06T09:30:00Z\">2026-08-06</time>",
        "<a href=\"https://github.com/o/Sample/commit/1234567890",
        ">1234567</code>",
        "5.1 MB",
        "0000  Sample-REL1_45-1234567.tar.gz\n",
        "<th scope=\"row\" role=\"rowheader\"><bdi>master</bdi></th>",
    ] {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
    let place = |text: &str| page.find(text).unwrap();
    assert!(place("<bdi>REL1_45</bdi>") < place("<bdi>master</bdi></th>"), "development last");
}

#[test]
fn requirements_lead_to_those_that_are_here_and_say_which_are_not() {
    let mut document = sample();
    document["branches"]["master"]["requires"]["extensions"] =
        json!({"TheOther": "*", "the other": ">= 2"});
    let page = rendered(document);
    for text in [
        "extension <a href=\"/extensions/Other\"><bdi>Other</bdi></a>",
        "extension <a href=\"/extensions/Other\"><bdi>the other</bdi></a> <bdi dir=\"ltr\">&gt;= 2</bdi>",
        "extension <bdi>TheOther</bdi> (not available here)",
        "skin <bdi>Vector</bdi> (not available here) <bdi dir=\"ltr\">&gt;= 1</bdi>",
    ] {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
}

/// What the page says of the requirement of `Page Forms`, where these repositories may be meant.
fn page_forms(requires: &[(&str, &str)]) -> String {
    let mut document = sample();
    document["branches"]["REL1_45"]["requires"]["extensions"] = json!({"Page Forms": "*"});
    let page = rendered_with("/extensions/Sample", document, requires);
    let rest = page.split("<bdi>Page Forms</bdi>").collect::<Vec<_>>();
    assert_eq!(rest.len(), 2, "{page}");
    let before = rest[0].rsplit("<li>").next().unwrap();
    format!("{before}|{}", rest[1].split("</li>").next().unwrap())
}

#[test]
fn a_copied_manifest_does_not_take_the_link_of_a_requirement() {
    let link = "extension <a href=\"/extensions/PageForms\">|</a> ";
    let victim = ("PageForms", "Page Forms");
    assert_eq!(page_forms(&[victim]), link);
    assert_eq!(page_forms(&[("AEvil", "Page Forms"), victim]), link);
    assert_eq!(page_forms(&[victim, ("ZEvil", "page_forms")]), link);
    let renamed = ("PageForms", "Forms");
    assert_eq!(page_forms(&[("AEvil", "Page Forms"), renamed]), link, "older branches say it");
}

#[test]
fn a_requirement_of_several_has_no_link_and_is_not_said_to_be_missing() {
    for [one, other] in [["AEvil", "Other"], ["PageForms", "Page-Forms"]] {
        let found = page_forms(&[(one, "Page Forms"), (other, "Page Forms")]);
        assert_eq!(found, "extension | ", "{one} {other}");
    }
}

#[test]
fn the_chosen_mediawiki_decides_about_button_commands_and_row() {
    let page = rendered_at("/extensions/Sample?branch=REL1_39", {
        let mut document = sample();
        document["branches"]["REL1_39"] = branch("Sample-REL1_39-1234567.tar.gz");
        document
    });
    for text in [
        "href=\"https://d.example/dist/extensions/Sample-REL1_39-1234567.tar.gz\">Download for MediaWiki 1.39 ",
        "curl -fLO https://d.example/dist/extensions/Sample-REL1_39-1234567.tar.gz\necho &quot;0000",
        "0  Sample-REL1_39-1234567.tar.gz&quot; | sha256sum -c &amp;&amp;\n    tar -xzf Sample-REL1_39-1234567.tar.gz -C extensions<",
        "wfLoadExtension( 'Sample' );",
        "<code>php maintenance/update.php</code>",
        "<tr class=\"chosen\" role=\"row\"><th scope=\"row\" role=\"rowheader\"><bdi>REL1_39</bdi>",
        "href=\"/extensions/Other?branch=REL1_39\"",
        "feed.atom?branch=REL1_39\"",
    ] {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
    assert!(rendered(sample()).contains("<code>php maintenance/run.php update</code>"));
}

#[test]
fn nothing_is_offered_for_a_mediawiki_that_the_repository_lacks() {
    let page = rendered_at("/extensions/Sample?branch=REL1_43", sample());
    assert!(page.contains("There is no tarball for MediaWiki 1.43."));
    for absent in ["class=\"button\"", "curl ", "wfLoad", "class=\"chosen\""] {
        assert!(!page.contains(absent), "{absent}");
    }
    let unknown = rendered_at("/extensions/Sample?branch=REL1_20", sample());
    assert!(
        unknown.contains("No branch <bdi>REL1_20</bdi>")
            && unknown.contains("Download for MediaWiki 1.45")
    );
    let mut released = sample();
    released["branches"].as_object_mut().unwrap().remove("master");
    let page = rendered_at("/extensions/Sample?branch=master", released);
    assert!(page.contains("There is no tarball of the branch master."));
}

#[test]
fn commands_do_not_download_from_an_address_that_is_not_known() {
    let mut document = sample();
    document["kind"] = json!("skins");
    document["branches"]["REL1_45"]["tarball"]["url"] = json!("/dist/skins/x.tar.gz");
    let page = rendered(document);
    assert!(!page.contains("curl ") && page.contains("With the downloaded file"));
    assert!(page.contains("wfLoadSkin( 'Sample' );") && page.contains(" -C skins<"));
}

#[test]
fn composer_is_asked_for_only_where_its_libraries_are_missing() {
    let mut document = sample();
    assert!(!rendered(document.clone()).contains("composer install"));
    document["branches"]["REL1_45"]["problems"] = json!([WITHOUT_VENDOR]);
    let page = rendered(document.clone());
    assert!(page.contains("composer install --no-dev --working-dir=extensions/Sample"));
    document["default_branch"] = json!("master");
    assert!(!rendered(document).contains("composer install"), "another branch");
}

#[test]
fn a_german_reader_gets_a_german_page_with_the_description_as_it_is() {
    let page = rendered_at("/extensions/Sample?lang=de", sample());
    assert!(
        page.contains("<html lang=\"de\"") && page.contains("Herunterladen für MediaWiki 1.45")
    );
    assert!(page.contains("lang=\"en\" dir=\"ltr\">What it is.") && page.contains("5,1 MB"));
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
    assert!(page.contains("<p class=\"title\"><bdi>\u{202e}elpmas</bdi></p>"));
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
    for absent in
        ["<dt>Licence", "<dt>Authors", "<dt>Home page", "id=\"problems\"", "null", "<p></p>"]
    {
        assert!(!page.contains(absent), "{absent} is in:\n{page}");
    }
    assert!(page.contains("<span class=\"hidden\">none</span>"));
}
