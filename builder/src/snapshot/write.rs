//! Writes a snapshot: the catalogue and its rendered response bodies, to one SQLite file.

use std::path::Path;

use rusqlite::{Connection, params};
use tardist_contract::{
    Kind,
    schema::{SCHEMA, USER_VERSION},
};

use crate::{
    Error,
    catalogue::{self, Catalogue, Messages},
    snapshot::{
        localized::{insert_localized, insert_messages},
        read::{Retired, Snapshot},
        render::{Rendered, RenderedBody},
        rows::{answer_key, document_key, text},
        search_index,
    },
};

/// Writes a snapshot to the empty file at `path`. `now` is the time of the snapshot, in Unix seconds. A response
/// body that is the same as in `previous` keeps its time of modification.
///
/// # Errors
/// [`Error::Snapshot`] if SQLite cannot write the file.
pub fn write(
    path: &Path,
    catalogue: &Catalogue,
    rendered: &Rendered,
    retired: &Retired,
    previous: Option<&Snapshot>,
    now: i64,
) -> Result<(), Error> {
    let fill = || -> rusqlite::Result<()> {
        let mut db = Connection::open(path)?;
        // No journal: nobody else sees the file yet, and the caller forces it to disk before anybody does.
        // No foreign keys: the code below ensures them, and SQLite would look up every row.
        // Pages larger than SQLite's 4 kB: bodies of several megabytes are read faster.
        db.execute_batch(
            "PRAGMA page_size = 16384;
             PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF;",
        )?;
        db.execute_batch(SCHEMA)?;
        let transaction = db.transaction()?;
        insert_summary(&transaction, catalogue, &rendered.fingerprint, now)?;
        insert_bodies(&transaction, catalogue, rendered, previous, now)?;
        insert_messages(&transaction, catalogue, previous)?;
        insert_localized(&transaction, catalogue)?;
        let same_code = previous.filter(|it| it.fingerprint == rendered.fingerprint);
        search_index::insert(&transaction, catalogue, same_code.map(|it| &it.db))?;
        insert_branches(&transaction, catalogue)?;
        insert_retired(&transaction, retired)?;
        transaction.pragma_update(None, "user_version", USER_VERSION)?;
        transaction.commit()?;
        db.close().map_err(|(_, error)| error)
    };
    fill().map_err(|source| Error::Snapshot { action: "write", path: path.to_owned(), source })
}

fn insert_bodies(
    db: &Connection,
    catalogue: &Catalogue,
    rendered: &Rendered,
    previous: Option<&Snapshot>,
    now: i64,
) -> rusqlite::Result<()> {
    let modified_at =
        |key: &str, body: &RenderedBody| match previous.and_then(|p| p.stamps.get(key)) {
            Some((etag, at)) if *etag == body.etag => *at,
            _ => now,
        };
    let mut insert = db.prepare("INSERT INTO answer VALUES (?, ?, ?, ?, ?, ?)")?;
    for ((path, media), body) in &rendered.answers {
        let at = modified_at(&answer_key(path, media), body);
        let gzip = body.gzip().map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))?;
        insert.execute(params![path, media, body.text.as_bytes(), gzip, body.etag, at])?;
    }
    let mut insert = db.prepare("INSERT INTO repository VALUES (?, ?, ?, ?, ?, ?)")?;
    for (id, body) in &rendered.documents {
        let url = catalogue.get(id).map(|repository| repository.source_url.as_str());
        let at = modified_at(&document_key(id), body);
        let (kind, name) = (id.kind.as_str(), id.name.as_str());
        insert.execute(params![kind, name, url, body.text, body.etag, at])?;
    }
    Ok(())
}

fn insert_retired(db: &Connection, retired: &Retired) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO retired VALUES (?, ?, ?)")?;
    for ((kind, file), at) in retired {
        insert.execute(params![kind.as_str(), file, at])?;
    }
    Ok(())
}

fn insert_summary(
    db: &Connection,
    catalogue: &Catalogue,
    fingerprint: &str,
    now: i64,
) -> rusqlite::Result<()> {
    let count = |kind| catalogue.keys().filter(|id| id.kind == kind).count();
    db.execute(
        "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?, ?)",
        params![
            now,
            env!("CARGO_PKG_VERSION"),
            fingerprint,
            count(Kind::Extensions),
            count(Kind::Skins),
            catalogue::tarballs(catalogue).count(),
        ],
    )?;
    Ok(())
}

