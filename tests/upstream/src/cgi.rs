//! Git's smart HTTP: runs `git http-backend` over CGI.
//!
//! Bodies are streamed in both directions. No body is held in memory as a whole.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::process::Stdio;
use std::task::{Context, Poll, ready};

use http_body_util::BodyExt;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap};
use hyper::http::request::Parts;
use hyper::{Request, Response, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::Error;
use crate::gerrit::ProjectName;

/// The Git configuration of the served repositories, in place of that of this machine. As on
/// Gerrit, clients may fetch any reachable commit, since submodules pin commits that are no tips.
const CONFIGURATION: [(&str, &str); 5] = [
    ("uploadpack.allowReachableSHA1InWant", "true"),
    ("http.uploadpack", "true"),
    ("http.receivepack", "false"),
    ("safe.directory", "*"),
    ("gc.auto", "0"),
];

/// The limit of the header, in bytes. `git http-backend` writes about 300.
const MAX_HEADER: usize = 16 * 1024;

/// The size of one read of the process's output, and so of a chunk of the answer: the capacity of a
/// pipe on Linux.
const CHUNK: usize = 64 * 1024;

/// `git http-backend`, with the folder of repositories that it serves.
#[derive(Debug)]
pub(crate) struct Backend {
    program: PathBuf,
    root: PathBuf,
}

impl Backend {
    /// Finds `git http-backend` by `git --exec-path`.
    pub(crate) fn find(root: &Path) -> Result<Self, Error> {
        let asked = std::process::Command::new("git").arg("--exec-path").output();
        let output = asked.map_err(|source| Error::NoGit { source })?;
        let folder = String::from_utf8_lossy(&output.stdout);
        let program = Path::new(folder.trim_end()).join("git-http-backend");
        if !program.is_file() {
            return Err(Error::NoHttpBackend { path: program });
        }
        Ok(Self { program, root: root.to_owned() })
    }

    /// Answers `/PROJECT/SERVICE`, where SERVICE is `info/refs` or `git-upload-pack`.
    pub(crate) async fn answer(
        &self,
        project: &ProjectName,
        service: &str,
        request: Request<Incoming>,
    ) -> io::Result<Response<Output>> {
        let (parts, body) = request.into_parts();
        let mut child = self.command(project, service, &parts).spawn()?;
        let (Some(stdin), Some(mut stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(io::Error::other("the process has no pipes"));
        };
        tokio::spawn(feed(body, stdin));
        let (head, rest) = read_head(&mut stdout).await?;
        let mut response = Response::new(Output { rest: Some(rest), stdout, _child: child });
        *response.status_mut() = head.0;
        *response.headers_mut() = head.1;
        Ok(response)
    }

    /// The command, with the environment that CGI and `git http-backend` require.
    fn command(&self, project: &ProjectName, service: &str, parts: &Parts) -> Command {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        command.kill_on_drop(true);
        for (name, _) in std::env::vars_os() {
            if name.as_encoded_bytes().starts_with(b"GIT_") {
                command.env_remove(name);
            }
        }
        command
            .env("GATEWAY_INTERFACE", "CGI/1.1")
            .env("SERVER_PROTOCOL", "HTTP/1.1")
            .env("REMOTE_ADDR", "127.0.0.1")
            .env("REQUEST_METHOD", parts.method.as_str())
            .env("QUERY_STRING", parts.uri.query().unwrap_or_default())
            .env("PATH_INFO", format!("/{project}.git/{service}"))
            .env("GIT_PROJECT_ROOT", &self.root)
            .env("GIT_HTTP_EXPORT_ALL", "1")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_COUNT", CONFIGURATION.len().to_string());
        for (index, (key, value)) in CONFIGURATION.iter().enumerate() {
            command.env(format!("GIT_CONFIG_KEY_{index}"), key);
            command.env(format!("GIT_CONFIG_VALUE_{index}"), value);
        }
        // A chunked request has no length. Without the variable, the program reads to the end.
        let passed = [
            (CONTENT_TYPE.as_str(), "CONTENT_TYPE"),
            (CONTENT_LENGTH.as_str(), "CONTENT_LENGTH"),
            (CONTENT_ENCODING.as_str(), "HTTP_CONTENT_ENCODING"),
            ("git-protocol", "GIT_PROTOCOL"),
        ];
        for (header, variable) in passed {
            command.env_remove(variable);
            if let Some(value) = parts.headers.get(header).and_then(|value| value.to_str().ok()) {
                command.env(variable, value);
            }
        }
        command
    }
}

/// Writes the body of the request to the process. It fails only if the client or the process is
/// gone, and then the answer fails too, so that nothing has to be reported here.
async fn feed(mut body: Incoming, mut stdin: ChildStdin) {
    while let Some(Ok(frame)) = body.frame().await {
        let Ok(data) = frame.into_data() else { continue };
        if stdin.write_all(&data).await.is_err() {
            return;
        }
    }
}

/// Reads up to the empty line. Returns the header, and the bytes after it, which belong to the
/// body.
async fn read_head(stdout: &mut ChildStdout) -> io::Result<((StatusCode, HeaderMap), Bytes)> {
    let mut read = Vec::new();
    loop {
        if let Some(end) = read.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
            let head = parse_head(&read[..end])?;
            return Ok((head, Bytes::from(read.split_off(end + 4))));
        }
        if read.len() > MAX_HEADER || stdout.read_buf(&mut read).await? == 0 {
            return Err(io::Error::other("git http-backend gave no header"));
        }
    }
}

/// Parses a CGI header: that of HTTP, except that the status is a field like the others.
fn parse_head(head: &[u8]) -> io::Result<(StatusCode, HeaderMap)> {
    let text = std::str::from_utf8(head).map_err(io::Error::other)?;
    let mut status = StatusCode::OK;
    let mut headers = HeaderMap::new();
    for line in text.split("\r\n") {
        let (name, value) = line.split_once(": ").unwrap_or((line, ""));
        if name.eq_ignore_ascii_case("status") {
            let code = value.split(' ').next().unwrap_or_default();
            status = code.parse().map_err(io::Error::other)?;
        } else {
            let name: hyper::header::HeaderName = name.parse().map_err(io::Error::other)?;
            headers.append(name, value.parse().map_err(io::Error::other)?);
        }
    }
    Ok((status, headers))
}

/// The output of the process, as a body. Dropping it ends the process. This happens when the client
/// closes the connection.
#[derive(Debug)]
pub(crate) struct Output {
    /// The bytes that were read together with the header.
    rest: Option<Bytes>,
    stdout: ChildStdout,
    _child: Child,
}

impl Body for Output {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(rest) = self.rest.take().filter(|rest| !rest.is_empty()) {
            return Poll::Ready(Some(Ok(Frame::data(rest))));
        }
        let mut chunk = vec![0; CHUNK];
        let mut buffer = ReadBuf::new(&mut chunk);
        ready!(Pin::new(&mut self.stdout).poll_read(context, &mut buffer))?;
        let length = buffer.filled().len();
        chunk.truncate(length);
        Poll::Ready((length > 0).then(|| Ok(Frame::data(Bytes::from(chunk)))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_status_is_read_from_the_fields_of_the_header() {
        let head = b"Status: 404 Not Found\r\nContent-Type: text/plain\r\nPragma: no-cache";
        let (status, headers) = parse_head(head).expect("a header");
        assert_eq!(status, StatusCode::NOT_FOUND);
        assert_eq!(headers.len(), 2);
        assert_eq!(headers[CONTENT_TYPE], "text/plain");
    }

    #[test]
    fn a_header_without_a_status_is_a_success() {
        let (status, _) = parse_head(b"Content-Type: text/plain").expect("a header");
        assert_eq!(status, StatusCode::OK);
        assert!(parse_head(b"no header: at all\r\n\xff").is_err());
        assert!(parse_head(b"Status: later").is_err());
    }
}
