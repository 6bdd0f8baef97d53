//! The HTML pages, over HTTP. `real_chromium` tests them in a browser.

use std::fs;

use tardist_tests::{Answer, File, Site, TestEnv, json, served};

/// The header that browsers send.
const BROWSER: (&str, &str) =
    ("Accept", "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8");

const GREETING: &str = "/extensions/SampleGreeting";

/// One of each page.
const PAGES: [&str; 11] = [
    "/",
    "/?q=sample",
    "/?q=&kind=",
    "/search?q=no+such+thing&kind=skins",
    "/search",
    "/extensions",
    "/extensions?branch=REL1_45&group=parserhook&sort=changed&lang=de",
    "/skins",
    "/changes",
    "/api?lang=ar",
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
    assert_eq!(root.varies_by(), ["accept", "accept-encoding", "accept-language"]);
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
    let search = |query: &str| page(&browse(&site, &format!("/search?{query}")), 200);
    let old_link = page(&browse(&site, "/?q=greet"), 200);
    assert_eq!(old_link, search("q=greet"));
    assert!(site.get("/search?q=greet").json()["results"].is_array());
    let link = "<a href=\"/extensions/SampleGreeting\">SampleGreeting</a>";
    let found = search("q=greet");
    has(&found, &[link, "1 result<", "lang=\"en\" dir=\"ltr\">Adds a ", "value=\"greet\""]);
    has(&search("q=+GREET+&kind=extensions"), &[link]);
    has(&search("q=sample"), &["8 results"]);
    let skins = search("q=sample&kind=skins");
    has(&skins, &["2 results", "href=\"/skins/SamplePaper\"", "value=\"skins\" selected"]);
    assert!(!skins.contains(link), "{skins}");
    has(&search("q=SampleGreetng"), &["Did you mean one of these?", link]);
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
        let wrong = browse(&site, &format!("/search?{query}"));
        has(&page(&wrong, 400), &[&format!("`{parameter}`")]);
    }
    page(&browse(&site, "/search?q=%FF"), 400);
}

