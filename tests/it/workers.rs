//! Workers: what happens to the cycle if the work on one repository exceeds a limit, crashes or is killed.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use tardist_tests::{Fault, File, Run, Running, TestEnv, files, within};

const GREETING: &str = "extensions/SampleGreeting";

/// Git requests for this repository wait for some minutes, so that its worker can be met at work. So long waits the worker,
/// too.
fn stalled() -> TestEnv {
    let env = TestEnv::sample();
    let git = "SampleGreeting/git-upload-pack";
    env.server.fault(git, Fault::Stall(Duration::from_secs(300)), None);
    env
}

/// Starts a sync, and waits until the only worker that is left is the one that waits for its server.
fn start(env: &TestEnv, args: &[&str]) -> (Running, u32) {
    let sync = env.start(&[&["sync", "--timeout", "10m"], args].concat());
    within("only the stalled worker is left", || {
        env.data().join("dist/skins").read_dir().is_ok_and(|found| found.count() >= 8)
            && sync.children().len() == 1
    });
    let worker = sync.children()[0];
    (sync, worker)
}

/// All repositories but one are published, and nothing is left of the work on it.
#[track_caller]
fn all_but_one_is_published(env: &TestEnv, sync: &Run) {
    sync.exits(3);
    let tips = env.tips();
    assert!(!tips.keys().any(|branch| branch.starts_with(GREETING)), "{tips:?}");
    assert_eq!(tips.len(), 27);
    let left = files(&env.data());
    assert!(!left.keys().any(|path| path.contains(".unfinished")), "{left:?}");
    env.tardist(&["verify"]).exits(0);
}

#[test]
fn a_worker_that_is_killed_or_crashes_costs_its_repository_only() {
    for (name, says) in [("KILL", "was killed (SIGKILL)"), ("SEGV", "crashed (SIGSEGV)")] {
        let env = stalled();
        let (sync, worker) = start(&env, &[]);
        // Rust's own handler looks whether it is a stack that is full, and takes the first SIGSEGV away.
        while fs::exists(format!("/proc/{worker}")).unwrap() {
            let _ = Command::new("kill").args(["-s", name, &worker.to_string()]).output().unwrap();
            sleep(Duration::from_millis(200));
        }
        let sync = sync.wait();
        sync.says(&[GREETING, says, "while fetching it"]);
        all_but_one_is_published(&env, &sync);
        env.tardist(&["status"]).exits(3).says(&[GREETING, says]);
        env.server.clear_faults();
        env.sync(&[]).exits(0).says(&["5 tarballs made"]);
    }
}

#[test]
fn a_worker_ends_with_the_cycle_that_started_it() {
    let env = stalled();
    let (sync, worker) = start(&env, &[]);
    sync.kill();
    within("the worker has ended", || !fs::exists(format!("/proc/{worker}")).unwrap());
    env.tardist(&["status"]).exits(1).says(&["never reported"]);
    env.server.clear_faults();
    env.sync(&[]).exits(0);
    let left = files(&env.data());
    assert!(!left.keys().any(|path| path.contains(".unfinished")), "{left:?}");
    let status = env.tardist(&["status"]);
    assert!(!status.exits(0).text().contains("never reported"));
}

#[test]
fn status_says_that_a_cycle_is_running() {
    let env = stalled();
    let (sync, _) = start(&env, &[]);
    env.tardist(&["status"]).says(&["A cycle has been running since"]);
    sync.kill();
}

#[test]
fn work_without_progress_ends_and_waits_for_hours() {
    let env = stalled();
    // Less than a request waits for its answer, and more than any other repository takes.
    let args = ["--limit-idle", "20s", "--timeout", "10m"];
    let sync = env.sync(&args);
    let says = ["needed more than 20 s without any progress while fetching it", "limit-idle"];
    sync.says(&says);
    all_but_one_is_published(&env, &sync);
    env.server.clear_requests();
    env.sync(&args).exits(3).says(&says).says(&["not tried again before 20"]);
    assert!(env.git_requests().is_empty(), "{:?}", env.git_requests());
}

#[test]
fn work_that_takes_too_long_ends() {
    let env = stalled();
    let sync = env.sync(&["--limit-time", "20s", "--timeout", "10m"]);
    sync.says(&["needed more than 20 s by the clock while fetching it", "limit-time"]);
    all_but_one_is_published(&env, &sync);
}

