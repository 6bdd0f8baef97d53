//! Conditional requests (RFC 9110, 13): a client that has the answer gets a 304, and one that wants
//! another than there is gets a 412.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::{
    http::problem::ApiError,
    http::response::{Body, GZIP_SUFFIX, Response},
};

/// Turns a 200 into a 304 where the request's conditions say that the client has it.
///
/// `If-None-Match` wins over `If-Modified-Since`, as the RFC demands. The tags of the plain and of the
/// compressed form both count as the answer's: who has one of them has the content. The 304 then names
/// the one that the client has, since that is how a cache finds what it may go on using.
///
/// # Errors
/// 412 where `If-Match`, or without it `If-Unmodified-Since`, rules the answer out.
pub fn apply(request: &HeaderMap, mut response: Response) -> Result<Response, ApiError> {
    if !response.status.is_success() {
        return Ok(response);
    }
    if !is_wanted(request, &response.headers) {
        return Err(ApiError::PreconditionFailed);
    }
    if response.status == StatusCode::OK && is_fresh(request, &response.headers) {
        if let Some(tag) = known_tag(request, &response.headers) {
            response.headers.insert(header::ETAG, tag);
        }
        response.status = StatusCode::NOT_MODIFIED;
        response.body = Body::Bytes(Bytes::new());
        response.headers.remove(header::CONTENT_TYPE);
        response.headers.remove(header::CONTENT_ENCODING);
    }
    Ok(response)
}

/// True where the request's conditions say that the client has the answer with these headers.
pub fn is_fresh(request: &HeaderMap, response: &HeaderMap) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let has_tag = response.contains_key(header::ETAG);
        let any = || tags(request, header::IF_NONE_MATCH).any(|tag| tag == "*");
        return has_tag && (any() || known_tag(request, response).is_some());
    }
    // Most requests have no such date, and need not have the answer's read.
    let Some(since) = date(request, header::IF_MODIFIED_SINCE) else { return false };
    date(response, header::LAST_MODIFIED).is_some_and(|modified| modified <= since)
}

/// True where a part of the answer goes on with what the client has of it (`If-Range`).
pub fn is_same(request: &HeaderMap, response: &HeaderMap) -> bool {
    let Some(validator) = request.get(header::IF_RANGE) else { return true };
    // A date is no strong validator unless it is exactly the answer's.
    Some(validator) == response.get(header::ETAG)
        || Some(validator) == response.get(header::LAST_MODIFIED)
}

/// False where `If-Match`, or without it `If-Unmodified-Since`, rules the answer out.
fn is_wanted(request: &HeaderMap, response: &HeaderMap) -> bool {
    if request.contains_key(header::IF_MATCH) {
        let own = response.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        return tags(request, header::IF_MATCH).any(|tag| tag == "*" || Some(tag) == own);
    }
    let Some(since) = date(request, header::IF_UNMODIFIED_SINCE) else { return true };
    date(response, header::LAST_MODIFIED).is_none_or(|modified| modified <= since)
}

/// The tag of the answer that the client has, in either form: the answer's own if it can be.
fn known_tag(request: &HeaderMap, response: &HeaderMap) -> Option<HeaderValue> {
    let own = response.get(header::ETAG)?;
    let text = own.to_str().ok()?;
    let strong = |tag: &'static str| move |it: &str| it.strip_prefix(tag).unwrap_or(it).to_owned();
    let known: Vec<String> = tags(request, header::IF_NONE_MATCH).map(strong("W/")).collect();
    if known.iter().any(|tag| tag == text) {
        return Some(own.clone());
    }
    let other = other_form(text)?;
    known.contains(&other).then(|| HeaderValue::from_str(&other).ok()).flatten()
}

/// The tag that the same answer has with, or without, compression.
fn other_form(tag: &str) -> Option<String> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    Some(match inner.strip_suffix(GZIP_SUFFIX) {
        Some(plain) => format!("\"{plain}\""),
        None => format!("\"{inner}{GZIP_SUFFIX}\""),
    })
}

fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    date.duration_since(UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::statement::Answer;

    const AT: &str = "Thu, 06 Aug 2026 09:30:00 GMT";
    const BEFORE: &str = "Thu, 06 Aug 2026 09:29:59 GMT";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    /// An answer with the tag `"a"` or `"a-gzip"`.
    fn response(is_gzip: bool) -> Response {
        let answer =
            Answer { body: b"{}".into(), is_gzip, etag: "a".into(), modified_at: 1_786_008_600 };
        Response::answer(answer, "application/json")
    }

    fn status(pairs: &[(HeaderName, &str)]) -> u16 {
        match apply(&headers(pairs), response(false)) {
            Ok(response) => response.status.as_u16(),
            Err(error) => error.status().as_u16(),
        }
    }

    #[test]
    fn a_304_needs_the_entity_tag_or_without_one_the_date() {
        assert_eq!(status(&[]), 200);
        for tags in ["\"a\"", "\"x\", W/\"a\"", "*", "\"a-gzip\""] {
            assert_eq!(status(&[(header::IF_NONE_MATCH, tags)]), 304, "{tags}");
        }
        for tags in ["\"x\"", "a", "\"a", "\"a-gzip-gzip\"", "\"-gzip\"", ""] {
            assert_eq!(status(&[(header::IF_NONE_MATCH, tags)]), 200, "{tags}");
        }
        assert_eq!(
            status(&[(header::IF_NONE_MATCH, "\"x\""), (header::IF_MODIFIED_SINCE, AT)]),
            200
        );
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, AT)]), 304);
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, BEFORE)]), 200);
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, "yesterday")]), 200);
    }

    #[test]
    fn a_304_names_the_form_that_the_client_has() {
        let tag = |known: &str, is_gzip| {
            let response =
                apply(&headers(&[(header::IF_NONE_MATCH, known)]), response(is_gzip)).unwrap();
            assert!(!response.headers.contains_key(header::CONTENT_ENCODING));
            (response.status.as_u16(), response.headers[header::ETAG].to_str().unwrap().to_owned())
        };
        assert_eq!(tag("\"a\"", false), (304, "\"a\"".into()));
        assert_eq!(tag("\"a\"", true), (304, "\"a\"".into()));
        assert_eq!(tag("\"a-gzip\"", false), (304, "\"a-gzip\"".into()));
        assert_eq!(tag("\"a\", \"a-gzip\"", true), (304, "\"a-gzip\"".into()));
        assert_eq!(tag("*", true), (304, "\"a-gzip\"".into()));
    }

    #[test]
    fn a_412_says_that_it_is_not_what_is_wanted() {
        for wanted in ["\"a\"", "\"x\", \"a\"", "*"] {
            assert_eq!(status(&[(header::IF_MATCH, wanted)]), 200, "{wanted}");
        }
        // To match here, a tag has to be strong and of this very form.
        for wanted in ["\"x\"", "W/\"a\"", "\"a-gzip\""] {
            assert_eq!(status(&[(header::IF_MATCH, wanted)]), 412, "{wanted}");
        }
        assert_eq!(status(&[(header::IF_UNMODIFIED_SINCE, AT)]), 200);
        assert_eq!(status(&[(header::IF_UNMODIFIED_SINCE, BEFORE)]), 412);
        assert_eq!(status(&[(header::IF_UNMODIFIED_SINCE, "yesterday")]), 200);
    }
}
