//! A real nginx on both sides: before `git http-backend` as the upstream, and before the
//! components.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use tardist_tests::{Answer, File, LoggedRequest, Nginx, TestEnv, sha256};

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

/// The `location` blocks that docs/operation.md shows to operators, with this data directory and
/// these components.
fn documented_locations(env: &TestEnv, components: &str) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let text = fs::read_to_string(workspace.join("docs/operation.md")).unwrap();
    let blocks: Vec<_> = text.lines().filter(|line| line.starts_with("    location ")).collect();
    let blocks = blocks.join("\n");
    let examples = ["/srv/tardist", "127.0.0.1:3000"];
    for example in examples {
        assert!(blocks.contains(example), "{example} is not in the document's blocks:\n{blocks}");
    }
    blocks.replace(examples[0], env.data().to_str().unwrap()).replace(examples[1], components)
}

fn is_tarball(answer: &Answer, bytes: &[u8]) {
    assert_eq!(answer.header("content-type"), "application/gzip");
    assert_eq!(answer.header("content-encoding"), "", "else a client would decompress it");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.body == bytes, "other bytes");
}

#[test]
fn the_documented_web_server_serves_tarballs_and_passes_the_rest_to_the_components() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let components = env.serve(&[]);
    let nginx =
        Nginx::with_locations(&documented_locations(&env, &components.address().to_string()));
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
    }
    let download = format!("/download/{GREETING}/REL1_45");
    assert_eq!(site.get(&download).is(302).header("location"), link);
    site.get("/dist/extensions/Nothing-master-0000000.tar.gz").is(404);
    site.get("/info/extensions/Nothing").problem(404);
    site.get("/snapshot.db").is(404);
}
