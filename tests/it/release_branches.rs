//! Which branches are distributed: the newest release branches of MediaWiki itself, or those that many repositories
//! have, and those that the settings name or match.

use std::collections::BTreeSet;

use tardist_tests::{Fault, TestEnv, change, json};

const GREETING: &str = "extensions/SampleGreeting";

/// The branches of the sample content.
const ALL: [&str; 5] = ["REL1_43", "REL1_44", "REL1_45", "REL1_46", "master"];

/// Gives a repository a branch at the tip of its `master`.
fn branch(env: &TestEnv, id: &str, branch: &str) {
    let tip = env.repository(id).tip("master").unwrap().unwrap();
    env.repository(id).branch(branch, tip).unwrap();
}

/// The branches that are distributed, by name.
fn branches(env: &TestEnv) -> Vec<String> {
    let branches: BTreeSet<String> =
        env.tips().keys().map(|it| it.split_once(' ').unwrap().1.to_owned()).collect();
    branches.into_iter().collect()
}

#[test]
fn a_new_release_branch_comes_by_itself_and_the_oldest_one_is_retired_after_its_grace_period() {
    let env = TestEnv::sample_with_core();
    env.sync(&[]).exits(0).says(&["\nbranches: master, REL1_46, REL1_45, REL1_44, REL1_43\n"]);
    assert_eq!(branches(&env), ALL);
    let old = env.tarball(GREETING, "REL1_43");

    env.branch_core("REL1_47");
    branch(&env, GREETING, "REL1_47");
    env.server.clear_requests();
    let over = "REL1_43 is no longer among the newest 4 release branches";
    let names = "branches: master, REL1_47 (not released yet), REL1_46, REL1_45, REL1_44";
    env.sync(&[]).exits(0).says(&[over, names]);
    assert_eq!(env.core_requests(), 1);
    assert_eq!(branches(&env), ["REL1_44", "REL1_45", "REL1_46", "REL1_47", "master"]);
    let report = env.report();
    assert_eq!(report["unreleased"], json!(["REL1_47"]));
    assert!(old.exists(), "clients may have its link");
    env.tardist(&["verify"]).exits(0);

    let site = env.serve(&[]);
    let default = || {
        let answer = site.get(&format!("/info/{GREETING}")).json();
        answer["default_branch"].as_str().unwrap().to_owned()
    };
    assert_eq!(default(), "REL1_46", "there is no release of the newer one");
    // Nothing else is new but the release.
    assert_eq!(env.release_core("REL1_47"), "1.47.0");
    env.sync(&[]).exits(0).says(&["published", "branches: master, REL1_47, REL1_46"]);
    site.catch_up();
    assert_eq!(default(), "REL1_47");
    env.sync(&[]).exits(0).says(&["nothing new", over]);
    env.tardist(&["status"]).exits(0).says(&[over]);

    env.sync(&["--grace", "0s"]).exits(0).says(&["nothing new"]);
    assert!(!old.exists());
    let status = env.tardist(&["status"]);
    status.exits(0);
    assert!(!status.stdout.contains(over), "{}", status.stdout);
}

#[test]
fn a_cycle_without_news_asks_one_question_more_than_the_lists() {
    for (env, status) in
        [(TestEnv::sample_with_core(), "MediaWiki is there"), (TestEnv::sample(), "it is not")]
    {
        env.sync(&[]).exits(0);
        env.server.clear_requests();
        env.sync(&[]).exits(0).says(&["nothing new"]);
        assert_eq!((env.server.requests().len(), env.core_requests()), (5, 1), "{status}");
    }
}

#[test]
fn without_mediawiki_itself_a_release_branch_counts_that_a_fifth_of_the_repositories_have() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before = env.tips();
    // One of eight repositories.
    branch(&env, GREETING, "REL1_48");
    env.sync(&[]).exits(0).says(&["nothing new"]);
    assert_eq!(env.tips(), before);
    branch(&env, "skins/SamplePaper", "REL1_48");
    env.sync(&[]).exits(0).says(&["REL1_43 is no longer among the newest 4 release branches"]);
    assert_eq!(branches(&env), ["REL1_44", "REL1_45", "REL1_46", "REL1_48", "master"]);
    // It counts as released.
    assert_eq!(env.report()["unreleased"], json!([]));
}

#[test]
fn of_a_few_repositories_one_alone_adds_no_release_branches_that_take_the_places_of_all_others() {
    let env = TestEnv::empty();
    let ids = ["A", "B", "C"].map(|name| format!("extensions/{name}"));
    for id in &ids {
        change(&env, id, "first");
        for name in &ALL[..4] {
            branch(&env, id, name);
        }
    }
    env.sync(&[]).exits(0);
    let before = env.tips();
    for name in ["REL1_47", "REL1_48", "REL1_49", "REL1_50"] {
        branch(&env, &ids[0], name);
    }
    env.sync(&[]).exits(0).says(&["nothing new"]);
    assert_eq!(env.tips(), before);
    branch(&env, &ids[1], "REL1_47");
    env.sync(&[]).exits(0);
    assert_eq!(branches(&env), ["REL1_44", "REL1_45", "REL1_46", "REL1_47", "master"]);
}

