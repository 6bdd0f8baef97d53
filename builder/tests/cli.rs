//! The command as a process, as far as no upstream is needed: what it prints, what it refuses, and
//! that it leaves nothing behind.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use tardist::settings::{Settings, config::Config};
use tempfile::TempDir;

/// An upstream where nobody listens.
const NOBODY: &str = "http://127.0.0.1:9/r";

fn tardist(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tardist"));
    command.args(args).current_dir(folder).env_clear();
    command
}

fn run(command: &mut Command, code: i32) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    assert_eq!(status.code(), Some(code), "{command:?}:\n{text}");
    text
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

fn entries(folder: &Path) -> usize {
    fs::read_dir(folder).unwrap().count()
}

#[test]
fn help_is_enough_to_use_it() {
    let folder = TempDir::new().unwrap();
    let help = run(&mut tardist(folder.path(), &["--help"]), 0);
    // Where its lines break is no matter.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    let commands = ["sync", "status", "verify", "gc", "config", "completions", "man"];
    says(&help, &commands);
    says(&help, &["Exit status:", "Settings: network", "[env: TARDIST_JOBS=]", "--quiet"]);
    for command in commands {
        let text = run(&mut tardist(folder.path(), &["help", command]), 0);
        says(&text, &["Usage: tardist", "--config <FILE>"]);
    }
    let sync = run(&mut tardist(folder.path(), &["sync", "--help"]), 0);
    says(&sync, &["--only <KIND/NAME>", "--force", "--dry-run", "[default: 2m]"]);
    let status = run(&mut tardist(folder.path(), &["status", "--help"]), 0);
    assert!(!status.contains("--only"), "{status}");
}

#[test]
fn everything_that_is_wrong_is_told_at_once_with_its_place() {
    let folder = TempDir::new().unwrap();
    let file = "jobs = \"x\"\nbrunches = [\"master\"]\n\ntimeout = \"0s\"\n";
    fs::write(folder.path().join("tardist.toml"), file).unwrap();
    let mut command = tardist(folder.path(), &["sync", "--retries", "101", "--contact", "a(b"]);
    let text = run(command.env("TARDIST_GRACE", "soon").env("TARDIST_UPSTREAM", "x.org"), 2);
    says(
        &text,
        &[
            "tardist: 7 things are wrong:\n",
            "tardist.toml:1:8: jobs: \"x\" is not a number from 1 to 256; write jobs = 4\n",
            "tardist.toml:2:1: brunches: there is no such setting; write branches = ",
            "tardist.toml:4:1: timeout: 0s is not a time above zero",
            "TARDIST_GRACE: \"soon\" is not a time such as 0s, 90m or 24h; write TARDIST_GRACE=168h\n",
            "TARDIST_UPSTREAM: \"x.org\" is no upstream: write the http or https URL of a Gerrit, or ",
            "; write TARDIST_UPSTREAM=https://",
            "--retries: 101 is not a number from 0 to 100; write --retries 3\n",
            "--contact: \"a(b\" is not ASCII text",
        ],
    );
    assert_eq!(entries(folder.path()), 1, "nothing was begun");
}

#[test]
fn a_file_that_is_not_there_or_no_file_is_named() {
    let folder = TempDir::new().unwrap();
    for path in ["my.toml", "."] {
        let text = run(&mut tardist(folder.path(), &["status", "--config", path]), 2);
        says(&text, &["tardist: ", path, "cannot be read"]);
    }
}

#[test]
fn empty_variables_count_as_none() {
    let folder = TempDir::new().unwrap();
    let mut command = tardist(folder.path(), &["status"]);
    command.env("TARDIST_BRANCHES", "").env("TARDIST_JOBS", "").env("TARDIST_ONLY", "");
    says(&run(&mut command, 1), &["tardist sync"]);
}

