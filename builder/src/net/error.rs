//! Why a request failed, and whether it is worth another try.

use std::{io, time::Duration};

use ureq::http::StatusCode;

use super::{
    hosts::Closed,
    options::{BodyLimit, LeastRate},
    rate::TooSlow,
};
use crate::limits::net::{MAX_HEADER, MAX_RETRY_AFTER};

/// Why a request gave no usable response.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server answered with another status than 200.
    #[error("{url} answered {status}{}", hint(*status, *retry_after, location.as_deref()))]
    Status {
        /// The URL that was asked.
        url: String,
        /// The status.
        status: StatusCode,
        /// How long the server asked to wait: `Retry-After`, or what a REST API says of its limit.
        retry_after: Option<Duration>,
        /// Where the server says that this is now (`Location`), of a redirect.
        location: Option<String>,
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
    /// The host is not asked any more in this cycle.
    #[error("{url} was not asked: {}; the next cycle tries again", why(host, *closed))]
    NotAsked {
        /// The URL that was not asked.
        url: String,
        /// The host, with its scheme and port.
        host: String,
        /// Why.
        closed: Closed,
    },
    /// The server redirects to a place that is not asked.
    #[error("{url} redirects to {target}, which is not followed: {reason}")]
    Redirected {
        /// The URL that was asked.
        url: String,
        /// Where the redirect leads.
        target: String,
        /// Why it is not followed.
        reason: &'static str,
    },
    /// The server does not have the file that is asked, and has another one of the same repository.
    #[error(
        "{url} answered 404, though {beside} is there: that server does not serve fetches over HTTP"
    )]
    NoSuchFile {
        /// The URL that was asked.
        url: String,
        /// The URL of the file that is there.
        beside: String,
    },
    /// The URL is on no host of the configuration.
    #[error(
        "{url} is not on a configured upstream host; if it should be, configure the final URL, or make its host an \
         upstream"
    )]
    NotAllowed {
        /// The URL that was not asked.
        url: String,
    },
}

fn hint(status: StatusCode, retry_after: Option<Duration>, location: Option<&str>) -> String {
    match retry_after {
        Some(pause) if pause > MAX_RETRY_AFTER => {
            format!(", and asks for a pause of {}", long_time(pause))
        }
        _ if status.is_redirection() => match location {
            Some(place) => format!(
                ": it has moved to {place}; redirects are not followed, configure the URL that is meant"
            ),
            None => ": redirects are not followed, configure the final URL".to_owned(),
        },
        _ => String::new(),
    }
}

/// Why a host is not asked any more.
fn why(host: &str, closed: Closed) -> String {
    match closed {
        Closed::Failures(count) => {
            format!("{count} requests to {host} failed in a row")
        }
        Closed::Time => {
            "the time for the lists of repositories is over (a third of the setting deadline)"
                .to_owned()
        }
        Closed::Pause(pause) => {
            format!("{host} asked for a pause of {} (Retry-After)", long_time(pause))
        }
    }
}

