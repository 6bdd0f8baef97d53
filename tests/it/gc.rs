//! `tardist gc`: what nothing names goes, what is in use stays.

use std::fs;
use std::path::{Path, PathBuf};

use tardist_tests::{Fault, File, Run, TestEnv, files, within};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

fn copy(from: &Path, to: &Path) {
    for (path, bytes) in files(from) {
        let to = to.join(path);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, bytes).unwrap();
    }
    // Git takes no folder without it for a repository.
    fs::create_dir_all(to.join("refs/heads")).unwrap();
}

#[test]
fn gc_removes_what_nothing_names_and_nothing_else() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let old = env.tarball(GREETING, "master");
    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    let mirrors = env.data().join("mirror");
    let submodules = |files: &tardist_tests::Files| {
        files.keys().filter(|path| path.starts_with("submodules/")).count()
    };
    assert!(submodules(&files(&mirrors)) > 0, "SampleChart has a submodule");
    let (mirrored, published) = (files(&mirrors), env.published());

    for name in ["extensions/Gone.git", "submodules/host/a/gone.git"] {
        copy(&mirrors.join(format!("{PAPER}.git")), &mirrors.join(name));
    }
    fs::write(env.data().join("dist/skins/.unfinished-x"), "half").unwrap();
    env.server.clear_requests();
    env.tardist(&["gc"]).exits(0).says(&[
        "1 mirrors of repositories, 1 mirrors of submodules, 0 tarballs and 1 unfinished files removed; 9 mirrors",
        "freed",
    ]);
    // Objects come into one pack; what else is in them stays.
    let kept = |files: &tardist_tests::Files| -> Vec<String> {
        let is_kept = |path: &&String| !path.contains("/objects/") && !path.starts_with("locks/");
        files.keys().filter(is_kept).cloned().collect()
    };
    assert_eq!(kept(&files(&mirrors)), kept(&mirrored), "mirrors in use are not touched");
    assert!(!mirrors.join("submodules/host").exists());
    assert_eq!(fs::read_dir(mirrors.join("locks")).unwrap().count(), 0, "no worker has them now");
    assert!(env.published() == published, "a byte has changed");

    env.tardist(&["gc", "--grace", "0s"]).exits(0).says(&[" 1 tarballs"]);
    assert!(!old.exists());
    assert_eq!(env.server.requests(), [], "upstream is not asked");
    env.tardist(&["verify"]).exits(0);
    env.sync(&[]).exits(0).says(&["nothing new"]);
    assert_eq!(env.git_requests(), []);
}

#[test]
fn gc_keeps_the_mirror_of_a_repository_that_will_be_tried_again_and_waits_for_no_one() {
    let env = TestEnv::sample();
    env.server.fault("SampleGreeting/git-upload-pack", Fault::Hangup, None);
    env.sync(&[]).exits(3).says(&[GREETING]);
    env.tardist(&["gc"]).exits(0).says(&["0 mirrors of repositories"]);
    assert!(env.data().join(format!("mirror/{GREETING}.git")).is_dir());

    env.server.clear_faults();
    env.server.clear_requests();
    env.server.fault("/projects/", Fault::Hold, None);
    let sync = env.start_sync();
    within("the sync asks for the list", || !env.server.requests().is_empty());
    env.tardist(&["gc"]).exits(4).says(&["another tardist"]);
    env.server.clear_faults();
    sync.wait().exits(0);
}

/// A `.gitmodules` of submodules at `lib/NAME`.
fn modules(submodules: &[(&str, &str)]) -> File {
    let section = |(name, url): &(&str, &str)| {
        format!("[submodule \"{name}\"]\n\tpath = lib/{name}\n\turl = {url}\n")
    };
    File::text(submodules.iter().map(section).collect::<String>())
}

/// The mirrors of submodules.
fn submodules(env: &TestEnv) -> Vec<PathBuf> {
    let all = files(&env.data().join("mirror")).into_keys();
    let heads = all.filter(|path| path.starts_with("submodules/") && path.ends_with(".git/HEAD"));
    heads.map(PathBuf::from).collect()
}

/// An extension with the submodule `lib/inner`, whose URL is relative to its own.
fn with_submodule() -> TestEnv {
    let env = TestEnv::empty();
    let library = env.upstream.repository("libraries/Inner").unwrap();
    let file = [("inner.txt", File::text("inner"))];
    let inner = library.commit("master", &file, "Add a file", Default::default()).unwrap();
    let urls = [("inner", "../../../libraries/Inner")];
    env.commit(
        "extensions/Outer",
        "master",
        &[(".gitmodules", modules(&urls)), ("lib/inner", File::gitlink(inner))],
    );
    env
}

