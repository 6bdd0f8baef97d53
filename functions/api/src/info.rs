//! `/info`, `/info/KIND` and `/info/KIND/NAME`: everything about the repositories.

use std::collections::BTreeSet;

use serde_json::json;
use tardist_catalog::{Kind, RepoName, language::ENGLISH, schema::JSON, statement};

use crate::{
    ApiError,
    language::Wanted,
    list::{known_kind, not_whole, ready_made},
    request::Request,
    response::Response,
    snapshot::Snapshot,
};

/// How many names `names=` may have; more would not fit the URL limits of common servers.
const MAX_NAMES: usize = 5_000;

/// Answers `/info/KIND/NAME`: the document of one repository, in the [`Wanted`] language.
///
/// # Errors
/// 404 for an unknown kind or name, 400 for a malformed `lang`, 503 without a snapshot.
pub async fn one(
    request: &Request,
    kind: &str,
    name: &str,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let kind = known_kind(kind)?;
    let wanted = Wanted::of(request)?;
    let missing =
        || ApiError::NotFound(format!("no {} of this name has a tarball", singular(kind)));
    let name: RepoName = name.parse().map_err(|_| missing())?;
    if wanted.is_english() {
        let document = snapshot.get(statement::repository(kind, &name)).await?;
        let document = document.ok_or_else(missing)?;
        return Ok(wanted.describe(Response::answer(document, JSON), ENGLISH));
    }
    let statement = statement::localized_repository(kind, &name, &wanted.chain);
    let found = snapshot.get(statement).await?.ok_or_else(missing)?;
    let language = found.language.as_deref().unwrap_or(ENGLISH);
    Ok(wanted.describe(Response::json(found.body, found.modified_at), language))
}

/// Answers `/info` (`kind` is `None`) or `/info/KIND`: all repositories, or with `names=A|B` those
/// of one kind that are named, and under `missing` the names that are not there. All are in the
/// [`Wanted`] language.
///
/// # Errors
/// 404 for an unknown kind, 400 for malformed `names` or `lang`, 503 without a snapshot.
pub async fn many(
    request: &Request,
    kind: Option<&str>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let kind = kind.map(known_kind).transpose()?;
    let wanted = Wanted::of(request)?;
    let response = match (kind, request.parameter("names")?) {
        (Some(kind), Some(names)) => selection(kind, names, &wanted, snapshot).await?,
        (None, Some(_)) => {
            return Err(ApiError::BadParameter {
                parameter: "names",
                takes: "names of one kind: ask /info/extensions or /info/skins",
            });
        }
        (kind, None) if wanted.is_english() => {
            let path = kind.map_or("/info".to_owned(), |kind| format!("/info/{kind}"));
            ready_made(&path, JSON, JSON, snapshot).await?
        }
        (kind, None) => {
            let found = snapshot.get(statement::localized_answer(kind, &wanted.chain)).await?;
            let found = found.ok_or_else(not_whole)?;
            Response::json(found.body, found.modified_at)
        }
    };
    Ok(wanted.describe(response, wanted.chain.first()))
}

async fn selection(
    kind: Kind,
    names: &str,
    language: &Wanted,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let wanted: BTreeSet<&str> = names.split('|').collect();
    if wanted.contains("") || wanted.len() > MAX_NAMES {
        return Err(ApiError::BadParameter {
            parameter: "names",
            takes: "1 to 5,000 names with `|` between them",
        });
    }
    let names = json!(wanted).to_string();
    let statement = match language.is_english() {
        true => statement::selection(kind, &names),
        false => statement::localized_selection(kind, &names, &language.chain),
    };
    let found = snapshot.get(statement).await?;
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
