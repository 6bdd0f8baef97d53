//! What the fuzzers run: a function for each part of a request that is read here.
//!
//! Each function checks more than that nothing panics: that what comes out is within its limits, and right as
//! far as it can be told. The package `fuzz/` runs them on new inputs, and the tests below on the kept ones
//! (`fuzz/corpus/`). docs/development.md says how to keep an input.
//!
//! This room exists in tests and in builds with `--cfg fuzzing`, which cargo-fuzz sets. So the crate exports
//! nothing for it.

use std::{
    pin::pin,
    task::{Context, Poll, Waker},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use tardist_contract::{
    schema::{JSON, USER_VERSION},
    search::{near, steps},
};

use crate::{
    address,
    endpoints::{
        crawlers, download, feed, gerrit, health, index, info, list, manifests, metrics, openapi,
        search as search_endpoint, updates,
    },
    http::{
        accept::{items, wants, weighted},
        conditional,
        encoding::accepts_gzip,
        problem::ApiError,
        range::{Requested, requested},
        request::Request,
        response::Response,
    },
    language::{chain::known, wanted::Wanted},
    page,
    query::{
        search::MAX_TEXT,
        snapshot::Snapshot,
        statement::{Statement, Value},
        updates::{PLACES, Published},
    },
    route::{Route, route},
    settings::Settings,
    updates::{
        body,
        compare::{Status, compare},
        constraint::satisfies,
        keys::candidates,
        siteinfo::{MAX_ENTRIES, Siteinfo},
        version::{self, MediaWiki, Version},
    },
};

/// How many languages are tried for a client at most.
const MAX_LANGUAGES: usize = 16;

/// A document for the page of a repository.
const SAMPLE: &str = r#"{"kind": "skins", "name": "A", "authors": [], "source_url": "u",
    "default_branch": "master", "branches": {}}"#;

/// The longest problem document, in bytes: five names of 100 characters, twice each.
const MAX_PROBLEM: u64 = 2048;

/// Headers, one on each line. A line that no header can be is left out.
fn headers(bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let colon = line.iter().position(|byte| *byte == b':').unwrap_or(line.len());
        let (name, value) = line.split_at(colon);
        let value = HeaderValue::from_bytes(value.get(1..).unwrap_or_default().trim_ascii());
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), value) {
            headers.append(name, value);
        }
    }
    headers
}

/// The same value as the header of this name, from each line.
fn lines(name: &HeaderName, bytes: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        if let Ok(value) = HeaderValue::from_bytes(line) {
            headers.append(name, value);
        }
    }
    headers
}

/// A snapshot that has one row of each form.
struct Rows {
    /// How many bytes the texts of a statement may have.
    limit: usize,
}

impl Snapshot for Rows {
    async fn get<T>(&self, statement: Statement<T>) -> Result<T, ApiError> {
        let texts = statement.params.iter().map(|value| match value {
            Value::Text(text) => text.len(),
            _ => 0,
        });
        let size: usize = texts.sum();
        assert!(size <= self.limit, "a statement with {size} bytes of texts");
        let (text, number) = (|| Value::text("{}"), || Value::Integer(1));
        let list = || Value::text("[]");
        let site = || Value::text("[\"\",[]]");
        let rows = [
            vec![text(), number()],
            vec![number(), text()],
            vec![number(), number(), Value::text("")],
            vec![text(), text(), number(), number()],
            vec![text(), Value::text("de"), number()],
            vec![number(), number(), number(), number()],
            vec![number(), number(), number(), number(), number()],
            vec![number(), text(), number()],
            vec![text(), number(), text()],
            vec![text(), number(), list()],
            vec![Value::Blob(b"Alpha\nBeta".into()), Value::Null],
            // Pages: the start page, a list, the page of a repository, changes, and branches alone.
            vec![number(), number(), number(), number(), site(), list(), list()],
            vec![number(), list(), list(), number(), number(), list(), site()],
            vec![number(), Value::text(SAMPLE), list(), list(), number(), site()],
            vec![number(), site(), list()],
            vec![number(), site()],
            vec![Value::text("https://h.example"), number(), site()],
            vec![Value::text("extensions/A skins/B")],
            vec![number(), text(), text(), text(), number(), Value::Null],
        ];
        let read = rows.into_iter().find_map(|row| {
            let version = Value::Integer(USER_VERSION);
            statement.read(std::iter::once(version).chain(row).collect()).ok()
        });
        read.ok_or(ApiError::Internal)
    }
}

