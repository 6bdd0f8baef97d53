//! The HTML pages in a real browser: Debian's Chromium. Scripts of pages are off.

use std::fs;

use tardist_tests::{Browser, File, Site, json, served, within};

/// WebDriver's code points for keys.
const TAB: &str = "\u{e004}";
const ENTER: &str = "\u{e007}";

/// The sizes of a wide window and of that of a small phone.
const WINDOWS: [(u32, u32); 2] = [(1280, 800), (360, 740)];

/// One of each page.
const PAGES: [&str; 12] = [
    "/",
    "/updates",
    "/updates?lang=ar",
    "/search?q=sample",
    "/extensions",
    "/extensions?branch=REL1_45&lang=ar",
    "/changes?lang=de",
    "/api",
    "/extensions/SampleGreeting?branch=REL1_45",
    "/extensions/SampleCalendar?lang=ar",
    "/skins/SampleDusk",
    "/extensions/Nothing",
];

/// Fails the test if the browser reported an error, or sent a request to another site.
#[track_caller]
fn kept_to(browser: &Browser, site: &Site) {
    let complaints = browser.complaints();
    assert!(complaints.is_empty(), "{complaints:?}");
    let own = format!("http://{}/", site.address());
    let requests = browser.requests();
    assert!(!requests.is_empty());
    for url in requests {
        // The icon is a `data:` URL in the page.
        let is_own = url.starts_with(&own) || url.starts_with("data:image/svg+xml,");
        assert!(is_own || url == "about:blank", "a request to {url}");
    }
}

#[test]
fn a_person_searches_reads_and_downloads_with_the_keyboard_alone() {
    let (env, site) = served();
    let browser = Browser::start();
    let at = |path: &str| format!("http://{}{path}", site.address());
    browser.open(&at("/"));
    browser.press(TAB);
    assert_eq!(browser.text(&browser.active()), "Skip to the content");
    let seen = |browser: &Browser| {
        let box_ = "document.activeElement.getBoundingClientRect()";
        browser.evaluate(&format!("{box_}.top >= 0 && {box_}.left >= 0")).as_bool().unwrap()
    };
    assert!(seen(&browser), "the link is visible when it has the focus");
    for target in ["/", "/extensions", "/skins", "/changes", "/updates"] {
        browser.press(TAB);
        assert_eq!(browser.attribute(&browser.active(), "href"), target);
        let outline = browser.style(&browser.active(), "outline-style");
        assert_eq!(outline, "solid", "the focus is visible");
    }
    browser.press(TAB);
    assert_eq!(browser.attribute(&browser.active(), "name"), "q");
    browser.press(&format!("greet{ENTER}"));
    within("the results are there", || browser.url().contains("q=greet"));
    assert_eq!(browser.title(), "Search: greet – MediaWiki extensions and skins");

    let result = browser.find("main a[href='/extensions/SampleGreeting']");
    browser.click(&result);
    within("the repository is there", || browser.url() == at("/extensions/SampleGreeting"));
    assert_eq!(browser.text(&browser.find("h1")), "SampleGreeting");
    assert!(browser.text(&browser.find("p.description")).starts_with("Adds a "));

    let link = browser.find("tbody tr:nth-child(2) td:last-child a");
    let file = browser.text(&link);
    assert!(file.starts_with("SampleGreeting-REL1_45-"), "{file}");
    browser.click(&link);
    let path = browser.downloads().join(&file);
    within("the tarball is downloaded", || path.is_file());
    let tarball = env.tarball("extensions/SampleGreeting", "REL1_45");
    assert!(fs::read(path).unwrap() == fs::read(tarball).unwrap());
    kept_to(&browser, &site);

    browser.open(&at("/"));
    browser.press(&format!("{TAB}{ENTER}"));
    within("the content is reached", || browser.url().ends_with("#content"));
    browser.press(TAB);
    assert_eq!(browser.attribute(&browser.active(), "href"), "/extensions");
    assert_eq!(browser.evaluate("document.activeElement.closest('main') !== null"), true);
}

