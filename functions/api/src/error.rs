//! Errors as HTTP tells them: `application/problem+json` (RFC 9457).

use http::{HeaderValue, StatusCode, header};
use serde_json::json;

use crate::response::Response;

/// How long a client should wait where there is no usable snapshot, in seconds: a builder's first
/// cycle takes minutes, and a failed one is repeated within the hour.
const RETRY_AFTER: &str = "60";

/// Why a request gets no answer. The texts are public; what only the operator may know is logged
/// where it is found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The path, or what it names, is not there.
    #[error("{0}")]
    NotFound(String),
    /// A parameter is malformed.
    #[error("the parameter `{parameter}` is wrong: it takes {takes}")]
    BadParameter {
        /// Its name.
        parameter: &'static str,
        /// What it takes, as the end of a sentence.
        takes: &'static str,
    },
    /// A parameter's value is no text, whatever else the parameter takes.
    #[error("the parameter `{parameter}` is wrong: it is not UTF-8 once it is percent-decoded")]
    NotText {
        /// Its name, as the client gave it.
        parameter: String,
    },
    /// The request itself is malformed.
    #[error("{0}")]
    BadRequest(&'static str),
    /// The path takes other methods.
    #[error("this path takes {allow} only")]
    MethodNotAllowed {
        /// The value of `Allow`.
        allow: &'static str,
    },
    /// There is no snapshot to answer from.
    #[error("there is no usable snapshot: {0}")]
    Unavailable(String),
    /// The component itself failed.
    #[error("the service failed; its log says why")]
    Internal,
}

impl ApiError {
    /// The status and its title.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadParameter { .. } | Self::NotText { .. } | Self::BadRequest(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The problem document, with the headers that go with its status.
    pub fn response(&self) -> Response {
        let status = self.status();
        let mut problem = json!({
            "type": "about:blank",
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        match self {
            Self::BadParameter { parameter, .. } => problem["parameter"] = json!(parameter),
            Self::NotText { parameter } => problem["parameter"] = json!(parameter),
            _ => {}
        }
        let mut response = Response::new(status, problem.to_string());
        let mut set = |name, value| {
            response.headers.insert(name, HeaderValue::from_static(value));
        };
        set(header::CONTENT_TYPE, "application/problem+json");
        set(header::CACHE_CONTROL, "no-store");
        match self {
            Self::MethodNotAllowed { allow } => set(header::ALLOW, allow),
            Self::Unavailable(_) => set(header::RETRY_AFTER, RETRY_AFTER),
            _ => {}
        }
        response
    }
}
