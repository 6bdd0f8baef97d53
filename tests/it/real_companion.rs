//! The companion extension in a real MediaWiki 1.43: what it makes of the components' answers, and what it does when
//! tardist does not answer as it should.
//!
//! ExtensionDistributor is the real one where `TARDIST_ED_DIR` names its folder, else the small stand-in of
//! `tests/companion/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use tardist_tests::{
    Browser, Front, MediaWiki, Reply, Site, TestEnv, Value, change, free_address, json, served,
    violations_in, within,
};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// The setting of a wiki that does not wait long for a tardist that hangs.
const IMPATIENT: &str = "$wgTardistTimeout = 8;";

/// After a failure, the companion asks again after this time.
const PAUSE: Duration = Duration::from_secs(15);

/// What a page says when tardist does not answer and never did.
const UNAVAILABLE: &str = "The service that knows the extensions and skins cannot be reached";

/// Settings with which a request says how many seconds later it is, such as `later=700`.
const LATER: &str = "
    if ( isset( $_GET['later'] ) ) {
        Wikimedia\\Timestamp\\ConvertibleTimestamp::setFakeTime( time() + (int)$_GET['later'] );
        $wgHooks['MediaWikiServices'][] = static function ( $services ) {
            $now = microtime( true ) + (int)$_GET['later'];
            $services->getMainWANObjectCache()->setMockTime( $now );
        };
    }";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// A wiki that asks the tardist at this URL, with these further settings.
fn wiki(url: &str, settings: &str) -> MediaWiki {
    let wiki = MediaWiki::install_1_43();
    wiki.link_distributor("TARDIST_ED_DIR");
    wiki.link("extensions", "Tardist", &workspace().join("mediawiki/Tardist"));
    wiki.set(&format!(
        "$wgMainCacheType = CACHE_DB;
         $wgTardistTimeout = 20;
         $wgExtDistAPIConfig = [
             'class' => 'MediaWiki\\\\Extension\\\\Tardist\\\\TardistProvider', 'apiUrl' => '{url}',
         ];
         $wgExtDistSnapshotRefs = [ 'master', 'REL1_46', 'REL1_45', 'wmf/1.46.0-wmf.1' ];
         $wgExtDistDefaultSnapshot = 'REL1_45';
         {settings}"
    ));
    wiki
}

fn info(wiki: &Site, query: &str) -> Value {
    let path =
        format!("/api.php?action=query&list=extdistinfo&format=json&formatversion=2&{query}");
    wiki.get(&path).is(200).text().parse().unwrap()
}

fn page(wiki: &Site, path: &str) -> String {
    wiki.get(&format!("/index.php/Special:{path}")).is(200).text()
}

/// The card in a page; empty if there is none.
fn card(page: &str) -> &str {
    let start = page.find("<section class=\"ext-tardist-card\"");
    start.map_or("", |at| &page[at..at + page[at..].find("</section>").unwrap()])
}

/// A document as tardist's `/info` has it with `lang=*`.
fn document(name: &str, more: &Value) -> Value {
    let tarball = |branch: &str| {
        let file = format!("{name}-{}-0123456.tar.gz", branch.replace('/', "~"));
        json!({
            "commit": COMMIT, "version": format!("1.0-{branch}"),
            "requires": {"MediaWiki": ">= 1.43.0", "extensions": {}, "skins": {}, "platform": {}},
            "tarball": {
                "file": file, "url": format!("https://t.example.org/dist/extensions/{file}"),
                "size": 5, "sha256": "a".repeat(64),
            },
        })
    };
    let mut document = json!({
        "kind": "extensions", "name": name, "title": name, "description": "Does things",
        "description_language": "en", "authors": ["Ada"], "license": "MIT", "url": null,
        "type": "other", "source_url": "https://g.example.org/x.git", "default_branch": "master",
        "translations": {"de": {"title": null, "description": "Tut etwas"}},
        "branches": {
            "master": tarball("master"), "REL1_45": tarball("REL1_45"),
            "wmf/1.46.0-wmf.1": tarball("wmf/1.46.0-wmf.1"), "REL1_30": tarball("REL1_30"),
        },
    });
    for (key, value) in more.as_object().unwrap() {
        document[key] = value.clone();
    }
    document
}

