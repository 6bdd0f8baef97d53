//! Values in rows of the snapshot: how each is written, and read back.

use rusqlite::{Row, types::Type};

use crate::repository_id::RepositoryId;

/// The key of a ready-made answer in [`Snapshot::stamps`](super::read::Snapshot::stamps).
pub(super) fn answer_key(path: &str, media_type: &str) -> String {
    format!("{path} {media_type}")
}

/// The key of a repository's document there.
pub(super) fn document_key(id: &RepositoryId) -> String {
    id.to_string()
}

/// A text without a copy of it.
pub(super) fn text_at<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(index)?.as_str()?)
}

/// The repository in the first two columns.
pub(super) fn id(row: &Row<'_>) -> rusqlite::Result<RepositoryId> {
    Ok(RepositoryId { kind: parsed(row, 0)?, name: parsed(row, 1)? })
}

/// A name or an id, which has to keep its rule here too.
pub(super) fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text_at(row, index)?
        .parse()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// A value that is stored as JSON.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<T> {
    serde_json::from_str(text_at(row, index)?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// A value as JSON, to be stored.
pub(super) fn text(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}