#[test]
fn lists_and_the_page_of_a_repository_lead_to_its_tarballs() {
    let (env, site) = served();
    let list = page(&browse(&site, "/extensions"), 200);
    let summary = "lang=\"en\" dir=\"ltr\">Adds a &lt;greeting&gt; tag";
    has(&list, &["6 in all", summary, "GPL-2.0-or-later", "href=\"/extensions/SampleOld\""]);
    has(&page(&site.get("/skins"), 200), &["2 in all", "href=\"/skins/SampleDusk\""]);

    let info = site.get("/info/extensions/SampleGreeting").json();
    let answer = browse(&site, GREETING);
    let text = page(&answer, 200);
    assert!(answer.header("link").contains("</info/extensions/SampleGreeting>; rel=\"alternate\""));
    has(
        &text,
        &["<h1>SampleGreeting</h1>", "GPL-2.0-or-later", "<bdi dir=\"ltr\">&gt;= 1.45.0</bdi>"],
    );
    let branches = info["branches"].as_object().unwrap();
    assert_eq!(branches.len(), 5);
    for (name, branch) in branches {
        let told = |pointer: &str| branch.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let url = told("/tarball/url");
        has(&text, &[name, &told("/commit"), &told("/committed_at"), &told("/tarball/sha256")]);
        has(&text, &[&format!("<a href=\"{url}\" dir=\"ltr\">{}</a>", told("/tarball/file"))]);
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
    let near = page(&browse(&site, "/skins/SampleGreetin?branch=REL1_45"), 404);
    has(
        &near,
        &[
            "href=\"/extensions/SampleGreeting?branch=REL1_45\">SampleGreeting</a> <span class=\"kind\">extension<",
        ],
    );
    page(&browse(&site, "/extensions/%FF"), 400);
    let refused = site.request("POST", "/", &[BROWSER]);
    page(&refused, 405);
    assert!(refused.header("allow").contains("GET, HEAD"));

    let empty = TestEnv::empty().serve(&[]);
    for path in PAGES {
        let answer = browse(&empty, path);
        let text = page(&answer, 503);
        has(&text, &["none has been published yet"]);
        assert!(path.contains("lang=") || text.contains("<h1>Service Unavailable</h1>"), "{path}");
        assert_ne!(answer.header("retry-after"), "", "{path}");
    }
    empty.get(GREETING).problem(503);
    // Where no page is, there is none of an error either.
    browse(&empty, "/health").problem(503);
    browse(&site, "/feed.atom?branch=..").problem(400);
    browse(&site, "/extensions/Nothing/feed.atom").problem(404);
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
    let all = [GREETING, "/search?q=greeting", "/search?q=script", "/extensions", "/changes", "/"];
    for path in all {
        let text = page(&browse(&site, path), 200);
        if !matches!(path, "/" | "/changes") {
            has(&text, &["&lt;"]);
        }
        for markup in ["<script", "<img", "javascript:", "'><"] {
            assert!(!text.contains(markup), "{markup} is in {path}:\n{text}");
        }
    }
}

#[test]
fn a_chosen_mediawiki_filters_lists_and_decides_about_the_button_and_the_row() {
    let (_env, site) = served();
    let at = |path: &str| page(&browse(&site, path), 200);
    let all = at("/extensions");
    let choice = "<option value=\"REL1_45\">1.45</option>";
    has(
        &all,
        &[choice, "<option value=\"\">any version</option>", ">development (master)</option>"],
    );
    assert!(all.find("REL1_46\">1.46<") < all.find("\"master\">development"), "development last");

    let list = at("/extensions?branch=REL1_43");
    has(&list, &["for MediaWiki 1.43", "href=\"/extensions/SampleOld?branch=REL1_43\""]);
    has(&list, &["<option value=\"REL1_43\" selected>", "href=\"/skins?branch=REL1_43\""]);
    assert!(!list.contains("SampleCalendar"), "it has no such branch");
    has(&at("/search?q=sample&branch=REL1_43"), &["/extensions/SampleGreeting?branch=REL1_43"]);

    let greeting = at("/extensions/SampleGreeting?branch=REL1_43");
    has(&greeting, &["Download for MediaWiki 1.43", "<tr class=\"chosen\""]);
    let calendar = at("/extensions/SampleCalendar?branch=REL1_43");
    has(&calendar, &["There is no tarball for MediaWiki 1.43."]);
    assert!(!calendar.contains("class=\"button\""), "no other version is pushed");

    for path in ["/", "/extensions", GREETING, "/search?q=greet", "/changes"] {
        let join = if path.contains('?') { '&' } else { '?' };
        let unknown = at(&format!("{path}{join}branch=REL1_20"));
        has(&unknown, &["No branch <bdi>REL1_20</bdi> is distributed here"]);
        let wrong = browse(&site, &format!("{path}{join}branch=a..b"));
        has(&page(&wrong, 400), &["`branch`"]);
    }
    for (path, parameter) in [
        ("/skins?sort=size", "sort"),
        ("/skins?page=0", "page"),
        ("/changes?page=x", "page"),
        ("/skins?group=%07", "group"),
    ] {
        has(&page(&browse(&site, path), 400), &[&format!("`{parameter}`")]);
        site.get(path).problem(400);
    }
}

#[test]
fn the_commands_to_install_can_be_followed() {
    let (env, site) = served();
    let text = page(&browse(&site, "/extensions/SampleGreeting?branch=REL1_45"), 200);
    let start = text.find("<pre dir=\"ltr\" tabindex=\"0\"><code>").unwrap();
    let block = &text[start..start + text[start..].find("</code>").unwrap()];
    let commands = block.split_once("<code>").unwrap().1;
    let commands = commands.replace("&quot;", "\"").replace("&amp;", "&");
    let folder = env.folder().join("wiki");
    fs::create_dir_all(folder.join("extensions")).unwrap();
    let tarball = env.tarball("extensions/SampleGreeting", "REL1_45");
    let downloaded = folder.join(tarball.file_name().unwrap());
    let script = env.folder().join("commands");
    fs::write(&script, format!("{commands}\n")).unwrap();
    // As they are pasted: line by line.
    let run = || {
        std::process::Command::new("sh")
            .stdin(fs::File::open(&script).unwrap())
            .current_dir(&folder)
            .output()
            .unwrap()
    };
    let other = env.tarball("extensions/SampleGreeting", "REL1_46");
    fs::copy(&other, &downloaded).unwrap();
    assert!(!run().status.success(), "{commands}");
    assert!(!folder.join("extensions/SampleGreeting").exists(), "what is wrong is not unpacked");
    fs::copy(&tarball, &downloaded).unwrap();
    let run = run();
    assert!(run.status.success(), "{commands}\n{run:?}");
    assert!(String::from_utf8(run.stdout).unwrap().ends_with(": OK\n"));
    assert!(folder.join("extensions/SampleGreeting/extension.json").is_file());
    has(&text, &["wfLoadExtension( 'SampleGreeting' );", "php maintenance/run.php update"]);
}

#[test]
fn pages_are_in_the_language_of_the_reader_and_say_so() {
    let (_env, site) = served();
    for (path, accept, language, direction) in [
        ("/", "de-AT,en;q=0.5", "de", "ltr"),
        ("/extensions?lang=ar", "de", "ar", "rtl"),
        ("/changes", "fr", "en", "ltr"),
        ("/extensions/Nothing", "de", "de", "ltr"),
        (GREETING, "arz", "ar", "rtl"),
    ] {
        let answer = site.request("GET", path, &[BROWSER, ("Accept-Language", accept)]);
        assert_eq!(answer.header("content-language"), language, "{path}");
        has(&answer.text(), &[&format!("<html lang=\"{language}\" dir=\"{direction}\">")]);
        let varies = answer.varies_by().iter().any(|it| it == "accept-language");
        assert_eq!(varies, !path.contains("lang="), "{path}");
    }
    let german = site.request("GET", "/skins?lang=de", &[BROWSER]).text();
    has(&german, &["href=\"/skins/SampleDusk?lang=de\"", "name=\"lang\" value=\"de\""]);
}

#[test]
fn the_latest_changes_are_listed_by_day_and_lead_to_their_pages() {
    let (_env, site) = served();
    let text = page(&browse(&site, "/changes?branch=REL1_46"), 200);
    has(
        &text,
        &[
            "<h2><time>",
            "<a href=\"/extensions/SampleGreeting?branch=REL1_46\">",
            "· <bdi>1.46</bdi>",
        ],
    );
    assert!(!text.contains("<bdi>1.45</bdi>"));
    has(&page(&browse(&site, "/"), 200), &["<ul class=\"changes\">", "<a href=\"/changes\">"]);
}

#[test]
fn pages_say_what_they_are_and_where_the_same_is_for_programs() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", "https://t.example"]).exits(0);
    let site = env.serve(&[]);
    for (path, link) in [
        ("/", "/"),
        ("/skins", "/list/skins"),
        (GREETING, "/info/extensions/SampleGreeting"),
        ("/api", "/openapi.json"),
        ("/updates", "/updates"),
    ] {
        let answer = browse(&site, path);
        let expected = format!("<{link}>; rel=\"alternate\"; type=\"application/json\"");
        assert_eq!(answer.header("link"), expected, "{path}");
        has(
            &page(&answer, 200),
            &[
                &format!("<link rel=\"canonical\" href=\"https://t.example{path}\">"),
                "<meta name=\"description\" content=\"",
                "<meta property=\"og:title\"",
                "<link rel=\"search\" type=\"application/opensearchdescription+xml\"",
                "<link rel=\"alternate\" type=\"application/atom+xml\"",
            ],
        );
    }
    has(&page(&browse(&site, "/search?q=x"), 200), &["<meta name=\"robots\" content=\"noindex\">"]);

    // Without the URL of the site, addresses are paths, and there is no description of the search.
    let (_env, unknown) = served();
    let text = page(&browse(&unknown, "/skins"), 200);
    has(&text, &["<link rel=\"canonical\" href=\"/skins\">"]);
    assert!(!text.contains("rel=\"search\""), "{text}");
}