#[test]
fn at_the_deadline_what_is_ready_is_published() {
    let env = stalled();
    let sync = env.sync(&["--deadline", "40s", "--timeout", "10m"]);
    sync.says(&[GREETING, "the time of the cycle (setting deadline) was over"]);
    all_but_one_is_published(&env, &sync);
    env.server.clear_faults();
    env.sync(&[]).exits(0);
}

/// Bytes that no compression makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        // Knuth's generator: the high bits are the random ones.
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 56) as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

#[test]
fn a_repository_that_needs_too_much_disk_waits_until_it_or_the_limit_changes() {
    let env = TestEnv::empty();
    env.commit("extensions/Good", "master", &[("a", File::text("a"))]);
    env.commit("extensions/Large", "master", &[("noise", File::text(noise(3 << 20)))]);
    let limit = ["--limit-disk", "1MiB"];
    let says =
        ["extensions/Large", "needed more than 1.0 MiB on disk while fetching it", "limit-disk"];
    env.sync(&limit).exits(3).says(&says);
    assert_eq!(env.tips().len(), 1);
    let mirror = files(&env.data().join("mirror/extensions/Large.git"));
    let bytes: usize = mirror.values().map(|file| file.len()).sum();
    assert!(bytes < 1 << 16, "half a pack is left: {mirror:?}");

    env.server.clear_requests();
    env.sync(&limit)
        .exits(3)
        .says(&says)
        .says(&["not tried again", "sync --only extensions/Large"]);
    assert!(env.git_requests().is_empty(), "it was tried again");
    let plan = env.sync(&[&limit[..], &["--dry-run"]].concat());
    plan.says(&["extensions/Large", "not tried again"]);
    env.tardist(&["status"]).exits(3).says(&says);
    env.sync(&[&limit[..], &["--only", "extensions/Large"]].concat()).exits(3);
    assert!(!env.git_requests().is_empty(), "--only tries it");
    env.sync(&["--limit-disk", "50MiB"]).exits(0).says(&["1 tarballs made"]);
    assert_eq!(fs::read_to_string(env.data().join("quarantine.json")).unwrap().trim(), "{}");
}

#[test]
fn a_branch_that_cannot_be_fetched_keeps_back_no_other_that_is_fetched_with_it() {
    let env = TestEnv::empty();
    env.commit("extensions/Large", "master", &[("noise", File::text(noise(3 << 20)))]);
    env.commit("extensions/Large", "REL1_45", &[("a", File::text("a"))]);
    env.commit("extensions/Large", "REL1_44", &[("a", File::text("a"))]);
    let limit = ["--limit-disk", "1MiB"];
    let says = ["extensions/Large master: needed more than 1.0 MiB on disk while fetching it"];
    env.sync(&limit).exits(3).says(&says).says(&["2 tarballs made"]);
    let tips: Vec<String> = env.tips().into_keys().collect();
    assert_eq!(tips, ["extensions/Large REL1_44", "extensions/Large REL1_45"]);
    env.server.clear_requests();
    env.sync(&limit).exits(3).says(&says);
    assert!(env.git_requests().is_empty(), "it was tried again");
}

#[test]
fn a_repository_that_needs_too_much_processor_time_does_not_stop_the_others() {
    let env = TestEnv::empty();
    env.commit("extensions/Good", "master", &[("a", File::text("a"))]);
    let name = |n: usize| format!("text-{n:03}");
    let text = noise(4 << 20).iter().map(|byte| b'a' + (byte & 15)).collect::<Vec<u8>>();
    let names: Vec<String> = (0..60).map(name).collect();
    let large: Vec<(&str, File)> =
        names.iter().map(|name| (name.as_str(), File::text(text.clone()))).collect();
    env.commit("extensions/Alone", "master", &large);
    env.commit("extensions/Slow", "master", &large);
    env.commit("extensions/Slow", "REL1_45", &[("a", File::text("a"))]);
    let sync = env.sync(&["--limit-cpu", "1s"]);
    sync.exits(3).says(&["extensions/Slow master: needed more than 1 s of processor time while"]);
    sync.says(&["limit-cpu", "another branch took all the processor time"]);
    let failures = env.report()["failures"].to_string();
    assert_eq!(failures.matches("extensions/Alone").count(), 1, "{failures}");
    assert_eq!(env.tips().into_keys().collect::<Vec<_>>(), ["extensions/Good master"]);
    // The next cycle does what had no time because of another branch. Then it is clear that it was that one.
    env.sync(&["--limit-cpu", "1s"]).exits(3).says(&["1 tarballs made"]);
    let tips: Vec<String> = env.tips().into_keys().collect();
    assert_eq!(tips, ["extensions/Good master", "extensions/Slow REL1_45"]);
    env.sync(&["--limit-cpu", "1s"]).exits(3).says(&["extensions/Slow master: needed more than"]);
    env.server.clear_requests();
    env.sync(&["--limit-cpu", "1s"]).exits(3).says(&["not tried again before"]);
    assert!(env.git_requests().is_empty(), "it was tried again");
}

