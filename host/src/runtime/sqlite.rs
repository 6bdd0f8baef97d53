//! `spin:sqlite@3.1.0` over files of this machine.
//!
//! Components see what Spin's `crates/factor-sqlite` and `crates/sqlite-inproc` show them: each
//! `open` is a new connection, the file is opened at the first statement (and created when it is
//! missing), and a statement that cannot be prepared is an `Ok` without columns whose error comes
//! at the end of the rows. Rows cross to the component one at a time, as in Spin, so what a
//! statement costs is comparable too.

use std::{
    collections::BTreeMap,
    fs,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
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
use wasmtime::{
    StoreContextMut,
    component::{
        Accessor, Destination, FutureReader, HasData, Resource, ResourceTable, StreamProducer,
        StreamReader, StreamResult,
    },
};

use crate::{
    bindings::sqlite::{self, Error, QueryResult, RowResult, Value},
    runtime_config::Database,
};

/// Connections that one instance may hold open. Spin: `InstanceState::new` in
/// `crates/factor-sqlite/src/host.rs`.
const MAX_CONNECTIONS: usize = 256;

/// Spin: `MAX_HOST_BUFFERED_BYTES` in `crates/world/src/lib.rs`; for `execute` the limit of all
/// rows together, for `execute-async` that of each row.
const MAX_RESULT_BYTES: usize = 128 << 20;

/// Rows that wait for the component. Spin: `query_async` in `crates/sqlite-inproc/src/lib.rs`.
const ROWS_AHEAD: usize = 4;

/// The databases of one component instance.
pub(crate) struct Sqlite {
    /// Label → database, for the labels in the component's `sqlite_databases`. The host does not
    /// start while one of them lacks its configuration, so `no-such-database` cannot happen.
    allowed: Arc<BTreeMap<String, Database>>,
    connections: ResourceTable,
}

impl Sqlite {
    /// No connection yet to any of the databases.
    pub(crate) fn new(allowed: Arc<BTreeMap<String, Database>>) -> Self {
        let mut connections = ResourceTable::new();
        connections.set_max_capacity(MAX_CONNECTIONS);
        Self { allowed, connections }
    }

    fn connect(&mut self, label: &str) -> Result<Resource<Connection>, Error> {
        let database = self.allowed.get(label).ok_or(Error::AccessDenied)?;
        let connection = Connection::new(database)?;
        self.connections
            .push(connection)
            .map_err(|_| Error::Io("too many connections opened".to_owned()))
    }

    fn get(&self, connection: &Resource<Connection>) -> Result<Connection, Error> {
        self.connections.get(connection).cloned().map_err(|_| Error::InvalidConnection)
    }
}

/// A connection that a component holds; clones share it.
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
    fn new(database: &Database) -> Result<Self, Error> {
        if let Some(folder) = database.path.as_deref().and_then(|path| path.parent()) {
            fs::create_dir_all(folder).map_err(|_| Error::InvalidConnection)?;
        }
        Ok(Self { database: database.clone(), handle: Arc::default() })
    }

    /// Lends the open connection, opening it the first time; blocks.
    fn with<R>(&self, work: impl FnOnce(&rusqlite::Connection) -> R) -> Result<R, rusqlite::Error> {
        // A panic elsewhere leaves the connection as usable as SQLite says that it is.
        let mut handle = self.handle.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *handle {
            Some(connection) => Ok(work(connection)),
            empty => Ok(work(empty.insert(self.database.open()?))),
        }
    }

    /// All rows of a statement at once.
    async fn execute(
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
    async fn stream(self, statement: String, parameters: Vec<Value>) -> Result<Rows, Error> {
        let (head, columns) = oneshot::channel::<Result<_, Error>>();
        let (sender, rows) = mpsc::channel(ROWS_AHEAD);
        let (tail, end) = oneshot::channel();
        spawn_blocking(move || {
            // Sent once: the columns, none of them, or why the file cannot be opened.
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
            // Still not sent when the statement cannot be prepared.
            let _ = send_once(&mut head, Ok(Vec::new()));
            drop(sender);
            let _ = tail.send(ended);
        });
        let columns = columns.await.map_err(|error| Error::Io(error.to_string()))??;
        Ok(Rows { columns, rows, end })
    }

    async fn ask<R: Send + 'static>(
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
                // A temporary database and one in memory are no files.
                AuthAction::Attach { filename: "" | ":memory:" } => Authorization::Allow,
                AuthAction::Attach { .. } => Authorization::Deny,
                _ => Authorization::Allow,
            }))?;
        }
        Ok(connection)
    }
}

