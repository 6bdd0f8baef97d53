//! `POST /updates`: what a wiki has installed, compared with what is published.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tardist_tests::{Answer, Document, File, Site, TestEnv, Time, Value, json};

/// The files of an extension or skin with this name in its manifest, and this version.
fn files(name: &str, version: &str, page: &str, is_skin: bool) -> Vec<(&'static str, File)> {
    let mut manifest = json!({
        "name": name, "version": version, "author": "Ada Example", "url": page,
        "requires": {"MediaWiki": ">= 1.35.0"}, "manifest_version": 2,
    });
    if is_skin {
        manifest["type"] = json!("skin");
        manifest["ValidSkinNames"] =
            json!({"wikipaper": {"class": "SkinFallback", "args": [{"name": "wikipaper"}]}});
    }
    let file = if is_skin { "skin.json" } else { "extension.json" };
    vec![(file, File::text(manifest.to_string()))]
}

/// What the wiki of the tests has: the repository, the name in its manifest, and its home page.
const WIKI: [(&str, &str, &str); 5] = [
    (
        "extensions/WikiCurrent",
        "Wiki of today",
        "https://www.example.org/wiki/Extension:WikiCurrent",
    ),
    ("extensions/WikiOlder", "WikiOlder", "https://www.example.org/wiki/Extension:WikiOlder"),
    ("extensions/WikiEdited", "WikiEdited", "https://www.example.org/wiki/Extension:WikiEdited"),
    ("extensions/WikiPlain", "WikiPlain", "https://www.example.org/wiki/Extension:WikiPlain"),
    ("skins/WikiPaper", "Wiki Paper", "https://www.example.org/wiki/Skin:WikiPaper"),
];

/// A system that distributes what the wiki has, on `master` and on this release branch, synced once.
/// The same commits have the same ids each time.
pub(crate) fn distributed(branch: &str) -> TestEnv {
    let env = TestEnv::empty();
    for (id, name, page) in WIKI {
        for (branch, seconds) in [(branch, 0), ("master", 60)] {
            let files = files(name, "1.0", page, id.starts_with("skins/"));
            let time = Time::utc(Time::default().seconds + seconds);
            env.repository(id).commit(branch, &files, "Add it", time).unwrap();
        }
    }
    sync(&env, branch);
    env
}

pub(crate) fn sync(env: &TestEnv, branch: &str) {
    env.sync(&["--branch", "master", "--branch", branch]).exits(0);
}

/// A newer commit of WikiOlder.
pub(crate) fn change(env: &TestEnv, branch: &str) {
    let (id, name, page) = WIKI[1];
    let time = Time::utc(Time::default().seconds + 3_600);
    env.repository(id).commit(branch, &files(name, "1.1", page, false), "Change it", time).unwrap();
}

/// `POST` to `/updates`.
pub(crate) fn post(site: &Site, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
    site.send("POST", target, headers, body)
}

/// The statuses with the notes of the results, by the names that the wiki says.
pub(crate) fn statuses(report: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let results = report["results"].as_array().unwrap().iter();
    results
        .map(|it| {
            let notes: Vec<String> = it["notes"].as_array().unwrap().iter().map(&text).collect();
            (text(&it["installed"]["name"]), text(&it["status"]), notes.join(" "))
        })
        .collect()
}

