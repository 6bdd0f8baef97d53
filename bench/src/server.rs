//! What a server was asked and what it sent, in its own words: `/__stats`.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};

/// An answer to one GET.
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

/// The same with more headers, as `Name: value`. The answer has to say its length or end with the
/// connection.
pub(crate) fn get_with(host: &str, path: &str, headers: &[&str]) -> Result<Answer> {
    let failed = || format!("can't ask http://{host}{path}");
    let mut stream = TcpStream::connect(host).with_context(failed)?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).with_context(failed)?;
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{headers}\r\n")
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

/// `127.0.0.1:8000` out of `http://127.0.0.1:8000/r`; nothing for HTTPS, which is not spoken here.
pub(crate) fn host(url: &str) -> Option<&str> {
    url.strip_prefix("http://")?.split('/').next()
}

/// Requests by sort, and what was sent.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stats {
    /// Gerrit's lists and the wiki's.
    pub(crate) lists: f64,
    /// The first request of a Git conversation.
    pub(crate) info_refs: f64,
    /// The others.
    pub(crate) upload_pack: f64,
    pub(crate) requests: f64,
    /// Bytes of bodies, as they go over the wire.
    pub(crate) bytes: f64,
    /// Objects in packs, where the server counts them.
    pub(crate) objects: Option<f64>,
}

impl Stats {
    /// What was counted since the last time; nothing if the server doesn't count.
    pub(crate) fn take(url: &str) -> Option<Self> {
        let answer = get(host(url)?, "/__stats?reset=1").ok()?;
        if answer.status != 200 {
            return None;
        }
        Self::parse(str::from_utf8(&answer.body).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let kinds = value.get("kinds")?.as_object()?;
        let requests = |wanted: &dyn Fn(&str) -> bool| -> f64 {
            let kinds = kinds.iter().filter(|(name, _)| wanted(name));
            // Not `sum`, which makes -0 of nothing.
            kinds.filter_map(|(_, kind)| kind.get("requests")?.as_f64()).fold(0.0, |a, b| a + b)
        };
        let is_list = |name: &str| name.starts_with("rest_") || name == "mw_api";
        let is_pack = |name: &str| {
            ["git_ls_refs", "git_fetch"].contains(&name) || name.starts_with("git_upload_pack")
        };
        Some(Self {
            lists: requests(&is_list),
            info_refs: requests(&|name| name == "git_info_refs"),
            upload_pack: requests(&is_pack),
            requests: value.get("requests")?.as_f64()?,
            bytes: value.get("bytes_sent")?.as_f64()?,
            objects: value.get("git_objects").and_then(Value::as_f64),
        })
    }

    /// Requests that are Git's.
    pub(crate) fn git(&self) -> f64 {
        self.info_refs + self.upload_pack
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "list_requests": self.lists, "info_refs_requests": self.info_refs,
            "upload_pack_requests": self.upload_pack, "requests": self.requests,
            "bytes_sent": self.bytes, "git_objects": self.objects,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_of_both_servers_are_understood() {
        let ours = r#"{"requests":7,"bytes_sent":900,"git_objects":4,"kinds":{
            "rest_projects":{"requests":4,"bytes_sent":1},"git_info_refs":{"requests":1},
            "git_upload_pack":{"requests":2}}}"#;
        let stats = Stats::parse(ours).unwrap();
        assert_eq!((stats.lists, stats.info_refs, stats.upload_pack), (4.0, 1.0, 2.0));
        assert_eq!((stats.requests, stats.bytes, stats.objects), (7.0, 900.0, Some(4.0)));
        let rigs = r#"{"seconds":1,"requests":5,"bytes_sent":10,"kinds":{
            "mw_api":{"requests":2},"git_ls_refs":{"requests":1},"git_fetch":{"requests":1},
            "git_upload_pack_v0":{"requests":1}}}"#;
        let other = Stats::parse(rigs).unwrap();
        assert_eq!((other.lists, other.git(), other.objects), (2.0, 3.0, None));
        assert_eq!(Stats::parse("<html>"), None);
    }

    #[test]
    fn hosts_of_urls() {
        assert_eq!(host("http://127.0.0.1:80/r"), Some("127.0.0.1:80"));
        assert_eq!(host("https://gerrit.wikimedia.org/r"), None);
    }
}