/// A tardist with these extensions and no skin.
fn tardist(names: Vec<String>, more: Value) -> impl Fn(&str) -> Reply + Send + Sync + 'static {
    move |target| {
        if target == "/list/extensions" {
            return Reply::json(&json!({ "extensions": names }));
        }
        if target == "/list/skins" {
            return Reply::json(&json!({ "skins": [] }));
        }
        let asked = target.split("names=").nth(1).unwrap().split('&').next().unwrap();
        let found: BTreeMap<String, Value> = asked
            .split("%7C")
            .filter(|name| names.iter().any(|it| it == name))
            .map(|name| (name.to_owned(), document(name, &more)))
            .collect();
        Reply::json(&json!({ "extensions": found, "missing": [] }))
    }
}

#[test]
fn the_api_and_the_special_pages_say_what_tardist_publishes() {
    let (_env, site): (TestEnv, Site) = served();
    let mut wiki = wiki(&format!("http://{}", site.address()), "");
    let wiki = wiki.start();
    let published = site.get("/info/extensions/SampleGreeting").json();
    let tarball = &published["branches"]["REL1_45"]["tarball"];

    let found = info(wiki, "edinames=SampleGreeting|SamplePaper|Nothing&uselang=de-at");
    let list = found["query"]["extdistinfo"].as_array().unwrap();
    assert_eq!(list.len(), 3);
    let greeting = &list[0];
    assert_eq!(greeting["descriptionlanguage"], "de");
    assert!(greeting["description"].as_str().unwrap().starts_with("Ergänzt ein <greeting>"));
    assert_eq!(greeting["authors"], published["authors"]);
    assert_eq!(greeting["license"], published["license"]);
    let branch = greeting["branches"].as_array().unwrap().iter();
    let branch = branch.into_iter().find(|it| it["branch"] == "REL1_45").unwrap();
    // Without a setting for it, tardist does not know its own address.
    let mut absolute = tarball.clone();
    let path = tarball["url"].as_str().unwrap();
    assert!(path.starts_with("/dist/"), "{path}");
    absolute["url"] = format!("http://{}{path}", site.address()).into();
    assert_eq!(branch["tarball"], absolute);
    assert_eq!(branch["commit"], published["branches"]["REL1_45"]["commit"]);
    let core = json!({"type": "mediawiki", "name": "MediaWiki", "constraint": ">= 1.45.0"});
    assert_eq!(branch["requirements"], json!([core]));
    assert_eq!((&list[1]["kind"], &list[1]["name"]), (&json!("skins"), &json!("SamplePaper")));
    assert_eq!(list[2], json!({"name": "Nothing", "missing": true}));

    // Both JSON formats, and XML without free keys.
    let query = "/api.php?action=query&list=extdistinfo&edinames=SampleGreeting";
    let first = wiki.get(&format!("{query}&format=json&formatversion=1")).is(200).text();
    let first: Value = first.parse().unwrap();
    let first = &first["query"]["extdistinfo"][0]["branches"][0]["requirements"];
    assert!(first.is_array(), "{first}");
    let xml = wiki.get(&format!("{query}&format=xml")).is(200).text();
    assert!(xml.contains("<requirement type=\"mediawiki\" name=\"MediaWiki\""), "{xml}");
    assert!(xml.contains("<author>Ada Example</author>"), "{xml}");

    // The card is of the branch that the form offers first, or that the visitor chose.
    let form = page(wiki, "ExtensionDistributor/SampleGreeting?uselang=de");
    assert!(card(&form).contains("lang=\"de\" dir=\"ltr\">Ergänzt ein &lt;greeting>"), "{form}");
    assert!(card(&form).contains("<bdi>REL1_45</bdi>") && !card(&form).contains("REL1_46"));
    assert!(card(&form).contains(tarball["sha256"].as_str().unwrap()));
    let chosen = page(wiki, "ExtensionDistributor/SampleGreeting/REL1_46");
    assert!(card(&chosen).contains("<bdi>REL1_46</bdi>"), "{chosen}");
    assert!(page(wiki, "SkinDistributor/SamplePaper").contains("A skin like a sheet of paper"));
    assert_eq!(card(&page(wiki, "ExtensionDistributor")), "");
    let nothing = page(wiki, "ExtensionDistributor/Nothing");
    assert!(card(&nothing).is_empty() && !nothing.contains(UNAVAILABLE));
    assert_eq!(card(&page(wiki, "Version")), "");
    // Programs take the first link of this class for the tarball.
    let first = chosen.find("external free").unwrap();
    assert!(first > chosen.find("</section>").unwrap(), "the card has no such link");
    let newest = site.get("/info/extensions/SampleGreeting").json();
    let newest = newest["branches"]["REL1_46"]["tarball"]["url"].as_str().unwrap().to_owned();
    assert!(chosen[first..].contains(&newest));

    // No message of the help is missing, and it lists no names.
    let help = "/api.php?action=paraminfo&modules=query%2Bextdistinfo&helpformat=html&format=json";
    let help = wiki.get(help).is(200).text();
    assert!(
        !help.contains("⧼") && !help.contains("SampleGreeting") && help.contains("\"internal\"")
    );
    let help = wiki.get("/api.php?action=help&modules=query%2Bextdistinfo").is(200).text();
    assert!(!help.contains("⧼") && help.contains("Describe the extensions and skins"), "{help}");
}

