//! From the content of a branch to its tarball: conversions, submodules, Composer, and errors on
//! the way.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use tardist_tests::{File, Member, TestEnv, files, json, members, within};

const LOOK: &str = "extensions/Look";

/// The members of a branch's tarball, by path below its top folder.
#[track_caller]
pub(crate) fn tarball(env: &TestEnv, id: &str, branch: &str) -> BTreeMap<String, Member> {
    let name = id.rsplit('/').next().unwrap();
    let members = members(&env.tarball(id, branch)).into_iter();
    members
        .map(|member| (member.path[name.len() + 1..].to_owned(), member))
        .filter(|(path, _)| !path.is_empty())
        .collect()
}

pub(crate) fn text<'a>(members: &'a BTreeMap<String, Member>, path: &str) -> &'a str {
    str::from_utf8(members[path].bytes.as_deref().unwrap()).unwrap()
}

fn git(folder: &Path, args: &[&str]) -> String {
    let output = Command::new("git").args(args).current_dir(folder).output().unwrap();
    assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn only_files_with_attributes_for_it_are_converted() {
    let env = TestEnv::empty();
    let attributes = "*.bat text eol=crlf\n*.id ident\nleft-out export-ignore\n*.id export-subst\n";
    let files = [
        (".gitattributes", File::text(attributes)),
        ("run.bat", File::text("@echo\n")),
        ("run.sh", File::text("echo\n")),
        ("x.id", File::text("$Id$ $Format:%H$\n")),
        ("left-out", File::text("in")),
        ("sub/.gitattributes", File::text("*.bat -text\n")),
        ("sub/run.bat", File::text("@echo\n")),
    ];
    env.commit(LOOK, "master", &files);
    env.sync(&[]).exits(0);
    let members = tarball(&env, LOOK, "master");
    assert_eq!(text(&members, "run.bat"), "@echo\r\n");
    assert_eq!(text(&members, "run.sh"), "echo\n");
    assert_eq!(text(&members, "sub/run.bat"), "@echo\n");
    assert_eq!(text(&members, "left-out"), "in");
    let id = git(env.repository(LOOK).path(), &["rev-parse", "master:x.id"]);
    assert_eq!(text(&members, "x.id"), format!("$Id: {} $ $Format:%H$\n", id.trim()));
}

#[test]
fn a_setting_says_how_deep_submodules_of_submodules_are_included() {
    let env = TestEnv::empty();
    let library = |name: &str| env.upstream.repository(name).unwrap();
    let put = |name: &str, files: &[(&str, File)]| {
        library(name).commit("master", files, "Change", Default::default()).unwrap()
    };
    let modules =
        |url: &str| File::text(format!("[submodule \"x\"]\n\tpath = lib/x\n\turl = {url}\n"));
    let inner = put("libraries/deep/Inner", &[("inner.txt", File::text("inner"))]);
    // Relative to the submodule's URL in `.gitmodules`. It is fetched from another URL.
    let outer = put(
        "libraries/deep/Outer",
        &[(".gitmodules", modules("../Inner")), ("lib/x", File::gitlink(inner))],
    );
    env.commit(
        LOOK,
        "master",
        &[
            (".gitmodules", modules("https://elsewhere.example/deep/Outer")),
            ("lib/x", File::gitlink(outer)),
        ],
    );
    let map = format!("https://elsewhere.example/={}/libraries/", env.server.url());
    for (depth, expected) in [
        (None, vec!["lib/x/.gitmodules", "lib/x/lib/x/"]),
        (Some("0"), vec!["lib/x/"]),
        (Some("2"), vec!["lib/x/.gitmodules", "lib/x/lib/x/inner.txt"]),
    ] {
        let _ = fs::remove_dir_all(env.data());
        let depth: Vec<&str> = depth.into_iter().flat_map(|n| ["--submodule-depth", n]).collect();
        env.sync(&[&["--url-map", map.as_str()], depth.as_slice()].concat()).exits(0);
        let members = tarball(&env, LOOK, "master");
        for path in &expected {
            assert!(members.contains_key(*path), "{path} in {:?}", members.keys());
        }
        let files = members.values().filter(|member| member.bytes.is_some()).count();
        // The other three are .gitmodules, version and gitinfo.json.
        let of_submodules = expected.iter().filter(|path| !path.ends_with('/')).count();
        assert_eq!(files, 3 + of_submodules, "{depth:?}");
        assert!(!env.tardist(&["status", "-v"]).text().contains("left empty"));
    }
    env.sync(&["--submodule-depth", "99"]).exits(2).says(&["submodule-depth", "from 0 to 16"]);
}

/// Deletes one blob of a mirror. It unpacks the packs first, so that everything else can still be
/// read.
fn lose_a_blob(mirror: &Path, name: &str) {
    let id = git(mirror, &["rev-parse", name]);
    let packs = mirror.join("objects/pack");
    let aside = mirror.join("aside");
    fs::rename(&packs, &aside).unwrap();
    fs::create_dir(&packs).unwrap();
    for entry in fs::read_dir(&aside).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "pack") {
            let mut unpack = Command::new("git");
            unpack.args(["unpack-objects", "-q"]).current_dir(mirror);
            let status = unpack.stdin(fs::File::open(&path).unwrap()).status().unwrap();
            assert!(status.success());
        }
    }
    fs::remove_dir_all(&aside).unwrap();
    let id = id.trim();
    fs::remove_file(mirror.join("objects").join(&id[..2]).join(&id[2..])).unwrap();
}

