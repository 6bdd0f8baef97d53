//! Encodes values for the rows of a snapshot, and decodes them.

use rusqlite::{Row, types::Type};

use crate::repository_id::RepositoryId;

/// The key of a response body in [`Snapshot::stamps`](super::read::Snapshot::stamps).
pub(super) fn answer_key(path: &str, media_type: &str) -> String {
    format!("{path} {media_type}")
}

/// The key of a repository's document in the same map.
pub(super) fn document_key(id: &RepositoryId) -> String {
    id.to_string()
}

/// A text column, borrowed from the row.
pub(super) fn text_at<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(index)?.as_str()?)
}

/// The id of the repository in the first two columns: kind and name.
pub(super) fn id(row: &Row<'_>) -> rusqlite::Result<RepositoryId> {
    Ok(RepositoryId { kind: parsed(row, 0)?, name: parsed(row, 1)? })
}

/// A text column, parsed and checked: a name or an id.
pub(super) fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text_at(row, index)?
        .parse()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// A column with JSON, parsed.
pub(super) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<T> {
    serde_json::from_str(text_at(row, index)?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// Serializes a value to JSON for a column.
pub(super) fn text(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}