/// What the report on the wiki of the tests has to say. Its order is that of MediaWiki.
pub(crate) fn is_right(report: &Value, branch: &str) {
    let mut all = statuses(report);
    all.sort();
    let text = |(name, status, note): &(String, String, String)| format!("{name}: {status} {note}");
    let all: Vec<String> = all.iter().map(text).collect();
    let expected = [
        "HomeMade: not-distributed ",
        "Wiki Paper: current ",
        "Wiki of today: current ",
        "WikiEdited: current The commit is the published one, but the version is not: files were \
         changed by hand.",
        "WikiOlder: outdated ",
        "WikiPlain: unknown-version The version is the published one, but the wiki does not say \
         which commit it has.",
    ];
    assert_eq!(all, expected, "{report:#}");
    assert_eq!(report["branch"], branch);
    let names: Vec<&Value> =
        report["results"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert!(names.contains(&&json!("WikiCurrent")), "by its page, its name is another: {names:?}");
}

/// Debian's MediaWiki 1.39 with the content of [`distributed`], as `real_mediawiki` saw it.
const RECORDED: &str = include_str!("recorded/siteinfo-1.39.json");

#[test]
fn a_recorded_wiki_is_told_how_each_of_its_extensions_stands() {
    let env = distributed("REL1_39");
    change(&env, "REL1_39");
    sync(&env, "REL1_39");
    let site = env.serve(&[]);
    let document = Document::of(&site);
    let answer = post(&site, "/updates", &[("Content-Type", "application/json")], RECORDED);
    let report = answer.json();
    document.describes_post("/updates", &answer);
    is_right(&report, "REL1_39");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("etag"), "");
    let older = &report["results"].as_array().unwrap().iter().find(|it| it["name"] == "WikiOlder");
    let older = older.unwrap();
    let info = site.get("/info/extensions/WikiOlder").json();
    assert_eq!(older["tarball"], info["branches"]["REL1_39"]["tarball"]);
    assert_eq!(older["commit"], info["branches"]["REL1_39"]["commit"]);
    assert_eq!((&older["version"], &older["installed"]["version"]), (&json!("1.1"), &json!("1.0")));

    let upgrade = post(&site, "/updates?target=1.46", &[], RECORDED).json();
    assert_eq!(upgrade["branch"], "REL1_46");
    let upgrade = statuses(&upgrade);
    let none = upgrade.iter().filter(|(_, status, _)| status == "no-branch");
    assert!(none.clone().all(|(.., note)| note == "There is: master, REL1_39."), "{upgrade:?}");
    assert_eq!((none.count(), upgrade.len()), (5, 6));
    let master = post(&site, "/updates?target=master", &[], RECORDED).json();
    let ahead = statuses(&master).iter().filter(|(_, status, _)| status == "outdated").count();
    assert_eq!(ahead, 4, "a release branch is older than master: {master:#}");
}

/// A wiki with the content of the sample upstream.
fn sample(version: &str, extensions: &Value) -> String {
    json!({"query": {"general": {"generator": version, "phpversion": "8.2.1"},
        "extensions": extensions, "skins": []}})
    .to_string()
}

#[test]
fn names_are_matched_as_wikis_say_them_and_nothing_is_guessed() {
    let (_env, site) = tardist_tests::served();
    let info = site.get("/info/extensions/SampleGreeting").json();
    let german = site.get("/info/extensions/SampleGreeting?lang=de").json();
    let body = sample(
        "MediaWiki 1.45.1",
        &json!([
            {"name": "SampleGreeting"},
            {"name": "samplegreeting"},
            {"name": german["title"]},
            {"name": "Anything", "url": info["url"]},
            {"name": "Anything", "vcs-url": "https://g.example/g/mediawiki/extensions/SampleGreeting/+/1"},
            {"name": "SampleGreetin"},
            {"name": "<script>alert(1)</script>", "version": "\"'<b>"},
            {"type": "skin", "name": "SamplePaper"},
            {},
        ]),
    );
    let report = post(&site, "/updates", &[], &body).json();
    let found: Vec<String> = report["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}", it["kind"].as_str().unwrap(), it["name"]))
        .collect();
    let greeting = "extensions \"SampleGreeting\"";
    let none = "extensions null";
    let paper = "skins \"SamplePaper\"";
    let expected = [greeting; 5].into_iter().chain([none, none, paper, none]);
    assert_eq!(found, expected.collect::<Vec<_>>());
}

