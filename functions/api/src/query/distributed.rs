//! The branches that are distributed at all: the choice of a MediaWiki on every page.

use tardist_contract::BranchName;

use super::statement::{Row, RowError, Statement};

/// A branch that some repository has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Distributed {
    /// Its name.
    pub name: BranchName,
    /// True for a release branch of whose MediaWiki there is a release.
    pub is_released: bool,
}

/// All branches that are distributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributedBranches {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// The branches, newest first.
    pub list: Vec<Distributed>,
}

/// All branches that are distributed. Pages that ask more of the snapshot have them in the same row.
pub fn distributed() -> Statement<DistributedBranches> {
    Statement {
        sql: concat!(
            "SELECT user_version, generated_at, (",
            include_str!("sql/distributed.sql"),
            ") FROM pragma_user_version, snapshot"
        ),
        params: Vec::new(),
        read: |row| Ok(DistributedBranches { generated_at: row.integer()?, list: column(row)? }),
    }
}

/// Reads a column that `distributed.sql` gives.
pub(super) fn column(row: &mut Row) -> Result<Vec<Distributed>, RowError> {
    let read: Vec<(BranchName, i64)> = row.json("an array of branches")?;
    let branch = |(name, released)| Distributed { name, is_released: released != 0 };
    Ok(read.into_iter().map(branch).collect())
}
