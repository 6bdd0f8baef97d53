use serde_json::json;

use super::*;

fn siteinfo() -> Siteinfo {
    let body = json!({
        "general": {"generator": "MediaWiki 1.43.0", "phpversion": "8.1.2-1ubuntu2"},
        "extensions": [
            {"name": "Base", "version": "1.0"},
            {"name": "Old", "version": "1.0"},
            {"name": "Own", "version": "3.0"},
            {"name": "Silent"},
            {"name": "Odd", "version": "1.0 (abc)"},
            {"name": "Paper", "type": "skin", "version": "1.0"},
        ],
    });
    Siteinfo::parse(body.to_string().as_bytes()).unwrap()
}

/// The repository of the entry, with this version on the branch, or without the branch.
fn found(entry: usize, name: &str, version: Option<&str>) -> Found {
    let branch = version.map(|version| {
        json!({
            "commit": "1", "committed_at": "2026-08-06T09:30:00Z", "version": version,
            "requires": {"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}},
            "complete": true,
            "tarball": {"file": "A-x-1.tar.gz", "url": "/d", "size": 1, "sha256": ""},
        })
    });
    serde_json::from_value(json!({
        "entry": entry, "kind": "extensions", "name": format!("{name}Repo"),
        "manifest_name": name, "commits": {}, "branch": branch,
    }))
    .unwrap()
}

fn unmet(requires: &serde_json::Value) -> Vec<String> {
    let siteinfo = siteinfo();
    let (base, old) = (found(0, "Base", Some("2.0")), found(1, "Old", None));
    let all = [Some(&base), Some(&old), None, None, None, None];
    let branch = "REL1_46".parse().unwrap();
    let mut document = json!({"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}});
    for (key, value) in requires.as_object().unwrap() {
        document[key] = value.clone();
    }
    let wiki = Wiki::new(&siteinfo, Version::parse("1.46.1"), &branch, &all);
    let unmet = wiki.unmet(&serde_json::from_value(document).unwrap());
    unmet.iter().map(ToString::to_string).collect()
}

#[test]
fn what_would_be_there_breaks_nothing() {
    let none = [""; 0];
    assert_eq!(unmet(&json!({})), none);
    assert_eq!(
        unmet(&json!({"MediaWiki": ">= 1.46", "platform": {"php": ">= 8.1", "ext-x": "*"}})),
        none
    );
    assert_eq!(
        unmet(&json!({
            "extensions": {"Base": ">= 2.0", "BaseRepo": "2.*", "Own": "3.0", "Silent": "*", "Odd": "> 9"},
            "skins": {"Paper": "*"},
        })),
        none
    );
}

#[test]
fn what_cannot_be_read_is_not_guessed() {
    let read =
        json!({"MediaWiki": "dev-master", "platform": {"php": "?"}, "extensions": {"Own": "?"}});
    assert_eq!(unmet(&read), [""; 0]);
}

#[test]
fn each_requirement_that_would_break_is_said() {
    assert_eq!(
        unmet(&json!({"MediaWiki": ">= 1.47.0", "platform": {"php": ">= 8.2"}})),
        [
            "It requires MediaWiki >= 1.47.0.",
            "It requires PHP >= 8.2; the wiki has 8.1.2-1ubuntu2."
        ]
    );
    assert_eq!(
        unmet(&json!({
            "extensions": {"Base": "< 2.0", "None": "*", "Old": "*", "Silent": ">= 1"},
            "skins": {"Base": "*", "Paper": ">= 2"},
        })),
        [
            "It requires the extension Base < 2.0; it would be 2.0.",
            "It requires the extension None, which the wiki does not have.",
            "It requires the extension Old, of which there is no REL1_46.",
            "It requires the extension Silent >= 1, which says no version.",
            "It requires the skin Base, which the wiki does not have.",
            "It requires the skin Paper >= 2; it would be 1.0.",
        ]
    );
}
