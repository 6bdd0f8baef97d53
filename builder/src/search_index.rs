//! The search index of a snapshot, from the titles and descriptions that are in it already.

use std::collections::BTreeMap;

use rusqlite::{Connection, params};
use tardist_catalog::search::{Card, Texts, terms};

use crate::{
    catalogue::{Catalogue, RepositoryRecord},
    render,
    repository_id::RepositoryId,
    snapshot::{text, text_at},
};

/// How much of the index FTS5 collects in memory before it writes some, in bytes: 1,500 repositories
/// described in 80 languages make one piece, which need not be merged with others.
const MEMORY: i64 = 64 << 20;

/// Writes the search index; the table `localized` is filled.
///
/// # Errors
/// SQLite's.
pub(crate) fn insert(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
    let mut insert_terms = db.prepare("INSERT INTO search (rowid, terms) VALUES (?, ?)")?;
    let mut insert_card = db.prepare("INSERT INTO search_card VALUES (?, ?)")?;
    let set = |setting: &str, value: i64| {
        db.execute("INSERT INTO search (search, rank) VALUES (?, ?)", params![setting, value])
    };
    set("hashsize", MEMORY)?;
    for (rank, (id, record)) in (1_i64..).zip(by_rank(db, catalogue)?) {
        let Some(card) = card(id, record) else { continue };
        let localized = Localized::read(db, id)?;
        insert_terms.execute(params![rank, terms(id.kind, &id.name, &localized.texts(&card))])?;
        insert_card.execute(params![rank, text(&card)?])?;
    }
    // One piece is searched faster than several.
    db.execute("INSERT INTO search (search) VALUES ('optimize')", ())?;
    Ok(())
}

/// The repositories, first those that are described in most languages, then by name.
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

/// What a search answers of a repository; none where no branch is published.
fn card(id: &RepositoryId, record: &RepositoryRecord) -> Option<Card> {
    Some(Card {
        kind: id.kind,
        name: id.name.clone(),
        metadata: render::newest(record),
        default_branch: render::default_branch(record)?,
        info: format!("/info/{id}"),
    })
}

/// A repository's rows of the table `localized`.
#[derive(Default)]
struct Localized {
    titles: Vec<String>,
    translations: Vec<String>,
}

impl Localized {
    fn read(db: &Connection, id: &RepositoryId) -> rusqlite::Result<Self> {
        let mut select = db.prepare_cached(
            "SELECT title, iif(language = 'en', NULL, description) FROM localized
             WHERE kind = ? AND name = ?",
        )?;
        let mut localized = Self::default();
        let mut rows = select.query([id.kind.as_str(), id.name.as_str()])?;
        while let Some(row) = rows.next()? {
            localized.titles.extend(row.get::<_, Option<String>>(0)?);
            localized.translations.extend(row.get::<_, Option<String>>(1)?);
        }
        Ok(localized)
    }

    fn texts<'a>(&'a self, card: &'a Card) -> Texts<'a> {
        let metadata = &card.metadata;
        let authors = metadata.authors.iter().map(String::as_str);
        Texts {
            titles: self.titles.iter().map(String::as_str).collect(),
            credits: authors.chain(metadata.license.as_deref()).collect(),
            description: metadata.description.as_deref(),
            translations: self.translations.iter().map(String::as_str).collect(),
        }
    }
}
