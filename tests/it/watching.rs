//! What an operator sees: `tardist status`, the report, the log, and the numbers for Prometheus.

use std::fs::{self, File as SystemFile};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Stdio;

use rusqlite::Connection;
use tardist_tests::{Fault, File, Run, TestEnv, Value, json, schema_errors};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

/// A system that has published, in which the work on one repository fails from now on, and the lists do not.
fn with_a_failure() -> TestEnv {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    env.server.fault("extensions/SampleGreeting", Fault::status(500), None);
    env.sync(&[]).exits(3);
    env
}

fn status(env: &TestEnv) -> Value {
    env.tardist(&["status", "--json"]).stdout.parse().unwrap()
}

/// Changes the report of the last cycle.
fn edit_report(env: &TestEnv, change: impl FnOnce(&mut Value)) {
    let mut report = env.report();
    change(&mut report);
    fs::write(env.data().join("report.json"), report.to_string()).unwrap();
}

#[test]
fn a_cycle_of_one_repository_hides_neither_a_failure_nor_a_full_cycle_that_failed() {
    let env = with_a_failure();
    let failed = env.report();
    env.sync(&["--only", PAPER]).exits(0);
    env.tardist(&["status"]).exits(3).says(&[
        "1 failures",
        GREETING,
        failed["started_at"].as_str().unwrap(),
        "exit status 0, only 1 repositories",
        "The last full cycle began at",
    ]);
    let told = status(&env);
    assert_eq!(told["exit_status"], 3);
    assert_eq!(told["last_full"]["started_at"], failed["started_at"]);
    assert_eq!(
        (&told["last_full"]["exit_status"], &told["failing"]),
        (&json!(3), &failed["failing"])
    );

    env.server.fault("/projects/", Fault::status(500), None);
    env.sync(&[]).exits(5);
    let broken = env.report();
    env.server.clear_faults();
    env.sync(&["--only", GREETING]).exits(0);
    let told = status(&env);
    assert_eq!((&told["exit_status"], &told["failing"]), (&json!(3), &json!([])));
    assert_eq!(told["last_full"]["started_at"], broken["started_at"]);
    assert_eq!(told["last_full"]["exit_status"], 5);
    assert_eq!(told["last_success"]["started_at"], failed["started_at"], "3 is a success");
    env.tardist(&["status"]).exits(3).says(&["exit status 5", "that succeeded began at"]);
    env.sync(&[]).exits(0);
    env.tardist(&["status"]).exits(0);
}

#[test]
fn repositories_that_the_configuration_chooses_make_a_full_cycle() {
    let env = TestEnv::sample();
    fs::write(env.folder().join("tardist.toml"), format!("only = [\"{PAPER}\"]")).unwrap();
    env.sync(&[]).exits(0);
    let report = env.report();
    assert_eq!(report["only"], json!([]));
    assert_eq!(report["last_success"]["started_at"], report["started_at"]);
}

#[test]
fn a_success_that_is_too_long_ago_is_exit_status_1() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let age = |time: &str| env.tardist(&["status", "--max-age", time]);
    age("1h").exits(0);
    age("soon").exits(2).says(&["--max-age", "90m"]);
    age("-1h").exits(2);
    let last_success = |env: &TestEnv, time: &str| {
        edit_report(env, |report| report["last_success"]["started_at"] = json!(time));
    };
    last_success(&env, "2020-01-01T00:00:00Z");
    age("26h").exits(1).says(&["too old", "2020-01-01T00:00:00Z", "26h"]);
    // A new snapshot is no news of the other repositories.
    env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--only", PAPER]).exits(0);
    age("26h").exits(1).says(&["too old"]);
    env.tardist(&["status"]).exits(0);
    last_success(&env, "2200-01-01T00:00:00Z");
    age("26h").exits(1).says(&["look at the clock"]);
    edit_report(&env, |report| report["last_success"] = Value::Null);
    age("26h").exits(1).says(&["no full cycle has succeeded yet"]);
    // Copies on another node have no report.
    fs::remove_file(env.data().join("report.json")).unwrap();
    age("26h").exits(0);
    age("0s").exits(1).says(&["too old: the snapshot"]);
}

