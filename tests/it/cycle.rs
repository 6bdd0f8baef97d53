//! Cycles: what a sync requests, makes and publishes, and what it does not change.

use std::collections::{BTreeMap, BTreeSet};
use std::thread::sleep;
use std::time::Duration;

use tardist_tests::{BRANCHES, Fault, File, Files, RequestKind, State, TestEnv, files, within};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

/// The branches of the sample that are published. The read-only repository and the one below
/// another repository are not.
fn sample_branches() -> BTreeSet<String> {
    let repositories: [(&str, &[&str]); 8] = [
        ("extensions/SampleCalendar", &BRANCHES[..4]),
        ("extensions/SampleChart", &BRANCHES),
        (GREETING, &BRANCHES),
        ("extensions/SampleLinks", &BRANCHES),
        ("extensions/SampleNotes", &BRANCHES[..3]),
        ("extensions/SampleOld", &["master", "REL1_43"]),
        ("skins/SampleDusk", &BRANCHES[..3]),
        (PAPER, &BRANCHES),
    ];
    let all = repositories.iter();
    all.flat_map(|(id, branches)| branches.iter().map(move |branch| format!("{id} {branch}")))
        .collect()
}

/// The paths that are in `after` but not in `before`.
fn added<'a>(before: &Files, after: &'a Files) -> Vec<&'a str> {
    after.keys().filter(|path| !before.contains_key(*path)).map(String::as_str).collect()
}

#[test]
fn a_first_sync_publishes_all_active_repositories_and_nothing_else() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let tips = env.tips();
    assert_eq!(tips.keys().cloned().collect::<BTreeSet<_>>(), sample_branches());
    for (branch, commit) in &tips {
        let (id, branch) = branch.split_once(' ').unwrap();
        let tip = env.repository(id).tip(branch).unwrap().unwrap();
        assert_eq!(*commit, tip.to_string(), "{id} {branch}");
        assert!(env.tarball(id, branch).is_file(), "{id} {branch}");
    }
    let data = files(&env.data());
    let tarballs = data.keys().filter(|path| path.ends_with(".tar.gz")).count();
    assert_eq!(tarballs, tips.len());
    let others = data.keys().filter(|path| path.starts_with("dist/") && !path.ends_with(".tar.gz"));
    let lists = ["extensions", "skins"]
        .map(|kind| [format!("dist/{kind}/SHA256SUMS"), format!("dist/{kind}/index.html")]);
    assert!(others.eq(&lists.concat()));
    assert!(!data.keys().any(|path| path.contains(".unfinished-")));
    for request in env.server.requests() {
        let agent = request.user_agent.unwrap_or_default();
        assert!(agent.starts_with("tardist/"), "{agent:?} asked {}", request.target);
    }
    env.tardist(&["verify"]).exits(0);
    env.tardist(&["status"]).exits(0).says(&["6 extensions, 2 skins, 32 tarballs"]);
}

#[test]
fn a_sync_that_finds_nothing_new_asks_for_the_lists_only_and_changes_no_byte() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before = env.published();
    env.server.clear_requests();
    env.sync(&[]).exits(0).says(&["nothing new"]);
    assert_eq!((env.git_requests(), env.core_requests()), (vec![], 1));
    let mut requests = env.server.requests();
    requests.retain(|it| !it.target.starts_with("/r/mediawiki/core/"));
    assert!(requests.iter().all(|it| it.kind == RequestKind::ProjectList), "{requests:?}");
    assert!(requests.len() <= 4, "two requests for each kind: {requests:?}");
    assert!(env.published() == before, "a byte has changed");

    // An old snapshot is published again, so that its age shows whether the builder still runs.
    sleep(Duration::from_millis(1_100));
    env.sync(&["--refresh", "1s"]).exits(0);
    let after = env.published();
    assert!(after["snapshot.db"] != before["snapshot.db"], "the snapshot is as old as before");
    assert!(added(&before, &after).is_empty());
}

