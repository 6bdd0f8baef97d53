//! A server as its HTTP clients see it: the components, a web server before them, or an upstream.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;
use ureq::AsSendBody;
use ureq::config::AutoHeaderValue;
use ureq::http::{HeaderMap, HeaderName, Request};

use crate::process::Running;

/// A running server, such as the component host. Dropping it ends the server, if it owns it.
#[derive(Debug)]
pub struct Site {
    address: SocketAddr,
    agent: ureq::Agent,
    _server: Option<Running>,
}

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, as it was received.
    pub body: Vec<u8>,
}

impl Site {
    pub(crate) fn new(server: Running, address: SocketAddr) -> Self {
        Self { _server: Some(server), ..Self::at(address) }
    }

    /// A server that something else has started, and ends.
    #[must_use]
    pub fn at(address: SocketAddr) -> Self {
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .allow_non_standard_methods(true)
            // A test that wants compression sends the header itself.
            .accept_encoding(AutoHeaderValue::None)
            // A browser's first page may take long on a busy machine.
            .timeout_global(Some(Duration::from_secs(180)))
            .build();
        Self { address, agent: config.into(), _server: None }
    }

    /// The address that it listens at.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until no instance answers from an earlier snapshot any more.
    pub fn catch_up(&self) {
        sleep(Duration::from_secs(1));
    }

    /// The answer to a `GET` request. The path must be valid in a URL, since nothing encodes it.
    #[must_use]
    pub fn get(&self, path: &str) -> Answer {
        self.request("GET", path, &[])
    }

    /// The answer to any request without a body.
    #[must_use]
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.send(method, path, headers, ())
    }

    /// The answer to any request.
    #[must_use]
    pub fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl AsSendBody,
    ) -> Answer {
        let mut request =
            Request::builder().method(method).uri(format!("http://{}{path}", self.address));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let mut response = self
            .agent
            .run(request.body(body).unwrap())
            .unwrap_or_else(|error| panic!("{method} {path}: {error}"));
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.body_mut().with_config().limit(64 << 20).read_to_vec().unwrap(),
        }
    }

    /// The answer to a request of exactly these bytes, on a new connection. Its body is as it came
    /// over the wire, not decompressed.
    #[must_use]
    pub fn exchange(&self, request: &str) -> Answer {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            head.extend(byte);
        }
        let head = String::from_utf8(head).unwrap();
        let mut lines = head.trim_end().split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers: HeaderMap = lines
            .map(|line| {
                let (name, value) = line.split_once(": ").unwrap();
                (name.parse::<HeaderName>().unwrap(), value.parse().unwrap())
            })
            .collect();
        let length =
            headers.get("content-length").map_or(0, |it| it.to_str().unwrap().parse().unwrap());
        let is_head = request.starts_with("HEAD ");
        let mut body = vec![0; if is_head { 0 } else { length }];
        stream.read_exact(&mut body).unwrap();
        Answer { status, headers, body }
    }

    /// The status and the whole text of the answer to a request for a path that is sent as it is.
    /// No HTTP client would send such a path without normalizing or encoding it.
    #[must_use]
    pub fn raw(&self, method: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let head = format!("{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let status = text.split(' ').nth(1).and_then(|code| code.parse().ok());
        (status.unwrap_or_else(|| panic!("{method} {path} was answered {text:?}")), text)
    }
}

impl Answer {
    /// Fails the test unless the status is `status`.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "the status of {:?}:\n{}", self.headers, self.text());
        self
    }

    /// A header's value; empty if it is absent.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The names in the header `Vary`, in lower case and sorted.
    #[must_use]
    pub fn varies_by(&self) -> Vec<String> {
        let names = self.header("vary").split(',').map(|name| name.trim().to_lowercase());
        let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        names.sort();
        names
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON. Fails the test unless the status is 200.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        self.is(200);
        assert_eq!(self.header("content-type"), "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Fails the test unless this is a problem document of this status; returns its `detail`.
    #[track_caller]
    pub fn problem(&self, status: u16) -> String {
        self.is(status);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem: Value = serde_json::from_slice(&self.body).unwrap();
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string(), "{problem}");
        let detail = problem["detail"].as_str().unwrap().to_owned();
        for inside in ["SELECT", "sqlite", ".db", "/tmp", "panicked", ".rs"] {
            assert!(!detail.contains(inside), "{detail:?} must not be shown to clients");
        }
        detail
    }
}
