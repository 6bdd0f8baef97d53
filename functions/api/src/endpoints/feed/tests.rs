use http::{HeaderMap, Method};
use roxmltree::{Document, Node};
use tardist_contract::schema::USER_VERSION;

use super::*;
use crate::query::testing::{Db, snapshot, wait};

/// Text that does harm where it is not escaped, and that no XML can have.
const HOSTILE: &str = "]]></title><script>alert(\"1\")</script>&\u{0}\u{b}\u{1f}\u{fffe} &amp; 'x'";

fn request(path: &str) -> Request {
    Request::new(Method::GET, &path.parse().unwrap(), HeaderMap::new()).unwrap()
}

/// The feed of a snapshot with these tarballs: (branch, published at, version) of `extensions/Alpha`.
fn text(public_url: &str, query: &str, branches: &[(&str, i64, Option<&str>)]) -> String {
    let newest = Newest {
        public_url: public_url.to_owned(),
        modified_at: 7,
        entries: branches
            .iter()
            .map(|(branch, at, version)| entry_of(branch, *at, *version))
            .collect(),
    };
    let branch = request(&format!("/?{query}")).branch().unwrap();
    let name: RepoName = "Alpha".parse().unwrap();
    feed(Some((Kind::Extensions, &name)), branch.as_ref(), &newest)
}

