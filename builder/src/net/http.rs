//! The HTTP client. Requests to REST APIs and to Git go through it alike.
//!
//! It owns the `User-Agent`, time limits, retries and redirects. It follows no redirect, since
//! content could lead the builder to any host that way. Git's own HTTP (libgit2's) is not used, so
//! that there is one policy and one connection pool ([`transport`](crate::git::transport)).

use std::{
    io::Read,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant, SystemTime},
};

use backon::{BlockingRetryable, ExponentialBuilder};
use ureq::{
    http::{Response, StatusCode, header},
    unversioned::{
        resolver::DefaultResolver,
        transport::{Connector as _, DefaultConnector},
    },
};

use super::{
    body::Body,
    connector::MeteringConnector,
    error::HttpError,
    link,
    options::{BodyKind, BodyLimit, HttpLimits, HttpOptions},
    origin::AllowedOrigins,
};
use crate::limits::net::{MAX_HEADER, MAX_RETRY_AFTER};

/// How many unused connections to a host are kept for its next request. The setting `jobs` bounds
/// those in use. With ureq's default, 3, more jobs would open a new connection for most requests.
const MAX_IDLE: usize = 16;

/// The HTTP client. Threads share it.
#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    allowed: AllowedOrigins,
    retries: usize,
    requests: AtomicU64,
    received: Arc<AtomicU64>,
    limits: HttpLimits,
}

/// A whole 200 response.
#[derive(Debug)]
pub struct Page {
    /// The body, at most as long as [`HttpLimits::list`] says.
    pub body: Vec<u8>,
    /// The URL of the next page where this is a part of a list: the target of
    /// `Link: <…>; rel="next"` (RFC 8288), as the server wrote it. Its host is not checked yet.
    pub next: Option<String>,
}

impl Http {
    /// A client with these options.
    pub fn new(options: HttpOptions) -> Self {
        let tls = ureq::tls::TlsConfig::builder()
            .root_certs(ureq::tls::RootCerts::PlatformVerifier)
            .build();
        let config = ureq::Agent::config_builder()
            .user_agent(options.user_agent)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(MAX_HEADER)
            .max_idle_connections_per_host(MAX_IDLE)
            .max_idle_connections(2 * MAX_IDLE)
            .timeout_connect(Some(options.timeout.min(Duration::from_secs(30))))
            .timeout_recv_response(Some(options.timeout))
            .timeout_per_read(Some(options.timeout))
            .tls_config(tls)
            .build();
        let connector =
            DefaultConnector::default().chain(MeteringConnector(options.limits.least_rate));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        Self {
            agent,
            limits: options.limits,
            allowed: options.allowed.iter().map(String::as_str).collect(),
            retries: options.retries,
            requests: AtomicU64::new(0),
            received: Arc::default(),
        }
    }

    /// True where the URL is on an allowed host.
    pub fn allows(&self, url: &str) -> bool {
        self.allowed.contains(url)
    }

