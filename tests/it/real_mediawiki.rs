//! The update check with the answer of a real MediaWiki: Debian's package, PHP and SQLite.

use std::fs;

use tardist_tests::{File, MediaWiki, Time};

use crate::updates::{change, distributed, is_right, post, statuses, sync};

/// What people are told to ask their wiki.
const SITEINFO: &str =
    "/api.php?action=query&meta=siteinfo&siprop=general%7Cextensions%7Cskins&format=json";

/// Four extensions and a skin come from tarballs: one an older commit, one changed by hand, one without
/// its commit. One more is the wiki's own.
#[test]
fn a_real_wiki_is_told_how_each_of_its_extensions_stands() {
    let branch = MediaWiki::branch();
    let env = distributed(&branch);
    let mut wiki = MediaWiki::install();
    wiki.unpack("extensions", &env.tarball("extensions/WikiOlder", &branch));
    change(&env, &branch);
    sync(&env, &branch);
    wiki.unpack("extensions", &env.tarball("extensions/WikiCurrent", &branch));
    wiki.unpack("skins", &env.tarball("skins/WikiPaper", &branch));
    let edited = wiki.unpack("extensions", &env.tarball("extensions/WikiEdited", &branch));
    let manifest = edited.join("extension.json");
    let text = fs::read_to_string(&manifest).unwrap().replace("\"1.0\"", "\"1.0-mine\"");
    fs::write(&manifest, text).unwrap();
    let plain = wiki.unpack("extensions", &env.tarball("extensions/WikiPlain", &branch));
    fs::remove_file(plain.join("gitinfo.json")).unwrap();
    let own = wiki.folder().join("extensions/HomeMade");
    fs::create_dir(&own).unwrap();
    fs::write(own.join("extension.json"), r#"{"name": "HomeMade", "manifest_version": 2}"#)
        .unwrap();
    wiki.load("extensions", "HomeMade");

    let site = env.serve(&[]);
    let wiki = wiki.start();
    for format in ["1", "2"] {
        let siteinfo = wiki.get(&format!("{SITEINFO}&formatversion={format}"));
        let body = siteinfo.is(200).text();
        if let (Some(path), "1") = (std::env::var_os("RECORD"), format) {
            fs::write(path, &body).unwrap();
        }
        let report = post(&site, "/updates", &[], &body);
        is_right(&report.json(), &branch);
    }

    // A newer commit than the published one.
    let time = Time::utc(Time::default().seconds + 7_200);
    let files = [("new.txt", File::text("new"))];
    env.repository("extensions/WikiCurrent").commit(&branch, &files, "Change", time).unwrap();
    let body = wiki.get(SITEINFO).text();
    sync(&env, &branch);
    site.catch_up();
    let report = post(&site, "/updates", &[], &body).json();
    let current = statuses(&report).into_iter().find(|(name, ..)| name == "Wiki of today");
    assert_eq!(current.unwrap().1, "outdated");
}
