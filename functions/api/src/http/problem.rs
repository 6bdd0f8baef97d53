//! Errors, and their form in HTTP: `application/problem+json` (RFC 9457).

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use tardist_contract::Kind;

use crate::http::response::Response;

/// After how many seconds a client should try again where there is no usable snapshot: the first cycle
/// of a builder takes minutes, and a failed cycle is repeated within the hour.
const RETRY_AFTER: &str = "60";

/// The types of a body that are taken, where one is: the value of `Accept-Post`.
const ACCEPT_POST: &str =
    "application/json, multipart/form-data, application/x-www-form-urlencoded";

/// Why a request gets no answer. The texts are public: what only the operator may know is logged
/// where the error occurs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// Nothing is at the path.
    #[error("{0}")]
    NotFound(String),
    /// A parameter is malformed.
    #[error("the parameter `{parameter}` is wrong: it takes {takes}")]
    BadParameter {
        /// Its name.
        parameter: &'static str,
        /// What it takes, as the end of the sentence "it takes …".
        takes: &'static str,
    },
    /// The value of a parameter is not text.
    #[error("the parameter `{parameter}` is wrong: it is not UTF-8 once it is percent-decoded")]
    NotText {
        /// Its name, as the client gave it.
        parameter: String,
    },
    /// The request itself is malformed.
    #[error("{0}")]
    BadRequest(&'static str),
    /// The body is malformed.
    #[error("the body is wrong: {0}")]
    BadBody(String),
    /// The body is too large.
    #[error("the body is too large: at most {limit} bytes are taken")]
    BodyTooLarge {
        /// How many bytes it may have.
        limit: usize,
    },
    /// The body is of another type than those that are taken.
    #[error("the body has a `Content-Type` that is not taken; these are: {ACCEPT_POST}")]
    UnsupportedMediaType,
    /// The body is compressed.
    #[error("the body has a `Content-Encoding`; send it without compression")]
    UnsupportedCoding,
    /// The method is not one of those that the path takes.
    #[error("this path takes {allow} only")]
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
    },
    /// The request asks for another version than there is (RFC 9110, 13.1).
    #[error("there is another version here than the `If-…` headers of the request ask for")]
    PreconditionFailed,
    /// None of the bytes that `Range` asks for is there.
    #[error("the range begins after the end: there are {size} bytes")]
    RangeNotSatisfiable {
        /// The size of the file in bytes.
        size: u64,
    },
    /// There is no snapshot to answer from.
    #[error("there is no usable snapshot: {0}")]
    Unavailable(String),
    /// The component itself failed.
    #[error("the service failed; its log says why")]
    Internal,
}

/// A problem document. It is a type of its own, since `json!` would add all the code of
/// `serde_json::Value` to each component: 40 kB.
#[derive(Serialize)]
struct Problem<'a> {
    r#type: &'static str,
    title: Option<&'static str>,
    status: u16,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    parameter: Option<&'a str>,
}

impl ApiError {
    /// 404: no endpoint has the path of the request.
    pub fn no_such_path() -> Self {
        Self::NotFound("there is nothing at this path; / lists what there is".into())
    }

    /// 404: there is no kind of this name.
    pub fn no_such_kind() -> Self {
        Self::NotFound("there is no such kind; the kinds are `extensions` and `skins`".into())
    }

    /// 404: no repository of this kind has the name.
    pub fn no_such_repository(kind: Kind) -> Self {
        Self::NotFound(format!("no {} of this name has a tarball", kind.singular()))
    }

    /// 404: there is no tarball of this file name.
    pub fn no_such_tarball() -> Self {
        Self::NotFound("there is no such tarball".into())
    }

    /// 404: no repository can have this name in Gerrit.
    pub fn no_such_project() -> Self {
        Self::NotFound(
            "there is no such project; projects are named `mediawiki/extensions/NAME` or \
             `mediawiki/skins/NAME`, with `%2F` for each `/`"
                .into(),
        )
    }

    /// 404: the name could be that of a repository in Gerrit, but none that is published has it.
    pub fn unpublished_project() -> Self {
        Self::NotFound("no tarball of this project is published".into())
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadParameter { .. }
            | Self::NotText { .. }
            | Self::BadRequest(_)
            | Self::BadBody(_) => StatusCode::BAD_REQUEST,
            Self::BodyTooLarge { .. } => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType | Self::UnsupportedCoding => {
                StatusCode::UNSUPPORTED_MEDIA_TYPE
            }
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The response: the problem document, with the headers that belong to its status.
    pub fn response(&self) -> Response {
        let status = self.status();
        let parameter = match self {
            Self::BadParameter { parameter, .. } => Some(*parameter),
            Self::NotText { parameter } => Some(parameter.as_str()),
            _ => None,
        };
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason(),
            status: status.as_u16(),
            detail: self.to_string(),
            parameter,
        };
        // All its fields are strings and numbers, which always have a form in JSON.
        let mut response =
            Response::new(status, serde_json::to_string(&problem).unwrap_or_default());
        let mut set = |name, value| {
            response.headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::CONTENT_TYPE, "application/problem+json");
        set(header::CACHE_CONTROL, "no-store");
        match self {
            Self::MethodNotAllowed { allow } => set(header::ALLOW, allow),
            Self::Unavailable(_) => set(header::RETRY_AFTER, RETRY_AFTER),
            // As RFC 9110, 15.5.16 and 12.5.3, and the W3C's Linked Data Platform (7.1) have it.
            Self::UnsupportedMediaType => set(HeaderName::from_static("accept-post"), ACCEPT_POST),
            Self::UnsupportedCoding => set(header::ACCEPT_ENCODING, "identity"),
            _ => {}
        }
        if let Self::RangeNotSatisfiable { size } = self {
            response.set(header::CONTENT_RANGE, &format!("bytes */{size}"));
        }
        response
    }
}