#[test]
fn branches_with_a_slash_are_offered_and_those_that_are_not_configured_are_not() {
    let front = Front::start(tardist(vec!["Alpha".into()], json!({})));
    let mut wiki = wiki(&front.url(), "");
    let wiki = wiki.start();
    let found = info(wiki, "edinames=Alpha");
    let branches = found["query"]["extdistinfo"][0]["branches"].as_array().unwrap();
    let names: Vec<_> = branches.iter().map(|it| it["branch"].as_str().unwrap()).collect();
    assert_eq!(names, ["master", "REL1_45", "wmf/1.46.0-wmf.1"]);
    let page = page(wiki, "ExtensionDistributor/Alpha/wmf/1.46.0-wmf.1");
    let url = "https://t.example.org/dist/extensions/Alpha-wmf~1.46.0-wmf.1-0123456.tar.gz";
    let free = page.find("external free").unwrap();
    assert!(page[free..].contains(url) && card(&page).contains(url), "{page}");
}

#[test]
fn a_walk_finds_each_of_1000_names_once_and_what_is_known_is_not_asked_again() {
    let names: Vec<String> = (0..1000).map(|number| format!("Ext{number}")).collect();
    let front = Front::start(tardist(names.clone(), json!({})));
    let mut wiki = wiki(&front.url(), "");
    let wiki = wiki.start();
    let walk = || {
        let (mut seen, mut from) = (Vec::new(), String::new());
        loop {
            let answer = info(wiki, &format!("edilimit=50&ediprop=title{from}"));
            let list = answer["query"]["extdistinfo"].as_array().unwrap();
            seen.extend(list.iter().map(|it| it["name"].as_str().unwrap().to_owned()));
            let Some(next) = answer["continue"]["edicontinue"].as_str() else { return seen };
            from = format!("&edicontinue={}", next.replace('|', "%7C"));
        }
    };
    let seen = walk();
    assert_eq!(seen.len(), 1000);
    assert_eq!(BTreeSet::from_iter(seen), BTreeSet::from_iter(names));
    assert_eq!(front.take().len(), 2 + 20, "two lists, and fifty names in a request");
    assert_eq!(walk().len(), 1000);
    for junk in ["de_AT", "xx", "zh-hant-tw-x", "qqx", "../", "%00", "DE", "en-", "a", "%3Cb%3E"] {
        info(wiki, &format!("edinames=Ext7&uselang={junk}"));
        page(wiki, &format!("ExtensionDistributor/Ext7?uselang={junk}"));
    }
    assert_eq!(front.take(), Vec::<String>::new());
    // A language that nobody asked for before is there too.
    let german = info(wiki, "edinames=Ext7&uselang=de-at");
    assert_eq!(german["query"]["extdistinfo"][0]["description"], "Tut etwas");
}

