//! Content coding (RFC 9110, 12.5.3): which one a client accepts, and the compression of what was made
//! for one request. The only coding is gzip, which every client can read.
//!
//! Large ready-made answers ([`ready_made`](crate::query::ready_made)) come compressed from the builder,
//! at a level that takes too long for a request. What is made for one request is compressed at a level
//! that takes less time than making it.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tardist_contract::schema::GZIP_FROM;

use crate::http::{
    accept::{items, weighted},
    body::Body,
    response::{GZIP_SUFFIX, Response},
};

/// A document of 5 kB takes a tenth of a millisecond. Level 6, the default of zlib, takes three times as
/// long and saves a tenth of the bytes.
const LEVEL: Compression = Compression::new(1);

/// Compresses a 200 if the client accepts gzip and the body is large enough to gain by it. `request` is
/// the request's headers. The response names `Accept-Encoding` in `Vary` in any case, since the next
/// one at the same path may be large.
#[must_use]
pub fn compressed(request: &HeaderMap, mut response: Response) -> Response {
    if response.status != StatusCode::OK || response.headers.contains_key(header::CONTENT_ENCODING)
    {
        return response;
    }
    response.vary("Accept-Encoding");
    let Body::Bytes(bytes) = &response.body else { return response };
    if bytes.len() < GZIP_FROM || !accepts_gzip(request) {
        return response;
    }
    // Writing to memory does not fail; if it did, the plain body would be right as well.
    let Ok(gzip) = gzip(bytes) else { return response };
    let tag = response.headers.get(header::ETAG).and_then(|tag| tag.to_str().ok());
    if let Some(tag) = tag.and_then(|tag| tag.strip_suffix('"')) {
        let tag = format!("{tag}{GZIP_SUFFIX}\"");
        response.set(header::ETAG, &tag);
    }
    response.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    response.body = Body::Bytes(gzip);
    response
}

/// One gzip member without name and time, so that equal bytes give equal bytes.
fn gzip(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut gzip = GzBuilder::new().write(Vec::with_capacity(bytes.len() / 3), LEVEL);
    gzip.write_all(bytes)?;
    gzip.finish().map(Bytes::from)
}

/// True where the client accepts gzip at least as much as no compression (`identity`). Without
/// `Accept-Encoding` it counts as not accepted: the RFC would allow it, but a client that does not ask
/// for it may not be able to read it.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let items: Vec<(&str, u16)> =
        items(headers, header::ACCEPT_ENCODING).filter_map(weighted).collect();
    let weight_of = |names: &[&str]| {
        let named = |(name, _): &&(&str, u16)| names.iter().any(|it| it.eq_ignore_ascii_case(name));
        items.iter().find(named).map(|(_, weight)| *weight)
    };
    // `x-gzip` is its old name.
    let gzip = weight_of(&["gzip", "x-gzip"]).or_else(|| weight_of(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= weight_of(&["identity"]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&str]) -> bool {
        let pairs = values.iter().map(|value| (header::ACCEPT_ENCODING, value.parse().unwrap()));
        accepts_gzip(&pairs.collect())
    }

    #[test]
    fn gzip_is_for_clients_that_ask_for_it() {
        for yes in [
            "gzip",
            "GZip",
            "x-gzip",
            "br, gzip",
            "gzip, deflate, br, zstd",
            "*",
            "deflate;q=1.0, gzip;q=0.5",
            "gzip;q=0.5, identity;q=0.5",
            "gzip; q=0.001",
            "*;q=0.1, gzip;q=1",
            "identity;q=0, gzip",
            "identity;q=0.5, *",
        ] {
            assert!(accepts(&[yes]), "{yes}");
        }
        for no in [
            "",
            "br",
            "identity",
            "gzip;q=0",
            "gzip;q=0.000",
            "*;q=0",
            "*, gzip;q=0",
            "identity, gzip;q=0.5",
            "gzip;q=x",
            "gzip;q=NaN",
            "gzipped",
            ",;,",
        ] {
            assert!(!accepts(&[no]), "{no}");
        }
        assert!(accepts(&["br", "gzip"]));
        assert!(!accepts(&[]));
    }

    #[test]
    fn a_large_body_is_compressed_and_has_a_tag_of_its_own() {
        let response = |length, accepts: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accepts.parse().unwrap());
            compressed(&headers, Response::json("x".repeat(length), 1))
        };
        let (plain, packed) = (response(2_000, "br"), response(2_000, "gzip"));
        assert!(plain.headers.get(header::CONTENT_ENCODING).is_none());
        assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
        let tag = |response: &Response| response.headers[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(tag(&packed), tag(&plain).trim_end_matches('"').to_owned() + "-gzip\"");
        for response in [&plain, &packed, &response(1_023, "gzip")] {
            assert_eq!(response.headers[header::VARY], "Accept-Encoding");
        }
        let Body::Bytes(bytes) = &packed.body else { panic!("no bytes") };
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&**bytes), &mut text)
            .unwrap();
        assert_eq!(text, "x".repeat(2_000));
        assert!(response(1_023, "gzip").headers.get(header::CONTENT_ENCODING).is_none());
    }

    #[test]
    fn an_answer_is_compressed_from_its_limit_on_and_only_once() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let is_gzip = |response: &Response| {
            response.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip")
        };
        let answer = |length| compressed(&headers, Response::json("x".repeat(length), 1));
        assert!(!is_gzip(&answer(GZIP_FROM - 1)) && is_gzip(&answer(GZIP_FROM)));
        let once = answer(GZIP_FROM);
        let length = once.body.len();
        let twice = compressed(&headers, once);
        assert!(is_gzip(&twice));
        assert_eq!(twice.body.len(), length);
        let problem = Response::new(StatusCode::NOT_FOUND, "x".repeat(GZIP_FROM));
        let problem = compressed(&headers, problem);
        assert!(!is_gzip(&problem) && problem.headers.get(header::VARY).is_none());
    }
}