#[test]
fn a_damaged_mirror_is_fetched_again() {
    let env = TestEnv::sample();
    let only = ["--only", "extensions/SampleChart", "--only", "extensions/SampleGreeting"];
    env.commit("extensions/SampleGreeting", "master", &[("lost.txt", File::text("lost"))]);
    env.sync(&only).exits(0);
    let published = files(&env.data().join("dist"));
    let again = || {
        fs::remove_dir_all(env.data().join("dist")).unwrap();
        env.sync(&only).exits(0).says(&["is fetched again"]);
        assert!(files(&env.data().join("dist")) == published);
        env.tardist(&["verify"]).exits(0);
    };
    // One blob is missing.
    let mirror = env.data().join("mirror/extensions/SampleGreeting.git");
    lose_a_blob(&mirror, "master:lost.txt");
    again();
    // A pack has wrong bytes.
    for entry in fs::read_dir(mirror.join("objects/pack")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ext| ext == "pack") {
            fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
            let length = fs::metadata(&path).unwrap().len();
            fs::write(&path, vec![0; usize::try_from(length).unwrap()]).unwrap();
        }
    }
    again();
    // A blob is missing in the mirror of a submodule.
    let submodule = &folders_of(&env.data().join("mirror/submodules"))[0];
    let pinned = git(submodule, &["for-each-ref", "--format=%(objectname)"]);
    lose_a_blob(submodule, &format!("{}:plot.js", pinned.lines().next().unwrap()));
    again();
}

/// The bare repositories below a folder.
fn folders_of(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.join("HEAD").is_file() {
            found.push(path);
        } else if path.is_dir() {
            found.extend(folders_of(&path));
        }
    }
    found
}

#[test]
fn a_mirror_without_its_packs_is_fetched_again() {
    let env = TestEnv::sample();
    let id = "extensions/SampleGreeting";
    env.sync(&["--only", id]).exits(0);
    fs::remove_dir_all(env.data().join("mirror").join(format!("{id}.git/objects/pack"))).unwrap();
    let commit = env.commit(id, "master", &[("new.txt", File::text("new"))]);
    env.sync(&["--only", id]).exits(0);
    assert_eq!(env.tips()[&format!("{id} master")], commit.to_string());
    assert_eq!(text(&tarball(&env, id, "master"), "new.txt"), "new");
}

