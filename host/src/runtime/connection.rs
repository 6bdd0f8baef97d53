//! A SQLite connection and its statements. Statements block, so they run on threads of their own.

use std::{
    fs,
    sync::{Arc, Mutex, PoisonError},
};

use rusqlite::{
    hooks::{AuthAction, AuthContext, Authorization},
    params_from_iter,
    types::ValueRef,
};
use tokio::{
    sync::{mpsc, oneshot},
    task::spawn_blocking,
};

use crate::{
    config::runtime_config::Database,
    runtime::bindings::sqlite::{Error, QueryResult, RowResult, Value},
};

/// Spin: `MAX_HOST_BUFFERED_BYTES` in `crates/world/src/lib.rs`; for `execute` it is the
/// limit of all rows together, for `execute-async` that of each row.
const MAX_RESULT_BYTES: usize = 128 << 20;

/// How many rows wait for the component. Spin: `query_async` in `crates/sqlite-inproc/src/lib.rs`.
const ROWS_AHEAD: usize = 4;

/// A connection of a component. Clones share it.
#[derive(Clone)]
#[expect(unreachable_pub, reason = "the generated bindings export it again")]
pub struct Connection {
    database: Database,
    handle: Arc<Mutex<Option<rusqlite::Connection>>>,
}

impl Connection {
    /// # Errors
    ///
    /// [`Error::InvalidConnection`] when the folder of the file cannot be created.
    pub(crate) fn new(database: &Database) -> Result<Self, Error> {
        if let Some(folder) = database.path.as_deref().and_then(|path| path.parent()) {
            fs::create_dir_all(folder).map_err(|_| Error::InvalidConnection)?;
        }
        Ok(Self { database: database.clone(), handle: Arc::default() })
    }

    /// Calls `work` with the connection, which the first call opens. Blocks.
    fn with<R>(&self, work: impl FnOnce(&rusqlite::Connection) -> R) -> Result<R, rusqlite::Error> {
        // After a panic the connection is still usable: SQLite keeps it consistent.
        let mut handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *handle {
            Some(connection) => Ok(work(connection)),
            empty => Ok(work(empty.insert(self.database.open()?))),
        }
    }

    /// All rows of a statement at once.
    pub(crate) async fn execute(
        self,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let work = move || {
            let mut result = QueryResult { columns: Vec::new(), rows: Vec::new() };
            let mut bytes = size_of::<QueryResult>();
            self.with(|connection| {
                let columns = |columns| {
                    result.columns = columns;
                    Ok(())
                };
                query(connection, &statement, parameters, columns, |row| {
                    bytes += row_bytes(&row);
                    check_bytes(bytes)?;
                    result.rows.push(row);
                    Ok(())
                })
            })??;
            Ok(result)
        };
        spawn_blocking(work).await.map_err(|error| Error::Io(error.to_string()))?
    }

    /// The columns of a statement, then its rows as they come, then how it ended.
    pub(crate) async fn stream(
        self,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<Rows, Error> {
        let (head, columns) = oneshot::channel::<Result<_, Error>>();
        let (sender, rows) = mpsc::channel(ROWS_AHEAD);
        let (tail, end) = oneshot::channel();
        spawn_blocking(move || {
            // Sent once: the columns, or no columns, or why the file cannot be opened.
            let mut head = Some(head);
            let worked = self.with(|connection| {
                let columns = |columns| send_once(&mut head, Ok(columns));
                query(connection, &statement, parameters, columns, |row| {
                    check_bytes(row_bytes(&row))?;
                    sender.blocking_send(row).map_err(|_| gone("row"))
                })
            });
            let ended = match worked {
                Ok(ended) => ended,
                Err(unopened) => send_once(&mut head, Err(unopened.into())),
            };
            // Not sent yet if the statement cannot be prepared.
            let _ = send_once(&mut head, Ok(Vec::new()));
            drop(sender);
            let _ = tail.send(ended);
        });
        let columns = columns.await.map_err(|error| Error::Io(error.to_string()))??;
        Ok(Rows { columns, rows, end })
    }

    pub(crate) async fn ask<R: Send + 'static>(
        self,
        question: fn(&rusqlite::Connection) -> R,
    ) -> wasmtime::Result<R> {
        Ok(spawn_blocking(move || self.with(question)).await??)
    }
}

