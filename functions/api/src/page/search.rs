//! The search on the start page: what the form sends, and the repositories that match.

use tardist_contract::{BranchName, Kind, RepoName, search::Card};

use crate::{
    http::{problem::ApiError, request::Request},
    language::wanted::Wanted,
    query::{
        near::near,
        search::{MAX_TEXT, Search, find},
        snapshot::Snapshot,
    },
};

/// How many repositories are shown.
const MAX_SHOWN: u32 = 50;

/// What was found.
#[derive(Debug)]
pub struct Found {
    /// The repositories, best first.
    pub cards: Vec<Card>,
    /// True where there are more than are shown.
    pub more: bool,
    /// Where nothing was found: the repositories whose names are near to the text, the nearest first.
    pub near: Vec<(Kind, RepoName)>,
    /// When the results may last have changed: Unix seconds.
    pub modified_at: i64,
}

/// Reads `q`, `kind` and `branch`, as the form sends them; `None` without text.
///
/// # Errors
/// [`ApiError::BadParameter`] for a text that is too long or has control characters, for an unknown kind,
/// and for what cannot be the name of a branch.
pub fn query(request: &Request) -> Result<Option<Search<'_>>, ApiError> {
    let wrong = |parameter, takes| ApiError::BadParameter { parameter, takes };
    let kind = request.parameter("kind")?.filter(|kind| !kind.is_empty()).map(str::parse);
    let kind: Option<Kind> = kind
        .transpose()
        .map_err(|_| wrong("kind", "`extensions` or `skins`, or nothing for both"))?;
    let branch = request.parameter("branch")?.filter(|branch| !branch.is_empty()).map(str::parse);
    let branch: Option<BranchName> = branch.transpose().map_err(|_| {
        wrong("branch", "the name of one branch, such as `REL1_45`, or nothing for all")
    })?;
    let text = request.parameter("q")?.unwrap_or_default().trim();
    if text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
        return Err(wrong("q", "at most 200 characters, no control characters among them"));
    }
    Ok((!text.is_empty()).then_some(Search { text, kind, branch }))
}

/// Finds what `/search` finds, in the same language.
///
/// # Errors
/// 503 without a snapshot, 500 for a snapshot with a card that cannot be read.
pub async fn search(
    query: &Search<'_>,
    wanted: &Wanted,
    snapshot: &impl Snapshot,
) -> Result<Found, ApiError> {
    let results = find(query, MAX_SHOWN, wanted, snapshot).await?;
    let cards = serde_json::from_str(&format!("[{}]", results.cards)).map_err(|error| {
        eprintln!("cannot read a card of the snapshot: {error}");
        ApiError::Internal
    })?;
    let near = match results.count {
        0 => near(query.kind, query.text, snapshot).await?,
        _ => Vec::new(),
    };
    let more = results.count > i64::from(MAX_SHOWN);
    Ok(Found { cards, more, near, modified_at: results.generated_at })
}
