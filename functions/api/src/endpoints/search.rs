//! `/search`: the repositories whose name, title, authors, licence or description matches.

use tardist_contract::{Kind, search::steps};

use crate::{
    http::encoding::compressed,
    http::problem::ApiError,
    http::request::Request,
    http::response::{Response, json},
    language::wanted::Wanted,
    query::snapshot::Snapshot,
    query::statement::{self, Found},
};

/// How many results there are without `limit=`: what a person looks through.
const DEFAULT_LIMIT: u32 = 20;

/// How many results `limit=` may ask for.
const MAX_LIMIT: u32 = 100;

/// How many characters `q=` may have; no name, and no question of a person, is longer.
pub const MAX_QUERY: usize = 200;

/// Answers `/search`: the best first, in the [`Wanted`] language, and under `more` whether there are
/// others.
///
/// The time of the answer's last change is that of the snapshot: what no longer matches leaves no
/// time of its own behind. Its entity tag changes with the results alone.
///
/// # Errors
/// 400 for a missing, empty or long `q`, for an unknown `kind` or `limit`, and for a malformed `lang`;
/// 503 without a snapshot.
pub async fn get(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let query = query(request)?;
    let kind = kind(request)?;
    let limit = limit(request)?;
    let wanted = Wanted::of(request)?;
    let found = find(query, kind, limit, &wanted, snapshot).await?;
    let more = found.count > i64::from(limit);
    // The results are JSON already.
    let query = json(&query)?;
    let body = format!("{{\"query\":{query},\"results\":[{}],\"more\":{more}}}", found.results);
    let response = compressed(request, Response::json(body, found.generated_at));
    Ok(wanted.describe(response, wanted.chain.first()))
}

/// Finds the best `limit` repositories of one kind, or of both.
///
/// # Errors
/// 503 without a snapshot.
pub async fn find(
    query: &str,
    kind: Option<Kind>,
    limit: u32,
    wanted: &Wanted,
    snapshot: &impl Snapshot,
) -> Result<Found, ApiError> {
    let steps = json(&steps(query, kind))?;
    let chain = (!wanted.is_english()).then_some(&wanted.chain);
    snapshot.get(statement::search(&steps, limit, chain)).await
}

fn query(request: &Request) -> Result<&str, ApiError> {
    let query = request.parameter("q")?.unwrap_or_default();
    if query.trim().is_empty() || query.chars().count() > MAX_QUERY {
        return Err(ApiError::BadParameter {
            parameter: "q",
            takes: "the words to look for: 1 to 200 characters",
        });
    }
    Ok(query)
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
    // `parse` alone would take `+5`.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    match text.parse() {
        Ok(limit @ 1..=MAX_LIMIT) if digits => Ok(limit),
        _ => Err(bad),
    }
}
