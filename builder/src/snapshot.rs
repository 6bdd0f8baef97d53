//! The snapshot file: from what is published to SQLite and back. The only user of SQLite here.

use std::{collections::BTreeMap, path::Path};

use rusqlite::{Connection, OpenFlags, Row, params, types::Type};
use tardist_catalog::{
    Kind,
    schema::{SCHEMA, USER_VERSION},
};

use crate::{
    Error,
    catalogue::{self, BranchRecord, Catalogue, RepositoryRecord},
    render::{Body, Rendered},
    repository_id::RepositoryId,
};

/// Tarballs that wait for the end of their grace period, by kind and file name, with the time since
/// when: Unix seconds.
pub type Retired = BTreeMap<(Kind, String), i64>;

/// What a published snapshot holds that the next cycle wants to know.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// When it was made: Unix seconds.
    pub generated_at: i64,
    /// What it names.
    pub catalogue: Catalogue,
    /// The bodies' entity tags, and when each last changed, by path and media
    /// type or by repository.
    pub stamps: BTreeMap<String, (String, i64)>,
    /// The tarballs that it no longer names.
    pub retired: Retired,
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

    /// True where a snapshot of `rendered` would say something else than this one, times aside.
    pub fn differs(&self, rendered: &Rendered) -> bool {
        let now = stamps(rendered).map(|(key, body)| (key, body.etag.as_str()));
        let before = self.stamps.iter().map(|(key, (etag, _))| (key.clone(), etag.as_str()));
        !now.collect::<BTreeMap<_, _>>().into_iter().eq(before)
    }
}

fn stamps(rendered: &Rendered) -> impl Iterator<Item = (String, &Body)> {
    let answers =
        rendered.answers.iter().map(|((path, media), body)| (answer_key(path, media), body));
    answers.chain(rendered.documents.iter().map(|(id, body)| (document_key(id), body)))
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
    let mut snapshot = Snapshot {
        generated_at: db.query_row("SELECT generated_at FROM snapshot", (), |row| row.get(0))?,
        ..Snapshot::default()
    };
    let mut answers = db.prepare("SELECT path, media_type, etag, modified_at FROM answer")?;
    let mut rows = answers.query(())?;
    while let Some(row) = rows.next()? {
        let key = answer_key(&row.get::<_, String>(0)?, &row.get::<_, String>(1)?);
        snapshot.stamps.insert(key, (row.get(2)?, row.get(3)?));
    }
    let mut repositories =
        db.prepare("SELECT kind, name, source_url, etag, modified_at FROM repository")?;
    let mut rows = repositories.query(())?;
    while let Some(row) = rows.next()? {
        let id = id(row)?;
        snapshot.stamps.insert(document_key(&id), (row.get(3)?, row.get(4)?));
        let record = RepositoryRecord { source_url: row.get(2)?, branches: BTreeMap::new() };
        snapshot.catalogue.insert(id, record);
    }
    read_branches(&db, &mut snapshot.catalogue)?;
    let mut retired = db.prepare("SELECT kind, file, retired_at FROM retired")?;
    let mut rows = retired.query(())?;
    while let Some(row) = rows.next()? {
        snapshot.retired.insert((parsed(row, 0)?, row.get(1)?), row.get(2)?);
    }
    Ok(Some(snapshot))
}

fn read_branches(db: &Connection, catalogue: &mut Catalogue) -> rusqlite::Result<()> {
    let mut branches = db.prepare(
        "SELECT kind, name, branch, commit_id, committed_at, version, requires, metadata, problems,
                size, sha256
         FROM branch",
    )?;
    let mut rows = branches.query(())?;
    while let Some(row) = rows.next()? {
        let record = BranchRecord {
            commit: parsed(row, 3)?,
            committed_at: row.get(4)?,
            version: row.get(5)?,
            requires: json(row, 6)?,
            metadata: json(row, 7)?,
            problems: json(row, 8)?,
            size: row.get(9)?,
            sha256: row.get(10)?,
        };
        if let Some(repository) = catalogue.get_mut(&id(row)?) {
            repository.branches.insert(parsed(row, 2)?, record);
        }
    }
    Ok(())
}

