//! Conditional requests (RFC 9110, 13): a client that has the content already gets a 304, and one that
//! asks for another version of it gets a 412.

use std::time::{Duration, UNIX_EPOCH};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};

use crate::http::{
    accept::items,
    body::Body,
    problem::ApiError,
    response::{GZIP_SUFFIX, Response},
};

/// Turns a 200 into a 304 where the headers of the request say that the client has its content.
///
/// `If-None-Match` wins over `If-Modified-Since`, as the RFC demands. The entity tags of the plain and of
/// the compressed form both match: a client that has one of them has the content. The 304 then has the
/// tag that the client has, by which a cache finds what it may go on using.
///
/// # Errors
/// 412 where `If-Match`, or without it `If-Unmodified-Since`, asks for another version.
pub fn apply(request: &HeaderMap, mut response: Response) -> Result<Response, ApiError> {
    if !response.status.is_success() {
        return Ok(response);
    }
    if !is_requested_version(request, &response.headers) {
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

/// True where the headers of the request say that the client has the content of the response with
/// these headers.
pub fn is_fresh(request: &HeaderMap, response: &HeaderMap) -> bool {
    if request.contains_key(header::IF_NONE_MATCH) {
        let has_tag = response.contains_key(header::ETAG);
        let any = || tags(request, header::IF_NONE_MATCH).any(|tag| tag == "*");
        return has_tag && (any() || known_tag(request, response).is_some());
    }
    // Most requests have no such date; then that of the response need not be read.
    let Some(since) = date(request, header::IF_MODIFIED_SINCE) else { return false };
    date(response, header::LAST_MODIFIED).is_some_and(|modified| modified <= since)
}

/// True where the client may join a part of the content to the part that it has (`If-Range`). Only an entity
/// tag tells that: a tarball that is made again of the same commit has the same date and maybe other bytes.
pub fn is_same(request: &HeaderMap, response: &HeaderMap) -> bool {
    let validator = request.get(header::IF_RANGE);
    validator.is_none() || validator == response.get(header::ETAG)
}

/// False where `If-Match`, or without it `If-Unmodified-Since`, asks for another version.
pub fn is_requested_version(request: &HeaderMap, response: &HeaderMap) -> bool {
    if request.contains_key(header::IF_MATCH) {
        let own = response.get(header::ETAG).and_then(|tag| tag.to_str().ok());
        return tags(request, header::IF_MATCH).any(|tag| tag == "*" || Some(tag) == own);
    }
    let Some(since) = date(request, header::IF_UNMODIFIED_SINCE) else { return true };
    date(response, header::LAST_MODIFIED).is_none_or(|modified| modified <= since)
}

/// The entity tag by which the client has the content: that of the response if the client has it,
/// else that of the other form, plain or compressed.
fn known_tag(request: &HeaderMap, response: &HeaderMap) -> Option<HeaderValue> {
    let own = response.get(header::ETAG)?;
    let text = own.to_str().ok()?;
    let known = tags(request, header::IF_NONE_MATCH);
    let known: Vec<&str> = known.map(|tag| tag.strip_prefix("W/").unwrap_or(tag)).collect();
    if known.contains(&text) {
        return Some(own.clone());
    }
    let other = other_form(text)?;
    known.contains(&other.as_str()).then(|| HeaderValue::from_str(&other).ok()).flatten()
}

/// The entity tag of the same content with compression instead of without, or the other way round.
fn other_form(tag: &str) -> Option<String> {
    let inner = tag.strip_prefix('"')?.strip_suffix('"')?;
    Some(match inner.strip_suffix(GZIP_SUFFIX) {
        Some(plain) => format!("\"{plain}\""),
        None => format!("\"{inner}{GZIP_SUFFIX}\""),
    })
}

fn tags(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    items(headers, name).map(str::trim)
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<Duration> {
    let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
    date.duration_since(UNIX_EPOCH).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::response::Representation;

    const AT: &str = "Thu, 06 Aug 2026 09:30:00 GMT";
    const BEFORE: &str = "Thu, 06 Aug 2026 09:29:59 GMT";

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    /// A response with the tag `"a"` or `"a-gzip"`.
    fn response(is_gzip: bool) -> Response {
        let (body, etag) = (b"{}".into(), "a".into());
        let content = Representation { body, is_gzip, etag, modified_at: 1_786_008_600 };
        Response::ok(content, "application/json")
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
    fn a_part_is_joined_only_to_the_same_version() {
        let is_same =
            |pairs: &[(HeaderName, &str)]| is_same(&headers(pairs), &response(false).headers);
        assert!(is_same(&[]) && is_same(&[(header::IF_RANGE, "\"a\"")]));
        for other in ["\"x\"", "W/\"a\"", "\"a-gzip\"", AT, BEFORE] {
            assert!(!is_same(&[(header::IF_RANGE, other)]), "{other}");
        }
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
    fn another_version_than_the_requested_one_is_a_412() {
        for wanted in ["\"a\"", "\"x\", \"a\"", "*"] {
            assert_eq!(status(&[(header::IF_MATCH, wanted)]), 200, "{wanted}");
        }
        // Here a tag matches only if it is strong and of this very form.
        for wanted in ["\"x\"", "W/\"a\"", "\"a-gzip\""] {
            assert_eq!(status(&[(header::IF_MATCH, wanted)]), 412, "{wanted}");
        }
        assert_eq!(status(&[(header::IF_UNMODIFIED_SINCE, AT)]), 200);
        assert_eq!(status(&[(header::IF_UNMODIFIED_SINCE, BEFORE)]), 412);
        assert_eq!(status(&[(header::IF_UNMODIFIED_SINCE, "yesterday")]), 200);
    }
}
