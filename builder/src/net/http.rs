//! The HTTP client. Requests to REST APIs and to Git go through it alike.
//!
//! It owns the `User-Agent`, time limits, retries and redirects. Content could lead the builder to any
//! host by a redirect. So only those of a repository are followed ([`Http::discover`]), and only to
//! allowed hosts. Git's own HTTP (libgit2's) is not used, so that there is one policy and one
//! connection pool ([`transport`](crate::git::transport)).

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Read,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant, SystemTime},
};

use backon::{BlockingRetryable, ExponentialBuilder};
use ureq::{
    AsSendBody,
    http::{HeaderValue, Method, Request, Response, StatusCode, header},
    unversioned::{
        resolver::DefaultResolver,
        transport::{Connector as _, DefaultConnector},
    },
};

use super::{
    body::Body,
    connector::MeteringConnector,
    credentials::Credentials,
    error::{HttpError, RequestError},
    hosts::{Closed, Event, Hosts},
    link,
    options::{BodyKind, BodyLimit, HttpLimits, HttpOptions},
    origin::{AllowedOrigins, Origin},
    redirect::{self, Refused},
};
use crate::{
    limits::net::{MAX_HEADER, MAX_REDIRECTS, MAX_RETRY_AFTER, MAX_SEND_TIME},
    secrets,
};

/// How many characters of the place that a redirect leads to are shown.
const MAX_SHOWN: usize = 300;

/// How many unused connections to a host are kept for its next request. The setting `jobs` bounds
/// those in use. With ureq's default, 3, more jobs would open a new connection for most requests.
const MAX_IDLE: usize = 16;

/// The HTTP client. Threads share it.
#[derive(Debug)]
pub struct Http {
    agent: ureq::Agent,
    allowed: AllowedOrigins,
    credentials: Vec<Credentials>,
    retries: usize,
    requests: AtomicU64,
    received: Arc<AtomicU64>,
    limits: HttpLimits,
    hosts: Hosts,
    /// From when on nothing is asked any more.
    until: Option<Instant>,
    /// Where repositories are that servers have redirected, by the URLs that they were asked for at.
    moved: Mutex<BTreeMap<String, String>>,
}

