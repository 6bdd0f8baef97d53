//! The tables of `state.db`: their rows in memory, and back.

use std::collections::{BTreeMap, BTreeSet};

use flate2::Crc;
use rusqlite::{Connection, params};
use tardist_contract::Kind;

use crate::{
    catalogue::{BranchRecord, Catalogue, Messages, RepositoryRecord},
    rows::{all, id, json, parsed, text, text_at},
    snapshot::Stamps,
    state::clock::Reading,
};

/// A tarball on disk: its kind and its file name.
pub type Tarball = (Kind, String);

/// Tarballs that the snapshot no longer names and that wait for the end of their grace period, with the time since
/// when they are no longer named: [`State::elapsed`](super::State::elapsed), in milliseconds.
pub type Retired = BTreeMap<Tarball, i64>;

/// The snapshot that was published last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Published {
    /// Its generation.
    pub generation: i64,
    /// When it was written: Unix seconds.
    pub generated_at: i64,
    /// See [`fingerprint`](crate::snapshot::render::fingerprint).
    pub fingerprint: String,
    /// The size of the file, in bytes.
    pub size: u64,
    /// The modification time of the file: Unix nanoseconds.
    pub modified: i64,
}

/// The table `cycle`.
pub(super) struct CycleRow {
    pub(super) generation: i64,
    pub(super) published: Option<Published>,
    pub(super) elapsed: i64,
    pub(super) checked: String,
    pub(super) reading: Reading,
}

impl CycleRow {
    pub(super) fn read(db: &Connection) -> rusqlite::Result<Self> {
        let sql =
            "SELECT generation, elapsed, wall, boot, uptime, checked, published, generated_at,
                          fingerprint, size, modified FROM cycle";
        db.query_row(sql, (), |row| {
            let published = row.get::<_, Option<i64>>(6)?.map(|generation| {
                Ok::<_, rusqlite::Error>(Published {
                    generation,
                    generated_at: row.get(7)?,
                    fingerprint: row.get(8)?,
                    size: row.get(9)?,
                    modified: row.get(10)?,
                })
            });
            Ok(Self {
                generation: row.get(0)?,
                published: published.transpose()?,
                elapsed: row.get(1)?,
                checked: row.get(5)?,
                reading: Reading { wall: row.get(2)?, boot: row.get(3)?, uptime: row.get(4)? },
            })
        })
    }
}

/// The catalogue without texts.
pub(super) fn read_catalogue(db: &Connection) -> rusqlite::Result<Catalogue> {
    let sql = "SELECT kind, name, upstream, source_url FROM repository";
    let mut catalogue: Catalogue = all(db, sql, |row| {
        let (upstream, source_url) = (row.get(2)?, row.get(3)?);
        Ok((id(row)?, RepositoryRecord { upstream, source_url, branches: BTreeMap::new() }))
    })?;
    let sql = "SELECT kind, name, branch, record, checksum FROM branch";
    let mut select = db.prepare(sql)?;
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        if row.get::<_, u32>(4)? != checksum(text_at(row, 3)?) {
            return Err(rusqlite::Error::IntegralValueOutOfRange(4, 0));
        }
        let record: BranchRecord = json(row, 3)?;
        if let Some(repository) = catalogue.get_mut(&id(row)?) {
            repository.branches.insert(parsed(row, 2)?, record.into());
        }
    }
    catalogue.retain(|_, repository| !repository.branches.is_empty());
    Ok(catalogue)
}

/// Writes the texts that are in memory. Returns the hashes of all messages.
pub(super) fn write_texts<'a>(
    db: &Connection,
    catalogue: &'a Catalogue,
) -> rusqlite::Result<BTreeSet<&'a str>> {
    let mut insert = db.prepare("INSERT OR IGNORE INTO messages VALUES (?, ?, ?)")?;
    let mut used = BTreeSet::new();
    for record in catalogue.values().flat_map(|repository| repository.branches.values()) {
        let Some(messages) = &record.messages else { continue };
        if used.insert(messages.id())
            && let Some(texts) = messages.texts()
        {
            insert.execute(params![messages.id(), texts.titles, texts.descriptions])?;
        }
    }
    Ok(used)
}

