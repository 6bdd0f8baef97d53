//! The command line: messages for wrong ones, the settings, and what each command does and what it
//! does not touch.

use std::fs;
use std::time::Duration;

use tardist_tests::{Fault, File, RequestKind, TestEnv, Value, files, within};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

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
fn flags_win_over_the_environment_and_the_environment_over_the_file() {
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

#[test]
fn a_dry_run_says_what_a_cycle_would_do_and_changes_nothing() {
    let env = TestEnv::sample();
    let says = ["fetch 8, make 32 tarballs of 8 repositories, keep 0, withdraw 0", GREETING, PAPER];
    env.sync(&["--dry-run"]).exits(0).says(&says);
    assert!(!env.data().exists(), "it was only a dry run");
    assert_eq!(env.git_requests(), []);

    env.sync(&[]).exits(0);
    let commit = env.commit(GREETING, "REL1_45", &[("a.txt", File::text("a"))]).to_string();
    env.repository(PAPER).delete_branch("REL1_43").unwrap();
    let before = files(&env.data());
    env.server.clear_requests();
    env.sync(&["--dry-run", "--only", "skins/Typo", "--only", GREETING, "--only", PAPER])
        .exits(0)
        .says(&[
            "fetch 1, make 1 tarballs of 1 repositories, keep 30, withdraw 1.",
            &format!("{GREETING}: REL1_45 {}", &commit[..7]),
            &format!("{PAPER}: REL1_43"),
            "It would fail: skins/Typo: no upstream lists it",
        ]);
    let forced = "fetch 0, make 4 tarballs of 1 repositories";
    env.sync(&["--dry-run", "--force", "--only", PAPER]).exits(0).says(&[forced, "master", "*"]);
    assert!(files(&env.data()) == before, "a byte has changed");
    assert_eq!(env.git_requests(), []);

    env.server.fault("/projects/", Fault::Html, None);
    env.sync(&["--dry-run"]).exits(1).says(&["begins with"]);
    assert!(files(&env.data()) == before, "a byte has changed");
}

#[test]
fn a_dry_run_heeds_gits_configuration_as_little_as_a_cycle() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let home = env.folder().join("home");
    fs::create_dir(&home).unwrap();
    fs::write(home.join(".gitconfig"), "[core\nbroken").unwrap();
    let run = |args: &[&str]| -> tardist_tests::Run {
        env.command(args).env("HOME", &home).output().unwrap().into()
    };
    let says = "fetch 0, make 5 tarballs of 1 repositories, keep 27, withdraw 0.";
    run(&["sync", "--dry-run", "--force", "--only", PAPER]).exits(0).says(&[says, "master", "*"]);
    run(&["sync", "--force", "--only", PAPER]).exits(0).says(&["5 tarballs made, 27 kept"]);
}

#[test]
fn what_cannot_be_written_to_standard_output_is_an_error() {
    let env = TestEnv::sample();
    let run = |args: &[&str]| {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let output = env.command(args).stdout(full).output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    for args in [&["config"][..], &["completions", "bash"], &["man"], &["sync", "--dry-run"]] {
        let (code, told) = run(args);
        assert_eq!(code, Some(6), "{args:?}: {told}");
        assert!(told.contains("cannot write to standard output: No space"), "{args:?}: {told}");
    }
    let (code, told) = run(&["sync"]);
    assert_eq!(code, Some(0), "it is published: {told}");
    assert!(told.contains("cannot write to standard output"), "{told}");
}

#[test]
fn force_makes_the_tarballs_again_with_the_same_bytes() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before = env.published();
    env.sync(&["--force", "--only", PAPER])
        .exits(0)
        .says(&["nothing new", "5 tarballs made, 27 kept"]);
    env.sync(&["--force"]).exits(0).says(&["nothing new", "32 tarballs made, 0 kept"]);
    assert!(env.published() == before, "a byte has changed");

    // Only `--force` repairs a file that has the right size and wrong bytes.
    let tarball = env.tarball(PAPER, "master");
    let size = fs::metadata(&tarball).unwrap().len();
    fs::write(&tarball, vec![0; usize::try_from(size).unwrap()]).unwrap();
    env.tardist(&["verify"]).exits(1).says(&["SHA-256", "--force --only"]);
    env.sync(&["--force", "--only", PAPER]).exits(0);
    assert!(env.published() == before, "a byte has changed");
}

