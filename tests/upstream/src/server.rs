//! The server: it accepts requests, logs them, and answers each one by its route.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::fmt;
use std::io::{self, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Body as _, Bytes, Incoming};
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH,
    CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, LOCATION, RETRY_AFTER, USER_AGENT,
};
use hyper::service::service_fn;
use hyper::{Response, StatusCode};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use tokio::net::{TcpSocket, TcpStream};
use tokio::runtime::Runtime;
use tokio::sync::{oneshot, watch};

use crate::Error;
use crate::cgi::Backend;
use crate::endless::{self, Broken, Dripping, Endless};
use crate::fault::{Fault, Faults};
use crate::gerrit::{
    self, BranchesQuery, Project, ProjectInfo, ProjectName, ProjectsQuery, Refusal, State,
};
use crate::many;
use crate::repository::Upstream;
use crate::requests::{Counted, Request, RequestKind, RequestLog};
use crate::route::Route;
use crate::wiki::{self, RELEASES};

/// Gerrit compresses answers of at least this many bytes (`RestApiServlet`).
const MIN_COMPRESSED: usize = 256;

/// How long the server waits for its reading threads when it ends. The longest read takes some ms.
const END_PATIENCE: Duration = Duration::from_secs(2);

/// How long to wait until the port is open or closed: a busy machine takes a while.
const PORT_PATIENCE: Duration = Duration::from_secs(30);

const JSON: &str = "application/json; charset=UTF-8";
const TEXT: &str = "text/plain; charset=UTF-8";
const HTML: &str = "text/html; charset=UTF-8";

const LOGIN_PAGE: &str = "<!DOCTYPE html>\n<html><head><title>Sign in</title></head>\
    <body><form method=\"post\"><input name=\"username\"></form></body></html>\n";

type HttpRequest = hyper::Request<Incoming>;
type AnyBody = BoxBody<Bytes, io::Error>;
type Answer = Response<AnyBody>;

/// A running server. Dropping it ends it and closes its connections.
///
/// It has threads of its own, so that synchronous code can use it. Repositories may be made and
/// changed while it serves them.
#[derive(Debug)]
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    end: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    upstream: Upstream,
    backend: Backend,
    log: RequestLog,
    faults: Mutex<Faults>,
    /// Hears when the faults are cleared.
    cleared: watch::Sender<()>,
    /// Projects that exist in lists only. If there are any, the repositories are not listed.
    made_up: Mutex<Arc<Vec<Project>>>,
    /// The branches that the wiki's API offers.
    releases: Mutex<Vec<String>>,
    /// 0 for no limit.
    page_limit: AtomicUsize,
    /// Whether it accepts connections.
    is_open: watch::Sender<bool>,
}

impl Server {
    /// Starts to serve the repositories in `root`. Port 0 means any free port.
    ///
    /// # Errors
    /// The address is not a loopback address or is in use, or Git is not installed.
    pub fn start(root: &Path, listen: SocketAddr) -> Result<Self, Error> {
        if !listen.ip().is_loopback() {
            return Err(Error::NotLoopback { address: listen });
        }
        let failed = |source| Error::Listen { address: listen, source };
        let listener = TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let shared = Arc::new(Shared {
            upstream: Upstream::new(root),
            backend: Backend::find(root)?,
            log: RequestLog::default(),
            faults: Mutex::default(),
            cleared: watch::Sender::new(()),
            made_up: Mutex::default(),
            releases: Mutex::new(RELEASES.map(str::to_owned).to_vec()),
            page_limit: AtomicUsize::new(0),
            is_open: watch::Sender::new(true),
        });
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .enable_all()
            .build()
            .map_err(|source| Error::Threads { source })?;
        let (end, ended) = oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("sample-upstream".to_owned())
            .spawn(move || run(runtime, listener, served, ended))
            .map_err(|source| Error::Threads { source })?;
        Ok(Self { address, shared, end: Some(end), thread: Some(thread) })
    }