#[test]
fn while_mediawiki_itself_cannot_be_asked_what_was_found_last_counts() {
    let env = TestEnv::sample_with_core();
    env.branch_core("REL1_47");
    branch(&env, GREETING, "REL1_47");
    env.sync(&[]).exits(0);
    let before = env.published();
    for fault in [Fault::status(503), Fault::Hangup, Fault::Html, Fault::Empty, Fault::Truncated] {
        let shown = format!("{fault:?}");
        env.server.fault("mediawiki/core", fault, None);
        let run = env.sync(&[]);
        run.exits(0).says(&["nothing new", "those that the last cycle found count"]);
        assert!(run.stdout.contains("REL1_47 (not released yet)"), "{shown}: {}", run.stdout);
        assert!(env.published() == before, "{shown}");
        env.server.clear_faults();
    }
    // The snapshot knows it, too.
    std::fs::remove_file(env.data().join("state.db")).unwrap();
    env.server.fault("mediawiki/core", Fault::status(503), None);
    env.sync(&[]).exits(0).says(&["REL1_47 (not released yet)"]);
}

#[test]
fn in_a_first_cycle_without_an_answer_of_mediawiki_itself_the_repositories_say_it() {
    let env = TestEnv::sample_with_core();
    env.server.fault("mediawiki/core", Fault::status(503), None);
    env.sync(&[]).exits(0).says(&["those count that many repositories have"]);
    assert_eq!(env.tips().len(), 32);
}

#[test]
fn a_release_branch_that_mediawiki_itself_loses_is_a_mass_loss() {
    let env = TestEnv::sample_with_core();
    env.sync(&[]).exits(0);
    let before = env.published();
    env.upstream.repository("mediawiki/core").unwrap().delete_branch("REL1_45").unwrap();
    env.sync(&[]).exits(1).says(&["REL1_45", "--accept-loss"]);
    assert!(env.published() == before);
    env.sync(&["--accept-loss"]).exits(0);
    assert!(!branches(&env).contains(&"REL1_45".to_owned()));
}

#[test]
fn a_pattern_takes_the_branches_that_it_matches_and_no_others() {
    for env in [TestEnv::sample_with_core(), TestEnv::sample()] {
        branch(&env, GREETING, "wmf/1.47");
        branch(&env, GREETING, "REL1_4x/y");
        let run = env.sync(&["--branch", "REL1_4*", "--branch", "master", "--dry-run"]);
        run.exits(0);
        assert!(!run.stdout.contains("wmf") && !run.stdout.contains("/y"), "{}", run.stdout);
        env.sync(&["--branch", "REL1_4*", "--branch", "master"]).exits(0);
        assert_eq!(env.tips().len(), 32);
        env.sync(&["--branch", "REL1_4*"]).exits(0);
        assert_eq!(branches(&env), ALL[..4]);
        env.sync(&["--branch", "master", "--release-branches", "1"]).exits(0);
        assert_eq!(branches(&env), ["REL1_46", "master"]);
    }
    // What MediaWiki itself does not have is found where Git is asked in each repository.
    let env = TestEnv::sample();
    branch(&env, GREETING, "wmf/1.47");
    env.sync(&["--branch", "wmf/*"]).exits(0);
    assert_eq!(env.tips().into_keys().collect::<Vec<_>>(), [format!("{GREETING} wmf/1.47")]);
}

#[test]
fn a_directory_and_a_list_have_the_newest_release_branches_too() {
    let env = TestEnv::sample();
    let directory = format!("upstream = \"directory={}\"", env.upstream.root().display());
    let url = env.server.url();
    let ids = ["extensions/SampleGreeting", "extensions/SampleNotes", "skins/SampleDusk"];
    let lines: String = ids.iter().map(|id| format!("{id} {url}/mediawiki/{id}\n")).collect();
    let path = env.folder().join("list.txt");
    std::fs::write(&path, lines).unwrap();
    let list = format!("upstream = \"list={}\"", path.display());
    branch(&env, GREETING, "REL1_035");
    branch(&env, GREETING, "other");
    for (config, count) in [(list, 11), (directory, 37)] {
        env.sync_with(&config, &["--accept-loss"]).exits(0);
        assert_eq!(branches(&env), ALL, "{config}");
        assert_eq!(env.tips().len(), count, "{config}");
        env.sync_with(&config, &[]).exits(0).says(&["nothing new"]);
    }
}

#[test]
fn whoever_lists_branches_gets_these_alone() {
    let env = TestEnv::sample_with_core();
    env.branch_core("REL1_47");
    branch(&env, GREETING, "REL1_47");
    env.sync(&["--branch", "REL1_46", "--branch", "REL1_47"]).exits(0);
    assert_eq!(branches(&env), ["REL1_46", "REL1_47"]);
    // What is released is known all the same.
    assert_eq!(env.report()["unreleased"][0], "REL1_47");
    env.server.clear_requests();
    env.sync(&["--branch", "master"]).exits(0);
    assert_eq!((branches(&env), env.core_requests()), (vec!["master".to_owned()], 0));
}