fn id(row: &Row<'_>) -> rusqlite::Result<RepositoryId> {
    Ok(RepositoryId { kind: parsed(row, 0)?, name: parsed(row, 1)? })
}

fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    let text: String = row.get(index)?;
    text.parse()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, index: usize) -> rusqlite::Result<T> {
    let text: String = row.get(index)?;
    serde_json::from_str(&text)
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
    let modified_at = |key: &str, body: &Body| match previous.and_then(|p| p.stamps.get(key)) {
        Some((etag, at)) if *etag == body.etag => *at,
        _ => now,
    };
    let fill = || -> rusqlite::Result<()> {
        let mut db = Connection::open(path)?;
        // Nobody else sees the file yet, and it is forced to disk as a whole before anybody does.
        db.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")?;
        db.execute_batch(SCHEMA)?;
        let transaction = db.transaction()?;
        insert_summary(&transaction, catalogue, now)?;
        {
            let mut insert = transaction.prepare("INSERT INTO answer VALUES (?, ?, ?, ?, ?)")?;
            for ((path, media), body) in &rendered.answers {
                let at = modified_at(&answer_key(path, media), body);
                insert.execute(params![path, media, body.text.as_bytes(), body.etag, at])?;
            }
            let mut insert =
                transaction.prepare("INSERT INTO repository VALUES (?, ?, ?, ?, ?, ?)")?;
            for (id, body) in &rendered.documents {
                let url = catalogue.get(id).map(|repository| repository.source_url.as_str());
                let at = modified_at(&document_key(id), body);
                let (kind, name) = (id.kind.as_str(), id.name.as_str());
                insert.execute(params![kind, name, url, body.text, body.etag, at])?;
            }
            insert_branches(&transaction, catalogue)?;
            let mut insert = transaction.prepare("INSERT INTO retired VALUES (?, ?, ?)")?;
            for ((kind, file), at) in retired {
                insert.execute(params![kind.as_str(), file, at])?;
            }
        }
        transaction.pragma_update(None, "user_version", USER_VERSION)?;
        transaction.commit()?;
        db.close().map_err(|(_, error)| error)
    };
    fill().map_err(|source| Error::Snapshot { action: "write", path: path.to_owned(), source })
}

fn insert_summary(db: &Connection, catalogue: &Catalogue, now: i64) -> rusqlite::Result<()> {
    let count = |kind| catalogue.keys().filter(|id| id.kind == kind).count();
    db.execute(
        "INSERT INTO snapshot VALUES (?, ?, ?, ?, ?)",
        params![
            now,
            env!("CARGO_PKG_VERSION"),
            count(Kind::Extensions),
            count(Kind::Skins),
            catalogue::tarballs(catalogue).count(),
        ],
    )?;
    Ok(())
}

fn insert_branches(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO branch VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?;
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
            text(&record.problems)?,
            record.size,
            record.sha256,
        ])?;
    }
    Ok(())
}

fn text(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

#[cfg(test)]
mod tests {
    use tardist_catalog::document::{Metadata, Requires};

    use super::*;
    use crate::render::render;

    fn catalogue() -> Catalogue {
        let branch = BranchRecord {
            commit: "a".repeat(40).parse().unwrap(),
            committed_at: 5,
            version: Some("1.0".into()),
            requires: Requires { mediawiki: Some(">= 1.45".into()), ..Requires::default() },
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
        let rendered = render(&catalogue, "").unwrap();
        let retired = Retired::from([((Kind::Extensions, "x.tar.gz".to_owned()), 3)]);
        write(&one, &catalogue, &rendered, &retired, None, 100).unwrap();
        let first = Snapshot::load(&one).unwrap();
        assert_eq!(
            (&first.catalogue, &first.retired, first.generated_at),
            (&catalogue, &retired, 100)
        );
        assert!(!first.differs(&rendered));
        assert!(first.differs(&render(&catalogue, "https://d").unwrap()));
        assert!(first.differs(&render(&Catalogue::new(), "").unwrap()));

        write(&two, &catalogue, &rendered, &Retired::new(), Some(&first), 200).unwrap();
        let second = Snapshot::load(&two).unwrap();
        assert_eq!(second.generated_at, 200);
        assert_eq!(second.stamps, first.stamps);
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
