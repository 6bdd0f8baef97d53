//! The HTTP client. Requests to REST APIs and to Git go through it alike.
//!
//! It owns the `User-Agent`, time limits, retries and redirects. It follows no redirect, since
//! content could lead the builder to any host that way. Git's own HTTP (libgit2's) is not used, so
//! that there is one policy and one connection pool ([`transport`](crate::git::transport)).

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use backon::{BlockingRetryable, ExponentialBuilder};
use serde::{Deserialize, Serialize};
use ureq::http::{Response, StatusCode, header};

use super::{error::HttpError, link, origin::AllowedOrigins};
use crate::limits::net::{MAX_BODY, MAX_RETRY_AFTER};

/// How many unused connections to a host are kept for its next request. The setting `jobs` bounds
/// those in use. With ureq's default, 3, more jobs would open a new connection for most requests.
const MAX_IDLE: usize = 16;

/// How requests are made.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct HttpOptions {
    /// The whole `User-Agent`.
    pub user_agent: String,
    /// URLs whose scheme, host and port may be asked.
    pub allowed: Vec<String>,
    /// How often a request is tried again after a failure that may pass.
    pub retries: usize,
    /// How long a response, or its next bytes, may take.
    pub timeout: Duration,
}

/// The HTTP client. Threads share it.
#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    allowed: AllowedOrigins,
    retries: usize,
    requests: AtomicU64,
    received: Arc<AtomicU64>,
}

/// Counts the bytes that are read through it.
struct Counting<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counting<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.count.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}

/// A whole 200 response.
#[derive(Debug)]
pub struct Page {
    /// The body, at most 64 MiB.
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
        let agent = ureq::Agent::config_builder()
            .user_agent(options.user_agent)
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .max_response_header_size(64 << 10)
            .max_idle_connections_per_host(MAX_IDLE)
            .max_idle_connections(2 * MAX_IDLE)
            .timeout_connect(Some(options.timeout.min(Duration::from_secs(30))))
            .timeout_recv_response(Some(options.timeout))
            .timeout_per_read(Some(options.timeout))
            .tls_config(tls)
            .build()
            .new_agent();
        Self {
            agent,
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
        self.retry(HttpError::is_transient, HttpError::retry_after, || {
            let response = self.response(url, headers, body)?;
            let links = response.headers().get_all(header::LINK);
            let next = links.iter().find_map(|value| link::next(value.to_str().ok()?));
            let mut body = Vec::new();
            self.reader(response)
                .take(MAX_BODY + 1)
                .read_to_end(&mut body)
                .map_err(|e| HttpError::interrupted(url, e))?;
            if body.len() as u64 > MAX_BODY {
                return Err(HttpError::TooLong { url: url.to_owned() });
            }
            Ok(Page { body, next })
        })
    }

    /// Sends one request: GET, or POST where there is a `body`. Gives a reader of the response's
    /// body; whoever reads it limits how much.
    ///
    /// # Errors
    /// [`HttpError`] for another status than 200, a failed connection, or a URL that may not be
    /// asked.
    pub fn send(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<impl Read + Send + use<>, HttpError> {
        Ok(self.reader(self.response(url, headers, body)?))
    }

    /// Sends one request. The response that it returns is a 200.
    fn response(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Response<ureq::Body>, HttpError> {
        if !self.allows(url) {
            return Err(HttpError::NotAllowed { url: url.to_owned() });
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = match body {
            None => with_headers(self.agent.get(url), headers).call(),
            Some(body) => with_headers(self.agent.post(url), headers).send(body),
        }
        .map_err(|e| HttpError::transport(url, e))?;
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

    /// A reader of the body that counts the bytes.
    fn reader(&self, response: Response<ureq::Body>) -> impl Read + Send + use<> {
        let inner = response.into_body().into_with_config().limit(u64::MAX).reader();
        Counting { inner, count: Arc::clone(&self.received) }
    }

    /// Runs `operation`, and again while its error `is_transient`, up to the number of retries. The
    /// pause between is a second, then twice as long each time, with jitter; or longer where the
    /// server asks for it by `Retry-After`.
    ///
    /// # Errors
    /// The error of the last try.
    pub fn retry<T, E>(
        &self,
        is_transient: impl Fn(&E) -> bool,
        retry_after: impl Fn(&E) -> Option<Duration>,
        operation: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_secs(1))
            .with_max_times(self.retries);
        operation
            .retry(backoff)
            .sleep(std::thread::sleep)
            .when(is_transient)
            .notify(|error, pause| {
                let asked = retry_after(error).unwrap_or_default().min(MAX_RETRY_AFTER);
                std::thread::sleep(asked.saturating_sub(pause));
            })
            .call()
    }
}

fn with_headers<B>(
    request: ureq::RequestBuilder<B>,
    headers: &[(&str, &str)],
) -> ureq::RequestBuilder<B> {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

/// `Retry-After` in either of its forms (RFC 9110, 10.2.3): seconds or an HTTP date.
fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
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
