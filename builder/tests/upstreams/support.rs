//! Servers that answer as upstreams do, and what the tests ask of them.

use std::{
    collections::BTreeSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::Duration,
};

use tardist::{
    Error, RepositoryId,
    net::{Hosts, Http, HttpLimits, HttpOptions},
    upstream::{self, Absence, Asked, Branches, Found, Listing, Pages, Spec, Upstream, Wanted},
};

/// The hosts of the answers.
pub(crate) const HOSTS: [&str; 6] = [
    "https://gitea.example.org",
    "http://phorge.example.org",
    "https://api.github.com",
    "https://github.com",
    "https://gitlab.example.org",
    "https://phabricator.example.org",
];

/// An answer that a real server has given.
pub(crate) fn recorded(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/recorded").join(name);
    fs::read_to_string(path).unwrap()
}

/// An answer with the fields that the documentation of a service has.
pub(crate) fn described(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/described").join(name);
    fs::read_to_string(path).unwrap()
}

/// One answer: status, a `Link` to the next page, the place that a redirect leads to, an `ETag`, body.
#[derive(Debug, Clone, Default)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) next: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) etag: Option<String>,
    pub(crate) body: String,
}

pub(crate) fn ok(body: impl Into<String>) -> Answer {
    Answer { status: 200, body: body.into(), ..Answer::default() }
}

pub(crate) fn status(status: u16) -> Answer {
    Answer { status, ..Answer::default() }
}

/// A HTTP server for as long as the test runs. `SELF` in its answers is its own URL, and so are
/// [`HOSTS`].
pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) requests: Arc<Mutex<Vec<String>>>,
    pub(crate) connections: Arc<AtomicUsize>,
}

impl Server {
    /// Serves what `answer` makes of a request: its first line and headers, and its body.
    pub(crate) fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
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

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// The requests' first lines.
    pub(crate) fn targets(&self) -> Vec<String> {
        let first = |it: &String| it.lines().next().unwrap().replace(" HTTP/1.1", "");
        self.requests().iter().map(first).collect()
    }
}

pub(crate) fn serve(
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

pub(crate) fn branches() -> Asked {
    Asked::names(["master", "REL1_45"].iter().map(|name| name.parse().unwrap()).collect())
}

pub(crate) fn open(toml: &str) -> Box<dyn Upstream> {
    toml::from_str::<Spec>(toml).unwrap().open().unwrap()
}

pub(crate) fn http(upstreams: &[Box<dyn Upstream>]) -> Http {
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

pub(crate) fn list(toml: &str) -> Result<Listing, Error> {
    let upstreams = [open(toml)];
    upstreams[0].list(&http(&upstreams), &branches(), &Pages::default())
}

pub(crate) fn names(listing: &Listing) -> Vec<String> {
    listing.without_tips.iter().map(|project| project.id.to_string()).collect()
}

/// A file with a token that only its owner may read.
pub(crate) fn token_file(folder: &Path) -> String {
    let path = folder.join("token");
    fs::write(&path, "s3cret-t0ken\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}

/// GitHub's answers: two pages of an organization.
pub(crate) fn github(request: &str) -> Answer {
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

/// Gitea's answers, as a real one has given them to a token: two pages of an organization.
pub(crate) fn gitea(request: &str) -> Answer {
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

/// The table of a Phabricator at this URL.
pub(crate) fn phabricator(url: &str, folder: &Path) -> String {
    format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{}'", token_file(folder))
}

/// A page of repositories as Phorge has answered it, with this policy of view for all of them.
pub(crate) fn phorge(page: usize, view: &str) -> serde_json::Value {
    let text = recorded(&format!("phorge/search-{page}.json"));
    let mut answer: serde_json::Value = serde_json::from_str(&text).unwrap();
    for repository in answer["result"]["data"].as_array_mut().unwrap() {
        repository["fields"]["policy"]["view"] = view.into();
        // The recorded ones are mostly deactivated.
        repository["fields"]["status"] = "active".into();
    }
    answer
}

/// A table for each sort of upstream that is asked over HTTP.
pub(crate) fn tables(url: &str, token: &str) -> [String; 6] {
    [
        format!("type = 'gerrit'\nurl = '{url}/r'"),
        format!("type = 'mediawiki'\nurl = '{url}/w/api.php'"),
        format!("type = 'github'\nurl = '{url}/wikimedia'"),
        format!("type = 'gitlab'\nurl = '{url}/group'"),
        format!("type = 'gitea'\nurl = '{url}/owner'"),
        format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{token}'"),
    ]
}

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

pub(crate) fn packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// Git's answers by protocol 2.
pub(crate) fn git_2(request: &str) -> Answer {
    if request.contains("/Missing/") {
        return status(404);
    }
    if request.starts_with("POST") && request.contains("git-protocol: version=2") {
        let tip = if request.contains("/Empty/") { String::new() } else { tip() };
        return ok(tip + "0000");
    }
    status(400)
}

pub(crate) fn tip() -> String {
    packet(&format!("{COMMIT} refs/heads/master\n"))
}

/// Git's answers by protocol 0; a request by protocol 2 ends without an answer, as it does where a
/// proxy drops the header.
pub(crate) fn git_0(request: &str) -> Answer {
    if request.contains("/info/refs?service=git-upload-pack") {
        let head = packet("# service=git-upload-pack\n") + "0000";
        return ok(head + &packet(&format!("{COMMIT} HEAD\0agent=x\n")) + &tip() + "0000");
    }
    ok("")
}

pub(crate) fn list_file(folder: &Path, url: &str, ids: &[&str]) -> Box<dyn Upstream> {
    let path = folder.join("list.txt");
    let lines: String =
        ids.iter().map(|id| format!("{id} {url}/{}\n", id.rsplit('/').next().unwrap())).collect();
    fs::write(&path, lines).unwrap();
    format!("list={}", path.display()).parse::<Spec>().unwrap().open().unwrap()
}

pub(crate) fn list_all(upstreams: &[Box<dyn Upstream>], only: &[&str]) -> Result<Listing, Error> {
    let only: BTreeSet<RepositoryId> = only.iter().map(|id| id.parse().unwrap()).collect();
    let branches = Branches::new(["master", "REL1_45"].map(|name| name.parse().unwrap()), 0);
    let wanted = Wanted {
        branches: &branches,
        before: &Found::new(),
        only: &only,
        is_chosen: !only.is_empty(),
        remembered: &Pages::default(),
        lacks: &|_, _| false,
        jobs: 3,
    };
    upstream::list(upstreams, &http(upstreams), &wanted)
}

/// What is left out: the name, why, and who says so.
pub(crate) fn left_out(listing: &Listing) -> Vec<(String, Absence, String)> {
    let left_out = listing.left_out.iter();
    left_out.map(|(id, it)| (id.to_string(), it.why, it.told.clone())).collect()
}

/// The answers of each type of upstream whose list does not always say what Git does: a list with one skin, `Vector`.
pub(crate) fn lists_one_skin(request: &str) -> Option<Answer> {
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
pub(crate) fn tables_of_one_skin(url: &str, token: &str) -> [String; 5] {
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

/// A file with user and password that only its owner may read.
pub(crate) fn credentials_file(folder: &Path) -> String {
    let path = folder.join("credentials");
    fs::write(&path, "git:g1t-p4ss\n").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    path.to_str().unwrap().to_owned()
}
