//! Hosts that are down: what they cost a cycle, and what of theirs stands. The other faults of an
//! upstream are in `upstream_faults`.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use tardist_tests::{Fault, TestEnv, change};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

/// Pauses that a server may ask for by `Retry-After`: a date that no test sees, and a year in seconds.
const FAR_DATE: &str = "Fri, 31 Dec 2100 23:59:59 GMT";
const YEAR: &str = "31536000";

#[test]
fn a_pause_that_is_too_long_for_a_cycle_is_not_waited_for() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    for (number, pause) in [YEAR, FAR_DATE, "99999999999"].into_iter().enumerate() {
        change(&env, GREETING, &number.to_string());
        env.server.fault("SampleGreeting/git-upload-pack", Fault::busy(429, pause), None);
        let start = Instant::now();
        env.sync(&["--retries", "3"]).exits(3).says(&[GREETING, "429"]);
        // The longest pause that is waited for is a minute.
        assert!(start.elapsed() < Duration::from_secs(30), "{pause}: {:?}", start.elapsed());
        env.server.clear_faults();
        env.sync(&[]).exits(0);
    }
}

#[test]
fn a_pause_that_one_repository_is_asked_for_does_not_stop_the_others() {
    const COUNT: usize = 8;
    let env = many(COUNT);
    let paper = change(&env, PAPER, "second");
    env.server.fault("Many03/", Fault::busy(503, YEAR), None);
    env.server.clear_requests();
    env.sync(&["--jobs", "1", "--retries", "3"]).exits(3).says(&["extensions/Many03", "503"]);
    let asked = env.git_requests().into_iter().filter(|(_, project)| project.ends_with("Many03"));
    assert_eq!(asked.count(), 1, "it is left alone itself");
    let failures = env.report()["failures"].as_array().unwrap().len();
    assert_eq!((failures, &env.tips()[&format!("{PAPER} master")]), (1, &paper));
    env.server.clear_faults();
    env.sync(&[]).exits(0).says(&["1 tarballs made"]);
}

/// An upstream with so many repositories of one branch, which is synced once; then each has a new
/// commit.
fn many(count: usize) -> TestEnv {
    let env = TestEnv::empty();
    let ids: Vec<String> = (0..count).map(|number| format!("extensions/Many{number:02}")).collect();
    ids.iter().for_each(|id| drop(change(&env, id, "first")));
    change(&env, PAPER, "first");
    env.sync(&[]).exits(0);
    ids.iter().for_each(|id| drop(change(&env, id, "second")));
    env
}

#[test]
fn of_a_host_that_fails_only_the_first_repositories_are_asked_for() {
    const COUNT: usize = 60;
    let env = many(COUNT);
    let before = env.tips();
    for (name, fault) in [
        ("a black hole", Fault::BlackHole),
        ("500", Fault::status(500)),
        ("429 for a year", Fault::busy(429, YEAR)),
        ("hangs up", Fault::Hangup),
    ] {
        let timeout = if fault == Fault::BlackHole { "8s" } else { "60s" };
        env.server.fault("git-upload-pack", fault.clone(), None);
        env.server.fault("info/refs", fault, None);
        env.server.clear_requests();
        let args = ["--timeout", timeout, "--jobs", "4", "--grace", "0s", "--branch", "master"];
        let run = env.sync(&args);
        assert_eq!(run.code, 3, "{name}: {}", run.text());
        assert_eq!(env.tips(), before, "{name}");
        let asked: BTreeSet<String> =
            env.git_requests().into_iter().map(|(_, project)| project).collect();
        assert!(asked.len() <= COUNT / 2, "{name}: {} repositories were asked for", asked.len());
        assert_eq!(env.report()["failures"].as_array().unwrap().len(), COUNT, "each is named");
        env.server.clear_faults();
    }
    env.sync(&[]).exits(0).says(&["60 tarballs made"]);
    env.tardist(&["verify"]).exits(0);
}

/// How an upstream goes down.
type Fall = fn(&TestEnv);

#[test]
fn of_two_upstreams_one_that_is_down_stands_and_the_other_goes_on() {
    let [env, other] = [TestEnv::empty(), TestEnv::empty()];
    for (from, kind) in [(&env, "Own"), (&other, "Other")] {
        change(from, &format!("extensions/{kind}"), "first");
        change(from, &format!("skins/{kind}"), "first");
    }
    let entry = |url: &str| format!("[[upstream]]\ntype = \"gerrit\"\nurl = \"{url}\"\n");
    let config = entry(&env.server.url()) + &entry(&other.server.url());
    env.sync_with(&config, &[]).exits(0);
    let mut expected = env.tips();
    assert_eq!(expected.len(), 4);

    let down: [(&str, Fall); 4] = [
        ("refused", |other| other.server.close_port()),
        ("a black hole", |other| other.server.fault("/", Fault::BlackHole, None)),
        ("500", |other| other.server.fault("/", Fault::status(500), None)),
        ("nothing at all", |other| other.server.fault("/projects/", Fault::EmptyList, None)),
    ];
    for (name, down) in down {
        expected.insert("extensions/Own master".to_owned(), change(&env, "extensions/Own", name));
        let waiting = change(&other, "skins/Other", name);
        down(&other);
        let timeout = if name == "a black hole" { "12s" } else { "60s" };
        let run = env.sync_with(&config, &["--timeout", timeout, "--grace", "0s"]);
        assert_eq!(run.code, 3, "{name}: {}", run.text());
        run.says(&[&other.server.url()]);
        assert_eq!(env.tips(), expected, "{name}");
        env.tardist(&["verify"]).exits(0);
        env.tardist(&["status"]).exits(3).says(&[&other.server.url()]);

        other.server.open_port();
        other.server.clear_faults();
        let next = env.sync_with(&config, &[]);
        assert_eq!(next.code, 0, "after {name}: {}", next.text());
        expected.insert("skins/Other master".to_owned(), waiting);
        assert_eq!(env.tips(), expected, "after {name}");
    }
}

#[test]
fn when_git_is_down_behind_a_list_that_is_a_file_everything_stands() {
    let env = TestEnv::sample();
    let list = env.folder().join("list.txt");
    let lines = [GREETING, PAPER].map(|id| format!("{id} {}/mediawiki/{id}\n", env.server.url()));
    std::fs::write(&list, lines.concat()).unwrap();
    let upstream = format!("list={}", list.display());
    env.sync(&["--upstream", &upstream]).exits(0);
    let before = env.tips();
    let commit = change(&env, GREETING, "meanwhile");
    let args = ["--upstream", &upstream, "--timeout", "12s", "--grace", "0s"];
    env.server.close_port();
    env.sync(&args).exits(3).says(&[GREETING, PAPER]);
    env.server.open_port();
    env.server.fault("/", Fault::BlackHole, None);
    env.sync(&args).exits(3).says(&[GREETING, PAPER]);
    assert_eq!(env.tips(), before);
    env.tardist(&["verify"]).exits(0);
    env.server.clear_faults();
    env.sync(&args[..2]).exits(0);
    assert_eq!(env.tips()[&format!("{GREETING} master")], commit);
}