/// A whole 200 response.
#[derive(Debug)]
pub struct Page {
    /// The body, at most as long as [`HttpLimits::list`] says.
    pub body: Vec<u8>,
    /// The URL of the next page where this is a part of a list: the target of
    /// `Link: <…>; rel="next"` (RFC 8288), as the server wrote it. Its host is not checked yet.
    pub next: Option<String>,
    /// Its `ETag` (RFC 9110, 8.8.3), as the server wrote it.
    pub etag: Option<String>,
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
            .timeout_per_write(Some(options.timeout))
            .timeout_send_body(Some(MAX_SEND_TIME))
            .tls_config(tls)
            .build();
        let connector =
            DefaultConnector::default().chain(MeteringConnector(options.limits.least_rate));
        let agent = ureq::Agent::with_parts(config, connector, DefaultResolver::default());
        Self {
            agent,
            limits: options.limits,
            allowed: options.allowed.iter().map(String::as_str).collect(),
            credentials: options.credentials,
            retries: options.retries,
            requests: AtomicU64::new(0),
            received: Arc::default(),
            hosts: options.hosts,
            until: None,
            moved: Mutex::default(),
        }
    }

    /// The same client, which begins no request from this moment on: each fails with [`Closed::Time`].
    #[must_use]
    pub fn until(self, until: Instant) -> Self {
        Self { until: Some(until), ..self }
    }

    /// What is known of the hosts.
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// True where the URL is on an allowed host.
    pub fn allows(&self, url: &str) -> bool {
        self.allowed.contains(url)
    }

    /// The texts of the origins that may be asked.
    pub fn origins(&self) -> BTreeSet<String> {
        self.allowed.texts()
    }

    /// True if credentials go with Git's requests to this URL.
    pub fn has_credentials(&self, url: &str) -> bool {
        self.credentials.iter().any(|it| it.cover(url))
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
        self.retry(url, HttpError::is_worth_a_retry, || {
            let response = self.any_response(url, headers, body, &self.limits.list)?;
            self.page(url, ok(url, response)?)
        })
    }

    /// As [`ask`](Self::ask), by GET, but without the response if it is the one with this `ETag`: then `None`.
    ///
    /// # Errors
    /// As [`ask`](Self::ask).
    pub fn ask_for_other(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        etag: &str,
    ) -> Result<Option<Page>, HttpError> {
        let headers: Vec<_> =
            headers.iter().copied().chain([(header::IF_NONE_MATCH.as_str(), etag)]).collect();
        self.retry(url, HttpError::is_worth_a_retry, || {
            let response = self.any_response(url, &headers, None, &self.limits.list)?;
            match response.status() {
                StatusCode::OK => self.page(url, response).map(Some),
                StatusCode::NOT_MODIFIED => Ok(None),
                _ => Err(failed(url, &response)),
            }
        })
    }

    fn page(&self, url: &str, response: Response<ureq::Body>) -> Result<Page, HttpError> {
        let headers = response.headers();
        let links = headers.get_all(header::LINK);
        let next = links.iter().find_map(|value| link::next(value.to_str().ok()?));
        let etag = headers.get(header::ETAG).and_then(|value| value.to_str().ok());
        let etag = etag.map(str::to_owned);
        let mut body = Vec::new();
        Body::new(response.into_body(), url, self.limits.list, &self.received)
            .read_to_end(&mut body)
            .map_err(|e| HttpError::interrupted(url, e))?;
        Ok(Page { body, next, etag })
    }

    /// Sends one of Git's requests: GET, or POST where there is a `body`. Gives a reader of the response's
    /// body, which ends with an error where the body is longer than one of this `kind` may be, comes
    /// too slowly or too late. Credentials go with it if there are some for this URL.
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
        let response = ok(url, self.with_authorization(url, headers, body, &limit)?)?;
        Ok(Body::new(response.into_body(), url, limit, &self.received))
    }

    /// Sends one of Git's requests, with the header `Authorization` if there are credentials for this URL. The
    /// response that it returns has any status.
    fn with_authorization(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        limit: &BodyLimit,
    ) -> Result<Response<ureq::Body>, HttpError> {
        let value = self.credentials.iter().find(|it| it.cover(url)).map(Credentials::header);
        let authorization = value.iter().map(|value| ("authorization", value.as_str()));
        let headers: Vec<_> = headers.iter().copied().chain(authorization).collect();
        self.any_response(url, &headers, body, limit)
    }

    /// Gives a reader of the response to `GET`, at the place where the repository at `url` is, of the file
    /// whose path is `suffix`. Redirects are followed, as `git` follows those of this first request, and
    /// only to allowed origins. Requests by [`post`](Self::post) for the same `url` then go to the place
    /// that was found.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`HttpError::Redirected`].
    pub fn discover(&self, url: &str, suffix: &str, kind: BodyKind) -> Result<Body, HttpError> {
        let limit = self.limits.of(kind);
        let mut asked = format!("{}{suffix}", self.place(url));
        for _ in 0..=MAX_REDIRECTS {
            // Each place gets only what is meant for it.
            let response = self.with_authorization(&asked, &[], None, &limit)?;
            if response.status() == StatusCode::OK {
                let place = asked.strip_suffix(suffix).unwrap_or(&asked);
                if place != url {
                    self.moved().insert(url.to_owned(), place.to_owned());
                }
                return Ok(Body::new(response.into_body(), &asked, limit, &self.received));
            }
            let location = response.headers().get(header::LOCATION);
            let Some(location) = location.filter(|_| is_redirect(response.status())) else {
                return Err(failed(&asked, &response));
            };
            let location = String::from_utf8_lossy(location.as_bytes());
            asked = redirect::target(&asked, &location, suffix, &self.allowed).map_err(
                |Refused { target, reason }| HttpError::Redirected {
                    url: asked.clone(),
                    target,
                    reason,
                },
            )?;
        }
        let reason = "there were too many redirects before it";
        Err(HttpError::Redirected { url: url.to_owned(), target: asked, reason })
    }

    /// Sends a POST to the file whose path is `suffix`, at the place where the repository at `url` is. Where the
    /// server redirects it, or has no such file, the place is looked for by [`discover`](Self::discover) of the
    /// file `discovery`: a POST itself is never redirected. GitLab has a redirect for that file alone if a
    /// URL lacks `.git`, and answers any POST by 404.
    ///
    /// # Errors
    /// As [`send`](Self::send), and [`HttpError::Redirected`].
    pub fn post(
        &self,
        url: &str,
        (suffix, discovery): (&str, &str),
        headers: &[(&str, &str)],
        body: &[u8],
        kind: BodyKind,
    ) -> Result<Body, HttpError> {
        let place = self.place(url);
        let sent = self.send(&format!("{place}{suffix}"), headers, Some(body), kind);
        match &sent {
            Err(HttpError::Status { status, .. })
                if is_redirect(*status) || *status == StatusCode::NOT_FOUND => {}
            _ => return sent,
        }
        drop(self.discover(url, discovery, BodyKind::Refs)?);
        let found = self.place(url);
        if found == place {
            return match sent {
                Err(HttpError::Status { url, status: StatusCode::NOT_FOUND, .. }) => {
                    Err(HttpError::NoSuchFile { url, beside: format!("{place}{discovery}") })
                }
                sent => sent,
            };
        }
        self.send(&format!("{found}{suffix}"), headers, Some(body), kind)
    }

    /// Where the repository at `url` is, as far as it is known.
    fn place(&self, url: &str) -> String {
        self.moved().get(url).map_or(url, String::as_str).to_owned()
    }

    fn moved(&self) -> MutexGuard<'_, BTreeMap<String, String>> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends one request. The response that it returns has any status.
    fn any_response(
        &self,
        url: &str,
        headers: &[(&str, &str)],
        body: Option<&[u8]>,
        limit: &BodyLimit,
    ) -> Result<Response<ureq::Body>, HttpError> {
        self.guarded(url, limit, || match body {
            None => with(self.agent.get(url), headers, limit).call(),
            Some(body) => with(self.agent.post(url), headers, limit).send(body),
        })
    }

    /// Sends one request of any method, with these headers and this body. Gives the response of any status, with a
    /// reader of its body, of which as much is taken as of this `kind`. Nothing is tried again, and no redirect is
    /// followed. The body is asked for without compression: ureq takes `Content-Length` from one that it decompresses,
    /// and who reads an object store needs it.
    ///
    /// # Errors
    /// [`HttpError`] for a failed connection, or a URL that may not be asked.
    pub fn exchange(
        &self,
        request: Request<Vec<u8>>,
        kind: BodyKind,
    ) -> Result<Response<Body>, HttpError> {
        let (url, limit) = (request.uri().to_string(), self.limits.of(kind));
        let (mut parts, body) = request.into_parts();
        parts.headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let has_body = matches!(parts.method, Method::PUT | Method::POST);
        let response = self.guarded(&url, &limit, || match has_body {
            true => self.agent.run(self.timed(Request::from_parts(parts, body), &limit)),
            false => self.agent.run(self.timed(Request::from_parts(parts, ()), &limit)),
        })?;
        let pause = long_pause(response.status().as_u16(), retry_after(&response));
        if let Some((origin, pause)) = Origin::of(&url).zip(pause) {
            // No repository has a part in it.
            self.hosts.close(&BTreeMap::from([(origin.to_string(), Closed::Pause(pause))]));
        }
        let (parts, body) = response.into_parts();
        // An error is kept in memory.
        let limit =
            if parts.status.is_success() { limit } else { self.limits.of(BodyKind::Answer) };
        Ok(Response::from_parts(parts, Body::new(body, &url, limit, &self.received)))
    }

    /// The request with the time that the body of its answer may take.
    fn timed<B: AsSendBody>(&self, request: Request<B>, limit: &BodyLimit) -> Request<B> {
        self.agent.configure_request(request).timeout_recv_body(Some(limit.time)).build()
    }

    /// Sends one request by `call`, if its host may be asked now, and notes what the host says of when to ask again.
    fn guarded(
        &self,
        url: &str,
        limit: &BodyLimit,
        call: impl FnOnce() -> Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<Response<ureq::Body>, HttpError> {
        let Some(origin) = Origin::of(url).filter(|_| self.allows(url)) else {
            return Err(HttpError::NotAllowed { url: url.to_owned() });
        };
        self.wait_for(&origin, url)?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let response = call().map_err(|e| HttpError::failed(url, limit, e))?;
        if asks_for_pauses(response.status().as_u16())
            && let Some(pause) = retry_after(&response).filter(|it| *it <= MAX_RETRY_AFTER)
        {
            self.hosts.pause(&origin, Instant::now() + pause);
        }
        Ok(response)
    }

    /// Waits as long as a host wants to be left alone.
    ///
    /// # Errors
    /// [`HttpError::NotAsked`] for `url` if the host is not asked any more.
    fn wait_for(&self, origin: &Origin, url: &str) -> Result<(), HttpError> {
        loop {
            let is_over = self.until.is_some_and(|until| Instant::now() >= until);
            if let Some(closed) =
                is_over.then_some(Closed::Time).or_else(|| self.hosts.why_closed(origin))
            {
                let host = origin.to_string();
                return Err(HttpError::NotAsked { url: url.to_owned(), host, closed });
            }
            let Some(pause) = self.hosts.left_of_pause(origin, Instant::now()) else {
                return Ok(());
            };
            thread::sleep(pause);
        }
    }

    /// Runs `operation`, which asks the host of `url`, and again while its error `is_worth_a_retry`, up to the
    /// number of retries, and not longer than [`HttpLimits::retry_time`]. The pause between is a second, then
    /// twice as long each time, with jitter; or longer where the server asks for it by `Retry-After`.
    ///
    /// What becomes of it is noted: if too many fail, the host is not asked any more ([`Hosts`]). An error
    /// that did not come from HTTP counts where it is worth a retry, or where the [server says it](RequestError::is_said).
    ///
    /// # Errors
    /// The error of the last try.
    pub fn retry<T, E: RequestError>(
        &self,
        url: &str,
        is_worth_a_retry: impl Fn(&E) -> bool,
        mut operation: impl FnMut() -> Result<T, E>,
    ) -> Result<T, E> {
        let Some(origin) = Origin::of(url) else { return operation() };
        let backoff = ExponentialBuilder::default()
            .with_jitter()
            .with_min_delay(Duration::from_secs(1))
            .with_max_times(self.retries);
        let start = Instant::now();
        self.hosts.note(&origin.to_string(), url, Event::Began);
        let result = operation
            .retry(backoff)
            .sleep(thread::sleep)
            .when(|error| {
                let asked = error.http().and_then(HttpError::retry_after).unwrap_or_default();
                is_worth_a_retry(error)
                    && asked <= MAX_RETRY_AFTER
                    && start.elapsed() + asked < self.limits.retry_time
                    && self.hosts.why_closed(&origin).is_none()
            })
            .call();
        let (host, event) = match &result {
            Ok(_) => {
                // The host that it was redirected to has answered, too.
                if let Some(other) = Origin::of(&self.place(url)).filter(|other| *other != origin) {
                    self.hosts.note(&other.to_string(), url, Event::Answered);
                }
                (origin, Event::Answered)
            }
            Err(error) => {
                let is_counted =
                    error.http().is_some() || error.is_said() || is_worth_a_retry(error);
                let host = error.http().and_then(|error| Origin::of(error.url()));
                (host.unwrap_or(origin), outcome(error, is_counted, start.elapsed()))
            }
        };
        self.hosts.note(&host.to_string(), url, event);
        result
    }
}