#[test]
fn a_person_chooses_a_mediawiki_filters_sorts_and_gets_what_fits() {
    let (_env, site) = served();
    let browser = Browser::start();
    let at = |path: &str| format!("http://{}{path}", site.address());
    let shown = |name: &str| {
        let list = "[...document.querySelectorAll('.found a')].map(it => it.textContent)";
        browser.evaluate(&format!("{list}.includes('{name}')")).as_bool().unwrap()
    };
    browser.open(&at("/extensions"));
    assert!(shown("SampleCalendar") && shown("SampleOld"));
    browser.click(&browser.find("#branch option[value='REL1_43']"));
    browser.click(&browser.find("form.wiki button"));
    within("the list is filtered", || browser.url() == at("/extensions?branch=REL1_43"));
    assert!(!shown("SampleCalendar") && shown("SampleOld"));
    assert!(browser.text(&browser.find("h1")).ends_with("for MediaWiki 1.43"));

    browser.click(&browser.find("#group option[value='parserhook']"));
    browser.click(&browser.find("#sort option[value='changed']"));
    browser.click(&browser.find("form.filter button"));
    within("the list is of one group", || browser.url().contains("group=parserhook"));
    assert!(shown("SampleGreeting") && !shown("SampleOld"));

    browser.click(&browser.find(".found a[href^='/extensions/SampleGreeting']"));
    within("the page follows", || browser.url() == at("/extensions/SampleGreeting?branch=REL1_43"));
    let button = browser.find("main a.button");
    assert!(browser.text(&button).starts_with("Download for MediaWiki 1.43"));
    assert!(browser.attribute(&button, "href").contains("SampleGreeting-REL1_43-"));
    assert!(browser.text(&browser.find("tr.chosen th")).starts_with("REL1_43"));
    let commands = browser.text(&browser.find(".install pre"));
    assert!(commands.contains("SampleGreeting-REL1_43-"), "{commands}");

    browser.click(&browser.find("#q"));
    browser.press(&format!("sample{ENTER}"));
    within("the search follows", || browser.url().contains("/search?q=sample"));
    assert!(browser.url().contains("branch=REL1_43"), "{}", browser.url());
    assert_eq!(browser.attribute(&browser.find("#branch option:checked"), "value"), "REL1_43");

    browser.click(&browser.find("footer a[hreflang='ar']"));
    within("the page is Arabic", || browser.url().contains("lang=ar"));
    assert_eq!(browser.evaluate("document.documentElement.dir"), "rtl");
    assert!(browser.url().contains("branch=REL1_43") && browser.url().contains("q=sample"));
    kept_to(&browser, &site);
}

#[test]
fn a_person_pastes_what_a_wiki_says_of_itself_and_learns_what_is_outdated() {
    let (_env, site) = served();
    let browser = Browser::start();
    browser.open(&format!("http://{}/updates?lang=de", site.address()));
    browser.click(&browser.find("#siteinfo"));
    let wiki = json!({ "query": {
        "general": { "generator": "MediaWiki 1.45.1" },
        "extensions": [
            { "type": "parserhook", "name": "SampleGreeting", "version": "0.1.0" },
            { "type": "other", "name": "Elsewhere", "version": "2" },
        ],
        "skins": [],
    } });
    browser.press(&wiki.to_string());
    browser.click(&browser.find("main form button"));
    within("the report is there", || {
        browser.evaluate("document.querySelector('#updates-not-distributed') !== null") == true
    });
    let text = browser.text(&browser.find("main"));
    for expected in ["REL1_45", "SampleGreeting-REL1_45-", "Elsewhere"] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
    assert_eq!(browser.evaluate("document.documentElement.lang"), "de");
    kept_to(&browser, &site);
}

#[test]
fn short_and_long_descriptions_begin_on_the_side_of_the_page() {
    let (env, site) = served();
    let long = "وصف طويل جدا لهذا الامتداد ".repeat(20);
    let messages = |text: &str| File::text(json!({ "samplegreeting-desc": text }).to_string());
    let browser = Browser::start();
    browser.resize(1280, 800);
    let mut starts = Vec::new();
    let mut visits = 0;
    for text in ["وصف قصير", &long] {
        env.commit("extensions/SampleGreeting", "master", &[("i18n/ar.json", messages(text))]);
        env.sync(&[]).exits(0);
        within("the description is there", || {
            // An address of its own for each visit, since the browser may keep a page for some minutes.
            visits += 1;
            let path = format!("/extensions/SampleGreeting?lang=ar&visit={visits}");
            browser.open(&format!("http://{}{path}", site.address()));
            browser.text(&browser.find("p.description")).contains(text.trim())
        });
        // Where the first of its lines begins: the box of the paragraph is wider than its text.
        let edge = "(() => { const text = document.createRange();
            text.selectNodeContents(document.querySelector('p.description'));
            return text.getClientRects()[0].right; })()";
        starts.push(browser.evaluate(edge).as_f64().unwrap());
        let side =
            browser.evaluate("document.querySelector('main h1').getBoundingClientRect().right");
        assert!(
            (starts.last().unwrap() - side.as_f64().unwrap()).abs() < 1.0,
            "{text}: {starts:?} {side}"
        );
    }
    assert!((starts[0] - starts[1]).abs() < 1.0, "{starts:?}");
}