/// A long time for people, rounded down to a unit.
fn long_time(time: Duration) -> String {
    let seconds = time.as_secs();
    for (unit, size, most) in
        [("s", 1, 120), ("minutes", 60, 120), ("hours", 3600, 48), ("days", 86_400, 36_525)]
    {
        if seconds / size < most {
            return format!("{} {unit}", seconds / size);
        }
    }
    "more than 100 years".to_owned()
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

    /// True if the response was too slow, or never came to an end. The same request would most likely take as long again.
    pub fn is_slow(&self) -> bool {
        matches!(self, Self::TooSlow { .. } | Self::TooLate { .. })
    }

    /// True where the same request may work later: the URL is not at fault.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Status { status, retry_after, .. } => {
                status.is_server_error()
                    // GitHub refuses who has used up a limit, and says how long.
                    || (*status == StatusCode::FORBIDDEN && retry_after.is_some())
                    || *status == StatusCode::TOO_MANY_REQUESTS
                    || *status == StatusCode::REQUEST_TIMEOUT
            }
            Self::Transport { .. }
            | Self::TooSlow { .. }
            | Self::TooLate { .. }
            | Self::NotAsked { .. } => true,
            Self::TooLong { .. }
            | Self::Redirected { .. }
            | Self::NoSuchFile { .. }
            | Self::NotAllowed { .. } => false,
        }
    }

    /// True where another try in the same cycle makes sense. An answer that does not come, or too slowly,
    /// would take as long again, and a host that asks for a long pause is left alone. A connection that does
    /// not come about is tried again: one lost packet is enough for that.
    pub fn is_worth_a_retry(&self) -> bool {
        match self {
            Self::TooSlow { .. } | Self::TooLate { .. } | Self::NotAsked { .. } => false,
            Self::Transport { source, .. } => !matches!(
                **source,
                ureq::Error::Timeout(ureq::Timeout::RecvResponse | ureq::Timeout::PerRead)
            ),
            _ => self.is_transient() && self.retry_after().unwrap_or_default() <= MAX_RETRY_AFTER,
        }
    }

    /// The URL that was asked, or was not.
    pub fn url(&self) -> &str {
        match self {
            Self::Status { url, .. }
            | Self::Transport { url, .. }
            | Self::TooLong { url, .. }
            | Self::TooSlow { url, .. }
            | Self::TooLate { url, .. }
            | Self::NotAsked { url, .. }
            | Self::Redirected { url, .. }
            | Self::NoSuchFile { url, .. }
            | Self::NotAllowed { url } => url,
        }
    }

    /// The same error with another text for the URL that was asked.
    #[must_use]
    pub fn with_url(mut self, shown: &str) -> Self {
        let (Self::Status { url, .. }
        | Self::Transport { url, .. }
        | Self::TooLong { url, .. }
        | Self::TooSlow { url, .. }
        | Self::TooLate { url, .. }
        | Self::NotAsked { url, .. }
        | Self::Redirected { url, .. }
        | Self::NoSuchFile { url, .. }
        | Self::NotAllowed { url }) = &mut self;
        shown.clone_into(url);
        self
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

/// An error of something that sends requests, of which not all have to be over HTTP.
pub trait RequestError {
    /// The error of a request over HTTP, if that is what failed.
    fn http(&self) -> Option<&HttpError>;

    /// True where the same may work later.
    fn is_transient(&self) -> bool;

    /// True if the server answered, and said itself that it does not do it. It counts as a failure of the host, and is not
    /// tried again at once.
    fn is_said(&self) -> bool {
        false
    }
}

impl RequestError for HttpError {
    fn http(&self) -> Option<&HttpError> {
        Some(self)
    }

    fn is_transient(&self) -> bool {
        self.is_transient()
    }
}

impl From<HttpError> for io::Error {
    fn from(error: HttpError) -> Self {
        io::Error::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_time_is_told_in_a_unit_that_fits() {
        for (seconds, says) in [
            (90, "90 s"),
            (3600, "60 minutes"),
            (86_400, "24 hours"),
            (365 * 86_400, "365 days"),
            (99_999_999_999, "more than 100 years"),
            (u64::MAX, "more than 100 years"),
        ] {
            assert_eq!(long_time(Duration::from_secs(seconds)), says);
        }
    }

    #[test]
    fn an_error_says_what_the_host_did() {
        let (url, host) = ("https://h.example/x".to_owned(), "https://h.example:443".to_owned());
        let not_asked =
            |closed| HttpError::NotAsked { url: url.clone(), host: host.clone(), closed };
        let error = not_asked(Closed::Failures(20));
        assert_eq!(
            error.to_string(),
            "https://h.example/x was not asked: 20 requests to https://h.example:443 failed in a row; \
             the next cycle tries again"
        );
        assert!(error.is_transient() && !error.is_worth_a_retry());
        let text = not_asked(Closed::Pause(Duration::from_secs(86_400))).to_string();
        assert!(text.contains("asked for a pause of 24 hours (Retry-After)"), "{text}");
        for (seconds, is_worth_a_retry) in [(60, true), (61, false), (u64::MAX, false)] {
            let retry_after = Some(Duration::from_secs(seconds));
            let status = StatusCode::TOO_MANY_REQUESTS;
            let error = HttpError::Status { url: url.clone(), status, retry_after, location: None };
            assert_eq!(error.is_worth_a_retry(), is_worth_a_retry);
            assert_eq!(error.to_string().contains("asks for a pause"), !is_worth_a_retry);
        }
    }
}
