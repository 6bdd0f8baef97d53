//! Conditional requests (RFC 9110, 13): a client that has the answer gets a 304.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};

use crate::response::{Body, Response};

/// Turns a 200 into a 304 where the request's conditions say that the client has it.
///
/// `If-None-Match` wins over `If-Modified-Since`, as the RFC demands.
pub fn apply(request: &HeaderMap, mut response: Response) -> Response {
    if response.status == StatusCode::OK && is_fresh(request, &response.headers) {
        response.status = StatusCode::NOT_MODIFIED;
        response.body = Body::Bytes(Bytes::new());
        response.headers.remove(header::CONTENT_TYPE);
    }
    response
}

fn is_fresh(request: &HeaderMap, response: &HeaderMap) -> bool {
    let Some(etag) = response.get(header::ETAG).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    if request.contains_key(header::IF_NONE_MATCH) {
        return request
            .get_all(header::IF_NONE_MATCH)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag);
    }
    let date = |headers: &HeaderMap, name| {
        let date = httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok()?;
        date.duration_since(UNIX_EPOCH).ok()
    };
    match (date(request, header::IF_MODIFIED_SINCE), date(response, header::LAST_MODIFIED)) {
        (Some(since), Some(modified)) => modified <= since,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_304_needs_the_entity_tag_or_without_one_the_date() {
        let status = |headers: &[(header::HeaderName, &str)]| {
            let request = headers.iter().map(|(n, v)| (n.clone(), v.parse().unwrap())).collect();
            apply(&request, Response::json("{}".into(), 1_786_008_600)).status.as_u16()
        };
        let etag =
            Response::json("{}".into(), 0).headers[header::ETAG].to_str().unwrap().to_owned();
        let at = "Thu, 06 Aug 2026 09:30:00 GMT";
        assert_eq!(status(&[]), 200);
        assert_eq!(status(&[(header::IF_NONE_MATCH, &etag)]), 304);
        assert_eq!(status(&[(header::IF_NONE_MATCH, &format!("\"x\", W/{etag}"))]), 304);
        assert_eq!(status(&[(header::IF_NONE_MATCH, "*")]), 304);
        assert_eq!(
            status(&[(header::IF_NONE_MATCH, "\"x\""), (header::IF_MODIFIED_SINCE, at)]),
            200
        );
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, at)]), 304);
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, "Thu, 06 Aug 2026 09:29:59 GMT")]), 200);
        assert_eq!(status(&[(header::IF_MODIFIED_SINCE, "yesterday")]), 200);
    }
}
