//! Searching, for the page at `/`.

use serde::Deserialize;
use tardist_contract::Kind;

use crate::{
    endpoints::search::{MAX_QUERY, find},
    http::problem::ApiError,
    http::request::Request,
    language::wanted::Wanted,
    query::snapshot::Snapshot,
};

/// How many repositories are shown.
const MAX_FOUND: u32 = 50;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// The text, without white space around it, and not empty.
    pub text: &'a str,
    /// The kind, or `None` for both.
    pub kind: Option<Kind>,
}

/// What was found, best first.
#[derive(Debug)]
pub struct Results {
    /// The repositories.
    pub found: Vec<Found>,
    /// True where there are more.
    pub more: bool,
    /// When the answer may last have changed: Unix seconds.
    pub modified_at: i64,
}

/// A repository that was found.
#[derive(Debug, Deserialize)]
pub struct Found {
    /// Its kind.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// Its title.
    pub title: Option<String>,
    /// What it says of itself.
    pub description: Option<String>,
    /// The language of `description`.
    pub description_language: Option<String>,
}

impl<'a> Query<'a> {
    /// What a request wants to find: `q` and `kind`, as a form sends them; `None` without text.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] for a text that is too long or no text, and for a kind that is none.
    pub fn new(request: &'a Request) -> Result<Option<Self>, ApiError> {
        let kind = match request.parameter("kind")? {
            None | Some("") => None,
            Some(kind) => Some(kind.parse().map_err(|_| ApiError::BadParameter {
                parameter: "kind",
                takes: "`extensions` or `skins`, or nothing for both",
            })?),
        };
        let text = request.parameter("q")?.unwrap_or_default().trim();
        if text.chars().count() > MAX_QUERY || text.chars().any(char::is_control) {
            return Err(ApiError::BadParameter {
                parameter: "q",
                takes: "at most 200 characters, no control characters among them",
            });
        }
        Ok((!text.is_empty()).then_some(Self { text, kind }))
    }
}

/// Finds what `/search` finds, in the same language.
///
/// # Errors
/// 503 without a snapshot.
pub async fn search(
    query: &Query<'_>,
    wanted: &Wanted,
    snapshot: &impl Snapshot,
) -> Result<Results, ApiError> {
    let row = find(query.text, query.kind, MAX_FOUND, wanted, snapshot).await?;
    let results = format!("[{}]", row.results);
    let found = serde_json::from_str(&results).map_err(|_| ApiError::Internal)?;
    Ok(Results { found, more: row.count > i64::from(MAX_FOUND), modified_at: row.generated_at })
}
