//! Readers while a sync writes, and syncs that are killed: no answer ever mixes two snapshots, and
//! what is published is always complete.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{scope, sleep};
use std::time::Duration;

use tardist_tests::{Fault, File, Site, TestEnv, Value, files, within};

const PAIR: [&str; 2] = ["extensions/Left", "extensions/Right"];
const ROUNDS: usize = 10;
const READERS: usize = 8;

/// Gives both repositories of the pair the same new version.
fn set_versions(env: &TestEnv, version: usize) {
    let manifest = format!("{{\"name\": \"One of two\", \"version\": \"{version}\"}}");
    for id in PAIR {
        env.commit(id, "master", &[("extension.json", File::text(manifest.as_str()))]);
    }
}

/// Reads once. Fails the test unless the versions of the pair are equal and the tarballs that are
/// named exist. Returns the version.
fn look(site: &Site) -> String {
    let info = site.get("/info/extensions").json();
    let branch = |name: &str| &info["extensions"][name]["branches"]["master"];
    let version = branch("Left")["version"].as_str().unwrap();
    assert_eq!(branch("Right")["version"], version, "the answer mixes two snapshots");
    for name in ["Left", "Right"] {
        let tarball = &branch(name)["tarball"];
        let path = format!("/dist/extensions/{}", tarball["file"].as_str().unwrap());
        let head = site.request("HEAD", &path, &[]);
        assert_eq!(head.status, 200, "{path}");
        let size: u64 = head.header("content-length").parse().unwrap();
        assert_eq!(tarball["size"], Value::from(size), "{path}");
    }
    version.to_owned()
}

#[test]
fn readers_see_one_snapshot_or_the_next_and_every_tarball_that_it_names() {
    let env = TestEnv::empty();
    set_versions(&env, 0);
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    let (done, looks) = (AtomicBool::new(false), AtomicUsize::new(0));
    let seen: BTreeSet<String> = scope(|threads| {
        let read = || {
            let mut seen = BTreeSet::new();
            while !done.load(Ordering::SeqCst) {
                seen.insert(look(&site));
                looks.fetch_add(1, Ordering::SeqCst);
            }
            seen
        };
        let readers: Vec<_> = (0..READERS).map(|_| threads.spawn(read)).collect();
        let write = || {
            for version in 1..=ROUNDS {
                set_versions(&env, version);
                env.sync(&[]).exits(0);
                // An instance caches what it has read for up to a second.
                sleep(Duration::from_millis(500));
            }
            // On a busy machine, the readers may be slower than the writer.
            within("enough looks", || looks.load(Ordering::SeqCst) > ROUNDS * READERS);
        };
        // The readers must end even if this fails.
        let written = std::panic::catch_unwind(std::panic::AssertUnwindSafe(write));
        done.store(true, Ordering::SeqCst);
        let seen = readers.into_iter().flat_map(|reader| reader.join().unwrap()).collect();
        written.unwrap();
        seen
    });
    assert!(seen.len() > ROUNDS / 4, "the readers saw only {seen:?}");
    assert!(looks.load(Ordering::SeqCst) > ROUNDS * READERS, "{looks:?} looks");
    site.catch_up();
    assert_eq!(look(&site), ROUNDS.to_string());
}

/// Fails the test unless the next sync publishes all branches and leaves no unfinished file.
#[track_caller]
fn is_whole(env: &TestEnv) {
    env.sync(&[]).exits(0);
    env.tardist(&["verify"]).exits(0);
    env.tardist(&["status"]).exits(0);
    let left: Vec<_> = files(&env.data())
        .into_keys()
        .filter(|path| [".unfinished-", ".lock", "pack_git2_"].iter().any(|it| path.contains(it)))
        .collect();
    assert_eq!(left, [""; 0]);
    let tips = env.tips();
    assert_eq!(tips.len(), 32);
    for (branch, commit) in tips {
        let (id, branch) = branch.split_once(' ').unwrap();
        let tip = env.repository(id).tip(branch).unwrap().unwrap();
        assert_eq!(tip.to_string(), commit, "{id} {branch}");
    }
}

#[test]
fn a_first_sync_may_be_killed_at_any_time() {
    let env = TestEnv::sample();
    for round in 0..8 {
        let killed = env.start_sync();
        sleep(Duration::from_millis(20 + round * 40));
        killed.kill();
        if env.snapshot().exists() {
            env.tardist(&["verify"]).exits(0);
        }
    }
    is_whole(&env);
}

#[test]
fn a_sync_may_be_killed_at_any_time_and_the_next_one_goes_on() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    for round in 0..12_u64 {
        for id in ["extensions/SampleGreeting", "extensions/SampleChart", "skins/SamplePaper"] {
            let content = vec![u8::try_from(round).unwrap(); 100_000];
            env.commit(id, "master", &[("big.bin", File::text(content))]);
        }
        let stall = Fault::Stall(Duration::from_millis(30 * (round % 4)));
        env.server.fault("git-upload-pack", stall, Some(2));
        let killed = env.start_sync();
        sleep(Duration::from_millis(10 + round * 25));
        killed.kill();
        env.server.clear_faults();
        env.tardist(&["verify"]).exits(0);
        if round % 4 == 3 {
            is_whole(&env);
        }
    }
}

#[test]
fn what_a_killed_sync_leaves_is_cleaned_up_by_the_next() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    for path in [".unfinished-a", "dist/skins/.unfinished-b", "dist/extensions/.unfinished-c"] {
        std::fs::write(env.data().join(path), b"half").unwrap();
    }
    // A tarball that was moved into place before the sync was killed, and that no snapshot names.
    let orphan = env.data().join("dist/skins/SamplePaper-master-0000000.tar.gz");
    std::fs::write(&orphan, b"whole").unwrap();
    // The lock files of Git stay when a process is killed, too.
    env.commit("skins/SamplePaper", "master", &[]);
    let mirror = env.data().join("mirror/skins/SamplePaper.git");
    for path in files(&mirror).into_keys().filter(|it| it.ends_with("master") || it == "HEAD") {
        std::fs::write(mirror.join(format!("{path}.lock")), b"").unwrap();
    }
    is_whole(&env);
    assert!(orphan.exists(), "its grace period is not over");
    env.sync(&["--grace", "0s"]).exits(0);
    assert!(!orphan.exists());
}
