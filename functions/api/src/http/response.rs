//! Responses: status, headers and body, and the headers that all of them have.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use tardist_contract::{Kind, RepoName, entity_tag};

use crate::http::{body::Body, date::http_date};

/// The end of the entity tag of a compressed representation. It needs a tag of its own, since it has
/// other bytes than the plain one (RFC 9110, 8.8.3.3).
pub const GZIP_SUFFIX: &str = "-gzip";

/// The content of a 200, with what HTTP says of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Representation {
    /// The bytes.
    pub body: Vec<u8>,
    /// True where the bytes are compressed.
    pub is_gzip: bool,
    /// The entity tag of the plain bytes, without quotes.
    pub etag: String,
    /// When the content last changed: Unix seconds.
    pub modified_at: i64,
}

impl Representation {
    /// A text that was made for one request, with the entity tag of its bytes.
    pub fn of(text: String, modified_at: i64) -> Self {
        let etag = entity_tag(text.as_bytes());
        Self { body: text.into_bytes(), is_gzip: false, etag, modified_at }
    }
}

/// A response.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: StatusCode,
    /// The headers, without those that [`finish`](Self::finish) adds.
    pub headers: HeaderMap,
    /// The body.
    pub body: Body,
}

impl Response {
    /// A response without headers.
    pub fn new(status: StatusCode, body: impl Into<Bytes>) -> Self {
        Self { status, headers: HeaderMap::new(), body: Body::Bytes(body.into()) }
    }

    /// A 200 with this content.
    pub fn ok(content: Representation, content_type: &'static str) -> Self {
        let mut response = Self::new(StatusCode::OK, content.body);
        response.set(header::CONTENT_TYPE, content_type);
        let suffix = if content.is_gzip { GZIP_SUFFIX } else { "" };
        response.set(header::ETAG, &format!("\"{}{suffix}\"", content.etag));
        if content.is_gzip {
            response.set(header::CONTENT_ENCODING, "gzip");
        }
        response.set(header::LAST_MODIFIED, &http_date(content.modified_at));
        response
    }

    /// A 200 with a JSON text that was made for one request; it last changed at `modified_at` (Unix
    /// seconds).
    pub fn json(text: String, modified_at: i64) -> Self {
        Self::ok(Representation::of(text, modified_at), "application/json")
    }

    /// Adds a header of the request to those that the response depends on (`Vary`).
    pub fn vary(&mut self, name: &str) {
        let others = self.headers.get(header::VARY).and_then(|value| value.to_str().ok());
        let all = others.map_or(name.to_owned(), |others| format!("{others}, {name}"));
        self.set(header::VARY, &all);
    }

    /// Names the path of the same content as JSON (`Link`, RFC 8288).
    pub fn alternate(&mut self, path: &str) {
        self.set(header::LINK, &format!("<{path}>; rel=\"alternate\"; type=\"application/json\""));
    }

    /// Names the document of the repository that the response is about (`Link`, RFC 8288).
    pub fn described_by(&mut self, kind: Kind, name: &RepoName) {
        let link = format!("</info/{kind}/{name}>; rel=\"describedby\"; type=\"application/json\"");
        self.set(header::LINK, &link);
    }

    /// Sets a header. A value that no header can have is left out; no caller has such a value.
    pub fn set(&mut self, name: HeaderName, value: &str) {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.insert(name, value);
        }
    }

    /// Adds the headers of every response. Without `Content-Length` a server would send a small
    /// response in two writes, and the second would wait for the client's delayed ACK.
    #[must_use]
    pub fn finish(mut self) -> Self {
        self.set(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
        // Else a script on another site could read the body and not the entity tag.
        self.set(header::ACCESS_CONTROL_EXPOSE_HEADERS, "*");
        self.set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
        let has_no_body = matches!(self.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if !has_no_body {
            self.headers.insert(header::CONTENT_LENGTH, self.body.len().into());
        }
        self
    }
}

/// `Content-Disposition` (RFC 6266) that names a tarball. Its name has no character that needs quoting.
pub fn attachment(file: &str) -> String {
    format!("attachment; filename=\"{file}\"")
}
