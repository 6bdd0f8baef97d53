//! The documents of repositories: one of them, or a selection in one body.

use tardist_contract::{BranchName, Kind, RepoName};

use super::{
    ready_made::representation,
    snapshot::Snapshot,
    statement::{Rendered, Row, RowError, Statement, Value},
};
use crate::{
    http::{problem::ApiError, response::Representation},
    language::{
        chain::{Chain, ENGLISH},
        wanted::Languages,
    },
};

/// The document of one repository: JSON, as [`tardist_contract::document::Repository`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The document.
    pub content: Representation,
    /// The code of the language of its description, or without one that of its title. English where
    /// it has neither.
    pub language: String,
}

/// The document of a repository in the languages that are wanted; `None` where it is not published.
///
/// # Errors
/// 503 without a snapshot.
pub async fn document(
    kind: Kind,
    name: &RepoName,
    languages: &Languages,
    snapshot: &impl Snapshot,
) -> Result<Option<Document>, ApiError> {
    let statement = match Texts::from(languages) {
        Texts::English => {
            let content = snapshot.get(in_english(kind, name)).await?;
            return Ok(content.map(|content| Document { content, language: ENGLISH.to_owned() }));
        }
        Texts::Best(chain) => localized(kind, name, chain),
        Texts::All => in_all(kind, name),
    };
    let found = snapshot.get(statement).await?;
    Ok(found.map(|found| Document {
        content: Representation::of(found.text, found.modified_at),
        language: found.language.unwrap_or_else(|| ENGLISH.to_owned()),
    }))
}

/// The document as the builder made it, in English.
fn in_english(kind: Kind, name: &RepoName) -> Statement<Option<Representation>> {
    Statement {
        sql: include_str!("sql/document.sql"),
        params: vec![Value::text(&kind), Value::text(name)],
        read: representation,
    }
}

/// A document in the languages of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Localized {
    /// JSON. SQLite keeps all of the English document but the three keys, byte for byte.
    text: String,
    /// The code of the language of the description, or without one that of the title.
    language: Option<String>,
    /// When the English document last changed (Unix seconds), which is when it changed in any
    /// language: a document names the commits that all its texts come from.
    modified_at: i64,
}

/// The document in the languages of a chain. Title and description fall back separately, as messages
/// do in MediaWiki.
fn localized(kind: Kind, name: &RepoName, chain: &Chain) -> Statement<Option<Localized>> {
    Statement {
        sql: concat!(
            include_str!("sql/chain.sql"),
            include_str!("sql/localized_document.sql"),
            include_str!("sql/texts.sql"),
        ),
        params: vec![Value::Text(chain.json()), Value::text(&kind), Value::text(name)],
        read: localized_row,
    }
}

/// The English document, with `translations`: the title and the description in each language that has one.
fn in_all(kind: Kind, name: &RepoName) -> Statement<Option<Localized>> {
    Statement {
        sql: include_str!("sql/document_in_all.sql"),
        params: vec![Value::text(&kind), Value::text(name)],
        read: localized_row,
    }
}

fn localized_row(row: &mut Row) -> Result<Option<Localized>, RowError> {
    let (text, language) = (row.optional_text()?, row.optional_text()?);
    let Some(modified_at) = row.optional_integer()? else { return Ok(None) };
    let text = text.ok_or(RowError::Column { index: 1, wanted: "a text" })?;
    Ok(Some(Localized { text, language, modified_at }))
}

/// In which languages titles and descriptions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Texts<'a> {
    /// In English, as the stored documents are.
    English,
    /// In the first language of the chain that has them.
    Best(&'a Chain),
    /// In English, and all others under `translations`.
    All,
}

impl<'a> From<&'a Languages> for Texts<'a> {
    fn from(languages: &'a Languages) -> Self {
        match languages {
            Languages::Best(wanted) if wanted.is_english() => Self::English,
            Languages::Best(wanted) => Self::Best(&wanted.chain),
            Languages::All => Self::All,
        }
    }
}

/// Which documents a [`selection`] has, and how.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The kinds, a JSON array.
    pub kinds: &'a str,
    /// The names, a JSON array; `None` for all.
    pub names: Option<&'a str>,
    /// Only repositories that have this branch, without their other branches.
    pub branch: Option<&'a BranchName>,
    /// In which languages.
    pub texts: Texts<'a>,
}

/// The body of `/info` or `/info/KIND` for some of the repositories, or in another language. Where there
/// are `names`, those that the first kind does not have are under `missing`. `path` is the path of the
/// ready-made answer with all repositories.
///
/// SQLite makes the whole body: 25 rows through the row stream take four times as long as one row, and a
/// component that put them together would have them in memory twice. It sorts the numbers of the rows
/// alone, since to sort the documents would copy all of them.
pub fn selection(path: &str, parts: Parts<'_>) -> Statement<Rendered> {
    let chain = match parts.texts {
        Texts::Best(chain) => Some(chain.json()),
        Texts::English | Texts::All => None,
    };
    Statement {
        sql: concat!(
            include_str!("sql/chain.sql"),
            include_str!("sql/selection.sql"),
            include_str!("sql/texts.sql"),
            include_str!("sql/selection_end.sql"),
        ),
        params: vec![
            Value::optional(chain),
            Value::text(path),
            Value::text(parts.kinds),
            Value::optional(parts.names.map(str::to_owned)),
            Value::optional(parts.branch.map(BranchName::to_string)),
            Value::Integer(i64::from(parts.texts == Texts::All)),
        ],
        read: Row::rendered,
    }
}

#[cfg(test)]
mod tests;