type Fault = fn(&str) -> Reply;

/// What a tardist does that is in trouble.
fn faults() -> [(&'static str, Fault); 5] {
    [
        ("ends the connection", |_| Reply::Close),
        ("hangs", |_| Reply::Hang),
        ("answers 500", |_| Reply::Answer(500, "text/plain", "oops".into())),
        ("answers HTML", |_| Reply::Answer(200, "text/html", "<html>Welcome!".into())),
        ("answers half a JSON", |_| Reply::Half(json!({ "extensions": ["Alpha"] }).to_string())),
    ]
}

#[test]
fn a_tardist_in_trouble_costs_one_request_and_is_never_an_answer() {
    for (what, fault) in faults() {
        let front = Front::start(fault);
        let mut wiki = wiki(&front.url(), IMPATIENT);
        let wiki = wiki.start();
        let start = Instant::now();
        let form = page(wiki, "ExtensionDistributor/Alpha");
        assert!(card(&form).is_empty() && form.contains(UNAVAILABLE), "{what}");
        let path = "/api.php?action=query&list=extdistinfo&format=json";
        assert!(wiki.get(path).is(503).text().contains("\"unavailable\""), "{what}");
        assert!(page(wiki, "SkinDistributor").contains(UNAVAILABLE), "{what}");
        let asked = front.take().len();
        assert!(asked == 1 || start.elapsed() > PAUSE, "{what}: {asked} requests for three pages");
        // It is back: nothing of the outage was kept as an answer.
        front.answers(tardist(vec!["Alpha".into()], json!({})));
        let start = Instant::now();
        while card(&page(wiki, "ExtensionDistributor/Alpha")).is_empty() {
            assert!(start.elapsed() < Duration::from_secs(120), "{what}: it is not back");
            std::thread::sleep(Duration::from_millis(500));
        }
        assert_eq!(info(wiki, "")["query"]["extdistinfo"][0]["name"], "Alpha", "{what}");
    }
}

#[test]
fn earlier_answers_serve_while_tardist_is_in_trouble() {
    let front = Front::start(tardist(vec!["Alpha".into()], json!({})));
    // Each request wants to know what is new.
    let mut wiki = wiki(&front.url(), &format!("$wgTardistFreshness = 0; {IMPATIENT}"));
    let wiki = wiki.start();
    assert!(card(&page(wiki, "ExtensionDistributor/Alpha")).contains("Does things"));
    info(wiki, "");
    for (what, fault) in faults() {
        front.answers(fault);
        assert!(card(&page(wiki, "ExtensionDistributor/Alpha")).contains("Does things"), "{what}");
        assert_eq!(info(wiki, "")["query"]["extdistinfo"][0]["name"], "Alpha", "{what}");
    }
}

#[test]
fn a_tardist_that_is_killed_is_not_missed_for_a_day_and_is_used_again_when_it_is_back() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    // Nothing else may get its port while it is down.
    let address = free_address();
    let site = env.serve_at(address);
    let mut wiki = wiki(&format!("http://{address}"), LATER);
    let log = wiki.folder().join("tardist.log");
    wiki.set(&format!("$wgDebugLogGroups['Tardist'] = '{}';", log.display()));
    let wiki = wiki.start();
    let failures = || {
        let text = fs::read_to_string(&log).unwrap_or_default();
        text.matches("tardist cannot be asked").count()
    };
    let greeting = |later: u32| {
        card(&page(wiki, &format!("ExtensionDistributor/SampleGreeting/master?later={later}")))
            .to_owned()
    };
    let see = |later: u32| {
        let skin = page(wiki, &format!("SkinDistributor/SamplePaper?later={later}"));
        (
            greeting(later),
            card(&skin).to_owned(),
            info(wiki, &format!("later={later}"))["query"].clone(),
        )
    };
    let before = see(0);
    assert!(before.0.contains("-master-") && before.1.contains("A skin like"), "{before:?}");
    assert_eq!(before.2["extdistinfo"].as_array().unwrap().len(), 8);

    drop(site); // As `kill -9` does.
    assert_eq!(see(0), before);
    assert_eq!(failures(), 0, "what is fresh is not asked for");
    let start = Instant::now();
    assert_eq!(see(700), before);
    let failed = failures();
    assert!(failed == 1 || start.elapsed() > PAUSE, "{failed} requests for three pages");

    // The last answer is more than a day old: there is none any more.
    let without = page(wiki, "ExtensionDistributor/SampleGreeting?later=90000");
    assert!(card(&without).is_empty() && without.contains(UNAVAILABLE), "{without}");
    assert_eq!(failures(), failed + 1);
    for query in ["", "&edinames=SampleGreeting"] {
        let path = format!("/api.php?action=query&list=extdistinfo&format=json&later=90000{query}");
        assert!(wiki.get(&path).is(503).text().contains("\"unavailable\""));
    }

    let commit = change(&env, "extensions/SampleGreeting", "new");
    env.sync(&[]).exits(0);
    let _site = env.serve_at(address);
    let start = Instant::now();
    while !greeting(90_000).contains(&commit[..12]) {
        assert!(start.elapsed() < Duration::from_secs(120), "it is not back");
        std::thread::sleep(Duration::from_millis(500));
    }
    assert_eq!(see(90_000).1, before.1);
}

