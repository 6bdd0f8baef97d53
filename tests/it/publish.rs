//! The states of the snapshot: what the components answer if it is missing, damaged, old or new.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use rusqlite::Connection;
use tardist_tests::{File, Site, TestEnv};

const PATHS: [&str; 11] = [
    "/",
    "/health",
    "/metrics",
    "/list",
    "/list/extensions",
    "/list/extensions?format=text",
    "/info",
    "/info/skins",
    "/info/extensions/SampleGreeting",
    "/info/extensions?names=SampleGreeting%7CNothing",
    "/info/skins/SamplePaper",
];

#[track_caller]
fn all_are_unavailable(site: &Site, why: &str) {
    site.catch_up();
    for path in PATHS {
        let answer = site.get(path);
        assert!(!answer.problem(503).is_empty(), "{path} with {why}");
        let pause: u32 = answer.header("retry-after").parse().unwrap();
        assert!(pause > 0, "{path} with {why}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{path} with {why}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path} with {why}");
        assert_eq!(answer.header("etag"), "", "{path} with {why}");
        let head = site.request("HEAD", path, &[]);
        assert!(head.is(503).body.is_empty(), "{path} with {why}");
    }
}

#[track_caller]
fn all_are_there(site: &Site, after: &str) {
    site.catch_up();
    for path in PATHS {
        assert_eq!(site.get(path).status, 200, "{path} after {after}");
    }
}

#[test]
fn without_a_usable_snapshot_every_answer_is_503_until_the_next_sync() {
    let env = TestEnv::sample();
    let site = env.serve(&[]);
    all_are_unavailable(&site, "no snapshot");
    env.sync(&[]).exits(0);
    all_are_there(&site, "the first sync");

    let whole = fs::read(env.snapshot()).unwrap();
    let other_schema = {
        let path = env.folder().join("other.db");
        fs::write(&path, &whole).unwrap();
        let other = Connection::open(&path).unwrap();
        let version: i64 = other.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        other.pragma_update(None, "user_version", version + 1).unwrap();
        other.close().unwrap();
        fs::read(&path).unwrap()
    };
    for (why, bytes) in [
        ("an empty file", Vec::new()),
        ("rubbish", b"This is no database. ".repeat(500)),
        ("half of a snapshot", whole[..whole.len() / 2].to_vec()),
        ("a page of a snapshot", whole[..16_384].to_vec()),
        ("another schema version", other_schema),
    ] {
        // A rename, as when a backup is restored or another builder publishes.
        let draft = env.folder().join("draft");
        fs::write(&draft, bytes).unwrap();
        fs::rename(&draft, env.snapshot()).unwrap();
        all_are_unavailable(&site, why);
        env.tardist(&["verify"]).exits(1);
        env.sync(&[]).exits(0);
        all_are_there(&site, why);
        env.tardist(&["verify"]).exits(0);
        assert_eq!(env.tips().len(), 32, "after {why}");
    }
    fs::remove_file(env.snapshot()).unwrap();
    all_are_unavailable(&site, "a snapshot that was removed");
}

#[test]
fn a_snapshot_that_is_too_old_makes_health_503_and_is_still_served() {
    let env = TestEnv::sample();
    let site = env.serve(&["snapshot_max_age=1"]);
    env.sync(&[]).exits(0);
    sleep(Duration::from_millis(2_300));
    let answer = site.get("/health");
    let detail = answer.problem(503);
    assert!(detail.contains("seconds ago"), "{detail}");
    assert_ne!(answer.header("retry-after"), "");
    site.get("/list").is(200);
    site.get("/info/extensions/SampleGreeting").is(200);

    let patient = env.serve(&["snapshot_max_age=1000"]);
    assert_eq!(patient.get("/health").json()["status"], "ok");
}

#[test]
fn a_new_snapshot_is_served_without_a_restart_and_unchanged_answers_keep_their_tags() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    let [paper, dusk] = ["/info/skins/SamplePaper", "/info/skins/SampleDusk"];
    let before = [paper, dusk].map(|path| site.get(path).header("etag").to_owned());
    let commit = env.commit("skins/SamplePaper", "master", &[]).to_string();
    env.sync(&[]).exits(0);
    site.catch_up();

    let changed = site.request("GET", paper, &[("If-None-Match", &before[0])]);
    assert_eq!(changed.json()["branches"]["master"]["commit"], commit.as_str());
    site.request("GET", dusk, &[("If-None-Match", &before[1])]).is(304);
}

#[test]
fn links_begin_with_the_public_url_if_it_is_set() {
    let env = TestEnv::sample();
    let url = || {
        let site = env.serve(&[]);
        let info = site.get("/info/skins/SamplePaper").json();
        info["branches"]["master"]["tarball"]["url"].as_str().unwrap().to_owned()
    };
    env.sync(&["--public-url", "https://dist.example.org/x/"]).exits(0);
    let start = "https://dist.example.org/x/dist/skins/SamplePaper-master-";
    assert!(url().starts_with(start), "{}", url());
    env.sync(&[]).exits(0);
    assert!(url().ends_with(".tar.gz") && url().contains("/dist/skins/SamplePaper-master-"));
    assert!(!url().contains("dist.example.org"), "the setting is followed at once");
}

/// What `sha256sum -c SHA256SUMS` says in this folder, and the files that it checked.
#[track_caller]
fn checked(folder: &Path) -> Vec<String> {
    let mut command = Command::new("sha256sum");
    let output =
        command.args(["--check", "--strict", "SHA256SUMS"]).current_dir(folder).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| line.strip_suffix(": OK").unwrap().to_owned()).collect()
}

#[test]
fn sha256sum_checks_exactly_the_published_tarballs() {
    let env = TestEnv::sample();
    let folder = |kind: &str| env.data().join("dist").join(kind);
    let checks_all = || {
        for kind in ["extensions", "skins"] {
            let tips = env.tips().into_iter().filter(|(branch, _)| branch.starts_with(kind));
            let mut expected: Vec<String> = tips
                .map(|(branch, commit)| {
                    let name = branch[kind.len() + 1..].replace(' ', "-").replace('/', "~");
                    format!("{name}-{}.tar.gz", &commit[..7])
                })
                .collect();
            expected.sort();
            assert_eq!(checked(&folder(kind)), expected, "{kind}");
            let mode = fs::metadata(folder(kind).join("SHA256SUMS")).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o644);
        }
    };
    env.sync(&[]).exits(0);
    checks_all();

    env.commit("skins/SamplePaper", "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--grace", "0s"]).exits(0);
    checks_all();

    // A cycle may be killed before it has written them: the next one does.
    fs::write(folder("skins").join("SHA256SUMS"), "of an earlier cycle").unwrap();
    fs::remove_file(folder("extensions").join("SHA256SUMS")).unwrap();
    env.sync(&[]).exits(0);
    checks_all();
}
