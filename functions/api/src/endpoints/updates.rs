//! `/updates`: is what a wiki has installed still current, and what would an upgrade of MediaWiki find?
//!
//! Nothing of a body is kept or logged: a list of what a wiki runs says how it may be attacked.

use serde::Serialize;
use tardist_contract::BranchName;

use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    query::{distributed::distributed, json::json, snapshot::Snapshot},
    updates::{
        body::MAX_BODY,
        check::{check, pipe},
        version::Target,
    },
};

/// What `GET /updates` says to programs.
#[derive(Serialize)]
struct Usage {
    usage: &'static str,
    example: String,
    target: &'static str,
    max_bytes: usize,
    branches: Vec<BranchName>,
}

/// Answers `GET /updates` for programs: how to use it, and which branches a wiki can be compared with.
///
/// # Errors
/// 503 without a snapshot.
pub async fn get(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let known = snapshot.get(distributed()).await?;
    let branches = known.list.iter().map(|it| it.name.clone());
    let usage = Usage {
        usage: "POST the answer of a wiki's api.php to this path",
        example: pipe(&known.list.public_url),
        target: "the release of MediaWiki that an upgrade leads to, such as 1.46; optional",
        max_bytes: MAX_BODY,
        branches: branches.filter(Target::takes).collect(),
    };
    let mut response = Response::json(json(&usage)?, known.generated_at);
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}

/// Answers `POST /updates`: the report on the wiki in the body.
///
/// # Errors
/// Those of [`check`].
pub async fn post(
    request: &Request,
    body: &[u8],
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let report = check(request, body, snapshot).await?;
    let mut response = Response::new(http::StatusCode::OK, json(&report)?);
    response.set(http::header::CONTENT_TYPE, "application/json");
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}
