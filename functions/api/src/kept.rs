//! What an instance keeps between requests, for nine tenths of a second at most.
//!
//! To open the snapshot costs more than all the rest of a request (SQLite parses the schema anew),
//! and the runtime lets one instance serve many requests. So an instance keeps its connection and
//! the answers that it made from it, and forgets both together soon after it opened the connection:
//! what it answers lags behind a new snapshot by that time at most, and never comes from two
//! snapshots. With the request that is under way when the time is over, that is the second which is
//! promised.

use std::{collections::BTreeMap, time::Duration};

use http::{HeaderMap, StatusCode, Uri, header};

use crate::{
    encoding::accepts_gzip,
    response::{Body, Response},
};

/// How long anything is kept: the second that an answer may lag, less the time for the request itself.
pub const LIFETIME: Duration = Duration::from_millis(900);

/// How many bytes of bodies are kept: the largest answers, all repositories plain and compressed,
/// and many small ones. An instance has a few MB besides.
const MAX_BYTES: usize = 16 << 20;

/// How many answers are kept. An instance serves about a hundred requests in its life.
const MAX_ANSWERS: usize = 256;

/// The answers that were made from one connection.
#[derive(Debug, Default)]
pub struct Kept {
    answers: BTreeMap<String, Response>,
    bytes: usize,
}

/// Everything in a request that an answer to `GET` depends on, conditions aside: the target and
/// the headers by which answers vary.
pub fn key(uri: &Uri, headers: &HeaderMap) -> String {
    let mut key = uri.path_and_query().map(|it| it.as_str().to_owned()).unwrap_or_default();
    // All that counts of the many values of `Accept-Encoding`.
    if accepts_gzip(headers) {
        key.push_str("\ngzip");
    }
    for name in [header::ACCEPT, header::ACCEPT_LANGUAGE] {
        for value in headers.get_all(&name) {
            key.push('\n');
            key.push_str(name.as_str());
            key.push(':');
            // Not every value is text, and two that differ only there ask for the same.
            key.push_str(&String::from_utf8_lossy(value.as_bytes()));
        }
    }
    key
}

impl Kept {
    /// The answer to a request with this key, if it is kept.
    pub fn get(&self, key: &str) -> Option<Response> {
        self.answers.get(key).and_then(shared)
    }

    /// Keeps an answer where there is room for it. Errors, files and what no cache may answer with
    /// are not kept.
    pub fn put(&mut self, key: String, response: &Response) {
        let Some(response) = shared(response) else { return };
        let bytes = usize::try_from(response.body.len()).unwrap_or(usize::MAX);
        let is_room = self.answers.len() < MAX_ANSWERS
            && self.bytes.saturating_add(bytes).saturating_add(key.len()) <= MAX_BYTES;
        let may_be = response.headers.get(header::CACHE_CONTROL).is_none_or(|it| it != "no-cache");
        if response.status == StatusCode::OK && may_be && is_room {
            self.bytes += bytes + key.len();
            self.answers.insert(key, response);
        }
    }
}

/// The same response once more, with the same bytes in memory; `None` for a file, which is read
/// only once.
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
    fn a_key_holds_all_that_an_answer_depends_on() {
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
    fn answers_are_kept_while_there_is_room_and_errors_never() {
        let mut kept = Kept::default();
        let answer = Response::json("{}".into(), 1);
        kept.put("a".into(), &answer);
        let again = kept.get("a").unwrap();
        assert_eq!((again.headers, again.body.len()), (answer.headers.clone(), 2));
        kept.put("error".into(), &Response::new(StatusCode::NOT_FOUND, "no"));
        assert!(kept.get("error").is_none());
        let mut probe = Response::json("{}".into(), 1);
        probe.set(header::CACHE_CONTROL, "no-cache");
        kept.put("probe".into(), &probe);
        assert!(kept.get("probe").is_none());
        kept.put("large".into(), &Response::new(StatusCode::OK, vec![0; MAX_BYTES]));
        assert!(kept.get("large").is_none());
        for number in 0..2 * MAX_ANSWERS {
            kept.put(number.to_string(), &answer);
        }
        assert_eq!(kept.answers.len(), MAX_ANSWERS);
    }

    #[test]
    fn bodies_and_keys_are_counted_up_to_the_last_byte() {
        let mut kept = Kept::default();
        let answer = |length: usize| Response::new(StatusCode::OK, vec![0; length]);
        // A key of two bytes: what is added is neither the product nor the difference.
        kept.put("aa".into(), &answer(MAX_BYTES / 2 - 2));
        assert_eq!(kept.bytes, MAX_BYTES / 2);
        kept.put("bb".into(), &answer(MAX_BYTES / 2 - 1));
        assert!(kept.get("bb").is_none(), "one byte too many");
        kept.put("bb".into(), &answer(MAX_BYTES / 2 - 2));
        assert!(kept.get("aa").is_some() && kept.get("bb").is_some());
        assert_eq!(kept.bytes, MAX_BYTES);
        kept.put("c".into(), &answer(0));
        assert!(kept.get("c").is_none(), "no room for its key");
    }
}
