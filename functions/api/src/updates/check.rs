//! One check: from the body of a request to the report.

use std::collections::BTreeSet;

use http::{HeaderMap, header};

use super::{
    body::{BodyError, read},
    compare::{Report, compare},
    keys::{candidates, meant},
    siteinfo::{Siteinfo, SiteinfoError},
    version::Target,
};
use crate::{
    http::{problem::ApiError, request::Request},
    query::{
        snapshot::Snapshot,
        updates::{Asked, Published, published},
    },
};

/// What a wiki is asked, below the folder of its `api.php`.
pub const QUERY: &str =
    "api.php?action=query&meta=siteinfo&siprop=general|extensions|skins&format=json";

/// What `target` takes, as the end of the sentence "it takes …".
const TARGET_TAKES: &str =
    "a release of MediaWiki such as `1.46`, its branch `REL1_46`, or `master`";

/// Checks the wiki whose answer is in the body of a request.
///
/// # Errors
/// 400 for a body that has no such answer, and for a malformed `target`; 415 for a body of another type or
/// coding; 503 without a snapshot.
pub async fn check(
    request: &Request,
    body: &[u8],
    snapshot: &impl Snapshot,
) -> Result<Report, ApiError> {
    let content_type = plain(&request.headers)?;
    let sent = read(content_type, body).map_err(|error| match error {
        BodyError::Type => ApiError::UnsupportedMediaType,
        BodyError::Form => ApiError::BadBody("it is not `multipart/form-data`, or was cut".into()),
    })?;
    // The address says more than the form: people write it themselves.
    let target = request.parameter("target")?.filter(|it| !it.is_empty());
    let target = match target.or(sent.target.as_deref()) {
        None => None,
        Some(text) => Some(
            Target::parse(text)
                .ok_or(ApiError::BadParameter { parameter: "target", takes: TARGET_TAKES })?,
        ),
    };
    let siteinfo = Siteinfo::parse(&sent.siteinfo).map_err(|error| bad(&error))?;
    let master = "master".parse().map_err(|_| ApiError::Internal)?;
    let (branch, otherwise) = match &target {
        Some(target) => (&target.branch, &target.branch),
        // Before its branch is made, a development version is that of master.
        None if siteinfo.mediawiki.is_development => (&siteinfo.mediawiki.branch, &master),
        None => (&siteinfo.mediawiki.branch, &siteinfo.mediawiki.branch),
    };
    let candidates = candidates(&siteinfo.installed);
    let commits: Vec<_> = siteinfo.installed.iter().map(|it| it.commit.as_deref()).collect();
    let asked = Asked {
        candidates: &candidates,
        meant: &[],
        commits: &commits,
        branch,
        otherwise,
        with_requires: target.is_some(),
    };
    let published = find(&asked, snapshot).await?;
    Ok(compare(siteinfo, target.as_ref(), &published))
}

/// What is published for a wiki, with one statement on the snapshot. Only where a name of several repositories is the
/// own one of one of them, there is a second statement: it asks for all again, so that all is of one snapshot.
async fn find(asked: &Asked<'_>, snapshot: &impl Snapshot) -> Result<Published, ApiError> {
    let first = snapshot.get(published(asked)?).await?;
    let meant = meant(asked.candidates, &first.several);
    if meant.is_empty() {
        return Ok(first);
    }
    let known: BTreeSet<usize> = meant.iter().map(|it| it.entry).collect();
    let others = asked.candidates.iter().filter(|it| !known.contains(&it.entry));
    let others: Vec<_> = others.cloned().collect();
    snapshot.get(published(&Asked { candidates: &others, meant: &meant, ..*asked })?).await
}

fn bad(error: &SiteinfoError) -> ApiError {
    ApiError::BadBody(error.to_string())
}

/// The type of a body that is not compressed.
fn plain(headers: &HeaderMap) -> Result<&str, ApiError> {
    let codings = headers.get_all(header::CONTENT_ENCODING);
    let is_plain = |value: &http::HeaderValue| {
        value.to_str().is_ok_and(|it| it.trim().is_empty() || it.eq_ignore_ascii_case("identity"))
    };
    if !codings.into_iter().all(is_plain) {
        return Err(ApiError::UnsupportedCoding);
    }
    match headers.get(header::CONTENT_TYPE) {
        None => Ok(""),
        Some(value) => value.to_str().map_err(|_| ApiError::UnsupportedMediaType),
    }
}

/// The client: a pipe of two programs. Without a public URL it names an example.
pub fn pipe(public_url: &str) -> String {
    let here = if public_url.is_empty() { "https://tardist.example.org" } else { public_url };
    format!(
        "curl -fsS 'https://wiki.example.org/w/{QUERY}' | curl -fsS --data-binary @- {here}/updates"
    )
}

#[cfg(test)]
#[path = "check/tests.rs"]
mod tests;
