//! Addresses that are almost right: a slash too many or too few, another case of letters, another kind.

use tardist_tests::{Site, Value, served};

const BROWSER: (&str, &str) = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// Where a request is sent to by a 308.
#[track_caller]
fn moved(site: &Site, path: &str) -> String {
    let answer = site.get(path);
    answer.is(308);
    assert!(answer.header("cache-control").starts_with("public, max-age="), "{path}: {answer:?}");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.body.is_empty());
    let head = site.request("HEAD", path, &[]);
    assert_eq!(head.is(308).header("location"), answer.header("location"));
    let page = site.request("GET", path, &[BROWSER]);
    assert_eq!(page.is(308).header("location"), answer.header("location"));
    answer.header("location").to_owned()
}

#[test]
fn a_slash_at_the_end_leads_to_the_address_without_it_and_a_folder_to_that_with_it() {
    let (_env, site) = served();
    for path in [
        "/list",
        "/list/skins",
        "/info",
        "/info/skins",
        "/info/extensions/SampleGreeting",
        "/extensions",
        "/extensions/SampleGreeting",
        "/extensions/SampleGreeting/feed.atom",
        "/feed.atom",
        "/search",
        "/health",
        "/metrics",
        "/openapi.json",
        "/ExtensionJson.json",
        "/download/skins/SamplePaper",
        "/download/skins/SamplePaper/REL1_45.sha256",
    ] {
        assert_eq!(moved(&site, &format!("{path}/")), path);
        assert_eq!(
            moved(&site, &format!("{path}/?lang=de&x=%2F")),
            format!("{path}?lang=de&x=%2F")
        );
    }
    assert_eq!(moved(&site, "/dist/skins"), "/dist/skins/");
    // The method stays what it is.
    let delete = site.request("DELETE", "/list/", &[]);
    assert_eq!(delete.is(308).header("location"), "/list");
    let post = site.send("POST", "/updates/", &[], "{}");
    assert_eq!(post.is(308).header("location"), "/updates");
    // A browser takes a redirect in a preflight request for a failure.
    for (path, methods) in [
        ("/list/", "GET, HEAD, OPTIONS"),
        ("/updates/", "GET, HEAD, POST, OPTIONS"),
        ("/dist/skins", "GET, HEAD, OPTIONS"),
    ] {
        let options = site.request("OPTIONS", path, &[("Origin", "https://wiki.example")]);
        assert_eq!(options.is(204).header("access-control-allow-methods"), methods, "{path}");
    }
    for path in
        ["//", "//list/", "//example.org/", "/nothing/", "/%2Fexample.org/", "/list/themes/"]
    {
        let (status, text) = site.raw("GET", path);
        assert_eq!(status, 404, "{text}");
    }
}

#[test]
fn another_case_of_letters_leads_to_the_repository() {
    let (_env, site) = served();
    for (path, expected) in [
        ("/info/extensions/samplegreeting", "/info/extensions/SampleGreeting"),
        ("/info/skins/SAMPLEPAPER?lang=de", "/info/skins/SamplePaper?lang=de"),
        ("/extensions/samplegreeting?lang=he", "/extensions/SampleGreeting?lang=he"),
        (
            "/skins/samplepaper/feed.atom?branch=master",
            "/skins/SamplePaper/feed.atom?branch=master",
        ),
        ("/download/skins/samplepaper", "/download/skins/SamplePaper"),
        ("/download/skins/samplepaper.sha256", "/download/skins/SamplePaper.sha256"),
        ("/download/skins/samplepaper/REL1_45", "/download/skins/SamplePaper/REL1_45"),
        (
            "/r/projects/mediawiki%2Fskins%2Fsamplepaper/branches/REL1_45",
            "/r/projects/mediawiki%2Fskins%2FSamplePaper/branches/REL1_45",
        ),
        (
            "/r/projects/mediawiki%2Fextensions%2Fsamplegreeting/branches",
            "/r/projects/mediawiki%2Fextensions%2FSampleGreeting/branches",
        ),
    ] {
        assert_eq!(moved(&site, path), expected);
        let next = site.get(expected);
        assert!(matches!(next.status, 200 | 302), "{expected}: {next:?}");
    }
    // Branches differ by case.
    site.get("/download/skins/SamplePaper/rel1_45").problem(404);
}

#[test]
fn a_repository_of_the_other_kind_is_named() {
    let (_env, site) = served();
    for (path, there) in [
        ("/info/skins/SampleGreeting", "/info/extensions/SampleGreeting"),
        ("/info/skins/samplegreeting", "/info/extensions/SampleGreeting"),
        ("/skins/SampleGreeting", "/extensions/SampleGreeting"),
        ("/download/extensions/SamplePaper/REL1_45", "/download/skins/SamplePaper/REL1_45"),
        ("/extensions/SamplePaper/feed.atom", "/skins/SamplePaper/feed.atom"),
    ] {
        let detail = site.get(path).problem(404);
        assert!(detail.ends_with(&format!("but there is {there}")), "{path}: {detail}");
        // A program gets a problem document, and a browser may get a page.
        let text = site.request("GET", path, &[BROWSER]).is(404).text();
        assert!(text.contains(there), "{path}: {text}");
    }
    let detail = site.get("/info/skins/Nothing").problem(404);
    assert_eq!(detail, "no skin of this name has a tarball");
    let problem: Value = site.get("/info/skins/Nothing").text().parse().unwrap();
    assert_eq!(problem["status"], 404);
}
