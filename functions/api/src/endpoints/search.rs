//! `/search`: the repositories whose name, title, authors, licence, description or group matches.

use tardist_contract::Kind;

use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    language::wanted::Wanted,
    query::{
        json::json,
        near::near_json,
        search::{MAX_TEXT, Search, find},
        snapshot::Snapshot,
    },
};

/// How many results there are without `limit`: what a person looks through.
const DEFAULT_LIMIT: u32 = 20;

/// How many results `limit` may ask for.
const MAX_LIMIT: u32 = 100;

/// Answers `/search`: the best results first, in the [`Wanted`] language, and under `more` whether there
/// are others. Where nothing matches, `near` has the names that are near to the text.
///
/// The response last changed when the snapshot was made: a repository that no longer matches leaves no
/// time of its own. The entity tag changes only with the results.
///
/// # Errors
/// 400 for a missing, empty or long `q`, for an unknown `kind`, for a `limit` that is none, and for a
/// malformed `branch` or `lang`; 503 without a snapshot.
pub async fn get(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let search = Search { text: text(request)?, kind: kind(request)?, branch: request.branch()? };
    let limit = limit(request)?;
    let wanted = Wanted::of(request)?;
    let results = find(&search, limit, &wanted, snapshot).await?;
    let near = match results.count {
        0 => near_json(search.kind, search.text, snapshot).await?,
        _ => "[]".to_owned(),
    };
    let more = results.count > i64::from(limit);
    let (text, cards) = (json(&search.text)?, results.cards);
    // The results are JSON already.
    let body =
        format!("{{\"query\":{text},\"results\":[{cards}],\"more\":{more},\"near\":{near}}}");
    let mut response = Response::json(body, results.generated_at);
    // For browsers, this is a page.
    response.vary("Accept");
    let response = compressed(&request.headers, response);
    Ok(wanted.describe(response, wanted.chain.first()))
}

fn text(request: &Request) -> Result<&str, ApiError> {
    let text = request.parameter("q")?.unwrap_or_default();
    if text.trim().is_empty() || text.chars().count() > MAX_TEXT {
        return Err(ApiError::BadParameter {
            parameter: "q",
            takes: "the words to look for: 1 to 200 characters",
        });
    }
    Ok(text)
}

fn kind(request: &Request) -> Result<Option<Kind>, ApiError> {
    let kind = request.parameter("kind")?.map(str::parse).transpose();
    kind.map_err(|_| ApiError::BadParameter {
        parameter: "kind",
        takes: "`extensions` or `skins`; both are searched without it",
    })
}

fn limit(request: &Request) -> Result<u32, ApiError> {
    let bad = ApiError::BadParameter { parameter: "limit", takes: "a number from 1 to 100" };
    let Some(text) = request.parameter("limit")? else { return Ok(DEFAULT_LIMIT) };
    // `parse` would take `+5` as well.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(limit @ 1..=MAX_LIMIT) if digits => Ok(limit),
        _ => Err(bad),
    }
}
