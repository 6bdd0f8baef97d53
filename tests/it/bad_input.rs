//! Bad input from upstream: broken answers, strange repositories, strange manifests.

use std::time::{Duration, Instant};

use tardist_tests::{Fault, File, NOBODY, Oid, TestEnv, Value, json, members};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

#[test]
fn a_repository_that_fails_is_named_and_its_earlier_tarballs_stand() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let mut expected = env.tips();
    let greeting = env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    let paper = env.commit(PAPER, "master", &[("a.txt", File::text("a"))]);
    let failure = Fault::status(500);
    env.server.fault("extensions/SampleGreeting", failure, None);

    env.sync(&["--grace", "0s"]).exits(3).says(&[GREETING, "500"]);
    expected.insert(format!("{PAPER} master"), paper.to_string());
    assert_eq!(env.tips(), expected);
    env.tardist(&["verify"]).exits(0);
    env.tardist(&["status"]).exits(3).says(&[GREETING, "500"]);

    env.server.clear_faults();
    env.sync(&[]).exits(0);
    expected.insert(format!("{GREETING} master"), greeting.to_string());
    assert_eq!(env.tips(), expected);
    env.tardist(&["status"]).exits(0);
}

#[test]
fn a_broken_git_answer_fails_its_repository_only() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before = env.tips();
    for (number, fault) in
        [Fault::Html, Fault::Empty, Fault::Hangup, Fault::Truncated].into_iter().enumerate()
    {
        env.commit(GREETING, "master", &[("a.txt", File::text(number.to_string()))]);
        let path = if number == 3 { "SampleGreeting/git-upload-pack" } else { "SampleGreeting" };
        env.server.fault(path, fault.clone(), None);
        env.sync(&[]).exits(3).says(&[GREETING]);
        assert_eq!(env.tips(), before, "{fault:?}");
        env.tardist(&["verify"]).exits(0);
        env.server.clear_faults();
    }
    env.sync(&[]).exits(0);
    assert_ne!(env.tips(), before);
}

#[test]
fn a_broken_project_list_changes_nothing_and_the_error_says_what_came() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    let before = env.published();
    for (fault, says, status) in [
        (Fault::Html, "begins with", 1),
        (Fault::status(404), "404", 1),
        (Fault::busy(503, "600"), "503", 5),
        (Fault::Truncated, "JSON", 1),
        (Fault::Empty, "empty", 1),
        (Fault::Hangup, "cannot be reached", 5),
    ] {
        env.server.fault("/projects/", fault, None);
        let run = env.sync(&["--grace", "0s"]);
        run.exits(status).says(&[says, &env.server.url(), "the earlier snapshot stays"]);
        env.server.clear_faults();
        assert!(env.published() == before, "{says}");
        env.tardist(&["status"]).exits(3).says(&[says]);
    }
    // The list of the second kind fails after that of the first came.
    env.server.fault("mediawiki/skins/", Fault::Hangup, None);
    env.sync(&[]).exits(5).says(&["mediawiki/skins/"]);
    let nowhere = format!("http://{NOBODY}/r");
    env.sync(&["--upstream", &nowhere]).exits(5).says(&["cannot be reached", &nowhere]);
    assert!(env.published() == before);
    let list = site.get("/list/skins").json();
    assert_eq!(list, json!({ "skins": ["SampleDusk", "SamplePaper"] }));
}

#[test]
fn an_upstream_that_suddenly_has_no_skins_changes_nothing() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let before = env.published();
    std::fs::remove_dir_all(env.upstream.root().join("mediawiki/skins")).unwrap();
    env.sync(&["--grace", "0s"]).exits(1).says(&["skins", "--accept-loss"]);
    assert!(env.published() == before);
}

#[test]
fn a_temporary_failure_is_tried_again_after_the_time_that_the_server_says() {
    let env = TestEnv::sample();
    let busy = || Fault::busy(503, "2");
    env.server.fault("/projects/", busy(), Some(1));
    let start = Instant::now();
    env.sync(&["--retries", "2"]).exits(0);
    assert!(start.elapsed() >= Duration::from_secs(2), "Retry-After: 2");

    let commit = env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    env.server.fault("SampleGreeting/git-upload-pack", busy(), Some(1));
    env.server.fault("SampleGreeting/git-upload-pack", Fault::Hangup, Some(1));
    env.sync(&["--retries", "2"]).exits(0);
    assert_eq!(env.tips()["extensions/SampleGreeting master"], commit.to_string());
}

#[test]
fn a_request_without_an_answer_ends_at_the_timeout() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    env.server.fault("SampleGreeting", Fault::BlackHole, None);
    let start = Instant::now();
    env.sync(&["--timeout", "12s"]).exits(3).says(&[GREETING]);
    assert!(start.elapsed() < Duration::from_secs(60), "{:?}", start.elapsed());
}

#[test]
fn no_other_host_is_ever_asked() {
    let [env, other] = [TestEnv::sample(), TestEnv::sample()];
    env.sync(&[]).exits(0);
    let before = env.published();
    let away = Fault::Redirect(format!("{}/projects/?p=mediawiki/extensions/", other.server.url()));
    env.server.fault("/projects/", away, Some(1));
    env.sync(&[]).exits(1).says(&["302", "redirects are not followed"]);
    assert!(env.published() == before);

    env.commit(GREETING, "master", &[("a.txt", File::text("a"))]);
    let url = format!("{}/mediawiki/extensions/SampleGreeting/git-upload-pack", other.server.url());
    env.server.fault("SampleGreeting/git-upload-pack", Fault::Redirect(url), None);
    env.sync(&[]).exits(3).says(&[GREETING, "redirects are not followed"]);
    assert_eq!(other.server.requests(), []);
}

