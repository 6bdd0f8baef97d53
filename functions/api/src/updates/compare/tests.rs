use serde_json::{Value, json};

use super::*;

const OLDER: &str = "2026-08-06T09:30:00Z";
const NEWER: &str = "2026-08-07T09:30:00Z";

fn commit(digit: char) -> String {
    digit.to_string().repeat(40)
}

/// What is published of a repository: commit 1 of `REL1_45` with version 1.1, 2 of `master`, 0 of `REL1_44`.
fn found(entry: usize, name: &str) -> Value {
    json!({
        "entry": entry, "kind": "extensions", "name": name, "manifest_name": name,
        "commits": {
            "master": commit('2'), "REL1_45": commit('1'), "REL1_44": commit('0'), "stable": commit('3'),
        },
        "branch": {
            "commit": commit('1'), "committed_at": NEWER, "version": "1.1",
            "requires": {"MediaWiki": ">= 1.46", "extensions": {}, "skins": {}, "platform": {}},
            "complete": true,
            "tarball": {"file": "A-x-1.tar.gz", "url": "/d", "size": 1, "sha256": ""},
        },
    })
}

fn report(extensions: &Value, skins: &Value, found: &Value, target: Option<&str>) -> Report {
    let body = json!({
        "general": {"generator": "MediaWiki 1.45.1"}, "extensions": extensions, "skins": skins,
    });
    let siteinfo = Siteinfo::parse(body.to_string().as_bytes()).unwrap();
    let published = Published {
        branch: "REL1_45".parse().unwrap(),
        branches: vec!["master".parse().unwrap(), "REL1_45".parse().unwrap()],
        repositories: serde_json::from_value(found.clone()).unwrap(),
        several: Vec::new(),
    };
    compare(siteinfo, target.and_then(Target::parse).as_ref(), &published)
}

/// The status and the notes of an extension with these fields besides its name.
fn status(fields: &Value) -> (Status, Vec<String>) {
    let mut extension = json!({"name": "A"});
    extension.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let report = report(&json!([extension]), &json!([]), &json!([found(0, "A")]), None);
    let outcome = &report.results[0];
    (outcome.status, outcome.notes.iter().map(ToString::to_string).collect())
}

#[test]
fn the_published_commit_is_current_and_another_version_of_it_was_changed_by_hand() {
    assert_eq!(
        status(&json!({"vcs-version": commit('1'), "version": "1.1"})),
        (Status::Current, vec![])
    );
    let (current, notes) = status(&json!({"vcs-version": commit('1'), "version": "1.1-mine"}));
    assert_eq!(current, Status::Current);
    assert!(notes[0].contains("changed by hand"), "{notes:?}");
    // A manifest with the number 1.10: a wiki writes it in another way.
    assert_eq!(
        status(&json!({"vcs-version": commit('1'), "version": "1.1.0"})),
        (Status::Current, vec![])
    );
}

#[test]
fn a_commit_of_a_branch_without_an_age_is_as_old_as_its_time() {
    let of = |time: &str| status(&json!({"vcs-version": commit('3'), "vcs-date": time}));
    let note = || vec!["What is installed is the branch stable.".to_owned()];
    assert_eq!(of(OLDER), (Status::Outdated, note()));
    assert_eq!(of("2026-08-08T00:00:00Z"), (Status::Ahead, note()));
    assert_eq!(of(NEWER), (Status::UnknownVersion, note()));
}

#[test]
fn another_commit_is_older_or_newer_by_its_time_then_by_its_version() {
    let at = |time: &str, version: &str| {
        status(&json!({"vcs-version": commit('9'), "vcs-date": time, "version": version})).0
    };
    assert_eq!(at(OLDER, "9"), Status::Outdated);
    assert_eq!(at("2026-08-08T00:00:00Z", "1.0"), Status::Ahead);
    assert_eq!(at(NEWER, "1.1"), Status::UnknownVersion);
    assert_eq!(at(NEWER, "1.0"), Status::Outdated);
    assert_eq!(at("", "1.2"), Status::Ahead);
    let (unknown, notes) = status(&json!({"vcs-version": commit('9')}));
    assert_eq!(unknown, Status::UnknownVersion);
    assert!(notes[0].contains("nothing says"), "{notes:?}");
}

