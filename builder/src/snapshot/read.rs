//! Reads the published snapshot for the next cycle.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use rusqlite::{Connection, OpenFlags};
use tardist_contract::{Kind, schema::USER_VERSION};

use crate::{
    catalogue::{BranchRecord, Catalogue, Messages, RepositoryRecord},
    snapshot::rows::{answer_key, document_key, id, json, parsed, text_at},
};

/// Tarballs that the snapshot no longer names and that wait for the end of their grace period: by kind and file
/// name, with the time since when they are no longer named, in Unix seconds.
pub type Retired = BTreeMap<(Kind, String), i64>;

/// A published snapshot, as far as the next cycle needs it.
#[derive(Debug)]
pub struct Snapshot {
    /// When it was written: Unix seconds.
    pub generated_at: i64,
    /// See [`fingerprint`](super::render::fingerprint).
    pub fingerprint: String,
    /// The published repositories and branches.
    pub catalogue: Catalogue,
    /// The entity tag of each response body, and when the body last changed in Unix seconds. The key is the
    /// path and media type, or the repository.
    pub stamps: BTreeMap<String, (String, i64)>,
    /// The tarballs that wait for the end of their grace period.
    pub retired: Retired,
    /// The open file. The texts of messages are read from it only if a cycle needs them, since they are most
    /// of the file.
    pub(super) db: Connection,
}

impl Snapshot {
    /// Reads the snapshot at `path`. `None` if there is none.
    ///
    /// A damaged file or one with another schema counts as none and is logged, because everything in it can be
    /// made again. So does an empty file, which a function creates when it opens a snapshot that does not
    /// exist.
    pub fn load(path: &Path) -> Option<Self> {
        if std::fs::metadata(path).map_or(0, |metadata| metadata.len()) == 0 {
            return None;
        }
        match read(path) {
            Ok(snapshot) => snapshot,
            Err(error) => {
                tracing::warn!(
                    "the snapshot {} is damaged and will be made again: {error}",
                    path.display()
                );
                None
            }
        }
    }

    /// True if a snapshot of `catalogue` would differ from this one, apart from times. `fingerprint` is that of
    /// the new snapshot.
    pub fn differs(&self, catalogue: &Catalogue, fingerprint: &str) -> bool {
        self.fingerprint != fingerprint || self.catalogue != *catalogue
    }
}

fn read(path: &Path) -> rusqlite::Result<Option<Snapshot>> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let version: i64 = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version != USER_VERSION {
        tracing::warn!(
            "the snapshot {} has schema version {version} instead of {USER_VERSION} and will be made again",
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
        let record = RepositoryRecord {
            upstream: String::new(),
            source_url: row.get(2)?,
            branches: BTreeMap::new(),
        };
        catalogue.insert(id, record);
    }
    Ok(catalogue)
}

/// Reads the branches. A branch whose messages are missing is left out, so that it is made again.
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
            missing: Vec::new(),
            ingredients: Default::default(),
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
