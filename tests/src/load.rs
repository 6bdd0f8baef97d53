//! Load: many connections ask for everything, while snapshots are replaced. No answer may fail, and each
//! has to be one that a snapshot had.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{scope, sleep};
use std::time::{Duration, Instant};

use fastrand::Rng;
use serde_json::Value;

use crate::changes::Changes;
use crate::env::TestEnv;
use crate::published::{KINDS, ready};
use crate::{Site, sha256};

/// How often a new snapshot is published.
const PERIOD: Duration = Duration::from_secs(1);

/// How long an answer may take. With 256 connections on two processors it takes less than one.
const PATIENCE: Duration = Duration::from_secs(30);

/// How many different complaints are kept as texts.
const KEPT: usize = 50;

/// The paths whose answers are in the snapshot, so that they can be compared with it.
const READY: [&str; 8] = [
    "/list",
    "/list/extensions",
    "/list/skins",
    "/info",
    "/info/extensions",
    "/info/skins",
    "/info/extensions/SampleGreeting",
    "/info/skins/SamplePaper",
];

/// Other paths. Each `ETag` has to stand for one body.
const OTHERS: [&str; 15] = [
    "/",
    "/health",
    "/metrics",
    "/openapi.json",
    "/list/extensions?format=text",
    "/info?branch=REL1_45",
    "/info/extensions?names=SampleGreeting%7CSampleChart",
    "/info/skins?lang=he",
    "/search?q=sample",
    "/r/projects/?p=mediawiki/extensions/",
    "/r/projects/mediawiki%2Fskins%2FSamplePaper/branches",
    "/extensions",
    "/skins",
    "/extensions/SampleGreeting",
    "/skins/SamplePaper",
];

/// So many connections, for so long.
#[derive(Debug, Clone, Copy)]
pub struct Load {
    /// How many connections ask at the same time. Each is kept open.
    pub connections: usize,
    /// For how long.
    pub time: Duration,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// How many requests were answered, by what they asked for.
    pub requests: BTreeMap<&'static str, u64>,
    /// How many snapshots were published meanwhile.
    pub snapshots: u32,
    /// How many answers failed, or were inconsistent.
    pub failed: u64,
    /// What was wrong with them, and how often; only the first that are different.
    pub complaints: BTreeMap<String, u64>,
}

/// An answer: its path, its `ETag`, the SHA-256 of its body.
type Seen = (String, String, String);

impl Load {
    /// Makes the load on a system of its own.
    #[must_use]
    pub fn run(&self) -> Loaded {
        let env = TestEnv::sample();
        env.sync(&[]).exits(0);
        let site = env.serve(&[]);
        warm_up(&site);
        let done = AtomicBool::new(false);
        let mut published = BTreeSet::new();
        register(&env, &mut published);
        let mut loaded = Loaded::default();
        let mut seen = BTreeSet::new();
        scope(|threads| {
            let readers: Vec<_> = (0..self.connections)
                .map(|number| {
                    let (address, done) = (site.address(), &done);
                    threads.spawn(move || Reader::new(address, number as u64).run(done))
                })
                .collect();
            let write = || publish(&env, self.time, &mut published);
            // The readers must end even if this fails.
            let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
            done.store(true, Ordering::SeqCst);
            for reader in readers {
                let reader = reader.join().unwrap();
                for (what, count) in reader.requests {
                    *loaded.requests.entry(what).or_default() += count;
                }
                seen.extend(reader.seen);
                reader.complaints.into_iter().for_each(|it| loaded.complain(it));
            }
            loaded.snapshots = written.unwrap();
        });
        for it in inconsistent(&seen, &published) {
            loaded.complain(it);
        }
        loaded
    }
}

impl Loaded {
    fn complain(&mut self, complaint: String) {
        self.failed += 1;
        if self.complaints.len() < KEPT || self.complaints.contains_key(&complaint) {
            *self.complaints.entry(complaint).or_default() += 1;
        }
    }
}

/// Asks for everything once: the host compiles and starts what it needs.
fn warm_up(site: &Site) {
    for path in READY.into_iter().chain(OTHERS) {
        site.get(path).is(200);
    }
}

