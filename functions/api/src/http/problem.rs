//! Errors as HTTP tells them: `application/problem+json` (RFC 9457).

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;

use crate::http::response::Response;

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
    /// The answer is not the one that the request's conditions want (RFC 9110, 13.1).
    #[error("what is here is not what the request's `If-…` headers want")]
    PreconditionFailed,
    /// The `Range` that is asked for has nothing in it.
    #[error("the range begins after the end: there are {size} bytes")]
    RangeNotSatisfiable {
        /// The size of the whole.
        size: u64,
    },
    /// There is no snapshot to answer from.
    #[error("there is no usable snapshot: {0}")]
    Unavailable(String),
    /// The component itself failed.
    #[error("the service failed; its log says why")]
    Internal,
}

/// A problem document. A type of its own rather than `json!`, of which every component would get all
/// that a JSON value can be: 40 kB.
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
    /// There is no endpoint at the path of the request.
    pub fn no_such_path() -> Self {
        Self::NotFound("there is nothing at this path; / lists what there is".into())
    }

    /// There is no project of this name in what Gerrit would answer.
    pub fn no_such_project() -> Self {
        Self::NotFound(
            "there is no such project; projects are named `mediawiki/extensions/NAME` or \
             `mediawiki/skins/NAME`, with `%2F` for each `/`"
                .into(),
        )
    }

    /// The status and its title.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadParameter { .. } | Self::NotText { .. } | Self::BadRequest(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::MethodNotAllowed { .. } => StatusCode::METHOD_NOT_ALLOWED,
            Self::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Self::RangeNotSatisfiable { .. } => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The problem document, with the headers that go with its status.
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
        // There is nothing in it that could not be JSON.
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
            _ => {}
        }
        if let Self::RangeNotSatisfiable { size } = self {
            response.set(header::CONTENT_RANGE, &format!("bytes */{size}"));
        }
        response
    }
}