#[test]
fn a_signal_ends_a_sync_at_once_and_the_next_one_works_as_usual() {
    let env = TestEnv::sample();
    for signal in ["INT", "TERM"] {
        let greeting = [("a.txt", File::text(signal))];
        let commit = env.commit(GREETING, "master", &greeting).to_string();
        env.server.fault("SampleGreeting", Fault::Stall(Duration::from_secs(30)), Some(1));
        env.server.clear_requests();
        let sync = env.start_sync();
        let fetching = |(kind, project): &(RequestKind, String)| {
            *kind == RequestKind::GitUploadPack && project.ends_with("SampleGreeting")
        };
        within("the sync fetches", || env.git_requests().iter().any(fetching));
        let run = sync.signal(signal);
        assert_eq!(run.code, -1, "SIG{signal} ends it: {run:?}");
        env.server.clear_faults();
        env.sync(&[]).exits(0);
        assert_eq!(env.tips()["extensions/SampleGreeting master"], commit);
        let left = files(&env.data()).into_keys().filter(|path| path.contains(".unfinished-"));
        assert_eq!(left.collect::<Vec<_>>(), [""; 0]);
        env.tardist(&["verify"]).exits(0);
    }
}

#[test]
fn a_sync_reports_what_it_made_and_how_long_it_took_unless_it_is_quiet() {
    let env = TestEnv::sample();
    let name = "extensions/SampleCalendar-master-";
    let run = env.sync(&[]);
    run.exits(0).says(&[
        "published: 8 repositories",
        "32 tarballs made",
        "made: ",
        name,
        "and 22 more",
    ]);
    run.says(&["received", "time: listing ", "publishing"]);
    let status = env.tardist(&["status", "--json"]);
    let status: Value = status.exits(0).stdout.parse().unwrap();
    let cycle = &status["last_cycle"];
    assert_eq!(cycle["made"].as_array().unwrap().len(), 32);
    assert!(cycle["received"].as_u64().unwrap() > 1000, "{cycle}");
    assert!(cycle["slowest"][0]["repository"].is_string(), "{cycle}");
    assert!(status["snapshot"]["age_seconds"].as_u64().unwrap() < 60);
    env.tardist(&["status"]).exits(0).says(&[" ago): 6 extensions", "32 tarballs made"]);

    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    assert_eq!(env.sync(&["--quiet"]).exits(0).text(), "\n");
    let failure = Fault::status(500);
    env.commit(GREETING, "master", &[("a.txt", File::text("b"))]);
    env.server.fault("extensions/SampleGreeting", failure, None);
    env.sync(&["--quiet"]).exits(3).says(&[GREETING, "500"]);
}

#[test]
fn a_value_that_would_end_in_a_panic_or_in_a_leak_is_refused_before_anything_begins() {
    let env = TestEnv::empty();
    let far = "9223372036854775807s";
    for (args, says) in [
        (&["sync", "--store-endpoint", "http://127.0.0.1 x"][..], "--store-endpoint https://s3"),
        (&["pull", "--store-endpoint", "http://127.0.0.1 x"], "--store-endpoint https://s3"),
        (&["sync", "--public-url", "https://u:secret@h.example"], "--public-url https://dist"),
        (&["sync", "--public-url", "http://h.example:99999"], "65535"),
        (&["sync", "--deadline", far], "--deadline 2h"),
        (&["gc", "--deadline", far], "ten years"),
        (&["sync", "--timeout", far], "--timeout 2m"),
        (&["pull", "--watch", far], "ten years"),
        (&["sync", "--metrics-file", "data/snapshot.db"], ".prom"),
    ] {
        let run = env.tardist(args);
        run.exits(2).says(&[says]);
        assert!(!run.text().contains("secret"), "{run:?}");
    }
    assert!(!env.data().exists(), "nothing was begun");
}

