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
