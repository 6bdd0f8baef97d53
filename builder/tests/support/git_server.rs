//! A Git server over HTTP, with Git's own `http-backend`, that can be told to fail.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU16, AtomicUsize, Ordering},
    },
    thread,
};

/// A server of the bare repositories in a folder.
pub(crate) struct GitServer {
    pub(crate) url: String,
    state: Arc<State>,
}

struct State {
    root: PathBuf,
    /// The status that each request is answered with; 0 where Git answers.
    status: AtomicU16,
    requests: AtomicUsize,
}

impl GitServer {
    /// Starts a server on a free port.
    pub(crate) fn start(root: &Path) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State {
            root: root.to_owned(),
            status: AtomicU16::new(0),
            requests: AtomicUsize::new(0),
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let state = Arc::clone(&shared);
                thread::spawn(move || answer(stream, &state));
            }
        });
        Self { url, state }
    }

    /// Answers each request with this status from now on; 0: as Git does.
    pub(crate) fn answer_with(&self, status: u16) {
        self.state.status.store(status, Ordering::SeqCst);
    }

    /// How many requests came since this was asked last.
    pub(crate) fn requests(&self) -> usize {
        self.state.requests.swap(0, Ordering::SeqCst)
    }
}

fn answer(mut stream: TcpStream, state: &State) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|&count| count > 2)?;
        lines.push(line.trim_end().to_owned());
        if reader.buffer().starts_with(b"\r\n") {
            reader.consume(2);
            break;
        }
    }
    let header = |name: &str| {
        let line = lines.iter().find(|line| line.to_ascii_lowercase().starts_with(name));
        line.map_or("", |line| line[name.len()..].trim())
    };
    let mut body = vec![0; header("content-length:").parse().unwrap_or(0)];
    reader.read_exact(&mut body).ok()?;
    state.requests.fetch_add(1, Ordering::SeqCst);
    let status = state.status.load(Ordering::SeqCst);
    if status != 0 {
        return write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n").ok();
    }
    let mut words = lines[0].split(' ');
    let (method, target) = (words.next()?, words.next()?);
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let mut git = Command::new("git")
        .arg("http-backend")
        .env("GIT_PROJECT_ROOT", &state.root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", method)
        .env("CONTENT_TYPE", header("content-type:"))
        .env("CONTENT_LENGTH", body.len().to_string())
        .env("GIT_PROTOCOL", header("git-protocol:"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    git.stdin.take()?.write_all(&body).ok()?;
    let answer = git.wait_with_output().ok()?.stdout;
    let status = if answer.starts_with(b"Status: ") { &answer[8..11] } else { b"200" };
    write!(stream, "HTTP/1.1 {} X\r\nconnection: close\r\n", String::from_utf8_lossy(status))
        .ok()?;
    stream.write_all(&answer).ok()
}
