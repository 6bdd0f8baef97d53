//! The adapters of upstreams against answers of their servers, and the refs asked of Git.
//!
//! The answers in `recorded/` came from real servers. Those in `described/` were written by hand with the fields
//! that the services document. Their hosts stand for the test's own server.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc, Barrier, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use git2::{Repository, Signature, Time};
use tardist::{
    Error, RepositoryId,
    net::{Hosts, Http, HttpLimits, HttpOptions},
    upstream::{
        self, Absence, Asked, Branches, Found, Listing, Pages, Project, Spec, Upstream, Wanted,
        tips::{self, Spoken},
    },
};

/// The hosts of the answers.
const HOSTS: [&str; 6] = [
    "https://gitea.example.org",
    "http://phorge.example.org",
    "https://api.github.com",
    "https://github.com",
    "https://gitlab.example.org",
    "https://phabricator.example.org",
];

/// An answer that a real server has given.
fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name);
    fs::read_to_string(path).unwrap()
}

/// An answer with the fields that the documentation of a service has.
fn described(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/described").join(name);
    fs::read_to_string(path).unwrap()
}

/// One answer: status, a `Link` to the next page, the place that a redirect leads to, an `ETag`, body.
#[derive(Debug, Clone, Default)]
struct Answer {
    status: u16,
    next: Option<String>,
    location: Option<String>,
    etag: Option<String>,
    body: String,
}

fn ok(body: impl Into<String>) -> Answer {
    Answer { status: 200, body: body.into(), ..Answer::default() }
}

fn status(status: u16) -> Answer {
    Answer { status, ..Answer::default() }
}

/// A HTTP server for as long as the test runs. `SELF` in its answers is its own URL, and so are
/// [`HOSTS`].
struct Server {
    url: String,
    requests: Arc<Mutex<Vec<String>>>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    /// Serves what `answer` makes of a request: its first line and headers, and its body.
    fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let connections = Arc::<AtomicUsize>::default();
        let server = Self {
            url: url.clone(),
            requests: Arc::clone(&requests),
            connections: Arc::clone(&connections),
        };
        let answer = Arc::new(answer);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                connections.fetch_add(1, Ordering::SeqCst);
                let (answer, requests, url) =
                    (Arc::clone(&answer), Arc::clone(&requests), url.clone());
                thread::spawn(move || serve(&stream, &url, &requests, &*answer));
            }
        });
        server
    }

    fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests' first lines.
    fn targets(&self) -> Vec<String> {
        let first = |it: &String| it.lines().next().unwrap().replace(" HTTP/1.1", "");
        self.requests().iter().map(first).collect()
    }
}

fn serve(
    stream: &TcpStream,
    url: &str,
    requests: &Mutex<Vec<String>>,
    answer: &dyn Fn(&str) -> Answer,
) {
    let mut reader = BufReader::new(stream);
    loop {
        let (mut request, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            request.push_str(&line);
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        request.push_str(&String::from_utf8(body).unwrap());
        requests.lock().unwrap().push(request.clone());
        let Answer { status, next, location, etag, mut body } = answer(&request);
        let next = next.map(|next| next.replace("SELF", url));
        for host in HOSTS.into_iter().chain(["SELF"]) {
            body = body.replace(host, url);
        }
        let link = next.map_or(String::new(), |next| format!("link: <{next}>; rel=\"next\"\r\n"));
        let etag = etag.map_or(String::new(), |etag| format!("etag: {etag}\r\n"));
        let location = location.map_or(String::new(), |place| format!("location: {place}\r\n"));
        let head = format!(
            "HTTP/1.1 {status} X\r\ncontent-length: {}\r\n{link}{location}{etag}\r\n",
            body.len()
        );
        let mut stream = stream;
        if stream.write_all((head + &body).as_bytes()).is_err() {
            return;
        }
    }
}

fn branches() -> Asked {
    Asked::names(["master", "REL1_45"].iter().map(|name| name.parse().unwrap()).collect())
}

fn open(toml: &str) -> Box<dyn Upstream> {
    toml::from_str::<Spec>(toml).unwrap().open().unwrap()
}

fn http(upstreams: &[Box<dyn Upstream>]) -> Http {
    let options = HttpOptions {
        credentials: vec![],
        user_agent: "test".into(),
        allowed: vec![],
        retries: 0,
        timeout: Duration::from_secs(60),
        limits: HttpLimits::default(),
        hosts: Hosts::default(),
    };
    Http::new(upstream::allow(options, upstreams))
}

fn list(toml: &str) -> Result<Listing, Error> {
    let upstreams = [open(toml)];
    upstreams[0].list(&http(&upstreams), &branches(), &Pages::default())
}

fn names(listing: &Listing) -> Vec<String> {
    listing.without_tips.iter().map(|project| project.id.to_string()).collect()
}

/// A file with a token that only its owner may read.
fn token_file(folder: &Path) -> String {
    let path = folder.join("token");
    fs::write(&path, "s3cret-t0ken\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// GitHub's answers: two pages of an organization.
fn github(request: &str) -> Answer {
    match request {
        it if it.starts_with("GET /orgs/wikimedia/repos?per_page=100") => {
            let next = Some("SELF/organizations/56668/repos?per_page=100&page=2".to_owned());
            Answer { next, ..ok(described("github-1.json")) }
        }
        it if it.contains("page=2") => ok(described("github-2.json")),
        it if it.starts_with("GET /users/somebody/") => ok(described("github-2.json")),
        _ => status(404),
    }
}

#[test]
fn github_lists_the_pages_of_an_organization() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(github);
    let (url, token) = (&server.url, token_file(folder.path()));
    let toml =
        format!("type = 'github'\nurl = '{url}/wikimedia'\napi = '{url}'\ntoken-file = '{token}'");
    let listing = list(&toml).unwrap();
    let expected = ["extensions/Cite", "extensions/VisualEditor", "skins/Vector"];
    assert_eq!(names(&listing), expected);
    let clone = format!("{url}/wikimedia/mediawiki-extensions-Cite.git");
    let cite = &listing.without_tips[0];
    assert_eq!([&cite.url, &cite.remote_url, &cite.source_url], [&clone; 3]);
    assert_eq!(listing.refused[0].text, ".git");
    let left_out: Vec<String> = listing.left_out.keys().map(ToString::to_string).collect();
    assert_eq!(left_out, ["extensions/Secret"], "it is private");
    assert_eq!(listing.failed[0].0.to_string(), "extensions/Away");
    assert!(listing.failed[0].1.to_string().contains("git.evil.example"));
    for request in server.requests() {
        let request = request.to_ascii_lowercase();
        for header in ["authorization: bearer s3cret-t0ken", "x-github-api-version: 2022-11-28"] {
            assert!(request.contains(header), "{header} in {request}");
        }
    }
}

#[test]
fn github_lists_a_user_where_there_is_no_such_organization() {
    let server = Server::start(github);
    let url = &server.url;
    let toml = |owner| format!("type = 'github'\nurl = '{url}/{owner}'\napi = '{url}'");
    let listing = list(&toml("somebody")).unwrap();
    assert_eq!(names(&listing), ["extensions/VisualEditor", "skins/Vector"]);
    let error = list(&toml("nobody")).unwrap_err().to_string();
    assert!(error.contains("/users/nobody/repos") && error.contains("answered 404"), "{error}");
    let limited = Server::start(|_| status(403));
    let error = list(&format!("type = 'github'\nurl = '{}/x'", limited.url)).unwrap_err();
    assert!(error.to_string().contains("token-file"), "{error}");
}

#[test]
fn gitlab_lists_a_group_by_its_subgroups() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        if request.contains("&page=2") {
            return ok(described("gitlab-2.json"));
        }
        let next = "SELF/api/v4/groups/repos%2Fmediawiki/projects?per_page=100&page=2";
        Answer { next: Some(next.to_owned()), ..ok(described("gitlab-1.json")) }
    });
    let (url, token) = (&server.url, token_file(folder.path()));
    let toml = format!("type = 'gitlab'\nurl = '{url}/repos/mediawiki'\ntoken-file = '{token}'");
    let listing = list(&toml).unwrap();
    assert_eq!(names(&listing), ["extensions/Cite", "skins/Vector"]);
    assert_eq!(listing.without_tips[0].url, format!("{url}/repos/mediawiki/extensions/Cite.git"));
    let first = &server.requests()[0];
    assert!(first.starts_with("GET /api/v4/groups/repos%2Fmediawiki/projects?"), "{first}");
    for part in [
        "include_subgroups=true",
        "archived=false",
        "visibility=public",
        "active=true",
        "private-token: s3cret-t0ken",
    ] {
        assert!(first.to_ascii_lowercase().contains(part), "{part} in {first}");
    }
}