#[test]
fn a_commit_of_another_branch_is_as_old_as_its_branch() {
    let of = |digit, time: &str| status(&json!({"vcs-version": commit(digit), "vcs-date": time}));
    let (ahead, notes) = of('2', OLDER);
    assert_eq!(
        (ahead, notes),
        (Status::Ahead, vec!["What is installed is the branch master.".into()])
    );
    assert_eq!(of('0', "2026-09-01T00:00:00Z").0, Status::Outdated);
}

#[test]
fn without_a_commit_a_version_decides_unless_it_is_the_same() {
    let (unknown, notes) = status(&json!({"version": "1.1"}));
    assert_eq!(unknown, Status::UnknownVersion);
    assert!(notes[0].contains("does not say which commit"), "{notes:?}");
    assert_eq!(status(&json!({"version": "1.0"})), (Status::Outdated, vec![]));
    assert_eq!(status(&json!({"version": "1.10"})), (Status::Ahead, vec![]));
    for fields in [json!({}), json!({"version": "1.0 (abc)"})] {
        let (unknown, notes) = status(&fields);
        assert_eq!(unknown, Status::UnknownVersion);
        assert!(notes[0].contains("neither a commit nor a version"), "{notes:?}");
    }
}

#[test]
fn without_the_branch_the_others_are_named_and_an_unknown_entry_is_listed() {
    let mut without = found(0, "A");
    without["branch"] = Value::Null;
    let extensions = json!([{"name": "A"}, {"name": "<b>Own</b>", "type": "skin"}]);
    let report = report(&extensions, &json!([]), &json!([without]), None);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["results"][0]["status"], "no-branch");
    assert_eq!(json["results"][0]["notes"], json!(["There is: master, REL1_45, REL1_44, stable."]));
    assert_eq!(
        json["results"][1],
        json!({
            "installed": {"name": "<b>Own</b>", "version": null, "commit": null},
            "kind": "skins", "name": null, "status": "not-distributed", "branch": null,
            "commit": null, "version": null, "tarball": null, "notes": [], "unmet": [],
        })
    );
    assert_eq!((&json["mediawiki"], &json["branch"]), (&json!("1.45.1"), &json!("REL1_45")));
}

#[test]
fn a_skin_that_the_extensions_have_is_listed_once() {
    let skins = json!([{"code": "a", "name": "Eh"}, {"code": "own", "name": "Own"}]);
    let all = json!([found(0, "A"), found(1, "A")]);
    let report = report(&json!([{"name": "Alpha"}]), &skins, &all, None);
    let names: Vec<_> =
        report.results.iter().map(|it| it.installed.name.as_deref().unwrap()).collect();
    assert_eq!(names, ["Alpha", "Own"]);
}

#[test]
fn a_target_says_what_its_branch_requires_and_would_not_have() {
    let unmet = |target| {
        let found = json!([found(0, "A")]);
        report(&json!([{"name": "A"}]), &json!([]), &found, target).results[0].unmet.len()
    };
    assert_eq!((unmet(None), unmet(Some("1.45")), unmet(Some("1.46"))), (0, 1, 0));
    assert_eq!(unmet(Some("master")), 0, "master becomes 1.46");
}

#[test]
fn an_incomplete_tarball_is_noted() {
    let mut incomplete = found(0, "A");
    incomplete["branch"]["complete"] = json!(false);
    let report =
        report(&json!([{"name": "A", "version": "1"}]), &json!([]), &json!([incomplete]), None);
    assert_eq!(report.results[0].notes, [Note::Incomplete]);
}
