//! Feeds of what was published, read as XML.

use roxmltree::{Document, Node};
use tardist_tests::{Answer, File, Site, TestEnv, json, served};

const ATOM: &str = "http://www.w3.org/2005/Atom";
const GREETING: &str = "/extensions/SampleGreeting/feed.atom";

/// One entry of a feed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    id: String,
    title: String,
    updated: String,
    page: String,
    tarball: String,
    summary: String,
}

/// The feed in an answer: its id, its time and its entries. Fails the test unless it has what RFC 4287
/// demands.
#[track_caller]
fn feed(answer: &Answer) -> (String, String, Vec<Entry>) {
    assert_eq!(answer.is(200).header("content-type"), "application/atom+xml");
    let text = answer.text();
    let document = Document::parse(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let root = document.root_element();
    assert!(root.has_tag_name((ATOM, "feed")), "{text}");
    let is_author = |node: &Node<'_, '_>| node.has_tag_name((ATOM, "author"));
    assert!(root.children().any(|node| is_author(&node)), "a feed has an author: {text}");
    let entries = root.children().filter(|node| node.has_tag_name((ATOM, "entry")));
    let entries: Vec<Entry> = entries
        .map(|entry| {
            let enclosure = element(entry, "link", Some("enclosure"));
            assert_eq!(enclosure.attribute("type"), Some("application/gzip"));
            assert!(enclosure.attribute("length").unwrap().parse::<u64>().unwrap() > 0);
            Entry {
                id: text_of(entry, "id"),
                title: text_of(entry, "title"),
                updated: text_of(entry, "updated"),
                page: link(entry, "alternate"),
                tarball: link(entry, "enclosure"),
                summary: text_of(entry, "summary"),
            }
        })
        .collect();
    let mut ids: Vec<&str> = entries.iter().map(|entry| entry.id.as_str()).collect();
    assert!(ids.iter().all(|id| id.starts_with("urn:uuid:") && id.len() == 45), "{ids:?}");
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), entries.len(), "each entry has an id of its own");
    assert!(!text_of(root, "title").is_empty());
    (text_of(root, "id"), text_of(root, "updated"), entries)
}

/// The only child of a name, and of a relation where that is given.
#[track_caller]
fn element<'a, 'b>(node: Node<'a, 'b>, name: &str, rel: Option<&str>) -> Node<'a, 'b> {
    let mut found = node.children().filter(|it| {
        it.has_tag_name((ATOM, name)) && (rel.is_none() || it.attribute("rel") == rel)
    });
    let first = found.next().unwrap_or_else(|| panic!("no {name} {rel:?}"));
    assert!(found.next().is_none(), "{name} {rel:?} twice");
    first
}

#[track_caller]
fn text_of(node: Node<'_, '_>, name: &str) -> String {
    element(node, name, None).text().unwrap_or_default().to_owned()
}

#[track_caller]
fn link(node: Node<'_, '_>, rel: &str) -> String {
    element(node, "link", Some(rel)).attribute("href").unwrap().to_owned()
}

fn get(site: &Site, path: &str) -> Vec<Entry> {
    feed(&site.get(path)).2
}

#[test]
fn a_feed_has_the_tarballs_of_all_or_of_one_and_of_all_branches_or_of_one() {
    let (_env, site) = served();
    let all = get(&site, "/feed.atom");
    assert_eq!(all.len(), 32);
    let greeting = get(&site, GREETING);
    assert_eq!(greeting.len(), 5);
    assert!(greeting.iter().all(|entry| all.contains(entry)), "{greeting:?}");
    let info = site.get("/info/extensions/SampleGreeting").json();
    let one = get(&site, &format!("{GREETING}?branch=REL1_45"));
    let [entry] = one.as_slice() else { panic!("{one:?}") };
    let branch = &info["branches"]["REL1_45"];
    assert_eq!(branch["tarball"]["url"], entry.tarball.as_str());
    assert_eq!(branch["published_at"], entry.updated.as_str());
    assert_eq!(entry.page, "/extensions/SampleGreeting");
    let commit = branch["commit"].as_str().unwrap();
    assert_eq!(entry.title, format!("SampleGreeting 1.2.0 (REL1_45, {})", &commit[..7]));
    for part in ["Version 1.2.0", "branch REL1_45", commit, "The tarball is complete."] {
        assert!(entry.summary.contains(part), "{part}: {entry:?}");
    }
    site.get(&entry.tarball).is(200);
    let masters = get(&site, "/feed.atom?branch=master");
    assert_eq!(masters.len(), 8);
    assert!(masters.iter().all(|entry| entry.title.contains("(master, ")), "{masters:?}");
}

