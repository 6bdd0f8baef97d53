//! `spin:sqlite@3.1.0` over files of this machine.
//!
//! It behaves as Spin's `crates/factor-sqlite` and `crates/sqlite-inproc`: each `open` is a new
//! connection; the file is opened at the first statement, and created if it is missing. A statement
//! that cannot be prepared gives an `Ok` without columns, and its error comes at the end of the rows.
//! Rows go to the component one at a time, as in Spin, so that a statement costs about the same.

use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use tokio::sync::mpsc;
use wasmtime::{
    StoreContextMut,
    component::{
        Accessor, Destination, FutureReader, HasData, Resource, ResourceTable, StreamProducer,
        StreamReader, StreamResult,
    },
};

use crate::{
    config::runtime_config::Database,
    runtime::{
        bindings::sqlite::{self, Error, QueryResult, RowResult, Value},
        connection::{Connection, Rows},
    },
};

/// How many connections an instance may have open. Spin: `InstanceState::new` in
/// `crates/factor-sqlite/src/host.rs`.
const MAX_CONNECTIONS: usize = 256;

/// The databases of one component instance.
pub(crate) struct Sqlite {
    /// Label → database, for the labels in the component's `sqlite_databases`. All of them are
    /// configured, or the host would not have started; so the error `no-such-database` cannot happen.
    allowed: Arc<BTreeMap<String, Database>>,
    connections: ResourceTable,
}

impl Sqlite {
    /// These databases, and no connection yet.
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

/// Passes the rows of a channel on to the component.
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
    use super::*;

    fn sqlite() -> Sqlite {
        let database = Database { path: None, allow_attach_file: false };
        Sqlite::new(Arc::new([("default".to_owned(), database)].into()))
    }

    #[test]
    fn only_the_labels_of_the_component_open() {
        assert!(matches!(sqlite().connect("other"), Err(Error::AccessDenied)));
    }

    #[test]
    fn an_instance_holds_at_most_256_connections() {
        let mut sqlite = sqlite();
        let held: Vec<_> = (0..256).map(|_| sqlite.connect("default").unwrap()).collect();
        let Err(Error::Io(problem)) = sqlite.connect("default") else { panic!("no error") };
        assert_eq!(problem, "too many connections opened");
        let first = held.into_iter().next().unwrap();
        sqlite.connections.delete(first).unwrap();
        assert!(sqlite.connect("default").is_ok());
    }
}
