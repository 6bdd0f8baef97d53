//! The digest of a snapshot: a SHA-256 over its tables, which it carries itself. It recognizes a snapshot with
//! flipped bytes, which SQLite would read without an error.
//!
//! It is over the content, not over the bytes of the file: anybody can compute it with SQL and SHA-256. The tables
//! are taken by their names, but for `digest` itself. Of each, the digest takes the name, the statement that
//! creates it, and each row in the order in which SQLite stores them: for each value a byte with its type (0 NULL,
//! 1 integer, 2 real, 3 text, 4 blob), its length in bytes as 8 bytes (big-endian), and its bytes (numbers:
//! 8 bytes, big-endian).

use rusqlite::{Connection, types::ValueRef};
use sha2::{Digest, Sha256};

/// Computes the digest: 64 hexadecimal digits.
///
/// # Errors
/// The errors of SQLite, for example if the file is damaged.
pub fn compute(db: &Connection) -> rusqlite::Result<String> {
    // A virtual table has no rows of its own: its index is in tables that are listed, too.
    let sql = "SELECT name, sql FROM sqlite_schema
               WHERE type = 'table' AND name <> 'digest' AND sql NOT LIKE 'CREATE VIRTUAL %'
               ORDER BY name";
    let mut tables = db.prepare(sql)?;
    let tables = tables.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let mut digest = Sha256::new();
    for table in tables {
        let (name, statement): (String, String) = table?;
        add(&mut digest, ValueRef::Text(name.as_bytes()));
        add(&mut digest, ValueRef::Text(statement.as_bytes()));
        let mut select = db.prepare(&format!("SELECT * FROM \"{name}\""))?;
        let columns = select.column_count();
        let mut rows = select.query(())?;
        while let Some(row) = rows.next()? {
            for column in 0..columns {
                add(&mut digest, row.get_ref(column)?);
            }
        }
    }
    Ok(format!("{:x}", digest.finalize()))
}

fn add(digest: &mut Sha256, value: ValueRef<'_>) {
    let number;
    let (kind, bytes): (u8, &[u8]) = match value {
        ValueRef::Null => (0, &[]),
        ValueRef::Integer(value) => {
            number = value.to_be_bytes();
            (1, &number)
        }
        ValueRef::Real(value) => {
            number = value.to_be_bytes();
            (2, &number)
        }
        ValueRef::Text(text) => (3, text),
        ValueRef::Blob(bytes) => (4, bytes),
    };
    digest.update([kind]);
    digest.update((bytes.len() as u64).to_be_bytes());
    digest.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(sql: &str) -> String {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(sql).unwrap();
        compute(&db).unwrap()
    }

    #[test]
    fn it_changes_with_each_value_its_type_and_its_place() {
        let table = "CREATE TABLE a (x, y);";
        let all = [
            String::new(),
            table.to_owned(),
            format!("{table} INSERT INTO a VALUES ('1', '2')"),
            format!("{table} INSERT INTO a VALUES ('12', '')"),
            format!("{table} INSERT INTO a VALUES (1, '2')"),
            format!("{table} INSERT INTO a VALUES (1.0, '2')"),
            format!("{table} INSERT INTO a VALUES (x'31', '2')"),
            format!("{table} INSERT INTO a VALUES (NULL, '2')"),
            format!("{table} INSERT INTO a VALUES ('1', '2'), ('3', '4')"),
            format!("{table} INSERT INTO a VALUES ('3', '4'), ('1', '2')"),
        ];
        let digests: std::collections::BTreeSet<_> = all.iter().map(|sql| digest(sql)).collect();
        assert_eq!(digests.len(), all.len());
        assert_eq!(digest(&all[8]), digest(&all[8]));
    }

    #[test]
    fn it_does_not_take_itself_in() {
        let table = "CREATE TABLE a (x); CREATE TABLE digest (sha256);";
        let with = format!("{table} INSERT INTO digest VALUES ('x')");
        assert_eq!(digest(table), digest(&with));
    }
}
