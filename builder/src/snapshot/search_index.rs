//! Writes the search index of a snapshot from its titles and descriptions.
//!
//! This takes three quarters of the time of writing a snapshot: 2.5 s for 1,500 repositories with descriptions in
//! 80 languages. Most cycles do not change these texts. Then the index is copied from the previous snapshot.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params, params_from_iter, types::Value};
use tardist_contract::{
    BranchName,
    search::{Card, Texts, terms},
};

use crate::{
    catalogue::{Catalogue, RepositoryRecord},
    repository_id::RepositoryId,
    rows::{text, text_at},
    snapshot::render,
};

/// How much of the index FTS5 collects in memory before it writes a segment, in bytes. 1,500 repositories with
/// descriptions in 80 languages fit into one segment, so nothing has to be merged.
const MEMORY: i64 = 64 << 20;

/// Writes the search index. The tables `localized` and `branch` must be filled before. `unreleased` are the release
/// branches of which MediaWiki has no release yet, `previous` is a snapshot whose index was made by the same code.
///
/// # Errors
/// The errors of SQLite.
pub(super) fn insert(
    db: &Connection,
    catalogue: &Catalogue,
    unreleased: &BTreeSet<BranchName>,
    previous: Option<&Connection>,
) -> rusqlite::Result<()> {
    let mut cards = Vec::new();
    let mut insert = db.prepare("INSERT INTO search_card VALUES (?, ?)")?;
    for (rank, (id, record)) in (1_i64..).zip(by_rank(db, catalogue)?) {
        let Some(card) = card(id, record, unreleased) else { continue };
        insert.execute(params![rank, text(&card)?])?;
        cards.push((rank, record, card));
    }
    match previous {
        Some(previous) if has_same_texts(db, previous)? => copy(db, previous),
        _ => insert_terms(db, &cards),
    }
}

fn insert_terms(db: &Connection, cards: &[(i64, &RepositoryRecord, Card)]) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO search (rowid, terms) VALUES (?, ?)")?;
    let set = |setting: &str, value: i64| {
        db.execute("INSERT INTO search (search, rank) VALUES (?, ?)", params![setting, value])
    };
    set("hashsize", MEMORY)?;
    for (rank, record, card) in cards {
        let localized = Localized::read(db, card)?;
        let texts = localized.texts(card, record);
        insert.execute(params![rank, terms(card.kind, &card.name, &texts)])?;
    }
    // Searching one segment is faster than searching several.
    db.execute("INSERT INTO search (search) VALUES ('optimize')", ())?;
    Ok(())
}

/// True if two snapshots have the same cards, texts and branches. The index is made of these.
fn has_same_texts(db: &Connection, previous: &Connection) -> rusqlite::Result<bool> {
    for table in [
        "SELECT id, card FROM search_card ORDER BY id",
        "SELECT kind, name, language, title, description FROM localized ORDER BY 1, 2, 3",
        "SELECT kind, name, branch FROM branch ORDER BY 1, 2, 3",
    ] {
        let (mut one, mut other) = (db.prepare(table)?, previous.prepare(table)?);
        let columns = one.column_count();
        let (mut one, mut other) = (one.query(())?, other.query(())?);
        loop {
            match (one.next()?, other.next()?) {
                (None, None) => break,
                (Some(one), Some(other)) => {
                    for column in 0..columns {
                        if one.get_ref(column)? != other.get_ref(column)? {
                            return Ok(false);
                        }
                    }
                }
                _ => return Ok(false),
            }
        }
    }
    Ok(true)
}

/// Copies the tables in which FTS5 stores an index (<https://www.sqlite.org/fts5.html>, section 9). SQLite's shell
/// does the same when it reads back what its command `.dump` wrote.
fn copy(db: &Connection, previous: &Connection) -> rusqlite::Result<()> {
    for (table, columns) in
        [("data", "id, block"), ("idx", "segid, term, pgno"), ("config", "k, v")]
    {
        let mut select = previous.prepare(&format!("SELECT {columns} FROM search_{table}"))?;
        let count = select.column_count();
        let values = vec!["?"; count].join(", ");
        db.execute(&format!("DELETE FROM search_{table}"), ())?;
        let mut insert = db.prepare(&format!("INSERT INTO search_{table} VALUES ({values})"))?;
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            let values = (0..count).map(|column| row.get::<_, Value>(column));
            insert.execute(params_from_iter(values.collect::<rusqlite::Result<Vec<_>>>()?))?;
        }
    }
    Ok(())
}

/// The repositories, sorted by the number of languages of their descriptions (most first), then by name.
fn by_rank<'a>(
    db: &Connection,
    catalogue: &'a Catalogue,
) -> rusqlite::Result<Vec<(&'a RepositoryId, &'a RepositoryRecord)>> {
    let mut select =
        db.prepare("SELECT kind, name, count(description) FROM localized GROUP BY 1, 2")?;
    let mut languages: BTreeMap<String, i64> = BTreeMap::new();
    let mut rows = select.query(())?;
    while let Some(row) = rows.next()? {
        languages.insert(format!("{}/{}", text_at(row, 0)?, text_at(row, 1)?), row.get(2)?);
    }
    let count = |id: &RepositoryId| languages.get(&id.to_string()).copied().unwrap_or_default();
    let mut all: Vec<_> = catalogue.iter().collect();
    all.sort_by_cached_key(|(id, _)| (-count(id), id.name.clone(), id.kind));
    Ok(all)
}

/// The search result of a repository. `None` if no branch is published.
fn card(
    id: &RepositoryId,
    record: &RepositoryRecord,
    unreleased: &BTreeSet<BranchName>,
) -> Option<Card> {
    Some(Card {
        kind: id.kind,
        name: id.name.clone(),
        metadata: render::newest(record),
        default_branch: render::default_branch(record, unreleased)?,
        info: format!("/info/{id}"),
    })
}

/// The rows of a repository in the table `localized`.
#[derive(Default)]
struct Localized {
    titles: Vec<String>,
    translations: Vec<String>,
}

impl Localized {
    fn read(db: &Connection, card: &Card) -> rusqlite::Result<Self> {
        let mut select = db.prepare_cached(
            "SELECT title, iif(language = 'en', NULL, description) FROM localized
             WHERE kind = ? AND name = ?",
        )?;
        let mut localized = Self::default();
        let mut rows = select.query([card.kind.as_str(), card.name.as_str()])?;
        while let Some(row) = rows.next()? {
            localized.titles.extend(row.get::<_, Option<String>>(0)?);
            localized.translations.extend(row.get::<_, Option<String>>(1)?);
        }
        Ok(localized)
    }

    fn texts<'a>(&'a self, card: &'a Card, record: &'a RepositoryRecord) -> Texts<'a> {
        let metadata = &card.metadata;
        let authors = metadata.authors.iter().map(String::as_str);
        Texts {
            titles: self.titles.iter().map(String::as_str).collect(),
            credits: authors.chain(metadata.license.as_deref()).collect(),
            description: metadata.description.as_deref(),
            translations: self.translations.iter().map(String::as_str).collect(),
            r#type: metadata.r#type.as_deref(),
            branches: record.branches.keys().collect(),
        }
    }
}
