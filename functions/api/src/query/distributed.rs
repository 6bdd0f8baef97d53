//! What every page has around its content: the branches that are distributed at all, for the choice of a
//! MediaWiki, and the URL of the site.

use std::ops::Deref;

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

/// All branches that are distributed, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branches {
    /// The start of the URLs of the site; empty where the builder does not know it.
    pub public_url: String,
    list: Vec<Distributed>,
}

impl Deref for Branches {
    type Target = [Distributed];

    fn deref(&self) -> &[Distributed] {
        &self.list
    }
}

impl From<Vec<Distributed>> for Branches {
    fn from(list: Vec<Distributed>) -> Self {
        Self { public_url: String::new(), list }
    }
}

/// All branches that are distributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistributedBranches {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// The branches.
    pub list: Branches,
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
pub(super) fn column(row: &mut Row) -> Result<Branches, RowError> {
    let (public_url, read): (String, Vec<(BranchName, i64)>) = row.json("an array of branches")?;
    let branch = |(name, released)| Distributed { name, is_released: released != 0 };
    Ok(Branches { public_url, list: read.into_iter().map(branch).collect() })
}

#[cfg(test)]
mod tests {
    use tardist_contract::schema::USER_VERSION;

    use super::*;
    use crate::query::testing::{run, snapshot};

    #[test]
    fn the_branches_are_listed_newest_first_with_the_url_of_the_site() {
        let db = snapshot(USER_VERSION);
        db.execute_batch(
            "UPDATE snapshot SET public_url = 'https://d.example';
             INSERT INTO distributed_branch VALUES
                 ('REL1_45', 1, 1, 1, 1), ('master', 0, 1, 1, 0);",
        )
        .unwrap();
        let read = run(&db, &distributed()).unwrap();
        let branch = |(name, is_released): (&str, bool)| Distributed {
            name: name.parse().unwrap(),
            is_released,
        };
        assert_eq!(*read.list, [("master", false), ("REL1_45", true)].map(branch));
        assert_eq!(read.list.public_url, "https://d.example");
        assert_eq!(read.generated_at, 1000);
    }
}