/// What an error, after all tries, says about its host.
fn outcome(error: &impl RequestError, is_counted: bool, took: Duration) -> Event {
    let pause = error.http().and_then(|it| long_pause(it.status()?, it.retry_after()));
    if let Some(pause) = pause {
        return Event::AskedForPause(pause);
    }
    match error.http() {
        Some(
            HttpError::NotAsked { .. }
            | HttpError::NotAllowed { .. }
            | HttpError::Redirected { .. },
        ) => Event::Undecided,
        _ if is_counted && error.is_transient() => Event::Failed(took),
        Some(_) => Event::Answered,
        None => Event::Undecided,
    }
}

/// The statuses with which a server asks for a pause, of one repository or of all.
fn asks_for_pauses(status: u16) -> bool {
    matches!(status, 403 | 429 | 503)
}

/// The pause that an answer with this status asks for, if it is longer than a cycle waits.
fn long_pause(status: u16, asked: Option<Duration>) -> Option<Duration> {
    asked.filter(|pause| asks_for_pauses(status) && *pause > MAX_RETRY_AFTER)
}

/// The response, if it is a 200.
fn ok<B>(url: &str, response: Response<B>) -> Result<Response<B>, HttpError> {
    if response.status() == StatusCode::OK { Ok(response) } else { Err(failed(url, &response)) }
}

