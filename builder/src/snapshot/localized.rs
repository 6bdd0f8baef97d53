//! Writes titles and descriptions in all languages: the tables `messages` and `localized` of a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use crate::{
    catalogue::{BranchRecord, Catalogue, MessageTexts},
    metadata::Texts,
    snapshot::{
        read::Snapshot,
        rows::{json, text_at},
    },
};

/// Inserts the messages of all branches, equal ones only once. New ones come from the catalogue, all others are
/// copied from the previous snapshot.
pub(super) fn insert_messages(
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
    let mut select = match previous {
        Some(previous) => Some(previous.db.prepare(SELECT_MESSAGES)?),
        None => None,
    };
    let mut insert = db.prepare("INSERT INTO messages VALUES (?, ?, ?)")?;
    for (id, texts) in wanted {
        match (texts, &mut select) {
            (Some(texts), _) => {
                insert.execute(params![id, texts.titles, texts.descriptions])?;
            }
            (None, Some(select)) => select
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

/// Inserts the title and description of each repository in each language. `messages` must be filled before.
pub(super) fn insert_localized(db: &Connection, catalogue: &Catalogue) -> rusqlite::Result<()> {
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
