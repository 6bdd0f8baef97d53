use http::{HeaderMap, Method};
use rusqlite::Connection;
use tardist_contract::{BranchName, Kind, RepoName, schema::USER_VERSION};

use super::{
    changes::changes,
    home::home,
    list::{List, Wanted, list},
    repository::repository,
};
use crate::{
    http::{date::day, request::Request},
    language::{chain::Chain, wanted::Wanted as Languages},
    query::{
        distributed::distributed,
        testing::{run, snapshot},
    },
};

/// A snapshot with four extensions and a skin, on two branches.
fn filled() -> Connection {
    let db = snapshot(USER_VERSION);
    db.execute_batch("DELETE FROM repository").unwrap();
    let document = |kind: &str, name: &str, manifest: &str| {
        format!(
            "{{\"kind\":\"{kind}\",\"name\":\"{name}\",\"title\":\"T\",\"description\":\"D\",\
             \"description_language\":\"en\",\"authors\":[],\"source_url\":\"u\",\"composer\":null,\
             \"manifest_name\":\"{manifest}\",\"default_branch\":\"master\",\
             \"branches\":{{\"master\":{{\"version\":\"1.{name}\"}}}}}}"
        )
        .replace(
            "{\"version\":",
            "{\"commit\":\"1234567890123456789012345678901234567890\",\
            \"committed_at\":\"\",\"requires\":{\"extensions\":{},\"skins\":{},\"platform\":{}},\
            \"metadata\":{\"authors\":[]},\"problems\":[],\"tarball\":{\"file\":\"a.tar.gz\",\
            \"url\":\"/a\",\"size\":1,\"sha256\":\"\"},\"version\":",
        )
    };
    for (kind, name, group, changed) in [
        ("extensions", "beta", Some("media"), 40),
        ("extensions", "Alpha", Some("Antispam"), 30),
        ("extensions", "9Nine", Some("antispam"), 20),
        ("extensions", "Azure", None, 10),
        ("skins", "Dusk", Some("skin"), 5),
    ] {
        let row = (kind, name, group, changed * 86_400, document(kind, name, &format!("M {name}")));
        db.execute(
            "INSERT INTO repository VALUES (?1, ?2, 'u', 'T', 'First line', 'MIT', ?3, ?4, 'e', 1, ?5)",
            row,
        )
        .unwrap();
    }
    db.execute_batch(
        "INSERT INTO distributed_branch VALUES ('master', 0, 3, 1, 0), ('REL1_45', 1, 2, 0, 1);
         INSERT INTO branch VALUES
            ('extensions', 'beta', 'master', printf('%040d', 1), 3456000, 500, 1),
            ('extensions', 'beta', 'REL1_45', printf('%040d', 2), 86400, 900, 0),
            ('extensions', 'Alpha', 'REL1_45', printf('%040d', 3), 172800, 900, 1),
            ('skins', 'Dusk', 'master', printf('%040d', 4), 432000, 700, 1);
         INSERT INTO localized VALUES
            ('extensions', 'beta', 'en', 'T', 'First line'),
            ('extensions', 'beta', 'de', 'Titel', 'Erste Zeile' || char(10) || 'Zweite'),
            ('extensions', 'Azure', 'ar', NULL, 'وصف');
         INSERT INTO requirement VALUES
            ('extensions', 'beta', 'skins', 'Dusk'),
            ('extensions', 'beta', 'extensions', 'Alpha'),
            ('extensions', 'Alpha', 'extensions', 'beta');",
    )
    .unwrap();
    db
}

fn wanted() -> Wanted<'static> {
    Wanted {
        kind: Kind::Extensions,
        branch: None,
        group: None,
        by_change: false,
        page: 1,
        size: 100,
        chain: None,
    }
}

fn names(list: &List) -> Vec<&str> {
    list.entries.iter().map(|it| it.name.as_str()).collect()
}

#[test]
fn a_list_is_sorted_by_name_without_regard_to_case_and_knows_its_letters() {
    let found = run(&filled(), &list(wanted())).unwrap();
    assert_eq!(names(&found), ["9Nine", "Alpha", "Azure", "beta"]);
    let letters: Vec<_> = found.letters.iter().map(|(it, place)| (it.as_str(), *place)).collect();
    assert_eq!(letters, [("0", 0), ("A", 1), ("B", 3)]);
    assert_eq!(found.groups, [("antispam".to_owned(), 2), ("media".to_owned(), 1)]);
    assert_eq!((found.total, found.page, found.generated_at), (4, 1, 1000));
    assert_eq!(day(found.entries[1].changed), "1970-01-31");
}

#[test]
fn a_list_for_a_branch_has_only_what_has_it_with_its_own_time_and_completeness() {
    let branch: BranchName = "REL1_45".parse().unwrap();
    let found =
        run(&filled(), &list(Wanted { branch: Some(&branch), by_change: true, ..wanted() }));
    let found = found.unwrap();
    assert_eq!(names(&found), ["Alpha", "beta"]);
    let entry = |place: usize| (day(found.entries[place].changed), found.entries[place].complete);
    assert_eq!([entry(0), entry(1)], [("1970-01-03".to_owned(), 1), ("1970-01-02".to_owned(), 0)]);
    assert!(found.letters.is_empty());
    assert_eq!(found.groups.len(), 2, "the groups of those that have the branch");
}

