//! The snapshot file: from what is published to SQLite and back. The only user of SQLite here.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

use rusqlite::{Connection, OpenFlags, Row, params, types::Type};
use tardist_contract::{
    Kind,
    schema::{SCHEMA, USER_VERSION},
};

use crate::{
    Error,
    metadata::Texts,
    repository_id::RepositoryId,
    snapshot::{
        catalogue::{self, BranchRecord, Catalogue, MessageTexts, Messages, RepositoryRecord},
        render::{Body, Rendered},
        search_index,
    },
};

/// Tarballs that wait for the end of their grace period, by kind and file name, with the time since
/// when: Unix seconds.
pub type Retired = BTreeMap<(Kind, String), i64>;

/// What a published snapshot holds that the next cycle wants to know.
#[derive(Debug)]
pub struct Snapshot {
    /// When it was made: Unix seconds.
    pub generated_at: i64,
    /// As [`Rendered::fingerprint`].
    pub fingerprint: String,
    /// What it names.
    pub catalogue: Catalogue,
    /// The bodies' entity tags, and when each last changed, by path and media
    /// type or by repository.
    pub stamps: BTreeMap<String, (String, i64)>,
    /// The tarballs that it no longer names.
    pub retired: Retired,
    /// The file itself, for the texts of its messages: most of it, and few cycles want them.
    db: Connection,
}

fn answer_key(path: &str, media_type: &str) -> String {
    format!("{path} {media_type}")
}

fn document_key(id: &RepositoryId) -> String {
    id.to_string()
}

impl Snapshot {
    /// Reads the snapshot at `path`. `None` where there is none: no file, the empty one that a
    /// function makes by asking for it, another schema, or a damaged file. The last two are logged;
    /// everything in them can be made again.
    pub fn load(path: &Path) -> Option<Self> {
        if std::fs::metadata(path).map_or(0, |metadata| metadata.len()) == 0 {
            return None;
        }
        match read(path) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!("the snapshot {} is damaged and made anew: {error}", path.display());
                None
            }
        }
    }

    /// True where a snapshot of `catalogue` would say something else than this one, times aside;
    /// `fingerprint` is of how it would be rendered.
    pub fn differs(&self, catalogue: &Catalogue, fingerprint: &str) -> bool {
        self.fingerprint != fingerprint || self.catalogue != *catalogue
    }
}

fn read(path: &Path) -> rusqlite::Result<Option<Snapshot>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != USER_VERSION {
        tracing::warn!(
            "the snapshot {} has schema version {version} instead of {USER_VERSION} and is made anew",
            path.display()
        );
        return Ok(None);
    }
    let (generated_at, fingerprint) =
        db.query_row("SELECT generated_at, fingerprint FROM snapshot", (), |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let mut stamps = read_stamps(&db)?;
    let mut catalogue = read_repositories(&db, &mut stamps)?;
    read_branches(&db, &mut catalogue)?;
    let retired = read_retired(&db)?;
    Ok(Some(Snapshot { generated_at, fingerprint, catalogue, stamps, retired, db }))
}

fn read_stamps(db: &Connection) -> rusqlite::Result<BTreeMap<String, (String, i64)>> {
    let mut answers = db.prepare("SELECT path, media_type, etag, modified_at FROM answer")?;
    let stamps = answers.query_map((), |row| {
        let key = answer_key(text_at(row, 0)?, text_at(row, 1)?);
        Ok((key, (row.get(2)?, row.get(3)?)))
    })?;
    stamps.collect()
}

fn read_repositories(
    db: &Connection,
    stamps: &mut BTreeMap<String, (String, i64)>,
) -> rusqlite::Result<Catalogue> {
    let mut catalogue = Catalogue::new();
    let mut repositories =
        db.prepare("SELECT kind, name, source_url, etag, modified_at FROM repository")?;
    let mut rows = repositories.query(())?;
    while let Some(row) = rows.next()? {
        let id = id(row)?;
        stamps.insert(document_key(&id), (row.get(3)?, row.get(4)?));
        let record = RepositoryRecord { source_url: row.get(2)?, branches: BTreeMap::new() };
        catalogue.insert(id, record);
    }
    Ok(catalogue)
}