#[test]
fn what_a_worker_leaves_running_with_its_pipes_does_not_stop_the_cycle() {
    let env = TestEnv::empty();
    let script = "W=$PPID\nsetsid sh -c \"exec sleep 300 >/proc/$W/fd/1\" &\nsleep 1";
    let program = composer(&env, script);
    let start = Instant::now();
    env.sync(&["--composer", &program]).exits(0);
    assert!(start.elapsed() < Duration::from_secs(100), "it waited for what was left");
}

/// A repository that needs Composer, which is this script.
fn composer(env: &TestEnv, script: &str) -> String {
    let manifest = r#"{"require": {"vendor/package": "1"}}"#;
    env.commit("extensions/X", "master", &[("composer.json", File::text(manifest))]);
    let program = env.folder().join("composer");
    fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.to_str().unwrap().to_owned()
}

#[test]
fn composer_has_its_own_time_and_says_nothing_meanwhile() {
    let env = TestEnv::empty();
    let program = composer(&env, "sleep 14; mkdir vendor; echo a > vendor/a");
    env.sync(&["--composer", &program, "--limit-idle", "10s"]).exits(0);
    assert_eq!(env.tips().len(), 1);
    let program = composer(&env, "exec sleep 100");
    let times = ["--limit-idle", "10s", "--composer-timeout", "14s"];
    let sync = env.sync(&[&["--force", "--composer", &program], &times[..]].concat());
    sync.exits(3).says(&["composer failed: it was not done after 14 s"]);
}

#[test]
fn composer_ends_with_its_worker() {
    let env = TestEnv::empty();
    let seconds = format!("300.{}", std::process::id());
    let program = composer(&env, &format!("sleep {seconds} & wait"));
    let sync = env.sync(&["--composer", &program, "--limit-time", "30s"]);
    sync.exits(1).says(&["needed more than 30 s by the clock while running Composer"]);
    let is_running = || {
        let processes = fs::read_dir("/proc").unwrap().flatten();
        let lines = processes.filter_map(|it| fs::read_to_string(it.path().join("cmdline")).ok());
        lines.into_iter().any(|line| line.starts_with("sleep") && line.contains(&seconds))
    };
    within("what Composer started ends, too", || !is_running());
    let left = files(&env.data());
    assert!(!left.keys().any(|path| path.contains(".unfinished")), "{left:?}");
}

#[test]
fn a_worker_cannot_write_elsewhere() {
    let env = TestEnv::empty();
    let manifest = r#"{"require": {"vendor/package": "1"}}"#;
    env.commit("extensions/X", "master", &[("composer.json", File::text(manifest))]);
    env.commit("extensions/Y", "master", &[("a", File::text("a"))]);
    env.sync(&["--only", "extensions/Y"]).exits(0);
    // A stand-in for hostile code: whatever a worker starts is confined as the worker is, and Composer may not even write
    // to the worker's own mirror.
    let folder = env.folder().join("bin");
    fs::create_dir(&folder).unwrap();
    let program = folder.join("composer");
    let data = env.data();
    let (outside, neighbour, own) = (
        env.folder().join("outside"),
        data.join("mirror/extensions/Y.git/HEAD"),
        data.join("mirror/extensions/X.git/own"),
    );
    let script = format!(
        "#!/bin/sh\necho a > {}\necho b >> {}\ncat {}\necho c > {}\nexit 7\n",
        outside.display(),
        neighbour.display(),
        data.join("snapshot.db").display(),
        own.display()
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let before = fs::read_to_string(&neighbour).unwrap();
    let sync = env.sync(&["--composer", program.to_str().unwrap()]);
    sync.exits(0).says(&["composer failed", "Permission denied"]);
    let confined = !sync.text().contains("no Landlock");
    assert_eq!(!own.exists(), confined, "{}", sync.text());
    assert_eq!(!outside.exists(), confined, "{}", sync.text());
    assert_eq!(sync.text().contains("snapshot.db: Permission denied"), confined, "{}", sync.text());
    assert_eq!(fs::read_to_string(&neighbour).unwrap() == before, confined);
}