impl Database {
    fn open(&self) -> Result<rusqlite::Connection, rusqlite::Error> {
        let mut connection = match &self.path {
            Some(path) => rusqlite::Connection::open(path)?,
            None => rusqlite::Connection::open_in_memory()?,
        };
        if !self.allow_attach_file {
            connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
                // A temporary database and one in memory are not files.
                AuthAction::Attach { filename: "" | ":memory:" } => Authorization::Allow,
                AuthAction::Attach { .. } => Authorization::Deny,
                _ => Authorization::Allow,
            }))?;
        }
        Ok(connection)
    }
}

/// A running statement.
pub(crate) struct Rows {
    pub(crate) columns: Vec<String>,
    pub(crate) rows: mpsc::Receiver<RowResult>,
    pub(crate) end: oneshot::Receiver<Result<(), Error>>,
}

/// Runs a statement: `on_columns` once it is prepared, `on_row` for each row. Blocks.
fn query(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
    on_columns: impl FnOnce(Vec<String>) -> Result<(), Error>,
    mut on_row: impl FnMut(RowResult) -> Result<(), Error>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns: Vec<_> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    on_columns(columns)?;
    let parameters = parameters.into_iter().map(to_sqlite);
    let mut rows = statement.query(params_from_iter(parameters))?;
    while let Some(row) = rows.next()? {
        let values =
            (0..width).map(|column| from_sqlite(row.get_ref(column)?)).collect::<Result<_, _>>()?;
        on_row(RowResult { values })?;
    }
    Ok(())
}

fn to_sqlite(value: Value) -> rusqlite::types::Value {
    match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(integer) => rusqlite::types::Value::Integer(integer),
        Value::Real(real) => rusqlite::types::Value::Real(real),
        Value::Text(text) => rusqlite::types::Value::Text(text),
        Value::Blob(blob) => rusqlite::types::Value::Blob(blob),
    }
}

fn from_sqlite(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        // SQLite stores any bytes as text, but a string of a component has to be UTF-8.
        ValueRef::Text(text) => match str::from_utf8(text) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(Error::Io(error.to_string())),
        },
        ValueRef::Blob(blob) => Value::Blob(blob.to_owned()),
    })
}

/// Spin: `Value::memory_size` in `crates/world/src/lib.rs`.
fn row_bytes(row: &RowResult) -> usize {
    let content = |value: &Value| match value {
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
    };
    row.values.iter().map(|value| size_of::<Value>() + content(value)).sum()
}

fn check_bytes(bytes: usize) -> Result<(), Error> {
    if bytes > MAX_RESULT_BYTES {
        let limit = format!("query result exceeds limit of {MAX_RESULT_BYTES} bytes");
        return Err(Error::Io(limit));
    }
    Ok(())
}

impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        Error::Io(error.to_string())
    }
}

/// The error when the component no longer reads.
fn gone(what: &str) -> Error {
    Error::Io(format!("{what} send error"))
}

