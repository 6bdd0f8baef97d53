//! The search on the start page: what the form sends, and the repositories that match.

use tardist_contract::{Kind, search::Card};

use crate::{
    http::{problem::ApiError, request::Request},
    language::wanted::Wanted,
    query::{
        search::{MAX_TEXT, Search, find},
        snapshot::Snapshot,
    },
};

/// How many repositories are shown.
const MAX_SHOWN: u32 = 50;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query<'a> {
    /// The text, without white space around it; not empty.
    pub text: &'a str,
    /// The kind, or `None` for both.
    pub kind: Option<Kind>,
}

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The repositories, best first.
    pub cards: Vec<Card>,
    /// True where there are more than are shown.
    pub more: bool,
    /// When the results may last have changed: Unix seconds.
    pub modified_at: i64,
}

impl<'a> Query<'a> {
    /// Reads `q` and `kind`, as the form sends them; `None` without text.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] for a text that is too long or has control characters, and for an
    /// unknown kind.
    pub fn new(request: &'a Request) -> Result<Option<Self>, ApiError> {
        let kind = match request.parameter("kind")? {
            None | Some("") => None,
            Some(kind) => Some(kind.parse().map_err(|_| ApiError::BadParameter {
                parameter: "kind",
                takes: "`extensions` or `skins`, or nothing for both",
            })?),
        };
        let text = request.parameter("q")?.unwrap_or_default().trim();
        if text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
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
/// 503 without a snapshot, 500 for a snapshot with a card that cannot be read.
pub async fn search(
    query: &Query<'_>,
    wanted: &Wanted,
    snapshot: &impl Snapshot,
) -> Result<Found, ApiError> {
    let search = Search { text: query.text, kind: query.kind, branch: None };
    let results = find(&search, MAX_SHOWN, wanted, snapshot).await?;
    let cards = serde_json::from_str(&format!("[{}]", results.cards)).map_err(|error| {
        eprintln!("cannot read a card of the snapshot: {error}");
        ApiError::Internal
    })?;
    let more = results.count > i64::from(MAX_SHOWN);
    Ok(Found { cards, more, modified_at: results.generated_at })
}