#[test]
fn an_empty_variable_is_none_for_the_file_and_for_the_filter_too() {
    let env = TestEnv::sample();
    let run = |filter: &str| {
        let mut command = env.command(&["sync", "--retries", "1001"]);
        command.env("TARDIST_CONFIG", "").env("TARDIST_LOG", filter);
        let wrong = command.output().unwrap();
        let told = String::from_utf8(wrong.stderr).unwrap();
        assert_eq!(wrong.status.code(), Some(2), "{told}");
        assert!(told.contains("--retries") && !told.contains("config"), "{told}");
        let mut command = env.command(&["sync"]);
        command.env("TARDIST_CONFIG", "").env("TARDIST_LOG", filter);
        String::from_utf8(command.output().unwrap().stderr).unwrap()
    };
    env.server.fault("SampleGreeting/git-upload-pack", Fault::busy(503, "1"), None);
    assert!(run("").contains("SampleGreeting"), "what failed is told");
    let told = run("tardist=loud");
    assert!(told.contains("TARDIST_LOG: \"tardist=loud\" is no filter"), "{told}");
}

#[test]
fn on_a_node_verify_checks_the_snapshot_alone() {
    let env = TestEnv::sample();
    let store = format!("file://{}", env.folder().join("store").display());
    fs::create_dir(env.folder().join("store")).unwrap();
    env.sync(&["--store", &store]).exits(0);
    let node = env.folder().join("node");
    let at_node = |command: &str| {
        env.tardist(&[command, "--data", node.to_str().unwrap(), "--store", &store])
    };
    at_node("pull").exits(0);
    let whole = || {
        at_node("verify").exits(0).says(&["This is a node", "32 tarballs", "in the store"]);
    };
    whole();
    // Whoever loses it, or copies the files of a node, has no builder for that.
    fs::remove_file(node.join("pull.json")).unwrap();
    at_node("gc").exits(0);
    at_node("pull").exits(0);
    whole();

    let snapshot = node.join("snapshot.db");
    // SQLite does not read the version of the library that wrote the file.
    let mut bytes = fs::read(&snapshot).unwrap();
    bytes[99] ^= 1;
    let pulled = fs::metadata(&snapshot).unwrap().modified().unwrap();
    fs::write(&snapshot, &bytes).unwrap();
    at_node("verify").exits(1).says(&["is not the file that", "pull.json", "`tardist pull`"]);
    fs::File::options().write(true).open(&snapshot).unwrap().set_modified(pulled).unwrap();
    at_node("verify").exits(1).says(&["the SHA-256 that was pulled; remove it"]);
    fs::remove_file(&snapshot).unwrap();
    at_node("pull").exits(0);
    whole();

    fs::write(&snapshot, "something else").unwrap();
    let run = at_node("verify");
    run.exits(1).says(&["tardist pull"]);
    assert!(!run.text().contains("tardist sync"), "{run:?}");
}

#[test]
fn a_snapshot_that_the_system_does_not_show_is_told_with_its_path_and_the_reason() {
    let env = TestEnv::empty();
    let snapshot = env.snapshot();
    fs::create_dir_all(env.data()).unwrap();
    std::os::unix::fs::symlink(&snapshot, &snapshot).unwrap();
    for command in ["status", "verify", "gc"] {
        let path = snapshot.to_str().unwrap();
        env.tardist(&[command]).exits(1).says(&[path, "Too many levels of symbolic links"]);
    }
}
