//! Publishing to a real S3 server, moto, and nodes that pull from it and answer. What is true of a folder, too, is in
//! `object_store`. `real_garage` does the same with a Garage.

use std::fs;

use tardist_tests::{File, Node, Objects, S3, TestEnv, change, files, published, sync_to};

use crate::object_store::{goes_back, unusable};

const GREETING: &str = "extensions/SampleGreeting";

#[test]
fn three_nodes_answer_from_what_one_builder_has_published() {
    three_nodes(&S3::start());
}

#[test]
fn a_large_tarball_goes_up_in_parts_and_old_objects_go_after_the_grace_period() {
    a_large_tarball(&S3::start());
}

#[test]
fn of_two_builders_one_is_told_that_the_other_was_first() {
    two_builders(&S3::start());
}

#[test]
fn wrong_credentials_and_a_bucket_that_is_gone_are_told_and_no_secret_is() {
    wrong_credentials(&S3::start(), "SignatureDoesNotMatch", "InvalidAccessKeyId");
}

#[test]
fn what_cannot_be_used_leaves_the_node_its_last_good_snapshot() {
    unusable(&TestEnv::sample(), &S3::start());
}

#[test]
fn a_store_that_answers_with_what_it_had_before_changes_nothing() {
    goes_back(&TestEnv::sample(), &S3::start());
}

pub(crate) fn three_nodes(s3: &S3) {
    let env = TestEnv::sample();
    let store = s3.variables();
    sync_to(&env, store, &[]).exits(0).says(&["published as number 1"]);
    let nodes = [0; 3].map(|_| Node::new(store));
    let sites = nodes.each_ref().map(|node| {
        node.pull(&[]).exits(0).says(&["Pulled number 1"]);
        node.serve()
    });
    let commit = change(&env, GREETING, "news");
    sync_to(&env, store, &[]).exits(0).says(&["published as number 2", "2 objects uploaded"]);
    for node in &nodes {
        node.pull(&[]).exits(0).says(&["Pulled number 2"]);
        node.pull(&[]).exits(0).says(&["Nothing new"]);
        assert_eq!(fs::read(node.snapshot()).unwrap(), fs::read(env.snapshot()).unwrap());
    }
    sites[0].catch_up();
    for site in &sites {
        let info = site.get(&format!("/info/{GREETING}")).json();
        assert_eq!(info["branches"]["master"]["commit"], commit);
        site.get("/health").is(200);
    }
    // Nothing new: one request, and nothing is written.
    sync_to(&env, store, &[]).exits(0).says(&["nothing new; 0 objects uploaded", "1 requests"]);
    // A builder whose disk was lost.
    fs::remove_file(env.data().join("state.db")).unwrap();
    change(&env, GREETING, "more news");
    sync_to(&env, store, &[]).exits(0).says(&["published as number 3", "2 objects uploaded"]);
    assert!(!files(&nodes[0].data()).is_empty());
}

#[test]
fn a_branch_with_a_slash_is_where_its_link_leads_to() {
    let (env, s3) = (TestEnv::sample(), S3::start());
    env.commit(GREETING, "wmf/1.47", &[("a", File::text("a"))]);
    let branches = ["--branch", "master", "--branch", "wmf/1.47"];
    sync_to(&env, s3.variables(), &branches).exits(0);
    let tarball = env.tarball(GREETING, "wmf/1.47");
    let name = format!("dist/extensions/{}", tarball.file_name().unwrap().to_str().unwrap());
    assert!(name.contains("SampleGreeting-wmf~1.47-"), "{name}");
    assert_eq!(s3.get(&name), fs::read(&tarball).unwrap());
    // The lists of the store call it the same.
    fs::remove_file(env.data().join("state.db")).unwrap();
    env.commit(GREETING, "master", &[("b", File::text("b"))]);
    let again = sync_to(&env, s3.variables(), &branches);
    again.exits(0).says(&["2 objects uploaded"]);
}

pub(crate) fn a_large_tarball(s3: &S3) {
    let env = TestEnv::sample();
    let noise: Vec<u8> = (0..20 << 20).map(|_| fastrand::u8(..)).collect();
    env.commit(GREETING, "master", &[("noise.bin", File::text(noise))]);
    sync_to(&env, s3.variables(), &[]).exits(0);
    let large = published(&env.snapshot()).unwrap().into_iter().find(|it| it.size > 16 << 20);
    let name = format!("dist/{}", large.unwrap().path);
    assert_eq!(s3.get(&name), fs::read(env.tarball(GREETING, "master")).unwrap());
    change(&env, GREETING, "news");
    sync_to(&env, s3.variables(), &["--grace", "0s"]).exits(0).says(&["2 removed"]);
    let node = Node::new(s3.variables());
    node.pull(&[]).exits(0).says(&["Pulled number 2"]);
    assert!(!s3.has(&name), "it was removed");
}

pub(crate) fn two_builders(s3: &S3) {
    let env = TestEnv::sample();
    let other = TestEnv::sample();
    sync_to(&env, s3.variables(), &[]).exits(0);
    sync_to(&other, s3.variables(), &[]).exits(0).says(&["published as number 2"]);
    change(&env, GREETING, "news");
    let told = ["another builder has published there (number 2; this one knows number 1)"];
    sync_to(&env, s3.variables(), &[]).exits(3).says(&told);
    // At the same moment: the condition of the request lets one of them through.
    change(&other, GREETING, "news");
    let runs: Vec<_> = [&env, &other]
        .map(|it| it.command(&["sync", "--take-over", "--force"]))
        .into_iter()
        .map(|mut it| {
            it.envs(s3.variables()).stdout(std::process::Stdio::piped());
            it.stderr(std::process::Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let runs: Vec<tardist_tests::Run> =
        runs.into_iter().map(|it| it.wait_with_output().unwrap().into()).collect();
    for run in &runs {
        assert!(run.code == 0 || run.text().contains("another builder has published"), "{run:?}");
    }
    assert!(runs.iter().any(|run| run.code == 0), "{runs:?}");
    Node::new(s3.variables()).pull(&[]).exits(0);
}

/// `signature` and `key` are what the server says of a wrong secret, and of an unknown key.
pub(crate) fn wrong_credentials(s3: &S3, signature: &str, key: &str) {
    let env = TestEnv::sample();
    let with = |name: &str, value: &str| {
        let mut variables = s3.variables().clone();
        variables.insert(name.to_owned(), value.to_owned());
        variables
    };
    for (variables, says) in [
        (with("AWS_SECRET_ACCESS_KEY", "another-secret"), signature),
        (with("AWS_ACCESS_KEY_ID", "GK-unknown"), key),
        (with("TARDIST_STORE", "s3://another"), "make the bucket"),
    ] {
        let synced = sync_to(&env, &variables, &["-vv"]);
        synced.exits(3).says(&[says, "published here, but the store was not published to"]);
        let pulled = Node::new(&variables).pull(&["-vv"]);
        pulled.exits(1).says(&[says]);
        let report = fs::read_to_string(env.data().join("report.json")).unwrap();
        let secret = &variables["AWS_SECRET_ACCESS_KEY"];
        for text in [synced.text(), pulled.text(), report] {
            assert!(!text.contains(secret.as_str()), "{text}");
        }
    }
    sync_to(&env, s3.variables(), &[]).exits(0).says(&["published as number 1"]);
}
