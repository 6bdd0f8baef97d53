//! GET and POST over plain HTTP: all the HTTP that the benchmarks speak themselves.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};

/// An answer to one request.
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A header's value.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.head.lines().filter_map(|line| line.split_once(": "));
        headers.find(|(it, _)| it.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }
}

/// Asks `HOST:PORT` for a path over plain HTTP.
pub(crate) fn get(host: &str, path: &str) -> Result<Answer> {
    get_with(host, path, &[])
}

/// The same with more headers, written as `Name: value`.
pub(crate) fn get_with(host: &str, path: &str, headers: &[&str]) -> Result<Answer> {
    ask("GET", host, path, headers, "")
}

/// Posts a body to a path of `HOST:PORT` over plain HTTP.
pub(crate) fn post(host: &str, path: &str, body: &str) -> Result<Answer> {
    ask("POST", host, path, &[&format!("Content-Length: {}", body.len())], body)
}

fn ask(method: &str, host: &str, path: &str, headers: &[&str], body: &str) -> Result<Answer> {
    let failed = || format!("cannot ask http://{host}{path}");
    let mut stream = TcpStream::connect(host).with_context(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).with_context(failed)?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(
        stream,
        "{method} {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n{body}"
    )
    .with_context(failed)?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).with_context(failed)?;
    let Some(end) = answer.windows(4).position(|bytes| bytes == b"\r\n\r\n") else {
        bail!("http://{host}{path} is no HTTP server");
    };
    let body = answer.split_off(end + 4);
    let head = String::from_utf8_lossy(&answer).into_owned();
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    Ok(Answer { status, head, body })
}

/// `127.0.0.1:8000` from `http://127.0.0.1:8000/r`; `None` for HTTPS, which this module does not speak.
pub(crate) fn host(url: &str) -> Option<&str> {
    url.strip_prefix("http://")?.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_urls() {
        assert_eq!(host("http://127.0.0.1:80/r"), Some("127.0.0.1:80"));
        assert_eq!(host("https://gerrit.wikimedia.org/r"), None);
    }
}