/// Gitea's answers, as a real one has given them to a token: two pages of an organization.
fn gitea(request: &str) -> Answer {
    let is_of_owner = request.starts_with("GET /api/v1/orgs/wiki2/repos?limit=50");
    if request.contains("&page=2") {
        return ok(recorded("gitea/repositories-2.json"));
    }
    if !is_of_owner {
        return status(404);
    }
    let next = Some("SELF/api/v1/orgs/wiki2/repos?limit=50&page=2".to_owned());
    Answer { next, ..ok(recorded("gitea/repositories-1.json")) }
}

#[test]
fn gitea_lists_the_pages_of_an_organization_and_what_is_not_public_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    let server = Server::start(gitea);
    let url = &server.url;
    let table = format!("type = 'gitea'\nurl = '{url}/wiki2'\ntoken-file = '{token}'");
    let listing = list(&table).unwrap();
    assert_eq!(names(&listing), ["extensions/A", "skins/B", "extensions/Mirror"]);
    let clone = format!("{url}/wiki2/mediawiki-extensions-A.git");
    assert_eq!(listing.without_tips[0].source_url, clone);
    assert_eq!(left_out(&listing)[0].0, "extensions/Secret");
    assert_eq!((listing.failed.len(), server.requests().len()), (0, 2));
    for request in server.requests() {
        assert!(request.contains("authorization: token s3cret-t0ken"), "{request}");
    }
    let file = credentials_file(folder.path());
    let listing = list(&format!("{table}\ngit-credentials-file = '{file}'")).unwrap();
    assert_eq!((names(&listing).len(), listing.left_out.len()), (4, 0));
}

#[test]
fn gitea_lists_a_user_where_there_is_no_such_organization_and_internal_ones_are_not_public() {
    let server = Server::start(|request| {
        if request.starts_with("GET /git/api/v1/users/somebody/repos?limit=50") {
            let page = recorded("gitea/repositories-2.json");
            return ok(page.replace("\"internal\": false", "\"internal\": true"));
        }
        status(404)
    });
    // It is below a path of its host.
    let toml = |owner| format!("type = 'gitea'\nurl = '{}/git/{owner}'", server.url);
    let listing = list(&toml("somebody")).unwrap();
    assert_eq!(names(&listing), [""; 0]);
    assert_eq!(left_out(&listing)[0].0, "extensions/Mirror");
    let error = list(&toml("nobody")).unwrap_err().to_string();
    assert!(error.contains("/users/nobody/repos") && error.contains("answered 404"), "{error}");
}

#[test]
fn phabricator_lists_what_conduit_finds() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let page = if request.contains("&after=3") { "phabricator-2" } else { "phabricator-1" };
        ok(described(&format!("{page}.json")))
    });
    let (url, token) = (&server.url, token_file(folder.path()));
    let toml = format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{token}'");
    let listing = list(&toml).unwrap();
    assert_eq!(names(&listing), ["extensions/Cite", "skins/Vector"]);
    assert_eq!(listing.without_tips[0].url, format!("{url}/source/mediawiki-extensions-Cite.git"));
    assert_eq!(listing.failed[0].0.to_string(), "extensions/Observed");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/diffusion.repository.search HTTP"), "{head}");
    assert!(!head.contains("s3cret"), "{head}");
    assert!(body.contains("api.token=s3cret-t0ken&queryKey=active"), "{body}");
    assert!(body.contains("attachments%5Buris%5D=1"), "{body}");
}

/// The table of a Phabricator at this URL.
fn phabricator(url: &str, folder: &Path) -> String {
    format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{}'", token_file(folder))
}

#[test]
fn an_error_of_phorge_is_told_without_the_token_that_it_quotes() {
    let folder = tempfile::tempdir().unwrap();
    for (file, says) in [
        ("error-invalid.json", "ERR-INVALID-AUTH"),
        ("error-wrong-length.json", "ERR-INVALID-AUTH"),
        ("error-other-service.json", "ERR-INVALID-AUTH"),
    ] {
        let answer: serde_json::Value =
            serde_json::from_str(&recorded(&format!("phorge/{file}"))).unwrap();
        let info = answer["body"]["error_info"].as_str().unwrap();
        let quoted = info.split('"').nth(1).unwrap().to_owned();
        let body = answer["body"].to_string().replace(&quoted, "s3cret-t0ken");
        assert!(body.contains("s3cret-t0ken"), "{file} quotes nothing: {body}");
        let server = Server::start(move |_| ok(body.clone()));
        let error = list(&phabricator(&server.url, folder.path())).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(&server.url), "{error}");
        assert!(error.contains("[secret]") && !error.contains("s3cret"), "{error}");
    }
    // It is struck out before the text is cut to what is shown of it.
    let page = format!("<!DOCTYPE html><p>{}s3cret-t0ken", "x".repeat(15));
    let server = Server::start(move |_| ok(page.clone()));
    let error = list(&phabricator(&server.url, folder.path())).unwrap_err().to_string();
    assert!(!error.contains("s3cr"), "{error}");
}

/// A page of repositories as Phorge has answered it, with this policy of view for all of them.
fn phorge(page: usize, view: &str) -> serde_json::Value {
    let text = recorded(&format!("phorge/search-{page}.json"));
    let mut answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    for repository in answer["result"]["data"].as_array_mut().unwrap() {
        repository["fields"]["policy"]["view"] = view.into();
        // The recorded ones are mostly deactivated.
        repository["fields"]["status"] = "active".into();
    }
    answer
}

#[test]
fn phorge_is_read_page_by_page_and_only_urls_that_it_shows_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        ok(phorge(if request.contains("&after=210") { 2 } else { 1 }, "public").to_string())
    });
    let mut toml = phabricator(&server.url, folder.path());
    toml += "\nextension-prefix = 'extension-'";
    let listing = list(&toml).unwrap();
    assert_eq!(server.requests().len(), 2);
    let url = |project: &Project| project.source_url.replace(&server.url, "");
    let urls: Vec<String> = listing.without_tips.iter().map(url).collect();
    assert_eq!(urls.len(), 5, "{urls:?}");
    assert_eq!(urls[0], "/source/extension-Observed.git");
    assert!(urls.iter().all(|url| url.starts_with("/source/")), "{urls:?}");
    assert!(listing.left_out.is_empty());
}

#[test]
fn what_not_everybody_may_see_is_left_out_and_named_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for view in ["users", "admin", "PHID-PROJ-1"] {
        let server = Server::start(move |request| {
            if request.contains("git-upload-pack") {
                return status(401);
            }
            let is_second = request.contains("&after=210");
            ok(phorge(1 + usize::from(is_second), if is_second { "public" } else { view })
                .to_string())
        });
        let toml = phabricator(&server.url, folder.path()) + "\nextension-prefix = 'extension-'";
        let listing = list_all(&[open(&toml)], &[]).unwrap();
        // Three by the list, and two by Git.
        let told = left_out(&listing);
        let by_list = format!("{} does not show it to everybody", server.url);
        assert_eq!(
            told[0],
            ("extensions/Observed".to_owned(), Absence::NotPublic, by_list.clone())
        );
        assert_eq!((told.len(), listing.failed.len()), (5, 0), "{view}: {:?}", listing.failed);
        let by_git = told.iter().filter(|(_, _, told)| told.contains("answered 401")).count();
        assert_eq!((by_git, told.iter().filter(|it| it.2 == by_list).count()), (2, 3));
        let says = "not public, and so not distributed: extensions/Observed, ";
        assert!(listing.warnings.iter().any(|it| it.starts_with(says)), "{:?}", listing.warnings);
    }
}

#[test]
fn a_repository_without_a_url_over_http_is_named_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut answer = phorge(2, "public");
    for repository in answer["result"]["data"].as_array_mut().unwrap() {
        let uris = repository["attachments"]["uris"]["uris"].as_array_mut().unwrap();
        uris.retain(|it| !it["fields"]["uri"]["effective"].as_str().unwrap().starts_with("http"));
    }
    let body = answer.to_string();
    let server = Server::start(move |_| ok(body.clone()));
    let toml = phabricator(&server.url, folder.path()) + "\nextension-prefix = 'extension-'";
    let listing = list(&toml).unwrap();
    assert_eq!(listing.failed.len(), 2);
    let error = listing.failed[0].1.to_string();
    assert!(error.contains("no http or https URL") && error.contains(&server.url), "{error}");
}

