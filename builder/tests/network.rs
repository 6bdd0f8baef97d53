//! The HTTP client, and fetches over it, against servers whose answers have no end, are too slow, or too long.
//!
//! The limits are small ones, so that the tests are quick. A server that drips sends a byte each 20 ms; the
//! clients here want 1,000 bytes in 300 ms.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{
    collections::BTreeSet,
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use flate2::{Compression, write::GzEncoder};
use tardist::{
    Error,
    git::{
        ls_refs::{self, Filter, Protocol},
        mirror::Mirror,
        transport,
    },
    net::{BodyLimit, Hosts, Http, HttpError, HttpLimits, HttpOptions, LeastRate},
};
use tardist_contract::{BranchName, CommitId};

const DRIP: Duration = Duration::from_millis(20);

const OK: &str = "HTTP/1.1 200 OK\r\n";

/// What a server does with a request: it gets the path, a space and the body, and writes the whole answer.
type Answer = fn(&str, &mut TcpStream) -> io::Result<()>;

/// A server that gives the same answer to each request, and closes the connection after it.
struct Server {
    url: String,
    requests: Arc<AtomicUsize>,
}

impl Server {
    fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let count = Arc::clone(&count);
                thread::spawn(move || serve(stream, &count, answer));
            }
        });
        Self { url, requests }
    }

    fn requests(&self) -> usize {
        self.requests.load(Ordering::SeqCst)
    }
}

fn serve(stream: TcpStream, count: &AtomicUsize, answer: Answer) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut path, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
        if path.is_empty() {
            line.split(' ').nth(1).unwrap().clone_into(&mut path);
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    path = format!("{path} {}", String::from_utf8_lossy(&body));
    count.fetch_add(1, Ordering::SeqCst);
    // It ends with an error when the client goes.
    let _ = answer(&path, &mut { stream });
}

/// Sends these bytes one by one, and then the last one for ever.
fn drip(to: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    let last = *bytes.last().unwrap();
    for byte in bytes.iter().copied().chain(std::iter::repeat(last)) {
        to.write_all(&[byte])?;
        thread::sleep(DRIP);
    }
    Ok(())
}

/// Sends these bytes again and again, as fast as they are taken.
fn pour(to: &mut TcpStream, bytes: &[u8]) -> io::Result<()> {
    loop {
        to.write_all(bytes)?;
    }
}

fn limits() -> HttpLimits {
    let limit = |what| BodyLimit { what, bytes: 100_000, time: Duration::from_secs(20) };
    HttpLimits {
        list: limit("a list"),
        refs: limit("refs"),
        pack: BodyLimit { bytes: 5 << 20, ..limit("a fetch") },
        object: limit("an object"),
        // A machine may be busy for a while.
        least_rate: LeastRate { bytes: 1000, within: Duration::from_secs(20) },
        retry_time: Duration::from_secs(20),
    }
}

/// The limits of a client that soon gives up a server that drips.
fn impatient(within: Duration) -> HttpLimits {
    HttpLimits { least_rate: LeastRate { bytes: 1000, within }, ..limits() }
}

fn options(url: &str, limits: HttpLimits) -> HttpOptions {
    HttpOptions {
        credentials: vec![],
        user_agent: "test".into(),
        allowed: vec![url.to_owned()],
        retries: 2,
        timeout: Duration::from_secs(20),
        limits,
        hosts: Hosts::default(),
    }
}

fn http(url: &str, limits: HttpLimits) -> Http {
    Http::new(options(url, limits))
}

/// The error of `GET` on a server with this answer.
#[track_caller]
fn failure(answer: Answer, limits: HttpLimits) -> HttpError {
    let server = Server::start(answer);
    let error = http(&server.url, limits).get(&server.url).unwrap_err();
    assert_eq!(server.requests(), 1, "it is not asked again: {error}");
    let text = error.to_string();
    assert!(text.contains(&server.url), "{text}");
    error
}

