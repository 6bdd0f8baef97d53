//! What an upstream can do wrong, one test or row of a table for each: what is published then, what the
//! exit status and `tardist status` say, and that the next cycle heals it. `docs/reliability.md` has
//! the same list, for operators.
//!
//! Answers that have no end or come too slowly are in `faults`, hosts that are down in `upstream_hosts`,
//! and what an upstream no longer lists in `upstream_loss`.

use std::process::Command;
use std::time::Instant;

use sample_upstream::{
    pack::{Delta, Pack},
    raw::ObjectType,
};
use tardist_tests::{Fault, File, Oid, RequestKind, Run, TestEnv, change, within};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

/// Pauses that a server may ask for by `Retry-After`: a date that no test sees, and a year in seconds.
const FAR_DATE: &str = "Fri, 31 Dec 2100 23:59:59 GMT";
const YEAR: &str = "31536000";

/// How long to wait for an answer: not long if there is none, and else as long as a busy machine may take.
fn timeout(fault: &Fault) -> &'static str {
    if *fault == Fault::BlackHole { "12s" } else { "60s" }
}

#[test]
fn a_list_that_cannot_be_fetched_or_read_changes_nothing_until_it_is_back() {
    let [env, other] = [TestEnv::sample(), TestEnv::sample()];
    env.sync(&[]).exits(0);
    let elsewhere = format!("{}/projects/", other.server.url());
    let cases = [
        ("500", Fault::status(500), "500", 5),
        ("502", Fault::status(502), "502", 5),
        ("429", Fault::status(429), "429", 5),
        ("429 for seconds", Fault::busy(429, "7"), "429", 5),
        ("429 until a date", Fault::busy(429, FAR_DATE), "429", 5),
        ("429 for a year", Fault::busy(429, YEAR), "429", 5),
        ("429 for ever", Fault::busy(429, "99999999999"), "429", 5),
        ("429 for more than a number holds", Fault::busy(429, "9".repeat(30)), "429", 5),
        ("a black hole", Fault::BlackHole, "cannot be reached", 5),
        ("hangs up", Fault::Hangup, "cannot be reached", 5),
        ("HTML", Fault::Html, "begins with", 1),
        ("truncated", Fault::Truncated, "JSON", 1),
        ("broken off", Fault::Cut, &env.server.url(), 5),
        ("empty", Fault::Empty, "empty", 1),
        ("huge headers", Fault::HugeHeaders, "headers", 1),
        ("redirected to another port of loopback", Fault::Redirect(elsewhere), "302", 1),
        ("redirected to a host", Fault::Redirect("https://example.org/r/".to_owned()), "302", 1),
    ];
    for (name, fault, says, status) in cases {
        // What is due is removed even in a cycle that fails.
        env.sync(&["--grace", "0s"]).exits(0);
        let commit = change(&env, GREETING, name);
        let before = env.published();
        let timeout = timeout(&fault);
        env.server.fault("/projects/", fault, None);
        let run = env.sync(&["--timeout", timeout, "--grace", "0s"]);
        assert_eq!(run.code, status, "{name}: {}", run.text());
        run.says(&[says, &env.server.url(), "the earlier snapshot stays"]);
        assert!(env.published() == before, "{name}");
        assert_eq!(env.report()["outcome"], "failed", "{name}");
        env.tardist(&["status"]).exits(3).says(&[says]);
        env.server.clear_faults();
        let next = env.sync(&[]);
        assert_eq!(next.code, 0, "after {name}: {}", next.text());
        assert_eq!(env.tips()[&format!("{GREETING} master")], commit, "after {name}");
        env.tardist(&["status"]).exits(0);
    }
    assert_eq!(other.server.requests(), []);
}

#[test]
fn a_host_that_cannot_be_connected_to_changes_nothing_until_it_is_back() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let commit = change(&env, GREETING, "meanwhile");
    let before = env.published();

    env.server.close_port();
    let refused = env.sync(&["--grace", "0s"]);
    refused.exits(5).says(&["cannot be reached", &env.server.url(), "the earlier snapshot stays"]);
    env.server.open_port();
    assert!(env.published() == before);

    // A server that speaks plain HTTP where TLS is expected.
    let tls = env.server.url().replace("http:", "https:");
    env.sync(&["--upstream", &tls, "--grace", "0s"]).exits(5).says(&["cannot be reached", &tls]);
    assert!(env.published() == before);

    env.sync(&[]).exits(0);
    assert_eq!(env.tips()[&format!("{GREETING} master")], commit);
}