#[test]
fn a_page_that_takes_phabricator_too_much_work_is_asked_for_in_smaller_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        if request.contains("&limit=100") || request.contains("&limit=20") {
            let info = "Query (of class \"PhabricatorRepositoryQuery\") overheated: examined more than \
                        1,000 raw rows without finding 100 visible objects.";
            let error = serde_json::json!({"result": null, "error_code": "ERR-CONDUIT-CORE",
                "error_info": info});
            return ok(error.to_string());
        }
        ok(phorge(2, "public").to_string())
    });
    let toml = phabricator(&server.url, folder.path()) + "\nextension-prefix = 'extension-'";
    assert_eq!(list(&toml).unwrap().without_tips.len(), 2);
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn mediawiki_tells_names_and_branches_in_one_request() {
    let server = Server::start(|_| ok(described("mediawiki.json")));
    let url = &server.url;
    let table = |rest: &str| format!("type = 'mediawiki'\nurl = '{url}/w/api.php'\n{rest}");
    let listing = list(&table("git-url = 'https://git.example.org/r'")).unwrap();
    assert_eq!(names(&listing), ["extensions/Cite", "extensions/VisualEditor", "skins/Vector"]);
    let cite = &listing.without_tips[0];
    assert_eq!(cite.remote_url, "https://git.example.org/r/mediawiki/extensions/Cite");
    assert_eq!(cite.source_url, "https://git.example.org/r/mediawiki/extensions/Cite.git");
    assert_eq!(listing.refused[0].text, "../../etc");
    let branches: Vec<String> = listing.branches.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(branches, ["master", "REL1_46", "REL1_45"]);
    assert_eq!(server.requests().len(), 1);

    let template = "git-url = 'https://github.com/wikimedia/mediawiki-$TYPE-$EXT'";
    let listing = list(&table(&format!("{template}\nwiki-branches = false"))).unwrap();
    assert_eq!(listing.branches, None);
    let vector = "https://github.com/wikimedia/mediawiki-skins-Vector";
    assert_eq!(listing.without_tips[2].source_url, vector);
}

#[test]
fn mediawiki_without_the_extension_says_so() {
    for (file, says) in [
        ("mediawiki-without.json", "ExtensionDistributor"),
        ("mediawiki-error.json", "readapidenied"),
    ] {
        let server = Server::start(move |_| ok(described(file)));
        let toml = format!("type = 'mediawiki'\nurl = '{}/w/api.php'", server.url);
        let error = list(&toml).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(&server.url), "{error}");
    }
}

/// A table for each sort of upstream that is asked over HTTP.
fn tables(url: &str, token: &str) -> [String; 6] {
    [
        format!("type = 'gerrit'\nurl = '{url}/r'"),
        format!("type = 'mediawiki'\nurl = '{url}/w/api.php'"),
        format!("type = 'github'\nurl = '{url}/wikimedia'"),
        format!("type = 'gitlab'\nurl = '{url}/group'"),
        format!("type = 'gitea'\nurl = '{url}/owner'"),
        format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{token}'"),
    ]
}

#[test]
fn what_is_no_answer_of_an_upstream_is_named_with_its_url() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    for (body, says) in [
        ("<!DOCTYPE html><title>Sign in</title>", "begins with"),
        ("", "empty"),
        ("{\"mess", ""),
        ("[1, 2, 3]", ""),
        ("{\"message\": \"Not here\"}", ""),
    ] {
        let server = Server::start(move |_| ok(body));
        for toml in tables(&server.url, &token) {
            let error = list(&toml).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(&server.url), "{toml}: {error}");
        }
    }
    let server = Server::start(|_| status(503));
    for toml in tables(&server.url, &token) {
        let error = list(&toml).unwrap_err();
        assert!(
            error.is_transient() && error.to_string().contains("answered 503"),
            "{toml}: {error}"
        );
    }
}

