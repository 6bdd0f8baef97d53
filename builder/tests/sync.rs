//! The command `sync` as a process, over repositories in a folder: what it leaves on disk, and what it says of it.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

#[path = "support/git_server.rs"]
#[allow(dead_code, reason = "other tests use the rest of it")]
mod git_server;
#[path = "support/repository.rs"]
mod repository;

use std::{
    fs,
    io::Read,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU16, Ordering},
    },
};

use flate2::read::GzDecoder;
use git_server::GitServer;
use git2::Repository;
use repository::{FILE, File, GITLINK, commit};
use tardist::{catalogue::BranchRecord, data_dir::layout::Layout, state::State};
use tempfile::TempDir;

/// A folder of repositories, and the data directory of a builder.
struct Env(TempDir);

/// The exit status and the output of a command.
struct Run {
    status: i32,
    text: String,
}

impl Env {
    /// With one extension, whose branch `master` has these files.
    fn new(name: &str, files: &[File<'_>]) -> Self {
        let env = Self(TempDir::new().unwrap());
        env.add(name, files);
        env
    }

    /// Adds an extension, or a commit to its branch.
    fn add(&self, name: &str, files: &[File<'_>]) {
        put(&self.0.path().join(format!("upstream/extensions/{name}.git")), files);
    }

    /// A program that stands in for Composer.
    fn composer(&self, script: &str) -> String {
        let path = self.0.path().join("composer");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// What is published of the branch `master` of an extension.
    fn published(&self, name: &str) -> BranchRecord {
        let catalogue = State::look(&Layout::new(&self.data()));
        let id = format!("extensions/{name}").parse().unwrap();
        BranchRecord::clone(&catalogue[&id].branches[&"master".parse().unwrap()])
    }

    fn data(&self) -> PathBuf {
        self.0.path().join("data")
    }

    /// Runs `tardist sync` with these arguments under a umask.
    fn sync_with(&self, umask: &str, args: &[&str]) -> Run {
        let mut command = Command::new("sh");
        command
            .args(["-c", "umask $0; exec \"$@\"", umask, env!("CARGO_BIN_EXE_tardist")])
            .args(["sync", "--data", "data", "--upstream", "directory=upstream"])
            .args(["--branch", "master"])
            .args(args)
            .current_dir(self.0.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        Run { status: output.status.code().unwrap(), text }
    }

    fn sync(&self, args: &[&str]) -> Run {
        self.sync_with("022", args)
    }

    /// The published tarball of the branch `master` of an extension.
    fn tarball(&self, name: &str) -> PathBuf {
        let file = self.published(name).tarball(&name.parse().unwrap(), &"master".parse().unwrap());
        self.data().join("dist/extensions").join(file.as_str())
    }

    /// The paths in the tarball of an extension, below its top folder.
    fn members(&self, name: &str) -> Vec<String> {
        let mut bytes = Vec::new();
        GzDecoder::new(fs::File::open(self.tarball(name)).unwrap())
            .read_to_end(&mut bytes)
            .unwrap();
        let mut archive = tar::Archive::new(bytes.as_slice());
        let paths = archive.entries().unwrap().map(|entry| {
            let entry = entry.unwrap();
            entry.path().unwrap().to_str().unwrap().split_once('/').unwrap().1.to_owned()
        });
        paths.collect()
    }
}

impl Run {
    #[track_caller]
    fn exits(self, status: i32) -> Self {
        assert_eq!(self.status, status, "{}", self.text);
        self
    }

    #[track_caller]
    fn says(&self, text: &str) {
        assert!(self.text.contains(text), "{text:?} is not in:\n{}", self.text);
    }
}

/// Adds a commit to the branch `master` of a repository, and returns its id.
fn put(path: &Path, files: &[File<'_>]) -> String {
    let repository = Repository::init_bare(path).unwrap();
    let id = commit(&repository, files);
    repository.reference("refs/heads/master", id, true, "a test").unwrap();
    id.to_string()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn file_name(path: &Path) -> &str {
    path.file_name().unwrap().to_str().unwrap()
}

#[test]
fn all_users_can_read_what_is_published_whatever_the_umask_is() {
    let env = Env::new("Mask", &[("a.php", FILE, "<?php")]);
    env.sync_with("077", &[]).exits(0);
    let dist = env.data().join("dist");
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for folder in [&env.data(), &dist, &dist.join("extensions"), &dist.join("skins")] {
        assert_eq!(mode(folder), 0o755, "{folder:?}");
    }
    for file in entries(&dist.join("extensions")).iter().chain([&env.data().join("snapshot.db")]) {
        assert_eq!(mode(file), 0o644, "{file:?}");
    }
    assert_eq!(env.members("Mask"), ["", "a.php", "gitinfo.json", "version"]);
}

#[test]
fn the_file_time_of_a_tarball_is_that_of_its_commit() {
    let env = Env::new("Time", &[("a.php", FILE, "<?php")]);
    env.sync(&[]).exits(0);
    assert_eq!(fs::metadata(env.tarball("Time")).unwrap().mtime(), 1_700_000_000);
}

/// An extension with two submodules on a server that is no upstream, that server, and the status that it answers with
/// in place of Git, unless it is 0.
fn with_submodules() -> (Env, GitServer, Arc<AtomicU16>) {
    let env = Env(TempDir::new().unwrap());
    let status = Arc::<AtomicU16>::default();
    let answer = Arc::clone(&status);
    let server = GitServer::start(Box::new(move |_| {
        let status = answer.load(Ordering::SeqCst);
        (status != 0).then(|| format!("{status} X\r\n"))
    }));
    let [one, two] =
        ["One", "Two"].map(|name| put(&server.root().join(name), &[(name, FILE, "x")]));
    let modules: String = ["One", "Two"]
        .map(|name| {
            format!("[submodule \"{name}\"]\npath = lib/{name}\nurl = {}/{name}\n", server.url)
        })
        .concat();
    let files = [
        (".gitmodules", FILE, modules.as_str()),
        ("lib/One", GITLINK, one.as_str()),
        ("lib/Two", GITLINK, two.as_str()),
    ];
    env.add("Super", &files);
    (env, server, status)
}

const LIBRARIES: [&str; 2] = ["lib/One/One", "lib/Two/Two"];

fn has_libraries(env: &Env) -> [bool; 2] {
    let members = env.members("Super");
    LIBRARIES.map(|path| members.iter().any(|it| it == path))
}

#[test]
fn a_submodule_of_a_server_that_is_not_allowed_is_missing_until_a_setting_allows_it() {
    let (env, server, _) = with_submodules();
    let run = env.sync(&[]).exits(3);
    run.says(&format!("write submodule-hosts = [\"{}\"]", server.url));
    assert_eq!(has_libraries(&env), [false, false]);
    assert_eq!(server.requests(), [""; 0], "it was not asked");
    run.says(&format!(
        "the submodule lib/One is not in the tarball: {}/One is on a server that submodules may not come from",
        server.url
    ));
    let public =
        ["lib/One", "lib/Two"].map(|it| format!("the submodule {it} is not in the tarball"));
    assert_eq!(env.published("Super").problems, public, "no URL and no advice for the public");
    env.sync(&["--submodule-hosts", &server.url]).exits(0);
    assert_eq!(has_libraries(&env), [true, true], "the setting is part of the recipe");
    assert_eq!(env.published("Super").problems, [""; 0]);
}

#[test]
fn a_server_of_submodules_that_is_down_costs_its_submodules_and_not_the_branch() {
    let (env, server, status) = with_submodules();
    status.store(503, Ordering::SeqCst);
    let arguments = ["--force", "--retries", "0", "--submodule-hosts", &server.url];
    env.sync(&arguments).exits(0).says("answered 503");
    let requests = server.requests();
    assert_eq!(requests.len(), 1, "it is not asked for the other submodule: {requests:?}");
    assert_eq!(has_libraries(&env), [false, false]);
    assert_eq!(env.published("Super").problems.len(), 2);
    status.store(404, Ordering::SeqCst);
    let run = env.sync(&arguments).exits(0);
    run.says("the submodule lib/Two is not in the tarball");
    let requests = &server.requests()[1..];
    for name in ["/One", "/Two"] {
        assert!(requests.iter().any(|it| it.contains(name)), "each is asked for: {requests:?}");
    }
    status.store(0, Ordering::SeqCst);
    env.sync(&arguments).exits(0);
    assert_eq!(has_libraries(&env), [true, true]);
}

#[test]
fn other_bytes_of_a_commit_have_a_name_of_their_own_and_the_plain_name_leads_to_the_newest() {
    let (env, server, _) = with_submodules();
    env.sync(&[]).exits(3);
    let plain = env.tarball("Super");
    let before = fs::read(&plain).unwrap();
    env.sync(&["--submodule-hosts", &server.url]).exits(0);
    let newest = env.tarball("Super");
    let (plain_name, name) = (file_name(&plain), file_name(&newest));
    assert_eq!(name, plain_name.replace(".tar.gz", "-2.tar.gz"));
    assert_ne!(fs::read(&newest).unwrap(), before);
    assert_eq!(fs::read(&plain).unwrap(), fs::read(&newest).unwrap());
    // It is no leftover, and the same bytes keep their name.
    let run = env.sync(&["--force", "--grace", "0s", "--submodule-hosts", &server.url]).exits(0);
    run.says("1 tarballs made");
    assert_eq!(env.tarball("Super"), newest);
    assert!(plain.exists());
}

#[test]
fn a_name_that_other_bytes_have_already_is_not_given_again() {
    let env = Env::new("Foo", &[("a.php", FILE, "<?php")]);
    env.sync(&[]).exits(0);
    let plain = env.tarball("Foo");
    let bytes = fs::read(&plain).unwrap();
    for name in ["state.db", "snapshot.db"] {
        fs::remove_file(env.data().join(name)).unwrap();
    }
    // From a time of which nothing is known.
    fs::write(&plain, "other").unwrap();
    env.sync(&[]).exits(0);
    let newest = env.tarball("Foo");
    assert!(file_name(&newest).ends_with("-2.tar.gz"), "{newest:?}");
    assert_eq!([&newest, &plain].map(|path| fs::read(path).unwrap()), [bytes.clone(), bytes]);
}

#[test]
fn a_complete_tarball_is_not_replaced_by_an_incomplete_one_of_a_newer_commit() {
    let (env, server, status) = with_submodules();
    let sync = |more: &[&str]| {
        let arguments = [&["--retries", "0", "--submodule-hosts", &server.url], more].concat();
        env.sync(&arguments)
    };
    sync(&[]).exits(0);
    let complete = env.published("Super");
    // The same submodules, from places that do not have them.
    let modules: String = ["One", "Two"]
        .map(|name| {
            let url = format!("{}/gone/{name}", server.url);
            format!("[submodule \"{name}\"]\npath = lib/{name}\nurl = {url}\n")
        })
        .concat();
    let gitlink = "1".repeat(40);
    let files = [
        (".gitmodules", FILE, modules.as_str()),
        ("lib/One", GITLINK, gitlink.as_str()),
        ("lib/Two", GITLINK, gitlink.as_str()),
    ];
    env.add("Super", &files);
    sync(&[]).exits(3).says("would be incomplete, so the complete tarball that is published stays");
    assert_eq!(env.published("Super"), complete);
    let requests = server.requests().len();
    sync(&[]).exits(3).says("it is not tried again before");
    assert_eq!(server.requests().len(), requests, "not today");

    sync(&["--incomplete", "accept"]).exits(0);
    let incomplete = env.published("Super");
    assert_ne!(incomplete.commit, complete.commit);
    assert_eq!(incomplete.missing.len(), 2);
    sync(&[]).exits(0).says("nothing new");
    status.store(503, Ordering::SeqCst);
    sync(&["--only", "extensions/Super"]).exits(0).says(" 0 tarballs made");
}

const REQUIRES: &str = r#"{"require": {"php": ">=8.1", "example/library": "^2.0"}}"#;
const NO_PACKAGES: &str =
    "the packages that composer.json requires are not in the tarball (vendor/)";

#[test]
fn a_composer_that_fails_leaves_nothing_in_the_tarball_but_the_tarball_is_made() {
    let env = Env::new("Comp", &[("composer.json", FILE, REQUIRES)]);
    let composer =
        env.composer("mkdir vendor; echo half > vendor/half; echo none such >&2; exit 2");
    let run = env.sync(&["--composer", &composer]).exits(0);
    run.says(&format!("{NO_PACKAGES}: composer failed: exit status 2: none such"));
    assert_eq!(env.members("Comp"), ["", "composer.json", "gitinfo.json", "version"]);
    assert_eq!(env.published("Comp").problems, [NO_PACKAGES]);
}

#[test]
fn no_path_of_this_machine_is_published_with_what_composer_makes() {
    let env = Env::new("Link", &[("composer.json", FILE, REQUIRES)]);
    let composer = env.composer("mkdir vendor; ln -s \"$PWD/composer.json\" vendor/link");
    env.sync(&["--composer", &composer]).exits(0);
    assert_eq!(
        env.published("Link").problems,
        ["the symbolic link vendor/link is left out: it points out of the tree"]
    );
}

#[test]
fn a_place_on_this_machine_as_a_package_still_fails_the_branch() {
    let manifest = r#"{"require": {}, "repositories": [{"type": "path", "url": "../.."}]}"#;
    let env = Env::new("Danger", &[("composer.json", FILE, manifest)]);
    env.add("Fine", &[("a.php", FILE, "<?php")]);
    let composer = env.composer("exit 0");
    env.sync(&["--composer", &composer]).exits(3).says("composer.json names \"../..\"");
    let left = entries(&env.data().join("dist/extensions"));
    assert!(!left.iter().any(|path| file_name(path).starts_with("Danger")), "{left:?}");
}

#[test]
fn packages_are_missing_if_the_extension_loads_them_and_composer_is_off() {
    let loads = r#"{"name": "Needs", "manifest_version": 2, "load_composer_autoloader": true}"#;
    let platform = r#"{"require": {"php": ">=8.1", "ext-json": "*"}}"#;
    let env =
        Env::new("Needs", &[("extension.json", FILE, loads), ("composer.json", FILE, REQUIRES)]);
    let manifest = r#"{"name": "X", "manifest_version": 2}"#;
    env.add("Loads", &[("extension.json", FILE, manifest), ("composer.json", FILE, REQUIRES)]);
    env.add("Platform", &[("extension.json", FILE, loads), ("composer.json", FILE, platform)]);
    let vendor = ("vendor/autoload.php", FILE, "<?php");
    env.add("Has", &[("extension.json", FILE, loads), ("composer.json", FILE, REQUIRES), vendor]);
    let run = env.sync(&[]).exits(3);
    run.says(&format!("{NO_PACKAGES}: the setting composer is off"));
    run.says("write composer = \"/usr/bin/composer\"");
    assert_eq!(env.published("Needs").problems, [NO_PACKAGES]);
    for name in ["Loads", "Platform", "Has"] {
        assert_eq!(env.published(name).problems, [""; 0], "{name}");
    }
    let composer = env.composer("mkdir vendor; echo '<?php' > vendor/autoload.php");
    env.sync(&["--composer", &composer]).exits(0);
    assert_eq!(env.published("Needs").problems, [""; 0]);
}

#[test]
fn a_pointer_of_git_lfs_stays_and_is_named() {
    let pointer = format!(
        "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 12345\n",
        "7".repeat(64)
    );
    let attributes = "*.png filter=lfs diff=lfs merge=lfs -text\n";
    let names: Vec<String> = (0..5).map(|number| format!("img/{number}.png")).collect();
    let mut files = vec![(".gitattributes", FILE, attributes), ("small.txt", FILE, "x")];
    files.extend(names.iter().map(|name| (name.as_str(), FILE, pointer.as_str())));
    let env = Env::new("Lfs", &files);
    env.add("Other", &[("a.png", FILE, &pointer)]);
    env.sync(&[]).exits(0);
    let [problem] = env.published("Lfs").problems.try_into().unwrap();
    assert_eq!(
        problem,
        "5 files are Git LFS pointers, and the files themselves are not in the tarball: \
         img/0.png, img/1.png, img/2.png and 2 more"
    );
    assert!(env.members("Lfs").contains(&"img/4.png".to_owned()));
    assert_eq!(env.published("Other").problems, [""; 0], "LFS does not look at it either");
}

#[test]
fn a_mirror_has_nothing_of_gits_templates() {
    let env = Env::new("A", &[("extension.json", FILE, "{}")]);
    env.sync(&[]);
    let mirror = env.data().join("mirror/extensions/A.git");
    assert!(mirror.join("HEAD").exists());
    assert!(!mirror.join("hooks").exists());
    // An earlier version copied them.
    fs::create_dir(mirror.join("hooks")).unwrap();
    fs::write(mirror.join("hooks/update.sample"), "#!/bin/sh").unwrap();
    env.add("A", &[("extension.json", FILE, "{}"), ("new", FILE, "x")]);
    env.sync(&[]);
    assert!(!mirror.join("hooks").exists());
}