/// A pack of two deltas, each of which is the base of the other.
fn circle() -> Fault {
    let texts = [b"one", b"two"];
    let ids = texts.map(|text| Oid::hash_object(ObjectType::Blob, text).unwrap());
    let mut pack = Pack::default();
    for (base, text) in [(ids[0], texts[1]), (ids[1], texts[0])] {
        pack.delta_of(base, &Delta::new(3, 3).insert(text)).unwrap();
    }
    Fault::Pack(pack.finish().into())
}

#[test]
fn a_repository_whose_git_fails_stands_as_published_and_the_others_go_on() {
    let [env, other] = [TestEnv::sample(), TestEnv::sample()];
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    let elsewhere = other.server.url().replace("127.0.0.1", "localhost");
    let redirect = |url: &str| Fault::Redirect(format!("{url}/mediawiki/{GREETING}/info/refs"));
    let cases = [
        ("500", Fault::status(500), "500"),
        ("a black hole", Fault::BlackHole, GREETING),
        ("hangs up", Fault::Hangup, GREETING),
        ("HTML", Fault::Html, GREETING),
        ("an empty answer", Fault::Empty, GREETING),
        ("a pack that ends too early", Fault::Truncated, GREETING),
        ("a pack that breaks off", Fault::Cut, GREETING),
        ("a pack with a wrong byte", Fault::Corrupt, GREETING),
        ("a pack of nothing", Fault::Pack(Pack::default().finish().into()), GREETING),
        ("a pack whose deltas need each other", circle(), GREETING),
        ("redirected to another port of loopback", redirect(&other.server.url()), "redirect"),
        ("redirected to another name", redirect(&elsewhere), "redirect"),
        ("redirected to a host", redirect("https://example.org"), "redirect"),
    ];
    for (name, fault, says) in cases {
        let greeting = change(&env, GREETING, name);
        expected.insert(format!("{PAPER} master"), change(&env, PAPER, name));
        env.server.fault("SampleGreeting/git-upload-pack", fault.clone(), None);
        let timeout = timeout(&fault);
        env.server.fault("SampleGreeting/info/refs", fault, None);
        let run = env.sync(&["--timeout", timeout, "--grace", "0s"]);
        assert_eq!(run.code, 3, "{name}: {}", run.text());
        run.says(&[GREETING, says]);
        assert_eq!(env.tips(), expected, "{name}");
        env.tardist(&["verify"]).exits(0);
        env.tardist(&["status", "-v"]).exits(3).says(&[GREETING, says]);
        env.server.clear_faults();
        let next = env.sync(&[]);
        assert_eq!(next.code, 0, "after {name}: {}", next.text());
        expected.insert(format!("{GREETING} master"), greeting);
        assert_eq!(env.tips(), expected, "after {name}");
    }
    assert_eq!(other.server.requests(), []);
}

#[test]
fn a_wrong_pack_is_fetched_twice_in_a_cycle_at_most() {
    let env = TestEnv::sample();
    for is_new in [true, false] {
        for (name, fault) in
            [("a wrong byte", Fault::Corrupt), ("deltas that need each other", circle())]
        {
            env.server.fault("SampleGreeting/git-upload-pack", fault, None);
            env.server.clear_requests();
            env.sync(&["--retries", "3"]).exits(3).says(&[GREETING]);
            let requests = env.git_requests();
            let packs = requests.iter().filter(|(kind, project)| {
                *kind == RequestKind::GitUploadPack && project.ends_with("SampleGreeting")
            });
            // Of a shallow clone, libgit2 asks for the boundary first.
            assert!(packs.count() <= 2 * 2, "{name}, new: {is_new}: {requests:?}");
        }
        env.server.clear_faults();
        env.sync(&[]).exits(0);
        change(&env, GREETING, "meanwhile");
    }
}

/// Starts a sync, and waits until it asks for a new commit of this branch. The answer waits until
/// `meanwhile` has happened.
fn sync_while(env: &TestEnv, branch: &str, meanwhile: impl FnOnce(Oid)) -> Run {
    let commit = env.commit(GREETING, branch, &[("a.txt", File::text("a"))]);
    env.server.fault("SampleGreeting/git-upload-pack", Fault::Hold, Some(1));
    env.server.clear_requests();
    let sync = env.start_sync();
    within("the commit is asked for", || {
        env.git_requests().iter().any(|(kind, _)| *kind == RequestKind::GitUploadPack)
    });
    meanwhile(commit);
    env.server.clear_faults();
    sync.wait()
}