#[test]
fn a_copied_manifest_takes_the_place_of_no_other_repository() {
    let env = TestEnv::empty();
    let (now, old) = ("https://a.example/wiki/Page_Forms", "https://a.example/wiki/Semantic_Forms");
    for (id, name, version, page) in [
        ("extensions/PageForms", "Page Forms", "5.9", now),
        ("extensions/AEvil", "Page Forms", "99", old),
        ("extensions/BEvil", "Page Forms", "99", now),
        ("extensions/One", "Shared", "2", old),
        ("extensions/Two", "Shared", "2", now),
    ] {
        let files = files(name, version, page, false);
        env.repository(id).commit("REL1_45", &files, "Add it", Time::default()).unwrap();
    }
    let needy = json!({
        "name": "Needy", "manifest_version": 2,
        "requires": {"extensions": {"Page Forms": "*", "Shared": "*"}},
    });
    let needy = vec![("extension.json", File::text(needy.to_string()))];
    let repository = env.repository("extensions/Needy");
    repository.commit("REL1_45", &needy, "Add it", Time::default()).unwrap();
    env.sync(&["--branch", "REL1_45"]).exits(0);
    let site = env.serve(&[]);

    let body = sample(
        "MediaWiki 1.45.1",
        &json!([
            {"name": "Page Forms", "version": "5.8", "url": old},
            {"name": "Page Forms", "version": "5.8", "url": now},
            {"name": "Shared", "version": "1", "url": old},
        ]),
    );
    let answer = post(&site, "/updates", &[], &body);
    Document::of(&site).describes_post("/updates", &answer);
    let report = answer.json();
    for place in [0, 1] {
        let result = &report["results"][place];
        assert_eq!((&result["name"], &result["version"]), (&json!("PageForms"), &json!("5.9")));
        assert_eq!(result["status"], "outdated");
    }
    let shared = &report["results"][2];
    assert_eq!((&shared["name"], &shared["status"]), (&Value::Null, &json!("not-distributed")));
    assert!(shared["notes"][0].as_str().unwrap().starts_with("Several repositories"), "{shared}");

    let page = site.request("GET", "/extensions/Needy", &[("Accept", "text/html")]).text();
    assert!(page.contains("<a href=\"/extensions/PageForms\"><bdi>Page Forms</bdi></a>"), "{page}");
    for other in ["AEvil", "BEvil", "One", "Two"] {
        assert!(!page.contains(&format!("/extensions/{other}\"")), "{other}: {page}");
    }
}

#[test]
fn the_branch_fits_the_version_of_the_wiki() {
    let (_env, site) = tardist_tests::served();
    let document = Document::of(&site);
    let schema = json!({"$ref": "#/components/schemas/Siteinfo"});
    let extensions = json!([{"name": "SampleGreeting", "version": "0.1"}]);
    for (version, branch, status) in [
        ("MediaWiki 1.45.1", "REL1_45", "outdated"),
        ("MediaWiki 1.45.3+dfsg", "REL1_45", "outdated"),
        ("MediaWiki 1.46.0-wmf.5", "REL1_46", "outdated"),
        ("MediaWiki 1.47.0-alpha", "master", "outdated"),
        ("MediaWiki 1.44.0-rc.1", "REL1_44", "outdated"),
        ("MediaWiki 1.31.0", "REL1_31", "no-branch"),
    ] {
        let sent: Value = sample(version, &extensions).parse().unwrap();
        for body in [&sent, &sent["query"]] {
            assert_eq!(document.errors(&schema, body), None, "{version}");
            let report = post(&site, "/updates", &[], &body.to_string()).json();
            assert_eq!(
                (&report["branch"], &report["results"][0]["status"]),
                (&json!(branch), &json!(status))
            );
            assert_eq!(version, format!("MediaWiki {}", report["mediawiki"].as_str().unwrap()));
        }
    }
    let wrong: Value = sample("MediaWiki one", &extensions).parse().unwrap();
    for none in [json!({}), json!({"query": {}}), wrong] {
        assert!(!document.takes(&schema, &none), "{none}");
    }
}