#[test]
fn a_commit_is_one_fetch_and_one_tarball_and_the_old_one_stays_for_its_grace_period() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let (before, tips) = (env.published(), env.tips());
    let old = env.tarball(GREETING, "REL1_45");
    env.server.clear_requests();

    let commit = env.commit(GREETING, "REL1_45", &[("new.txt", File::text("new"))]).to_string();
    env.sync(&[]).exits(0);
    let requests = env.git_requests();
    assert!(requests.iter().all(|(_, project)| project == "mediawiki/extensions/SampleGreeting"));
    let count = |kind| requests.iter().filter(|(it, _)| *it == kind).count();
    // The commit is known from the list, so that Git need not list the refs.
    assert_eq!(count(RequestKind::GitInfoRefs), 0, "{requests:?}");
    assert!((1..=2).contains(&count(RequestKind::GitUploadPack)), "{requests:?}");

    let after = env.published();
    let new = format!("dist/{GREETING}-REL1_45-{}.tar.gz", &commit[..7]);
    assert_eq!(added(&before, &after), [new.as_str()]);
    for (path, bytes) in before.iter().filter(|(path, _)| path.ends_with(".tar.gz")) {
        assert!(after.get(path) == Some(bytes), "{path} has changed");
    }
    let mut expected = tips;
    expected.insert(format!("{GREETING} REL1_45"), commit);
    assert_eq!(env.tips(), expected);

    env.sync(&["--grace", "1h"]).exits(0);
    assert!(old.is_file(), "its grace period is not over");
    env.sync(&["--grace", "0s"]).exits(0);
    assert!(!old.exists(), "its grace period is over");
    assert_eq!(env.published().len(), before.len());
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn what_upstream_no_longer_has_is_no_longer_published() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let (mut expected, files) = (env.tips(), env.published());
    env.repository(GREETING).delete_branch("REL1_43").unwrap();
    env.repository(PAPER).set_state(State::ReadOnly).unwrap();
    env.server.clear_requests();
    env.sync(&[]).exits(0);
    expected.retain(|branch, _| {
        branch != "extensions/SampleGreeting REL1_43" && !branch.starts_with(PAPER)
    });
    assert_eq!(env.tips(), expected);
    assert_eq!(env.git_requests(), []);
    assert!(files.keys().eq(env.published().keys()), "clients may still fetch them");
    env.sync(&["--grace", "0s"]).exits(0);
    // Besides, the snapshot, and for each kind the checksums and the list.
    assert_eq!(env.published().len(), expected.len() + 5);

    env.repository(PAPER).set_state(State::Active).unwrap();
    env.sync(&[]).exits(0);
    assert!(env.tips().contains_key("skins/SamplePaper master"), "it is back");
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn a_branch_that_is_set_back_or_rewritten_is_followed() {
    let env = TestEnv::sample();
    let first = env.repository(GREETING).tip("REL1_45").unwrap().unwrap();
    let second = env.commit(GREETING, "REL1_45", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    assert_eq!(env.tips()["extensions/SampleGreeting REL1_45"], second.to_string());
    env.repository(GREETING).branch("REL1_45", first).unwrap();
    env.sync(&[]).exits(0);
    assert_eq!(env.tips()["extensions/SampleGreeting REL1_45"], first.to_string());
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn with_the_flag_only_other_repositories_stay_as_they_are() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    let commit = env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    env.server.clear_requests();
    env.sync(&["--only", PAPER]).exits(0);
    expected.insert(format!("{PAPER} master"), commit.to_string());
    assert_eq!(env.tips(), expected);
    assert!(env.git_requests().iter().all(|(_, project)| project == "mediawiki/skins/SamplePaper"));
    env.sync(&["--only", "extensions/Nothing"]).exits(3).says(&["extensions/Nothing"]);
    assert_eq!(env.tips(), expected);
}

#[test]
fn an_upstream_that_answers_in_pages_gives_the_same_snapshot() {
    let [whole, paged] = [TestEnv::sample(), TestEnv::sample()];
    paged.server.set_page_limit(Some(2));
    whole.sync(&[]).exits(0);
    paged.sync(&[]).exits(0);
    assert_eq!(whole.tips(), paged.tips());
    paged.sync(&[]).exits(0).says(&["nothing new"]);
}

#[test]
fn a_sync_ends_with_a_message_while_another_one_runs() {
    let env = TestEnv::sample();
    env.server.fault("/projects/", Fault::Hold, None);
    let first = env.start_sync();
    within("the first sync asks for the list", || !env.server.requests().is_empty());
    env.sync(&[]).exits(4).says(&["another tardist", "wait for it"]);
    env.server.clear_faults();
    first.wait().exits(0);
    assert_eq!(env.tips().len(), 32);
}

#[test]
fn a_disk_with_less_room_than_the_setting_says_gets_no_work() {
    let env = TestEnv::sample();
    env.sync(&["--keep-free", "1PiB"]).exits(6).says(&["keep-free"]);
    assert!(!env.snapshot().exists());
    env.sync(&[]).exits(0);
}

#[test]
fn a_tarball_that_was_lost_or_cut_is_made_again_with_the_same_bytes() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before: BTreeMap<_, _> = files(&env.data().join("dist"));
    let (lost, cut) = (env.tarball(GREETING, "master"), env.tarball(PAPER, "master"));
    std::fs::remove_file(&lost).unwrap();
    std::fs::write(&cut, b"cut").unwrap();
    env.tardist(&["verify"]).exits(1).says(&["extensions/SampleGreeting", "skins/SamplePaper"]);
    env.sync(&[]).exits(0);
    assert!(files(&env.data().join("dist")) == before);
    env.tardist(&["verify"]).exits(0);
}