/// What every component does with a request: an address that is almost right leads to the right one.
async fn answer(request: &Request, snapshot: &Rows) -> Result<Response, ApiError> {
    if let Some(response) = address::slash(request) {
        return Ok(response);
    }
    match respond(request, snapshot).await {
        Err(error) => address::almost(request, error, snapshot).await,
        response => response,
    }
}

/// What the endpoints do with a request, but that tarballs are not opened.
async fn respond(request: &Request, snapshot: &Rows) -> Result<Response, ApiError> {
    let settings =
        Settings { snapshot_max_age: 60, documentation_url: "https://d.example/".into() };
    match route(request)? {
        Route::Index if page::html::is_wanted(&request.headers) => {
            page::home::get(request, &settings, snapshot).await
        }
        Route::Index => index::get(request, &settings, snapshot).await,
        Route::Health => health::get(&settings, 1, snapshot).await,
        Route::Metrics => metrics::get(snapshot).await,
        Route::OpenApi => Ok(openapi::get(request)),
        Route::Robots => crawlers::robots(request, snapshot).await,
        Route::Sitemap => crawlers::sitemap(request, snapshot).await,
        Route::OpenSearch => crawlers::opensearch(request, snapshot).await,
        Route::List(kind) => list::get(request, kind, snapshot).await,
        Route::Infos(kind) => info::many(request, kind, snapshot).await,
        Route::Info(kind, name) => info::one(request, kind, &name, snapshot).await,
        Route::Download(kind, readings) => download::get(request, kind, &readings, snapshot).await,
        Route::Manifests(kind) => manifests::get(request, kind, snapshot).await,
        Route::Feed(of) => {
            feed::get(request, of.as_ref().map(|(kind, name)| (*kind, name)), snapshot).await
        }
        Route::Search if page::html::is_wanted(&request.headers) => {
            page::search::get(request, snapshot).await
        }
        Route::Search => search_endpoint::get(request, snapshot).await,
        Route::Updates if page::html::is_wanted(&request.headers) => {
            page::updates::form(request, snapshot).await
        }
        Route::Updates => updates::get(request, snapshot).await,
        Route::Projects => gerrit::projects(request, snapshot).await,
        Route::Project(kind, name) => gerrit::project(request, kind, &name, snapshot).await,
        Route::Branches(kind, name) => gerrit::branches(request, kind, &name, snapshot).await,
        Route::Branch(kind, name, branch) => {
            gerrit::branch(request, kind, &name, &branch, snapshot).await
        }
        Route::DistIndex(_) | Route::Checksums(_) => Err(ApiError::no_such_list()),
        Route::Dist(_, name) => {
            assert!(!name.as_str().contains(['/', '\\', '\0']) && !name.as_str().starts_with('.'));
            Err(ApiError::no_such_tarball())
        }
        Route::ChangesPage => page::changes::get(request, snapshot).await,
        Route::ApiPage => page::api::get(request, snapshot).await,
        Route::ListPage(kind) => page::list::get(request, kind, snapshot).await,
        Route::RepositoryPage(kind, name) => {
            page::repository::get(request, kind, &name, snapshot).await
        }
    }
}

/// A request: the target on the first line, then headers.
pub fn request(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (target, rest) = bytes.split_at(end);
    let Ok(uri) = Uri::try_from(target) else { return };
    let headers = headers(rest);
    // `\u0000` in JSON comes from `%00`; a search asks for each of its words in many ways.
    let snapshot = Rows { limit: 256 * MAX_TEXT + 4 * target.len() };
    let response = Request::new(Method::GET, &uri, headers.clone()).and_then(|request| {
        let mut future = pin!(answer(&request, &snapshot));
        match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(response) => response,
            Poll::Pending => unreachable!("nothing has to be waited for"),
        }
    });
    let response = response.and_then(|response| conditional::apply(&headers, response));
    if let Err(error) = &response {
        let problem = error.response();
        assert!(problem.body.len() <= MAX_PROBLEM && problem.status.as_u16() >= 400);
    }
    let response = response.unwrap_or_else(|error| page::problem::response(&uri, &headers, &error));
    let response = response.finish();
    let status = response.status.as_u16();
    assert!(matches!(status, 200 | 302 | 304 | 308 | 400 | 404 | 412 | 500 | 503), "{status}");
    assert!(response.headers.contains_key(header::CONTENT_LENGTH) || status == 304);
    assert!(status != 500, "the row of a statement has none of these forms");
}