#[test]
fn a_quiet_command_says_nothing_of_what_went_well() {
    let env = TestEnv::sample();
    env.sync(&["-q"]).exits(0);
    for command in ["status", "verify", "gc"] {
        assert_eq!(env.tardist(&[command, "-q"]).exits(0).text(), "\n", "{command}");
    }
    fs::remove_file(env.tarball(PAPER, "master")).unwrap();
    env.tardist(&["verify", "-q"]).exits(1).says(&[PAPER]);
    assert!(env.tardist(&["config", "-q"]).exits(0).stdout.contains("#jobs"), "it was asked for");
    assert!(!env.tardist(&["status", "-q", "--json"]).stdout.is_empty(), "it was asked for");
}

#[test]
fn a_first_cycle_that_publishes_nothing_does_not_speak_of_an_earlier_snapshot() {
    let env = TestEnv::sample();
    env.server.fault("/projects/", Fault::status(500), None);
    let run = env.sync(&[]);
    run.exits(5).says(&["nothing was published, and no snapshot can be read"]);
    assert!(!run.text().contains("earlier snapshot"), "{}", run.text());
    env.tardist(&["status"]).exits(1).says(&["Nothing is published yet", "exit status 5"]);
    env.server.clear_faults();
    env.server.fault("/mediawiki/", Fault::status(500), None);
    let run = env.sync(&[]);
    assert!(!run.exits(1).says(&["8 failures:", "500"]).text().contains("stay published"));
    let status = env.tardist(&["status"]);
    assert!(!status.exits(1).says(&["8 failures:"]).text().contains("stay published"));
}

#[test]
fn a_snapshot_of_a_newer_tardist_is_named_as_such_and_nothing_claims_to_write_it() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let db = Connection::open(env.snapshot()).unwrap();
    db.pragma_update(None, "user_version", 99).unwrap();
    drop(db);
    for command in ["status", "verify"] {
        let run = env.tardist(&[command]);
        run.exits(1).says(&["schema version 99", "a newer tardist wrote it"]);
        for wrong in ["Nothing is published", "is made again", "writes it anew"] {
            assert!(!run.text().contains(wrong), "{wrong}: {}", run.text());
        }
    }
}

/// Runs a command whose standard error is a file, with the variable of the journal for that file, or for another.
fn with_journal(env: &TestEnv, args: &[&str], is_journal: bool) -> Run {
    let path = env.folder().join("journal");
    let file = SystemFile::create(&path).unwrap();
    let of = file.metadata().unwrap();
    let inode = if is_journal { of.ino() } else { of.ino() + 1 };
    let mut command = env.command(args);
    command.env("JOURNAL_STREAM", format!("{}:{inode}", of.dev()));
    let output = command.stdin(Stdio::null()).stderr(file).output().unwrap();
    let stderr = fs::read_to_string(path).unwrap();
    Run { stderr, ..Run::from(output) }
}

#[test]
fn in_the_journal_each_line_has_a_priority_and_failures_are_errors() {
    let env = with_a_failure();
    let run = with_journal(&env, &["sync", "-v"], true);
    run.exits(3);
    assert!(run.stderr.lines().all(|line| line.starts_with('<')), "{}", run.stderr);
    let errors: Vec<&str> = run.stderr.lines().filter(|line| line.starts_with("<3>")).collect();
    assert!(errors.iter().any(|line| line.contains(GREETING)), "{}", run.stderr);
    assert!(run.stderr.contains("<7>"), "{}", run.stderr);
    assert!(!run.stdout.contains(GREETING), "it is told once: {}", run.stdout);
    for args in [&["sync", "--jobs", "0"][..], &["sync", "--jobs"]] {
        let run = with_journal(&env, args, true);
        run.exits(2);
        assert!(run.stderr.lines().all(|line| line.starts_with("<3>")), "{}", run.stderr);
    }
    let run = with_journal(&env, &["sync"], false);
    assert!(!run.exits(3).stderr.contains('<'), "another file: {}", run.stderr);
    run.says(&[GREETING]);
}

#[test]
fn the_log_in_json_is_an_object_a_line_and_nothing_else_is_written() {
    let env = with_a_failure();
    let run = env.sync(&["--log-format", "json", "-v"]);
    assert_eq!(run.exits(3).stdout, "");
    let lines: Vec<Value> = run.stderr.lines().map(|line| line.parse().unwrap()).collect();
    for line in &lines {
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "{key} in {line}");
        }
    }
    let failure = lines.iter().find(|it| it["level"] == "ERROR").unwrap();
    assert_eq!((&failure["repository"], &failure["branch"]), (&json!(GREETING), &Value::Null));
    let end = lines.last().unwrap();
    assert_eq!(
        (&end["exit_status"], &end["failures"], &end["level"]),
        (&json!(3), &json!(1), &json!("INFO"))
    );

    env.server.fault("/projects/", Fault::status(500), None);
    fs::write(env.folder().join("tardist.toml"), "log-format = \"json\"").unwrap();
    let run = env.sync(&["-q"]);
    let error: Value = run.exits(5).stderr.trim_end().parse().unwrap();
    assert_eq!(error["level"], "ERROR");
    let run = env.tardist(&["sync", "--log-format", "json", "--jobs", "0"]);
    let error: Value = run.exits(2).stderr.trim_end().parse().unwrap();
    assert!(error["message"].as_str().unwrap().contains("1 to 256"), "{error}");
    env.tardist(&["sync", "--log-format", "xml"]).exits(2).says(&["--log-format", "json"]);
}

