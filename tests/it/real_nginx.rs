//! A real nginx on both sides: before `git http-backend` as the upstream, and before the
//! components.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

use tardist_tests::{Answer, File, LoggedRequest, NOBODY, Nginx, TestEnv, change, sha256};

const GREETING: &str = "extensions/SampleGreeting";

/// Bytes that do not compress, the same at each call.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(length).collect()
}

/// The size of Git's answers, in bytes.
fn git_bytes(requests: &[LoggedRequest]) -> u64 {
    let is_pack = |it: &&LoggedRequest| {
        it.target.contains("/git-upload-pack") && !it.target.contains("/mediawiki/core/")
    };
    let git = requests.iter().filter(is_pack);
    git.map(|it| it.bytes).sum()
}

#[test]
fn git_http_backend_behind_nginx_is_mirrored_and_only_what_is_new_comes_over_the_wire() {
    let env = TestEnv::sample();
    let sample = env.server.url();
    let list = sample.trim_start_matches("http://").trim_end_matches("/r").parse().unwrap();
    let mut nginx = Nginx::upstream(env.upstream.root(), list);
    let env = env.with_upstream(&nginx.url());
    // A large file that only the history has, and a large file at the tip.
    let size = 300_000;
    env.commit(GREETING, "REL1_45", &[("old.bin", File::text(noise(2 * size)))]);
    env.commit(GREETING, "REL1_45", &[("old.bin", File::absent())]);
    env.commit(GREETING, "REL1_45", &[("new.bin", File::text(&noise(2 * size)[size..]))]);

    env.sync(&["--only", GREETING]).exits(0);
    let requests = nginx.requests();
    // This upstream does not have MediaWiki itself.
    let is_right = |it: &LoggedRequest| match it.target.contains("/mediawiki/core/") {
        true => it.status == 404,
        false => it.status == 200,
    };
    assert!(requests.iter().all(is_right), "{requests:?}");
    let bytes = git_bytes(&requests);
    let size = u64::try_from(size).unwrap();
    assert!(bytes > size && bytes < size * 3 / 2, "{bytes}: only the tip is fetched");
    let connections: BTreeSet<_> = requests.iter().map(|it| it.connection).collect();
    assert!(connections.len() < requests.len(), "connections are used again: {requests:?}");

    env.sync(&[]).exits(0);
    assert_eq!(env.tips().len(), 32);
    assert_eq!(env.git_requests(), [], "every request goes through nginx");
    env.tardist(&["verify"]).exits(0);
    let _ = nginx.requests();

    let commit = env.commit(GREETING, "REL1_45", &[("small.txt", File::text("small"))]);
    env.sync(&[]).exits(0);
    let requests = nginx.requests();
    let bytes = git_bytes(&requests);
    assert!((1..4_000).contains(&bytes), "{bytes}: a commit, a tree, a small file");
    assert_eq!(env.tips()[&format!("{GREETING} REL1_45")], commit.to_string());
    env.sync(&[]).exits(0).says(&["nothing new"]);
    assert_eq!(git_bytes(&nginx.requests()), 0);
    env.tardist(&["verify"]).exits(0);
}

fn is_for_all(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-expose-headers"), "*");
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
}

fn is_tarball(answer: &Answer, bytes: &[u8]) {
    assert_eq!(answer.header("content-type"), "application/gzip");
    assert_eq!(answer.header("content-encoding"), "", "else a client would decompress it");
    assert_eq!(answer.header("cache-control"), "public, max-age=86400");
    is_for_all(answer);
    assert!(answer.body == bytes, "other bytes");
}

#[test]
fn the_shipped_web_server_serves_tarballs_and_passes_the_rest_to_the_components() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let components = env.serve(&[]);
    let nginx = Nginx::shipped(&env.data(), [components.address(), NOBODY]);
    let site = nginx.site();
    let info = site.get(&format!("/info/{GREETING}")).json();
    let tarball = &info["branches"]["REL1_45"]["tarball"];
    let url = tarball["url"].as_str().unwrap();
    let link = url.find("/dist/").map(|start| &url[start..]).unwrap();
    let bytes = fs::read(env.tarball(GREETING, "REL1_45")).unwrap();
    assert_eq!(tarball["sha256"], sha256(&bytes));

    let gzip = ("Accept-Encoding", "gzip, deflate");
    let whole = site.request("GET", link, &[gzip]);
    is_tarball(whole.is(200), &bytes);
    assert_ne!(whole.header("last-modified"), "");
    let file = link.rsplit('/').next().unwrap();
    assert_eq!(whole.header("content-disposition"), format!("attachment; filename=\"{file}\""));
    let head = site.request("HEAD", link, &[]);
    assert_eq!(head.is(200).header("content-length"), bytes.len().to_string());

    let tag = whole.header("etag");
    let unchanged = site.request("GET", link, &[("If-None-Match", tag)]);
    assert!(unchanged.is(304).body.is_empty());
    let part = site.request("GET", link, &[("Range", "bytes=10-19")]);
    is_tarball(part.is(206), &bytes[10..20]);
    let range = format!("bytes 10-19/{}", bytes.len());
    assert_eq!(part.header("content-range"), range);
    let resumed = site.request("GET", link, &[("Range", "bytes=10-"), ("If-Range", tag)]);
    is_tarball(resumed.is(206), &bytes[10..]);

    // The lists of the folder are those that the components answer with.
    for (path, content_type) in [("", "text/html"), ("SHA256SUMS", "text/plain")] {
        let path = format!("/dist/extensions/{path}");
        let (list, ours) = (site.get(&path), components.get(&path));
        assert_eq!(list.is(200).header("content-type"), content_type, "{path}");
        assert!(ours.header("content-type").starts_with(content_type), "{path}");
        assert!(list.body == ours.body, "{path}");
        assert_eq!(list.header("content-disposition"), "", "{path} is shown");
    }
    let download = format!("/download/{GREETING}/REL1_45");
    assert_eq!(site.get(&download).is(302).header("location"), link);
    fs::write(env.data().join("dist/extensions/.unfinished-1"), "half").unwrap();
    for missing in ["Nothing-master-0000000.tar.gz", ".unfinished-1"] {
        let answer = site.get(&format!("/dist/extensions/{missing}"));
        is_for_all(answer.is(404));
        assert_eq!(answer.header("cache-control"), "no-store", "{missing}");
    }
    site.get("/info/extensions/Nothing").problem(404);
    site.get("/snapshot.db").is(404);
}

