//! Real Git repositories over real smart HTTP: `git http-backend` behind a small server, with faults on demand.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{Arc, Mutex},
    thread,
};

use tempfile::TempDir;

/// What a test wants to be answered in place of Git, by the method and the target of a request: the status line
/// and headers, each with a line end, without the empty line.
pub(crate) type Fault = Box<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A server of the repositories below a folder, as long as the test runs.
pub(crate) struct GitServer {
    pub(crate) url: String,
    root: TempDir,
    requests: Arc<Mutex<Vec<String>>>,
}

impl GitServer {
    pub(crate) fn start(fault: Fault) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let root = tempfile::tempdir().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (path, log, fault) = (root.path().to_owned(), Arc::clone(&requests), Arc::new(fault));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let (path, log, fault) = (path.clone(), Arc::clone(&log), Arc::clone(&fault));
                thread::spawn(move || serve(&stream, &path, &log, &*fault));
            }
        });
        Self { url, root, requests }
    }

    /// The folder that has the repositories.
    pub(crate) fn root(&self) -> &Path {
        self.root.path()
    }

    /// An empty repository, made by `git init` with these flags.
    pub(crate) fn init(&self, name: &str, flags: &[&str]) -> PathBuf {
        let path = self.root().join(name);
        fs::create_dir_all(&path).unwrap();
        let made = ["init", "--quiet", "--bare"];
        git(&path, &[&made, flags].concat(), "");
        path
    }

    /// A repository whose branch `master` has one commit with a manifest.
    pub(crate) fn repository(&self, name: &str) -> PathBuf {
        let path = self.init(name, &[]);
        let commit = commit(&path);
        git(&path, &["update-ref", "refs/heads/master", &commit], "");
        path
    }

    /// The methods and targets of all requests so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Writes a commit with a manifest, and returns its id.
pub(crate) fn commit(repository: &Path) -> String {
    let manifest = "{\"name\": \"Foo\", \"manifest_version\": 2}";
    let blob = git(repository, &["hash-object", "-w", "--stdin"], manifest);
    let entries = format!("100644 blob {blob}\textension.json\n");
    let tree = git(repository, &["mktree"], &entries);
    git(repository, &["commit-tree", "-m", "x", &tree], "")
}

/// Runs Git in a repository with this input, and returns what it says.
pub(crate) fn git(repository: &Path, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .envs(["AUTHOR", "COMMITTER"].iter().flat_map(|who| {
            [("NAME", "a"), ("EMAIL", "a@example.org"), ("DATE", "1700000000 +0000")]
                .map(|(what, value)| (format!("GIT_{who}_{what}"), value))
        }))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "git {arguments:?}");
    String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
}

/// Each connection serves one request.
const CLOSE: &str = "Connection: close\r\n";

fn serve(
    stream: &TcpStream,
    root: &Path,
    log: &Mutex<Vec<String>>,
    fault: &(dyn Fn(&str) -> Option<String> + Send + Sync),
) {
    let mut reader = BufReader::new(stream);
    let (mut lines, mut length) = (Vec::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        let line = line.trim_end().to_owned();
        if let Some(value) = header(&line, "content-length") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
        lines.push(line);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request = lines[0].trim_end_matches(" HTTP/1.1").to_owned();
    log.lock().unwrap().push(request.clone());
    let mut stream = stream;
    let answer = match fault(&request) {
        Some(head) => format!("HTTP/1.1 {head}Content-Length: 0\r\n{CLOSE}\r\n").into_bytes(),
        None => backend(root, &request, &lines, &body),
    };
    // The client may be gone.
    let _ = stream.write_all(&answer);
}

fn header<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    let (key, value) = line.split_once(": ")?;
    key.eq_ignore_ascii_case(name).then_some(value)
}

/// What `git http-backend` answers, as a CGI program
/// (<https://git-scm.com/docs/git-http-backend>).
fn backend(root: &Path, request: &str, lines: &[String], body: &[u8]) -> Vec<u8> {
    let (method, target) = request.split_once(' ').unwrap();
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let value = |name| lines.iter().find_map(|line| header(line, name)).unwrap_or_default();
    let mut child = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env("REQUEST_METHOD", method)
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("CONTENT_TYPE", value("content-type"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", value("git-protocol"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    // It may end before it has read everything.
    let _ = stdin.write_all(body);
    drop(stdin);
    let output = child.wait_with_output().unwrap().stdout;
    let end = output.windows(4).position(|it| it == b"\r\n\r\n").unwrap_or(output.len());
    let head = String::from_utf8_lossy(&output[..end]).into_owned();
    let status = head.lines().find_map(|line| header(line, "status")).unwrap_or("200 OK");
    let rest = output.get(end + 4..).unwrap_or_default();
    let length = rest.len();
    let start = format!("HTTP/1.1 {status}\r\n{head}\r\nContent-Length: {length}\r\n{CLOSE}\r\n");
    [start.as_bytes(), rest].concat()
}
