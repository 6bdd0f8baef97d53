//! Searching, for the page at `/`.

use serde::Deserialize;
use tardist_catalog::{Kind, statement};

use crate::{ApiError, request::Request, snapshot::Snapshot};

/// How many characters may be searched for.
pub const MAX_QUERY: usize = 200;

/// How many repositories are shown.
const MAX_FOUND: usize = 50;

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

/// Finds repositories by a part of their name or title. The one place where pages search.
///
/// # Errors
/// 503 without a snapshot.
pub async fn search(query: &Query<'_>, snapshot: &impl Snapshot) -> Result<Results, ApiError> {
    let row = snapshot.get(statement::titled(query.kind, query.text, MAX_FOUND + 1)).await?;
    let mut found: Vec<Found> = serde_json::from_str(&row.found).map_err(|_| ApiError::Internal)?;
    let more = found.len() > MAX_FOUND;
    found.truncate(MAX_FOUND);
    Ok(Results { found, more, modified_at: row.generated_at })
}