    /// How many requests have been sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many bytes of responses have come. Where a server compressed them, the uncompressed
    /// bytes count.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The body of a 200 response to `GET url`, tried again as [`retry`](Self::retry) says.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn get(&self, url: &str) -> Result<Vec<u8>, HttpError> {
        Ok(self.ask(url, &[], None)?.body)
    }

    /// The whole response to one request: GET, or POST where there is a `body`. It is tried again
    /// as [`retry`](Self::retry) says. The headers, which may hold a token, go to the host of `url`
    /// and to no other, since no redirect is followed.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`HttpError::TooLong`].
    pub fn ask(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Page, HttpError> {
        self.retry(HttpError::is_worth_a_retry, HttpError::retry_after, || {
            let limit = self.limits.list;
            let response = self.response(url, headers, body, &limit)?;
            let links = response.headers().get_all(header::LINK);
            let next = links.iter().find_map(|value| link::next(value.to_str().ok()?));
            let mut body = Vec::new();
            Body::new(response.into_body(), url, limit, &self.received)
                .read_to_end(&mut body)
                .map_err(|e| HttpError::interrupted(url, e))?;
            Ok(Page { body, next })
        })
    }

    /// Sends one request: GET, or POST where there is a `body`. Gives a reader of the response's
    /// body, which ends with an error where the body is longer than one of this `kind` may be, comes
    /// too slowly or too late.
    ///
    /// # Errors
    /// [`HttpError`] for another status than 200, a failed connection, or a URL that may not be
    /// asked.
    pub fn send(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        kind: BodyKind,
    ) -> Result<Body, HttpError> {
        let limit = self.limits.of(kind);
        let response = self.response(url, headers, body, &limit)?;
        Ok(Body::new(response.into_body(), url, limit, &self.received))
    }

    /// Sends one request. The response that it returns is a 200.
    fn response(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        limit: &BodyLimit,
    ) -> Result<Response<ureq::Body>, HttpError> {
        if !self.allows(url) {
            return Err(HttpError::NotAllowed { url: url.to_owned() });
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = match body {
            None => with(self.agent.get(url), headers, limit).call(),
            Some(body) => with(self.agent.post(url), headers, limit).send(body),
        }
        .map_err(|e| HttpError::failed(url, limit, e))?;
        if response.status() != StatusCode::OK {
            let retry_after = retry_after(&response);
            return Err(HttpError::Status {
                url: url.to_owned(),
                status: response.status(),
                retry_after,
            });
        }
        Ok(response)
    }

    /// Runs `operation`, and again while its error `is_worth_a_retry`, up to the number of retries, and not
    /// longer than [`HttpLimits::retry_time`]. The pause between is a second, then twice as long each time,
    /// with jitter; or longer where the server asks for it by `Retry-After`.
    ///
    /// # Errors
    /// The error of the last try.
    pub fn retry<T, E>(
        &self,
        is_worth_a_retry: impl Fn(&E) -> bool,
        retry_after: impl Fn(&E) -> Option<Duration>,
        operation: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_secs(1))
            .with_max_times(self.retries);
        let asked = |error: &E| retry_after(error).unwrap_or_default().min(MAX_RETRY_AFTER);
        let start = Instant::now();
        operation
            .retry(backoff)
            .sleep(std::thread::sleep)
            .when(|error| {
                is_worth_a_retry(error) && start.elapsed() + asked(error) < self.limits.retry_time
            })
            .notify(|error, pause| std::thread::sleep(asked(error).saturating_sub(pause)))
            .call()
    }
}

/// The request with these headers, and with the time that the body of its answer may take.
fn with<B>(
    request: ureq::RequestBuilder<B>,
    headers: &[(&str, &str)],
    limit: &BodyLimit,
) -> ureq::RequestBuilder<B> {
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    request.config().timeout_recv_body(Some(limit.time)).build()
}

/// `Retry-After` in either of its forms (RFC 9110, 10.2.3): seconds or an HTTP date.
pub(super) fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?;
    if let Ok(seconds) = value.trim().parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    SystemTime::from(date.timestamp()).duration_since(SystemTime::now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_not_allowed_gets_no_request() {
        let http = Http::new(HttpOptions {
            user_agent: "test".into(),
            allowed: vec!["https://gerrit.example.org/r".into()],
            retries: 0,
            timeout: Duration::from_secs(1),
            limits: HttpLimits::default(),
        });
        assert!(http.allows("https://gerrit.example.org/other"));
        assert!(matches!(http.get("https://evil.example/"), Err(HttpError::NotAllowed { .. })));
        assert_eq!(http.requests(), 0);
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let response =
            |value: &str| Response::builder().header(header::RETRY_AFTER, value).body(()).unwrap();
        assert_eq!(retry_after(&response("7")), Some(Duration::from_secs(7)));
        let wait = retry_after(&response("Fri, 31 Dec 2100 23:59:59 GMT"));
        assert!(wait.is_some_and(|wait| wait > Duration::from_secs(1)));
        assert_eq!(retry_after(&response("soon")), None);
    }
}
