//! What the snapshot says of itself.

use super::statement::Statement;

/// When the snapshot was made, and how much it names.
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

/// The summary of the snapshot.
pub fn summary() -> Statement<Summary> {
    Statement {
        sql: include_str!("sql/summary.sql"),
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

/// What a probe asks of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// When it was made: Unix seconds.
    pub generated_at: i64,
    /// The digest that it says it has, if it says one. To compute it would mean to read all of it.
    pub digest: Option<String>,
    /// True if it has as many repositories and branches as it says.
    pub is_whole: bool,
}

/// The health of the snapshot.
pub fn health() -> Statement<Health> {
    Statement {
        sql: include_str!("sql/health.sql"),
        params: Vec::new(),
        read: |row| {
            Ok(Health {
                generated_at: row.integer()?,
                digest: row.optional_text()?,
                is_whole: row.integer()? == 1,
            })
        },
    }
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn a_snapshot_that_has_lost_rows_is_not_whole() {
        let db = snapshot(USER_VERSION);
        db.execute_batch("UPDATE snapshot SET extensions = 2, skins = 1, tarballs = 0").unwrap();
        let found = run(&db, &health()).unwrap();
        assert_eq!(found, Health { generated_at: 1000, digest: None, is_whole: true });
        db.execute_batch("INSERT INTO digest VALUES ('abc')").unwrap();
        assert_eq!(run(&db, &health()).unwrap().digest.as_deref(), Some("abc"));
        db.execute_batch("DELETE FROM repository WHERE name = 'Alpha'").unwrap();
        assert!(!run(&db, &health()).unwrap().is_whole);
    }
}
