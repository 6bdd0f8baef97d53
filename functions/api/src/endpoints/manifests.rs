//! `/ExtensionJson.json` and `/SkinJson.json`: the manifests of all `master` branches by the names of their
//! pages on mediawiki.org, as the tool `extjsonuploader` makes them. The builder makes both ready.

use tardist_contract::{Kind, schema::JSON};

use crate::{
    http::{encoding::accepts_gzip, problem::ApiError, request::Request, response::Response},
    query::{ready_made::ready_made, snapshot::Snapshot},
};

/// Answers with the manifests of a kind.
///
/// # Errors
/// 503 without a snapshot.
pub async fn get(
    request: &Request,
    kind: Kind,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let path = match kind {
        Kind::Extensions => "/ExtensionJson.json",
        Kind::Skins => "/SkinJson.json",
    };
    let content = ready_made(path, JSON, accepts_gzip(&request.headers), snapshot).await?;
    let mut response = Response::ok(content, JSON);
    response.vary("Accept-Encoding");
    Ok(response)
}
