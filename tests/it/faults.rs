//! Servers whose answers have no end, come too slowly, or are far too large. The limits are those of the
//! product; `builder/tests/network.rs` has more cases, with small ones.

use tardist_tests::{Fault, File, TestEnv};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

/// Gives the fetch of one repository this fault, beside another that has a new commit, too.
#[track_caller]
fn one_repository_fails(path: &str, fault: Fault, says: &[&str]) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    let paper = env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    expected.insert(format!("{PAPER} master"), paper.to_string());
    env.server.fault(path, fault, None);
    let run = env.sync(&["--retries", "3"]);
    run.exits(3).says(&[GREETING]).says(says);
    assert_eq!(env.tips(), expected);
    let mirror = env.data().join("mirror/extensions/SampleGreeting.git/objects/pack");
    for file in std::fs::read_dir(mirror).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(name.starts_with("pack-"), "{name} is left");
    }
    env.server.clear_faults();
    env.sync(&[]).exits(3).says(&["it is not tried again before"]);
    env.sync(&["--only", GREETING]).exits(0);
    env.sync(&[]).exits(0);
}

/// Gives the list this fault.
#[track_caller]
fn the_list_fails(fault: Fault, status: i32, says: &[&str]) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before = env.published();
    env.server.fault("/projects/", fault, None);
    let run = env.sync(&["--grace", "0s"]);
    run.exits(status).says(&["the earlier snapshot stays", &env.server.url()]).says(says);
    assert!(env.published() == before);
    let peak = env.report()["peak_memory"].as_u64().unwrap();
    assert!(peak < 384 << 20, "{} MiB", peak >> 20);
}

#[test]
fn a_fetch_that_drips_fails_its_repository_once() {
    let says = ["too slowly", "look at that server"];
    one_repository_fails("SampleGreeting/git-upload-pack", Fault::Drip, &says);
}

#[test]
fn a_fetch_without_end_fails_its_repository() {
    let says = ["answered more than 1024 MiB, the most that tardist takes for a fetch"];
    one_repository_fails("SampleGreeting/git-upload-pack", Fault::EndlessProgress, &says);
}

#[test]
fn huge_headers_fail_their_repository() {
    let says = ["answered more than 64 KiB, the most that tardist takes for headers"];
    one_repository_fails("SampleGreeting", Fault::HugeHeaders, &says);
}

#[test]
fn a_list_that_drips_changes_nothing() {
    the_list_fails(Fault::Drip, 5, &["too slowly"]);
}

#[test]
fn a_list_without_end_changes_nothing() {
    let too_long = "answered more than 64 MiB, the most that tardist takes for a page";
    the_list_fails(Fault::Endless, 1, &[too_long]);
    the_list_fails(Fault::GzipBomb, 1, &[too_long]);
    the_list_fails(Fault::EndlessPages, 1, &["more than 1000 pages", "docs/builder.md"]);
}
