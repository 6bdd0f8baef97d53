//! What an instance keeps between requests, for nine tenths of a second at most.
//!
//! To open the snapshot costs more than all the rest of a request (SQLite parses the schema anew),
//! and the runtime lets one instance serve many requests. So an instance keeps its connection and
//! the answers that it made from it, and forgets both together soon after it opened the connection:
//! what it answers lags behind a new snapshot by that time at most, and never comes from two
//! snapshots. With the request that is under way when the time is over, that is the second which is
//! promised.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Uri, header};
use tardist_catalog::{
    neighbours::{self, Neighbour},
    statement::Answer,
};

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

/// After how many documents by themselves an instance takes them by the piece: more in its time are no
/// person who looks something up, but a program that goes through them all, or many people.
const ALONE: usize = 3;

/// The documents that came from one connection in pieces, the one that was asked for and its
/// neighbours.
#[derive(Debug, Default)]
pub struct Documents {
    asked: usize,
    bytes: usize,
    /// By `KIND/NAME`, with the piece.
    found: BTreeMap<Bytes, (Bytes, Neighbour)>,
}

impl Documents {
    /// The document of `KIND/NAME`, if it is here.
    pub fn get(&self, id: &str) -> Option<Answer> {
        let (piece, found) = self.found.get(id.as_bytes())?;
        Some(Answer {
            body: piece.get(found.document.clone())?.to_owned(),
            is_gzip: false,
            etag: String::from_utf8(piece.get(found.etag.clone())?.to_owned()).ok()?,
            modified_at: found.modified_at,
        })
    }

    /// Whether the next one is to be asked for with its neighbours; to be called for each that is
    /// not here.
    pub fn wants_neighbours(&mut self) -> bool {
        self.asked += 1;
        self.asked > ALONE && self.bytes < MAX_BYTES
    }

    /// Keeps the documents of a piece.
    pub fn put(&mut self, piece: Vec<u8>) {
        self.bytes += piece.len();
        let piece = Bytes::from(piece);
        for found in neighbours::read(&piece) {
            self.found.insert(piece.slice(found.id.clone()), (piece.clone(), found));
        }
    }
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
    fn who_asks_for_many_gets_the_neighbours_of_the_next() {
        let mut documents = Documents::default();
        let alone: Vec<bool> = (0..ALONE + 2).map(|_| documents.wants_neighbours()).collect();
        assert_eq!(alone, [false, false, false, true, true]);
        let mut piece = Vec::new();
        neighbours::append(&mut piece, "extensions/A", "e1", 5, "{\"a\":1}");
        neighbours::append(&mut piece, "skins/A", "e2", 6, "{}");
        documents.put(piece);
        let found = documents.get("extensions/A").unwrap();
        assert_eq!((&*found.body, &*found.etag, found.modified_at), (&b"{\"a\":1}"[..], "e1", 5));
        assert_eq!(documents.get("skins/A").unwrap().etag, "e2");
        assert_eq!(documents.get("skins/B"), None);
        documents.put(vec![b'x'; MAX_BYTES]);
        assert!(!documents.wants_neighbours());
    }
}
