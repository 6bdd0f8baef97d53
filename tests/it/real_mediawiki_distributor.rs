//! ExtensionDistributor in a real MediaWiki, on tardist's view as a Gerrit, with the settings that
//! docs/extension-distributor.md shows: Debian's package, PHP and SQLite.
//!
//! ExtensionDistributor is the real one where `TARDIST_ED_1_39_DIR` names its folder (of the branch
//! `REL1_39`), else the small stand-in of `tests/companion/`.

use std::fs;
use std::path::Path;

use tardist_tests::{MediaWiki, Site, Value, change, served};

/// The settings in the document, for the tardist at this address.
fn settings(address: &str) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let document = fs::read_to_string(workspace.join("docs/extension-distributor.md")).unwrap();
    let section = document.split("## By settings alone\n").nth(1).unwrap();
    let lines = section.lines().skip_while(|line| !line.starts_with("    ")).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let lines: Vec<_> = lines.map(str::trim_start).collect();
    let block =
        lines.join("\n").replace("https://extdist.example.org", &format!("http://{address}"));
    assert!(block.contains("GerritExtDistProvider") && block.contains("ExtDistDefaultSnapshot"));
    block
}

fn wiki(site: &Site) -> MediaWiki {
    let wiki = MediaWiki::install();
    wiki.link_distributor("TARDIST_ED_1_39_DIR");
    wiki.set("$wgMainCacheType = CACHE_DB;");
    wiki.set(&settings(&site.address().to_string()));
    wiki
}

fn query(wiki: &Site, query: &str) -> Value {
    let path = format!("/api.php?action=query&format=json&formatversion=2&{query}");
    let answer: Value = wiki.get(&path).is(200).text().parse().unwrap();
    answer["query"].clone()
}

/// What the file at this URL contains.
fn download(site: &Site, url: &str) -> Vec<u8> {
    let path = url.strip_prefix(&format!("http://{}", site.address())).unwrap();
    site.get(path).is(200).body.clone()
}

#[test]
fn the_names_the_branches_and_the_tarballs_are_those_that_tardist_publishes() {
    let (env, site) = served();
    let mut wiki = wiki(&site);
    let wiki = wiki.start();
    let listed = query(wiki, "list=extdistrepos")["extdistrepos"].clone();
    for kind in ["extensions", "skins"] {
        assert_eq!(listed[kind], site.get(&format!("/list/{kind}")).json()[kind], "{kind}");
    }
    let mut offered = 0;
    for (kind, parameter) in [("extensions", "edbexts"), ("skins", "edbskins")] {
        for name in listed[kind].as_array().unwrap().iter().map(|it| it.as_str().unwrap()) {
            let found = query(wiki, &format!("list=extdistbranches&{parameter}={name}"));
            let found = found["extdistbranches"][kind][name].as_object().unwrap().clone();
            let source = format!("https://gerrit.wikimedia.org/r/mediawiki/{kind}/{name}.git");
            assert_eq!(found["source"], source);
            for (branch, url) in found.iter().filter(|(key, _)| *key != "source") {
                let bytes = fs::read(env.tarball(&format!("{kind}/{name}"), branch)).unwrap();
                assert!(download(&site, url.as_str().unwrap()) == bytes, "{kind}/{name} {branch}");
                offered += 1;
            }
        }
    }
    let published = env.tips();
    let configured = ["master", "REL1_45", "REL1_44", "REL1_43"];
    let published = published.keys().filter(|tip| configured.iter().any(|it| tip.ends_with(it)));
    assert_eq!(offered, published.count(), "all that is configured and published");

    // The page that begins the download.
    for (page, id) in [
        ("ExtensionDistributor", "extensions/SampleGreeting"),
        ("SkinDistributor", "skins/SamplePaper"),
    ] {
        let name = id.split('/').nth(1).unwrap();
        let html = |branch: &str| {
            wiki.get(&format!("/index.php/Special:{page}/{name}/{branch}")).is(200).text()
        };
        let there = html("REL1_45");
        let link =
            there.split("external free\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(download(&site, link) == fs::read(env.tarball(id, "REL1_45")).unwrap(), "{id}");
        assert!(!html("REL1_30").contains("external free"), "{id} has no such branch");
    }
}

/// ExtensionDistributor keeps branches for half an hour.
#[test]
fn a_link_that_the_wiki_remembers_downloads_after_the_branch_has_moved_on() {
    let (env, site) = served();
    let mut wiki = wiki(&site);
    let wiki = wiki.start();
    let link = || {
        let found = query(wiki, "list=extdistbranches&edbexts=SampleGreeting");
        let master = &found["extdistbranches"]["extensions"]["SampleGreeting"]["master"];
        master.as_str().unwrap().to_owned()
    };
    let before = link();
    let bytes = download(&site, &before);
    change(&env, "extensions/SampleGreeting", "new");
    env.sync(&[]).exits(0);
    site.catch_up();
    let newest = site.get("/info/extensions/SampleGreeting").json();
    let file = newest["branches"]["master"]["tarball"]["file"].as_str().unwrap();
    assert!(!before.ends_with(file), "{file} is new");
    assert_eq!(link(), before);
    assert!(download(&site, &before) == bytes);
}