pub(super) fn write_messages(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let used = text(&write_texts(db, catalogue)?)?;
    db.execute("DELETE FROM messages WHERE id NOT IN (SELECT value FROM json_each(?))", [used])?;
    Ok(())
}

pub(super) fn write_repositories(
    db: &Connection,
    known: &Catalogue,
    catalogue: &Catalogue,
) -> rusqlite::Result<()> {
    let mut delete = db.prepare("DELETE FROM repository WHERE kind = ? AND name = ?")?;
    for id in known.keys().filter(|id| !catalogue.contains_key(id)) {
        delete.execute([id.kind.as_str(), id.name.as_str()])?;
    }
    // Not REPLACE, which would delete the branches.
    let mut insert = db.prepare(
        "INSERT INTO repository VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE
         SET upstream = excluded.upstream, source_url = excluded.source_url",
    )?;
    for (id, record) in catalogue {
        let RepositoryRecord { upstream, source_url, .. } = record;
        let is_same =
            |it: &RepositoryRecord| it.upstream == *upstream && it.source_url == *source_url;
        if !known.get(id).is_some_and(is_same) {
            insert.execute([id.kind.as_str(), id.name.as_str(), upstream, source_url])?;
        }
    }
    Ok(())
}

pub(super) fn write_branches(
    db: &Connection,
    known: &Catalogue,
    catalogue: &Catalogue,
) -> rusqlite::Result<()> {
    let sql = "DELETE FROM branch WHERE kind = ? AND name = ? AND branch = ?";
    let mut delete = db.prepare(sql)?;
    for (id, repository) in known {
        let stays = catalogue.get(id).map(|repository| &repository.branches);
        for branch in repository.branches.keys() {
            if !stays.is_some_and(|branches| branches.contains_key(branch)) {
                delete.execute([id.kind.as_str(), id.name.as_str(), branch.as_str()])?;
            }
        }
    }
    let mut insert = db.prepare("INSERT OR REPLACE INTO branch VALUES (?, ?, ?, ?, ?)")?;
    for (id, repository) in catalogue {
        let known = known.get(id).map(|repository| &repository.branches);
        for (branch, record) in &repository.branches {
            if known.and_then(|branches| branches.get(branch)) == Some(record) {
                continue;
            }
            let messages = record.messages.clone().map(Messages::without_texts);
            let record = text(&BranchRecord { messages, ..BranchRecord::clone(record) })?;
            let (kind, name) = (id.kind.as_str(), id.name.as_str());
            insert.execute(params![kind, name, branch.as_str(), record, checksum(&record)])?;
        }
    }
    Ok(())
}

pub(super) fn write_stamps(
    db: &Connection,
    known: &Stamps,
    stamps: &Stamps,
) -> rusqlite::Result<()> {
    let mut delete = db.prepare("DELETE FROM stamp WHERE key = ?")?;
    for key in known.keys().filter(|key| !stamps.contains_key(*key)) {
        delete.execute([key])?;
    }
    let mut insert = db.prepare("INSERT OR REPLACE INTO stamp VALUES (?, ?, ?)")?;
    for (key, stamp) in stamps.iter().filter(|(key, stamp)| known.get(*key) != Some(*stamp)) {
        insert.execute(params![key, stamp.0, stamp.1])?;
    }
    Ok(())
}

pub(super) fn write_retired(db: &Connection, retired: &Retired) -> rusqlite::Result<()> {
    db.execute("DELETE FROM retired", ())?;
    let mut insert = db.prepare("INSERT INTO retired VALUES (?, ?, ?)")?;
    for ((kind, file), since) in retired {
        insert.execute(params![kind.as_str(), file, since])?;
    }
    Ok(())
}

fn checksum(text: &str) -> u32 {
    let mut crc = Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}