#[test]
fn a_list_without_an_end_is_given_up() {
    let github = |toml_url: &str| format!("type = 'github'\nurl = '{toml_url}/wikimedia'");
    let again = Server::start(|_| Answer {
        next: Some("SELF/again".into()),
        ..ok(described("github-1.json"))
    });
    let error = list(&github(&again.url)).unwrap_err().to_string();
    assert!(error.contains("nothing new"), "{error}");
    assert_eq!(again.requests().len(), 2);

    let number = Mutex::new(0);
    let more = Server::start(move |_| {
        let mut number = number.lock().unwrap();
        *number += 1;
        let body = format!(r#"[{{"name": "mediawiki-skins-N{number}", "clone_url": "SELF/x"}}]"#);
        Answer { next: Some(format!("SELF/{number}")), ..ok(body) }
    });
    let error = list(&github(&more.url)).unwrap_err().to_string();
    assert!(error.contains("1000 pages"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    let cursor = Server::start(|_| ok(described("phabricator-1.json")));
    let toml = format!("type = 'phabricator'\nurl = '{}'\ntoken-file = '{token}'", cursor.url);
    let error = list(&toml).unwrap_err().to_string();
    assert!(error.contains("nothing new"), "{error}");
}

#[test]
fn the_next_page_on_another_host_is_not_asked() {
    let other = Server::start(|_| ok("[]"));
    let next = format!("{}/steal", other.url);
    let server = Server::start(move |_| Answer {
        next: Some(next.clone()),
        ..ok(described("github-1.json"))
    });
    let toml = format!("type = 'github'\nurl = '{}/wikimedia'", server.url);
    let error = list(&toml).unwrap_err().to_string();
    assert!(error.contains("another host") && error.contains(&other.url), "{error}");
    assert_eq!(other.requests(), [""; 0]);
}

#[test]
fn a_list_file_that_is_missing_empty_or_wrong_is_told_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let spec = |name: &str| format!("list={}", path(name)).parse::<Spec>().unwrap();
    fs::write(path("empty"), "# nothing yet\n").unwrap();
    fs::write(path("wrong"), "skins/A https://h.example/A\nskins/B\nskins/C /srv/C\n").unwrap();
    let specs = [spec("missing"), spec("empty"), spec("wrong")];
    let Err(Error::Config(text)) = upstream::open(&specs) else { panic!("an error") };
    for says in [
        format!("cannot read the list {}", path("missing")),
        format!("{}: it names no repository", path("empty")),
        format!("{}, line 2: ", path("wrong")),
        format!("{}, line 3: \"/srv/C\"", path("wrong")),
    ] {
        assert!(text.contains(&says), "{says} in {text}");
    }
}

/// A bare repository with one commit on `branch`.
fn repository(path: &Path, branch: &str) -> String {
    let repository = Repository::init_bare(path).unwrap();
    let tree = repository.treebuilder(None).unwrap().write().unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
    let name = format!("refs/heads/{branch}");
    repository.commit(Some(&name), &who, &who, "x", &tree, &[]).unwrap().to_string()
}

#[test]
fn a_directory_tells_repositories_and_tips_in_both_layouts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tip = repository(&root.join("extensions/Foo.git"), "REL1_45");
    repository(&root.join("mediawiki/skins/Bar.git"), "wip");
    repository(&root.join("skins/a b.git"), "master");
    Repository::init_bare(root.join("skins/Empty.git")).unwrap();
    fs::create_dir_all(root.join("skins/Broken.git")).unwrap();
    fs::create_dir_all(root.join("skins/other")).unwrap();
    let listing = list(&format!("type = 'directory'\npath = '{}'", root.display())).unwrap();
    let mut shown: Vec<(String, &str, usize)> = listing
        .projects
        .iter()
        .map(|it| (it.id.to_string(), it.source_url.as_str(), it.tips.len()))
        .collect();
    shown.sort();
    let expected = [
        ("extensions/Foo".to_owned(), "extensions/Foo.git", 1),
        ("skins/Bar".to_owned(), "mediawiki/skins/Bar.git", 0),
        ("skins/Empty".to_owned(), "skins/Empty.git", 0),
    ];
    assert_eq!(shown, expected);
    assert_eq!(listing.projects[0].tips[&"REL1_45".parse().unwrap()].as_str(), tip);
    assert!(listing.projects[0].url.starts_with('/'));
    assert_eq!(listing.failed[0].0.to_string(), "skins/Broken");
    assert_eq!(listing.refused[0].text, "a b");

    let public = format!(
        "type = 'directory'\npath = '{}'\ngit-url = 'https://git.example.org/'",
        root.display()
    );
    let listing = list(&public).unwrap();
    let foo = &listing.projects[0];
    assert_eq!(foo.source_url, "https://git.example.org/extensions/Foo.git");
    assert_eq!(foo.remote_url, "https://git.example.org/extensions/Foo");

    let empty = root.join("skins/other");
    let error = list(&format!("type = 'directory'\npath = '{}'", empty.display())).unwrap_err();
    assert!(error.to_string().contains("neither extensions/ nor skins/"), "{error}");
    let error = list("type = 'directory'\npath = '/no/such/folder'").unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

fn packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// Git's answers by protocol 2.
fn git_2(request: &str) -> Answer {
    if request.contains("/Missing/") {
        return status(404);
    }
    if request.starts_with("POST") && request.contains("git-protocol: version=2") {
        let tip = if request.contains("/Empty/") { String::new() } else { tip() };
        return ok(tip + "0000");
    }
    status(400)
}

fn tip() -> String {
    packet(&format!("{COMMIT} refs/heads/master\n"))
}

/// Git's answers by protocol 0; a request by protocol 2 ends without an answer, as it does where a
/// proxy drops the header.
fn git_0(request: &str) -> Answer {
    if request.contains("/info/refs?service=git-upload-pack") {
        let head = packet("# service=git-upload-pack\n") + "0000";
        return ok(head + &packet(&format!("{COMMIT} HEAD\0agent=x\n")) + &tip() + "0000");
    }
    ok("")
}

fn list_file(folder: &Path, url: &str, ids: &[&str]) -> Box<dyn Upstream> {
    let path = folder.join("list.txt");
    let lines: String =
        ids.iter().map(|id| format!("{id} {url}/{}\n", id.rsplit('/').next().unwrap())).collect();
    fs::write(&path, lines).unwrap();
    format!("list={}", path.display()).parse::<Spec>().unwrap().open().unwrap()
}

fn list_all(upstreams: &[Box<dyn Upstream>], only: &[&str]) -> Result<Listing, Error> {
    let only: BTreeSet<RepositoryId> = only.iter().map(|id| id.parse().unwrap()).collect();
    let branches = Branches::new(["master", "REL1_45"].map(|name| name.parse().unwrap()), 0);
    let wanted = Wanted {
        branches: &branches,
        before: &Found::new(),
        only: &only,
        is_chosen: !only.is_empty(),
        remembered: &Pages::default(),
        jobs: 3,
    };
    upstream::list(upstreams, &http(upstreams), &wanted)
}

#[test]
fn git_tells_the_tips_in_one_request_a_repository() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(git_2);
    let ids = ["extensions/A", "extensions/Empty", "extensions/Missing", "skins/B"];
    let upstreams = [list_file(folder.path(), &server.url, &ids)];
    let listing = list_all(&upstreams, &[]).unwrap();
    let tips: Vec<(String, usize)> =
        listing.projects.iter().map(|it| (it.id.to_string(), it.tips.len())).collect();
    let expected = [("extensions/A", 1), ("extensions/Empty", 0), ("skins/B", 1)];
    assert_eq!(tips, expected.map(|(id, count)| (id.to_owned(), count)));
    assert_eq!(listing.projects[0].tips[&"master".parse().unwrap()].as_str(), COMMIT);
    let [(id, why, told)] = &left_out(&listing)[..] else { panic!("{:?}", listing.left_out) };
    assert_eq!((id.as_str(), *why), ("extensions/Missing", Absence::Gone));
    assert!(told.contains("answered 404"), "{told}");
    let mut targets = server.targets();
    targets.sort();
    let posts = ["A", "B", "Empty", "Missing"].map(|name| format!("POST /{name}/git-upload-pack"));
    let mut expected = posts.to_vec();
    // It may only be elsewhere.
    expected.insert(0, "GET /Missing/info/refs?service=git-upload-pack".to_owned());
    assert_eq!(targets, expected);
    let requests = server.requests();
    let request = requests.iter().find(|it| it.starts_with("POST")).unwrap();
    assert!(request.ends_with(
        "0014command=ls-refs\n00010021ref-prefix refs/heads/master\n\
         0022ref-prefix refs/heads/REL1_45\n0000"
    ));
}

/// What is left out: the name, why, and who says so.
fn left_out(listing: &Listing) -> Vec<(String, Absence, String)> {
    let left_out = listing.left_out.iter();
    left_out.map(|(id, it)| (id.to_string(), it.why, it.told.clone())).collect()
}

/// The answers of each type of upstream whose list does not always say what Git does: a list with one skin, `Vector`.
fn lists_one_skin(request: &str) -> Option<Answer> {
    let answer = |value: serde_json::Value| Some(ok(value.to_string()));
    if request.starts_with("GET /w/api.php") {
        let names = serde_json::json!({"extensions": [], "skins": ["Vector"]});
        return answer(serde_json::json!({"query": {"extdistrepos": names}}));
    }
    if request.starts_with("GET /orgs/") {
        let clone_url = "SELF/wikimedia/mediawiki-skins-Vector.git";
        let entry = serde_json::json!({"name": "mediawiki-skins-Vector", "clone_url": clone_url});
        return answer(serde_json::json!([entry]));
    }
    if request.starts_with("GET /api/v4/groups/") {
        let (path, url) = ("group/skins/Vector", "SELF/group/skins/Vector.git");
        let entry = serde_json::json!({"path_with_namespace": path, "http_url_to_repo": url});
        return answer(serde_json::json!([entry]));
    }
    if request.starts_with("POST /api/diffusion.repository.search") {
        let effective = |value: &str| serde_json::json!({"effective": value});
        let url = "SELF/source/mediawiki-skins-Vector.git";
        let uri = serde_json::json!({"fields": {"uri": effective(url), "io": effective("read")}});
        let fields = serde_json::json!({"name": "Vector", "shortName": "mediawiki-skins-Vector",
            "vcs": "git", "status": "active", "policy": {"view": "public"}});
        let data = serde_json::json!([{"phid": "PHID-REPO-1", "fields": fields,
            "attachments": {"uris": {"uris": [uri]}}}]);
        return answer(serde_json::json!({"result": {"data": data, "cursor": {"after": null}}}));
    }
    None
}

/// A table of each type of upstream of [`lists_one_skin`].
fn tables_of_one_skin(url: &str, token: &str) -> [String; 5] {
    [
        format!(
            "type = 'mediawiki'\nurl = '{url}/w/api.php'\ngit-url = '{url}/$TYPE/$EXT'\n\
             wiki-branches = false"
        ),
        format!("type = 'github'\nurl = '{url}/wikimedia'\napi = '{url}'"),
        format!("type = 'gitlab'\nurl = '{url}/group'"),
        format!("type = 'gitea'\nurl = '{url}/wikimedia'\napi = '{url}'"),
        format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{token}'"),
    ]
}

#[test]
fn what_git_calls_gone_or_not_public_is_left_out_and_named_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    for (refusal, why, says) in [
        (401, Absence::NotPublic, "not public, and so not distributed: skins/Vector"),
        (403, Absence::NotPublic, "not public, and so not distributed: skins/Vector"),
        (404, Absence::Gone, "not on its Git server, and so not distributed: skins/Vector"),
        (410, Absence::Gone, "not on its Git server, and so not distributed: skins/Vector"),
    ] {
        let answer =
            move |request: &str| lists_one_skin(request).unwrap_or_else(|| status(refusal));
        let server = Server::start(answer);
        let mut upstreams: Vec<_> =
            tables_of_one_skin(&server.url, &token).iter().map(|it| open(it)).collect();
        upstreams.push(list_file(folder.path(), &server.url, &["skins/Vector"]));
        for upstream in upstreams {
            let name = upstream.url().to_owned();
            let listing = list_all(&[upstream], &[]).unwrap();
            assert_eq!((listing.ids().count(), listing.failed.len()), (0, 0), "{name}");
            let told = left_out(&listing);
            assert_eq!((told.len(), told[0].1), (1, why), "{name}: {told:?}");
            assert!(told[0].2.contains(&refusal.to_string()), "{name}: {told:?}");
            assert_eq!(listing.warnings, [says], "{name}");
        }
    }
}

#[test]
fn what_one_upstream_no_longer_has_is_taken_from_the_next_one() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(git_2);
    let upstreams = [
        list_file(one.path(), &format!("{}/Missing", server.url), &["skins/A"]),
        list_file(two.path(), &server.url, &["skins/A"]),
    ];
    let listing = list_all(&upstreams, &[]).unwrap();
    assert_eq!(listing.projects.len(), 1);
    assert_eq!(listing.projects[0].url, format!("{}/A", server.url));
    assert_eq!((left_out(&listing).len(), listing.warnings.len()), (0, 0));
}

#[test]
fn only_what_is_asked_for_costs_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(git_2);
    let upstreams = [list_file(folder.path(), &server.url, &["skins/A", "skins/B", "skins/C"])];
    let listing = list_all(&upstreams, &["skins/B"]).unwrap();
    assert_eq!(listing.projects.len(), 3, "all are known to be there");
    assert_eq!(server.targets(), ["POST /B/git-upload-pack"]);
}