#[test]
fn an_answer_that_drips_is_given_up_wherever_it_drips() {
    let answers: [(&str, Answer); 6] = [
        ("status", |_, to| drip(to, b"HTTP/1.1 200 ")),
        ("headers", |_, to| {
            to.write_all(OK.as_bytes())?;
            drip(to, b"x-drip: aaaa")
        }),
        ("body", |_, to| {
            write!(to, "{OK}content-length: 9999999\r\n\r\n")?;
            drip(to, b"[1")
        }),
        ("body after a fast start", |_, to| {
            write!(to, "{OK}content-length: 9999999\r\n\r\n{}", " ".repeat(50_000))?;
            drip(to, b"[1")
        }),
        ("sizes of chunks", |_, to| {
            write!(to, "{OK}transfer-encoding: chunked\r\n\r\n")?;
            drip(to, b"1;extension=")
        }),
        ("gzip's header", |_, to| {
            write!(to, "{OK}content-encoding: gzip\r\ncontent-length: 9999999\r\n\r\n")?;
            // With a file name that has no end.
            drip(to, b"\x1f\x8b\x08\x08\0\0\0\0\0\0name")
        }),
    ];
    for (what, answer) in answers {
        let error = failure(answer, impatient(Duration::from_millis(300)));
        assert!(matches!(error, HttpError::TooSlow { .. }), "{what}: {error}");
        let text = error.to_string();
        assert!(text.contains("too slowly") && text.contains("look at that server"), "{text}");
        assert!(error.is_transient() && !error.is_worth_a_retry());
    }
}

#[test]
fn an_answer_without_end_is_given_up_at_its_size_or_its_time() {
    let endless: Answer = |_, to| {
        write!(to, "{OK}\r\n")?;
        pour(to, &[b' '; 4096])
    };
    let bomb: Answer = |_, to| {
        let mut packed = GzEncoder::new(Vec::new(), Compression::best());
        packed.write_all(&[b' '; 100_001])?;
        let packed = packed.finish()?;
        let length = packed.len();
        write!(to, "{OK}content-encoding: gzip\r\ncontent-length: {length}\r\n\r\n")?;
        to.write_all(&packed)
    };
    for answer in [endless, bomb] {
        let error = failure(answer, limits());
        let says =
            "answered more than 97 KiB, the most that tardist takes for a list; docs/builder.md";
        assert!(error.to_string().contains(says), "{error}");
        assert!(!error.is_transient());
    }
    let mut short = limits();
    short.list.time = Duration::from_millis(500);
    short.list.bytes = u64::MAX;
    let error = failure(endless, short);
    assert!(error.to_string().contains("did not end its answer within 500 ms"), "{error}");
    assert!(error.is_transient() && !error.is_worth_a_retry());
}

#[test]
fn headers_without_end_are_an_error() {
    let long: Answer = |_, to| {
        to.write_all(OK.as_bytes())?;
        pour(to, b"x-long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n")
    };
    let one: Answer = |_, to| {
        write!(to, "{OK}x-long: ")?;
        pour(to, &[b'a'; 4096])
    };
    for (answer, says) in [(long, "too many headers"), (one, "answered more than 64 KiB")] {
        let server = Server::start(answer);
        let http = http(&server.url, HttpLimits { retry_time: Duration::ZERO, ..limits() });
        let error = http.get(&server.url).unwrap_err();
        assert!(error.to_string().contains(says), "{error}");
        assert_eq!(http.received(), 0);
    }
}

#[test]
fn tries_end_with_the_time_for_them() {
    let busy: Answer = |_, to| to.write_all(b"HTTP/1.1 503 X\r\nretry-after: 60\r\n\r\n");
    let server = Server::start(busy);
    let http = http(&server.url, limits());
    assert_eq!(http.get(&server.url).unwrap_err().status(), Some(503));
    assert_eq!(server.requests(), 1, "the pause would end after that time");
}

#[test]
fn a_host_that_asks_twice_for_a_long_pause_is_not_asked_again_and_others_are() {
    let busy: Answer = |_, to| to.write_all(b"HTTP/1.1 429 X\r\nretry-after: 99999999999\r\n\r\n");
    let (busy, good) = (Server::start(busy), Server::start(|_, to| write!(to, "{OK}\r\n[]")));
    let http = Http::new(HttpOptions {
        allowed: vec![busy.url.clone(), good.url.clone()],
        ..options(&busy.url, limits())
    });
    let ask = |path: &str| http.get(&format!("{}/{path}", busy.url)).unwrap_err();
    // What one repository is told again and again says nothing of the others.
    for path in ["a", "a", "b"] {
        let error = ask(path).to_string();
        assert!(
            error.contains("answered 429") && error.contains("a pause of more than 100 years"),
            "{error}"
        );
    }
    let error = ask("c");
    assert!(matches!(error, HttpError::NotAsked { .. }), "{error}");
    assert!(error.to_string().contains("asked for a pause of more than 100 years"), "{error}");
    assert_eq!(busy.requests(), 3);
    assert_eq!(http.get(&good.url).unwrap(), b"[]");
}

