//! `/list` and `/list/KIND`: the names of the repositories.

use http::header;
use tardist_contract::{
    Kind,
    schema::{JSON, TEXT},
};

use crate::{
    http::{
        accept::wants, encoding::accepts_gzip, problem::ApiError, request::Request,
        response::Response,
    },
    query::{ready_made::ready_made, snapshot::Snapshot},
};

/// Answers `/list` (`kind` is `None`) or `/list/KIND`. The answer is JSON, or for `?format=text` or
/// `Accept: text/plain` one name on each line, as `$wgExtDistListFile` reads them.
///
/// # Errors
/// 400 for an unknown format, 503 without a snapshot.
pub async fn get(
    request: &Request,
    kind: Option<Kind>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let path = kind.map_or("/list".to_owned(), |kind| format!("/list/{kind}"));
    let text = kind.is_some() && wants_text(request)?;
    let (media_type, content_type) =
        if text { (TEXT, "text/plain; charset=utf-8") } else { (JSON, JSON) };
    let content = ready_made(&path, media_type, accepts_gzip(&request.headers), snapshot).await?;
    let mut response = Response::ok(content, content_type);
    // Small answers too: the next one at the same path may be large, and so compressed.
    response.vary("Accept-Encoding");
    if kind.is_some() {
        response.vary("Accept");
        let (form, media_type) = if text { ("json", JSON) } else { ("text", TEXT) };
        let link = format!("<{path}?format={form}>; rel=\"alternate\"; type=\"{media_type}\"");
        response.set(header::LINK, &link);
    }
    Ok(response)
}

fn wants_text(request: &Request) -> Result<bool, ApiError> {
    match request.parameter("format")? {
        Some("text") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(ApiError::BadParameter { parameter: "format", takes: "`json` or `text`" }),
        None => Ok(wants(&request.headers, TEXT) > wants(&request.headers, JSON)),
    }
}
