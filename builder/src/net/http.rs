//! The one door to the network: REST and Git requests alike go through [`Http`].
//!
//! It owns the list of hosts that may be asked, the `User-Agent`, time limits, redirects (none are
//! followed: a redirect is how content could lead the builder elsewhere) and retries. Git's own
//! HTTP (libgit2's) is not used, so that there is one policy and one connection pool
//! ([`transport`](crate::git::transport)).

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use backon::{BlockingRetryable, ExponentialBuilder};
use ureq::http::{Response, StatusCode, Uri, header};

/// The longest REST answer that is read: Gerrit's list of 10,000 projects with six branches each
/// takes 6 MB.
const MAX_BODY: u64 = 64 << 20;

/// The longest `Retry-After` that is waited for within a cycle; the next cycle comes anyway.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Connections that are kept for the next request to the same host. `jobs` bounds those in use; of
/// ureq's default, 3, more jobs would make a new one for most requests.
const MAX_IDLE: usize = 16;

/// How requests are made.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// The whole `User-Agent`.
    pub user_agent: String,
    /// URLs whose scheme, host and port may be asked.
    pub allowed: Vec<String>,
    /// How often a request that failed for the moment is tried again.
    pub retries: usize,
    /// How long an answer, or its next bytes, may take.
    pub timeout: Duration,
}

/// Why a request gave no usable answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The server answered with another status than 200.
    #[error("{url} answered {status}{}", hint(*status))]
    Status {
        /// The URL that was asked.
        url: String,
        /// The status.
        status: StatusCode,
        /// What the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// The connection failed: no such host, refused, cut, too slow.
    #[error("{url} can't be reached: {source}")]
    Transport {
        /// The URL that was asked.
        url: String,
        /// What happened.
        source: Box<ureq::Error>,
    },
    /// The answer is longer than any that is read.
    #[error("{url} answered more than {} MiB; no list is that long", MAX_BODY >> 20)]
    TooLong {
        /// The URL that was asked.
        url: String,
    },
    /// The URL is outside the configured upstreams.
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
    /// An answer that broke off.
    pub fn cut(url: &str, source: io::Error) -> Self {
        transport_error(url, source.into())
    }

    /// True where the same request may work later: the fault is not the URL's.
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

    /// How long the server asked to wait.
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Status { retry_after, .. } => *retry_after,
            _ => None,
        }
    }
}

/// An HTTP client with the project's manners. Cheap to share between threads.
#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    allowed: Vec<Origin>,
    retries: usize,
    requests: AtomicU64,
    received: Arc<AtomicU64>,
}

/// Counts what is read through it.
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

/// The whole body of a 200.
#[derive(Debug)]
pub struct Answer {
    /// The body.
    pub body: Vec<u8>,
    /// Where the list goes on: the target of `Link: <…>; rel="next"` (RFC 8288), as it was written.
    pub next: Option<String>,
}

/// Scheme, host and port of a URL.
type Origin = (String, String, u16);

fn origin(url: &str) -> Option<Origin> {
    let uri: Uri = url.parse().ok()?;
    let scheme = uri.scheme_str()?.to_ascii_lowercase();
    let default = match scheme.as_str() {
        "http" => 80,
        "https" => 443,
        _ => return None,
    };
    // A user part would be sent to the host as credentials; no upstream needs one.
    let authority = uri.authority()?;
    if authority.as_str().contains('@') {
        return None;
    }
    Some((scheme, authority.host().to_ascii_lowercase(), authority.port_u16().unwrap_or(default)))
}

/// Scheme, host and port of a http or https URL as text; none for any other URL, and for one that
/// has a user part.
pub fn origin_of(url: &str) -> Option<String> {
    origin(url).map(|(scheme, host, port)| format!("{scheme}://{host}:{port}"))
}

/// True where both URLs are http or https, and on the same host and port by the same scheme.
pub fn same_origin(one: &str, other: &str) -> bool {
    origin(one).is_some_and(|one| Some(one) == origin(other))
}