    /// The base URL, `http://127.0.0.1:PORT/r`. The list of projects is at `URL/projects/`, and a
    /// repository for Git is at `URL/PROJECT` and at `URL/PROJECT.git`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}/r", self.address)
    }

    /// Limits each page of the project list to this many projects, as the operator of a Gerrit can.
    /// It applies to requests without a limit too. The last project then has `_more_projects`.
    pub fn set_page_limit(&self, projects: Option<usize>) {
        self.shared.page_limit.store(projects.unwrap_or(0), Ordering::SeqCst);
    }

    /// Lists this many made-up projects with this many branches each (at most eight), instead of
    /// the repositories. Git cannot fetch them.
    ///
    /// # Errors
    /// libgit2 cannot compute an object id.
    pub fn list_made_up(&self, projects: usize, branches: usize) -> Result<(), Error> {
        *lock(&self.shared.made_up) = Arc::new(many::projects(projects, branches)?);
        Ok(())
    }

    /// Sets the branches that the wiki's API offers (`snapshots` in siteinfo).
    pub fn set_release_branches(&self, branches: Vec<String>) {
        *lock(&self.shared.releases) = branches;
    }

    /// Gives requests this fault if their path and query contain `substring`, percent-encoded or
    /// not. It applies this many `times`; with `None`, until [`Server::clear_faults`]. If several
    /// faults match a request, the oldest applies until it is used up.
    pub fn fault(&self, substring: &str, fault: Fault, times: Option<u32>) {
        self.shared.faults().add(substring, fault, times);
    }

    /// Removes all faults, and lets go what is held.
    pub fn clear_faults(&self) {
        self.shared.faults().clear();
        self.shared.cleared.send_replace(());
    }

    /// Closes the port: whoever connects is refused, until [`Server::open_port`]. The port stays
    /// taken, so that no other program gets it meanwhile. Connections that are open stay open.
    pub fn close_port(&self) {
        self.set_open(false);
    }

    /// Opens the port again.
    pub fn open_port(&self) {
        self.set_open(true);
    }

    /// Waits until the port is as it was asked to be: another thread opens and closes it.
    fn set_open(&self, open: bool) {
        self.shared.is_open.send_replace(open);
        let start = Instant::now();
        let is_open = || std::net::TcpStream::connect(self.address).is_ok();
        while is_open() != open && start.elapsed() < PORT_PATIENCE {
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// The requests since the start or [`Server::clear_requests`], in the order in which they came.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.requests()
    }

    /// Forgets the requests.
    pub fn clear_requests(&self) {
        self.shared.log.clear();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server ends when the sender is dropped.
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread was printed already, and made the tests that it concerns fail.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }

    fn page_limit(&self) -> Option<usize> {
        Some(self.page_limit.load(Ordering::SeqCst)).filter(|limit| *limit > 0)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn run(
    runtime: Runtime,
    listener: TcpListener,
    shared: Arc<Shared>,
    ended: oneshot::Receiver<Infallible>,
) {
    runtime.block_on(async {
        tokio::select! {
            () = accept(listener, shared) => {}
            _ = ended => {}
        }
    });
    runtime.shutdown_timeout(END_PATIENCE);
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    let Ok(address) = listener.local_addr() else { return };
    // This fails only outside a runtime.
    let Ok(mut listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let mut is_open = shared.is_open.subscribe();
    loop {
        let closed = async { is_open.wait_for(|open| !open).await.is_ok() };
        tokio::select! {
            () = accept_all(&listener, &shared) => {}
            // It is false when the server ends.
            closed = closed => if !closed { return },
        }
        drop(listener);
        let socket = loop {
            // Between the two, the system may give the port to somebody's connection for a moment.
            match take(address) {
                Ok(socket) => break socket,
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        };
        if is_open.wait_for(|open| *open).await.is_err() {
            return;
        }
        let Ok(opened) = socket.listen(1024) else { return };
        listener = opened;
    }
}

/// Accepts connections, without an end.
async fn accept_all(listener: &tokio::net::TcpListener, shared: &Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(connection(stream, Arc::clone(shared)));
            }
            // The client closed the connection, or too many files are open. Both pass.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

/// Takes a port without listening at it.
fn take(address: SocketAddr) -> io::Result<TcpSocket> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // Connections of the earlier listener may still be open.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

async fn connection(stream: TcpStream, shared: Arc<Shared>) {
    // Else the second write of an answer would wait for the client's delayed acknowledgement.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| serve(Arc::clone(&shared), request));
    // An error means that the client is gone or that a fault closed the connection. Nothing to
    // report.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Waits as long as a fault keeps an answer back.
async fn wait(fault: &Fault, mut cleared: watch::Receiver<()>) {
    if let Fault::Stall(time) = fault {
        tokio::time::sleep(*time).await;
    } else {
        // It fails when the server ends.
        let _ = cleared.changed().await;
    }
}

/// Makes hyper close the connection without an answer.
#[derive(Debug)]
struct Hangup;

impl fmt::Display for Hangup {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the connection is closed on purpose")
    }
}

impl StdError for Hangup {}

async fn serve(shared: Arc<Shared>, request: HttpRequest) -> Result<Answer, Hangup> {
    let query = request.uri().query().unwrap_or_default();
    let target = request.uri().path_and_query().map_or("", |target| target.as_str()).to_owned();
    let route = Route::of(request.uri().path(), query);
    if route == Route::Stats {
        // It is no part of what it counts.
        return Ok(stats(&shared, query));
    }
    let header = |name| text_of(request.headers(), name);
    let kind = route.kind();
    let progress = shared.log.arrived(Request {
        kind,
        method: request.method().to_string(),
        target: target.clone(),
        user_agent: request.headers().contains_key(USER_AGENT).then(|| header(USER_AGENT)),
        status: None,
        bytes: 0,
        objects: 0,
    });
    let gzip = header(ACCEPT_ENCODING).contains("gzip");
    // Before the fault is taken, else it could miss that the faults are cleared.
    let cleared = shared.cleared.subscribe();
    let fault = shared.faults().take(&target);
    let answer = match fault {
        None => answer(shared, route, request).await,
        Some(fault @ (Fault::Stall(_) | Fault::Hold)) => {
            wait(&fault, cleared).await;
            answer(shared, route, request).await
        }
        Some(Fault::Protocol0) => by_protocol_0(&shared, route, request).await,
        Some(Fault::Dumb) => by_files(kind, request).await,
        Some(Fault::Login(login)) if header(AUTHORIZATION) == login => {
            answer(shared, route, request).await
        }
        Some(Fault::Quoting(more)) => quote(&more, request).await,
        Some(Fault::BlackHole) => std::future::pending().await,
        Some(Fault::Truncated) => halve(answer(shared, route, request).await).await,
        Some(Fault::Cut) => cut(answer(shared, route, request).await).await,
        Some(Fault::Corrupt) => corrupt(answer(shared, route, request).await).await,
        Some(Fault::Drip) => {
            answer(shared, route, request).await.map(|body| Dripping::new(body).boxed())
        }
        Some(Fault::HugeHeaders) => with_huge_headers(answer(shared, route, request).await),
        Some(Fault::EndlessPages) => whole(StatusCode::OK, JSON, endless::page(query)),
        Some(fault @ (Fault::EndlessProgress | Fault::EndlessObject | Fault::Pack(_))) => {
            wrong_fetch(fault, request).await
        }
        Some(Fault::Hangup) => return Err(Hangup),
        Some(fault) => {
            // Else hyper would close the connection, a fault that no test has asked for.
            let _ = request.into_body().collect().await;
            wrong_answer(fault)
        }
    };
    // What drips or has no end cannot be collected.
    let answer =
        if gzip && answer.size_hint().exact().is_some() { compress(answer).await } else { answer };
    progress.answered(answer.status().as_u16());
    let has_packs = kind == RequestKind::GitUploadPack;
    Ok(answer.map(|body| Counted::new(body, progress, has_packs).boxed()))
}

/// The right answer.
async fn answer(shared: Arc<Shared>, route: Route, request: HttpRequest) -> Answer {
    let allowed = route.methods();
    if !allowed.is_empty() && !allowed.contains(&request.method().as_str()) {
        let answer = text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
        return with(answer, ALLOW, &allowed.join(", "));
    }
    match route {
        Route::InfoRefs(project) => git(&shared, &project, "info/refs", request).await,
        Route::UploadPack(project) => git(&shared, &project, "git-upload-pack", request).await,
        Route::Forbidden => text(StatusCode::FORBIDDEN, "Forbidden"),
        Route::NotFound | Route::Stats => text(StatusCode::NOT_FOUND, "Not Found"),
        Route::Projects | Route::Project(_) | Route::Branches(_) | Route::Wiki => {
            let query = request.uri().query().unwrap_or_default().to_owned();
            let pretty = gerrit::wants_pretty(&query, &text_of(request.headers(), ACCEPT));
            // Reading many repositories takes so long that it would hold up other requests.
            let read = move || rest(&shared, &route, &query, pretty);
            tokio::task::spawn_blocking(read).await.unwrap_or_else(|error| failure(&error))
        }
    }
}

fn rest(shared: &Shared, route: &Route, query: &str, pretty: bool) -> Answer {
    let answered = match route {
        Route::Projects => list_projects(shared, query, pretty),
        Route::Wiki => wiki_api(shared, query),
        Route::Project(name) => {
            one_project(shared, name, |project| Ok(json(&ProjectInfo::alone(project), pretty)))
        }
        Route::Branches(name) => one_project(shared, name, |project| {
            Ok(json(&BranchesQuery::parse(query)?.answer(project), pretty))
        }),
        _ => Ok(text(StatusCode::NOT_FOUND, "Not Found")),
    };
    answered.unwrap_or_else(|refusal| text(refusal.status, &refusal.text))
}

fn list_projects(shared: &Shared, query: &str, pretty: bool) -> Result<Answer, Refusal> {
    let query = ProjectsQuery::parse(query, shared.page_limit())?;
    let list = || {
        let made_up = Arc::clone(&lock(&shared.made_up));
        if !made_up.is_empty() {
            let wanted = made_up.iter().filter(|project| query.wants(&project.name));
            return query.answer(wanted.map(|project| Ok(project.clone())));
        }
        let names = shared.upstream.projects()?.into_iter().filter(|name| query.wants(name));
        // A repository that was deleted in the meantime is left out.
        let opened = names.filter_map(|name| shared.upstream.open(&name).transpose());
        query.answer(opened.map(|repository| repository?.project(Some(query.branches()))))
    };
    Ok(list().map_or_else(|error| failure(&error), |list| json(&list, pretty)))
}

/// The answer of the wiki's API. It has no guard line, and caches may store it.
fn wiki_api(shared: &Shared, query: &str) -> Result<Answer, Refusal> {
    let query = wiki::Query::parse(query)?;
    let master = ["refs/heads/master".to_owned()];
    let projects = || -> Result<Vec<Project>, Error> {
        let names = shared.upstream.projects()?;
        let opened = names.iter().filter_map(|name| shared.upstream.open(name).transpose());
        opened.map(|repository| repository?.project(Some(&master))).collect()
    };
    let projects = if query.repositories { projects() } else { Ok(Vec::new()) };
    let answer = match projects {
        Ok(projects) => query.answer(&projects, &lock(&shared.releases)),
        Err(error) => return Ok(failure(&error)),
    };
    Ok(match serde_json::to_string(&answer) {
        Ok(body) => whole(StatusCode::OK, "application/json; charset=utf-8", body),
        Err(error) => failure(&error),
    })
}

/// The sums of the requests since the start or the last `?reset`.
fn stats(shared: &Shared, query: &str) -> Answer {
    let stats = serde_json::to_string(&shared.log.stats());
    if form_urlencoded::parse(query.as_bytes()).any(|(name, _)| name == "reset") {
        shared.log.clear();
    }
    match stats {
        Ok(body) => whole(StatusCode::OK, "application/json; charset=utf-8", body),
        Err(error) => failure(&error),
    }
}

fn one_project(
    shared: &Shared,
    name: &ProjectName,
    answer: impl FnOnce(&gerrit::Project) -> Result<Answer, Refusal>,
) -> Result<Answer, Refusal> {
    match shared.upstream.open(name).and_then(|found| found.map(|it| it.project(None)).transpose())
    {
        Ok(Some(project)) if project.state != State::Hidden => answer(&project),
        Ok(_) => Err(Refusal::not_found(name)),
        Err(error) => Ok(failure(&error)),
    }
}

async fn git(
    shared: &Shared,
    project: &ProjectName,
    service: &str,
    request: HttpRequest,
) -> Answer {
    // Not opened: libgit2 does not read every repository that Git serves.
    match shared.upstream.state(project) {
        Ok(Some(State::Active | State::ReadOnly)) => {}
        Ok(_) => return text(StatusCode::NOT_FOUND, "Not Found"),
        Err(error) => return failure(&error),
    }
    match shared.backend.answer(project, service, request).await {
        Ok(answer) => answer.map(BodyExt::boxed),
        Err(error) => failure(&error),
    }
}

/// The answer of a server to which the header `Git-Protocol` does not come.
async fn by_protocol_0(shared: &Arc<Shared>, route: Route, mut request: HttpRequest) -> Answer {
    let had_header = request.headers_mut().remove("git-protocol").is_some();
    if had_header && matches!(route, Route::UploadPack(_)) {
        let _ = request.into_body().collect().await;
        let says = "500 Error 1: fatal: git upload-pack: protocol error, expected to get object ID, \
                    not 'command=ls-refs'";
        return text(StatusCode::INTERNAL_SERVER_ERROR, says);
    }
    answer(Arc::clone(shared), route, request).await
}

/// The answer of a server that has files only, as Git's dumb protocol needs them.
async fn by_files(kind: RequestKind, request: HttpRequest) -> Answer {
    let _ = request.into_body().collect().await;
    if kind != RequestKind::GitInfoRefs {
        return text(StatusCode::METHOD_NOT_ALLOWED, "Method Not Allowed");
    }
    let id = "0123456789abcdef".repeat(3);
    text(StatusCode::OK, &format!("{}\trefs/heads/master", &id[..40]))
}

/// An error of Git that quotes the header `Authorization`, and more.
async fn quote(more: &str, request: HttpRequest) -> Answer {
    let sent = text_of(request.headers(), AUTHORIZATION);
    let _ = request.into_body().collect().await;
    let line = format!("ERR {sent} {more} may not read this\n");
    const RESULT: &str = "application/x-git-upload-pack-result";
    whole(StatusCode::OK, RESULT, format!("{:04x}{line}", line.len() + 4))
}

/// The answer of a fault for which the right answer is not needed.
fn wrong_answer(fault: Fault) -> Answer {
    match fault {
        Fault::Status { code, retry_after } => {
            let status = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
            let answer = text(status, status.canonical_reason().unwrap_or("A fault"));
            match retry_after {
                Some(value) => with(answer, RETRY_AFTER, &value),
                None => answer,
            }
        }
        Fault::Login(_) => text(StatusCode::UNAUTHORIZED, "Unauthorized"),
        Fault::EmptyList => whole(StatusCode::OK, JSON, ")]}'\n{}\n"),
        Fault::Html => whole(StatusCode::OK, HTML, LOGIN_PAGE),
        Fault::Redirect(url) => with(text(StatusCode::FOUND, ""), LOCATION, &url),
        Fault::Endless => streamed(JSON, Endless::new(")]}'\n", vec![b' '; 1 << 16])),
        Fault::GzipBomb => match endless::gzip_bomb(128) {
            Ok(bomb) => with(whole(StatusCode::OK, JSON, bomb), CONTENT_ENCODING, "gzip"),
            Err(error) => failure(&error),
        },
        _ => whole(StatusCode::OK, JSON, ""),
    }
}

/// The answer to a fetch that has no end, or is not what was asked for.
async fn wrong_fetch(fault: Fault, request: HttpRequest) -> Answer {
    let body = request.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    const RESULT: &str = "application/x-git-upload-pack-result";
    if !body.ends_with(b"0009done\n") {
        // A client first asks for the boundary of a shallow clone: there is none.
        return whole(StatusCode::OK, RESULT, "0000");
    }
    match fault {
        Fault::EndlessObject => streamed(RESULT, endless::object()),
        Fault::Pack(pack) => whole(StatusCode::OK, RESULT, endless::pack(&pack)),
        _ => streamed(RESULT, endless::progress()),
    }
}

fn with_huge_headers(mut answer: Answer) -> Answer {
    for number in 0..100 {
        let name = HeaderName::from_bytes(format!("x-huge-{number}").as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&"x".repeat(1000))) {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn streamed(sort: &str, body: Endless) -> Answer {
    with(Response::new(body.boxed()), CONTENT_TYPE, sort)
}

async fn halve(answer: Answer) -> Answer {
    let (mut parts, body) = answer.into_parts();
    let whole = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, full(whole.slice(..whole.len() / 2)))
}

async fn cut(answer: Answer) -> Answer {
    let (mut parts, body) = answer.into_parts();
    let whole = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    // Chunked, so that the first half leaves before the connection breaks.
    parts.headers.remove(CONTENT_LENGTH);
    Response::from_parts(parts, Broken::after(whole.slice(..whole.len() / 2)).boxed())
}

async fn corrupt(answer: Answer) -> Answer {
    /// Behind the header of a pack and that of its first object: in what the object holds.
    const INSIDE: usize = 16;
    let (parts, body) = answer.into_parts();
    let whole = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut wrong = whole.to_vec();
    // What comes before a pack are only messages.
    let pack = wrong.windows(4).position(|bytes| bytes == b"PACK");
    let place = pack.map_or(wrong.len() / 2, |start| start + INSIDE);
    if let Some(byte) = wrong.get_mut(place) {
        *byte ^= 0x55;
    }
    Response::from_parts(parts, full(wrong))
}

/// Compresses JSON, as Gerrit does. Git compresses its objects itself.
async fn compress(answer: Answer) -> Answer {
    let is_document = answer.headers().get(CONTENT_TYPE).is_some_and(|sort| sort == JSON);
    if !is_document || answer.headers().contains_key(CONTENT_ENCODING) {
        return answer;
    }
    let (parts, body) = answer.into_parts();
    let plain = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    let packed = encoder.write_all(&plain).and_then(|()| encoder.finish());
    match packed {
        Ok(packed) if plain.len() >= MIN_COMPRESSED => {
            let answer = Response::from_parts(parts, full(packed));
            with(answer, CONTENT_ENCODING, "gzip")
        }
        _ => Response::from_parts(parts, full(plain)),
    }
}

fn json(document: &impl Serialize, pretty: bool) -> Answer {
    match gerrit::body(document, pretty) {
        Ok(body) => {
            let answer = whole(StatusCode::OK, JSON, body);
            with(answer, CACHE_CONTROL, "no-cache, no-store, max-age=0, must-revalidate")
        }
        Err(error) => failure(&error),
    }
}

/// The answer after an error, such as a repository that cannot be read. It shows all reasons, since
/// only users of this machine can see it.
fn failure(error: &dyn StdError) -> Answer {
    let mut reasons = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        reasons = format!("{reasons}: {error}");
        source = error.source();
    }
    text(StatusCode::INTERNAL_SERVER_ERROR, &reasons)
}

fn text(status: StatusCode, line: &str) -> Answer {
    whole(status, TEXT, format!("{line}\n"))
}

fn whole(status: StatusCode, sort: &str, body: impl Into<Bytes>) -> Answer {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = status;
    with(answer, CONTENT_TYPE, sort)
}

/// Sets a header. A value that is not valid in a header is left out.
fn with(mut answer: Answer, name: HeaderName, value: &str) -> Answer {
    if let Ok(value) = HeaderValue::from_str(value) {
        answer.headers_mut().insert(name, value);
    }
    answer
}

fn full(body: impl Into<Bytes>) -> AnyBody {
    Full::new(body.into()).map_err(|never| match never {}).boxed()
}

/// A header as text, empty if it is absent.
fn text_of(headers: &HeaderMap, name: HeaderName) -> String {
    let value = headers.get(name).map(HeaderValue::as_bytes).unwrap_or_default();
    String::from_utf8_lossy(value).into_owned()
}
