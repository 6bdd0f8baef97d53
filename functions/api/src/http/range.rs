//! Range requests (RFC 9110, 14): a part of a file instead of all of it.

use std::ops::Range;

use http::{HeaderMap, Method, StatusCode, header};

use crate::http::{
    body::Body,
    conditional::{is_fresh, is_requested_version, is_same},
    problem::ApiError,
    request::Request,
    response::Response,
};

/// Turns a 200 with a file into a 206 with the part that `Range` asks for.
///
/// The 200 stays as it is where the request asks for no part, for several parts, or for a part of
/// another version of the file (`If-Range`). It also stays where the conditions of the request have
/// another result: they come before `Range` (RFC 9110, 13.2.2).
///
/// # Errors
/// 416 where the part is not in the file, 500 where the file cannot be read.
pub fn apply(request: &Request, mut response: Response) -> Result<Response, ApiError> {
    let headers = &request.headers;
    let is_whole = request.method != Method::GET
        || is_fresh(headers, &response.headers)
        || !is_requested_version(headers, &response.headers)
        || !is_same(headers, &response.headers);
    let size = response.body.len();
    let range = match requested(headers, size) {
        Requested::Part(range) if !is_whole => range,
        Requested::Outside if !is_whole => return Err(ApiError::RangeNotSatisfiable { size }),
        _ => return Ok(response),
    };
    let Body::File(file) = &mut response.body else { return Ok(response) };
    file.narrow(&range).map_err(|error| {
        eprintln!("cannot read the requested part of a file: {error}");
        ApiError::Internal
    })?;
    response.status = StatusCode::PARTIAL_CONTENT;
    let value = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    response.set(header::CONTENT_RANGE, &value);
    Ok(response)
}

/// What a request's `Range` asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Requested {
    /// The whole: the header is absent, malformed, or asks for several parts. The RFC allows to answer
    /// the latter with the whole, and nobody asks for several parts of a tarball.
    Whole,
    /// These bytes; there is at least one.
    Part(Range<u64>),
    /// Bytes of which none is there.
    Outside,
}

/// Reads `Range` (RFC 9110, 14.1.2) for a file of `size` bytes.
pub(crate) fn requested(headers: &HeaderMap, size: u64) -> Requested {
    match parse(headers, size) {
        None => Requested::Whole,
        Some(range) if range.is_empty() => Requested::Outside,
        Some(range) => Requested::Part(range),
    }
}

/// The one range of the header, cut to `size` bytes.
fn parse(headers: &HeaderMap, size: u64) -> Option<Range<u64>> {
    let mut lines = headers.get_all(header::RANGE).into_iter();
    let (line, None) = (lines.next()?, lines.next()) else { return None };
    let (unit, range) = line.to_str().ok()?.split_once('=')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match range.trim().split_once('-')? {
        ("", last) => Some(size.saturating_sub(number(last)?)..size),
        (first, "") => Some(number(first)?..size),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first..last.saturating_add(1).min(size))
        }
    }
}

/// A number of bytes. One with more digits than any file needs is still a number.
fn number(text: &str) -> Option<u64> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(values: &[&str], expected: &Requested) {
        let pairs = values.iter().map(|value| (header::RANGE, value.parse().unwrap()));
        let headers = pairs.fold(HeaderMap::new(), |mut all, (name, value)| {
            all.append(name, value);
            all
        });
        assert_eq!(requested(&headers, 10), *expected, "{values:?}");
    }

    #[test]
    fn one_range_is_a_part() {
        for (value, part) in [
            ("bytes=0-0", 0..1),
            ("bytes=2-4", 2..5),
            ("bytes=7-", 7..10),
            ("bytes=7-99999999999999999999999", 7..10),
            ("bytes=-3", 7..10),
            ("bytes=-99", 0..10),
            ("Bytes= 9-9 ", 9..10),
        ] {
            check(&[value], &Requested::Part(part));
        }
    }

    #[test]
    fn a_range_that_begins_after_the_end_is_outside() {
        for value in ["bytes=10-", "bytes=10-12", "bytes=-0", "bytes=99999999999999999999999-"] {
            check(&[value], &Requested::Outside);
        }
    }

    #[test]
    fn a_part_outside_is_an_error_only_for_a_get_of_this_version() {
        let status = |method: Method, pairs: &[(header::HeaderName, &str)]| {
            let pairs = pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
            let mut headers: HeaderMap = pairs.collect();
            headers.insert(header::RANGE, "bytes=10-".parse().unwrap());
            let request = Request::new(method, &"/".parse().unwrap(), headers).unwrap();
            let mut response = Response::new(StatusCode::OK, "0123456789");
            response.set(header::ETAG, "\"a\"");
            apply(&request, response).map_or_else(|error| error.status(), |it| it.status).as_u16()
        };
        assert_eq!(status(Method::GET, &[]), 416);
        assert_eq!(status(Method::HEAD, &[]), 200);
        assert_eq!(status(Method::GET, &[(header::IF_RANGE, "\"x\"")]), 200);
        assert_eq!(status(Method::GET, &[(header::IF_NONE_MATCH, "\"a\"")]), 200);
        assert_eq!(status(Method::GET, &[(header::IF_MATCH, "\"a\"")]), 416);
        assert_eq!(status(Method::GET, &[(header::IF_MATCH, "\"old\"")]), 200, "and then a 412");
    }

    #[test]
    fn without_one_range_it_is_the_whole() {
        check(&[], &Requested::Whole);
        check(&["bytes=0-1", "bytes=3-4"], &Requested::Whole);
        for value in [
            "bytes=0-1,3-4",
            "bytes=4-2",
            "bytes=a-b",
            "bytes=-",
            "bytes=",
            "lines=1-2",
            "bytes",
            "",
        ] {
            check(&[value], &Requested::Whole);
        }
    }
}
