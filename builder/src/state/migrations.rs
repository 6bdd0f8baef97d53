//! The tables of `state.db`, version by version.

use rusqlite::Connection;

/// What makes each version of the tables from the one before. The first makes them in an empty file. A list that
/// was released is never changed, only made longer.
const MIGRATIONS: [&str; 4] = [
    include_str!("migrations/1.sql"),
    include_str!("migrations/2.sql"),
    include_str!("migrations/3.sql"),
    include_str!("migrations/4.sql"),
];

/// Brings the tables to the newest version.
///
/// # Errors
/// The errors of SQLite. The tables are then unchanged. [`rusqlite::Error::InvalidQuery`] if a newer tardist
/// wrote them.
pub(super) fn migrate(db: &mut Connection) -> rusqlite::Result<()> {
    let version: usize = db.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    let steps = MIGRATIONS.get(version..).ok_or(rusqlite::Error::InvalidQuery)?;
    let transaction = db.transaction()?;
    for step in steps {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", MIGRATIONS.len())?;
    transaction.commit()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_made_once_and_those_of_a_newer_version_are_left_alone() {
        let mut db = Connection::open_in_memory().unwrap();
        migrate(&mut db).unwrap();
        db.execute("INSERT INTO messages VALUES ('a', '{}', '{}')", ()).unwrap();
        migrate(&mut db).unwrap();
        let count = "SELECT count(*) FROM messages";
        assert_eq!(db.query_row(count, (), |row| row.get::<_, i64>(0)).unwrap(), 1);
        db.pragma_update(None, "user_version", MIGRATIONS.len() + 1).unwrap();
        assert!(matches!(migrate(&mut db), Err(rusqlite::Error::InvalidQuery)));
    }
}
