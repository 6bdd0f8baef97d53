//! `/info`, `/info/KIND` and `/info/KIND/NAME`: everything about the repositories.

use std::collections::BTreeSet;

use http::header;
use tardist_contract::{Kind, RepoName, schema::JSON};

use crate::{
    http::{
        encoding::{accepts_gzip, compressed},
        problem::ApiError,
        request::Request,
        response::Response,
    },
    language::{chain::ENGLISH, wanted::Languages},
    query::{
        documents::{Parts, Texts, document, selection},
        json::json,
        ready_made::ready_made,
        snapshot::Snapshot,
    },
};

/// How many names `names` may have; more would not fit the URL limits of common servers.
const MAX_NAMES: usize = 5_000;

/// Answers `/info/KIND/NAME`: the document of one repository, in the wanted [`Languages`].
///
/// # Errors
/// 404 for a repository that is not published, 400 for a malformed `lang`, 503 without a snapshot.
pub async fn one(
    request: &Request,
    kind: Kind,
    name: &RepoName,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let languages = Languages::of(request)?;
    let document = document(kind, name, &languages, snapshot).await?;
    let document = document.ok_or_else(|| ApiError::no_such_repository(kind))?;
    let response = Response::ok(document.content, JSON);
    let mut response = languages.describe(response, &document.language);
    response.set(header::LINK, &format!("</info/{kind}>; rel=\"collection\""));
    Ok(compressed(&request.headers, response))
}

/// Answers `/info` (`kind` is `None`) or `/info/KIND`: all repositories, in the wanted [`Languages`].
/// With `names=A|B` they are the named ones of one kind, and the names that are not there are under
/// `missing`. With `branch=REL1_45` they are those that have this branch, without their other branches.
///
/// # Errors
/// 400 for malformed `names`, `branch` or `lang`, 503 without a snapshot.
pub async fn many(
    request: &Request,
    kind: Option<Kind>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let languages = Languages::of(request)?;
    // The language that was wanted most.
    let first = match &languages {
        Languages::Best(wanted) => wanted.chain.first(),
        Languages::All => ENGLISH,
    };
    let texts = Texts::from(&languages);
    let (names, branch) = (names(request, kind)?, request.branch()?);
    let path = kind.map_or("/info".to_owned(), |kind| format!("/info/{kind}"));
    let response = if names.is_none() && branch.is_none() && texts == Texts::English {
        let gzip = accepts_gzip(&request.headers);
        let mut response = Response::ok(ready_made(&path, JSON, gzip, snapshot).await?, JSON);
        response.vary("Accept-Encoding");
        response
    } else {
        let kinds: Vec<Kind> = kind.map_or(Kind::ALL.to_vec(), |kind| vec![kind]);
        let (kinds, names) = (json(&kinds)?, names.map(|names| json(&names)).transpose()?);
        let (names, branch) = (names.as_deref(), branch.as_ref());
        let parts = Parts { kinds: &kinds, names, branch, texts };
        let rendered = snapshot.get(selection(&path, parts)).await?;
        let response = Response::json(rendered.text, rendered.modified_at);
        compressed(&request.headers, response)
    };
    Ok(languages.describe(response, first))
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
