//! Which content coding a client takes (RFC 9110, 12.5.3), and answers in it. There is one besides none:
//! gzip, which every client has.
//!
//! What is made once for everybody and is large comes compressed from the builder, at a level that no
//! request could afford; see [`ready_made`](crate::list::ready_made). What is made for a request is
//! compressed for it, at a level that costs less than making it.

use std::io::Write;

use bytes::Bytes;
use flate2::{Compression, GzBuilder};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use tardist_contract::schema::GZIP_FROM;

use crate::{
    request::{Request, weighted},
    response::{Body, GZIP_SUFFIX, Response},
};

/// A document of 5 kB takes a tenth of a millisecond; 6, zlib's own choice, three times as long for a
/// tenth less.
const LEVEL: Compression = Compression::new(1);

/// The answer as gzip, if its client takes that and it is large enough to gain by it. That it depends
/// on `Accept-Encoding` is said in any case: the next one at this path may be large.
#[must_use]
pub fn compressed(request: &Request, mut response: Response) -> Response {
    if response.status != StatusCode::OK || response.headers.contains_key(header::CONTENT_ENCODING)
    {
        return response;
    }
    response.vary("Accept-Encoding");
    let Body::Bytes(bytes) = &response.body else { return response };
    if bytes.len() < GZIP_FROM || !accepts_gzip(&request.headers) {
        return response;
    }
    // Nothing can fail in memory; if it did, the plain body is an answer as well.
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

/// One member without name and time: the same bytes each time.
fn gzip(bytes: &[u8]) -> std::io::Result<Bytes> {
    let mut gzip = GzBuilder::new().write(Vec::with_capacity(bytes.len() / 3), LEVEL);
    gzip.write_all(bytes)?;
    gzip.finish().map(Bytes::from)
}

/// True where the client takes gzip, and not less gladly than no compression. Without
/// `Accept-Encoding` it doesn't: the RFC allows it then, but who does not ask may not be able to.
pub fn accepts_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).into_iter();
    let items: Vec<(&str, u16)> = values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(weighted)
        .collect();
    let quality = |names: &[&str]| {
        let named = |(name, _): &&(&str, u16)| names.iter().any(|it| it.eq_ignore_ascii_case(name));
        items.iter().find(named).map(|(_, quality)| *quality)
    };
    // `x-gzip` is its old name.
    let gzip = quality(&["gzip", "x-gzip"]).or_else(|| quality(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= quality(&["identity"]).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepts(values: &[&str]) -> bool {
        let pairs = values.iter().map(|value| (header::ACCEPT_ENCODING, value.parse().unwrap()));
        accepts_gzip(&pairs.collect())
    }

    #[test]
    fn gzip_is_for_those_who_ask_for_it() {
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
    fn a_large_answer_is_compressed_and_has_a_tag_of_its_own() {
        let answer = |length, accepts: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, accepts.parse().unwrap());
            let request = Request::new(http::Method::GET, &"/".parse().unwrap(), headers).unwrap();
            compressed(&request, Response::json("x".repeat(length), 1))
        };
        let (plain, packed) = (answer(2_000, "br"), answer(2_000, "gzip"));
        assert!(plain.headers.get(header::CONTENT_ENCODING).is_none());
        assert_eq!(packed.headers[header::CONTENT_ENCODING], "gzip");
        let tag = |response: &Response| response.headers[header::ETAG].to_str().unwrap().to_owned();
        assert_eq!(tag(&packed), tag(&plain).trim_end_matches('"').to_owned() + "-gzip\"");
        for response in [&plain, &packed, &answer(1_023, "gzip")] {
            assert_eq!(response.headers[header::VARY], "Accept-Encoding");
        }
        let Body::Bytes(bytes) = &packed.body else { panic!("no bytes") };
        let mut text = String::new();
        std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(&**bytes), &mut text)
            .unwrap();
        assert_eq!(text, "x".repeat(2_000));
        assert!(answer(1_023, "gzip").headers.get(header::CONTENT_ENCODING).is_none());
    }

    #[test]
    fn an_answer_is_compressed_from_its_limit_on_and_only_once() {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let request = Request::new(http::Method::GET, &"/".parse().unwrap(), headers).unwrap();
        let is_gzip = |response: &Response| {
            response.headers.get(header::CONTENT_ENCODING).is_some_and(|coding| coding == "gzip")
        };
        let answer = |length| compressed(&request, Response::json("x".repeat(length), 1));
        assert!(!is_gzip(&answer(GZIP_FROM - 1)) && is_gzip(&answer(GZIP_FROM)));
        let once = answer(GZIP_FROM);
        let length = once.body.len();
        let twice = compressed(&request, once);
        assert!(is_gzip(&twice));
        assert_eq!(twice.body.len(), length);
        let problem = Response::new(StatusCode::NOT_FOUND, "x".repeat(GZIP_FROM));
        let problem = compressed(&request, problem);
        assert!(!is_gzip(&problem) && problem.headers.get(header::VARY).is_none());
    }
}