#[test]
fn an_older_server_tells_all_refs_and_is_asked_for_them_at_once_after_that() {
    let server = Server::start(git_0);
    let spec: Spec = server.url.parse().unwrap();
    let http = http(&[spec.open().unwrap()]);
    let projects: Vec<Project> = ["skins/A", "skins/B", "skins/C"]
        .iter()
        .map(|id| Project::new(id.parse().unwrap(), &format!("{}/{id}", server.url)))
        .collect();
    let (told, failed) = tips::ask(&http, &Spoken::default(), projects, &branches(), 1);
    assert!(failed.is_empty(), "{failed:?}");
    assert!(told.iter().all(|project| project.tips.len() == 1));
    let posts = server.targets().iter().filter(|it| it.starts_with("POST")).count();
    assert_eq!((posts, server.requests().len()), (1, 4));
    assert_eq!(server.connections.load(Ordering::SeqCst), 1, "one connection serves them all");
}

#[test]
fn what_is_no_git_is_named_and_a_host_that_is_down_is_not_asked_for_ever() {
    let html = Server::start(|_| ok("<!DOCTYPE html>"));
    let down = Server::start(|_| status(502));
    let project = |id: &str, url: &str| Project::new(id.parse().unwrap(), url);
    let mut projects = vec![project("skins/Html", &html.url)];
    projects.extend((0..50).map(|number| project(&format!("skins/N{number}"), &down.url)));
    let specs: [Spec; 2] = [html.url.parse().unwrap(), down.url.parse().unwrap()];
    let http = http(&upstream::open(&specs).unwrap());
    let (told, failed) = tips::ask(&http, &Spoken::default(), projects, &branches(), 1);
    assert_eq!((told.len(), failed.len()), (0, 51));
    let html = failed.iter().find(|(id, _)| id.to_string() == "skins/Html").unwrap();
    assert!(html.1.to_string().contains("not Git's smart HTTP"), "{}", html.1);
    // By protocol 2 and by protocol 0.
    assert_eq!(down.requests().len(), 2 * 20);
    let last = failed.last().unwrap().1.to_string();
    let origin = &down.url;
    let says = format!("was not asked: 20 requests to {origin} failed in a row; the next cycle");
    assert!(last.contains(&says), "{last}");
}

#[test]
fn several_upstreams_are_merged() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(git_2);
    let second = format!("{}/second", server.url);
    let upstreams = [
        list_file(one.path(), &server.url, &["skins/A", "skins/B"]),
        list_file(two.path(), &second, &["skins/B", "skins/C"]),
    ];
    let listing = list_all(&upstreams, &[]).unwrap();
    let urls: Vec<&str> = listing.projects.iter().map(|it| it.url.as_str()).collect();
    let expected = [format!("{}/A", server.url), format!("{}/B", server.url), second + "/C"];
    assert_eq!(urls, expected);
    assert!(listing.unavailable.is_empty());
}

#[test]
fn an_upstream_that_cannot_be_listed_stops_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(git_2);
    let broken = Server::start(|_| status(500));
    let empty = Server::start(|_| ok("[]"));
    let down = || open(&format!("type = 'gerrit'\nurl = '{}'", broken.url));
    let nothing = || open(&format!("type = 'github'\nurl = '{}/nobody'", empty.url));
    let upstreams = [down(), list_file(folder.path(), &server.url, &["skins/A"]), nothing()];
    let listing = list_all(&upstreams, &[]).unwrap();
    assert_eq!(listing.projects.len(), 1);
    assert_eq!(listing.projects[0].upstream, upstreams[1].url());
    let [(url, why)] = &listing.unavailable[..] else { panic!("{:?}", listing.unavailable) };
    assert_eq!(url, upstreams[0].url());
    let why = why.to_string();
    assert!(why.contains("answered 500") && why.contains(&broken.url), "{why}");
    // An empty list is a list. Whether that can be right is decided by whoever knows what was there.
    assert_eq!(list_all(&[nothing()], &[]).unwrap().ids().count(), 0);
    // Nothing is left.
    let error = list_all(&[down(), down()], &[]).unwrap_err().to_string();
    assert!(error.contains("answered 500") && error.contains(&broken.url), "{error}");
}

#[test]
fn upstreams_are_listed_at_the_same_time() {
    // Each answers only when both are asked.
    let both = Arc::new(Barrier::new(2));
    let servers = ["A", "B"].map(|name| {
        let both = Arc::clone(&both);
        Server::start(move |request| {
            if request.starts_with("GET /orgs/") {
                both.wait();
            }
            let name = format!("mediawiki-skins-{name}");
            ok(format!("[{{\"name\": \"{name}\", \"clone_url\": \"SELF/{name}\"}}]"))
        })
    });
    let upstreams = servers
        .each_ref()
        .map(|server| open(&format!("type = 'github'\nurl = '{0}/x'\napi = '{0}'", server.url)));
    let listing = list_all(&upstreams, &["skins/None"]).unwrap();
    let ids: Vec<String> = listing.projects.iter().map(|it| it.id.to_string()).collect();
    assert_eq!(ids, ["skins/A", "skins/B"], "in the order of the settings");
}

#[test]
fn a_gerrit_may_have_a_replica_for_git() {
    let server = Server::start(|request| {
        let kind = if request.contains("/skins/") { "skins" } else { "extensions" };
        let name = format!("mediawiki/{kind}/Foo");
        ok(format!(
            ")]}}'\n{{\"{name}\": {{\"id\": \"x\", \"state\": \"ACTIVE\", \
             \"branches\": {{\"refs/heads/master\": \"{COMMIT}\"}}}}}}"
        ))
    });
    let url = &server.url;
    let toml = format!("url = '{url}/r/'\ngit-url = 'https://replica.example.org/r'");
    let listing = list(&toml).unwrap();
    assert_eq!(server.requests().len(), 4, "two a kind");
    let skin = &listing.projects[1];
    assert_eq!(skin.url, "https://replica.example.org/r/mediawiki/skins/Foo");
    assert_eq!(skin.remote_url, format!("{url}/r/mediawiki/skins/Foo"));
    assert_eq!(skin.source_url, format!("{url}/r/mediawiki/skins/Foo.git"));
    assert_eq!(skin.tips.len(), 1);
}

/// Asks one host for `count` repositories, one after the other: how many told their tips, what the
/// others failed with, and what was asked.
fn asked(server: &Server, count: usize) -> (usize, Vec<String>, Vec<String>) {
    let spec: Spec = server.url.parse().unwrap();
    let http = http(&[spec.open().unwrap()]);
    let project = |number| {
        let id = format!("skins/N{number:03}");
        Project::new(id.parse().unwrap(), &format!("{}/{id}", server.url))
    };
    let (told, failed) =
        tips::ask(&http, &Spoken::default(), (0..count).map(project).collect(), &branches(), 1);
    let failed = failed.into_iter().map(|(_, error)| error.to_string()).collect();
    (told.len(), failed, server.targets())
}

#[test]
fn a_refusal_counts_once_the_older_protocol_is_refused_too() {
    for refusal in [401, 403, 410] {
        let server = Server::start(move |_| status(refusal));
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (0, 2), "{targets:?}");
        assert!(targets[0].starts_with("POST") && targets[1].contains("/info/refs"), "{targets:?}");
        assert!(failed[0].contains(&refusal.to_string()), "{failed:?}");

        let server = Server::start(move |request| {
            if request.starts_with("POST") { status(refusal) } else { git_0(request) }
        });
        let (told, failed, targets) = asked(&server, 2);
        assert_eq!((told, failed.len(), targets.len()), (2, 0, 3), "{targets:?}");
    }
}

#[test]
fn a_refusal_of_a_server_that_has_spoken_protocol_2_is_believed_at_once() {
    for refusal in [401, 403, 410] {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(move |request| {
            if request.contains("/Refused") { status(refusal) } else { git_2(request) }
        });
        let upstream = list_file(folder.path(), &server.url, &["skins/Refused1", "skins/Refused2"]);
        let http = http(&[upstream]);
        let spoken = Spoken::default();
        let project = |name: &str| {
            let id = format!("skins/{name}");
            Project::new(id.parse().unwrap(), &format!("{}/{name}", server.url))
        };
        let (told, _) = tips::ask(&http, &spoken, vec![project("A")], &branches(), 1);
        assert_eq!(told.len(), 1);
        let refused = ["Refused1", "Refused2"].map(project).to_vec();
        let (_, failed) = tips::ask(&http, &spoken, refused, &branches(), 1);
        assert_eq!((failed.len(), server.requests().len()), (2, 3), "{:?}", server.targets());
    }
}