/// A submodule that is fetched from a replica, by a URL that is relative to the replica's, is where
/// no URL that is published leads to.
#[test]
fn gc_keeps_a_submodule_that_came_from_a_replica() {
    let env = with_submodule();
    let replica = env.server.url().replace("127.0.0.1", "localhost");
    let config = format!(
        "[[upstream]]\ntype = 'gerrit'\nurl = '{}'\ngit-url = '{replica}'\n",
        env.server.url()
    );
    fs::write(env.folder().join("tardist.toml"), config).unwrap();
    let run = |args: &[&str]| -> Run {
        env.command(args).env_remove("TARDIST_UPSTREAM").output().unwrap().into()
    };
    run(&["sync"]).exits(0);
    assert_eq!(submodules(&env).len(), 1);
    assert!(submodules(&env)[0].starts_with(format!(
        "submodules/{}",
        replica.trim_start_matches("http://").replace(':', "_")
    )));
    run(&["gc"]).exits(0).says(&["0 mirrors of submodules"]);
    assert_eq!(submodules(&env).len(), 1);
}

#[test]
fn gc_keeps_the_submodules_of_a_repository_that_failed() {
    let env = with_submodule();
    let urls = [("inner", "../../../libraries/Inner")];
    let manifest = r#"{"require": {"sample/lib": "*"}}"#;
    let files = [(".gitmodules", modules(&urls)), ("composer.json", File::text(manifest))];
    env.commit("extensions/Outer", "master", &files);
    env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    // It is never published: after its submodule was fetched, Composer cannot be started.
    let nowhere = env.folder().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    env.sync(&["--composer", nowhere]).exits(3).says(&["extensions/Outer", "cannot be started"]);
    assert!(!env.tips().contains_key("extensions/Outer master"));
    let before = submodules(&env);
    assert!(before.iter().any(|path| path.to_string_lossy().contains("Inner")), "{before:?}");
    env.tardist(&["gc"]).exits(0);
    let after = submodules(&env);
    assert!(after.iter().any(|path| path.to_string_lossy().contains("Inner")), "{after:?}");
}

/// It waits for a change, which may bring other submodules: each push could leave some.
#[test]
fn what_a_branch_needs_of_submodules_goes_if_its_content_fails_it() {
    let env = with_submodule();
    let urls = [("inner", "../../../libraries/Inner")];
    let manifest = r#"{"require": {}, "repositories": [{"type": "path", "url": "/etc"}]}"#;
    let files = [(".gitmodules", modules(&urls)), ("composer.json", File::text(manifest))];
    env.commit("extensions/Outer", "master", &files);
    env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--composer", "/bin/true"]).exits(3).says(&["extensions/Outer", "names"]);
    env.tardist(&["gc"]).exits(0).says(&["1 mirrors of submodules"]);
    assert_eq!(submodules(&env), [""; 0].map(PathBuf::from));
}

#[test]
fn gc_removes_a_submodule_that_its_branch_no_longer_has() {
    let env = with_submodule();
    let other = env.upstream.repository("libraries/Other").unwrap();
    let file = [("a.txt", File::text("a"))];
    let other = other.commit("master", &file, "Add a file", Default::default()).unwrap();
    env.sync(&[]).exits(0);
    // At the same path, from another repository.
    let urls = [("inner", "../../../libraries/Other")];
    let files = [(".gitmodules", modules(&urls)), ("lib/inner", File::gitlink(other))];
    env.commit("extensions/Outer", "master", &files);
    env.sync(&[]).exits(0);
    assert_eq!(submodules(&env).len(), 2);
    env.tardist(&["gc"]).exits(0).says(&["1 mirrors of submodules"]);
    assert_eq!(submodules(&env).len(), 1);
    assert!(submodules(&env)[0].to_string_lossy().contains("Other"));
}

/// Nothing else packs the mirror of a submodule: `gc` need not be run.
#[test]
fn the_mirror_of_a_submodule_is_packed_after_many_fetches() {
    let env = with_submodule();
    let library = env.upstream.repository("libraries/Other").unwrap();
    let urls = [("inner", "../../../libraries/Other")];
    let packs = || {
        let all = files(&env.data().join("mirror/submodules")).into_keys();
        all.filter(|path| path.contains("Other") && path.ends_with(".pack")).count()
    };
    let mut most = 0;
    for number in 0..22 {
        let text = [("a.txt", File::text(number.to_string()))];
        let commit = library.commit("master", &text, "Change a file", Default::default()).unwrap();
        let files = [(".gitmodules", modules(&urls)), ("lib/inner", File::gitlink(commit))];
        env.commit("extensions/Outer", "master", &files);
        env.sync(&[]).exits(0).says(&["1 tarballs made"]);
        most = most.max(packs());
    }
    assert_eq!((most, packs()), (20, 2), "21 became 1");
    env.sync(&["--force"]).exits(0);
    env.tardist(&["verify"]).exits(0);
}