/// A running statement.
struct Rows {
    columns: Vec<String>,
    rows: mpsc::Receiver<RowResult>,
    end: oneshot::Receiver<Result<(), Error>>,
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
        // SQLite stores any bytes as text; a component's string cannot.
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

/// The component does not listen any more.
fn gone(what: &str) -> Error {
    Error::Io(format!("{what} send error"))
}

fn send_once<T>(sender: &mut Option<oneshot::Sender<T>>, value: T) -> Result<(), Error> {
    match sender.take() {
        Some(sender) => sender.send(value).map_err(|_| gone("column")),
        None => Ok(()),
    }
}

/// Gives the rows of a channel to the component.
struct RowProducer(mpsc::Receiver<RowResult>);

impl<D> StreamProducer<D> for RowProducer {
    type Item = RowResult;
    type Buffer = Option<RowResult>;

    fn poll_produce(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        store: StoreContextMut<'_, D>,
        mut destination: Destination<'_, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.0.poll_recv(context) {
            Poll::Ready(Some(row)) => {
                destination.set_buffer(Some(row));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl HasData for Sqlite {
    type Data<'a> = &'a mut Sqlite;
}

impl sqlite::Host for Sqlite {}

impl sqlite::HostConnection for Sqlite {
    async fn open(&mut self, database: String) -> Result<Resource<Connection>, Error> {
        self.connect(&database)
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        self.get(&connection)?.execute(statement, parameters).await
    }

    async fn last_insert_rowid(
        &mut self,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        self.get(&connection)?.ask(rusqlite::Connection::last_insert_rowid).await
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        self.get(&connection)?.ask(rusqlite::Connection::changes).await
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        self.connections.delete(connection)?;
        Ok(())
    }
}

impl<T> sqlite::HostConnectionWithStore<T> for Sqlite {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        accessor.with(|mut access| access.get().connect(&database))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<(Vec<String>, StreamReader<RowResult>, FutureReader<Result<(), Error>>), Error>
    {
        let connection = accessor.with(|mut access| access.get().get(&connection))?;
        let Rows { columns, rows, end } = connection.stream(statement, parameters).await?;
        accessor
            .with(|mut access| {
                let rows = StreamReader::new(&mut access, RowProducer(rows))?;
                let end = FutureReader::new(&mut access, end)?;
                wasmtime::error::Ok((columns, rows, end))
            })
            .map_err(|error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        let connection = accessor.with(|mut access| access.get().get(&connection))?;
        connection.ask(rusqlite::Connection::last_insert_rowid).await
    }

    async fn changes_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        let connection = accessor.with(|mut access| access.get().get(&connection))?;
        connection.ask(rusqlite::Connection::changes).await
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn sqlite(path: Option<&Path>, allow_attach_file: bool) -> Sqlite {
        let database = Database { path: path.map(Path::to_owned), allow_attach_file };
        Sqlite::new(Arc::new([("default".to_owned(), database)].into()))
    }

    fn open(sqlite: &mut Sqlite) -> Connection {
        let connection = sqlite.connect("default").unwrap();
        sqlite.get(&connection).unwrap()
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

    #[test]
    fn only_the_labels_of_the_component_open() {
        let mut sqlite = sqlite(None, false);
        assert!(matches!(sqlite.connect("other"), Err(Error::AccessDenied)));
    }

    #[test]
    fn an_instance_holds_at_most_256_connections() {
        let mut sqlite = sqlite(None, false);
        let held: Vec<_> = (0..256).map(|_| sqlite.connect("default").unwrap()).collect();
        assert_eq!(problem(sqlite.connect("default")), "too many connections opened");
        let first = held.into_iter().next().unwrap();
        sqlite.connections.delete(first).unwrap();
        assert!(sqlite.connect("default").is_ok());
    }

    #[tokio::test]
    async fn the_file_is_made_at_the_first_statement_and_each_open_is_a_new_connection() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new/file.db");
        let mut sqlite = sqlite(Some(&path), false);
        let (first, second) = (open(&mut sqlite), open(&mut sqlite));
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
        let mut sqlite_in_memory = sqlite(None, false);
        let connection = open(&mut sqlite_in_memory);
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
        let connection = open(&mut sqlite(Some(folder.path()), false));
        assert!(problem(run(&connection, "SELECT 1").await).contains("unable to open"));
    }

    #[tokio::test]
    async fn text_that_is_not_utf_8_is_an_error() {
        let connection = open(&mut sqlite(None, false));
        let (_, rows, end) = run(&connection, "SELECT CAST(x'ff' AS TEXT)").await.unwrap();
        assert!(rows.is_empty());
        assert!(problem(end).contains("utf-8"));
    }

    #[tokio::test]
    async fn a_result_beyond_the_limit_is_an_error() {
        let connection = open(&mut sqlite(None, false));
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
        let denied = open(&mut sqlite(None, false));
        assert_eq!(problem(run(&denied, &attach).await.unwrap().2), "not authorized");
        run(&denied, "ATTACH ':memory:' AS m").await.unwrap().2.unwrap();
        run(&denied, "ATTACH '' AS t").await.unwrap().2.unwrap();
        let allowed = open(&mut sqlite(None, true));
        run(&allowed, &attach).await.unwrap().2.unwrap();
    }
}