fn insert_branches(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut insert =
        db.prepare("INSERT INTO branch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
    for (id, branch, _, record) in catalogue::tarballs(catalogue) {
        insert.execute(params![
            id.kind.as_str(),
            id.name.as_str(),
            branch.as_str(),
            record.commit.as_str(),
            record.committed_at,
            record.version,
            text(&record.requires)?,
            text(&record.metadata)?,
            record.messages.as_ref().map(Messages::id),
            text(&record.problems)?,
            record.size,
            record.sha256,
        ])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use tardist_contract::document::{Metadata, Requires};

    use super::*;
    use crate::{
        catalogue::{BranchRecord, RepositoryRecord},
        metadata::Texts,
        repository_id::RepositoryId,
        snapshot::render,
    };

    fn catalogue() -> Catalogue {
        let branch = BranchRecord {
            commit: "a".repeat(40).parse().unwrap(),
            committed_at: 5,
            version: Some("1.0".into()),
            requires: Requires { mediawiki: Some(">= 1.45".into()), ..Requires::default() },
            messages: None,
            metadata: Metadata { authors: vec!["Ünï".into()], ..Metadata::default() },
            problems: vec!["p".into()],
            missing: Vec::new(),
            ingredients: Default::default(),
            size: u64::from(u32::MAX) + 1,
            sha256: "f".repeat(64),
        };
        let record = RepositoryRecord {
            upstream: String::new(),
            source_url: "https://g/Foo.git".into(),
            branches: BTreeMap::from([("REL1_45".parse().unwrap(), branch)]),
        };
        Catalogue::from([("skins/Foo".parse().unwrap(), record)])
    }

    #[test]
    fn what_is_written_is_read_and_unchanged_bodies_keep_their_time() {
        let dir = tempfile::tempdir().unwrap();
        let (one, two) = (dir.path().join("one.db"), dir.path().join("two.db"));
        let catalogue = catalogue();
        let rendered = render::render(&catalogue, "").unwrap();
        let retired = Retired::from([((Kind::Extensions, "x.tar.gz".to_owned()), 3)]);
        write(&one, &catalogue, &rendered, &retired, None, 100).unwrap();
        let first = Snapshot::load(&one).unwrap();
        assert_eq!(
            (&first.catalogue, &first.retired, first.generated_at),
            (&catalogue, &retired, 100)
        );
        assert!(!first.differs(&catalogue, &rendered.fingerprint));
        assert!(first.differs(&catalogue, &render::fingerprint("https://d").unwrap()));
        assert!(first.differs(&Catalogue::new(), &rendered.fingerprint));

        write(&two, &catalogue, &rendered, &Retired::new(), Some(&first), 200).unwrap();
        let second = Snapshot::load(&two).unwrap();
        assert_eq!(second.generated_at, 200);
        assert_eq!(second.stamps, first.stamps);
    }

    fn texts(pairs: &[(&str, &str)]) -> Texts {
        pairs.iter().map(|(code, text)| ((*code).to_owned(), (*text).to_owned())).collect()
    }

    fn rows(path: &Path, sql: &str) -> Vec<String> {
        let db = Connection::open(path).unwrap();
        let mut select = db.prepare(sql).unwrap();
        let rows = select.query_map((), |row| row.get(0)).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    }

    /// `REL1_45` as in [`catalogue`], and an older branch: both with the same messages.
    fn catalogue_with_messages() -> Catalogue {
        let mut catalogue = catalogue();
        let record = catalogue.values_mut().next().unwrap();
        let branch = record.branches.values_mut().next().unwrap();
        let descriptions = texts(&[("de", "Macht \"Foo\""), ("en", "Does foo"), ("he", "פו")]);
        branch.messages = Messages::new(&texts(&[("de", "Das Foo")]), &descriptions).unwrap();
        branch.metadata.title = Some("Foo".into());
        branch.metadata.description = Some("Does foo".into());
        let mut older = branch.clone();
        older.metadata.description = Some("Did foo".into());
        record.branches.insert("REL1_44".parse().unwrap(), older);
        catalogue
    }

    #[test]
    fn messages_are_stored_once_and_carried_over_without_being_loaded() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let catalogue = catalogue_with_messages();
        let rendered = render::render(&catalogue, "").unwrap();
        write(&path("one"), &catalogue, &rendered, &Retired::new(), None, 100).unwrap();
        let first = Snapshot::load(&path("one")).unwrap();
        assert_eq!(first.catalogue, catalogue);
        let branch = first.catalogue.values().next().unwrap().branches.values().next().unwrap();
        assert_eq!(branch.messages.as_ref().unwrap().texts(), None);
        // The snapshot may be replaced or removed meanwhile.
        std::fs::remove_file(path("one")).unwrap();
        let carried = &first.catalogue;
        write(&path("two"), carried, &rendered, &Retired::new(), Some(&first), 200).unwrap();
        let sql = "SELECT titles || descriptions FROM messages";
        let expected = r#"{"de":"Das Foo"}{"de":"Macht \"Foo\"","en":"Does foo","he":"פו"}"#;
        assert_eq!(rows(&path("two"), sql), [expected]);
        let sql = "SELECT format('%s %s %s: %s, %s', kind, name, language, title, description)
                   FROM localized ORDER BY language";
        let expected = [
            "skins Foo de: Das Foo, Macht \"Foo\"",
            "skins Foo en: Foo, Does foo",
            "skins Foo he: , פו",
        ];
        assert_eq!(rows(&path("two"), sql), expected);
    }

    #[test]
    fn a_copied_search_index_is_the_same_as_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let path = |name: &str| dir.path().join(name);
        let index = |path: &Path| {
            let tables = [
                "SELECT format('%s %s', id, hex(block)) FROM search_data ORDER BY id",
                "SELECT format('%s %s %s', segid, hex(term), pgno) FROM search_idx ORDER BY 1",
                "SELECT format('%s %s', k, v) FROM search_config ORDER BY 1",
                "SELECT format('%s %s', id, card) FROM search_card ORDER BY id",
            ];
            tables.map(|sql| rows(path, sql))
        };
        let found = |path: &Path, term: &str| {
            let sql = format!(
                "SELECT card FROM search JOIN search_card ON id = search.rowid WHERE search MATCH '\"{term}\"'"
            );
            rows(path, &sql).len()
        };
        let catalogue = catalogue_with_messages();
        let rendered = render::render(&catalogue, "").unwrap();
        write(&path("one"), &catalogue, &rendered, &Retired::new(), None, 100).unwrap();
        let one = Snapshot::load(&path("one")).unwrap();

        // Another commit with the same texts.
        let mut next = catalogue.clone();
        let branches = &mut next.values_mut().next().unwrap().branches;
        branches.values_mut().for_each(|branch| branch.committed_at += 1);
        let rendered = render::render(&next, "").unwrap();
        for (name, previous) in [("copied", Some(&one)), ("new", None)] {
            write(&path(name), &next, &rendered, &Retired::new(), previous, 200).unwrap();
        }
        assert_eq!(index(&path("copied")), index(&path("new")));
        assert_eq!((found(&path("copied"), "efoo."), found(&path("copied"), "ebar.")), (1, 0));

        // A commit with another text in one translation.
        let branches = &mut next.values_mut().next().unwrap().branches;
        let descriptions = texts(&[("de", "Macht Bar"), ("en", "Does foo")]);
        for branch in branches.values_mut() {
            branch.messages = Messages::new(&Texts::new(), &descriptions).unwrap();
        }
        write(&path("two"), &next, &rendered, &Retired::new(), Some(&one), 200).unwrap();
        assert_eq!((found(&path("two"), "emacht."), found(&path("two"), "ebar.")), (1, 1));
        // Another repository.
        let mut next = catalogue_with_messages();
        let record = next.values().next().unwrap().clone();
        next.insert(RepositoryId { kind: Kind::Skins, name: "Zoo".parse().unwrap() }, record);
        write(&path("three"), &next, &rendered, &Retired::new(), Some(&one), 200).unwrap();
        assert_eq!((found(&path("three"), "nzoo."), found(&path("three"), "efoo.")), (1, 2));
    }

    #[test]
    fn a_branch_whose_messages_are_missing_counts_as_not_published() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("snapshot.db");
        let catalogue = catalogue_with_messages();
        let rendered = render::render(&catalogue, "").unwrap();
        write(&path, &catalogue, &rendered, &Retired::new(), None, 100).unwrap();
        let db = Connection::open(&path).unwrap();
        db.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM messages").unwrap();
        let loaded = Snapshot::load(&path).unwrap();
        assert!(loaded.catalogue.values().all(|repository| repository.branches.is_empty()));
    }

    #[test]
    fn a_file_that_is_not_a_snapshot_is_none() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("snapshot.db");
        assert!(Snapshot::load(&path).is_none());
        std::fs::write(&path, b"").unwrap();
        assert!(Snapshot::load(&path).is_none());
        std::fs::write(&path, b"SQLite format 3\0 and then rubbish").unwrap();
        assert!(Snapshot::load(&path).is_none());
        std::fs::remove_file(&path).unwrap();
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        assert!(Snapshot::load(&path).is_none());
    }
}
