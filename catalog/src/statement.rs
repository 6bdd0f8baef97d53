//! Every `SELECT` that a function runs: its text, its parameters, and how its row is read.
//!
//! Each statement gives exactly one row, whose first column is the snapshot's `user_version`: a row
//! costs a hop between host and component, and so the version needs no look-up of its own and can
//! never belong to another file than the data.

use crate::{Kind, RepoName, schema::USER_VERSION};

/// A value of SQLite, on its way in or out.
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

/// Why a row is not what the schema promises.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RowError {
    /// The snapshot has another schema.
    #[error("the snapshot has schema version {found}, and {USER_VERSION} is needed")]
    Version {
        /// Its `user_version`.
        found: i64,
    },
    /// A column has a type that the schema rules out, or is missing.
    #[error("column {index} of the row is not {wanted}")]
    Column {
        /// The column's place, from 0.
        index: usize,
        /// What it should be.
        wanted: &'static str,
    },
}

/// A `SELECT` with its parameters, and the way from its one row to a `T`.
#[derive(Debug)]
pub struct Statement<T> {
    /// The text.
    pub sql: &'static str,
    /// A value for each `?` in order.
    pub params: Vec<Value>,
    read: fn(&mut Row) -> Result<T, RowError>,
}

impl<T> Statement<T> {
    /// Reads the statement's row.
    ///
    /// # Errors
    /// [`RowError::Version`] for a snapshot of another schema, [`RowError::Column`] for a row that
    /// the schema rules out.
    pub fn read(&self, row: Vec<Value>) -> Result<T, RowError> {
        let mut row = Row { values: row.into_iter(), index: 0 };
        match row.integer()? {
            USER_VERSION => (self.read)(&mut row),
            found => Err(RowError::Version { found }),
        }
    }
}

/// A ready-made body and what HTTP wants to know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The bytes.
    pub body: Vec<u8>,
    /// The entity tag, without quotes.
    pub etag: String,
    /// When the body last changed: Unix seconds.
    pub modified_at: i64,
}

/// What the snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// When it was made: Unix seconds.
    pub generated_at: i64,
    /// How many extensions it names.
    pub extensions: i64,
    /// How many skins it names.
    pub skins: i64,
    /// How many tarballs it names.
    pub tarballs: i64,
}

/// Several repositories of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The members of a JSON object without its braces: `"A":{…},"B":{…}`.
    pub members: String,
    /// The names that were found, as a JSON array.
    pub found: String,
    /// When the newest of them last changed: Unix seconds; 0 where none was found.
    pub modified_at: i64,
}

/// The schema version alone, which every SQLite file has: 0 where there is no snapshot.
/// Its text is not a [`Statement`], whose version is checked.
pub const USER_VERSION_SQL: &str = "SELECT user_version FROM pragma_user_version";

/// The snapshot's summary.
pub fn summary() -> Statement<Summary> {
    Statement {
        sql: "SELECT user_version, generated_at, extensions, skins, tarballs
              FROM pragma_user_version, snapshot",
        params: Vec::new(),
        read: |row| {
            Ok(Summary {
                generated_at: row.integer()?,
                extensions: row.integer()?,
                skins: row.integer()?,
                tarballs: row.integer()?,
            })
        },
    }
}

/// The ready-made answer to a path without parameters, such as `/list/extensions`.
pub fn answer(path: &str, media_type: &str) -> Statement<Option<Answer>> {
    Statement {
        sql: "SELECT user_version, body, etag, modified_at FROM pragma_user_version
              LEFT JOIN answer ON path = ? AND media_type = ?",
        params: vec![Value::Text(path.to_owned()), Value::Text(media_type.to_owned())],
        read: Row::answer,
    }
}

/// The document of one repository, or `None` where it is not published.
pub fn repository(kind: Kind, name: &RepoName) -> Statement<Option<Answer>> {
    Statement {
        sql: "SELECT user_version, document, etag, modified_at FROM pragma_user_version
              LEFT JOIN repository ON kind = ? AND name = ?",
        params: vec![Value::Text(kind.to_string()), Value::Text(name.to_string())],
        read: Row::answer,
    }
}

/// The documents of those of `names`, a JSON array of strings, that are published.
///
/// SQLite joins them into one row: 25 rows through the row stream cost four times one row.
pub fn selection(kind: Kind, names: &str) -> Statement<Selection> {
    Statement {
        sql: "SELECT user_version, found.members, found.names, found.modified_at
              FROM pragma_user_version, (
                  SELECT coalesce(group_concat(json_quote(name) || ':' || document, ','), '') AS members,
                         json_group_array(name) AS names,
                         coalesce(max(modified_at), 0) AS modified_at
                  FROM (SELECT name, document, modified_at FROM repository
                        WHERE kind = ? AND name IN (SELECT value FROM json_each(?))
                        ORDER BY lower(name), name)
              ) AS found",
        params: vec![Value::Text(kind.to_string()), Value::Text(names.to_owned())],
        read: |row| {
            Ok(Selection {
                members: row.text()?,
                found: row.text()?,
                modified_at: row.integer()?,
            })
        },
    }
}

