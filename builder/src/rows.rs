//! Encodes values for the rows of the builder's databases, and decodes them.

use rusqlite::{Connection, Row, types::Type};

use crate::repository_id::RepositoryId;

/// A text column, borrowed from the row.
pub(crate) fn text_at<'a>(row: &'a Row<'_>, index: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(index)?.as_str()?)
}

/// The id of the repository in the first two columns: kind and name.
pub(crate) fn id(row: &Row<'_>) -> rusqlite::Result<RepositoryId> {
    Ok(RepositoryId { kind: parsed(row, 0)?, name: parsed(row, 1)? })
}

/// A text column, parsed and checked: a name or an id.
pub(crate) fn parsed<T>(row: &Row<'_>, index: usize) -> rusqlite::Result<T>
where
    T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>,
{
    text_at(row, index)?
        .parse()
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// A column with JSON, parsed.
pub(crate) fn json<T: serde::de::DeserializeOwned>(
    row: &Row<'_>,
    index: usize,
) -> rusqlite::Result<T> {
    serde_json::from_str(text_at(row, index)?)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(index, Type::Text, Box::new(e)))
}

/// Serializes a value to JSON for a column.
pub(crate) fn text(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

/// All rows of a statement without parameters.
pub(crate) fn all<C, T>(
    db: &Connection,
    sql: &str,
    read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
) -> rusqlite::Result<C>
where
    C: FromIterator<T>,
{
    db.prepare(sql)?.query_map((), read)?.collect()
}
