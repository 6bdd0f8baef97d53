//! For tests: statements on a snapshot in memory.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use rusqlite::{Connection, params_from_iter, types};
use tardist_contract::schema::SCHEMA;

use super::{
    snapshot::Snapshot,
    statement::{RowError, Statement, Value},
};
use crate::http::problem::ApiError;

/// A snapshot in memory with this schema version, three ready-made answers and three repositories.
pub(crate) fn snapshot(user_version: i64) -> Connection {
    let db = Connection::open_in_memory().unwrap();
    db.execute_batch(SCHEMA).unwrap();
    db.execute_batch(
        r#"INSERT INTO snapshot VALUES (1000, '0.1.0', 7, 'f', 2, 0, 3, '');
           INSERT INTO answer VALUES ('/list', 'application/json', x'7b7d', NULL, 'e1', 900);
           INSERT INTO answer VALUES ('/info', 'application/json', x'7b7d', x'1f8b', 'e5', 980);
           INSERT INTO answer VALUES
               ('/info/extensions', 'application/json', x'7b7d', NULL, 'e6', 970);
           INSERT INTO repository VALUES ('extensions', 'beta', 'u', NULL, NULL, NULL, NULL, 5, 'e2', 800, '{"b":1}');
           INSERT INTO repository VALUES ('extensions', 'Alpha', 'u', NULL, NULL, NULL, NULL, 5, 'e3', 850, '{"a":1}');
           INSERT INTO repository VALUES ('skins', 'beta', 'u', NULL, NULL, NULL, NULL, 5, 'e4', 990, '{"s":1}');"#,
    )
    .unwrap();
    db.pragma_update(None, "user_version", user_version).unwrap();
    db
}

/// Runs a statement on a database and reads its row.
pub(super) fn run<T>(db: &Connection, statement: &Statement<T>) -> Result<T, RowError> {
    let params = statement.params.iter().map(|value| match value {
        Value::Null => types::Value::Null,
        Value::Integer(number) => types::Value::Integer(*number),
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

/// A database as a snapshot of endpoints.
pub(crate) struct Db(pub(crate) Connection);

impl Snapshot for Db {
    async fn get<T>(&self, statement: Statement<T>) -> Result<T, ApiError> {
        run(&self.0, &statement).map_err(|error| ApiError::Unavailable(error.to_string()))
    }
}

/// What an endpoint returns that asks a [`Db`], which never has to be waited for.
pub(crate) fn wait<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("nothing has to be waited for"),
    }
}
