//! The hidden command `worker` as a process: its order on standard input, and what it says on standard output.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

#[path = "support/repository.rs"]
mod repository;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use git2::Repository;
use repository::{FILE, GITLINK, commit};
use serde_json::{Value, json};
use tardist::{
    content::Missing,
    data_dir::layout::Layout,
    settings::{Settings, config::Config},
    upstream::Project,
    worker::{Instructions, Job, PublishedTarball},
};
use tardist_contract::BranchName;

fn instructions(data: &Path) -> Instructions {
    let config = Config::new(Settings::default()).unwrap();
    Instructions {
        data: data.to_owned(),
        http: config.http_options(),
        url_map: config.url_map.clone(),
        submodule_depth: config.submodule_depth,
        composer: config.composer.clone(),
        keep_complete: true,
        limits: config.limits,
        log: "warn".to_owned(),
    }
}

/// What a worker says of its branches, in order: each a message of its own.
fn run(job: &Job, data: &Path) -> Vec<Value> {
    let layout = Layout::new(data);
    layout.prepare().unwrap();
    for folder in [layout.mirror(&job.project.id), layout.staging(&job.project.id)] {
        fs::create_dir_all(folder).unwrap();
    }
    let mut worker = Command::new(env!("CARGO_BIN_EXE_tardist"))
        .arg("worker")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let order = json!({"task": {"Job": job}, "instructions": instructions(data)});
    writeln!(worker.stdin.take().unwrap(), "{order}").unwrap();
    let output = worker.wait_with_output().unwrap();
    let lines = String::from_utf8(output.stdout).unwrap();
    let messages = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    messages
        .filter(|it| ["Built", "Unchanged", "Failed"].iter().any(|key| it.get(key).is_some()))
        .collect()
}

#[test]
fn an_incomplete_tarball_that_stands_is_not_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path().join("Foo.git")).unwrap();
    let modules = "[submodule \"x\"]\npath = x\nurl = https://not-allowed.example/x\n";
    let gitlink = "7".repeat(40);
    let id = commit(&repository, &[(".gitmodules", FILE, modules), ("x", GITLINK, &gitlink)]);
    repository.reference("refs/heads/master", id, true, "a test").unwrap();
    let master: BranchName = "master".parse().unwrap();
    let url = folder.path().join("Foo.git").canonicalize().unwrap();
    let project = Project {
        tips: BTreeMap::from([(master.clone(), id.to_string().parse().unwrap())]),
        ..Project::new("extensions/Foo".parse().unwrap(), url.to_str().unwrap())
    };
    let mut job = Job::new(project, vec![master.clone()]);
    let data = folder.path().join("data");

    let built = run(&job, &data);
    let record = &built[0]["Built"][1];
    assert_eq!(record["ingredients"]["submodules"], json!(["https://not-allowed.example/x"]));
    let missing: Vec<Missing> = serde_json::from_value(record["missing"].clone()).unwrap();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert_eq!(
        record["missing"][0]["remedy"],
        json!({"SubmoduleHost": "https://not-allowed.example"})
    );
    assert_eq!(record["missing"][0]["may_pass"], json!(false));

    let published = |commit: &str, missing: &[Missing]| {
        let published = PublishedTarball {
            commit: commit.parse().unwrap(),
            revision: 0,
            sha256: "0".repeat(64),
            missing: missing.to_vec(),
            is_whole: true,
            is_current: true,
        };
        BTreeMap::from([(master.clone(), published)])
    };
    // The reason may be another one than last time.
    let earlier = [Missing { reason: "it was down".to_owned(), ..missing[0].clone() }];
    job.published = published(&id.to_string(), &earlier);
    let staging = Layout::new(&data).staging(&job.project.id);
    fs::remove_dir_all(&staging).unwrap();
    assert_eq!(run(&job, &data), [json!({"Unchanged": ["master", missing]})]);
    assert_eq!(fs::read_dir(&staging).unwrap().count(), 0, "no tarball");

    for other in [published(&"1".repeat(40), &missing), published(&id.to_string(), &[])] {
        job.published = other;
        assert!(run(&job, &data)[0].get("Built").is_some(), "another tarball would come out");
    }
}