#[test]
fn a_list_of_a_group_and_its_pages() {
    let db = filled();
    let found = run(&db, &list(Wanted { group: Some("antispam"), ..wanted() })).unwrap();
    assert_eq!((names(&found), found.groups.len()), (vec!["9Nine", "Alpha"], 2));
    for (page, expected, shown) in
        [(1, vec!["beta", "Alpha", "9Nine"], 1), (2, vec!["Azure"], 2), (9, vec!["Azure"], 2)]
    {
        let found = run(&db, &list(Wanted { by_change: true, page, size: 3, ..wanted() })).unwrap();
        assert_eq!((names(&found), found.page, found.total), (expected, shown, 4));
    }
    let empty = run(&db, &list(Wanted { group: Some("none"), page: 3, ..wanted() })).unwrap();
    assert_eq!((empty.total, empty.page, empty.entries.len()), (0, 1, 0));
}

#[test]
fn a_list_has_titles_and_first_lines_in_the_language_of_the_reader() {
    let db = filled();
    let chain = Chain::new(["de-at"], &[]);
    let found = run(&db, &list(Wanted { chain: Some(&chain), ..wanted() })).unwrap();
    let text = |place: usize| {
        let it = &found.entries[place];
        (it.title.as_deref(), it.summary.as_deref(), it.language.as_deref())
    };
    assert_eq!(text(3), (Some("Titel"), Some("Erste Zeile"), Some("de")));
    assert_eq!(text(1), (Some("T"), Some("First line"), Some("en")));
    let arabic = Chain::new(["ar"], &[]);
    let found = run(&db, &list(Wanted { chain: Some(&arabic), ..wanted() })).unwrap();
    assert_eq!(found.entries[2].summary.as_deref(), Some("وصف"));
    assert_eq!(found.entries[2].language.as_deref(), Some("ar"));
}

#[test]
fn changes_are_newest_first_with_version_and_may_be_of_one_branch() {
    let db = filled();
    let told = |branch: Option<&BranchName>, limit, offset| -> Vec<String> {
        let found = run(&db, &changes(branch, limit, offset)).unwrap();
        assert_eq!(found.branches.len(), 2);
        found.changes.iter().map(|it| format!("{} {}", it.name, it.branch)).collect()
    };
    let all = ["Alpha REL1_45", "beta REL1_45", "Dusk master", "beta master"];
    assert_eq!(told(None, 10, 0), all);
    assert_eq!(told(None, 2, 1), all[1..3]);
    assert_eq!(told(Some(&"master".parse().unwrap()), 10, 0), all[2..]);
    let found = run(&db, &changes(None, 10, 2)).unwrap();
    assert_eq!(found.changes[0].version.as_deref(), Some("1.Dusk"));
    assert_eq!(found.changes[0].published_at, "1970-01-01T00:11:40Z");
}

#[test]
fn the_start_page_has_counts_branches_groups_and_the_newest_tarballs() {
    let found = run(&filled(), &home()).unwrap();
    assert_eq!((found.summary.extensions, found.summary.tarballs), (2, 3));
    let branches: Vec<_> =
        found.branches.iter().map(|it| (it.name.as_str(), it.is_released)).collect();
    assert_eq!(branches, [("master", false), ("REL1_45", true)]);
    assert_eq!(found.groups[0], ("antispam".to_owned(), 2));
    assert_eq!(found.changes.len(), 4);
    assert_eq!(run(&filled(), &distributed()).unwrap().list, found.branches);
    let db = filled();
    db.execute_batch("UPDATE snapshot SET public_url = 'https://t.example'").unwrap();
    assert_eq!(run(&db, &home()).unwrap().branches.public_url, "https://t.example");
}

#[test]
fn the_page_of_a_repository_knows_what_it_requires_and_who_requires_it() {
    let db = filled();
    let name: RepoName = "beta".parse().unwrap();
    let found =
        run(&db, &repository(Kind::Extensions, &name, &Languages::english())).unwrap().unwrap();
    assert_eq!(found.document.metadata.title.as_deref(), Some("T"));
    let (kind, required, manifest) = &found.requires[0];
    assert_eq!(
        (*kind, required.as_str(), manifest.as_deref()),
        (Kind::Extensions, "Alpha", Some("M Alpha"))
    );
    let by: Vec<_> = found.required_by.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
    assert_eq!(by, [(Kind::Extensions, "Alpha"), (Kind::Skins, "Dusk")]);
    assert_eq!((found.required_by_count, found.branches.len()), (2, 2));
    let nothing = "Nothing".parse().unwrap();
    assert_eq!(run(&db, &repository(Kind::Skins, &nothing, &Languages::english())).unwrap(), None);
}

#[test]
fn the_page_of_a_repository_is_in_the_language_of_the_reader() {
    let db = filled();
    let uri = "/?lang=de".parse().unwrap();
    let request = Request::new(Method::GET, &uri, HeaderMap::new()).unwrap();
    let wanted = Languages::of(&request).unwrap();
    let found = run(&db, &repository(Kind::Extensions, &"beta".parse().unwrap(), &wanted)).unwrap();
    let metadata = found.unwrap().document.metadata;
    assert_eq!(metadata.title.as_deref(), Some("Titel"));
    assert_eq!(metadata.description_language.as_deref(), Some("de"));
}
