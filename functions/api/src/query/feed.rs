//! The newest tarballs.

use serde::Deserialize;
use tardist_contract::{BranchName, Kind, RepoName, document::Branch};

use super::statement::{Row, RowError, Statement, Value};

/// The newest tarballs, at most 100 of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Newest {
    /// The start of absolute URLs, without a slash at its end; empty where the builder does not know it.
    pub public_url: String,
    /// When what they come from last changed: Unix seconds. It is later than the newest tarball where one
    /// was withdrawn since.
    pub modified_at: i64,
    /// The tarballs, newest first.
    pub entries: Vec<Entry>,
}

/// A tarball.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry {
    /// The kind of its repository.
    pub kind: Kind,
    /// Its repository.
    pub name: RepoName,
    /// Its branch.
    pub branch: BranchName,
    /// The authors of its repository.
    pub authors: Vec<String>,
    /// What `/info` says of the branch.
    pub of: Branch,
}

/// The newest tarballs of all repositories or of one, of all branches or of one; `None` where the repository
/// is not published.
pub fn newest(
    of: Option<(Kind, &RepoName)>,
    branch: Option<&BranchName>,
) -> Statement<Option<Newest>> {
    let mut params = vec![Value::optional(branch.map(BranchName::to_string))];
    params.extend(of.into_iter().flat_map(|(kind, name)| [Value::text(&kind), Value::text(name)]));
    Statement {
        sql: match of {
            None => {
                concat!(include_str!("sql/feed_of_all.sql"), include_str!("sql/feed_entries.sql"))
            }
            Some(_) => {
                concat!(include_str!("sql/feed_of_one.sql"), include_str!("sql/feed_entries.sql"))
            }
        },
        params,
        read: row,
    }
}

fn row(row: &mut Row) -> Result<Option<Newest>, RowError> {
    let public_url = row.text()?;
    let Some(modified_at) = row.optional_integer()? else { return Ok(None) };
    let entries = serde_json::from_str(&row.text()?);
    let entries = entries.map_err(|_| row.unlike("a list of tarballs"))?;
    Ok(Some(Newest { public_url, modified_at, entries }))
}