/// Publishes a new snapshot each second. Returns how many.
fn publish(env: &TestEnv, time: Duration, published: &mut BTreeSet<Seen>) -> u32 {
    let mut changes = Changes::new(5);
    let (start, mut snapshots) = (Instant::now(), 0);
    // One snapshot replaces another, however long that takes.
    while start.elapsed() < time || snapshots < 2 {
        let begin = Instant::now();
        // No repository may vanish: its paths are asked for.
        changes.commits(env);
        env.sync(&[]).exits(0);
        snapshots += 1;
        register(env, published);
        sleep(PERIOD.saturating_sub(begin.elapsed()).min(time.saturating_sub(start.elapsed())));
    }
    snapshots
}

/// Notes the answers that the snapshot has.
fn register(env: &TestEnv, published: &mut BTreeSet<Seen>) {
    for it in ready(&env.snapshot()).unwrap() {
        published.insert((it.path, it.etag, sha256(&it.body)));
    }
}

/// The answers that no snapshot had, and the entity tags that stand for two bodies.
fn inconsistent(seen: &BTreeSet<Seen>, published: &BTreeSet<Seen>) -> Vec<String> {
    let is_ready = |path: &str| READY.contains(&path);
    let strange = seen.iter().filter(|it| is_ready(&it.0) && !published.contains(*it));
    let mut complaints: Vec<String> =
        strange.map(|it| format!("no snapshot had this answer: {it:?}")).collect();
    let mut bodies = BTreeMap::new();
    for (path, etag, body) in seen.iter().filter(|it| !it.1.is_empty()) {
        let other = bodies.insert((path, etag), body);
        if other.is_some_and(|other| other != body) {
            complaints.push(format!("{path} has two bodies with the same ETag {etag}"));
        }
    }
    complaints
}

/// A connection, and what came over it.
struct Reader {
    connection: Connection,
    random: Rng,
    requests: BTreeMap<&'static str, u64>,
    seen: BTreeSet<Seen>,
    /// The last entity tag of each path.
    tags: BTreeMap<&'static str, String>,
    /// The tarballs that the last document named: path and SHA-256.
    tarballs: Vec<(String, String)>,
    complaints: Vec<String>,
}

impl Reader {
    fn new(address: SocketAddr, seed: u64) -> Self {
        Self {
            connection: Connection { address, stream: None },
            random: Rng::with_seed(seed),
            requests: BTreeMap::new(),
            seen: BTreeSet::new(),
            tags: BTreeMap::new(),
            tarballs: Vec::new(),
            complaints: Vec::new(),
        }
    }

    fn run(mut self, done: &AtomicBool) -> Self {
        while !done.load(Ordering::SeqCst) {
            match self.random.usize(..4) {
                0 => self.tarball(),
                1 => self.other(),
                2 => self.again(),
                _ => self.ready(),
            }
        }
        self
    }

    /// A path whose answer is in the snapshot.
    fn ready(&mut self) {
        let path = READY[self.random.usize(..READY.len())];
        let Some(answer) = self.get(path, path, "") else { return };
        if answer.status != 200 {
            self.complaints.push(format!("{path}: {}", answer.status));
            return;
        }
        if path.starts_with("/info/") {
            self.tarballs = tarballs(&answer.body);
        }
        self.note(path, answer);
    }

    fn other(&mut self) {
        let path = OTHERS[self.random.usize(..OTHERS.len())];
        let Some(answer) = self.get(path, path, "") else { return };
        if answer.status == 200 {
            self.note(path, answer);
        } else {
            self.complaints.push(format!("{path}: {}", answer.status));
        }
    }

    /// A path that was asked for before, with its entity tag.
    fn again(&mut self) {
        let path = READY[self.random.usize(..READY.len())];
        let Some(tag) = self.tags.get(path).cloned() else { return };
        let header = format!("If-None-Match: \"{tag}\"\r\n");
        let Some(answer) = self.get("(with If-None-Match)", path, &header) else { return };
        match answer.status {
            304 if answer.etag == tag => {}
            200 if answer.etag != tag => self.note(path, answer),
            status => self.complaints.push(format!("{path} with its ETag: {status}")),
        }
    }

    fn tarball(&mut self) {
        if self.tarballs.is_empty() {
            return;
        }
        let (path, sum) = self.tarballs[self.random.usize(..self.tarballs.len())].clone();
        let Some(answer) = self.get("/dist/…", &path, "") else { return };
        if answer.status != 200 || sha256(&answer.body) != sum {
            self.complaints.push(format!("{path}: {}, not the SHA-256 {sum}", answer.status));
        }
    }

