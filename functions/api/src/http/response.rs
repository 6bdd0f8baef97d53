//! Responses: status, headers, body, and what they have in common.

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::{endpoints::dist::FileBody, http::problem::ApiError, query::statement::Answer};

/// What the entity tag of a compressed answer has more than that of the plain one: another coding is
/// another representation, which needs a tag of its own (RFC 9110, 8.8.3.3).
pub const GZIP_SUFFIX: &str = "-gzip";

/// A body: bytes, or a file that is read while it is sent.
#[derive(Debug)]
pub enum Body {
    /// All of it at once.
    Bytes(Bytes),
    /// A tarball.
    File(FileBody),
}

impl Body {
    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(file) => file.len(),
        }
    }

    /// True where it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What goes back.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers, without those of [`finish`](Self::finish).
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Response {
    /// A response without headers.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Bytes(body.into()) }
    }

    /// A 200 with a JSON body that says when it last changed (Unix seconds).
    pub fn json(body: String, modified_at: i64) -> Self {
        Self::made(body, modified_at, "application/json")
    }

    /// As [`json`](Self::json), of another content type.
    pub fn made(body: String, modified_at: i64, content_type: &'static str) -> Self {
        let digest = Sha256::digest(body.as_bytes());
        let etag = digest[..16].iter().map(|byte| format!("{byte:02x}")).collect();
        let answer = Answer { body: body.into_bytes(), is_gzip: false, etag, modified_at };
        Self::answer(answer, content_type)
    }

    /// A 200 with a ready-made body.
    pub fn answer(answer: Answer, content_type: &'static str) -> Self {
        let mut response = Self::new(StatusCode::OK, answer.body);
        response.set(header::CONTENT_TYPE, content_type);
        let suffix = if answer.is_gzip { GZIP_SUFFIX } else { "" };
        response.set(header::ETAG, &format!("\"{}{suffix}\"", answer.etag));
        if answer.is_gzip {
            response.set(header::CONTENT_ENCODING, "gzip");
        }
        response.set(header::LAST_MODIFIED, &http_date(answer.modified_at));
        response
    }

    /// Says that the answer depends on a header of the request, besides those that it depends on
    /// already (`Vary`).
    pub fn vary(&mut self, name: &str) {
        let others = self.headers.get(header::VARY).and_then(|value| value.to_str().ok());
        let all = others.map_or(name.to_owned(), |others| format!("{others}, {name}"));
        self.set(header::VARY, &all);
    }

    /// Sets a header. A value that no header can have is left out; none of ours is such.
    pub fn set(&mut self, name: header::HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// Adds what every response has. `Content-Length` keeps a server from sending a small answer in
    /// two writes, the second of which waits for the client's delayed ACK.
    pub fn finish(mut self) -> Self {
        self.set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        self.set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        let bodiless = matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if !bodiless {
            self.headers.insert(header::CONTENT_LENGTH, self.body.len().into());
        }
        self
    }
}

/// A value as JSON. As a type of its own, it links less than `json!` does: see `Problem` in `error`.
///
/// # Errors
/// 500 for what can't be JSON, such as a map with keys that are no texts.
pub fn json(value: &impl Serialize) -> Result<String, ApiError> {
    serde_json::to_string(value).map_err(|error| {
        eprintln!("an answer can't be JSON: {error}");
        ApiError::Internal
    })
}

/// Unix seconds as an HTTP date (RFC 9110, 5.6.7).
pub fn http_date(seconds: i64) -> String {
    let since = std::time::Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
    // httpdate ends at the year 9999.
    let since = since.min(std::time::Duration::from_secs(253_402_300_799));
    httpdate::fmt_http_date(std::time::UNIX_EPOCH + since)
}