#[test]
fn what_is_new_comes_first_and_what_was_there_keeps_its_id() {
    let (env, site) = served();
    let before = feed(&site.get("/feed.atom"));
    let old = feed(&site.get(GREETING));
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    env.commit("extensions/SampleGreeting", "REL1_44", &[("new", File::text("new"))]);
    env.sync(&[]).exits(0);
    site.catch_up();
    let after = feed(&site.get("/feed.atom"));
    assert_eq!(after.0, before.0, "the id of the feed");
    assert!(after.1 > before.1, "{} {}", after.1, before.1);
    assert!(after.2[0].title.contains("(REL1_44, "), "{:?}", after.2[0]);
    assert_eq!(after.2[0].updated, after.1);
    assert_eq!(after.2.len(), 32);
    let kept: Vec<&Entry> = after.2[1..].iter().filter(|it| before.2.contains(it)).collect();
    assert_eq!(kept.len(), 31);
    assert_eq!(feed(&site.get(GREETING)).0, old.0);
}

#[test]
fn an_unchanged_feed_keeps_its_tag_through_a_cycle_that_changes_others() {
    let (env, site) = served();
    for path in ["/feed.atom", GREETING, "/feed.atom?branch=REL1_45"] {
        crate::answers::is_conditional(&site, path);
    }
    let tag = |path: &str| site.get(path).is(200).header("etag").to_owned();
    let other = "/skins/SamplePaper/feed.atom";
    let (greeting, paper) = (tag(GREETING), tag(other));
    env.commit("skins/SamplePaper", "master", &[]);
    env.sync(&[]).exits(0);
    site.catch_up();
    assert_eq!(tag(GREETING), greeting);
    assert_ne!(tag(other), paper);
}

#[test]
fn a_branch_that_is_not_there_is_an_empty_feed_and_a_malformed_one_a_problem() {
    let (_env, site) = served();
    for path in ["/feed.atom?branch=REL9_99", &format!("{GREETING}?branch=REL9_99")] {
        let (_, updated, entries) = feed(&site.get(path));
        assert_eq!((updated.as_str(), entries.len()), ("2005-12-01T00:00:00Z", 0), "{path}");
    }
    for wrong in ["", "a..b", "%27%20OR%201=1--", "master&branch=master"] {
        for path in ["/feed.atom", GREETING] {
            let detail = site.get(&format!("{path}?branch={wrong}")).problem(400);
            assert!(detail.contains("`branch`"), "{detail}");
        }
    }
    for path in
        ["/extensions/Nothing/feed.atom", "/themes/SamplePaper/feed.atom", "/skins/feed.atom/x"]
    {
        site.get(path).problem(404);
    }
    let empty = TestEnv::empty().serve(&[]);
    empty.get("/feed.atom").problem(503);
    empty.get(GREETING).problem(503);
}

#[test]
fn urls_are_absolute_where_the_builder_knows_the_public_url() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", "https://tarballs.example.org/x/"]).exits(0);
    let site = env.serve(&[]);
    let (_, _, entries) = feed(&site.get(GREETING));
    for entry in &entries {
        assert_eq!(entry.page, "https://tarballs.example.org/x/extensions/SampleGreeting");
        assert!(entry.tarball.starts_with("https://tarballs.example.org/x/dist/"), "{entry:?}");
    }
    let text = site.get(&format!("{GREETING}?branch=master")).text();
    let itself =
        "href=\"https://tarballs.example.org/x/extensions/SampleGreeting/feed.atom?branch=master\"";
    assert!(text.contains(itself), "{text}");
    // A tarball has the same id wherever it is.
    let ids = |entries: &[Entry]| entries.iter().map(|it| it.id.clone()).collect::<Vec<_>>();
    let (_other, elsewhere) = served();
    assert_eq!(ids(&get(&elsewhere, GREETING)), ids(&entries));
}

#[test]
fn hostile_texts_in_a_manifest_are_texts_in_a_feed() {
    let env = TestEnv::sample();
    let attack =
        "]]></title></entry><script xmlns=\"x\">alert(1)</script>&x;&#0;\u{1}\u{b}\u{7f}\u{fffe}";
    let manifest = json!({
        "name": attack, "version": attack, "author": [attack, " "], "manifest_version": 2,
    });
    let files = [("extension.json", File::text(manifest.to_string()))];
    env.commit("extensions/SampleGreeting", "master", &files);
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    for path in ["/feed.atom", GREETING] {
        let answer = site.get(path);
        assert!(!feed(&answer).2.is_empty());
        assert!(!answer.text().contains("<script"), "{}", answer.text());
    }
}
