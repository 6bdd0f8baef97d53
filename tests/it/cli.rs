//! The command line: what is wrong with it is said, with what to write instead.

use std::fs;

use tardist_tests::TestEnv;

#[test]
fn help_names_the_commands_and_the_exit_statuses() {
    let env = TestEnv::empty();
    env.tardist(&["--help"]).exits(0).says(&[
        "sync",
        "status",
        "verify",
        "Exit status",
        "TARDIST_",
    ]);
    env.tardist(&["sync", "--help"]).exits(0).says(&["--upstream <URL>", "TARDIST_UPSTREAM"]);
    env.tardist(&["--version"]).exits(0).says(&["tardist "]);
}

#[test]
fn a_wrong_command_line_exits_2_and_says_what_to_write() {
    let env = TestEnv::empty();
    for (args, says) in [
        (&["sync", "--branches", "x"][..], "--branch"),
        (&["sink"], "--help"),
        (&[], "Usage"),
        (&["sync", "--upstream", "gerrit.example.org"], "http"),
        (&["sync", "--upstream", "file:///etc"], "http"),
        (&["sync", "--only", "MassMessage"], "extensions/"),
        (&["sync", "--only", "extensions/../x"], "extensions/"),
        (&["sync", "--timeout", "soon"], "--timeout"),
        (&["sync", "--timeout", "0s"], "90s"),
        (&["sync", "--retries", "many"], "--retries"),
        (&["sync", "--jobs", "0"], "1 to 256"),
        (&["sync", "--branch", "a b"], "--branch"),
        (&["sync", "--url-map", "x"], "FROM=TO"),
    ] {
        env.tardist(args).exits(2).says(&[says]);
    }
    assert!(!env.data().exists(), "nothing was begun");
    assert_eq!(env.server.requests(), []);
}

#[test]
fn a_wrong_configuration_file_exits_2_and_is_named_with_the_key() {
    let env = TestEnv::sample();
    let file = env.folder().join("my.toml");
    let path = file.to_str().unwrap();
    for (text, says) in [
        ("upstraem = \"http://x\"", "upstraem"),
        ("retries = \"many\"", "retries"),
        ("timeout = \"soon\"", "timeout"),
        ("only = [\"MassMessage\"]", "only"),
        ("[", "my.toml"),
    ] {
        fs::write(&file, text).unwrap();
        env.tardist(&["sync", "--config", path]).exits(2).says(&["my.toml", says]);
    }
    fs::remove_file(&file).unwrap();
    env.tardist(&["sync", "--config", path]).exits(2).says(&["my.toml"]);
    assert!(!env.data().exists(), "nothing was begun");
}

#[test]
fn flags_win_over_the_environment_and_this_over_the_file() {
    let env = TestEnv::sample();
    let config = "data = \"from-file\"\nbranches = [\"master\", \"REL1_46\"]\n";
    fs::write(env.folder().join("tardist.toml"), config).unwrap();
    let run = |args: &[&str], branches: Option<&str>| {
        let mut command = env.command(args);
        command.env_remove("TARDIST_DATA");
        command.envs(branches.map(|branches| ("TARDIST_BRANCHES", branches)));
        assert!(command.status().unwrap().success());
        let names = tardist_tests::files(&env.folder().join("from-file/dist/skins"));
        let paper = names.into_keys().filter(|name| name.starts_with("SamplePaper"));
        paper.map(|name| name.rsplit_once('-').unwrap().0.to_owned()).collect::<Vec<_>>()
    };
    let once = ["sync", "--grace", "0s"];
    assert_eq!(run(&once, None), ["SamplePaper-REL1_46", "SamplePaper-master"]);
    let fewer = run(&once, Some("REL1_45,REL1_44"));
    assert_eq!(fewer, ["SamplePaper-REL1_44", "SamplePaper-REL1_45"]);
    let one = run(&[&once[..], &["--branch", "REL1_43"]].concat(), Some("REL1_45"));
    assert_eq!(one, ["SamplePaper-REL1_43"]);
}

#[test]
fn without_a_snapshot_status_and_verify_exit_1_and_leave_nothing() {
    let env = TestEnv::empty();
    env.tardist(&["status"]).exits(1).says(&["tardist sync"]);
    env.tardist(&["status", "--json"]).exits(1).says(&["\"snapshot\": null"]);
    env.tardist(&["verify"]).exits(1).says(&["no snapshot"]);
    assert!(!env.data().exists());
}
