//! The snapshot as a database of Spin.

use std::{cell::OnceCell, fmt, mem};

use spin_sdk::sqlite::{self, wit::sqlite::Connection};

use crate::{
    http::problem::ApiError,
    query::{
        snapshot::{Snapshot, USER_VERSION_SQL, unavailable},
        statement::{Statement, Value},
    },
};

/// The label of the snapshot in `spin.toml`.
const LABEL: &str = "snapshot";

/// The database, opened at the first statement. It reads the file that was there then, even after the
/// builder has replaced it.
#[derive(Default)]
pub struct Database(OnceCell<Connection>);

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.get().is_some() { "open" } else { "not open yet" };
        f.debug_tuple("Database").field(&state).finish()
    }
}

impl Database {
    fn connection(&self) -> Result<&Connection, sqlite::Error> {
        if let Some(connection) = self.0.get() {
            return Ok(connection);
        }
        let connection = Connection::open(LABEL)?;
        // One transaction for all statements: else SQLite would lock the file and look for a journal
        // for each of them.
        connection.execute("BEGIN", &[])?;
        Ok(self.0.get_or_init(|| connection))
    }

    /// The first row of a statement; empty where there is none.
    ///
    /// It uses the blocking call of `spin:sqlite`, which the SDK exports under `wit` only. That call
    /// returns the row itself instead of a stream. While one request waits for it, no other request of
    /// this instance runs, and so none asks for the same. (Under load both calls cost the same.)
    fn row(&self, sql: &str, params: Vec<Value>) -> Result<Vec<Value>, sqlite::Error> {
        let params: Vec<sqlite::Value> = params.into_iter().map(to_spin).collect();
        let result = self.connection()?.execute(sql, &params)?;
        let row = result.rows.into_iter().next();
        Ok(row.map(|row| row.values.into_iter().map(from_spin).collect()).unwrap_or_default())
    }

    fn user_version(&self) -> Option<i64> {
        match self.row(USER_VERSION_SQL, Vec::new()).ok()?.first() {
            Some(Value::Integer(version)) => Some(*version),
            _ => None,
        }
    }
}

impl Snapshot for Database {
    async fn get<T>(&self, mut statement: Statement<T>) -> Result<T, ApiError> {
        let params = mem::take(&mut statement.params);
        let failure = match self.row(statement.sql, params) {
            Ok(row) => match statement.read(row) {
                Ok(value) => return Ok(value),
                Err(error) => error.to_string(),
            },
            Err(error) => error.to_string(),
        };
        eprintln!("a statement on the snapshot failed: {failure}");
        Err(unavailable(self.user_version()))
    }
}

fn to_spin(value: Value) -> sqlite::Value {
    match value {
        Value::Null => sqlite::Value::Null,
        Value::Integer(value) => sqlite::Value::Integer(value),
        Value::Real(value) => sqlite::Value::Real(value),
        Value::Text(value) => sqlite::Value::Text(value),
        Value::Blob(value) => sqlite::Value::Blob(value),
    }
}

fn from_spin(value: sqlite::Value) -> Value {
    match value {
        sqlite::Value::Null => Value::Null,
        sqlite::Value::Integer(value) => Value::Integer(value),
        sqlite::Value::Real(value) => Value::Real(value),
        sqlite::Value::Text(value) => Value::Text(value),
        sqlite::Value::Blob(value) => Value::Blob(value),
    }
}
