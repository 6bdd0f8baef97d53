//! The responses that an instance keeps between requests, for nine tenths of a second at most.
//!
//! To open the snapshot takes longer than all the rest of a request, since SQLite parses the schema each
//! time. The runtime lets one instance serve many requests. So an instance keeps its connection and the
//! responses that it made from it, and drops both together soon after it opened the connection. It lags
//! behind a new snapshot by that time at most, and never answers from two snapshots. The time of a request
//! that is running at that moment is added: together they are within the second that is promised.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, StatusCode, Uri, header};

use crate::http::{body::Body, encoding::accepts_gzip, response::Response};

/// How long a connection and its responses are kept: the second that a response may lag behind, less the
/// time for the request itself.
pub const LIFETIME: Duration = Duration::from_millis(900);

/// How many bytes of bodies and keys are kept. This is room for the largest responses, all repositories
/// plain and compressed, and for many small ones. An instance takes a few MB besides.
const MAX_BYTES: usize = 16 << 20;

/// How many responses are kept. An instance serves about a hundred requests in its life.
const MAX_RESPONSES: usize = 256;

/// The responses that were made from one connection.
#[derive(Debug, Default)]
pub struct ResponseCache {
    responses: BTreeMap<String, Response>,
    bytes: usize,
}

/// Everything in a request on which the response to a `GET` depends, without the headers of conditional
/// requests: the target, and the headers that `Vary` can name.
pub fn key(uri: &Uri, headers: &HeaderMap) -> String {
    let mut key = uri.path_and_query().map(|it| it.as_str().to_owned()).unwrap_or_default();
    // Nothing else in `Accept-Encoding` makes a difference.
    if accepts_gzip(headers) {
        key.push_str("\ngzip");
    }
    for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
        for value in headers.get_all(&name) {
            key.push('\n');
            key.push_str(name.as_str());
            key.push(':');
            // A value need not be text. Values that differ only in what is no text ask for the same.
            key.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
    }
    key
}

impl ResponseCache {
    /// The response to a request with this key, if it is kept.
    pub fn get(&self, key: &str) -> Option<Response> {
        self.responses.get(key).and_then(shared)
    }

    /// Keeps a response if there is room for it: a 200, or the 302 of a download. Errors, files and responses
    /// with `no-cache` are not kept.
    pub fn put(&mut self, key: String, response: &Response) {
        let Some(response) = shared(response) else { return };
        let bytes = usize::try_from(response.body.len()).unwrap_or(usize::MAX);
        let is_room = self.responses.len() < MAX_RESPONSES
            && self.bytes.saturating_add(bytes).saturating_add(key.len()) <= MAX_BYTES;
        let may_be_kept =
            response.headers.get(header::CACHE_CONTROL).is_none_or(|it| it != "no-cache");
        let is_kept = matches!(response.status, StatusCode::OK | StatusCode::FOUND);
        if is_kept && may_be_kept && is_room {
            self.bytes += bytes + key.len();
            self.responses.insert(key, response);
        }
    }
}

/// The same response again, with the same bytes in memory; `None` for a file, which can be read only
/// once.
fn shared(response: &Response) -> Option<Response> {
    let Body::Bytes(bytes) = &response.body else { return None };
    Some(Response {
        status: response.status,
        headers: response.headers.clone(),
        body: Body::Bytes(bytes.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_key_has_all_that_a_response_depends_on() {
        let key = |uri: &str, pairs: &[_]| super::key(&uri.parse().unwrap(), &headers(pairs));
        let plain = key("/list/skins", &[]);
        assert_eq!(plain, key("/list/skins", &[(header::IF_NONE_MATCH, "\"x\"")]));
        assert_eq!(plain, key("/list/skins", &[(header::ACCEPT_ENCODING, "br, identity")]));
        for other in [
            key("/list/skins?format=text", &[]),
            key("/list/skins", &[(header::ACCEPT, "text/plain")]),
            key("/list/skins", &[(header::ACCEPT_ENCODING, "gzip")]),
            key("/list/skins", &[(header::ACCEPT_LANGUAGE, "de")]),
        ] {
            assert_ne!(plain, other);
        }
        let named = |name| key("/", &[(name, "x")]);
        assert_ne!(named(header::ACCEPT), named(header::ACCEPT_LANGUAGE));
    }

    #[test]
    fn responses_are_kept_while_there_is_room_and_errors_never() {
        let mut cache = ResponseCache::default();
        let response = Response::json("{}".into(), 1);
        cache.put("a".into(), &response);
        let again = cache.get("a").unwrap();
        assert_eq!((again.headers, again.body.len()), (response.headers.clone(), 2));
        cache.put("error".into(), &Response::new(StatusCode::NOT_FOUND, "no"));
        assert!(cache.get("error").is_none());
        cache.put("download".into(), &Response::new(StatusCode::FOUND, "url"));
        assert_eq!(cache.get("download").unwrap().status, StatusCode::FOUND);
        let mut probe = Response::json("{}".into(), 1);
        probe.set(header::CACHE_CONTROL, "no-cache");
        cache.put("probe".into(), &probe);
        assert!(cache.get("probe").is_none());
        cache.put("large".into(), &Response::new(StatusCode::OK, vec![0; MAX_BYTES]));
        assert!(cache.get("large").is_none());
        for number in 0..2 * MAX_RESPONSES {
            cache.put(number.to_string(), &response);
        }
        assert_eq!(cache.responses.len(), MAX_RESPONSES);
    }

    #[test]
    fn bodies_and_keys_are_counted_up_to_the_last_byte() {
        let mut cache = ResponseCache::default();
        let answer = |length: usize| Response::new(StatusCode::OK, vec![0; length]);
        // A key of two bytes: what is added is neither the product nor the difference.
        cache.put("aa".into(), &answer(MAX_BYTES / 2 - 2));
        assert_eq!(cache.bytes, MAX_BYTES / 2);
        cache.put("bb".into(), &answer(MAX_BYTES / 2 - 1));
        assert!(cache.get("bb").is_none(), "one byte too many");
        cache.put("bb".into(), &answer(MAX_BYTES / 2 - 2));
        assert!(cache.get("aa").is_some() && cache.get("bb").is_some());
        assert_eq!(cache.bytes, MAX_BYTES);
        cache.put("c".into(), &answer(0));
        assert!(cache.get("c").is_none(), "no room for its key");
    }
}
