//! A `SELECT` with its parameters, and how its row is read.
//!
//! Each statement gives exactly one row, whose first column is the snapshot's `user_version`. A row has
//! to pass from host to component, which costs more than SQLite's part in it. So the version needs no
//! query of its own, and never belongs to another file than the data.

use serde::de::DeserializeOwned;
use tardist_contract::schema::USER_VERSION;

/// A value of SQLite, as parameter or as column.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// REAL, which no statement uses.
    Real(f64),
    /// TEXT.
    Text(String),
    /// BLOB.
    Blob(Vec<u8>),
}

impl Value {
    /// TEXT.
    pub fn text(text: &(impl ToString + ?Sized)) -> Self {
        Self::Text(text.to_string())
    }

    /// TEXT, or NULL for `None`.
    pub fn optional(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

/// Why a row cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The snapshot has another schema.
    #[error("the snapshot has schema version {found}, but {USER_VERSION} is needed")]
    Version {
        /// The `user_version` of the snapshot.
        found: i64,
    },
    /// A column is missing, or has a type that the schema does not allow.
    #[error("column {index} of the row is not {wanted}")]
    Column {
        /// The index of the column, from 0.
        index: usize,
        /// What the column should be, with its article.
        wanted: &'static str,
    },
}

/// A `SELECT` whose one row is read as a `T`.
#[derive(Debug)]
pub struct Statement<T> {
    /// The SQL.
    pub sql: &'static str,
    /// The values of `?1`, `?2` and so on.
    pub params: Vec<Value>,
    /// Reads what follows the `user_version` in the row.
    pub(super) read: fn(&mut Row) -> Result<T, RowError>,
}

impl<T> Statement<T> {
    /// Reads the row of the statement.
    ///
    /// # Errors
    /// [`RowError::Version`] for a snapshot of another schema, [`RowError::Column`] for a row that the
    /// schema does not allow.
    pub fn read(&self, row: Vec<Value>) -> Result<T, RowError> {
        let mut row = Row { values: row.into_iter(), index: 0 };
        match row.integer()? {
            USER_VERSION => (self.read)(&mut row),
            found => Err(RowError::Version { found }),
        }
    }
}

/// A text that SQLite made for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rendered {
    /// The text.
    pub text: String,
    /// Unix seconds: the text has not changed since then. Any repository that comes or goes could
    /// change it, so this is when any of them last did.
    pub modified_at: i64,
}

/// A row that is read from left to right.
pub(super) struct Row {
    values: std::vec::IntoIter<Value>,
    index: usize,
}

impl Row {
    /// The next column; NULL after the last.
    pub(super) fn next(&mut self) -> Value {
        self.index += 1;
        self.values.next().unwrap_or(Value::Null)
    }

    /// The error for the column that was read last.
    pub(super) fn unlike(&self, wanted: &'static str) -> RowError {
        RowError::Column { index: self.index - 1, wanted }
    }

    pub(super) fn integer(&mut self) -> Result<i64, RowError> {
        self.optional_integer()?.ok_or_else(|| self.unlike("an integer"))
    }

    pub(super) fn optional_integer(&mut self) -> Result<Option<i64>, RowError> {
        match self.next() {
            Value::Integer(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(self.unlike("an integer")),
        }
    }

    pub(super) fn text(&mut self) -> Result<String, RowError> {
        self.optional_text()?.ok_or_else(|| self.unlike("a text"))
    }

    pub(super) fn optional_text(&mut self) -> Result<Option<String>, RowError> {
        match self.next() {
            Value::Text(value) => Ok(Some(value)),
            Value::Null => Ok(None),
            _ => Err(self.unlike("a text")),
        }
    }

    /// A column with JSON, or a number. What is in it is data of the snapshot like any column.
    pub(super) fn json<T: DeserializeOwned>(
        &mut self,
        wanted: &'static str,
    ) -> Result<T, RowError> {
        self.optional_json(wanted)?.ok_or_else(|| self.unlike(wanted))
    }

    /// As [`json`](Self::json), but `None` for NULL.
    pub(super) fn optional_json<T: DeserializeOwned>(
        &mut self,
        wanted: &'static str,
    ) -> Result<Option<T>, RowError> {
        let text = match self.next() {
            Value::Null => return Ok(None),
            Value::Text(text) => text,
            Value::Integer(number) => number.to_string(),
            _ => return Err(self.unlike(wanted)),
        };
        serde_json::from_str(&text).map(Some).map_err(|error| {
            eprintln!("a column of the snapshot is not {wanted}: {error}");
            self.unlike(wanted)
        })
    }

    pub(super) fn rendered(&mut self) -> Result<Rendered, RowError> {
        Ok(Rendered { text: self.text()?, modified_at: self.integer()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{
        summary::summary,
        testing::{run, snapshot},
    };

    #[test]
    fn another_schema_version_is_an_error_whatever_the_tables_hold() {
        let found = USER_VERSION + 1;
        assert_eq!(run(&snapshot(found), &summary()), Err(RowError::Version { found }));
        assert_eq!(run(&snapshot(USER_VERSION), &summary()).unwrap().tarballs, 3);
    }

    #[test]
    fn a_row_that_the_schema_does_not_allow_is_an_error() {
        let read = |values: Vec<Value>| {
            let row = [vec![Value::Integer(USER_VERSION)], values].concat();
            Statement { sql: "", params: Vec::new(), read: Row::rendered }.read(row)
        };
        let text = || Value::text("x");
        let column = |index, wanted| Err(RowError::Column { index, wanted });
        assert_eq!(read(vec![text(), Value::Integer(7)]).unwrap().modified_at, 7);
        assert_eq!(read(vec![Value::Null, Value::Integer(7)]), column(1, "a text"));
        assert_eq!(read(vec![text(), text()]), column(2, "an integer"));
        assert_eq!(read(vec![text()]), column(2, "an integer"));
    }
}
