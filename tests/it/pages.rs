//! The HTML pages, over HTTP. `real_chromium` tests them in a browser.

use std::fs;

use tardist_tests::{Answer, File, Site, TestEnv, json, served};

/// The header that browsers send.
const BROWSER: (&str, &str) =
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8");

const GREETING: &str = "/extensions/SampleGreeting";

/// One of each page.
const PAGES: [&str; 7] = [
    "/",
    "/?q=sample",
    "/?q=&kind=",
    "/?q=no+such+thing&kind=skins",
    "/extensions",
    "/skins",
    GREETING,
];

fn browse(site: &Site, path: &str) -> Answer {
    site.request("GET", path, &[BROWSER])
}

/// Fails the test unless this is a page of this status; returns its text.
#[track_caller]
fn page(answer: &Answer, status: u16) -> String {
    answer.is(status);
    assert_eq!(answer.header("content-type"), "text/html; charset=utf-8");
    let policy = answer.header("content-security-policy");
    let directives: Vec<_> = policy.split(';').map(str::trim).collect();
    for directive in
        ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(directives.contains(&directive), "{directive} is not in {policy}");
    }
    assert!(!policy.contains("unsafe") && !policy.contains('*'), "{policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
    let text = answer.text();
    assert!(text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>"), "{text}");
    text
}

#[track_caller]
fn has(page: &str, texts: &[&str]) {
    for text in texts {
        assert!(page.contains(text), "{text} is not in:\n{page}");
    }
}

#[test]
fn the_root_is_a_page_for_browsers_and_json_for_other_clients() {
    let (_env, site) = served();
    let root = browse(&site, "/");
    assert_eq!(root.varies_by(), ["accept", "accept-encoding"]);
    let counts = ["<strong>6</strong> Extensions", "<strong>2</strong> Skins", "32 tarballs"];
    has(&page(&root, 200), &counts);
    for accept in ["*/*", "application/json", "application/json, text/html;q=0.9", "text/plain"] {
        let answer = site.request("GET", "/", &[("Accept", accept)]);
        assert_eq!(answer.json()["name"], "tardist", "{accept}");
        assert_eq!(answer.varies_by(), ["accept", "accept-encoding"]);
    }
    assert_eq!(site.get("/").json()["name"], "tardist");
    assert_ne!(site.get("/").header("etag"), root.header("etag"));
}

#[test]
fn a_person_finds_a_repository_by_a_part_of_its_name_or_title() {
    let (_env, site) = served();
    let search = |query: &str| page(&browse(&site, &format!("/?{query}")), 200);
    let link = "<a href=\"/extensions/SampleGreeting\">SampleGreeting</a>";
    let found = search("q=greet");
    has(&found, &[link, "1 result<", "lang=\"en\" dir=\"ltr\">Adds a ", "value=\"greet\""]);
    has(&search("q=+GREET+&kind=extensions"), &[link]);
    has(&search("q=sample"), &["8 results"]);
    let skins = search("q=sample&kind=skins");
    has(&skins, &["2 results", "href=\"/skins/SamplePaper\"", "value=\"skins\" selected"]);
    assert!(!skins.contains(link), "{skins}");
    for nothing in ["q=greet&kind=skins", "q=%25", "q=_", "q=%5C", "q=%27+OR+1%3D1--"] {
        has(&search(nothing), &["Nothing has all of this"]);
    }
    let attack = search("q=%22%3E%3Cscript%3Ealert(1)%3C/script%3E");
    assert!(!attack.contains("<script"), "{attack}");

    let long = "x".repeat(10_000);
    for (query, parameter) in [
        (format!("q={long}"), "q"),
        ("q=a%00b".to_owned(), "q"),
        ("q=a&q=b".to_owned(), "q"),
        ("q=a&kind=themes".to_owned(), "kind"),
        ("kind=Skins".to_owned(), "kind"),
    ] {
        let wrong = browse(&site, &format!("/?{query}"));
        has(&page(&wrong, 400), &[&format!("`{parameter}`")]);
    }
    page(&browse(&site, "/?q=%FF"), 400);
}

#[test]
fn lists_and_the_page_of_a_repository_lead_to_its_tarballs() {
    let (env, site) = served();
    let list = page(&browse(&site, "/extensions"), 200);
    has(&list, &["6 in all", "<h2 id=\"S\">S</h2>", "href=\"/extensions/SampleOld\""]);
    has(&page(&site.get("/skins"), 200), &["2 in all", "href=\"/skins/SampleDusk\""]);

    let info = site.get("/info/extensions/SampleGreeting").json();
    let answer = browse(&site, GREETING);
    let text = page(&answer, 200);
    assert!(answer.header("link").contains("</info/extensions/SampleGreeting>; rel=\"alternate\""));
    has(
        &text,
        &["<h1>SampleGreeting</h1>", "GPL-2.0-or-later", "MediaWiki <bdi>&gt;= 1.45.0</bdi>"],
    );
    let branches = info["branches"].as_object().unwrap();
    assert_eq!(branches.len(), 5);
    for (name, branch) in branches {
        let told = |pointer: &str| branch.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let url = told("/tarball/url");
        has(&text, &[name, &told("/commit"), &told("/committed_at"), &told("/tarball/sha256")]);
        has(&text, &[&format!("<a href=\"{url}\">{}</a>", told("/tarball/file"))]);
        let bytes = site.get(&url[url.find("/dist/").unwrap()..]).is(200).body.clone();
        assert!(bytes == fs::read(env.tarball("extensions/SampleGreeting", name)).unwrap());
    }
}

#[test]
fn pages_are_conditional_like_all_answers() {
    let (_env, site) = served();
    for path in PAGES {
        let answer = browse(&site, path);
        page(&answer, 200);
        let (etag, modified) = (answer.header("etag"), answer.header("last-modified"));
        assert!(etag.len() > 30 && modified.ends_with(" GMT"), "{path}: {etag} {modified}");
        assert!(answer.header("cache-control").starts_with("public, max-age="), "{path}");
        for condition in [("If-None-Match", etag), ("If-Modified-Since", modified)] {
            let fresh = site.request("GET", path, &[BROWSER, condition]);
            assert!(fresh.is(304).body.is_empty(), "{path}");
            assert_eq!(fresh.header("etag"), etag, "{path}");
            assert_eq!(fresh.header("vary"), answer.header("vary"), "{path}");
            assert_ne!(fresh.header("content-security-policy"), "", "{path}");
        }
        let head = site.request("HEAD", path, &[BROWSER]);
        assert!(head.is(200).body.is_empty(), "{path}");
        assert_eq!(head.header("content-length"), answer.body.len().to_string(), "{path}");
        assert_eq!(head.header("etag"), etag, "{path}");
    }
}

#[test]
fn errors_are_pages_for_browsers_and_problems_for_other_clients() {
    let (_env, site) = served();
    for path in ["/nothing", "/themes/x", "/extensions/Nothing", "/skins/x/y"] {
        has(&page(&browse(&site, path), 404), &["<h1>Not Found</h1>", "role=\"search\""]);
        assert_eq!(browse(&site, path).header("cache-control"), "no-store");
        site.get(path).problem(404);
    }
    page(&browse(&site, "/extensions/%FF"), 400);
    let refused = site.request("POST", "/", &[BROWSER]);
    page(&refused, 405);
    assert!(refused.header("allow").contains("GET, HEAD"));

    let empty = TestEnv::empty().serve(&[]);
    for path in PAGES {
        let answer = browse(&empty, path);
        has(&page(&answer, 503), &["<h1>Service Unavailable</h1>", "none has been published yet"]);
        assert_ne!(answer.header("retry-after"), "", "{path}");
    }
    empty.get(GREETING).problem(503);
}

#[test]
fn hostile_metadata_is_escaped_and_shown_as_text() {
    let env = TestEnv::sample();
    let attack = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>";
    let manifest = json!({
        "name": attack,
        "description": format!("\u{202e}{attack}"),
        "author": [attack, "\u{202e}Ada"],
        "license-name": attack,
        "url": "javascript:alert(1)",
        "version": attack,
        "type": attack,
        "requires": { "MediaWiki": attack, "extensions": { attack: attack } },
        "manifest_version": 2,
    });
    let files = [("extension.json", File::text(manifest.to_string()))];
    env.commit("extensions/SampleGreeting", "master", &files);
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    for path in [GREETING, "/?q=greeting", "/?q=script"] {
        let text = page(&browse(&site, path), 200);
        has(&text, &["&lt;"]);
        for markup in ["<script", "<img", "javascript:", "'><"] {
            assert!(!text.contains(markup), "{markup} is in {path}:\n{text}");
        }
    }
}