/// The error for a response that is not a 200.
fn failed<B>(url: &str, response: &Response<B>) -> HttpError {
    let (status, retry_after) = (response.status(), retry_after(response));
    let location = response.headers().get(header::LOCATION).filter(|_| is_redirect(status));
    let shown = |text: &str| secrets::quoted(text, MAX_SHOWN).escape_debug().to_string();
    let location = location.map(|it| shown(&String::from_utf8_lossy(it.as_bytes())));
    HttpError::Status { url: url.to_owned(), status, retry_after, location }
}

/// True for the statuses by which a server says that something is elsewhere.
fn is_redirect(status: StatusCode) -> bool {
    matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308)
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

/// How long a server asks to wait: by `Retry-After`, or, of a REST API whose limit is used up, until the time
/// that it gives for its renewal.
pub(super) fn retry_after<B>(response: &Response<B>) -> Option<Duration> {
    by_retry_after(response).or_else(|| until_reset(response))
}

/// The time until the limit of requests is renewed, if nothing is left of it: `x-ratelimit-remaining` and
/// `x-ratelimit-reset` (Unix seconds) as GitHub documents them
/// (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>). GitLab has the same names
/// without `x-` (<https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/#response-headers>).
fn until_reset<B>(response: &Response<B>) -> Option<Duration> {
    let value = |name: &str| {
        let headers = response.headers();
        let value = headers.get(format!("x-ratelimit-{name}"));
        let value = value.or_else(|| headers.get(format!("ratelimit-{name}")))?;
        value.to_str().ok()?.trim().parse::<u64>().ok()
    };
    if value("remaining")? > 0 {
        return None;
    }
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).ok()?;
    Some(Duration::from_secs(value("reset")?).saturating_sub(now))
}