    fn note(&mut self, path: &'static str, answer: Received) {
        let body = sha256(&answer.body);
        self.seen.insert((path.to_owned(), answer.etag.clone(), body));
        self.tags.insert(path, answer.etag);
    }

    /// One request. `None` if it failed, which is noted.
    fn get(&mut self, what: &'static str, path: &str, headers: &str) -> Option<Received> {
        *self.requests.entry(what).or_default() += 1;
        match self.connection.get(path, headers) {
            Ok(answer) => Some(answer),
            Err(error) => {
                self.connection.stream = None;
                self.complaints.push(format!("{path}: {error}"));
                None
            }
        }
    }
}

/// The tarballs that a document names, as paths with their SHA-256.
fn tarballs(body: &[u8]) -> Vec<(String, String)> {
    let document: Value = serde_json::from_slice(body).unwrap_or_default();
    let mut found = Vec::new();
    let mut add = |kind: &str, repository: &Value| {
        for branch in repository["branches"].as_object().into_iter().flat_map(|it| it.values()) {
            let text = |key: &str| branch["tarball"][key].as_str().unwrap_or_default().to_owned();
            found.push((format!("/dist/{kind}/{}", text("file")), text("sha256")));
        }
    };
    if let Some(kind) = document["kind"].as_str() {
        add(kind, &document);
    }
    for kind in KINDS {
        for repository in document[kind].as_object().into_iter().flat_map(|it| it.values()) {
            add(kind, repository);
        }
    }
    found
}

/// An answer that came.
struct Received {
    status: u16,
    /// Without quotes; empty if there is none.
    etag: String,
    body: Vec<u8>,
}

/// A connection that is kept open. It knows as much of HTTP as the component host needs: every answer
/// has its length.
struct Connection {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Connection {
    fn get(&mut self, path: &str, headers: &str) -> io::Result<Received> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => none.insert(BufReader::new(connect(self.address)?)),
        };
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\n{headers}\r\n");
        stream.get_mut().write_all(request.as_bytes())?;
        let strange = || io::Error::other("this is no answer of HTTP");
        let mut line = String::new();
        stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or_else(strange)?;
        let (mut length, mut etag, mut closes) = (0, String::new(), false);
        loop {
            line.clear();
            if stream.read_line(&mut line)? == 0 {
                return Err(strange());
            }
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.parse().map_err(|_| strange())?,
                "etag" => value.trim_matches('"').clone_into(&mut etag),
                "connection" => closes = value.eq_ignore_ascii_case("close"),
                _ => {}
            }
        }
        let mut body = vec![0; if status == 304 { 0 } else { length }];
        stream.read_exact(&mut body)?;
        if closes {
            self.stream = None;
        }
        Ok(Received { status, etag, body })
    }
}

fn connect(address: SocketAddr) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(path: &str, etag: &str, body: &str) -> Seen {
        (path.to_owned(), etag.to_owned(), body.to_owned())
    }

    #[test]
    fn an_answer_that_no_snapshot_had_is_inconsistent() {
        let published = BTreeSet::from([seen("/list", "1", "a"), seen("/list", "2", "b")]);
        assert_eq!(inconsistent(&published, &published), [""; 0]);
        let mixed = BTreeSet::from([seen("/list", "2", "a")]);
        assert_eq!(inconsistent(&mixed, &published).len(), 1);
        let other = BTreeSet::from([seen("/health", "", "a"), seen("/health", "", "b")]);
        assert_eq!(inconsistent(&other, &published), [""; 0], "it has no tag");
        let two = BTreeSet::from([seen("/search", "1", "a"), seen("/search", "1", "b")]);
        assert_eq!(inconsistent(&two, &published).len(), 1);
    }

    #[test]
    fn documents_of_a_repository_and_of_a_kind_name_their_tarballs() {
        let branches = r#"{"branches": {"master": {"tarball": {"file": "f", "sha256": "s"}}}}"#;
        let kind = format!(r#"{{"skins": {{"A": {branches}}}}}"#);
        let expected = [("/dist/skins/f".to_owned(), "s".to_owned())];
        assert_eq!(tarballs(kind.as_bytes()), expected);
        let one = branches.replacen('{', r#"{"kind": "skins", "#, 1);
        assert_eq!(tarballs(one.as_bytes()), expected);
        assert_eq!(tarballs(b"<html>"), []);
    }
}