#[test]
fn the_shipped_cache_gives_nothing_that_is_older_than_it_may_be() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let components = env.serve(&["cache_max_age=1"]);
    let nginx = Nginx::shipped(&env.data(), [components.address(), NOBODY]);
    let tip = || {
        let info = nginx.site().get(&format!("/info/{GREETING}")).json();
        info["branches"]["master"]["commit"].as_str().unwrap().to_owned()
    };
    let first = tip();
    let second = change(&env, GREETING, "second");
    env.sync(&[]).exits(0);
    assert_ne!(first, second);
    // nginx counts whole seconds, so an answer of one second may be given for two. After that, the first who asks
    // gets the new one, whenever the old one was kept.
    thread::sleep(Duration::from_secs(3));
    assert_eq!(tip(), second);
    drop(components);
    thread::sleep(Duration::from_secs(3));
    assert_eq!(tip(), second, "without Spin, what is kept is still given");
}

#[test]
fn the_shipped_web_server_is_reloaded_without_a_failed_request() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let components = env.serve(&[]);
    let nginx = Nginx::shipped(&env.data(), [components.address(), NOBODY]);
    thread::scope(|scope| {
        // Fewer than the rate limit counts as too many.
        let clients: Vec<_> = (0..4)
            .map(|_| {
                scope.spawn(|| {
                    for _ in 0..20 {
                        // On a connection of its own. nginx closes those that wait for another request, and whoever
                        // writes to one at that moment has to repeat the request (RFC 9112, section 9.3.1).
                        let request =
                            "GET /list HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n";
                        nginx.site().exchange(request).is(200);
                        thread::sleep(Duration::from_millis(20));
                    }
                })
            })
            .collect();
        while !clients.iter().all(thread::ScopedJoinHandle::is_finished) {
            nginx.reload();
            thread::sleep(Duration::from_millis(100));
        }
    });
}

#[test]
fn too_many_requests_of_a_client_are_refused_and_not_passed_on() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let components = env.serve(&[]);
    let nginx = Nginx::shipped(&env.data(), [components.address(), NOBODY]);
    // 100 at once are allowed, and 20 more each second.
    let mut statuses = (0..5_000).map(|_| nginx.site().get("/list").status);
    assert_eq!(statuses.find(|status| *status != 200), Some(429));
}

#[test]
fn without_a_second_instance_the_first_says_what_is_wrong() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let functions = env.serve(&[]);
    let nginx = Nginx::shipped(&env.data(), [functions.address(), NOBODY]);
    let site = nginx.site();
    site.get("/health").is(200);
    fs::remove_file(env.snapshot()).unwrap();
    functions.catch_up();
    let said = functions.get("/health").problem(503);
    assert_eq!(site.get("/health").problem(503), said);
    let posted = functions.request("POST", "/updates", &[]).status;
    assert_eq!(site.request("POST", "/updates", &[]).status, posted);
    drop(functions);
    site.get("/health").is(502);
}

/// An upgrade to another schema: at each moment, one of the two versions of the functions can read the snapshot.
#[test]
fn while_the_schema_changes_the_functions_that_can_read_the_snapshot_answer() {
    let [old, new] = [TestEnv::sample(), TestEnv::sample()];
    let other_schema = b"SQLite format 3, but of another version";
    old.sync(&[]).exits(0);
    fs::create_dir_all(new.data()).unwrap();
    fs::write(new.snapshot(), other_schema).unwrap();
    let (old_site, new_site) = (old.serve(&[]), new.serve(&[]));
    let nginx = Nginx::shipped(&old.data(), [old_site.address(), new_site.address()]);
    let answers = |path: &str| {
        nginx.site().get(path).is(200);
        let updates = nginx.site().request("POST", "/updates", &[("Content-Length", "0")]);
        assert_ne!(updates.status, 503, "a request with a body is passed on, too");
    };
    answers("/list");
    // Of another component: each keeps what it has opened for a moment.
    new_site.get("/health").problem(503);
    // The new builder publishes.
    new.sync(&["--force"]).exits(0);
    fs::write(old.snapshot(), other_schema).unwrap();
    old_site.get("/info").problem(503);
    answers("/info");
    // The old functions are stopped.
    drop(old_site);
    answers("/list/extensions");
}
