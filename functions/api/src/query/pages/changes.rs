//! The newest tarballs, in the order in which they were published.

use serde::Deserialize;
use tardist_contract::{BranchName, CommitId, Kind, RepoName};

use crate::query::{
    distributed::{self, Branches},
    statement::{Statement, Value},
};

/// A tarball that was published.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Change {
    /// The kind of its repository.
    pub kind: Kind,
    /// The name of its repository.
    pub name: RepoName,
    /// Its branch.
    pub branch: BranchName,
    /// Its commit.
    pub commit: CommitId,
    /// When it was first published: RFC 3339, UTC.
    pub published_at: String,
    /// The version that its manifest says.
    pub version: Option<String>,
    /// 0 if something is missing from it.
    pub complete: u8,
}

/// The newest tarballs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// All branches that are distributed.
    pub branches: Branches,
    /// The tarballs, newest first.
    pub changes: Vec<Change>,
}

/// At most `limit` tarballs after the newest `offset`; only those of `branch` where there is one.
pub fn changes(branch: Option<&BranchName>, limit: u32, offset: u32) -> Statement<Changes> {
    Statement {
        sql: concat!(
            "SELECT user_version, generated_at, (",
            include_str!("../sql/distributed.sql"),
            "), (",
            include_str!("../sql/pages/changes.sql"),
            ") FROM pragma_user_version, snapshot",
        ),
        params: vec![
            Value::optional(branch.map(BranchName::to_string)),
            Value::Integer(limit.into()),
            Value::Integer(offset.into()),
        ],
        read: |row| {
            Ok(Changes {
                generated_at: row.integer()?,
                branches: distributed::column(row)?,
                changes: row.json("an array of changes")?,
            })
        },
    }
}
