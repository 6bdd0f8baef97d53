//! The HTML pages under axe-core, in Debian's Chromium: nothing that it finds is let through.

use tardist_tests::{Browser, json, served, violations};

/// One of each page, in all languages of the pages, with and without a chosen MediaWiki.
const PAGES: [&str; 18] = [
    "/",
    "/?lang=ar",
    "/?lang=de&branch=REL1_45",
    "/search?q=sample",
    "/search?q=nothing-like-this&lang=ar",
    "/search",
    "/extensions",
    "/extensions?branch=REL1_45&sort=changed&lang=ar",
    "/extensions?group=none",
    "/skins?lang=de",
    "/changes",
    "/changes?lang=ar&branch=REL1_43",
    "/api",
    "/updates",
    "/updates?lang=ar&branch=REL1_45",
    "/extensions/SampleGreeting?branch=REL1_45",
    "/extensions/SampleCalendar?lang=ar&branch=REL1_43",
    "/extensions/Nothing?lang=de",
];

#[test]
fn axe_finds_nothing_on_any_page_in_any_window_light_or_dark() {
    let (_env, site) = served();
    let browser = Browser::start();
    browser.allow_scripts();
    for path in PAGES {
        for (width, height) in [(1280, 800), (360, 740)] {
            browser.resize(width, height);
            for scheme in ["light", "dark"] {
                browser.prefer(scheme);
                browser.open(&format!("http://{}{path}", site.address()));
                let found = violations(&browser);
                assert!(found.is_empty(), "{path} at {width}, {scheme}: {found:#?}");
            }
        }
    }
    // The report of the update check has no address of its own.
    browser.open(&format!("http://{}/updates", site.address()));
    let wiki = json!({ "query": {
        "general": { "generator": "MediaWiki 1.45.1" },
        "extensions": [{ "type": "parserhook", "name": "SampleGreeting", "version": "0.1.0" }],
        "skins": [{ "code": "x", "name": "Elsewhere" }],
    } });
    let fill = format!("document.querySelector('#siteinfo').value = {}", json!(wiki.to_string()));
    let _ = browser.evaluate(&fill);
    browser.click(&browser.find("main form button"));
    for scheme in ["light", "dark"] {
        browser.prefer(scheme);
        let found = violations(&browser);
        assert!(found.is_empty(), "the report, {scheme}: {found:#?}");
    }
    let _ = browser.evaluate("document.documentElement.removeAttribute('lang')");
    assert!(violations(&browser)[0].starts_with("html-has-lang"), "it would find something");
}
