//! `/list` and `/list/KIND`: the names.

use tardist_contract::{
    Kind,
    schema::{JSON, TEXT},
};

use crate::{
    http::encoding::accepts_gzip,
    http::problem::ApiError,
    http::request::Request,
    http::response::Response,
    query::snapshot::Snapshot,
    query::statement::{self, Answer},
};

/// Answers `/list` (`kind` is `None`) or `/list/KIND`: JSON, or one name a line for
/// `?format=text` or `Accept: text/plain`, which is what `$wgExtDistListFile` reads.
///
/// # Errors
/// 404 for an unknown kind, 400 for an unknown format, 503 without a snapshot.
pub async fn get(
    request: &Request,
    kind: Option<&str>,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let kind = kind.map(known_kind).transpose()?;
    let path = kind.map_or("/list".to_owned(), |kind| format!("/list/{kind}"));
    let text = kind.is_some() && wants_text(request)?;
    let (media_type, content_type) =
        if text { (TEXT, "text/plain; charset=utf-8") } else { (JSON, JSON) };
    let mut response = ready_made(request, &path, media_type, content_type, snapshot).await?;
    if kind.is_some() {
        response.vary("Accept");
        let (form, media_type) = if text { ("json", JSON) } else { ("text", TEXT) };
        let link = format!("<{path}?format={form}>; rel=\"alternate\"; type=\"{media_type}\"");
        response.set(http::header::LINK, &link);
    }
    Ok(response)
}

/// The answer that the builder made for a path without parameters: compressed, if the builder found
/// that worth its while and the client takes it.
///
/// # Errors
/// 503 without a snapshot, and for one that lacks the answer.
pub async fn ready_made(
    request: &Request,
    path: &str,
    media_type: &str,
    content_type: &'static str,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let gzip = accepts_gzip(&request.headers);
    let answer = stored(path, media_type, gzip, snapshot).await?;
    let mut response = Response::answer(answer, content_type);
    // Small answers too: the next one at this path may be large.
    response.vary("Accept-Encoding");
    Ok(response)
}

/// The answer itself, which every builder makes; compressed, where it is so and `gzip` is true.
///
/// # Errors
/// 503 without a snapshot, and for one that lacks the answer.
pub async fn stored(
    path: &str,
    media_type: &str,
    gzip: bool,
    snapshot: &impl Snapshot,
) -> Result<Answer, ApiError> {
    let answer = snapshot.get(statement::answer(path, media_type, gzip)).await?;
    answer.ok_or_else(|| ApiError::Unavailable("it is not whole".to_owned()))
}

/// The kind that a path names.
///
/// # Errors
/// 404, which says what kinds there are.
pub fn known_kind(text: &str) -> Result<Kind, ApiError> {
    text.parse().map_err(|_| {
        ApiError::NotFound(
            "there is no such kind; the kinds are `extensions` and `skins`".to_owned(),
        )
    })
}

fn wants_text(request: &Request) -> Result<bool, ApiError> {
    match request.parameter("format")? {
        Some("text") => Ok(true),
        Some("json") => Ok(false),
        Some(_) => Err(ApiError::BadParameter { parameter: "format", takes: "`json` or `text`" }),
        None => Ok(request.wants(TEXT) > request.wants(JSON)),
    }
}
