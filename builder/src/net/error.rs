//! Why a request failed, and whether it is worth another try.

use std::{io, time::Duration};

use ureq::http::StatusCode;

use crate::limits::net::MAX_BODY;

/// Why a request gave no usable response.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server answered with another status than 200.
    #[error("{url} answered {status}{}", hint(*status))]
    Status {
        /// The URL that was asked.
        url: String,
        /// The status.
        status: StatusCode,
        /// How long the server asked to wait (`Retry-After`).
        retry_after: Option<Duration>,
    },
    /// The connection failed: there is no such host, it refused, was interrupted, or was too slow.
    #[error("{url} cannot be reached: {source}")]
    Transport {
        /// The URL that was asked.
        url: String,
        /// What happened.
        source: Box<ureq::Error>,
    },
    /// The response is longer than any that is read.
    #[error("{url} answered more than {} MiB, which is too long for a list", MAX_BODY >> 20)]
    TooLong {
        /// The URL that was asked.
        url: String,
    },
    /// The URL is on no host of the configuration.
    #[error("{url} is not on a configured upstream host; if it should be, map it with `url-map`")]
    NotAllowed {
        /// The URL that was not asked.
        url: String,
    },
}

fn hint(status: StatusCode) -> &'static str {
    if status.is_redirection() {
        ": redirects are not followed, configure the final URL"
    } else {
        ""
    }
}

impl HttpError {
    /// The connection broke before the end of a response.
    pub fn interrupted(url: &str, source: io::Error) -> Self {
        Self::transport(url, source.into())
    }

    pub(super) fn transport(url: &str, source: ureq::Error) -> Self {
        Self::Transport { url: url.to_owned(), source: Box::new(source) }
    }

    /// True where the same request may work later: the URL is not at fault.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::Transport { .. } => true,
            Self::TooLong { .. } | Self::NotAllowed { .. } => false,
        }
    }

    /// The status of the response, such as 404; none where there was no response.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(status.as_u16()),
            _ => None,
        }
    }

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

impl From<HttpError> for io::Error {
    fn from(error: HttpError) -> Self {
        io::Error::other(error)
    }
}