/// `Retry-After` in either of its forms (RFC 9110, 10.2.3): seconds or an HTTP date. A number that is too
/// large for any clock is the largest time that there is.
fn by_retry_after<B>(response: &Response<B>) -> Option<Duration> {
    let value = response.headers().get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Duration::from_secs(value.parse().unwrap_or(u64::MAX)));
    }
    let date = jiff::fmt::rfc2822::parse(value).ok()?;
    SystemTime::from(date.timestamp()).duration_since(SystemTime::now()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_that_is_not_allowed_gets_no_request() {
        let http = Http::new(HttpOptions::allowing(&["https://gerrit.example.org/r"]));
        assert!(http.allows("https://gerrit.example.org/other"));
        assert!(matches!(http.get("https://evil.example/"), Err(HttpError::NotAllowed { .. })));
        assert_eq!(http.requests(), 0);
    }

    #[test]
    fn nothing_is_asked_any_more_when_the_time_is_over() {
        let http = Http::new(HttpOptions::allowing(&["http://127.0.0.1:9"]));
        let error = http.until(Instant::now()).get("http://127.0.0.1:9/").unwrap_err().to_string();
        assert!(error.contains("was not asked: the time for the lists"), "{error}");
    }

    #[test]
    fn a_limit_that_is_used_up_says_when_it_is_renewed() {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let response = |prefix: &str, remaining: &str, reset: u64| {
            let response = Response::builder()
                .header(format!("{prefix}ratelimit-remaining"), remaining)
                .header(format!("{prefix}ratelimit-reset"), reset);
            retry_after(&response.body(()).unwrap())
        };
        for prefix in ["x-", ""] {
            let pause = response(prefix, "0", now + 600).unwrap();
            assert!(pause > Duration::from_secs(590) && pause <= Duration::from_secs(600));
            assert_eq!(response(prefix, "12", now + 600), None);
            assert_eq!(response(prefix, "0", 0), Some(Duration::ZERO));
            assert_eq!(response(prefix, "many", now), None);
        }
    }

    #[test]
    fn retry_after_is_read_in_both_forms() {
        let response =
            |value: &str| Response::builder().header(header::RETRY_AFTER, value).body(()).unwrap();
        assert_eq!(retry_after(&response("7")), Some(Duration::from_secs(7)));
        let wait = retry_after(&response("Fri, 31 Dec 2100 23:59:59 GMT"));
        assert!(wait.is_some_and(|wait| wait > Duration::from_secs(1)));
        let most = Some(Duration::from_secs(u64::MAX));
        assert_eq!(retry_after(&response(" 99999999999999999999999 ")), most);
        for none in ["soon", "", "-1", "+7", "1.5", "Fri, 31 Dec 1999 23:59:59 GMT"] {
            assert_eq!(retry_after(&response(none)), None, "{none}");
        }
    }
}