fn entry_of(branch: &str, at: i64, version: Option<&str>) -> Entry {
    let commit = format!("{at:040x}");
    let document = serde_json::json!({
        "kind": "extensions", "name": "Alpha", "branch": branch,
        "authors": ["Ada", "...", " ", HOSTILE],
        "of": {
            "commit": commit, "committed_at": "2026-01-01T00:00:00Z",
            "published_at": crate::http::date::rfc3339(at), "version": version,
            "requires": {"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}},
            "metadata": {"title": null, "description": null, "authors": [], "license": null, "url": null, "type": null},
            "problems": [], "complete": at % 2 == 0,
            "tarball": {
                "file": format!("Alpha-{branch}-{}.tar.gz", &commit[..7]).replace('/', "~"),
                "url": "/dist/x?a&b", "size": 5, "sha256": "5",
            },
        },
    });
    serde_json::from_value(document).unwrap()
}

fn texts<'a>(node: Node<'a, 'a>, name: &str) -> Vec<&'a str> {
    let named = node.children().filter(|it| it.has_tag_name(("http://www.w3.org/2005/Atom", name)));
    named.map(|it| it.text().unwrap_or_default()).collect()
}

fn link<'a>(node: Node<'a, 'a>, rel: &str) -> &'a str {
    node.children().find(|it| it.attribute("rel") == Some(rel)).unwrap().attribute("href").unwrap()
}

#[test]
fn a_feed_has_what_rfc_4287_demands() {
    let text = text("", "", &[("master", 1_000, Some("1.0")), ("REL1_45", 500, None)]);
    let document = Document::parse(&text).unwrap();
    let feed = document.root_element();
    assert!(feed.has_tag_name(("http://www.w3.org/2005/Atom", "feed")));
    assert_eq!(texts(feed, "title"), ["New tarballs of Alpha"]);
    assert_eq!(texts(feed, "updated"), ["1970-01-01T00:16:40Z"]);
    assert_eq!(link(feed, "self"), "/extensions/Alpha/feed.atom");
    assert_eq!(link(feed, "alternate"), "/extensions/Alpha");
    let entries: Vec<Node<'_, '_>> =
        feed.children().filter(|it| it.tag_name().name() == "entry").collect();
    assert_eq!(entries.len(), 2);
    let mut ids = texts(feed, "id");
    for entry in &entries {
        for name in ["id", "title", "updated", "published", "summary"] {
            assert_eq!(texts(*entry, name).len(), 1, "{name}");
        }
        ids.extend(texts(*entry, "id"));
        assert_eq!(link(*entry, "enclosure"), "/dist/x?a&b");
        assert_eq!(link(*entry, "alternate"), "/extensions/Alpha");
    }
    for id in &ids {
        assert!(id.len() == 45 && id.starts_with("urn:uuid:") && &id[23..24] == "8", "{id}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 3, "each has an id of its own");
    assert_eq!(texts(entries[0], "title"), ["Alpha 1.0 (master, 0000000)"]);
    assert!(texts(entries[0], "summary")[0].ends_with("The tarball is complete."));
    assert_eq!(texts(entries[1], "title"), ["Alpha (REL1_45, 0000000)"]);
    assert!(texts(entries[1], "summary")[0].starts_with("No version is given, branch REL1_45"));
}

#[test]
fn an_incomplete_tarball_is_called_so() {
    let text = text("", "", &[("master", 1, None)]);
    assert!(text.contains("is missing from it.</summary>"), "{text}");
}

#[test]
fn ids_do_not_depend_on_what_else_is_in_the_feed_and_those_of_entries_not_on_the_host() {
    let ids = |public_url: &str, branches: &[_]| {
        let text = text(public_url, "", branches);
        let document = Document::parse(&text).unwrap();
        let all = document.descendants().filter(|it| it.tag_name().name() == "id");
        all.map(|it| it.text().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let (one, other) = (("master", 9, None), ("REL1_45", 8, None));
    let both = ids("https://a.example", &[one, other]);
    assert_eq!(both[..2], ids("https://a.example", &[one]));
    let elsewhere = ids("https://b.example", &[one, other]);
    assert_eq!(both[1..], elsewhere[1..]);
    assert_ne!(both[0], elsewhere[0], "another service has another feed");
}

#[test]
fn urls_are_absolute_where_the_public_url_is_known() {
    let text = text("https://a.example/x", "branch=C%2B", &[("master", 2, None)]);
    let document = Document::parse(&text).unwrap();
    let feed = document.root_element();
    let all = "https://a.example/x/extensions/Alpha";
    assert_eq!(link(feed, "self"), format!("{all}/feed.atom?branch=C%2B"));
    let entry = feed.children().find(|it| it.tag_name().name() == "entry").unwrap();
    assert_eq!(link(entry, "alternate"), all);
}

#[test]
fn a_feed_without_entries_is_valid_and_never_changes() {
    let text = text("", "branch=REL1_99", &[]);
    let document = Document::parse(&text).unwrap();
    let feed = document.root_element();
    assert_eq!(texts(feed, "updated"), [NEVER]);
    assert_eq!(texts(feed, "author").len(), 1);
    assert_eq!(link(feed, "self"), "/extensions/Alpha/feed.atom?branch=REL1_99");
}

#[test]
fn hostile_texts_are_texts() {
    let text = text("https://h.example/\"<", "", &[("master", 2, Some(HOSTILE))]);
    let document = Document::parse(&text).unwrap();
    let names: Vec<&str> = document.descendants().map(|it| it.tag_name().name()).collect();
    assert!(!names.contains(&"script"), "{text}");
    let shown = "]]></title><script>alert(\"1\")</script>& &amp; 'x'";
    let authors = document.descendants().filter(|it| it.tag_name().name() == "name");
    let authors: Vec<&str> = authors.map(|it| it.text().unwrap()).collect();
    assert_eq!(authors, ["tardist", "Ada", shown]);
    assert!(text.chars().all(|character| character == '\n' || !character.is_control()));
}

#[test]
fn a_malformed_branch_is_an_error_and_an_unknown_repository_is_not_found() {
    let db = || Db(snapshot(USER_VERSION));
    let status = |path: &str, of| match wait(get(&request(path), of, &db())) {
        Ok(response) => response.status.as_u16(),
        Err(error) => error.status().as_u16(),
    };
    let (alpha, nothing) = ("Alpha".parse().unwrap(), "Nothing".parse().unwrap());
    let of = |name| Some((Kind::Extensions, name));
    assert_eq!(status("/feed.atom", None), 200);
    assert_eq!(status("/feed.atom?branch=a..b", None), 400);
    assert_eq!(status("/feed.atom", of(&alpha)), 200);
    assert_eq!(status("/feed.atom?branch=REL1_99", of(&alpha)), 200);
    assert_eq!(status("/feed.atom", of(&nothing)), 404);
}