#[test]
fn a_submodule_elsewhere_is_left_empty_and_named() {
    let [env, other] = [TestEnv::empty(), TestEnv::sample()];
    let library = other.upstream.repository("sample/Library").unwrap();
    let commit = library.tip("master").unwrap().unwrap();
    let secret = library.path().to_str().unwrap().to_owned();
    let urls = [
        ("foreign", format!("{}/sample/Library", other.server.url())),
        ("folder", secret.clone()),
        ("file", format!("file://{secret}")),
        ("ssh", "ssh://git@127.0.0.1/x".to_owned()),
        ("up", "../../../../../../..".to_owned()),
        ("ext", "ext::touch /tmp/x".to_owned()),
        // On an allowed server, what Git adds to a URL would not be part of the path.
        ("fragment", format!("{}/any/action#", env.server.url())),
        ("query", format!("{}/any/action?x=", env.server.url())),
    ];
    let modules: String = urls
        .iter()
        .map(|(name, url)| {
            format!("[submodule \"{name}\"]\n\tpath = lib/{name}\n\turl = \"{url}\"\n")
        })
        .collect();
    let paths: Vec<String> = urls.iter().map(|(name, _)| format!("lib/{name}")).collect();
    let mut files = vec![(".gitmodules", File::text(modules)), ("a.txt", File::text("a"))];
    files.extend(paths.iter().map(|path| (path.as_str(), File::gitlink(commit))));
    files.push(("lib/unknown", File::gitlink(Oid::ZERO_SHA1)));
    env.commit("extensions/Modules", "master", &files);

    env.sync(&[]).exits(3).says(&["has a ? or #"]);
    assert_eq!(other.server.requests(), []);
    assert!(env.server.requests().iter().all(|it| !it.target.contains("action")));
    let members = members(&env.tarball("extensions/Modules", "master"));
    let inside: Vec<_> = members.iter().filter(|it| it.path.starts_with("Modules/lib/")).collect();
    assert!(inside.iter().all(|member| member.bytes.is_none()), "all are folders");
    assert_eq!(inside.len(), urls.len() + 2, "lib itself, each, and the unknown one");

    let status = env.tardist(&["status", "-v"]);
    let info = env.serve(&[]).get("/info/extensions/Modules").json();
    let problems = info["branches"]["master"]["problems"].to_string();
    for path in paths.iter().map(String::as_str).chain(["lib/unknown"]) {
        status.says(&[path]);
        assert!(problems.contains(path), "{path} is not in {problems}");
    }
    assert!(!problems.contains(&other.server.url()), "the public is told no URL and no advice");
}

/// Adds repositories with manifests that are malformed, of wrong types or missing.
fn strange_manifests(env: &TestEnv) {
    let wrong = json!({
        "name": {"en": "Wrong"}, "author": 7, "version": ["1"], "url": true, "license-name": 3,
        "type": {}, "requires": ["MediaWiki"], "descriptionmsg": 1, "MessagesDirs": 5,
    });
    for (id, text) in [
        ("extensions/NotJson", "{\"name\": \"Not"),
        ("extensions/NotAnObject", "[1, 2]"),
        ("extensions/Nothing", ""),
        ("extensions/Wrong", &wrong.to_string()),
        ("extensions/Deep", &"[".repeat(100_000)),
    ] {
        env.commit(id, "master", &[("extension.json", File::text(text))]);
    }
    env.commit("extensions/NoManifest", "master", &[("a.txt", File::text("a"))]);
    env.commit("extensions/OtherBranch", "wip", &[("a.txt", File::text("a"))]);
    let _empty = env.repository("extensions/Empty");
}

#[test]
fn a_malformed_manifest_gives_no_metadata_and_the_tarball_is_published() {
    let env = TestEnv::empty();
    strange_manifests(&env);
    env.sync(&[]).exits(0);
    let published = ["Deep", "NoManifest", "NotAnObject", "NotJson", "Nothing", "Wrong"];
    let tips: Vec<String> = env.tips().into_keys().collect();
    assert_eq!(tips, published.map(|name| format!("extensions/{name} master")));
    env.tardist(&["verify"]).exits(0);

    let info = env.serve(&[]).get("/info/extensions").json();
    for name in published {
        let info = &info["extensions"][name];
        for key in ["title", "description", "description_language", "license", "url", "type"] {
            assert_eq!(info.get(key), Some(&Value::Null), "{key} of {name}");
        }
        assert_eq!(info["authors"], json!([]), "{name}");
        let branch = &info["branches"]["master"];
        assert_eq!(branch["version"], Value::Null, "{name}");
        let none = json!({"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}});
        assert_eq!(branch["requires"], none, "{name}");
        let is_named = branch["problems"].as_array().is_some_and(|all| !all.is_empty());
        assert_eq!(is_named, name != "NoManifest", "{name}: {branch}");
    }
    let status = env.tardist(&["status", "-v"]);
    status.exits(0);
    for name in published.iter().filter(|name| **name != "NoManifest") {
        status.says(&[&format!("extensions/{name} master: extension.json")]);
    }
    status.says(&["`name`", "`author`", "`requires`"]);
}

#[test]
fn an_upstream_without_anything_to_publish_exits_1() {
    let env = TestEnv::empty();
    env.sync(&[]).exits(1).says(&["no extension and no skin", &env.server.url()]);
    let _empty = env.repository("extensions/Empty");
    env.sync(&[]).exits(1).says(&["nothing to publish"]);
    assert!(!env.snapshot().exists());
}
