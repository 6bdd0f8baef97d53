//! `/info`, `/info/KIND` and `/info/KIND/NAME`: everything about the repositories.

use std::collections::BTreeSet;

use tardist_contract::{BranchName, Kind, RepoName, schema::JSON};

use crate::{
    endpoints::list::{known_kind, ready_made},
    http::encoding::compressed,
    http::problem::ApiError,
    http::request::Request,
    http::response::{Response, json},
    language::chain::ENGLISH,
    language::wanted::Wanted,
    query::snapshot::Snapshot,
    query::statement::{self, Parts},
};

/// How many names `names=` may have; more would not fit the URL limits of common servers.
const MAX_NAMES: usize = 5_000;

/// Answers `/info/KIND/NAME`: its [`document`].
///
/// # Errors
/// Those of [`document`].
pub async fn one(
    request: &Request,
    kind: &str,
    name: &str,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    Ok(compressed(request, document(request, kind, name, snapshot).await?))
}

/// The document of one repository, in the [`Wanted`] language, as it is before any compression.
///
/// # Errors
/// 404 for an unknown kind or name, 400 for a malformed `lang`, 503 without a snapshot.
pub async fn document(
    request: &Request,
    kind: &str,
    name: &str,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let kind = known_kind(kind)?;
    let wanted = Wanted::of(request)?;
    let missing = || ApiError::NotFound(format!("no {} of this name has a tarball", noun(kind)));
    let name: RepoName = name.parse().map_err(|_| missing())?;
    let mut response = if wanted.is_english() {
        let document = snapshot.get(statement::repository(kind, &name)).await?;
        wanted.describe(Response::answer(document.ok_or_else(missing)?, JSON), ENGLISH)
    } else {
        let statement = statement::localized_repository(kind, &name, &wanted.chain);
        let found = snapshot.get(statement).await?.ok_or_else(missing)?;
        let language = found.language.as_deref().unwrap_or(ENGLISH);
        wanted.describe(Response::json(found.body, found.modified_at), language)
    };
    response.set(http::header::LINK, &format!("</info/{kind}>; rel=\"collection\""));
    Ok(response)
}

/// Answers `/info` (`kind` is `None`) or `/info/KIND`: all repositories; with `names=A|B` those of one
/// kind that are named, and under `missing` the names that are not there; with `branch=REL1_45` those
/// that have this branch, without their other branches. All are in the [`Wanted`] language.
///
/// # Errors
/// 404 for an unknown kind, 400 for malformed `names`, `branch` or `lang`, 503 without a snapshot.
pub async fn many(
    request: &Request,
    kind: Option<&str>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let kind = kind.map(known_kind).transpose()?;
    let wanted = Wanted::of(request)?;
    let (names, branch) = (names(request, kind)?, branch(request)?);
    let path = kind.map_or("/info".to_owned(), |kind| format!("/info/{kind}"));
    let response = if names.is_none() && branch.is_none() && wanted.is_english() {
        ready_made(request, &path, JSON, JSON, snapshot).await?
    } else {
        let kinds: Vec<Kind> = kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
        let (kinds, names) = (json(&kinds)?, names.map(|names| json(&names)).transpose()?);
        let chain = (!wanted.is_english()).then_some(&wanted.chain);
        let parts =
            Parts { kinds: &kinds, names: names.as_deref(), branch: branch.as_ref(), chain };
        let found = snapshot.get(statement::selection(&path, parts)).await?;
        compressed(request, Response::json(found.body, found.modified_at))
    };
    Ok(wanted.describe(response, wanted.chain.first()))
}

/// The names that are asked for, each once.
fn names(request: &Request, kind: Option<Kind>) -> Result<Option<BTreeSet<&str>>, ApiError> {
    let wrong = |takes| Err(ApiError::BadParameter { parameter: "names", takes });
    let Some(names) = request.parameter("names")? else { return Ok(None) };
    if kind.is_none() {
        return wrong("names of one kind: ask /info/extensions or /info/skins");
    }
    let names: BTreeSet<&str> = names.split('|').collect();
    if names.contains("") || names.len() > MAX_NAMES {
        return wrong("1 to 5,000 names with `|` between them");
    }
    Ok(Some(names))
}

/// The one branch that is asked for.
fn branch(request: &Request) -> Result<Option<BranchName>, ApiError> {
    let takes = "the name of one branch, such as `REL1_45`, without `refs/heads/`";
    let branch = request.parameter("branch")?.map(str::parse).transpose();
    branch.map_err(|_| ApiError::BadParameter { parameter: "branch", takes })
}

/// What one of a kind is called.
pub fn noun(kind: Kind) -> &'static str {
    match kind {
        Kind::Extensions => "extension",
        Kind::Skins => "skin",
    }
}