/// A row that is read from left to right.
struct Row {
    values: std::vec::IntoIter<Value>,
    index: usize,
}

impl Row {
    fn next(&mut self) -> Value {
        self.index += 1;
        self.values.next().unwrap_or(Value::Null)
    }

    fn unlike(&self, wanted: &'static str) -> RowError {
        RowError::Column { index: self.index - 1, wanted }
    }

    fn integer(&mut self) -> Result<i64, RowError> {
        match self.next() {
            Value::Integer(value) => Ok(value),
            _ => Err(self.unlike("an integer")),
        }
    }

    fn text(&mut self) -> Result<String, RowError> {
        match self.next() {
            Value::Text(value) => Ok(value),
            _ => Err(self.unlike("a text")),
        }
    }

    fn answer(&mut self) -> Result<Option<Answer>, RowError> {
        let body = match self.next() {
            Value::Null => return Ok(None),
            Value::Blob(body) => body,
            Value::Text(body) => body.into_bytes(),
            _ => return Err(self.unlike("a text or a blob")),
        };
        Ok(Some(Answer { body, etag: self.text()?, modified_at: self.integer()? }))
    }
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, params_from_iter, types};

    use super::*;
    use crate::schema::{JSON, SCHEMA};

    fn snapshot(user_version: i64) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        db.execute_batch(
            r#"INSERT INTO snapshot VALUES (1000, '0.1.0', 'f', 2, 0, 3);
               INSERT INTO answer VALUES ('/list', 'application/json', x'7b7d', 'e1', 900);
               INSERT INTO repository VALUES ('extensions', 'beta', 'u', '{"b":1}', 'e2', 800);
               INSERT INTO repository VALUES ('extensions', 'Alpha', 'u', '{"a":1}', 'e3', 850);
               INSERT INTO repository VALUES ('skins', 'beta', 'u', '{"s":1}', 'e4', 990);"#,
        )
        .unwrap();
        db.pragma_update(None, "user_version", user_version).unwrap();
        db
    }

    fn run<T>(db: &Connection, statement: &Statement<T>) -> Result<T, RowError> {
        let params = statement.params.iter().map(|value| match value {
            Value::Text(text) => types::Value::Text(text.clone()),
            other => panic!("no statement takes {other:?}"),
        });
        let row = db
            .query_row(statement.sql, params_from_iter(params), |row| {
                (0..row.as_ref().column_count())
                    .map(|index| {
                        Ok(match row.get(index)? {
                            types::Value::Null => Value::Null,
                            types::Value::Integer(value) => Value::Integer(value),
                            types::Value::Real(value) => Value::Real(value),
                            types::Value::Text(value) => Value::Text(value),
                            types::Value::Blob(value) => Value::Blob(value),
                        })
                    })
                    .collect::<Result<Vec<_>, _>>()
            })
            .unwrap();
        statement.read(row)
    }

    #[test]
    fn every_statement_reads_what_the_schema_holds() {
        let db = snapshot(USER_VERSION);
        let name = |text: &str| text.parse::<RepoName>().unwrap();
        assert_eq!(run(&db, &summary()).unwrap().tarballs, 3);
        let list = run(&db, &answer("/list", JSON)).unwrap().unwrap();
        assert_eq!(
            (list.body.as_slice(), list.etag.as_str(), list.modified_at),
            (&b"{}"[..], "e1", 900)
        );
        assert_eq!(run(&db, &answer("/nothing", JSON)).unwrap(), None);
        let found = run(&db, &repository(Kind::Extensions, &name("beta"))).unwrap().unwrap();
        assert_eq!(found.body, br#"{"b":1}"#);
        assert_eq!(run(&db, &repository(Kind::Skins, &name("Alpha"))).unwrap(), None);
    }

    #[test]
    fn a_selection_is_one_row_in_the_order_of_lists() {
        let db = snapshot(USER_VERSION);
        let some = run(&db, &selection(Kind::Extensions, r#"["beta","Alpha","gone"]"#)).unwrap();
        assert_eq!(some.members, r#""Alpha":{"a":1},"beta":{"b":1}"#);
        assert_eq!(some.found, r#"["Alpha","beta"]"#);
        assert_eq!(some.modified_at, 850);
        let none = run(&db, &selection(Kind::Skins, r#"["' OR 1=1 --"]"#)).unwrap();
        assert_eq!((none.members.as_str(), none.found.as_str()), ("", "[]"));
    }

    #[test]
    fn another_schema_version_is_an_error_whatever_the_tables_hold() {
        let db = snapshot(USER_VERSION + 1);
        let found = USER_VERSION + 1;
        assert_eq!(run(&db, &summary()), Err(RowError::Version { found }));
        assert_eq!(run(&db, &answer("/list", JSON)), Err(RowError::Version { found }));
    }
}