#[test]
fn config_writes_a_file_that_can_be_used_and_shows_what_is_in_effect() {
    let folder = TempDir::new().unwrap();
    let sample = run(&mut tardist(folder.path(), &["config"]), 0);
    says(&sample, &["\n#data = \"data\"\n", "\n#timeout = \"2m\"\n", "# Flag --jobs N, variable"]);
    assert!(!sample.lines().any(|line| !line.is_empty() && !line.starts_with('#')), "{sample}");
    fs::write(folder.path().join("tardist.toml"), &sample).unwrap();
    assert_eq!(run(&mut tardist(folder.path(), &["config"]), 0), sample);

    fs::write(folder.path().join("my.toml"), "grace = \"90m\"\njobs = 2\n").unwrap();
    let args = ["config", "--config", "my.toml", "--branch", "master", "--branch", "REL1_45"];
    let mut command = tardist(folder.path(), &args);
    let text = run(command.env("TARDIST_JOBS", "3").env("TARDIST_ONLY", "skins/A"), 0);
    says(
        &text,
        &[
            "# Set by my.toml:1:1\ngrace = \"1h 30m\"\n",
            "# Set by TARDIST_JOBS\njobs = 3\n",
            "# Set by TARDIST_ONLY\nonly = [\"skins/A\"]\n",
            "# Set by --branch\nbranches = [\"master\", \"REL1_45\"]\n",
            "\n#retries = 3\n",
        ],
    );
    fs::write(folder.path().join("tardist.toml"), &text).unwrap();
    says(
        &run(&mut tardist(folder.path(), &["config"]), 0),
        &["\njobs = 3\n", "\ngrace = \"1h 30m\"\n"],
    );
}

#[test]
fn the_sizes_in_effect_are_those_that_were_given() {
    let text = "keep-free = \"3GiB\"\nlimit-memory = \"512MiB\"\nlimit-disk = \"20GB\"\n";
    let config = Config::new(toml::from_str::<Settings>(text).unwrap()).unwrap();
    let sizes = (config.keep_free, config.limits.memory, config.limits.disk);
    assert_eq!(sizes, (3 << 30, 512 << 20, 20_000_000_000));
}

#[test]
fn completions_and_manual_come_whatever_the_settings() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("tardist.toml"), "jobs = 'x'").unwrap();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        says(
            &run(&mut tardist(folder.path(), &["completions", shell]), 0),
            &["tardist", "dry-run"],
        );
    }
    says(&run(&mut tardist(folder.path(), &["completions", "cmd"]), 2), &["bash"]);
    let page = run(&mut tardist(folder.path(), &["man"]), 0);
    says(&page, &[".TH tardist 1", ".SS \"tardist gc\"", "TARDIST_JOBS", ".SH FILES"]);
}

#[test]
fn without_upstream_a_dry_run_exits_5_and_without_a_snapshot_gc_exits_1() {
    let folder = TempDir::new().unwrap();
    let args = ["sync", "--dry-run", "--upstream", NOBODY, "--retries", "0"];
    says(&run(&mut tardist(folder.path(), &args), 5), &["mediawiki/extensions/", NOBODY]);
    says(&run(&mut tardist(folder.path(), &["gc"]), 1), &["no snapshot", "tardist sync"]);
    assert_eq!(entries(folder.path()), 0, "nothing was begun");
}

#[test]
fn the_documentation_names_every_setting_and_every_command() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/builder.md");
    let text = fs::read_to_string(path).unwrap();
    for argument in tardist::settings::arguments::all() {
        let row = format!(
            "| `--{} {}`",
            argument.get_long().unwrap(),
            argument.get_value_names().unwrap()[0]
        );
        let variable = argument.get_env().unwrap().to_str().unwrap();
        let key = tardist::settings::arguments::key(&argument);
        // The branch is long enough in its row.
        let row = row.replace("--branch BRANCH", "--branch B");
        says(&text, &[&row, &format!("| `{variable}`"), &format!("| `{key}` |")]);
    }
    // `worker` is not for people.
    for command in tardist::cli::command().get_subcommands().filter(|it| !it.is_hide_set()) {
        says(&text, &[&format!("| `tardist {}", command.get_name())]);
    }
}