/// Values of `Accept`, `Accept-Encoding` and `Accept-Language`, one on each line.
pub fn accept(bytes: &[u8]) {
    let accepted = lines(&header::ACCEPT, bytes);
    for item in items(&accepted, header::ACCEPT) {
        let Some((name, weight)) = weighted(item) else { continue };
        assert!(weight <= 1_000 && item.contains(name) && name.trim() == name);
    }
    assert!(wants(&accepted, JSON) <= 1_000);
    let gzip = accepts_gzip(&lines(&header::ACCEPT_ENCODING, bytes));
    assert!(
        !gzip
            || bytes.windows(4).any(|it| it.eq_ignore_ascii_case(b"gzip"))
            || bytes.contains(&b'*')
    );
    let languages = lines(&header::ACCEPT_LANGUAGE, bytes);
    let Ok(request) = Request::new(Method::GET, &Uri::from_static("/info"), languages) else {
        unreachable!("the path is text")
    };
    let Ok(wanted) = Wanted::of(&request) else { unreachable!("a header is no error") };
    let codes = wanted.chain.codes();
    assert!(codes.len() <= MAX_LANGUAGES && codes.contains(&"en"));
    for (index, code) in codes.iter().enumerate() {
        assert!(!codes[..index].contains(code), "{code} twice");
        assert!(known(code).is_some(), "{code}");
    }
}

/// `If-None-Match` and the headers like it, one on each line with its name.
pub fn conditions(bytes: &[u8]) {
    let headers = headers(bytes);
    let response = || Response::json("{}".to_owned(), 1_786_008_600);
    let etag = response().headers.get(header::ETAG).cloned();
    match conditional::apply(&headers, response()) {
        Ok(response) if response.status == StatusCode::NOT_MODIFIED => {
            assert!(response.body.is_empty() && response.headers.contains_key(header::ETAG));
            let asks = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];
            assert!(asks.iter().any(|name| headers.contains_key(name)));
        }
        Ok(response) => {
            assert_eq!((response.status, response.body.len()), (StatusCode::OK, 2));
            assert_eq!(response.headers.get(header::ETAG), etag.as_ref());
        }
        Err(error) => assert_eq!(error, ApiError::PreconditionFailed),
    }
}

/// Values of `Range`, one on each line; the first two bytes are the size of the file.
pub fn range(bytes: &[u8]) {
    let Some((size, rest)) = bytes.split_first_chunk() else { return };
    let size = u64::from(u16::from_be_bytes(*size));
    match requested(&lines(&header::RANGE, rest), size) {
        Requested::Whole => {}
        Requested::Part(range) => assert!(range.start < range.end && range.end <= size),
        Requested::Outside => assert!(rest.contains(&b'-')),
    }
}

/// What somebody searches for.
pub fn search(bytes: &[u8]) {
    let text: String = String::from_utf8_lossy(bytes).chars().take(MAX_TEXT).collect();
    for step in steps(&text, None, None) {
        // Text is in quotes. Outside of them is only what FTS5 has for syntax.
        let parts: Vec<&str> = step.terms.split('"').collect();
        assert!(parts.len() % 2 == 1, "{}", step.terms);
        for syntax in parts.iter().step_by(2).flat_map(|part| part.split_ascii_whitespace()) {
            let rest = syntax.replace("AND", "").replace("OR", "");
            assert!(rest.chars().all(|c| matches!(c, '(' | ')' | '*')), "{}", step.terms);
        }
        assert!(step.terms.len() <= 64 * MAX_TEXT, "{} bytes", step.terms.len());
    }
    let names = ["3D", "C++", "Foo-Bar_2.0", "MassMessage", "Math"];
    let found = near(&text, names.into_iter().zip(0..), 3);
    assert!(found.len() <= 3 && found.iter().all(|(name, place)| names[*place] == *name));
}