#[test]
fn of_many_processes_that_want_the_same_one_asks() {
    let answer = tardist(vec!["Alpha".into()], json!({}));
    let front = Front::start(move |target| {
        // All of them want it before the first has it.
        std::thread::sleep(Duration::from_secs(1));
        answer(target)
    });
    // On a busy machine, all of them together are slow.
    let mut wiki = wiki(&front.url(), &format!("{LATER} $wgTardistTimeout = 20;"));
    let processes = wiki.start_many(5);
    for process in processes {
        page(process, "Version");
    }
    let at_once = |path: &str| -> Vec<String> {
        std::thread::scope(|scope| {
            let all = processes.iter().map(|process| scope.spawn(|| page(process, path)));
            let all: Vec<_> = all.collect();
            all.into_iter().map(|it| it.join().unwrap()).collect()
        })
    };
    // First nobody knows an answer, then there is an earlier one.
    for later in ["", "?later=700"] {
        let pages = at_once(&format!("ExtensionDistributor/Alpha{later}"));
        assert!(pages.iter().all(|page| card(page).contains("Does things")), "{later}");
        let mut asked = front.take();
        asked.sort();
        assert_eq!(asked, ["/info/extensions?names=Alpha&lang=%2A", "/list/extensions"], "{later}");
    }
}

#[test]
fn a_400_is_not_an_outage() {
    let front = Front::start(|target| match target {
        "/list/extensions" => Reply::json(&json!({ "extensions": ["Alpha"] })),
        _ => Reply::Answer(400, "application/problem+json", "{}".into()),
    });
    let mut wiki = wiki(&front.url(), "");
    let wiki = wiki.start();
    page(wiki, "ExtensionDistributor/Alpha");
    front.answers(tardist(vec!["Alpha".into()], json!({})));
    // At once: nobody waits until it is up again.
    assert!(card(&page(wiki, "ExtensionDistributor/Alpha")).contains("Does things"));
}

#[test]
fn another_tardist_does_not_get_the_answers_of_the_first() {
    let first = Front::start(tardist(vec!["Alpha".into()], json!({})));
    let second = Front::start(tardist(vec!["Beta".into()], json!({})));
    let settings = format!(
        "if ( isset( $_GET['second'] ) ) {{ $wgExtDistAPIConfig['apiUrl'] = '{}'; }}",
        second.url()
    );
    let mut wiki = wiki(&first.url(), &settings);
    let wiki = wiki.start();
    assert_eq!(info(wiki, "")["query"]["extdistinfo"][0]["name"], "Alpha");
    assert_eq!(info(wiki, "second")["query"]["extdistinfo"][0]["name"], "Beta");
}