#[test]
fn each_bad_body_gets_an_answer_that_says_what_is_wrong() {
    let (_env, site) = tardist_tests::served();
    let document = Document::of(&site);
    let good = sample("MediaWiki 1.45.1", &json!([]));
    let many = sample("MediaWiki 1.45.1", &json!(vec![json!({}); 100_000]));
    for (body, says) in [
        ("", "empty"),
        ("<!DOCTYPE html><title>Wiki</title>", "HTML"),
        ("<?xml version=\"1.0\"?><api/>", "format=json"),
        (&good[..good.len() / 2], "middle"),
        ("not JSON", "not JSON"),
        ("{\"query\":{}}", "siprop"),
        ("{\"query\":{\"extensions\":[]}}", "`general` is missing"),
        (&many, "more than 2000"),
        (&sample("MediaWiki one", &json!([])), "generator"),
        ("{\"error\":{\"code\":\"readapidenied\"}}", "readapidenied"),
    ] {
        // The second is what curl says of any body.
        for content_type in ["application/json", "application/x-www-form-urlencoded"] {
            let answer = post(&site, "/updates", &[("Content-Type", content_type)], body);
            document.describes_post("/updates", &answer);
            let detail = answer.problem(400);
            assert!(detail.contains(says), "{content_type}: {detail}");
            assert!(
                !detail.contains("Wiki</title>"),
                "nothing of the body is said again: {detail}"
            );
        }
    }
    for (headers, status, says) in [
        (("Content-Type", "text/html"), 415, "multipart/form-data"),
        (("Content-Encoding", "gzip"), 415, "compression"),
        (("Content-Type", "multipart/form-data"), 400, "multipart"),
    ] {
        let answer = post(&site, "/updates", &[headers], &good);
        document.describes_post("/updates", &answer);
        let detail = answer.problem(status);
        assert!(detail.contains(says), "{detail}");
    }
    for target in ["1", "1.46.x", "main", "REL1", "%3Cb%3E"] {
        let answer = post(&site, &format!("/updates?target={target}"), &[], &good);
        document.describes_post("/updates", &answer);
        assert!(answer.problem(400).contains("`target`"), "{target}");
    }
    assert_eq!(post(&site, "/updates?target=", &[], &good).json()["branch"], "REL1_45");
}