/// The body of a `POST` to `/updates`: its `Content-Type` on the first line, then the body.
pub fn updates_body(bytes: &[u8]) {
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (content_type, rest) = bytes.split_at(end);
    let body = rest.get(1..).unwrap_or_default();
    let content_type = String::from_utf8_lossy(content_type);
    let Ok(sent) = body::read(&content_type, body) else { return };
    // In a form, a byte that is not UTF-8 becomes U+FFFD, which has three.
    assert!(sent.siteinfo.len() <= 3 * body.len(), "a field is hardly larger than the form");
}

/// What a wiki says of itself, and with what is published of nothing, the whole report.
pub fn siteinfo(bytes: &[u8]) {
    let Ok(siteinfo) = Siteinfo::parse(bytes) else { return };
    let count = siteinfo.installed.len();
    assert!(count <= MAX_ENTRIES);
    for installed in &siteinfo.installed {
        let texts = [&installed.name, &installed.version, &installed.url, &installed.vcs_url];
        for text in texts.into_iter().flatten() {
            assert!((1..=300).contains(&text.chars().count()), "{text}");
        }
        assert!(installed.commit.as_ref().is_none_or(|commit| commit.len() == 40));
    }
    let keys = candidates(&siteinfo.installed);
    assert!(keys.len() <= PLACES * count && keys.iter().all(|it| it.entry < count));
    let published = Published {
        branch: siteinfo.mediawiki.branch.clone(),
        branches: Vec::new(),
        repositories: Vec::new(),
        several: Vec::new(),
    };
    let report = compare(siteinfo, None, &published);
    assert!(report.results.iter().all(|it| it.status == Status::NotDistributed));
    assert_eq!(report.results.len(), count);
}

/// A version of MediaWiki and of an extension, and a constraint, one on each line.
pub fn versions(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut lines = text.lines();
    let (first, second) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let constraint = lines.next().unwrap_or_default();
    if let Some(mediawiki) = MediaWiki::parse(first) {
        assert!(mediawiki.branch.release().is_some(), "{}", mediawiki.branch);
    }
    if let Some(target) = version::Target::parse(first) {
        assert!(target.version.is_some() == target.branch.release().is_some());
    }
    let (Some(one), Some(other)) = (Version::parse(first), Version::parse(second)) else { return };
    assert_eq!(one.cmp(&other), other.cmp(&one).reverse());
    if first.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
        assert_eq!(satisfies(first, &one), Some(true), "a version is its own constraint");
    }
    if let Some(is_satisfied) = satisfies(constraint, &one) {
        let twice = format!("{constraint}||{constraint}");
        assert!(twice.len() > 200 || satisfies(&twice, &one) == Some(is_satisfied), "{twice}");
    }
}

/// A function with its name, which is that of its fuzzer and of the folder of its inputs.
pub type Target = (&'static str, fn(&[u8]));

/// All functions.
pub const TARGETS: [Target; 8] = [
    ("accept", accept),
    ("conditions", conditions),
    ("range", range),
    ("request", request),
    ("search", search),
    ("siteinfo", siteinfo),
    ("updates_body", updates_body),
    ("versions", versions),
];

#[cfg(test)]
#[path = "../../../fuzz/kept_inputs.rs"]
mod kept_inputs;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{TARGETS, kept_inputs, request};
    use crate::endpoints::openapi::DOCUMENT;

    /// Else a fuzzer would find nothing in what makes an answer of a row.
    #[test]
    fn the_rows_have_a_form_for_the_statements_of_every_path() {
        let document: serde_json::Value = serde_json::from_str(DOCUMENT).unwrap();
        let paths = document["paths"].as_object().unwrap();
        assert!(paths.len() > 30);
        for (path, _) in paths.iter().filter(|(_, methods)| methods.get("get").is_some()) {
            let path = path.replace("{kind}", "skins").replace("{name}", "A");
            let path = path.replace("{project}", "mediawiki%2Fskins%2FA");
            let path = path.replace("{branch}", "master").replace("{file}", "A.tar.gz");
            for headers in ["", "accept: text/html", "accept-language: de"] {
                request(format!("{path}\n{headers}").as_bytes());
                request(format!("{path}?lang=*&q=a\n{headers}").as_bytes());
            }
        }
    }

    #[test]
    fn each_kept_input_is_read_as_it_should() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz");
        kept_inputs::run(&fuzz, "tardist_api::fuzzing", &TARGETS);
    }
}
