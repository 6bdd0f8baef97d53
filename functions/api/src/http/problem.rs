//! Errors, and their form in HTTP: `application/problem+json` (RFC 9457).

use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::Serialize;
use tardist_contract::{BranchName, Kind, RepoName, search::Near};

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
    /// The repository is there, but not this branch of it.
    #[error("{}", no_such_branch(.branches))]
    NoSuchBranch {
        /// The branches that it has, newest first.
        branches: Vec<BranchName>,
    },
    /// No repository of a kind has the name, and these are near to it.
    #[error("{}", no_repository(*.kind, .at))]
    NoRepository {
        /// The kind.
        kind: Kind,
        /// Paths at which the same is there, of the other kind or in another case of letters.
        at: Vec<String>,
        /// Repositories of both kinds whose names are near to it, the nearest first.
        near: Vec<(Kind, RepoName)>,
    },
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
    #[serde(skip_serializing_if = "Option::is_none")]
    branches: Option<&'a [BranchName]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<Vec<Near<'a>>>,
}

/// How many branches a sentence names. The document has all of them.
const MAX_NAMED: usize = 8;

/// How many paths a sentence names.
const MAX_PATHS: usize = 3;

/// The sentence of [`ApiError::NoSuchBranch`].
fn no_such_branch(branches: &[BranchName]) -> String {
    let named: Vec<&str> = branches.iter().take(MAX_NAMED).map(BranchName::as_str).collect();
    let others = if branches.len() > MAX_NAMED { " and others" } else { "" };
    format!("there is no tarball of this branch, but of {}{others}", named.join(", "))
}

/// The sentence of [`ApiError::NoRepository`].
fn no_repository(kind: Kind, at: &[String]) -> String {
    let named: Vec<&str> = at.iter().take(MAX_PATHS).map(String::as_str).collect();
    let but = if at.is_empty() { "" } else { ", but there is " };
    format!("no {} of this name has a tarball{but}{}", kind.singular(), named.join(" and "))
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

    /// 404: no repository of this kind has the name. If it could be that of one, [`crate::address`] makes a
    /// [`Self::NoRepository`] of it.
    pub fn no_such_repository(kind: Kind) -> Self {
        Self::NotFound(no_repository(kind, &[]))
    }

    /// 404: the name in the path cannot be that of a branch that has a tarball.
    pub fn no_such_branch() -> Self {
        Self::NotFound("there is no tarball of such a branch".into())
    }

    /// 404: there is no tarball of this file name.
    pub fn no_such_tarball() -> Self {
        Self::NotFound("there is no such tarball".into())
    }

    /// 404: the builder has not written the list of the tarballs.
    pub fn no_such_list() -> Self {
        Self::NotFound("there is no list of the tarballs yet".into())
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
            Self::NotFound(_) | Self::NoSuchBranch { .. } | Self::NoRepository { .. } => {
                StatusCode::NOT_FOUND
            }
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
        let branches = match self {
            Self::NoSuchBranch { branches } => Some(branches.as_slice()),
            _ => None,
        };
        let near = match self {
            Self::NoRepository { near, .. } => {
                Some(near.iter().map(|(kind, name)| Near::new(*kind, name)).collect())
            }
            _ => None,
        };
        let problem = Problem {
            r#type: "about:blank",
            title: status.canonical_reason(),
            status: status.as_u16(),
            detail: self.to_string(),
            parameter,
            branches,
            near,
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::body::Body;

    #[test]
    fn a_branch_that_is_not_there_names_those_that_are_all_of_them_beside_the_sentence() {
        let branches = |count: usize| -> Vec<BranchName> {
            (0..count).map(|number| format!("REL1_{number}").parse().unwrap()).collect()
        };
        let shown = |count: usize| {
            let response = ApiError::NoSuchBranch { branches: branches(count) }.response();
            let Body::Bytes(bytes) = &response.body else { panic!("no bytes") };
            let problem: serde_json::Value = serde_json::from_slice(bytes).unwrap();
            assert_eq!((response.status.as_u16(), problem["status"].as_u64()), (404, Some(404)));
            let named = problem["branches"].as_array().unwrap().len();
            (problem["detail"].as_str().unwrap().to_owned(), named)
        };
        let of = |names: &str| format!("there is no tarball of this branch, but of {names}");
        assert_eq!(shown(2), (of("REL1_0, REL1_1"), 2));
        assert!(!shown(8).0.contains("others"));
        let (detail, named) = shown(9);
        assert!(detail.ends_with("REL1_7 and others"), "{detail}");
        assert_eq!(named, 9);
    }
}
