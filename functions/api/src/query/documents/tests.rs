use rusqlite::Connection;
use tardist_contract::schema::{JSON, USER_VERSION};

use super::*;
use crate::query::{
    ready_made,
    testing::{run, snapshot},
};

fn parts<'a>(kinds: &'a str, names: Option<&'a str>, chain: Option<&'a Chain>) -> Parts<'a> {
    Parts { kinds, names, branch: None, texts: chain.map_or(Texts::English, Texts::Best) }
}

/// With `repositories` as the real thing writes them: a document each, and texts by language.
fn localized_snapshot() -> Connection {
    let db = snapshot(USER_VERSION);
    let documents = [
        (
            "extensions",
            "Zeta",
            r#""Zeta","description":"Does \"zeta\" \u001f/\n","description_language":"en""#,
        ),
        ("extensions", "alpha", r#"null,"description":null,"description_language":null"#),
        ("skins", "Mid", r#""Mid","description":"Skin ü","description_language":"en""#),
    ];
    db.execute_batch("DELETE FROM repository; DELETE FROM answer;").unwrap();
    for (kind, name, texts) in documents {
        let document = format!(
            r#"{{"kind":"{kind}","name":"{name}","title":{texts},"authors":["\u0007 ☃","/"],"url":null,"branches":{{"master":{{"metadata":{{"title":"x"}},"size":4294967296}}}}}}"#
        );
        db.execute(
            "INSERT INTO repository VALUES (?, ?, 'u', NULL, NULL, NULL, NULL, 5, 'e', 700, ?)",
            (kind, name, document),
        )
        .unwrap();
    }
    for (name, language, title, description) in [
        ("Zeta", "en", Some("Zeta"), Some("Does \"zeta\" \u{1f}/\n")),
        ("Zeta", "de", None, Some("Macht „Zeta“\n\"ja\"")),
        ("Zeta", "zh-hant", Some("澤塔"), None),
        ("Zeta", "zh", None, Some("泽塔")),
        ("alpha", "he", Some("אלפא"), Some("תיאור")),
        ("alpha", "de", Some("Das Alpha"), None),
    ] {
        let row = (name, language, title, description);
        db.execute("INSERT INTO localized VALUES ('extensions', ?, ?, ?, ?)", row).unwrap();
    }
    db.execute_batch(
        "INSERT INTO localized VALUES ('skins', 'Mid', 'en', 'Mid', 'Skin ü');
         INSERT INTO answer
         SELECT '/info/' || kind, 'application/json',
                CAST('{\"' || kind || '\":{' || group_concat('\"' || name || '\":' || document, ',')
                     || '}}' AS BLOB), NULL, 'e', 650
         FROM (SELECT * FROM repository ORDER BY lower(name)) GROUP BY kind;
         INSERT INTO answer VALUES ('/info', 'application/json', x'', NULL, 'e', 660);",
    )
    .unwrap();
    db
}

#[test]
fn a_document_is_found_by_kind_and_name() {
    let db = snapshot(USER_VERSION);
    let find = |kind, name: &str| run(&db, &in_english(kind, &name.parse().unwrap())).unwrap();
    let found = find(Kind::Extensions, "beta").unwrap();
    assert_eq!((&*found.body, &*found.etag, found.modified_at), (&br#"{"b":1}"#[..], "e2", 800));
    assert_eq!(find(Kind::Skins, "Alpha"), None);
}

#[test]
fn a_selection_is_one_body_in_the_order_of_lists() {
    let db = snapshot(USER_VERSION);
    let select = |path, kinds, names: Option<&str>| {
        run(&db, &selection(path, parts(kinds, names, None))).unwrap()
    };
    let names = r#"["Alpha","beta","gone"]"#;
    let some = select("/info/extensions", r#"["extensions"]"#, Some(names));
    let body = r#"{"extensions":{"Alpha":{"a":1},"beta":{"b":1}},"missing":["gone"]}"#;
    assert_eq!(some, Rendered { text: body.into(), modified_at: 970 });
    let none = select("/info/skins", r#"["skins"]"#, Some(r#"["' OR 1=1 --","Alpha"]"#));
    let body = r#"{"skins":{},"missing":["' OR 1=1 --","Alpha"]}"#;
    assert_eq!(none, Rendered { text: body.into(), modified_at: 0 });
    let all = select("/info", r#"["extensions","skins"]"#, None);
    let body = r#"{"extensions":{"Alpha":{"a":1},"beta":{"b":1}},"skins":{"beta":{"s":1}}}"#;
    assert_eq!(all, Rendered { text: body.into(), modified_at: 980 });
}

#[test]
fn a_selection_of_a_branch_has_no_other_branch() {
    let db = snapshot(USER_VERSION);
    for (name, branches) in [("Alpha", &["master", "wmf/1.46"][..]), ("beta", &["master"])] {
        let documents: Vec<String> =
            branches.iter().map(|branch| format!("\"{branch}\":{{\"b\":\"{branch}\"}}")).collect();
        let document = format!("{{\"n\":1,\"branches\":{{{}}}}}", documents.join(","));
        db.execute("UPDATE repository SET document = ? WHERE name = ?", [&document, name]).unwrap();
        for branch in branches {
            let sql = "INSERT INTO branch VALUES ('extensions', ?, ?, '', 3, 4, 1)";
            db.execute(sql, [name, branch]).unwrap();
        }
    }
    let select = |branch: &str, names| {
        let branch = branch.parse().unwrap();
        let parts = Parts { branch: Some(&branch), ..parts(r#"["extensions"]"#, names, None) };
        run(&db, &selection("/info/extensions", parts)).unwrap().text
    };
    assert_eq!(
        select("wmf/1.46", Some(r#"["Alpha","beta"]"#)),
        r#"{"extensions":{"Alpha":{"n":1,"branches":{"wmf/1.46":{"b":"wmf/1.46"}}}},"missing":["beta"]}"#
    );
    assert_eq!(
        select("master", None),
        r#"{"extensions":{"Alpha":{"n":1,"branches":{"master":{"b":"master"}}},"beta":{"n":1,"branches":{"master":{"b":"master"}}}}}"#
    );
    assert_eq!(select("REL1_45", None), r#"{"extensions":{}}"#);
}

#[test]
fn a_document_comes_in_the_first_language_that_has_each_text() {
    let db = localized_snapshot();
    let one = |name: &str, tags: &[&str]| {
        let chain = Chain::new(tags.iter().copied(), &[]);
        let name = name.parse::<RepoName>().unwrap();
        let found = run(&db, &super::localized(Kind::Extensions, &name, &chain)).unwrap()?;
        let document: serde_json::Value = serde_json::from_str(&found.text).unwrap();
        let texts = ["title", "description", "description_language"];
        assert_eq!((document["url"].is_null(), found.modified_at), (true, 700));
        Some((texts.map(|key| document[key].as_str().map(str::to_owned)), found.language))
    };
    let texts = |texts: [Option<&str>; 3], language: &str| {
        Some((texts.map(|text| text.map(str::to_owned)), Some(language.to_owned())))
    };
    let german = [Some("Zeta"), Some("Macht „Zeta“\n\"ja\""), Some("de")];
    assert_eq!(one("Zeta", &["de-at"]), texts(german, "de"));
    let chinese = [Some("澤塔"), Some("泽塔"), Some("zh")];
    assert_eq!(one("Zeta", &["zh-tw"]), texts(chinese, "zh"));
    let french = [Some("Zeta"), Some("Does \"zeta\" \u{1f}/\n"), Some("en")];
    assert_eq!(one("Zeta", &["fr"]), texts(french, "en"));
    assert_eq!(one("alpha", &["he"]), texts([Some("אלפא"), Some("תיאור"), Some("he")], "he"));
    let mixed = [Some("Das Alpha"), Some("תיאור"), Some("he")];
    assert_eq!(one("alpha", &["de", "he"]), texts(mixed, "he"));
    assert_eq!(one("alpha", &["de"]), texts([Some("Das Alpha"), None, None], "de"));
    assert_eq!(one("alpha", &["fr"]), Some(([None, None, None], None)));
    assert_eq!(one("gone", &["de"]), None);
}

#[test]
fn what_falls_back_to_english_is_the_document_byte_for_byte() {
    let db = localized_snapshot();
    let chain = Chain::new(["fr"], &[]);
    for (kind, name) in
        [(Kind::Extensions, "Zeta"), (Kind::Extensions, "alpha"), (Kind::Skins, "Mid")]
    {
        let name = name.parse().unwrap();
        let english = run(&db, &in_english(kind, &name)).unwrap().unwrap();
        let french = run(&db, &super::localized(kind, &name, &chain)).unwrap().unwrap();
        assert_eq!(french.text.as_bytes(), english.body);
    }
    for kind in Kind::ALL {
        let path = format!("/info/{kind}");
        let english = run(&db, &ready_made::statement(&path, JSON, false)).unwrap().unwrap();
        let kinds = format!("[\"{kind}\"]");
        let french = run(&db, &selection(&path, parts(&kinds, None, Some(&chain)))).unwrap();
        assert_eq!(french.text.as_bytes(), english.body);
        assert_eq!(french.modified_at, 650);
    }
}

#[test]
fn all_translations_are_beside_the_english_document() {
    let db = localized_snapshot();
    for (kind, name) in [(Kind::Extensions, "alpha"), (Kind::Extensions, "Zeta")] {
        let english = run(&db, &in_english(kind, &name.parse().unwrap())).unwrap().unwrap();
        let mut expected: serde_json::Value = serde_json::from_slice(&english.body).unwrap();
        let mut translations = serde_json::Map::new();
        let sql = "SELECT language, title, description FROM localized WHERE name = ?1";
        let mut query = db.prepare(sql).unwrap();
        let mut rows = query.query([name]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let text = |index| row.get::<_, Option<String>>(index).unwrap();
            translations.insert(
                row.get(0).unwrap(),
                serde_json::json!({"title": text(1), "description": text(2)}),
            );
        }
        assert!(translations.len() > 1, "{name}");
        expected["translations"] = translations.into();
        let all = run(&db, &in_all(kind, &name.parse().unwrap())).unwrap().unwrap();
        assert_eq!(serde_json::from_str::<serde_json::Value>(&all.text).unwrap(), expected);
        // Several documents are made of the same parts.
        let names = serde_json::json!([name]).to_string();
        let parts = Parts {
            kinds: r#"["extensions"]"#,
            names: Some(&names),
            branch: None,
            texts: Texts::All,
        };
        let batch = run(&db, &selection("/info/extensions", parts)).unwrap().text;
        assert_eq!(batch, format!(r#"{{"extensions":{{"{name}":{}}},"missing":[]}}"#, all.text));
    }
    let none = run(&db, &in_all(Kind::Skins, &"Gone".parse().unwrap())).unwrap();
    assert_eq!(none, None);
}

#[test]
fn a_batch_is_made_of_the_documents_of_each() {
    let db = localized_snapshot();
    let chain = Chain::new(["de"], &[]);
    let select =
        |path, kinds, names| run(&db, &selection(path, parts(kinds, names, Some(&chain)))).unwrap();
    let both = select("/info", r#"["extensions","skins"]"#, None);
    assert_eq!(both.modified_at, 660);
    let body = |kind, name: &str| {
        let statement = super::localized(kind, &name.parse().unwrap(), &chain);
        run(&db, &statement).unwrap().unwrap().text
    };
    let (alpha, zeta) = (body(Kind::Extensions, "alpha"), body(Kind::Extensions, "Zeta"));
    let mid = body(Kind::Skins, "Mid");
    let expected =
        format!(r#"{{"extensions":{{"alpha":{alpha},"Zeta":{zeta}}},"skins":{{"Mid":{mid}}}}}"#);
    assert_eq!(both.text, expected);
    let names = Some(r#"["Zeta","gone"]"#);
    let some = select("/info/extensions", r#"["extensions"]"#, names);
    assert_eq!(some.text, format!(r#"{{"extensions":{{"Zeta":{zeta}}},"missing":["gone"]}}"#));
    let none = select("/info/skins", r#"["skins"]"#, names);
    assert_eq!(none.text, r#"{"skins":{},"missing":["Zeta","gone"]}"#);
    db.execute_batch("DELETE FROM localized; DELETE FROM repository WHERE kind = 'skins'").unwrap();
    assert_eq!(select("/info/skins", r#"["skins"]"#, None).text, r#"{"skins":{}}"#);
}