fn send_once<T>(sender: &mut Option<oneshot::Sender<T>>, value: T) -> Result<(), Error> {
    match sender.take() {
        Some(sender) => sender.send(value).map_err(|_| gone("column")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn open(path: Option<&Path>, allow_attach_file: bool) -> Connection {
        let path = path.map(Path::to_owned);
        Connection::new(&Database { path, allow_attach_file }).unwrap()
    }

    /// The columns, the rows and the end of a statement run with `execute-async`.
    async fn run(
        connection: &Connection,
        statement: &str,
    ) -> Result<(Vec<String>, Vec<Vec<Value>>, Result<(), Error>), Error> {
        let mut running = connection.clone().stream(statement.to_owned(), Vec::new()).await?;
        let mut rows = Vec::new();
        while let Some(row) = running.rows.recv().await {
            rows.push(row.values);
        }
        Ok((running.columns, rows, running.end.await.unwrap()))
    }

    fn problem<T>(result: Result<T, Error>) -> String {
        match result {
            Err(Error::Io(problem)) => problem,
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("no error"),
        }
    }

    #[tokio::test]
    async fn the_file_is_made_at_the_first_statement_and_each_open_is_a_new_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file.db");
        let (first, second) = (open(Some(&path), false), open(Some(&path), false));
        assert!(!path.exists());
        run(&first, "CREATE TABLE t (a, b)").await.unwrap().2.unwrap();
        let insert = "INSERT INTO t VALUES (1, 'x'), (2.5, x'00'), (NULL, 'ä')";
        run(&first, insert).await.unwrap().2.unwrap();
        assert_eq!(first.ask(rusqlite::Connection::changes).await.unwrap(), 3);
        assert_eq!(second.clone().ask(rusqlite::Connection::changes).await.unwrap(), 0);

        let (columns, rows, end) = run(&second, "SELECT b, a FROM t").await.unwrap();
        assert_eq!(columns, ["b", "a"]);
        assert!(matches!(&rows[0][..], [Value::Text(b), Value::Integer(1)] if b == "x"));
        assert!(matches!(&rows[1][..], [Value::Blob(b), Value::Real(2.5)] if b == &[0]));
        assert!(matches!(&rows[2][..], [Value::Text(b), Value::Null] if b == "ä"));
        end.unwrap();
    }

    #[tokio::test]
    async fn errors_come_where_spin_puts_them() {
        let connection = open(None, false);
        // Not prepared: Ok without columns, the error at the end.
        let (columns, rows, end) = run(&connection, "SELEKT").await.unwrap();
        assert!(columns.is_empty() && rows.is_empty());
        assert!(problem(end).contains("syntax error"));
        // Prepared, but not run.
        let (columns, _, end) = run(&connection, "SELECT ? AS a").await.unwrap();
        assert_eq!(columns, ["a"]);
        assert!(problem(end).contains("Wrong number of parameters"));
        // The blocking call has one place only.
        let failed = connection.clone().execute("SELEKT".to_owned(), Vec::new()).await;
        assert!(problem(failed).contains("syntax error"));
        // Not opened: the call itself fails.
        let folder = tempfile::tempdir().unwrap();
        let connection = open(Some(folder.path()), false);
        assert!(problem(run(&connection, "SELECT 1").await).contains("unable to open"));
    }

    #[tokio::test]
    async fn text_that_is_not_utf_8_is_an_error() {
        let connection = open(None, false);
        let (_, rows, end) = run(&connection, "SELECT CAST(x'ff' AS TEXT)").await.unwrap();
        assert!(rows.is_empty());
        assert!(problem(end).contains("utf-8"));
    }

    #[tokio::test]
    async fn a_result_beyond_the_limit_is_an_error() {
        let connection = open(None, false);
        // Two rows of 70 MiB: too much together, not one by one.
        let statement = "SELECT zeroblob(73400320) UNION ALL SELECT zeroblob(73400320)";
        let all = connection.clone().execute(statement.to_owned(), Vec::new()).await;
        assert_eq!(problem(all), "query result exceeds limit of 134217728 bytes");
        let (_, rows, end) = run(&connection, statement).await.unwrap();
        assert_eq!(rows.len(), 2);
        end.unwrap();
    }

    #[tokio::test]
    async fn attach_needs_permission() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.db");
        let attach = format!("ATTACH '{}' AS a", file.display());
        let denied = open(None, false);
        assert_eq!(problem(run(&denied, &attach).await.unwrap().2), "not authorized");
        run(&denied, "ATTACH ':memory:' AS m").await.unwrap().2.unwrap();
        run(&denied, "ATTACH '' AS t").await.unwrap().2.unwrap();
        let allowed = open(None, true);
        run(&allowed, &attach).await.unwrap().2.unwrap();
    }
}