#[test]
fn a_branch_that_is_set_back_or_deleted_between_list_and_fetch_is_as_it_is_then() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    let repository = env.repository(GREETING);
    let earlier = repository.tip("master").unwrap().unwrap();
    let set_back = sync_while(&env, "master", |commit| {
        repository.branch("master", earlier).unwrap();
        repository.remove_object(commit).unwrap();
    });
    set_back.exits(0);
    assert_eq!(env.tips(), expected);

    let deleted = sync_while(&env, "REL1_43", |commit| {
        repository.delete_branch("REL1_43").unwrap();
        repository.remove_object(commit).unwrap();
    });
    deleted.exits(3).says(&[&format!("{GREETING} REL1_43")]);
    assert_eq!(env.tips(), expected);
    env.tardist(&["verify"]).exits(0);
    env.sync(&[]).exits(0);
    expected.remove(&format!("{GREETING} REL1_43"));
    assert_eq!(env.tips(), expected);
}

#[test]
fn branches_that_are_rewritten_deleted_or_renamed_are_followed() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    let repository = env.repository(GREETING);
    // A history that has nothing in common with the earlier one.
    let new = env.commit(GREETING, "draft", &[("new.txt", File::text("new"))]);
    repository.branch("REL1_45", new).unwrap();
    repository.delete_branch("draft").unwrap();
    expected.insert(format!("{GREETING} REL1_45"), new.to_string());
    let moved = repository.tip("REL1_43").unwrap().unwrap();
    repository.delete_branch("REL1_43").unwrap();
    repository.delete_branch("REL1_44").unwrap();
    repository.branch("REL1_44", moved).unwrap();
    expected.remove(&format!("{GREETING} REL1_43"));
    expected.insert(format!("{GREETING} REL1_44"), moved.to_string());
    env.sync(&["--grace", "0s"]).exits(0);
    assert_eq!(env.tips(), expected);
    env.tardist(&["verify"]).exits(0);
    env.sync(&[]).exits(0).says(&["nothing new"]);
}

#[test]
fn a_project_that_was_renamed_is_published_under_its_new_name_only() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    let (from, to) = ("extensions/SampleNotes", "extensions/SampleDiary");
    let project = |id: &str| format!("mediawiki/{id}");
    env.upstream.rename(&project(from), &project(to)).unwrap();
    env.sync(&["--grace", "0s"]).exits(0);
    let renamed: Vec<String> =
        expected.keys().filter(|branch| branch.starts_with(from)).cloned().collect();
    for branch in renamed {
        let commit = expected.remove(&branch).unwrap();
        expected.insert(branch.replace(from, to), commit);
    }
    assert_eq!(env.tips(), expected);
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn a_branch_at_something_else_than_a_commit_fails_alone_and_its_tarball_stands() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    let repository = env.repository(GREETING);
    let [master, older] = ["master", "REL1_44"].map(|name| repository.tip(name).unwrap().unwrap());
    // The id that Git gives to the text of the blob: that of a file that is in the repository.
    let blob = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
    let newer = env.commit(GREETING, "master", &[("empty", File::text(""))]);
    expected.insert(format!("{GREETING} master"), newer.to_string());
    repository.misdirect("REL1_44", repository.tag_object("v1", master).unwrap()).unwrap();
    repository.misdirect("REL1_43", blob.parse().unwrap()).unwrap();
    let run = env.sync(&["--grace", "0s"]);
    run.exits(3).says(&[&format!("{GREETING} REL1_43")]);
    // An annotated tag leads to a commit; tardist may follow it or leave what was there.
    let tips = env.tips();
    let tagged = tips[&format!("{GREETING} REL1_44")].clone();
    assert!([master, older].map(|id| id.to_string()).contains(&tagged), "{tagged}");
    expected.insert(format!("{GREETING} REL1_44"), tagged);
    assert_eq!(tips, expected);
    env.tardist(&["verify"]).exits(0);
    repository.branch("REL1_44", older).unwrap();
    repository.misdirect("REL1_43", older).unwrap();
    env.sync(&[]).exits(0);
    assert_eq!(env.tips()[&format!("{GREETING} REL1_43")], older.to_string());
}

