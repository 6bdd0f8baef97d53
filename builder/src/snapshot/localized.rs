//! Titles and descriptions in all languages: the table `localized` of a snapshot.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};

use crate::{
    Error,
    catalogue::{BranchRecord, Catalogue, RepositoryRecord, StoredTexts},
    metadata::Texts,
    repository_id::RepositoryId,
};

/// The titles and descriptions of each repository, by language.
pub(super) type LocalizedTexts<'a> = BTreeMap<&'a RepositoryId, [Texts; 2]>;

/// Reads the titles and descriptions of all repositories. Those that are not in memory come from `stored`.
///
/// # Errors
/// The errors of `stored`, and [`Error::Bug`] if a text is not an object of JSON.
pub(super) fn read<'a>(
    catalogue: &'a Catalogue,
    stored: &dyn StoredTexts,
) -> Result<LocalizedTexts<'a>, Error> {
    catalogue.iter().map(|(id, repository)| Ok((id, texts_of(repository, stored)?))).collect()
}

fn texts_of(repository: &RepositoryRecord, stored: &dyn StoredTexts) -> Result<[Texts; 2], Error> {
    let branches = || repository.branches.values().map(|branch| &**branch);
    let titled = branches().find(|branch| branch.metadata.title.is_some());
    let described = branches()
        .find(|branch| branch.metadata.description.is_some())
        .or_else(|| branches().find(|branch| branch.messages.is_some()));
    let [mut titles, _] = texts_of_branch(titled, stored)?;
    let [_, mut descriptions] = texts_of_branch(described, stored)?;
    let english = titled.and_then(|branch| branch.metadata.title.clone());
    titles.extend(english.map(|text| ("en".to_owned(), text)));
    let english = described.and_then(|branch| branch.metadata.description.clone());
    descriptions.extend(english.map(|text| ("en".to_owned(), text)));
    Ok([titles, descriptions])
}

fn texts_of_branch(
    branch: Option<&BranchRecord>,
    stored: &dyn StoredTexts,
) -> Result<[Texts; 2], Error> {
    let Some(messages) = branch.and_then(|branch| branch.messages.as_ref()) else {
        return Ok([Texts::new(), Texts::new()]);
    };
    let texts = match messages.texts() {
        Some(texts) => texts.clone(),
        None => stored.texts(messages.id())?,
    };
    let parsed = |json: &str| {
        serde_json::from_str(json).map_err(|error| Error::Bug(format!("messages: {error}")))
    };
    Ok([parsed(&texts.titles)?, parsed(&texts.descriptions)?])
}

/// Inserts the title and description of each repository in each language.
pub(super) fn insert(db: &Connection, localized: &LocalizedTexts<'_>) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT INTO localized VALUES (?, ?, ?, ?, ?)")?;
    for (id, [titles, descriptions]) in localized {
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
