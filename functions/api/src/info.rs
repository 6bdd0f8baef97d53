//! `/info`, `/info/KIND` and `/info/KIND/NAME`: everything about the repositories.

use std::collections::BTreeSet;

use serde_json::json;
use tardist_catalog::{Kind, RepoName, schema::JSON, statement};

use crate::{
    ApiError,
    list::{known_kind, ready_made},
    request::Request,
    response::Response,
    snapshot::Snapshot,
};

/// How many names `names=` may have; more would not fit the URL limits of common servers.
const MAX_NAMES: usize = 5_000;

/// Answers `/info/KIND/NAME`: the document of one repository.
///
/// # Errors
/// 404 for an unknown kind or name, 503 without a snapshot.
pub async fn one(kind: &str, name: &str, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let kind = known_kind(kind)?;
    let missing =
        || ApiError::NotFound(format!("no {} of this name has a tarball", singular(kind)));
    let name: RepoName = name.parse().map_err(|_| missing())?;
    let document = snapshot.get(statement::repository(kind, &name)).await?;
    document.map(|answer| Response::answer(answer, JSON)).ok_or_else(missing)
}

/// Answers `/info` (`kind` is `None`) or `/info/KIND`: all repositories, or with `names=A|B` those
/// of one kind that are named, and under `missing` the names that are not there.
///
/// # Errors
/// 404 for an unknown kind, 400 for malformed `names`, 503 without a snapshot.
pub async fn many(
    request: &Request,
    kind: Option<&str>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let kind = kind.map(known_kind).transpose()?;
    match (kind, request.parameter("names")?) {
        (Some(kind), Some(names)) => selection(kind, names, snapshot).await,
        (None, Some(_)) => Err(ApiError::BadParameter {
            parameter: "names",
            takes: "names of one kind: ask /info/extensions or /info/skins",
        }),
        (kind, None) => {
            let path = kind.map_or("/info".to_owned(), |kind| format!("/info/{kind}"));
            ready_made(&path, JSON, JSON, snapshot).await
        }
    }
}

async fn selection(
    kind: Kind,
    names: &str,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let wanted: BTreeSet<&str> = names.split('|').collect();
    if wanted.contains("") || wanted.len() > MAX_NAMES {
        return Err(ApiError::BadParameter {
            parameter: "names",
            takes: "1 to 5,000 names with `|` between them",
        });
    }
    let found = snapshot.get(statement::selection(kind, &json!(wanted).to_string())).await?;
    let there: BTreeSet<String> =
        serde_json::from_str(&found.found).map_err(|_| ApiError::Internal)?;
    let missing: Vec<&&str> = wanted.iter().filter(|name| !there.contains(**name)).collect();
    // The members are JSON already: parsing them to add a key would cost more than the query.
    let body = format!("{{\"{kind}\":{{{}}},\"missing\":{}}}", found.members, json!(missing));
    Ok(Response::json(body, found.modified_at))
}

fn singular(kind: Kind) -> &'static str {
    match kind {
        Kind::Extensions => "extension",
        Kind::Skins => "skin",
    }
}