#[test]
fn a_branch_whose_objects_the_server_has_lost_fails_alone_and_its_tarball_stands() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    for branch in ["master", "REL1_43"] {
        let commit = env.commit(GREETING, branch, &[("new", File::text(branch))]);
        expected.insert(format!("{GREETING} {branch}"), commit.to_string());
    }
    let text = "lost";
    env.commit(GREETING, "REL1_44", &[("new", File::text(text))]);
    let lost = Oid::hash_object(ObjectType::Blob, text.as_bytes()).unwrap();
    env.repository(GREETING).remove_object(lost).unwrap();
    for _ in 0..2 {
        let run = env.sync(&["--grace", "0s", "--retries", "3"]);
        run.exits(3).says(&[&format!("{GREETING} REL1_44"), "its server says", "corruption"]);
        assert_eq!(env.tips(), expected);
        env.tardist(&["verify"]).exits(0);
    }
    env.commit(GREETING, "REL1_44", &[("new", File::text("found"))]);
    env.sync(&[]).exits(0);
}

#[test]
fn a_repository_whose_server_has_lost_its_objects_is_named_with_what_the_server_says() {
    let env = TestEnv::sample();
    for branch in ["REL1_43", "REL1_44"] {
        env.commit("extensions/Lost", branch, &[("a", File::text("lost"))]);
    }
    let lost = Oid::hash_object(ObjectType::Blob, b"lost").unwrap();
    env.repository("extensions/Lost").remove_object(lost).unwrap();
    let run = env.sync(&["--retries", "3"]);
    run.exits(3).says(&["1 failures", "extensions/Lost: ", "its server says", "corruption"]);
    assert!(env.tips().keys().all(|branch| !branch.starts_with("extensions/Lost")));
}

/// Makes a repository with a `master` by the program `git`, with these options for `git init`. False if
/// this Git does not know them.
fn foreign(env: &TestEnv, id: &str, options: &[&str]) -> bool {
    let path = env.upstream.root().join(format!("mediawiki/{id}.git"));
    let git = |args: &[&str]| {
        let mut command = Command::new("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null");
        for person in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{person}_NAME"), "Sample");
            command.env(format!("GIT_{person}_EMAIL"), "sample@example.org");
        }
        let output = command.arg("-C").arg(env.folder()).args(args).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        output.status.success().then_some(said)
    };
    let folder = path.to_str().unwrap();
    let init = [&["init", "--quiet", "--bare", "--initial-branch=master"], options, &[folder]];
    if git(&init.concat()).is_none() {
        return false;
    }
    let git_dir = format!("--git-dir={folder}");
    let tree = git(&[&git_dir, "hash-object", "-t", "tree", "-w", "/dev/null"]).unwrap();
    let commit = git(&[&git_dir, "commit-tree", "-m", "Begin", &tree]).unwrap();
    git(&[&git_dir, "update-ref", "refs/heads/master", &commit]).unwrap();
    true
}

#[test]
fn a_repository_in_a_form_of_git_that_is_not_read_fails_alone() {
    let env = TestEnv::sample();
    let list = env.folder().join("list.txt");
    let ids = ["extensions/Hashed", GREETING];
    let lines = ids.map(|id| format!("{id} {}/mediawiki/{id}\n", env.server.url()));
    std::fs::write(&list, lines.concat()).unwrap();
    assert!(foreign(&env, "extensions/Hashed", &["--object-format=sha256"]), "Git before 2.29");
    let upstream = format!("list={}", list.display());
    for _ in 0..2 {
        let commit = change(&env, GREETING, &format!("{:?}", Instant::now()));
        env.sync(&["--upstream", &upstream]).exits(3).says(&["extensions/Hashed"]);
        assert_eq!(env.tips()[&format!("{GREETING} master")], commit);
        assert!(!env.tips().contains_key("extensions/Hashed master"));
        env.tardist(&["verify"]).exits(0);
    }
}

#[test]
fn how_the_server_stores_its_refs_makes_no_difference() {
    let env = TestEnv::sample();
    if !foreign(&env, "extensions/Tabled", &["--ref-format=reftable"]) {
        // Git before 2.45.
        return;
    }
    let list = env.folder().join("list.txt");
    let line = format!("extensions/Tabled {}/mediawiki/extensions/Tabled\n", env.server.url());
    std::fs::write(&list, line).unwrap();
    env.sync(&["--upstream", &format!("list={}", list.display())]).exits(0);
    assert!(env.tips().contains_key("extensions/Tabled master"));
}