#[test]
fn what_the_client_says_of_caches_holds() {
    let front = Front::start(tardist(vec!["Alpha".into()], json!({})));
    let mut wiki = wiki(&front.url(), "");
    let wiki = wiki.start();
    let path = "/api.php?action=query&list=extdistinfo&format=json";
    let plain = wiki.get(path);
    assert!(plain.is(200).header("cache-control").contains("private"), "{:?}", plain.headers);
    let asked = wiki.get(&format!("{path}&maxage=77&smaxage=77&uselang=en"));
    assert!(asked.is(200).header("cache-control").contains("max-age=77"), "{:?}", asked.headers);
}

#[test]
fn hostile_metadata_is_text_in_a_browser_with_and_without_scripts() {
    let evil = "</bdi></dd><img src=x onerror=\"window.hacked=1\"><script>window.hacked=1</script>";
    let requires =
        json!({"MediaWiki": evil, "extensions": {evil: evil}, "skins": {}, "platform": {}});
    let mut more = json!({
        "title": evil, "description": format!("{evil}{}", "x".repeat(1_000_000)),
        "description_language": evil, "authors": [evil, "\u{202e}turned", "Bea"], "license": evil,
        "url": "javascript:window.hacked=1", "type": evil, "source_url": "javascript:1",
        "translations": {"en": {"title": evil, "description": null}, evil: {"title": evil, "description": evil}},
    });
    let mut branches = document("Alpha", &json!({}))["branches"].clone();
    branches["REL1_45"]["version"] = evil.into();
    branches["REL1_45"]["requires"] = requires;
    branches["master"]["tarball"]["url"] = "javascript:window.hacked=1".into();
    branches[evil] = branches["REL1_45"].clone();
    more["branches"] = branches;
    let front = Front::start(tardist(vec!["Alpha".into(), evil.into()], more));
    let mut wiki = wiki(&front.url(), "");
    let wiki = wiki.start();
    assert!(page(wiki, "ExtensionDistributor/Alpha").len() < 100_000, "the text was cut");
    let browser = Browser::start();
    for scripts in [false, true] {
        if scripts {
            browser.allow_scripts();
        }
        browser.open(&format!(
            "http://{}/index.php/Special:ExtensionDistributor/Alpha",
            wiki.address()
        ));
        let title = browser.text(&browser.find(".ext-tardist-card h2 bdi"));
        assert!(title.contains("<script>window.hacked"), "{title}");
        let count = |selector: &str| {
            let found = format!("document.querySelectorAll('.ext-tardist-card {selector}').length");
            browser.evaluate(&found).as_u64().unwrap()
        };
        assert_eq!((count("img"), count("script"), count("a[href^=\"javascript\" i]")), (0, 0, 0));
        assert_eq!(browser.evaluate("window.hacked === undefined"), true);
        // Each author has a direction of its own.
        let authors = "[...document.querySelectorAll('.ext-tardist-card dd:first-of-type bdi')]";
        for author in ["Bea", "\\u202eturned"] {
            let alone = format!("{authors}.some(it => it.textContent === '{author}')");
            assert_eq!(browser.evaluate(&alone), true, "{author}");
        }
    }
    // The skin for phones.
    let path = "Special:ExtensionDistributor/Alpha?useskin=minerva&uselang=ar";
    browser.resize(360, 740);
    browser.open(&format!("http://{}/index.php/{path}", wiki.address()));
    let card = "document.querySelector('.ext-tardist-card').getBoundingClientRect()";
    let inside = browser.evaluate(&format!("{card}.left >= 0 && {card}.right <= 360"));
    assert_eq!(inside, true, "it fits on a phone, from right to left too");
    let found = violations_in(&browser, ".ext-tardist-card");
    assert!(found.is_empty(), "a text that scrolls is for the keyboard, too: {found:#?}");
}