#[test]
fn a_short_pause_is_kept_by_all_that_ask_the_host() {
    let busy: Answer = |path, to| {
        let status = if path.starts_with("/first") { "429 X\r\nretry-after: 1" } else { "200 OK" };
        write!(to, "HTTP/1.1 {status}\r\n\r\n[]")
    };
    let server = Server::start(busy);
    let http = Http::new(HttpOptions { retries: 0, ..options(&server.url, limits()) });
    let before = Instant::now();
    assert_eq!(http.get(&format!("{}/first", server.url)).unwrap_err().status(), Some(429));
    assert_eq!(http.get(&format!("{}/second", server.url)).unwrap(), b"[]");
    assert!(before.elapsed() >= Duration::from_secs(1), "{:?}", before.elapsed());
    assert_eq!(server.requests(), 2);
}

#[test]
fn answers_that_drip_are_failures_of_their_host() {
    let drips: Answer = |_, to| {
        write!(to, "{OK}content-length: 9999999\r\n\r\n")?;
        drip(to, b"[1")
    };
    let server = Server::start(drips);
    let http = http(&server.url, impatient(Duration::from_millis(300)));
    thread::scope(|scope| {
        for number in 0..20 {
            let url = format!("{}/{number}", server.url);
            let http = &http;
            scope.spawn(move || assert!(http.get(&url).unwrap_err().is_slow()));
        }
    });
    let error = http.get(&server.url).unwrap_err().to_string();
    let says = format!("was not asked: 20 requests to {} failed in a row", server.url);
    assert!(error.contains(&says), "{error}");
    assert_eq!(server.requests(), 20);
}

#[test]
fn a_server_that_never_answers_is_asked_once_for_each_thing() {
    let never: Answer = |_, _| {
        thread::sleep(Duration::from_secs(600));
        Ok(())
    };
    let server = Server::start(never);
    let timeout = Duration::from_millis(300);
    let http = Http::new(HttpOptions { timeout, ..options(&server.url, limits()) });
    let error = http.get(&server.url).unwrap_err();
    assert!(error.is_transient() && !error.is_worth_a_retry(), "{error}");
    // The client may have given up before the server had read its request.
    while server.requests() == 0 {
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(server.requests(), 1);
}

fn master() -> BTreeSet<BranchName> {
    BTreeSet::from(["master".parse().unwrap()])
}

#[test]
fn a_list_of_refs_that_drips_or_has_no_end_is_not_asked_for_again() {
    let drips: Answer = |_, to| {
        write!(to, "{OK}\r\n")?;
        drip(to, b"003d")
    };
    let endless: Answer = |path, to| {
        write!(to, "{OK}\r\n")?;
        if path.contains("info/refs") {
            to.write_all(b"001e# service=git-upload-pack\n0000")?;
        }
        pour(to, b"003e0123456789012345678901234567890123456789 refs/heads/many\n\n")
    };
    let soon = impatient(Duration::from_millis(300));
    for (answer, limits, says) in [(drips, soon, "too slowly"), (endless, limits(), "97 KiB")] {
        for protocol in [Protocol::V2, Protocol::V0] {
            let server = Server::start(answer);
            let http = http(&server.url, limits);
            let error = ls_refs::tips(&http, &server.url, &Filter::of(&master()), Some(protocol))
                .unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            assert_eq!(server.requests(), 1, "{error}");
        }
    }
}

/// Answers of a Git server that is asked what it can do, by the name of the repository.
fn git_that_can(request: &str, to: &mut TcpStream) -> io::Result<()> {
    let name = request.split('/').nth(1).unwrap_or_default();
    if name == "breaks" {
        // The length of a chunk is no number.
        return write!(to, "{OK}transfer-encoding: chunked\r\n\r\nno number\r\n");
    }
    write!(to, "{OK}\r\n")?;
    if name == "html" {
        return write!(to, "<!DOCTYPE html>");
    }
    write!(to, "001e# service=git-upload-pack\n0000")?;
    if name == "ends-early" {
        return write!(to, "00");
    }
    let id = "0123456789012345678901234567890123456789";
    let first = format!("{id} HEAD\0multi_ack {name} agent=git/2\n");
    write!(to, "{:04x}{first}0000", first.len() + 4)
}

#[test]
fn a_server_gives_commits_by_id_if_the_line_of_its_first_ref_says_so() {
    let server = Server::start(git_that_can);
    let http = http(&server.url, HttpLimits { retry_time: Duration::ZERO, ..limits() });
    let folder = tempfile::tempdir().unwrap();
    let asked = |name: &str| {
        let mirror = Mirror::open(folder.path(), &format!("{}/{name}", server.url)).unwrap();
        mirror.gives_commits_by_id(&http)
    };
    for (name, gives) in [
        ("allow-reachable-sha1-in-want", true),
        ("allow-any-sha1-in-want", true),
        // It gives the tips of branches only.
        ("allow-tip-sha1-in-want", false),
        ("html", false),
        ("ends-early", false),
    ] {
        assert_eq!(asked(name).unwrap(), gives, "{name}");
    }
    let error = asked("breaks").unwrap_err();
    assert!(error.is_transient(), "nothing is known then: {error}");
}

/// A packet of the side band with this data.
fn packet(band: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = format!("{:04x}", data.len() + 5).into_bytes();
    packet.push(band);
    packet.extend_from_slice(data);
    packet
}

/// Answers of a Git server to a fetch, by the name of the repository.
fn hostile_git(request: &str, to: &mut TcpStream) -> io::Result<()> {
    write!(to, "{OK}content-type: application/x-git-upload-pack-result\r\n\r\n")?;
    let path = request.split(' ').next().unwrap_or_default();
    if path.contains("shallows") {
        return pour(to, b"0034shallow f39e03fdec9e5accfcc9ba3501a9e0a038dd7b30");
    }
    if !request.contains("0009done") {
        // libgit2 first asks for the boundary of the shallow clone, in a request of its own.
        return to.write_all(b"0000");
    }
    to.write_all(b"00000008NAK\n")?;
    if path.contains("progress-drips") {
        return drip(to, &packet(2, &[b'.'; 2_000]));
    }
    if path.contains("progress") {
        return pour(to, &packet(2, &[b'.'; 1000]));
    }
    // A pack of one blob of 4 GiB, which is not compressed, and never ends.
    let mut start = b"PACK\0\0\0\x02\0\0\0\x01".to_vec();
    start.extend_from_slice(&[0xb0, 0x80, 0x80, 0x80, 0x40, 0x78, 0x01]);
    to.write_all(&packet(1, &start))?;
    let mut block = vec![0, 0x10, 0x27, 0xef, 0xd8];
    block.extend_from_slice(&[7; 10_000]);
    let block = packet(1, &block);
    if path.contains("object-drips") {
        to.write_all(&block)?;
        return drip(to, &block);
    }
    pour(to, &block)
}

fn files_below(folder: &Path) -> Vec<String> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_dir() {
            files.extend(files_below(&entry.path()));
        } else {
            files.push(entry.file_name().into_string().unwrap());
        }
    }
    files
}

