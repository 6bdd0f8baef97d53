//! What the start page shows.

use super::{changes::Change, list::Group};
use crate::query::{
    distributed::{self, Branches},
    statement::{Statement, Value},
    summary::Summary,
};

/// How many of the newest tarballs the start page gets. Those of one repository become one line.
const MAX_CHANGES: i64 = 24;

/// What the start page shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Home {
    /// The counts of everything.
    pub summary: Summary,
    /// All branches that are distributed.
    pub branches: Branches,
    /// The groups of extensions, the largest first.
    pub groups: Vec<Group>,
    /// The newest tarballs, the newest first.
    pub changes: Vec<Change>,
}

/// The content of the start page.
pub fn home() -> Statement<Home> {
    Statement {
        sql: concat!(
            "SELECT user_version, generated_at, extensions, skins, tarballs, (",
            include_str!("../sql/distributed.sql"),
            "), (",
            include_str!("../sql/pages/groups.sql"),
            "), (",
            include_str!("../sql/pages/changes.sql"),
            ") FROM pragma_user_version, snapshot",
        ),
        params: vec![Value::Null, Value::Integer(MAX_CHANGES), Value::Integer(0)],
        read: |row| {
            Ok(Home {
                summary: Summary {
                    generated_at: row.integer()?,
                    extensions: row.integer()?,
                    skins: row.integer()?,
                    tarballs: row.integer()?,
                },
                branches: distributed::column(row)?,
                groups: row.json("an array of groups")?,
                changes: row.json("an array of changes")?,
            })
        },
    }
}
