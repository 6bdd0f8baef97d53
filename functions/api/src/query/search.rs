//! The repositories that a search finds.

use tardist_contract::{BranchName, Kind, search::steps};

use super::{
    json::json,
    snapshot::Snapshot,
    statement::{Statement, Value},
};
use crate::{
    http::problem::ApiError,
    language::{chain::Chain, wanted::Wanted},
};

/// How many characters the text of a search may have; no name, and no question of a person, is longer.
pub const MAX_TEXT: usize = 200;

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results {
    /// When the snapshot was made: Unix seconds.
    pub generated_at: i64,
    /// How many results there are, but at most one more than were asked for.
    pub count: i64,
    /// The elements of a JSON array without its brackets, best first: each is a
    /// [`Card`](tardist_contract::search::Card) with the `match` of its
    /// [`Step`](tardist_contract::search::Step) before it.
    pub cards: String,
}

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search<'a> {
    /// The text.
    pub text: &'a str,
    /// The kind, or `None` for both.
    pub kind: Option<Kind>,
    /// Only repositories that have this branch; `None` for all.
    pub branch: Option<BranchName>,
}

/// Finds the best `limit` repositories, in the language that is wanted.
///
/// # Errors
/// 503 without a snapshot.
pub async fn find(
    search: &Search<'_>,
    limit: u32,
    wanted: &Wanted,
    snapshot: &impl Snapshot,
) -> Result<Results, ApiError> {
    let steps = json(&steps(search.text, search.kind, search.branch.as_ref()))?;
    let chain = (!wanted.is_english()).then_some(&wanted.chain);
    snapshot.get(statement(&steps, limit, chain)).await
}

/// The best `limit` results of `steps`, which are JSON, in the languages of `chain`; `None` for English.
///
/// Step by step, SQLite keeps what it found before and adds what else it finds, until it has one more
/// than the limit. It keeps them as numbers that hold both the id and, in the last four bits, the step.
/// English, which most clients want, needs no search for a language in each card.
fn statement(steps: &str, limit: u32, chain: Option<&Chain>) -> Statement<Results> {
    Statement {
        sql: if chain.is_none() {
            concat!(
                "WITH RECURSIVE ",
                include_str!("sql/search_best.sql"),
                ", cards AS (",
                include_str!("sql/search_cards.sql"),
                ") ",
                include_str!("sql/search.sql"),
            )
        } else {
            concat!(
                include_str!("sql/chain.sql"),
                ", ",
                include_str!("sql/search_best.sql"),
                ", cards AS (",
                include_str!("sql/search_localized_cards.sql"),
                include_str!("sql/texts.sql"),
                ") ",
                include_str!("sql/search.sql"),
            )
        },
        params: vec![
            Value::optional(chain.map(Chain::json)),
            Value::text(steps),
            Value::Integer(i64::from(limit) + 1),
        ],
        read: |row| {
            Ok(Results { generated_at: row.integer()?, count: row.integer()?, cards: row.text()? })
        },
    }
}

#[cfg(test)]
mod tests;