#[test]
fn every_page_fits_every_window_in_light_and_dark_and_both_directions() {
    let (_env, site) = served();
    let browser = Browser::start();
    for path in PAGES {
        browser.open(&format!("http://{}{path}", site.address()));
        for (width, height) in WINDOWS {
            browser.resize(width, height);
            for direction in ["ltr", "rtl"] {
                let turned = format!("document.documentElement.dir = '{direction}'");
                assert_eq!(browser.evaluate(&turned), direction);
                let wide = browser.evaluate("document.documentElement.scrollWidth");
                assert!(
                    wide.as_u64().unwrap() <= u64::from(width),
                    "{path} in {direction}: {wide}"
                );
                let form = "document.querySelector('form').getBoundingClientRect()";
                let left = browser.evaluate(&format!("{form}.left")).as_f64().unwrap();
                let right = browser.evaluate(&format!("{form}.right")).as_f64().unwrap();
                assert!(left >= 0.0 && right <= f64::from(width), "{path}: {left} to {right}");
            }
        }
        let body = browser.find("body");
        browser.prefer("light");
        assert_eq!(browser.style(&body, "background-color"), "rgba(255, 255, 255, 1)");
        for scheme in ["light", "dark"] {
            browser.prefer(scheme);
            is_readable(&browser, path);
        }
        assert_eq!(browser.style(&body, "background-color"), "rgba(20, 23, 26, 1)");
        if path != "/extensions/Nothing" {
            kept_to(&browser, &site);
        }
    }
}

/// Fails the test unless all text has the contrast that WCAG 2.2 requires (level AA: 4.5).
#[track_caller]
fn is_readable(browser: &Browser, path: &str) {
    // Relative luminance and contrast as WCAG defines them. The background is that of the nearest
    // element around the text that has one.
    let script = "(() => {
        const numbers = text => text.match(/[\\d.]+/g).map(Number);
        const channel = it => it <= 10.31 ? it / 255 / 12.92 : ((it / 255 + 0.055) / 1.055) ** 2.4;
        const luminance = ([r, g, b]) =>
            0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
        const ground = it => {
            for (; it; it = it.parentElement) {
                const color = numbers(getComputedStyle(it).backgroundColor);
                if (color.length < 4 || color[3] > 0) return color;
            }
            return [255, 255, 255];
        };
        return [...document.body.querySelectorAll('*')]
            .filter(it => [...it.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
            .map(it => {
                const [a, b] = [luminance(numbers(getComputedStyle(it).color)), luminance(ground(it))];
                const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
                return [it.outerHTML.slice(0, 80), ratio];
            })
            .filter(([, ratio]) => !(ratio >= 4.5));
    })()";
    let pale = browser.evaluate(script);
    assert_eq!(pale.as_array().map(Vec::len), Some(0), "{path}: {pale}");
}

#[test]
fn a_screen_reader_gets_landmarks_headings_and_a_table() {
    let (_env, site) = served();
    let browser = Browser::start();
    for (width, height) in WINDOWS {
        browser.resize(width, height);
        browser.open(&format!("http://{}/extensions/SampleGreeting", site.address()));
        let nodes = browser.accessibility();
        let has = |role: &str, name: &str| {
            let found = nodes.iter().any(|(r, n)| r == role && n.contains(name));
            assert!(found, "no {role} {name:?} at {width} in {nodes:?}");
        };
        for role in ["banner", "search", "main", "contentinfo"] {
            has(role, "");
        }
        has("navigation", "Pages");
        has("searchbox", "Search");
        has("combobox", "Search in");
        has("combobox", "Your MediaWiki");
        has("button", "Search");
        has("heading", "SampleGreeting");
        has("table", "Branches");
        has("rowheader", "REL1_45");
        has("columnheader", "Requires");
        has("link", "SampleGreeting-REL1_45-");
        let count = |role: &str| nodes.iter().filter(|(r, _)| r == role).count();
        assert_eq!([count("rowheader"), count("columnheader"), count("cell")], [5, 5, 20]);
        assert_eq!(count("main"), 1);
        assert_eq!(nodes.iter().filter(|(r, n)| r == "link" && n.is_empty()).count(), 0);
    }
    assert_eq!(browser.evaluate("document.querySelectorAll('h1').length"), 1);
    assert_eq!(browser.evaluate("document.documentElement.lang"), "en");
}