#[test]
fn an_object_that_upstream_has_lost_fails_its_repository_only() {
    let env = TestEnv::sample();
    env.commit(LOOK, "master", &[("a.txt", File::text("lost upstream"))]);
    let repository = env.repository(LOOK).path().to_owned();
    let id = git(&repository, &["rev-parse", "master:a.txt"]);
    let id = id.trim();
    fs::remove_file(repository.join("objects").join(&id[..2]).join(&id[2..])).unwrap();
    env.sync(&[]).exits(3).says(&[LOOK]);
    let tips = env.tips();
    assert!(!tips.keys().any(|key| key.starts_with(LOOK)));
    assert!(tips.contains_key("skins/SamplePaper master"));
}

#[test]
fn repositories_without_a_wanted_branch_are_left_out() {
    let env = TestEnv::empty();
    let _empty = env.repository("extensions/Empty");
    env.commit("extensions/OtherBranch", "wip", &[("a.txt", File::text("a"))]);
    env.commit("extensions/HeadNowhere", "REL1_45", &[("a.txt", File::text("a"))]);
    env.repository("extensions/HeadNowhere").set_head("nowhere").unwrap();
    env.commit(LOOK, "master", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    let tips: Vec<String> = env.tips().into_keys().collect();
    assert_eq!(tips, ["extensions/HeadNowhere REL1_45", "extensions/Look master"]);
}

#[test]
fn a_tree_that_is_too_deep_or_too_large_fails_its_branch_only() {
    let env = TestEnv::empty();
    let deep = format!("{}x", "d/".repeat(300));
    env.commit(LOOK, "master", &[("a.txt", File::text("a"))]);
    env.commit(LOOK, "REL1_45", &[(deep.as_str(), File::text("a"))]);
    let fan: Vec<(String, File)> = (1..40)
        .flat_map(|level| ["l", "r"].map(|side| (level, side)))
        .map(|(level, side)| {
            (format!("d{level}/{side}"), File::symlink(format!("../d{}", level - 1)))
        })
        .chain([("d0/x".to_owned(), File::text("x"))])
        .collect();
    let fan: Vec<(&str, File)> =
        fan.iter().map(|(path, file)| (path.as_str(), file.clone())).collect();
    env.commit("skins/Fan", "master", &fan);
    env.sync(&[]).exits(3).says(&["REL1_45", "nested folders", "skins/Fan", "100000 files"]);
    assert_eq!(env.tips().into_keys().collect::<Vec<_>>(), ["extensions/Look master"]);
}

/// Makes a script that runs in place of Composer. Returns its path.
fn stand_in(env: &TestEnv, script: &str) -> String {
    let path = env.folder().join("composer");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.to_str().unwrap().to_owned()
}

fn requires(env: &TestEnv, more: &[(&str, File)]) {
    let manifest = json!({"require": {"sample/lib": "*"}}).to_string();
    let mut all = vec![("composer.json", File::text(manifest)), ("a.txt", File::text("a"))];
    all.extend_from_slice(more);
    env.commit(LOOK, "master", &all);
}

#[test]
fn composer_runs_only_on_request_and_without_the_environment_of_the_caller() {
    let env = TestEnv::empty();
    requires(&env, &[]);
    let script = "env > env.txt; echo \"$@\" > arguments.txt; pwd > pwd.txt; mkdir -p vendor/x/.git
        echo changed > a.txt; echo x > vendor/x/run; chmod 700 vendor/x/run; echo y > vendor/x/.git/y
        ln -s x vendor/inside; ln -s /etc/hostname vendor/outside; ln -s nowhere vendor/dangling";
    let program = stand_in(&env, script);
    env.sync(&[]).exits(0);
    assert!(!tarball(&env, LOOK, "master").contains_key("env.txt"), "off by default");

    env.commit(LOOK, "master", &[("b.txt", File::text("b"))]);
    env.commit("extensions/NoRequire", "master", &[("composer.json", File::text("{}"))]);
    env.sync(&["--composer", &program]).exits(0);
    assert!(!tarball(&env, "extensions/NoRequire", "master").contains_key("env.txt"));
    let members = tarball(&env, LOOK, "master");
    let run = "install --no-dev --ignore-platform-reqs --no-scripts --no-plugins --no-interaction --no-progress\n";
    assert_eq!(text(&members, "arguments.txt"), run);
    let variables = text(&members, "env.txt");
    assert!(!variables.contains("TARDIST"), "{variables}");
    assert!(variables.contains("\nCOMPOSER_VENDOR_DIR=vendor\n"), "{variables}");
    assert_eq!(text(&members, "a.txt"), "a", "what is outside of vendor/ stays as it is");
    assert_eq!(members["vendor/x/run"].mode, 0o755);
    assert_eq!(text(&members, "vendor/inside/run"), "x\n");
    assert!(!members.keys().any(|path| path.contains(".git/")), "{:?}", members.keys());
    assert!(!members.contains_key("vendor/outside"));
    env.tardist(&["status", "-v"])
        .says(&["link vendor/outside is left out", "link vendor/dangling to"]);
    let work = text(&members, "pwd.txt").trim();
    assert!(work.starts_with(env.data().to_str().unwrap()), "{work}");
    assert!(!Path::new(work).exists());
}

#[test]
fn a_vendor_of_the_repository_becomes_what_composer_makes_of_it_unless_composer_fails() {
    let env = TestEnv::empty();
    let old = || File::text("old");
    let executable = File::executable("kept");
    let vendor =
        [("vendor/a/X.php", old()), ("vendor/a/gone.php", old()), ("vendor/kept", executable)];
    requires(&env, &vendor);
    let script = "echo new > vendor/a/X.php; rm vendor/a/gone.php";
    let failing = stand_in(&env, &format!("{script}; exit 7"));
    env.sync(&["--composer", &failing]).exits(0);
    let members = tarball(&env, LOOK, "master");
    assert_eq!(text(&members, "vendor/a/X.php"), "old");
    assert_eq!(text(&members, "vendor/a/gone.php"), "old");

    let program = stand_in(&env, script);
    env.sync(&["--force", "--composer", &program]).exits(0);
    let members = tarball(&env, LOOK, "master");
    assert_eq!(text(&members, "vendor/a/X.php"), "new\n");
    assert!(!members.contains_key("vendor/a/gone.php"), "{:?}", members.keys());
    assert_eq!((text(&members, "vendor/kept"), members["vendor/kept"].mode), ("kept", 0o755));
}

#[test]
fn a_composer_that_fails_or_hangs_leaves_the_tarball_without_its_work() {
    let env = TestEnv::empty();
    requires(&env, &[]);
    env.commit("skins/Healthy", "master", &[("a.txt", File::text("a"))]);
    let failing = stand_in(&env, "echo 'it hurts' >&2; exit 7");
    let run = env.sync(&["--composer", &failing]);
    run.exits(0).says(&[&format!("{LOOK} master"), "composer failed: exit status 7: it hurts"]);
    let tips: Vec<String> = env.tips().into_keys().collect();
    assert_eq!(tips, [&format!("{LOOK} master"), "skins/Healthy master"]);

    let hanging = stand_in(&env, "yes no >&2 & sleep 300 & echo pid $!; wait");
    let run = env.sync(&["--force", "--composer", &hanging, "--composer-timeout", "5s"]);
    run.exits(0).says(&["it was not done after 5 s", "no no"]);
    let text = run.text();
    let pid = text.split("pid ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let process = Path::new("/proc").join(pid).join("exe");
    within("all that composer started ends", || fs::read_link(&process).is_err());

    let nowhere = env.folder().join("nowhere");
    let run = env.sync(&["--force", "--composer", nowhere.to_str().unwrap()]);
    run.exits(3).says(&["cannot be started", "nowhere"]);
    let left: Vec<_> =
        files(&env.data()).into_keys().filter(|it| it.contains("unfinished")).collect();
    assert_eq!(left, [""; 0]);
}

#[test]
fn composer_does_not_run_for_packages_on_this_machine() {
    let env = TestEnv::empty();
    let program = stand_in(&env, "exit 0");
    for (name, manifest, lock) in [
        ("Broken", "{".to_owned(), None),
        (
            "Path",
            json!({"require": {}, "repositories": [{"type": "path", "url": "../.."}]}).to_string(),
            None,
        ),
        (
            "Lock",
            json!({"require": {}}).to_string(),
            Some(json!({"packages": [{"dist": {"url": "/etc/passwd"}}]})),
        ),
    ] {
        let mut files = vec![("composer.json", File::text(manifest))];
        files.extend(lock.map(|lock| ("composer.lock", File::text(lock.to_string()))));
        env.commit(&format!("extensions/{name}"), "master", &files);
    }
    env.commit(LOOK, "master", &[("a.txt", File::text("a"))]);
    env.sync(&["--composer", &program]).exits(3).says(&[
        "composer.json is not JSON",
        "composer.json names \"../..\"",
        "composer.lock names \"/etc/passwd\"",
    ]);
    let tips: Vec<String> = env.tips().into_keys().collect();
    assert_eq!(tips, ["extensions/Broken master", "extensions/Look master"]);
}

#[test]
fn nothing_of_this_machine_is_published_though_a_list_of_packages_on_another_server_names_it() {
    let env = TestEnv::empty();
    requires(&env, &[]);
    let installed =
        json!({"packages": [{"dist": {"type": "file", "url": "file:///etc/hostname"}}]});
    for name in ["vendor/composer/installed.json", "composer.lock"] {
        let script = format!(
            "mkdir -p vendor/composer; cp /etc/hostname vendor; echo '{installed}' > {name}"
        );
        let program = stand_in(&env, &script);
        let run = env.sync(&["--force", "--composer", &program]);
        run.exits(1)
            .says(&[&format!("{name} says that a package comes from \"file:///etc/hostname\"")]);
        assert!(!env.snapshot().exists());
    }
}

/// Git, Mercurial and others run programs that the configuration of a repository names.
#[test]
fn a_repository_inside_of_the_content_is_no_source_of_packages() {
    let env = TestEnv::empty();
    let manifest = json!({
        "require": {"a/b": "*"},
        "repositories": [{"packagist.org": false}, {"type": "git", "url": "lib/"}],
    });
    let files = [
        ("composer.json", File::text(manifest.to_string())),
        ("lib/HEAD", File::text("ref: refs/heads/master\n")),
        ("lib/config", File::text("[remote \"origin\"]\nuploadpack = touch ran\n")),
    ];
    env.commit(LOOK, "master", &files);
    let program = stand_in(&env, "touch ran");
    let run = env.sync(&["--composer", &program]);
    run.exits(1).says(&["composer.json names \"lib/\"", "nor a folder or an archive inside"]);
    assert!(!env.snapshot().exists());
}

/// Composer runs Git and others in the folders of packages, which may be repositories.
#[test]
fn no_program_runs_that_the_configuration_of_a_repository_names() {
    let env = TestEnv::empty();
    requires(&env, &[]);
    let script = "mkdir vendor; git init -q r; cd r; git config core.hooksPath evil; \
                  git config credential.helper evil; git config log.showSignature true; \
                  (git config core.hooksPath; git config credential.helper; git config log.showSignature) \
                  > ../vendor/git; cd ..; rm -r r; \
                  for name in hg svn fossil; do $name branch && echo $name; done > vendor/others; true";
    let program = stand_in(&env, script);
    env.sync(&["--composer", &program]).exits(0);
    let members = tarball(&env, LOOK, "master");
    assert_eq!(text(&members, "vendor/git"), "/dev/null\n\nfalse\n");
    assert_eq!(text(&members, "vendor/others"), "");
}

#[test]
fn an_autoloader_of_files_outside_of_the_content_is_not_made() {
    let env = TestEnv::empty();
    let manifest = json!({"require": {"php": "*"}, "autoload": {"classmap": ["/usr/share/php"]}});
    env.commit(LOOK, "master", &[("composer.json", File::text(manifest.to_string()))]);
    let program = stand_in(&env, "mkdir vendor; touch vendor/ran");
    env.sync(&["--composer", &program]).says(&["\"/usr/share/php\", which is not inside"]);
    assert!(!tarball(&env, LOOK, "master").contains_key("vendor/ran"));
}

#[test]
fn folders_of_an_archive_that_may_not_be_written_to_are_removed() {
    let env = TestEnv::empty();
    requires(&env, &[]);
    let program = stand_in(&env, "mkdir -p vendor/ro; echo x > vendor/ro/f; chmod 555 vendor/ro");
    let left = env.data().join(".unfinished-work-x/ro");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("f"), "x").unwrap();
    fs::set_permissions(&left, fs::Permissions::from_mode(0o555)).unwrap();
    for _ in 0..2 {
        env.bound_by_modes(&["sync", "--force", "--composer", &program]).exits(0);
        assert_eq!(text(&tarball(&env, LOOK, "master"), "vendor/ro/f"), "x\n");
        let left: Vec<_> =
            files(&env.data()).into_keys().filter(|it| it.contains("unfinished")).collect();
        assert_eq!(left, [""; 0]);
    }
}

#[test]
fn a_killed_composer_step_leaves_nothing_behind() {
    let env = TestEnv::empty();
    requires(&env, &[]);
    let left = env.data().join(".unfinished-composer-x/tree");
    fs::create_dir_all(&left).unwrap();
    fs::write(left.join("a.txt"), "a").unwrap();
    env.sync(&[]).exits(0);
    assert!(!left.exists());
}

/// Sets a branch to a commit with this author line, which Git's tools would not write.
fn raw_commit(env: &TestEnv, id: &str, branch: &str, author: &str) -> String {
    let repository = env.repository(id).path().to_owned();
    let tree = git(&repository, &["rev-parse", &format!("{branch}^{{tree}}")]);
    let file = env.folder().join("commit");
    let tree = tree.trim();
    fs::write(&file, format!("tree {tree}\nauthor {author}\ncommitter {author}\n\nx\n")).unwrap();
    let file = file.display().to_string();
    let commit =
        git(&repository, &["hash-object", "-t", "commit", "-w", "--literally", "--", &file]);
    git(&repository, &["update-ref", &format!("refs/heads/{branch}"), commit.trim()]);
    commit.trim().to_owned()
}

/// Git reads a commit whose author has no `<` and `>`, but libgit2 does not parse it.
#[test]
fn a_commit_that_git_reads_is_published_whatever_its_author_line_is() {
    let env = TestEnv::empty();
    env.commit(LOOK, "master", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    let odd = raw_commit(&env, LOOK, "master", "A a@example.org 1767323045 +0000");
    env.sync(&[]).exits(0).says(&["1 tarballs made"]);
    assert_eq!(env.tips()["extensions/Look master"], odd);
    assert_eq!(text(&tarball(&env, LOOK, "master"), "a.txt"), "a");
    env.tardist(&["gc"]).exits(0);
    env.sync(&[]).exits(0).says(&["nothing new"]);
    // The next fetch tells the server which commits the mirror has, and this commit is one of them.
    let next = env.commit(LOOK, "later", &[("a.txt", File::text("b"))]).to_string();
    git(env.repository(LOOK).path(), &["update-ref", "refs/heads/master", &next]);
    env.sync(&[]).exits(0).says(&["1 tarballs made"]);
    assert_eq!(env.tips()["extensions/Look master"], next);
}

/// The branch points to a blob instead of a commit, so that it cannot be read.
#[test]
fn a_branch_that_cannot_be_read_is_named_and_its_earlier_tarball_stands() {
    let env = TestEnv::empty();
    let good = env.commit(LOOK, "master", &[("a.txt", File::text("a"))]);
    env.commit(LOOK, "REL1_45", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    let repository = env.repository(LOOK).path().to_owned();
    let blob = git(&repository, &["rev-parse", "master:a.txt"]);
    fs::write(repository.join("refs/heads/master"), blob).unwrap();
    env.sync(&[]).exits(3).says(&["extensions/Look master", "master"]);
    assert_eq!(env.tips()["extensions/Look master"], good.to_string());
    env.tardist(&["verify"]).exits(0);
    env.tardist(&["status"]).exits(3).says(&["extensions/Look master"]);
}
