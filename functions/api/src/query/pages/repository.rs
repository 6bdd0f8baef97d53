//! What the page of one repository shows besides its document.

use tardist_contract::{Kind, RepoName, document::Repository};

use crate::{
    language::wanted::Wanted,
    query::{
        distributed::{self, Branches},
        statement::{Statement, Value},
    },
};

/// How many of those that require a repository are named.
const MAX_NAMED: i64 = 60;

/// A repository with what others have to do with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryPage {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// All branches that are distributed.
    pub branches: Branches,
    /// Its document, in the language that is wanted.
    pub document: Repository,
    /// The repositories that are here and that it requires, each with the name of its manifest.
    pub requires: Vec<(Kind, RepoName, Option<String>)>,
    /// The repositories that require it, by name; at most 60.
    pub required_by: Vec<(Kind, RepoName)>,
    /// How many require it.
    pub required_by_count: u32,
}

/// The page of a repository; `None` where it is not published.
pub fn repository(
    kind: Kind,
    name: &RepoName,
    wanted: &Wanted,
) -> Statement<Option<RepositoryPage>> {
    let chain = (!wanted.is_english()).then(|| wanted.chain.json());
    Statement {
        sql: concat!(
            include_str!("../sql/chain.sql"),
            include_str!("../sql/pages/repository.sql"),
            include_str!("../sql/distributed.sql"),
            ") FROM pragma_user_version, snapshot ",
            "LEFT JOIN repository ON repository.kind = ?2 AND repository.name = ?3 ",
            include_str!("../sql/texts.sql"),
        ),
        params: vec![
            Value::optional(chain),
            Value::text(&kind),
            Value::text(name),
            Value::Integer(MAX_NAMED),
        ],
        read: |row| {
            let generated_at = row.integer()?;
            let Some(document) = row.optional_json("a document")? else { return Ok(None) };
            Ok(Some(RepositoryPage {
                generated_at,
                document,
                requires: row.json("an array of repositories")?,
                required_by: row.json("an array of repositories")?,
                required_by_count: row.json("a number")?,
                branches: distributed::column(row)?,
            }))
        },
    }
}