/// Reads the branches. One whose messages are missing is left out, and so made anew.
fn read_branches(db: &Connection, catalogue: &mut Catalogue) -> rusqlite::Result<()> {
    let mut branches = db.prepare(
        "SELECT kind, name, branch, commit_id, committed_at, version, requires, metadata,
                messages.id, problems, size, sha256
         FROM branch LEFT JOIN messages ON messages.id = branch.messages
         WHERE branch.messages IS messages.id",
    )?;
    let mut rows = branches.query(())?;
    while let Some(row) = rows.next()? {
        let messages: Option<Arc<str>> = row.get(8)?;
        let record = BranchRecord {
            commit: parsed(row, 3)?,
            committed_at: row.get(4)?,
            version: row.get(5)?,
            requires: json(row, 6)?,
            metadata: json(row, 7)?,
            messages: messages.map(Messages::stored),
            problems: json(row, 9)?,
            size: row.get(10)?,
            sha256: row.get(11)?,
        };
        if let Some(repository) = catalogue.get_mut(&id(row)?) {
            repository.branches.insert(parsed(row, 2)?, record);
        }
    }
    Ok(())
}

fn read_retired(db: &Connection) -> rusqlite::Result<Retired> {
    let mut retired = db.prepare("SELECT kind, file, retired_at FROM retired")?;
    let rows = retired.query_map((), |row| Ok(((parsed(row, 0)?, row.get(1)?), row.get(2)?)))?;
    rows.collect()
}

/// A text without a copy of it.
pub(crate) fn text_at<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(index)?.as_str()?)
}

fn id(row: &Row<'_>) -> rusqlite::Result<RepositoryId> {
    Ok(RepositoryId { kind: parsed(row, 0)?, name: parsed(row, 1)? })
}

fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text_at(row, index)?
        .parse()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    serde_json::from_str(text_at(row, index)?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// Writes a snapshot to the empty file at `path`. A body that is what `previous` had keeps its time.
///
/// # Errors
/// [`Error::Snapshot`].
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
        // Nobody else sees the file yet, and it is forced to disk as a whole before anybody does.
        // Foreign keys hold by the way it is filled: one look-up a row for nothing.
        // Larger pages than SQLite's 4 kB: a body of megabytes is read page by page.
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
    let modified_at = |key: &str, body: &Body| match previous.and_then(|p| p.stamps.get(key)) {
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

/// The messages of all branches, once each: those that are new from the catalogue, all others from
/// the earlier snapshot.
fn insert_messages(
    db: &Connection,
    catalogue: &Catalogue,
    previous: Option<&Snapshot>,
) -> rusqlite::Result<()> {
    let mut wanted: BTreeMap<&str, Option<&MessageTexts>> = BTreeMap::new();
    for messages in
        catalogue.values().flat_map(|r| r.branches.values()).filter_map(|b| b.messages.as_ref())
    {
        let texts = wanted.entry(messages.id()).or_default();
        *texts = texts.or(messages.texts());
    }
    let mut earlier = match previous {
        Some(previous) => Some(previous.db.prepare(SELECT_MESSAGES)?),
        None => None,
    };
    let mut insert = db.prepare("INSERT INTO messages VALUES (?, ?, ?)")?;
    for (id, texts) in wanted {
        match (texts, &mut earlier) {
            (Some(texts), _) => {
                insert.execute(params![id, texts.titles, texts.descriptions])?;
            }
            (None, Some(earlier)) => earlier
                .query_row([id], |row| {
                    insert.execute(params![id, text_at(row, 0)?, text_at(row, 1)?])
                })
                .map(drop)?,
            (None, None) => return Err(rusqlite::Error::QueryReturnedNoRows),
        }
    }
    Ok(())
}

const SELECT_MESSAGES: &str = "SELECT titles, descriptions FROM messages WHERE id = ?";

/// What each repository says in each language, from the messages that are in `db` already.
fn insert_localized(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut select = db.prepare(SELECT_MESSAGES)?;
    let mut insert = db.prepare("INSERT INTO localized VALUES (?, ?, ?, ?, ?)")?;
    for (id, repository) in catalogue {
        let mut texts = |branch: Option<&BranchRecord>, column| -> rusqlite::Result<Texts> {
            match branch.and_then(|branch| branch.messages.as_ref()) {
                Some(messages) => select.query_row([messages.id()], |row| json(row, column)),
                None => Ok(Texts::new()),
            }
        };
        let branches = || repository.branches.values();
        let titled = branches().find(|branch| branch.metadata.title.is_some());
        let described = branches()
            .find(|branch| branch.metadata.description.is_some())
            .or_else(|| branches().find(|branch| branch.messages.is_some()));
        let mut titles = texts(titled, 0)?;
        let mut descriptions = texts(described, 1)?;
        let english = titled.and_then(|branch| branch.metadata.title.clone());
        titles.extend(english.map(|text| ("en".to_owned(), text)));
        let english = described.and_then(|branch| branch.metadata.description.clone());
        descriptions.extend(english.map(|text| ("en".to_owned(), text)));
        let languages: BTreeSet<&String> = titles.keys().chain(descriptions.keys()).collect();
        for language in languages {
            insert.execute(params![
                id.kind.as_str(),
                id.name.as_str(),
                language,
                titles.get(language),
                descriptions.get(language),
            ])?;
        }
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

pub(crate) fn text(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

#[cfg(test)]
mod tests {
    use tardist_contract::document::{Metadata, Requires};

    use super::*;
    use crate::snapshot::render;

    fn catalogue() -> Catalogue {
        let branch = BranchRecord {
            commit: "a".repeat(40).parse().unwrap(),
            committed_at: 5,
            version: Some("1.0".into()),
            requires: Requires { mediawiki: Some(">= 1.45".into()), ..Requires::default() },
            messages: None,
            metadata: Metadata { authors: vec!["Ünï".into()], ..Metadata::default() },
            problems: vec!["p".into()],
            size: u64::from(u32::MAX) + 1,
            sha256: "f".repeat(64),
        };
        let record = RepositoryRecord {
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
    fn the_search_index_is_the_same_carried_over_or_made_anew() {
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

        // Another commit, which says the same.
        let mut next = catalogue.clone();
        let branches = &mut next.values_mut().next().unwrap().branches;
        branches.values_mut().for_each(|branch| branch.committed_at += 1);
        let rendered = render::render(&next, "").unwrap();
        for (name, previous) in [("carried", Some(&one)), ("anew", None)] {
            write(&path(name), &next, &rendered, &Retired::new(), previous, 200).unwrap();
        }
        assert_eq!(index(&path("carried")), index(&path("anew")));
        assert_eq!((found(&path("carried"), "efoo."), found(&path("carried"), "ebar.")), (1, 0));

        // One that says something else, in one translation.
        let branches = &mut next.values_mut().next().unwrap().branches;
        let descriptions = texts(&[("de", "Macht Bar"), ("en", "Does foo")]);
        for branch in branches.values_mut() {
            branch.messages = Messages::new(&Texts::new(), &descriptions).unwrap();
        }
        write(&path("two"), &next, &rendered, &Retired::new(), Some(&one), 200).unwrap();
        assert_eq!((found(&path("two"), "emacht."), found(&path("two"), "ebar.")), (1, 1));
        // And another name.
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
    fn what_is_no_snapshot_of_ours_is_none() {
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