#[test]
fn a_status_that_fails_for_the_moment_is_not_asked_around() {
    for transient in [408, 429] {
        let server = Server::start(move |_| status(transient));
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (0, 1), "{transient}: {targets:?}");
        assert!(failed[0].contains(&transient.to_string()), "{failed:?}");
    }
}

#[test]
fn an_error_of_the_server_counts_once_the_older_protocol_fails_too() {
    for transient in [500, 501, 503] {
        let server = Server::start(move |_| status(transient));
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (0, 2), "{transient}: {targets:?}");
        assert!(targets[1].contains("/info/refs"), "{targets:?}");
        assert!(failed[0].contains(&transient.to_string()), "{failed:?}");
    }
}

/// The body and status of an answer that Phorge's Git has given.
fn phorge_git(name: &str) -> Answer {
    let text = recorded(&format!("phorge/git-{name}.json"));
    let answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    let body = answer["body"].as_str().unwrap().to_owned();
    let status = answer["status"].as_u64().unwrap().try_into().unwrap();
    Answer { status, body, ..Answer::default() }
}

#[test]
fn phorge_which_answers_500_to_protocol_2_is_asked_by_protocol_0() {
    for (name, tips) in [("public", 1), ("empty", 0)] {
        let server = Server::start(move |request| {
            let asks = if request.starts_with("POST") { "ls-refs-at-once" } else { "info-refs" };
            phorge_git(&format!("{name}-{asks}"))
        });
        let spec: Spec = server.url.parse().unwrap();
        let http = http(&[spec.open().unwrap()]);
        let project = |id: &str| {
            Project::new(format!("skins/{id}").parse().unwrap(), &format!("{}/{id}", server.url))
        };
        let projects = ["A", "B", "C"].map(project).to_vec();
        let (told, failed) = tips::ask(&http, &Spoken::default(), projects, &branches(), 1);
        assert_eq!((told.len(), failed.len()), (3, 0), "{name}");
        let master = "master".parse().unwrap();
        assert!(told.iter().all(|it| usize::from(it.tips.contains_key(&master)) == tips), "{name}");
        let methods: Vec<String> =
            server.targets().iter().map(|it| it.split(' ').next().unwrap().to_owned()).collect();
        assert_eq!(methods, ["POST", "GET", "GET", "GET"], "{name}");
    }
}

#[test]
fn an_error_of_a_server_that_has_spoken_protocol_2_is_not_asked_around() {
    let server = Server::start(|request| {
        if request.contains("N000") || request.contains("N001") {
            git_2(request)
        } else {
            status(500)
        }
    });
    let (told, failed, targets) = asked(&server, 3);
    // The order of repositories is scattered, so that the failing one may be asked first.
    let first = targets.iter().position(|it| it.contains("N002")).unwrap();
    let around = usize::from(first == 0);
    assert_eq!((told, failed.len(), targets.len()), (2, 1, 3 + around), "{targets:?}");
}

#[test]
fn a_renamed_owner_is_named_with_its_new_place_and_a_used_up_limit_with_its_end() {
    let listener = |head: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let rest = "content-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(format!("HTTP/1.1 {head}\r\n{rest}").as_bytes()).unwrap();
            }
        });
        format!("type = 'github'\nurl = '{url}/old'\napi = '{url}'")
    };
    let moved = "301 Moved Permanently\r\nlocation: https://api.github.com/organizations/7/repos";
    let error = list(&listener(moved)).unwrap_err().to_string();
    assert!(error.contains("moved to https://api.github.com/organizations/7/repos"), "{error}");
    let limit = "403 Forbidden\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 4102444800";
    let error = list(&listener(limit)).unwrap_err().to_string();
    assert!(error.contains("403 Forbidden") && error.contains("the next ones are in "), "{error}");
}

#[test]
fn a_server_that_refuses_protocol_2_is_asked_by_protocol_0() {
    for refusal in [400, 402, 405, 411, 415] {
        let server = Server::start(move |request| {
            if request.starts_with("POST") { status(refusal) } else { git_0(request) }
        });
        let (told, failed, targets) = asked(&server, 2);
        assert_eq!((told, failed.len()), (2, 0), "{refusal}: {failed:?}");
        // The second one's question is by protocol 0 at once.
        let methods: Vec<&str> = targets.iter().map(|it| it.split(' ').next().unwrap()).collect();
        assert_eq!(methods, ["POST", "GET", "GET"], "{refusal}");
    }
}

#[test]
fn an_answer_that_ends_early_is_another_protocols_and_one_that_breaks_is_not() {
    // The body is whole for HTTP, and cut for Git.
    for cut in ["", "00", "0032abc", &tip()] {
        let cut = cut.to_owned();
        let server = Server::start(move |request| {
            if request.starts_with("POST") { ok(cut.clone()) } else { git_0(request) }
        });
        let (told, failed, targets) = asked(&server, 1);
        assert_eq!((told, targets.len()), (1, 2), "{failed:?} {targets:?}");
    }
    // A chunk whose length is no number: the connection's fault, so that another try may work.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(&stream);
        let mut first = String::new();
        reader.read_line(&mut first).unwrap();
        let mut line = String::new();
        while line != "\r\n" {
            line.clear();
            reader.read_line(&mut line).unwrap();
        }
        let answer = "HTTP/1.1 200 X\r\ntransfer-encoding: chunked\r\n\r\nno number\r\n";
        (&stream).write_all(answer.as_bytes()).unwrap();
        // Whoever asks once more, by whichever protocol, is told the same.
        listener.set_nonblocking(true).unwrap();
        thread::sleep(Duration::from_millis(300));
        (first, listener.accept().is_ok())
    });
    let spec: Spec = url.parse().unwrap();
    let http = http(&[spec.open().unwrap()]);
    let project = Project::new("skins/A".parse().unwrap(), &format!("{url}/skins/A"));
    let (_, failed) = tips::ask(&http, &Spoken::default(), vec![project], &branches(), 1);
    assert!(failed[0].1.is_transient(), "{}", failed[0].1);
    let (first, is_asked_again) = asked.join().unwrap();
    assert!(first.starts_with("POST") && !is_asked_again, "{first}");
}

#[test]
fn repositories_that_are_refused_are_no_sign_that_their_host_is_down() {
    let server = Server::start(|_| status(410));
    let (told, failed, targets) = asked(&server, 50);
    // By protocol 2 and by protocol 0.
    assert_eq!((told, failed.len(), targets.len()), (0, 50, 2 * 50));
    assert!(failed.iter().all(|text| text.contains("answered 410")), "{failed:?}");
}

#[test]
fn only_failures_in_a_row_say_that_a_host_is_down() {
    // Nineteen fail, then there is an answer, of either sort; that begins the row anew.
    for answer in [200, 410] {
        let count = AtomicUsize::default();
        let server = Server::start(move |request| {
            // What is refused by protocol 2 is asked for by protocol 0.
            if request.starts_with("GET") {
                return status(answer);
            }
            match count.fetch_add(1, Ordering::SeqCst) % 20 {
                19 if answer == 200 => ok(tip() + "0000"),
                19 => status(answer),
                _ => status(429),
            }
        });
        let (told, failed, targets) = asked(&server, 40);
        assert_eq!(targets.len(), if answer == 200 { 40 } else { 42 }, "{answer}");
        assert_eq!((told, failed.len()), if answer == 200 { (2, 38) } else { (0, 40) });
    }
}

#[test]
fn a_group_of_repositories_that_fail_together_is_no_host_that_is_down() {
    let server =
        Server::start(
            |request| {
                if request.contains("/skins/N1") { status(500) } else { ok(tip() + "0000") }
            },
        );
    // N100 to N199 are one after the other.
    let (told, failed, targets) = asked(&server, 600);
    assert_eq!((told, failed.len(), targets.len()), (500, 100, 600));
    assert!(failed.iter().all(|text| text.contains("answered 500")), "{failed:?}");
}

/// JSON of one more entry than a list may have: `entry` each, between `start` and `end`.
fn too_many(start: &str, entry: impl Fn(usize) -> String, end: &str) -> String {
    let entries: Vec<String> = (0..=100_000).map(entry).collect();
    format!("{start}{}{end}", entries.join(","))
}

