//! The files for search engines and browsers: `/robots.txt`, `/sitemap.xml`, `/opensearch.xml`.

use tardist_tests::{PUBLIC_URL as URL, TestEnv, served};

#[test]
fn robots_are_kept_off_what_is_large_and_for_programs_but_not_off_the_pages() {
    let (_env, site) = served();
    let answer = site.get("/robots.txt");
    assert_eq!(answer.is(200).header("content-type"), "text/plain; charset=utf-8");
    let text = answer.text();
    assert!(text.starts_with("User-agent: *\n"), "{text}");
    let rules: Vec<&str> = text.lines().filter_map(|it| it.strip_prefix("Disallow: ")).collect();
    for path in [
        "/dist/extensions/A.tar.gz",
        "/download/skins/A",
        "/r/projects/",
        "/search?q=a",
        "/list/skins",
        "/ExtensionJson.json",
        "/metrics",
    ] {
        assert!(rules.iter().any(|rule| path.starts_with(rule)), "{path}: {rules:?}");
    }
    for path in ["/", "/extensions", "/skins", "/extensions/Dist", "/extensions?branch=REL1_45"] {
        assert!(!rules.iter().any(|rule| path.starts_with(rule)), "{path}: {rules:?}");
    }
    assert!(rules.contains(&"/*?q="), "the results of the start page: {rules:?}");
    assert!(!text.contains("Sitemap"), "its URL would be a guess");
}

#[test]
fn without_a_public_url_there_is_nothing_that_would_need_it() {
    let (_env, site) = served();
    for path in ["/sitemap.xml", "/opensearch.xml"] {
        let answer = site.request("GET", path, &[("Host", "evil.example")]);
        assert!(answer.problem(404).contains("does not know its own URL"), "{path}");
    }
    TestEnv::empty().serve(&[]).get("/robots.txt").problem(503);
}

#[test]
fn a_sitemap_names_each_page_and_when_it_changed() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", URL]).exits(0);
    let site = env.serve(&[]);
    assert!(site.get("/robots.txt").text().ends_with(&format!("\nSitemap: {URL}/sitemap.xml\n")));
    let answer = site.get("/sitemap.xml");
    assert_eq!(answer.is(200).header("content-type"), "application/xml");
    let text = answer.text();
    let urls: Vec<&str> =
        text.split("<loc>").skip(1).map(|it| it.split('<').next().unwrap()).collect();
    let lists = site.get("/list").json();
    let names = ["extensions", "skins"].iter().flat_map(|kind| {
        let names = lists[kind].as_array().unwrap().iter();
        names.map(move |name| format!("/{kind}/{}", name.as_str().unwrap()))
    });
    let pages = ["/", "/extensions", "/skins", "/changes"].map(str::to_owned);
    let mut expected: Vec<_> =
        pages.into_iter().chain(names).map(|path| format!("{URL}{path}")).collect();
    let mut found: Vec<_> = urls.iter().map(|url| (*url).to_owned()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
    for url in &urls {
        site.request("GET", &url[URL.len()..], &[("Accept", "text/html")]).is(200);
    }
    let paper = site.get("/info/skins/SamplePaper").json();
    let day = &paper["branches"]["master"]["committed_at"].as_str().unwrap()[..10];
    let line = format!("<loc>{URL}/skins/SamplePaper</loc><lastmod>{day}</lastmod>");
    assert!(text.contains(&line), "{line} in {text}");
    let etag = answer.header("etag");
    site.request("GET", "/sitemap.xml", &[("If-None-Match", etag)]).is(304);
}

#[test]
fn a_browser_learns_how_to_search_here() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", URL]).exits(0);
    let site = env.serve(&[]);
    let answer = site.request("GET", "/opensearch.xml", &[("Host", "evil.example")]);
    assert_eq!(answer.is(200).header("content-type"), "application/opensearchdescription+xml");
    let text = answer.text();
    assert!(text.contains("xmlns=\"http://a9.com/-/spec/opensearch/1.1/\""), "{text}");
    assert!(text.contains(&format!("template=\"{URL}/search?q={{searchTerms}}\"")), "{text}");
    assert!(!text.contains("evil"), "{text}");
    let short = text.split("<ShortName>").nth(1).unwrap().split('<').next().unwrap();
    assert!(short.len() <= 16, "{short}");
}