#[test]
fn axe_finds_nothing_in_the_cards_and_they_have_room() {
    let (_env, site): (TestEnv, Site) = served();
    let settings = "$wgVectorNightMode['logged_out'] = true; $wgMinervaNightMode['base'] = true;";
    let mut wiki = wiki(&format!("http://{}", site.address()), settings);
    let wiki = wiki.start();
    let browser = Browser::start();
    browser.allow_scripts();
    for (width, height, skin) in [(1280, 800, "vector-2022"), (360, 740, "minerva")] {
        browser.resize(width, height);
        for path in ["ExtensionDistributor/SampleGreeting", "SkinDistributor/SamplePaper/REL1_45"] {
            for more in ["", "&uselang=ar", "&vectornightmode=1&minervanightmode=1"] {
                let path = format!("Special:{path}?useskin={skin}{more}");
                browser.open(&format!("http://{}/index.php/{path}", wiki.address()));
                let found = violations_in(&browser, ".ext-tardist-card");
                assert!(found.is_empty(), "{path} at {width}: {found:#?}");
            }
        }
    }
    browser.resize(1280, 800);
    let path = "Special:ExtensionDistributor/SampleGreeting?useskin=vector-2022";
    browser.open(&format!("http://{}/index.php/{path}", wiki.address()));
    let hash = "document.querySelector('.ext-tardist-card code').getClientRects().length";
    assert_eq!(browser.evaluate(hash), 1, "a SHA-256 is one line where there is room");
    let space = "document.querySelector('.ext-tardist-card dl').getBoundingClientRect().top
        - document.querySelector('.ext-tardist-card p').getBoundingClientRect().bottom";
    assert!(browser.evaluate(space).as_f64().unwrap() > 8.0, "the rows are apart from the text");
    let _ = browser.evaluate("document.querySelector('.ext-tardist-card a').textContent = ''");
    let found = violations_in(&browser, ".ext-tardist-card");
    assert!(found[0].starts_with("link-name"), "it would find something: {found:?}");
}

#[test]
fn with_scripts_the_card_follows_what_is_chosen() {
    let names = vec!["Alpha".to_owned(), "Beta".to_owned()];
    let front = Front::start(tardist(names, json!({})));
    let mut wiki = wiki(&front.url(), "");
    let wiki = wiki.start();
    let browser = Browser::start();
    browser.allow_scripts();
    browser
        .open(&format!("http://{}/index.php/Special:ExtensionDistributor/Alpha", wiki.address()));
    let shows = |text: &str| {
        let card = "document.querySelector('.ext-tardist-card')?.textContent ?? ''";
        browser.evaluate(&format!("({card}).includes('{text}')")) == true
    };
    assert!(shows("1.0-REL1_45"), "the server made it");
    // What a visitor does, for a list of any look. The script may come later than the page.
    let choose = |field: &str, value: &str| {
        browser.evaluate(&format!(
            "(() => {{ const it = document.querySelector('[name={field}]'); it.value = '{value}'; \
             it.dispatchEvent(new Event('change', {{ bubbles: true }})); return true; }})()"
        ))
    };
    within("the card is of the chosen branch", || {
        let _ = choose("extdistversion", "master");
        shows("1.0-master")
    });
    assert!(!shows("1.0-REL1_45"));
    let html = |browser: &Browser| {
        browser.evaluate("document.querySelector('.ext-tardist-card').outerHTML")
    };
    let made_by_script = html(&browser);
    browser.open(&format!(
        "http://{}/index.php/Special:ExtensionDistributor/Alpha/master",
        wiki.address()
    ));
    assert_eq!(html(&browser), made_by_script, "both are of one renderer");
}

#[test]
fn each_file_of_the_extension_is_well_formed() {
    let root = workspace().join("mediawiki/Tardist");
    let texts = |path: &str| -> BTreeSet<String> {
        let value: Value = fs::read_to_string(root.join(path)).unwrap().parse().unwrap();
        value.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(texts("i18n/en.json"), texts("i18n/qqq.json"));
    assert_eq!(texts("i18n/api/en.json"), texts("i18n/api/qqq.json"));
    let mut phpunit = std::process::Command::new("phpunit");
    phpunit.current_dir(&root).args(["--bootstrap", "tests/phpunit/bootstrap.php"]);
    let output = phpunit.arg("tests/phpunit/unit").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