impl Http {
    /// A client with these manners.
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
            allowed: options.allowed.iter().filter_map(|url| origin(url)).collect(),
            retries: options.retries,
            requests: AtomicU64::new(0),
            received: Arc::default(),
        }
    }

    /// True where the URL belongs to a configured upstream.
    pub fn allows(&self, url: &str) -> bool {
        origin(url).is_some_and(|origin| self.allowed.contains(&origin))
    }

    /// How many requests have been sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many bytes of answers have come, unpacked where they were compressed (packs are not).
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// The body of a 200 to `GET url`, tried again as [`retry`](Self::retry) says.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn get(&self, url: &str) -> Result<Vec<u8>, HttpError> {
        Ok(self.ask(url, &[], None)?.body)
    }

    /// The whole answer to one request, GET or with a body POST, tried again as
    /// [`retry`](Self::retry) says. Headers, tokens among them, go to the host of `url` and to no
    /// other, since no redirect is followed.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`HttpError::TooLong`].
    pub fn ask(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<Answer, HttpError> {
        self.retry(HttpError::is_transient, HttpError::retry_after, || {
            let response = self.response(url, headers, body)?;
            let links = response.headers().get_all(header::LINK);
            let next = links.iter().find_map(|value| next_page(value.to_str().ok()?));
            let mut body = Vec::new();
            self.reader(response)
                .take(MAX_BODY + 1)
                .read_to_end(&mut body)
                .map_err(|e| HttpError::cut(url, e))?;
            if body.len() as u64 > MAX_BODY {
                return Err(HttpError::TooLong { url: url.to_owned() });
            }
            Ok(Answer { body, next })
        })
    }

    /// Sends one request, GET or with a body POST, and gives the reader of a 200's body.
    ///
    /// # Errors
    /// [`HttpError`] for another status, a failed connection, or a URL that may not be asked.
    pub fn send(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
    ) -> Result<impl Read + Send + use<>, HttpError> {
        Ok(self.reader(self.response(url, headers, body)?))
    }

    /// Sends one request; the response is a 200.
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
        .map_err(|e| transport_error(url, e))?;
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

    /// The bytes of a body, which are counted; whoever reads them bounds them.
    fn reader(&self, response: Response<ureq::Body>) -> impl Read + Send + use<> {
        let inner = response.into_body().into_with_config().limit(u64::MAX).reader();
        Counting { inner, count: Arc::clone(&self.received) }
    }

    /// Runs `operation`, and again after a pause while its error `is_transient`: a second, then
    /// twice as long each time, with jitter, or what the server asked for by `Retry-After`.
    ///
    /// # Errors
    /// That of the last try.
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

/// The target of the link with the relation `next` in a `Link` header (RFC 8288, 3).
fn next_page(links: &str) -> Option<String> {
    links.split('<').skip(1).find_map(|link| {
        let (target, parameters) = link.split_once('>')?;
        let is_next = parameters.split([';', ',']).any(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or_default();
            name.trim().eq_ignore_ascii_case("rel")
                && value
                    .trim()
                    .trim_matches('"')
                    .split(' ')
                    .any(|it| it.eq_ignore_ascii_case("next"))
        });
        is_next.then(|| target.to_owned())
    })
}

fn with_headers<B>(
    request: ureq::RequestBuilder<B>,
    headers: &[(&str, &str)],
) -> ureq::RequestBuilder<B> {
    headers.iter().fold(request, |request, (name, value)| request.header(*name, *value))
}

fn transport_error(url: &str, source: ureq::Error) -> HttpError {
    HttpError::Transport { url: url.to_owned(), source: Box::new(source) }
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

impl From<HttpError> for io::Error {
    fn from(error: HttpError) -> Self {
        io::Error::other(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn http(allowed: &[&str]) -> Http {
        Http::new(HttpOptions {
            user_agent: "test".into(),
            allowed: allowed.iter().map(|&url| url.to_owned()).collect(),
            retries: 0,
            timeout: Duration::from_secs(1),
        })
    }

    #[test]
    fn only_configured_origins_are_allowed() {
        let http = http(&["https://gerrit.example.org/r", "http://127.0.0.1:8080"]);
        for good in ["https://gerrit.example.org/other", "https://GERRIT.example.org:443/r/x"] {
            assert!(http.allows(good), "{good}");
        }
        for bad in [
            "http://gerrit.example.org/r",
            "https://gerrit.example.org:8443/r",
            "https://evil.example/r",
            "https://gerrit.example.org@evil.example/r",
            "https://user@gerrit.example.org/r",
            "file:///etc/passwd",
            "ssh://gerrit.example.org/r",
            "../relative",
            "http://127.0.0.1:8081/",
        ] {
            assert!(!http.allows(bad), "{bad}");
        }
        assert!(matches!(http.get("https://evil.example/"), Err(HttpError::NotAllowed { .. })));
        assert_eq!(http.requests(), 0);
    }

    #[test]
    fn the_next_page_is_found_among_the_links() {
        let github = "<https://api.example.org/repos?page=3>; rel=\"next\", \
                      <https://api.example.org/repos?page=9>; rel=\"last\"";
        for (links, next) in [
            (github, Some("https://api.example.org/repos?page=3")),
            ("<https://h/?a=1,2>; title=\"x\"; REL=\"prev Next\"", Some("https://h/?a=1,2")),
            ("<https://h/?page=1>; rel=\"prev\"", None),
            ("https://h/; rel=next", None),
            ("<https://h/", None),
            ("", None),
        ] {
            assert_eq!(next_page(links).as_deref(), next, "{links}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert!(same_origin("https://H.example/a", "https://h.example:443/b?c"));
        assert!(!same_origin("https://h.example/", "http://h.example/"));
        assert!(!same_origin("https://h.example@x/", "https://h.example@x/"));
        assert!(!same_origin("/srv/git", "/srv/git"));
        assert_eq!(origin_of("http://h.example/x").as_deref(), Some("http://h.example:80"));
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
