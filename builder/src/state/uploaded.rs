//! What the builder remembers of the object store that it publishes to, so that a cycle without news asks it for
//! nothing but the pointer. If it is lost, the store's list tells most of it again.

use rusqlite::{Connection, OptionalExtension, params};

use crate::{
    Error,
    rows::all,
    state::store::State,
    store::uploads::{Known, KnownObjects},
};

/// What was published to a store, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreMemory {
    /// The URL of the store.
    pub url: String,
    /// The entity tag of the pointer as this builder saw it last. `None` if there was none.
    pub etag: Option<String>,
    /// The number of that publication. 0 if there was none.
    pub serial: u64,
    /// The bytes of the pointer that was, or was about to be, written last. Empty if none was.
    pub intended: String,
    /// The generation of the snapshot that the pointer names, and the modification time of its file. `None` if not all
    /// of that is done.
    pub published: Option<(i64, i64)>,
}

impl State {
    /// What is remembered of the store with this URL. `None` if nothing is, or if another store was the last.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot read the file.
    pub fn store_memory(&self, url: &str) -> Result<Option<StoreMemory>, Error> {
        let sql = "SELECT etag, serial, intended, generation, modified FROM store WHERE url = ?";
        let found = self.db.query_row(sql, [url], |row| {
            let generation: Option<i64> = row.get(3)?;
            let modified: Option<i64> = row.get(4)?;
            Ok(StoreMemory {
                url: url.to_owned(),
                etag: row.get(0)?,
                serial: row.get(1)?,
                intended: row.get(2)?,
                published: generation.zip(modified),
            })
        });
        found.optional().map_err(|source| self.failed("read", source))
    }

    /// Begins to remember a store, with the objects that it has. Forgets any other.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file.
    pub fn begin_store(
        &mut self,
        memory: &StoreMemory,
        objects: &KnownObjects,
    ) -> Result<(), Error> {
        let mut write = || {
            let transaction = self.db.transaction()?;
            transaction.execute_batch("DELETE FROM store; DELETE FROM store_object;")?;
            write_memory(&transaction, memory)?;
            write_objects(&transaction, objects.iter().map(|(name, it)| (name.as_str(), it)))?;
            transaction.commit()
        };
        write().map_err(|source| self.failed("write", source))
    }

    /// Saves what is remembered of a store.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file.
    pub fn save_store(&mut self, memory: &StoreMemory) -> Result<(), Error> {
        write_memory(&self.db, memory).map_err(|source| self.failed("write", source))
    }

    /// The objects that the store has, or may have.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot read the file.
    pub fn store_objects(&self) -> Result<KnownObjects, Error> {
        self.known_objects("TRUE")
    }

    /// Those of them that no published snapshot names. There are few of them.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot read the file.
    pub fn unnamed_store_objects(&self) -> Result<KnownObjects, Error> {
        self.known_objects("unnamed_since IS NOT NULL")
    }

    fn known_objects(&self, condition: &str) -> Result<KnownObjects, Error> {
        let sql = format!(
            "SELECT name, size, sha256, is_there, unnamed_since FROM store_object WHERE {condition}"
        );
        let known = all(&self.db, &sql, |row| {
            let known = Known {
                size: row.get(1)?,
                sha256: row.get(2)?,
                is_there: row.get(3)?,
                unnamed_since: row.get(4)?,
            };
            Ok((row.get(0)?, known))
        });
        known.map_err(|source| self.failed("read", source))
    }

    /// Saves what is known of these objects.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file.
    pub fn save_store_objects<'a>(
        &mut self,
        objects: impl IntoIterator<Item = (&'a str, &'a Known)>,
    ) -> Result<(), Error> {
        let write = |db: &mut Connection| {
            let transaction = db.transaction()?;
            write_objects(&transaction, objects)?;
            transaction.commit()
        };
        write(&mut self.db).map_err(|source| self.failed("write", source))
    }

    /// Forgets objects that were removed from the store.
    ///
    /// # Errors
    /// [`Error::State`] if SQLite cannot write the file.
    pub fn forget_store_objects(&mut self, names: &[String]) -> Result<(), Error> {
        let mut write = || {
            let transaction = self.db.transaction()?;
            let mut delete = transaction.prepare("DELETE FROM store_object WHERE name = ?")?;
            for name in names {
                delete.execute([name])?;
            }
            drop(delete);
            transaction.commit()
        };
        write().map_err(|source| self.failed("write", source))
    }
}

fn write_memory(db: &Connection, memory: &StoreMemory) -> rusqlite::Result<()> {
    let StoreMemory { url, etag, serial, intended, published } = memory;
    db.execute(
        "INSERT OR REPLACE INTO store VALUES (?, ?, ?, ?, ?, ?)",
        params![url, etag, serial, intended, published.map(|it| it.0), published.map(|it| it.1)],
    )?;
    Ok(())
}

fn write_objects<'a>(
    db: &Connection,
    objects: impl IntoIterator<Item = (&'a str, &'a Known)>,
) -> rusqlite::Result<()> {
    let mut insert = db.prepare("INSERT OR REPLACE INTO store_object VALUES (?, ?, ?, ?, ?)")?;
    for (name, Known { size, sha256, is_there, unnamed_since }) in objects {
        insert.execute(params![name, size, sha256, is_there, unnamed_since])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{data_dir::layout::Layout, state::clock::Reading};

    #[test]
    fn what_is_remembered_of_a_store_is_there_the_next_time_and_goes_with_another_store() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let open = || State::open(&layout, Reading::default(), Duration::ZERO).unwrap();
        let mut state = open();
        assert_eq!(state.store_memory("s3://a").unwrap(), None);
        let known = |unnamed_since| Known {
            size: 7,
            sha256: "ab".to_owned(),
            is_there: true,
            unnamed_since,
        };
        let objects =
            KnownObjects::from([("x".to_owned(), known(None)), ("y".to_owned(), known(Some(5)))]);
        let mut memory = StoreMemory { url: "s3://a".to_owned(), ..StoreMemory::default() };
        state.begin_store(&memory, &objects).unwrap();
        memory = StoreMemory {
            etag: Some("e".to_owned()),
            serial: 3,
            intended: "{}".to_owned(),
            published: Some((4, 5)),
            ..memory
        };
        state.save_store(&memory).unwrap();
        let begun = Known { is_there: false, ..known(None) };
        state.save_store_objects([("z", &begun), ("x", &begun)]).unwrap();
        let unnamed = KnownObjects::from([("y".to_owned(), known(Some(5)))]);
        assert_eq!(state.unnamed_store_objects().unwrap(), unnamed);
        state.forget_store_objects(&["y".to_owned(), "never-there".to_owned()]).unwrap();
        drop(state);

        let mut state = open();
        assert_eq!(state.store_memory("s3://a").unwrap(), Some(memory));
        assert_eq!(state.store_memory("s3://b").unwrap(), None);
        let expected =
            KnownObjects::from([("x".to_owned(), begun.clone()), ("z".to_owned(), begun)]);
        assert_eq!(state.store_objects().unwrap(), expected);
        let other = StoreMemory { url: "s3://b".to_owned(), ..StoreMemory::default() };
        state.begin_store(&other, &KnownObjects::new()).unwrap();
        assert_eq!(state.store_memory("s3://a").unwrap(), None);
        assert_eq!(state.store_objects().unwrap(), KnownObjects::new());
    }
}