/// In one test, since libgit2 has one transport for all of the process.
#[test]
fn a_fetch_without_end_is_given_up_and_leaves_nothing() {
    let server = Server::start(hostile_git);
    let http = Arc::new(http(&server.url, impatient(Duration::from_secs(3))));
    transport::set_up(&http).unwrap();
    let branch: BranchName = "master".parse().unwrap();
    let commit: CommitId = "f39e03fdec9e5accfcc9ba3501a9e0a038dd7b30".parse().unwrap();
    for (name, says) in [
        ("object", "answered more than 5 MiB, the most that tardist takes for a fetch"),
        ("progress", "answered more than 5 MiB"),
        ("shallows", "answered more than 5 MiB"),
        ("object-drips", "too slowly"),
        ("progress-drips", "too slowly"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let before = server.requests();
        let mirror = Mirror::open(folder.path(), &format!("{}/{name}", server.url)).unwrap();
        let error = mirror.fetch_branches(&http, &[(&branch, &commit)]).unwrap_err();
        assert!(matches!(error, Error::Fetch { .. }), "{name}: {error}");
        assert!(error.to_string().contains(says), "{name}: {error}");
        assert!(server.requests() - before <= 2, "{name} is fetched once");
        let left: Vec<_> =
            files_below(folder.path()).into_iter().filter(|name| name.contains("pack_")).collect();
        assert_eq!(left, [""; 0], "{name}");
        assert!(mirror.tip(&branch).is_none());
    }
    // The first request of each of these fetches is answered. What counts is that the fetch fails.
    let fetch = |number: usize| {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{}/object-drips{number}", server.url);
        let mirror = Mirror::open(folder.path(), &url).unwrap();
        mirror.fetch_branches(&http, &[(&branch, &commit)]).unwrap_err().to_string()
    };
    // Two have dripped above.
    thread::scope(|scope| (0..18).for_each(|number| drop(scope.spawn(move || fetch(number)))));
    let error = fetch(18);
    assert!(error.contains("was not asked: 20 requests to"), "{error}");
}
