//! Who may take the place of another repository in a report.

use http::Method;
use rusqlite::Connection;
use serde_json::{Value, json};
use tardist_contract::{known_as, schema::USER_VERSION};

use super::*;
use crate::{
    query::testing::{Db, snapshot, wait},
    updates::compare::{Note, Outcome, Status},
};

/// The home page that the victim has now, and the one that its older versions had.
const NOW: &str = "https://www.mediawiki.org/wiki/Extension:Page_Forms";
const OLD: &str = "https://www.mediawiki.org/wiki/Extension:Semantic_Forms";

/// A repository: its name, and the name, version and home page in its manifest.
type Manifest = (&'static str, &'static str, &'static str, &'static str);

const VICTIM: Manifest = ("PageForms", "Page Forms", "5.9", NOW);

/// A snapshot with these extensions, each with the keys that the builder gives it.
fn published_with(repositories: &[Manifest]) -> Db {
    let db = snapshot(USER_VERSION);
    db.execute_batch("INSERT INTO distributed_branch VALUES ('REL1_45', 0, 1, 0, 1)").unwrap();
    for repository in repositories {
        insert(&db, *repository);
    }
    Db(db)
}

fn insert(db: &Connection, (name, manifest, version, page): Manifest) {
    let document = json!({"manifest_name": manifest, "branches": {"REL1_45": {
        "commit": "1".repeat(40), "committed_at": "2026-08-06T09:30:00Z", "version": version,
        "requires": {"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}},
        "metadata": {}, "problems": [], "complete": true,
        "tarball": {"file": format!("{name}-REL1_45-1.tar.gz"), "url": "/d", "size": 1, "sha256": ""},
    }}});
    db.execute(
        "INSERT INTO repository VALUES ('extensions', ?, 'u', NULL, NULL, NULL, NULL, 5, 'e', 8, ?)",
        (name, document.to_string()),
    )
    .unwrap();
    let keys = [
        Some(known_as::by_repository(name)),
        Some(known_as::by_name(name)),
        Some(known_as::by_name(manifest)),
        known_as::by_url(page),
    ];
    for key in keys.into_iter().flatten() {
        // Of a repository whose manifest has its own name, two are the same.
        db.execute("INSERT OR IGNORE INTO known_as VALUES (?, 'extensions', ?)", (key, name))
            .unwrap();
    }
}

/// What the report says of a wiki with these extensions.
fn outcomes(extensions: &Value, db: &Db) -> Vec<Outcome> {
    let body = json!({"general": {"generator": "MediaWiki 1.45.1"}, "extensions": extensions});
    let uri = "/updates?target=1.45".parse().unwrap();
    let request = Request::new(Method::POST, &uri, HeaderMap::new()).unwrap();
    wait(check(&request, body.to_string().as_bytes(), db)).unwrap().results
}

/// What the report says of version 5.8 of the victim, which names this home page.
fn outcome(page: &str, db: &Db) -> Outcome {
    outcomes(&json!([{"name": "Page Forms", "version": "5.8", "url": page}]), db).remove(0)
}

#[track_caller]
fn is_the_victim(outcome: &Outcome) {
    let name = outcome.name.as_ref().map(ToString::to_string);
    let file = outcome.tarball.as_ref().map(|it| it.file.to_string());
    assert_eq!((name.as_deref(), outcome.status), (Some("PageForms"), Status::Outdated));
    assert_eq!(outcome.version.as_deref(), Some("5.9"));
    assert_eq!(file.as_deref(), Some("PageForms-REL1_45-1.tar.gz"));
    assert_eq!(outcome.notes, []);
}

#[track_caller]
fn is_unclear(outcome: &Outcome) {
    assert_eq!((&outcome.name, outcome.status), (&None, Status::NotDistributed));
    assert_eq!((&outcome.tarball, &outcome.notes[..]), (&None, &[Note::Several][..]));
}

#[test]
fn without_an_attacker_an_extension_is_found_by_its_name() {
    let db = published_with(&[VICTIM]);
    for page in [NOW, OLD, ""] {
        is_the_victim(&outcome(page, &db));
    }
}

#[test]
fn an_attacker_with_the_name_and_an_old_page_does_not_take_the_place_of_another() {
    let db = published_with(&[("AEvil", "Page Forms", "99", OLD), VICTIM]);
    for page in [NOW, OLD, ""] {
        is_the_victim(&outcome(page, &db));
    }
}

#[test]
fn an_attacker_with_the_name_and_the_page_does_not_hide_another() {
    let db = published_with(&[("AEvil", "Page Forms", "99", NOW), VICTIM]);
    for page in [NOW, OLD, ""] {
        is_the_victim(&outcome(page, &db));
    }
}

#[test]
fn a_name_of_several_is_of_none_whoever_has_the_page_alone() {
    let copy = ("Page-Forms", "Page Forms", "99", OLD);
    let none = [("AEvil", "Page Forms", "99", OLD), ("Forms", "Page Forms", "5.9", NOW)];
    for repositories in [&[copy, VICTIM], &none] {
        let db = published_with(repositories);
        for page in [NOW, OLD, ""] {
            is_unclear(&outcome(page, &db));
        }
    }
}

#[test]
fn the_view_of_the_source_names_the_repository_whatever_manifests_say() {
    let db = published_with(&[
        ("AEvil", "PageForms", "99", NOW),
        ("pageforms", "PageForms", "99", NOW),
        VICTIM,
    ]);
    let view = "https://gerrit.wikimedia.org/g/mediawiki/extensions/PageForms/+/1";
    let entry = json!({"name": "Page Forms", "version": "5.8", "url": NOW, "vcs-url": view});
    is_the_victim(&outcomes(&json!([entry]), &db)[0]);
}

#[test]
fn of_several_with_one_page_the_one_is_meant_whose_name_the_wiki_says() {
    let renamed = ("PageForms", "Forms", "5.9", NOW);
    let db = published_with(&[("AEvil", "Evil", "99", NOW), renamed]);
    is_the_victim(&outcome(NOW, &db));
    let other = json!([{"name": "Anything", "version": "1", "url": NOW}]);
    is_unclear(&outcomes(&other, &db)[0]);
}

#[test]
fn each_entry_stands_for_itself_when_the_snapshot_is_asked_again() {
    let db = published_with(&[
        ("AEvil", "Page Forms", "99", OLD),
        VICTIM,
        ("Plain", "Plain", "2", ""),
        ("One", "Shared", "2", ""),
        ("Two", "Shared", "2", ""),
    ]);
    let entries = json!([
        {"name": "Plain", "version": "1"},
        {"name": "Page Forms", "version": "5.8"},
        {"name": "Shared", "version": "1"},
        {"name": "HomeMade", "version": "1"},
        {"name": "PageForms", "version": "5.8"},
    ]);
    let all = outcomes(&entries, &db);
    let names: Vec<_> = all.iter().map(|it| it.name.as_ref().map(ToString::to_string)).collect();
    let (plain, victim) = (Some("Plain".to_owned()), Some("PageForms".to_owned()));
    assert_eq!(names, [plain, victim.clone(), None, None, victim]);
    is_the_victim(&all[1]);
    is_unclear(&all[2]);
    assert_eq!((all[3].status, &all[3].notes[..]), (Status::NotDistributed, &[][..]));
}