/// A file of `docs/`.
fn docs(name: &str) -> String {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    fs::read_to_string(workspace.join("docs").join(name)).unwrap()
}

#[test]
fn every_report_is_as_its_schema_says_and_every_key_of_the_status_is_documented() {
    let schema: Value = docs("report.schema.json").parse().unwrap();
    let page = docs("monitoring.md");
    let is_valid = |env: &TestEnv| {
        let report = env.report();
        assert_eq!(schema_errors(&schema, &report), None, "{report}");
        let told = status(env);
        assert_eq!(told["last_cycle"], report);
        for key in told.as_object().unwrap().keys() {
            assert!(page.contains(&format!("\n| `{key}` |")), "{key} is not documented");
        }
        for key in told["snapshot"].as_object().into_iter().flat_map(|it| it.keys()) {
            assert!(page.contains(&format!("`{key}`")), "{key} is not documented");
        }
    };
    let env = with_a_failure();
    is_valid(&env);
    env.sync(&["--only", PAPER, "--branch", "master"]).exits(0);
    is_valid(&env);
    env.server.fault("/projects/", Fault::status(500), None);
    env.sync(&[]).exits(5);
    is_valid(&env);
    let first = TestEnv::empty();
    first.sync(&[]).exits(1);
    is_valid(&first);

    // The schema is not one that takes everything.
    let mut report = env.report();
    report["outcome"] = json!("maybe");
    assert!(schema_errors(&schema, &report).is_some());
}

#[test]
fn the_numbers_of_a_cycle_are_in_a_file_that_all_can_read_and_each_is_documented() {
    let env = with_a_failure();
    let file = env.folder().join("tardist.prom");
    let path = file.to_str().unwrap();
    env.sync(&["--metrics-file", path]).exits(3);
    assert_eq!(file.metadata().unwrap().mode() & 0o777, 0o644);
    let text = fs::read_to_string(&file).unwrap();
    for line in [
        "tardist_last_cycle_exit_status 3",
        "tardist_failing 1",
        "tardist_snapshot_tarballs 32",
        "tardist_snapshot_repositories{kind=\"extensions\"} 6",
    ] {
        assert!(text.lines().any(|it| it == line), "{line} is not in:\n{text}");
    }
    let page = docs("monitoring.md");
    for line in text.lines().filter(|line| line.starts_with("# TYPE")) {
        let name = line.split(' ').nth(2).unwrap();
        let end = name.trim_start_matches("tardist_last_cycle");
        let is_named = page.contains(&format!("`{name}")) || page.contains(&format!("`…{end}`"));
        assert!(is_named, "{name} is not documented");
    }
    // A cycle does its work also if nobody can be told the numbers.
    let nowhere = env.folder().join("missing/tardist.prom");
    env.server.clear_faults();
    let run = env.sync(&["--metrics-file", nowhere.to_str().unwrap()]);
    run.exits(0).says(&["metrics-file", "missing"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_repository_that_fails_keeps_its_mirror_whatever_ran_since() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    // As after a first cycle in which its content was refused.
    let mirror = env.data().join("mirror/skins/Refused.git");
    let copied = std::process::Command::new("cp")
        .arg("-a")
        .arg(env.data().join("mirror/skins/SamplePaper.git"))
        .arg(&mirror)
        .status();
    assert!(copied.unwrap().success());
    let refused = json!([{"repository": "skins/Refused", "branch": null, "text": "no", "since": "2026-08-06T09:30:00Z"}]);
    edit_report(&env, |report| report["failing"] = refused);
    env.sync(&["--only", PAPER]).exits(0);
    env.tardist(&["gc"]).exits(0);
    assert!(mirror.exists(), "the next cycle tries it again");
    env.sync(&[]).exits(0);
    env.tardist(&["gc"]).exits(0);
    assert!(!mirror.exists(), "nobody lists it");
}