#[test]
fn a_list_with_too_many_entries_is_an_error_of_every_type_of_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    let answers = [
        ("gerrit", "", too_many(")]}'\n{", |i| format!("\"{i}\":{{}}"), "}")),
        (
            "github",
            "/x",
            too_many("[", |i| format!("{{\"name\":\"{i}\",\"clone_url\":\"\"}}"), "]"),
        ),
        (
            "gitlab",
            "/x",
            too_many(
                "[",
                |i| format!("{{\"path_with_namespace\":\"{i}\",\"http_url_to_repo\":\"\"}}"),
                "]",
            ),
        ),
        (
            "phabricator",
            "",
            too_many(
                "{\"result\":{\"data\":[",
                |i| {
                    format!(
                        "{{\"phid\":\"{i}\",\"fields\":{{\"name\":\"\",\"vcs\":\"\",\"status\":\"\"}}}}"
                    )
                },
                "]}}",
            ),
        ),
        (
            "mediawiki",
            "/api.php",
            too_many(
                "{\"query\":{\"extdistrepos\":{\"extensions\":[",
                |i| format!("\"{i}\""),
                "]}}}",
            ),
        ),
    ];
    for (name, path, body) in answers {
        let server = Server::start(move |_| ok(body.clone()));
        let token = if name == "phabricator" { &*format!("token-file = '{token}'") } else { "" };
        let toml = format!("type = '{name}'\nurl = '{}{path}'\n{token}", server.url);
        let error = list(&toml).unwrap_err().to_string();
        let says = "more than 100000 entries in one list";
        assert!(error.contains(says) && error.contains(&server.url), "{name}: {error}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}

#[test]
fn a_wiki_with_too_many_branches_and_a_long_url_of_a_next_page_are_errors() {
    let branches: Vec<String> = (0..=100).map(|i| format!("\"REL{i}\"")).collect();
    let wiki = format!(
        "{{\"query\":{{\"extdistrepos\":{{\"extensions\":[\"A\"],\"skins\":[]}},\"general\":\
         {{\"extensiondistributor\":{{\"snapshots\":[{}]}}}}}}}}",
        branches.join(",")
    );
    let server = Server::start(move |_| ok(wiki.clone()));
    let error = list(&format!("type = 'mediawiki'\nurl = '{}/api.php'", server.url)).unwrap_err();
    assert!(error.to_string().contains("more than 100 entries"), "{error}");

    let server = Server::start(|_| Answer {
        next: Some(format!("SELF/{}", "x".repeat(3000))),
        ..ok("[{\"name\":\"mediawiki-skins-A\",\"clone_url\":\"SELF/a\"}]")
    });
    let error = list(&format!("type = 'github'\nurl = '{}/x'", server.url)).unwrap_err();
    assert!(error.to_string().contains("next page has more than 2048 bytes"), "{error}");
}

/// User and password, as HTTP sends them.
const LOGIN: &str = "authorization: Basic Z2l0OmcxdC1wNHNz";

/// A file with user and password that only its owner may read.
fn credentials_file(folder: &Path) -> String {
    let path = folder.join("credentials");
    fs::write(&path, "git:g1t-p4ss\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// Git's answers to whoever sends [`LOGIN`].
fn git_with_login(request: &str) -> Answer {
    if request.contains(LOGIN) { git_2(request) } else { status(401) }
}

#[test]
fn credentials_of_git_go_with_its_requests_and_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (token, file) = (token_file(folder.path()), credentials_file(folder.path()));
    let server =
        Server::start(|request| lists_one_skin(request).unwrap_or_else(|| git_with_login(request)));
    let mut tables = tables_of_one_skin(&server.url, &token).to_vec();
    let list = folder.path().join("one.txt");
    fs::write(&list, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
    tables.push(format!("type = 'list'\npath = '{}'", list.display()));
    for toml in &tables {
        server.requests.lock().unwrap().clear();
        let upstreams = [open(&format!("{toml}\ngit-credentials-file = '{file}'"))];
        let listing = list_all(&upstreams, &[]).unwrap();
        assert_eq!(listing.projects.len(), 1, "{toml}: {:?}", listing.left_out);
        assert!(!listing.projects[0].source_url.contains("g1t"), "{toml}");
        for request in server.requests() {
            let is_git = request.contains("git-upload-pack");
            assert_eq!(request.contains(LOGIN), is_git, "{toml}: {request}");
        }
        let without = list_all(&[open(toml)], &[]).unwrap();
        assert_eq!((without.projects.len(), without.left_out.len()), (0, 1), "{toml}");
    }
}

#[test]
fn with_credentials_of_git_what_is_not_public_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (token, file) = (token_file(folder.path()), credentials_file(folder.path()));
    let key = format!("\ngit-credentials-file = '{file}'");
    let server = Server::start(github);
    let toml = format!("type = 'github'\nurl = '{0}/wikimedia'\napi = '{0}'", server.url) + &key;
    let listing = list(&toml).unwrap();
    assert!(names(&listing).contains(&"extensions/Secret".to_owned()), "{:?}", names(&listing));
    assert!(listing.left_out.is_empty());

    let server = Server::start(|_| ok("[]"));
    list(&(format!("type = 'gitlab'\nurl = '{}/group'", server.url) + &key)).unwrap();
    assert!(!server.targets()[0].contains("visibility"), "{:?}", server.targets());

    let server = Server::start(|_| ok(phorge(2, "users").to_string()));
    let toml = format!("type = 'phabricator'\nurl = '{}'\ntoken-file = '{token}'", server.url);
    let listing = list(&(toml + "\nextension-prefix = 'extension-'" + &key)).unwrap();
    assert_eq!((listing.without_tips.len(), listing.left_out.len()), (2, 0));
}

#[test]
fn credentials_of_git_do_not_follow_a_redirect_to_another_host() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    let other = Server::start(git_0);
    let place = format!("{}/elsewhere/info/refs?service=git-upload-pack", other.url);
    let server = Server::start(move |request| {
        let location = Some(place.clone());
        if request.contains(LOGIN) { Answer { location, ..status(301) } } else { status(401) }
    });
    let path = folder.path().join("one.txt");
    fs::write(&path, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
    let upstreams = [
        open(&format!(
            "type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'",
            path.display()
        )),
        list_file(folder.path(), &other.url, &["skins/Other"]),
    ];
    let listing = list_all(&upstreams, &[]).unwrap();
    assert_eq!(listing.projects.len(), 2, "{:?}", listing.failed);
    assert!(other.targets().iter().any(|it| it.contains("/elsewhere/info/refs")));
    assert!(other.requests().iter().all(|it| !it.to_ascii_lowercase().contains("authorization")));
    assert!(server.requests().iter().all(|it| it.contains(LOGIN)));
}

#[test]
fn credentials_that_a_server_refuses_are_a_failure_and_withdraw_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    for (refusal, is_failure) in [(401, true), (403, true), (404, true), (410, false)] {
        let server = Server::start(move |_| status(refusal));
        let path = folder.path().join("one.txt");
        fs::write(&path, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
        let toml =
            format!("type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'", path.display());
        let listing = list_all(&[open(&toml)], &[]).unwrap();
        assert_eq!(listing.failed.len(), usize::from(is_failure), "{refusal}");
        assert_eq!(listing.left_out.len(), usize::from(!is_failure), "{refusal}");
        if let Some((_, error)) = listing.failed.first() {
            let error = error.to_string();
            assert!(error.contains("git-credentials-file") && error.contains(&refusal.to_string()));
        }
    }
}

#[test]
fn a_git_server_that_quotes_what_it_was_sent_is_told_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    for quoted in ["g1t-p4ss", "git:g1t-p4ss", "Z2l0OmcxdC1wNHNz"] {
        // At each place, also where a message is cut.
        for before in [0, 60, 180, 190, 195] {
            let text = format!("ERR {}{quoted}\n", "x".repeat(before));
            let server = Server::start(move |_| ok(packet(&text)));
            let path = folder.path().join("one.txt");
            fs::write(&path, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
            let toml = format!(
                "type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'",
                path.display()
            );
            let listing = list_all(&[open(&toml)], &[]).unwrap();
            let error = listing.failed[0].1.to_string();
            assert!(error.contains("xxx") || error.contains("[secret]"), "{error}");
            assert!(!error.contains("g1t-") && !error.contains("Z2l0"), "{error}");
        }
    }
}

#[test]
fn credentials_of_git_that_cannot_be_right_are_told_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    let gitlab = |url: &str| {
        let toml = format!("type = 'gitlab'\nurl = '{url}'\ngit-credentials-file = '{file}'");
        toml::from_str::<Spec>(&toml).map_err(|error| error.to_string())
    };
    assert!(gitlab("http://gitlab.example.org/g").unwrap_err().contains("https only"));
    let spec = gitlab("https://gitlab.example.org/g").unwrap();
    assert!(spec.open().is_ok());
    for text in ["g1t-p4ss", "git:", ":g1t-p4ss"] {
        fs::write(&file, text).unwrap();
        let Err(error) = spec.open() else { panic!("{text} is taken") };
        assert!(error.contains("USER:PASSWORD") && !error.contains("g1t"), "{error}");
    }
    fs::write(&file, "git:g1t-p4ss").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let Err(error) = spec.open() else { panic!("everybody may read it") };
    assert!(error.contains("chmod o="), "{error}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let path = folder.path().join("two.txt");
    for (text, says) in [
        ("skins/A https://a.example/A\nskins/B https://b.example/B\n", "a list for each host"),
        ("skins/A http://a.example/A\n", "https only"),
    ] {
        fs::write(&path, text).unwrap();
        let toml =
            format!("type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'", path.display());
        let Err(error) = toml::from_str::<Spec>(&toml).unwrap().open() else {
            panic!("{text} is taken")
        };
        assert!(error.contains(says), "{error}");
    }
}

/// The same answers by a server that has an `ETag` for each, and answers 304 to whoever names it.
fn with_etags(
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> impl Fn(&str) -> Answer + Send + Sync + 'static {
    move |request| {
        let answer = answer(request);
        if answer.status != 200 {
            return answer;
        }
        let etag = format!("W/\"{}\"", answer.body.len());
        if request.contains(&format!("if-none-match: {etag}\r\n")) {
            return Answer { etag: Some(etag), ..status(304) };
        }
        Answer { etag: Some(etag), ..answer }
    }
}

/// Lists an upstream with what an earlier list left, and returns what this one leaves.
fn list_again(toml: &str, text: &str) -> (Listing, Option<String>) {
    let (upstreams, pages) = ([open(toml)], Pages::read(text.as_bytes()));
    let listing = upstreams[0].list(&http(&upstreams), &branches(), &pages).unwrap();
    (listing, pages.text(true))
}

#[test]
fn a_list_without_news_is_not_sent_again() {
    for (kind, owner) in
        [("github", "wikimedia"), ("gitlab", "repos/mediawiki"), ("gitea", "wiki2")]
    {
        let server = Server::start(with_etags(move |request| match kind {
            "github" => github(request),
            "gitea" => gitea(request),
            _ if request.contains("&page=2") => ok(described("gitlab-2.json")),
            _ => {
                let next = "SELF/api/v4/groups/repos%2Fmediawiki/projects?per_page=100&page=2";
                Answer { next: Some(next.to_owned()), ..ok(described("gitlab-1.json")) }
            }
        }));
        let mut toml = format!("type = '{kind}'\nurl = '{}/{owner}'", server.url);
        if kind == "github" {
            toml += &format!("\napi = '{}'", server.url);
        }
        let (first, text) = list_again(&toml, "");
        let text = text.unwrap();
        assert!(server.requests().iter().all(|it| !it.contains("if-none-match")), "{kind}");
        let (again, left) = list_again(&toml, &text);
        assert_eq!((names(&again), left), (names(&first), None), "{kind}");
        assert_eq!(left_out(&again), left_out(&first), "{kind}");
        assert_eq!(again.failed.len(), first.failed.len(), "{kind}");
        let requests = server.requests();
        assert_eq!(requests.len(), 4, "{kind}: {:?}", server.targets());
        assert!(requests[2..].iter().all(|it| it.contains("if-none-match: W/")), "{kind}");
        // What is lost costs a request, and nothing else.
        let (lost, text) = list_again(&toml, "");
        assert_eq!((names(&lost), text.is_some()), (names(&first), true), "{kind}");
    }
}

#[test]
fn of_a_list_with_news_only_the_page_that_changed_is_sent() {
    let more = Arc::new(Mutex::new(false));
    let has_more = Arc::clone(&more);
    let server = Server::start(with_etags(move |request| {
        let answer = github(request);
        if !request.contains("page=2") || !*has_more.lock().unwrap() {
            return answer;
        }
        let entry = r#"[{"name": "mediawiki-skins-New", "clone_url": "SELF/wikimedia/New"},"#;
        Answer { body: answer.body.trim_start().replacen('[', entry, 1), ..answer }
    }));
    let toml = format!("type = 'github'\nurl = '{0}/wikimedia'\napi = '{0}'", server.url);
    let (first, text) = list_again(&toml, "");
    *more.lock().unwrap() = true;
    let (again, text) = list_again(&toml, &text.unwrap());
    assert_eq!(names(&again).len(), names(&first).len() + 1);
    assert!(names(&again).contains(&"skins/New".to_owned()));
    let (third, left) = list_again(&toml, &text.unwrap());
    assert_eq!((names(&third), left), (names(&again), None));
}

#[test]
fn a_full_last_page_is_sent_again_since_another_one_may_come_to_be_after_it() {
    let more = Arc::new(Mutex::new(false));
    let has_more = Arc::clone(&more);
    let server = Server::start(with_etags(move |request| {
        let entry = |number: usize| {
            let clone_url = "SELF/wikis/x";
            serde_json::json!({"name": format!("mediawiki-skins-N{number}"), "clone_url": clone_url})
        };
        if request.contains("&page=2") {
            return ok(serde_json::json!([entry(50)]).to_string());
        }
        let page: Vec<_> = (0..50).map(entry).collect();
        let next = "SELF/api/v1/orgs/wikis/repos?limit=50&page=2".to_owned();
        let next = has_more.lock().unwrap().then_some(next);
        Answer { next, ..ok(serde_json::json!(page).to_string()) }
    }));
    let toml = format!("type = 'gitea'\nurl = '{}/wikis'", server.url);
    let (first, text) = list_again(&toml, "");
    *more.lock().unwrap() = true;
    let (again, text) = list_again(&toml, &text.unwrap_or_default());
    assert_eq!((names(&first).len(), names(&again).len()), (50, 51));
    let (third, _) = list_again(&toml, &text.unwrap());
    assert_eq!(names(&third).len(), 51);
    let conditional = server.requests().iter().filter(|it| it.contains("if-none-match")).count();
    assert_eq!(conditional, 2, "both pages, once there are two");
}

#[test]
fn a_304_that_nobody_asked_for_is_an_error() {
    let server = Server::start(|_| status(304));
    let toml = format!("type = 'gitea'\nurl = '{}/wikis'", server.url);
    assert!(list(&toml).unwrap_err().to_string().contains("304"));
}

#[test]
fn a_server_that_only_has_files_is_named_as_one_of_the_dumb_protocol() {
    for refusal in [403, 404, 405, 501] {
        for id in [COMMIT.to_owned(), "0a1b".repeat(10), "00ff".repeat(16)] {
            let server = Server::start(move |request| {
                let is_list = request.starts_with("GET") && request.contains("/info/refs");
                if is_list { ok(format!("{id}\trefs/heads/master\n")) } else { status(refusal) }
            });
            let folder = tempfile::tempdir().unwrap();
            let upstreams = [list_file(folder.path(), &server.url, &["skins/A"])];
            let listing = list_all(&upstreams, &[]).unwrap();
            let [(_, error)] = &listing.failed[..] else { panic!("{refusal}: {listing:?}") };
            let text = error.to_string();
            assert!(text.contains("only Git's dumb protocol"), "{refusal}: {text}");
            assert!(text.contains(&server.url) && !error.is_transient(), "{refusal}: {text}");
        }
    }
}

#[test]
fn what_the_host_of_mediawiki_itself_speaks_is_known_for_all_its_repositories() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| match request {
        it if it.starts_with("GET /r/projects/") => ok(")]}'\n{}"),
        it if it.starts_with("POST") => status(500),
        it => git_0(it),
    });
    let upstreams = [
        open(&format!("type = 'gerrit'\nurl = '{}/r'", server.url)),
        list_file(folder.path(), &server.url, &["skins/A", "skins/B"]),
    ];
    let branches = Branches::new(["master".parse().unwrap()], 4);
    let wanted = Wanted {
        branches: &branches,
        before: &Found::new(),
        only: &BTreeSet::new(),
        is_chosen: false,
        remembered: &Pages::default(),
        jobs: 1,
    };
    let listing = upstream::list(&upstreams, &http(&upstreams), &wanted).unwrap();
    assert_eq!((listing.projects.len(), listing.failed.len()), (2, 0));
    let targets = server.targets();
    let posts: Vec<_> = targets.iter().filter(|it| it.starts_with("POST")).collect();
    assert_eq!(posts, ["POST /r/mediawiki/core/git-upload-pack"], "{targets:?}");
    let gets = targets.iter().filter(|it| it.contains("/info/refs")).count();
    assert_eq!(gets, 3, "{targets:?}");
}
