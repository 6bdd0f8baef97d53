//! What a cycle publishes while it still works.

use std::collections::BTreeSet;
use std::fs;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tardist_tests::{Fault, File, RequestKind, Running, TestEnv, change};

/// Waits until this is so.
#[track_caller]
fn until(what: &str, is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(120), "{what} did not happen");
        sleep(Duration::from_millis(50));
    }
}

/// The repositories that are published.
fn published(env: &TestEnv) -> BTreeSet<String> {
    let tips = if env.snapshot().exists() { env.tips() } else { Default::default() };
    tips.into_keys().map(|it| it.split_once(' ').unwrap().0.to_owned()).collect()
}

/// The repositories that Git fetched since the requests were cleared.
fn fetched(env: &TestEnv) -> BTreeSet<String> {
    let requests = env.git_requests().into_iter();
    let fetches = requests.filter(|(kind, _)| *kind == RequestKind::GitUploadPack);
    fetches.map(|(_, project)| project.trim_start_matches("mediawiki/").to_owned()).collect()
}

#[test]
fn a_first_cycle_that_is_killed_halfway_has_published_what_was_ready_and_the_next_one_goes_on() {
    const REPOSITORIES: usize = 300;
    let env = TestEnv::empty();
    for number in 0..REPOSITORIES {
        let manifest = format!("{{\"name\": \"Number {number}\"}}");
        let id = format!("extensions/Number{number:03}");
        env.commit(&id, "master", &[("extension.json", File::text(manifest.as_str()))]);
    }
    // One that is not answered keeps the cycle from its end, however late this test looks.
    env.server.fault("extensions/Number299", Fault::BlackHole, None);
    let cycle = env.start(&["sync", "--publish-every", "100ms"]);
    until("half of the work", || published(&env).len() >= REPOSITORIES / 2);
    cycle.kill();
    let ready = published(&env);
    assert!((REPOSITORIES / 2..REPOSITORIES).contains(&ready.len()), "{} are ready", ready.len());
    env.tardist(&["verify"]).exits(0);
    let site = env.serve(&[]);
    let listed = site.get("/list/extensions").json();
    assert_eq!(listed["extensions"].as_array().unwrap().len(), ready.len());

    env.server.clear_faults();
    env.server.clear_requests();
    env.sync(&[]).exits(0).says(&["published: 300 repositories listed"]);
    let again: Vec<_> = fetched(&env).intersection(&ready).cloned().collect();
    assert_eq!(again, [""; 0], "they were ready");
    assert_eq!(published(&env).len(), REPOSITORIES);
    env.tardist(&["verify"]).exits(0);
}

/// A system of which one repository is deleted at the upstream, one has a new commit, and one has a new commit that is
/// not fetched before this `fault` ends. And a cycle that has published what is ready.
fn busy(fault: Fault) -> (TestEnv, String, Running) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let commit = change(&env, "extensions/SampleGreeting", "new");
    change(&env, "skins/SamplePaper", "new");
    env.server.fault("skins/SamplePaper", fault, None);
    fs::remove_dir_all(env.repository("extensions/SampleChart").path()).unwrap();
    let cycle = env.start(&["sync", "--publish-every", "0s", "--timeout", "10m"]);
    let key = "extensions/SampleGreeting master";
    until("a publication", || env.tips().get(key) == Some(&commit));
    (env, commit, cycle)
}

#[test]
fn nothing_is_withdrawn_before_the_end_of_a_cycle() {
    let (env, commit, cycle) = busy(Fault::BlackHole);
    assert!(published(&env).contains("extensions/SampleChart"));
    assert!(published(&env).contains("skins/SamplePaper"));
    cycle.kill();
    env.server.clear_faults();
    env.sync(&[]).exits(0).says(&["no longer published: extensions/SampleChart"]);
    assert_eq!(env.tips()["extensions/SampleGreeting master"], commit);
    assert!(!published(&env).contains("extensions/SampleChart"));
}

#[test]
fn what_is_ready_does_not_wait_for_the_last_repository() {
    let env = TestEnv::sample();
    env.server.fault("skins/SamplePaper", Fault::BlackHole, None);
    // All others are ready long before that time.
    let _cycle = env.start(&["sync", "--publish-every", "5s", "--timeout", "10m"]);
    until("a publication", || published(&env).contains("extensions/SampleGreeting"));
    assert!(!published(&env).contains("skins/SamplePaper"));
}

#[test]
fn each_snapshot_of_a_cycle_is_later_than_the_one_before_it() {
    let (env, _, cycle) = busy(Fault::Hold);
    let site = env.serve(&[]);
    let early = site.get("/info");
    env.server.clear_faults();
    let modified = early.is(200).header("last-modified").to_owned();
    cycle.wait().exits(0).says(&["published: ", "no longer published: extensions/SampleChart"]);
    assert!(env.report()["publications"].as_u64().unwrap() >= 2);
    site.catch_up();
    let late = site.request("GET", "/info", &[("If-Modified-Since", &modified)]);
    late.is(200);
    assert_ne!(late.header("last-modified"), modified);
    let again =
        site.request("GET", "/info", &[("If-Modified-Since", late.header("last-modified"))]);
    again.is(304);
}