/// The status of the answer to a `POST` whose body of 10 MB is never sent to its end.
fn status_of_a_large_body(site: &Site, head: &str) -> u16 {
    let mut stream = TcpStream::connect(site.address()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    write!(stream, "POST /updates HTTP/1.1\r\nHost: test\r\n{head}\r\n\r\n").unwrap();
    if head.contains("chunked") {
        let chunk = format!("10000\r\n{}\r\n", "x".repeat(0x10000));
        // One chunk more than is taken. What follows would not be read.
        for _ in 0..17 {
            stream.write_all(chunk.as_bytes()).unwrap();
        }
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).unwrap();
    String::from_utf8_lossy(&answer[9..]).parse().unwrap()
}

#[test]
fn a_body_that_is_too_large_is_refused_before_its_end() {
    let (_env, site) = tardist_tests::served();
    assert_eq!(status_of_a_large_body(&site, "Content-Length: 10000000"), 413);
    assert_eq!(status_of_a_large_body(&site, "Transfer-Encoding: chunked"), 413);
    let padded = |length: usize| {
        let body = sample("MediaWiki 1.45.1", &json!([]));
        let spaces = " ".repeat(length - body.len());
        body + &spaces
    };
    post(&site, "/updates", &[], &padded(1 << 20)).is(200);
    // The body is not sent: a client that sends it may find the connection closed.
    let length = (1 << 20) + 1;
    let head = format!("POST /updates HTTP/1.1\r\nHost: test\r\nContent-Length: {length}\r\n\r\n");
    let answer = site.exchange(&head);
    Document::of(&site).describes_post("/updates", &answer);
    assert!(answer.problem(413).contains("1048576"));
}

#[test]
fn other_sites_may_ask_and_other_paths_take_no_bodies() {
    let (_env, site) = tardist_tests::served();
    let preflight = [
        ("Origin", "https://wiki.example"),
        ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type"),
    ];
    let answer = site.request("OPTIONS", "/updates", &preflight);
    answer.is(204);
    for header in ["allow", "access-control-allow-methods"] {
        assert_eq!(answer.header(header), "GET, HEAD, POST, OPTIONS");
    }
    assert_eq!(answer.header("access-control-allow-headers"), "*");
    let refused = site.request("PUT", "/updates", &[]);
    refused.problem(405);
    assert_eq!(refused.header("allow"), "GET, HEAD, POST, OPTIONS");
    for path in ["/", "/list", "/info", "/r/projects/", "/search?q=a", "/extensions"] {
        let refused = post(&site, path, &[], "{}");
        refused.problem(405);
        assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS", "{path}");
    }
}

#[test]
fn what_is_offered_as_target_is_taken_as_one() {
    let env = distributed("stable");
    let site = env.serve(&[]);
    assert_eq!(site.get("/updates").json()["branches"], json!(["master"]));
    let form = site.request("GET", "/updates", &[("Accept", "text/html")]).text();
    let targets = form.split("id=\"target\"").nth(1).unwrap().split("</select>").next().unwrap();
    assert!(targets.contains("value=\"master\"") && !targets.contains("stable"), "{targets}");
}

#[test]
fn a_browser_sends_a_form_and_gets_a_page() {
    let (_env, site) = tardist_tests::served();
    let html = ("Accept", "text/html,*/*;q=0.8");
    let form = site.request("GET", "/updates", &[html]);
    form.is(200);
    assert_eq!(form.header("content-type"), "text/html; charset=utf-8");
    for part in [
        "enctype=\"multipart/form-data\"",
        "name=\"siteinfo\"",
        "type=\"file\"",
        "value=\"REL1_45\"",
    ] {
        assert!(form.text().contains(part), "{part}");
    }
    assert!(site.get("/updates").json()["example"].as_str().unwrap().contains("| curl"));

    let siteinfo = sample(
        "MediaWiki 1.45.1",
        &json!([{"name": "SampleGreeting", "version": "0.1"}, {"name": "<b>Own</b>"}]),
    );
    let body = format!(
        "--B\r\nContent-Disposition: form-data; name=\"siteinfo\"\r\n\r\n\r\n--B\r\n\
         Content-Disposition: form-data; name=\"siteinfo\"; filename=\"wiki.json\"\r\n\
         Content-Type: application/json\r\n\r\n{siteinfo}\r\n--B\r\n\
         Content-Disposition: form-data; name=\"target\"\r\n\r\nREL1_46\r\n--B--\r\n"
    );
    let multipart = ("Content-Type", "multipart/form-data; boundary=B");
    let page = post(&site, "/updates", &[html, multipart], &body);
    let text = page.is(200).text();
    Document::of(&site).describes_post("/updates", &page);
    assert_eq!(page.header("cache-control"), "no-store");
    assert!(page.header("content-security-policy").starts_with("default-src 'none'"));
    assert!(text.contains("&lt;b&gt;Own&lt;/b&gt;") && !text.contains("<b>Own"), "{text}");
    assert!(
        text.contains("SampleGreeting-REL1_46-")
            && text.contains("href=\"/extensions/SampleGreeting")
    );
    assert_eq!(post(&site, "/updates", &[multipart], &body).json()["branch"], "REL1_46");
    let urlencoded = ("Content-Type", "application/x-www-form-urlencoded");
    assert_eq!(post(&site, "/updates", &[urlencoded], &siteinfo).json()["branch"], "REL1_45");
    let failed = post(&site, "/updates", &[html, multipart], "--B--");
    assert!(failed.is(400).text().contains("<!DOCTYPE html>"));
}

#[test]
fn no_answer_is_kept_for_the_next_client() {
    let (env, site) = tardist_tests::served();
    let of = |name: &str| sample("MediaWiki 1.45.1", &json!([{"name": name, "version": "1"}]));
    for name in ["SampleGreeting", "SampleNotes", "SampleGreeting"] {
        let report = post(&site, "/updates", &[], &of(name)).json();
        assert_eq!(report["results"][0]["name"], name);
    }
    assert!(site.get("/updates").json()["usage"].is_string());
    std::fs::remove_file(env.snapshot()).unwrap();
    site.catch_up();
    post(&site, "/updates", &[], &of("SampleGreeting")).problem(503);
}
