//! Why a request failed, and whether it is worth another try.

use std::{io, time::Duration};

use ureq::http::StatusCode;

use super::{
    options::{BodyLimit, LeastRate},
    rate::TooSlow,
};
use crate::limits::net::MAX_HEADER;

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
    /// The response is longer than it may be.
    #[error(
        "{url} answered more than {}, the most that tardist takes for {what}; docs/builder.md explains the limits",
        size(*limit)
    )]
    TooLong {
        /// The URL that was asked.
        url: String,
        /// What is too long: "a list of refs".
        what: &'static str,
        /// The limit in bytes.
        limit: u64,
    },
    /// The response came too slowly and was given up.
    #[error(
        "{url} answered too slowly and was given up: {received} bytes in {}, where at least {} have to come; \
         if it stays so, look at that server and at the network",
        seconds(least.within), size(least.bytes)
    )]
    TooSlow {
        /// The URL that was asked.
        url: String,
        /// How many bytes came in the last time of [`LeastRate::within`].
        received: u64,
        /// The least that has to come.
        least: LeastRate,
    },
    /// The response did not come to its end in time.
    #[error(
        "{url} did not end its answer within {}, the longest that tardist waits for {}; if it stays \
         so, look at that server and at the network",
        seconds(limit.time), limit.what
    )]
    TooLate {
        /// The URL that was asked.
        url: String,
        /// The limit.
        limit: BodyLimit,
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

/// A number of bytes for people.
fn size(bytes: u64) -> String {
    match bytes {
        0..1024 => format!("{bytes} bytes"),
        1024..0x10_0000 => format!("{} KiB", bytes >> 10),
        _ => format!("{} MiB", bytes >> 20),
    }
}

/// A time for people.
fn seconds(time: Duration) -> String {
    if time.subsec_millis() == 0 {
        format!("{} s", time.as_secs())
    } else {
        format!("{} ms", time.as_millis())
    }
}

impl HttpError {
    /// What happened while a [`Body`](super::Body) was read.
    pub fn interrupted(url: &str, source: io::Error) -> Self {
        match source.downcast::<HttpError>() {
            Ok(error) => error,
            Err(source) => {
                let source = Box::new(source.into());
                Self::Transport { url: url.to_owned(), source }
            }
        }
    }

    /// What ureq says about a request for a body of this `limit`.
    pub(super) fn failed(url: &str, limit: &BodyLimit, source: ureq::Error) -> Self {
        let url = url.to_owned();
        match source {
            ureq::Error::Timeout(ureq::Timeout::RecvBody) => Self::TooLate { url, limit: *limit },
            ureq::Error::Other(other) => match other.downcast::<TooSlow>() {
                Ok(slow) => Self::TooSlow { url, received: slow.received, least: slow.least },
                Err(other) => Self::Transport { url, source: Box::new(ureq::Error::Other(other)) },
            },
            ureq::Error::LargeResponseHeader(..) => {
                Self::TooLong { url, what: "headers", limit: MAX_HEADER as u64 }
            }
            source => Self::Transport { url, source: Box::new(source) },
        }
    }

    /// True if the response exceeded a limit. The same request would most likely do so again.
    pub fn is_excess(&self) -> bool {
        matches!(self, Self::TooLong { .. } | Self::TooSlow { .. } | Self::TooLate { .. })
    }

    /// True where the same request may work later: the URL is not at fault.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, .. } => {
                status.is_server_error()
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::Transport { .. } | Self::TooSlow { .. } | Self::TooLate { .. } => true,
            Self::TooLong { .. } | Self::NotAllowed { .. } => false,
        }
    }

    /// True where another try in the same cycle makes sense. An answer that comes too slowly would
    /// take as long again.
    pub fn is_worth_a_retry(&self) -> bool {
        self.is_transient() && !matches!(self, Self::TooSlow { .. } | Self::TooLate { .. })
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
