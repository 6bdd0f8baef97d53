//! The HTTP contract. These tables say which test is for which endpoint and for which rule.
//!
//! | endpoint | tests |
//! |---|---|
//! | `/` | `the_index_links_to_the_documentation_that_the_operator_names`; `answers`: its content; `openapi`: the endpoints |
//! | `/list` | `lists_are_sorted_without_regard_to_case`; `answers` |
//! | `/list/KIND`, one name a line | `lists_are_sorted_without_regard_to_case`; `answers`: by `Accept` and `format` |
//! | `/info/KIND/NAME` | `each_field_has_the_value_of_the_newest_branch_that_sets_it`, `the_default_branch…`; `answers` |
//! | `/info/KIND`, `names`, `missing` | `answers::info_of_many_repositories_equals_that_of_each` |
//! | `/info` | the same |
//! | `/openapi.json` | `openapi`, `real_schemathesis` |
//! | `/health` | `health_is_always_about_now`; `publish`: no snapshot, another schema, too old |
//! | `/metrics` | `metrics_are_numbers_of_the_snapshot_of_now`; `publish`: no snapshot |
//! | `/download/KIND/NAME`, `/download/KIND/NAME/BRANCH` | `downloads` |
//! | `/dist/KIND/` | `downloads::the_list_of_a_folder_has_exactly_the_tarballs_that_the_snapshot_names` |
//! | `/feed.atom`, `/KIND/NAME/feed.atom` | `feeds` |
//! | `/r/projects/PROJECT`, `…/branches/BRANCH` | `gerrit_view::one_branch_and_one_project_are_answered_as_by_gerrit` |
//! | `/dist/KIND/FILE` | `every_tarball_that_is_named_can_be_downloaded`; `answers`: its bytes, and paths that lead out of its folder |
//!
//! | rule | tests |
//! |---|---|
//! | every key is present; without a value it is `null` or empty | `openapi`: no answer lacks a key or has one more; `bad_input` |
//! | strong `ETag`, `Last-Modified`, `Cache-Control`, 304 | `answers::every_answer_is_conditional…` |
//! | an entity tag changes only with the answer | `an_entity_tag_changes_only_with_its_answer` |
//! | `Cache-Control` is the operator's | `caches_keep_answers_as_long_as_the_operator_says` |
//! | `HEAD` works for every path | `head_is_get_without_the_body_for_errors_too`; `answers` |
//! | `OPTIONS`, `Access-Control-Allow-Origin: *` | `every_path_answers_a_preflight_request`; `answers` |
//! | a slash, another case of letters, another kind: 308 or a 404 that says where | `addresses` |
//! | problems: 404, 400, 405 with `Allow` | `errors_are_problems…`; `answers`, `hostile` |
//! | problems: 503 with `Retry-After` | `publish` |
//! | no 500, no panic, no path, no SQL | `hostile`; every test that reads a problem (`Answer::problem`) |

use std::collections::BTreeSet;
use std::fs;

use tardist_tests::{Document, File, Site, TestEnv, Value, json, served};

/// One target for each path of the document, with an answer of 200.
fn one_target_each(site: &Site) -> Vec<String> {
    let paper = site.get("/info/skins/SamplePaper").json();
    let file = paper["branches"]["master"]["tarball"]["file"].as_str().unwrap().to_owned();
    let document = Document::of(site);
    let fill = |path: &str| {
        let target = path.replace("{kind}", "skins").replace("{name}", "SamplePaper");
        let target =
            target.replace("{file}", &file).replace("{project}", "mediawiki%2Fskins%2FSamplePaper");
        let target = target.replace("{branch}", "REL1_45");
        // The tarball itself is a redirect.
        if target.starts_with("/download/") { format!("{target}.sha256") } else { target }
    };
    let targets = document.paths().into_iter().map(|path| {
        let parameters = document.parameters(path);
        let required = parameters.iter().find(|it| it.place == "query" && it.required);
        let query = required.map(|it| format!("?{}=sample", it.name)).unwrap_or_default();
        // The paths of pages have the kind in them.
        fill(path).replace("/extensions/SamplePaper", "/extensions/SampleChart") + &query
    });
    targets.collect()
}

/// The methods that a path takes, as `Allow` says them.
fn methods(target: &str) -> &'static str {
    if target == "/updates" { "GET, HEAD, POST, OPTIONS" } else { "GET, HEAD, OPTIONS" }
}

#[test]
fn the_index_links_to_the_documentation_that_the_operator_names() {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let url = "https://docs.example.org/tardist";
    let site = env.serve(&[&format!("documentation_url={url}")]);
    assert_eq!(site.get("/").json()["documentation"], url);
}

#[test]
fn lists_are_sorted_without_regard_to_case() {
    let env = TestEnv::empty();
    for name in ["beta", "Alpha", "gamma", "Beta2", "alpha-2", "3D"] {
        let manifest = json!({ "name": name }).to_string();
        env.commit(
            &format!("extensions/{name}"),
            "master",
            &[("extension.json", File::text(manifest))],
        );
    }
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    let sorted = ["3D", "Alpha", "alpha-2", "beta", "Beta2", "gamma"];
    assert_eq!(site.get("/list").json(), json!({"extensions": sorted, "skins": []}));
    assert_eq!(site.get("/list/extensions").json(), json!({ "extensions": sorted }));
    assert_eq!(site.get("/list/skins").json(), json!({ "skins": [] }));
    assert_eq!(site.get("/list/extensions?format=text").text(), sorted.join("\n") + "\n");
    assert_eq!(site.get("/list/skins?format=text").text(), "");
    // JSON parsers need not keep the order of keys, so the text is checked.
    let text = site.get("/info/extensions").text();
    let places = sorted.map(|name| text.find(&format!("\"{name}\":{{")).unwrap());
    assert!(places.is_sorted(), "{places:?}");
}

#[test]
fn each_field_has_the_value_of_the_newest_branch_that_sets_it() {
    let env = TestEnv::empty();
    let put = |branch: &str, manifest: Value| {
        let file = File::text(manifest.to_string());
        env.commit("extensions/Said", branch, &[("extension.json", file)]);
    };
    put(
        "REL1_44",
        json!({"name": "Oldest", "license-name": "MIT", "type": "other", "author": "A"}),
    );
    put(
        "REL1_46",
        json!({"name": "Older", "description": "Says it", "url": "https://example.org/"}),
    );
    put("master", json!({"name": "Newest", "author": ["B", "C"]}));
    env.sync(&[]).exits(0);
    let info = env.serve(&[]).get("/info/extensions/Said").json();
    for (key, value) in [
        ("title", json!("Newest")),
        ("authors", json!(["B", "C"])),
        ("description", json!("Says it")),
        ("description_language", json!("en")),
        ("url", json!("https://example.org/")),
        ("license", json!("MIT")),
        ("type", json!("other")),
    ] {
        assert_eq!(info[key], value, "{key}");
    }
    let own = &info["branches"]["master"]["metadata"];
    assert_eq!([&own["description"], &own["license"], &own["url"]], [&Value::Null; 3]);
    assert_eq!(info["branches"]["REL1_44"]["metadata"]["title"], "Oldest");
}

#[test]
fn the_default_branch_is_the_newest_release_branch_or_else_the_newest_branch() {
    let env = TestEnv::empty();
    for (id, branches) in [
        ("extensions/Both", &["master", "REL1_43", "REL1_45"][..]),
        ("extensions/Releases", &["REL1_43", "REL1_44"]),
        ("extensions/Unreleased", &["master"]),
    ] {
        for branch in branches {
            env.commit(id, branch, &[("a.txt", File::text("a"))]);
        }
    }
    env.sync(&[]).exits(0);
    let info = env.serve(&[]).get("/info/extensions").json();
    let first = |name: &str| info["extensions"][name]["default_branch"].clone();
    assert_eq!(
        [first("Both"), first("Releases"), first("Unreleased")],
        ["REL1_45", "REL1_44", "master"]
    );
}

#[test]
fn every_tarball_that_is_named_can_be_downloaded() {
    let (_env, site) = served();
    let info = site.get("/info").json();
    let mut seen = 0;
    for repositories in info.as_object().unwrap().values() {
        for repository in repositories.as_object().unwrap().values() {
            for branch in repository["branches"].as_object().unwrap().values() {
                let tarball = &branch["tarball"];
                // The URL is a path, since the builder does not know its public URL.
                let answer = site.request("HEAD", tarball["url"].as_str().unwrap(), &[]);
                assert_eq!(answer.is(200).header("content-length"), tarball["size"].to_string());
                let short = &branch["commit"].as_str().unwrap()[..7];
                let end = format!("-{short}.tar.gz");
                assert!(tarball["file"].as_str().unwrap().ends_with(&end), "{tarball}");
                seen += 1;
            }
        }
    }
    assert_eq!(site.get("/").json()["snapshot"]["tarballs"], seen);
}

#[test]
fn metrics_are_numbers_of_the_snapshot_of_now() {
    let (env, site) = served();
    let metrics = site.get("/metrics");
    let media_type = "text/plain; version=0.0.4; charset=utf-8";
    assert_eq!(metrics.is(200).header("content-type"), media_type);
    assert_eq!(metrics.header("cache-control"), "no-cache");
    let text = metrics.text();
    let named = |text: &str| text.lines().filter(|line| line.contains("_snapshot_")).count();
    assert!(text.contains("\ntardist_snapshot_tarballs 32\n"), "{text}");
    // What the builder says of the same snapshot is the same.
    let file = env.folder().join("tardist.prom");
    env.sync(&["--metrics-file", file.to_str().unwrap()]).exits(0);
    let by_builder = fs::read_to_string(file).unwrap();
    let lines: Vec<&str> = text.lines().filter(|line| line.contains("_snapshot_")).collect();
    assert_eq!(lines.len(), named(&by_builder) - 3, "the builder knows the bytes, too");
    for line in lines {
        assert!(by_builder.lines().any(|it| it == line), "{line} is not in:\n{by_builder}");
    }
}

#[test]
fn health_is_always_about_now() {
    let (_env, site) = served();
    let health = site.get("/health");
    assert_eq!(health.json()["generated_at"], site.get("/").json()["snapshot"]["generated_at"]);
    assert_eq!(
        health.header("cache-control"),
        "no-cache",
        "a health check must not get an old answer"
    );
}

#[test]
fn an_entity_tag_changes_only_with_its_answer() {
    let (env, site) = served();
    let paths = [
        "/list",
        "/list/extensions",
        "/list/skins?format=text",
        "/info/extensions",
        "/info/extensions/SampleGreeting",
        "/info/extensions?names=SampleGreeting",
        "/openapi.json",
        "/info",
        "/info/skins",
        "/info/skins/SamplePaper",
        "/info/skins?names=SamplePaper",
    ];
    let tags = || -> Vec<_> {
        paths.iter().map(|path| site.get(path).is(200).header("etag").to_owned()).collect()
    };
    let before = tags();
    assert_eq!(
        BTreeSet::from_iter(&before).len(),
        before.len(),
        "two answers have the same: {before:?}"
    );
    env.commit("skins/SamplePaper", "master", &[("a.txt", File::text("a"))]);
    env.sync(&[]).exits(0);
    site.catch_up();
    for (path, (before, after)) in paths.iter().zip(before.iter().zip(tags())) {
        let has_changed = path.starts_with("/info/skins") || *path == "/info";
        assert_eq!(*before != after, has_changed, "{path}: {before} and {after}");
    }
}

#[test]
fn caches_keep_answers_as_long_as_the_operator_says() {
    let env = TestEnv::sample();
    // Sitemaps have absolute URLs.
    env.sync(&["--public-url", "https://downloads.example.org"]).exits(0);
    let site = env.serve(&["cache_max_age=77"]);
    for target in one_target_each(&site) {
        let answer = site.get(&target);
        let value = answer.is(200).header("cache-control");
        if ["/health", "/metrics"].contains(&target.as_str()) || target.ends_with(".tar.gz") {
            assert!(!value.contains("77"), "{target}: {value}");
        } else {
            assert!(value.contains("max-age=77"), "{target}: {value}");
        }
    }
}

#[test]
fn head_is_get_without_the_body_for_errors_too() {
    let (_env, site) = served();
    let wrong =
        ["/nothing", "/list/themes", "/list/skins?format=x", "/info/skins/Nothing", "/info?x=%FF"];
    for target in one_target_each(&site).into_iter().chain(wrong.map(str::to_owned)) {
        let [head, get] = ["HEAD", "GET"].map(|method| site.request(method, &target, &[]));
        assert_eq!(head.status, get.status, "HEAD {target}");
        assert!(head.body.is_empty() && !get.body.is_empty(), "HEAD {target}");
        let headers = |answer: &tardist_tests::Answer| {
            let mut headers = answer.headers.clone();
            headers.remove("date");
            headers
        };
        assert_eq!(headers(&head), headers(&get), "HEAD {target}");
    }
}

#[test]
fn every_path_answers_a_preflight_request() {
    let (_env, site) = served();
    for target in one_target_each(&site) {
        let preflight = [
            ("Origin", "https://wiki.example.org"),
            ("Access-Control-Request-Method", "GET"),
            ("Access-Control-Request-Headers", "if-none-match, x-requested-with"),
        ];
        let answer = site.request("OPTIONS", &target, &preflight);
        assert!(answer.is(204).body.is_empty(), "{target}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{target}");
        assert_eq!(answer.header("access-control-allow-headers"), "*", "{target}");
        for name in ["allow", "access-control-allow-methods"] {
            assert_eq!(answer.header(name), methods(&target), "{target}");
        }
    }
}

#[test]
fn errors_are_problems_that_say_what_to_do_and_that_no_cache_keeps() {
    let (_env, site) = served();
    for target in one_target_each(&site) {
        let refused = ["POST", "PUT", "DELETE", "PATCH", "PROPFIND"];
        for method in refused.into_iter().filter(|method| !methods(&target).contains(method)) {
            let answer = site.request(method, &target, &[]);
            answer.problem(405);
            assert_eq!(answer.header("allow"), methods(&target), "{method} {target}");
        }
    }
    for (method, target, status, says) in [
        ("GET", "/nothing", 404, "/ lists"),
        ("OPTIONS", "/nothing", 404, "/ lists"),
        ("POST", "/nothing", 404, "/ lists"),
        ("GET", "/list/Skins", 404, "`extensions` and `skins`"),
        ("GET", "/info/themes/SamplePaper", 404, "`extensions` and `skins`"),
        ("GET", "/info/skins/Nothing", 404, "no skin of this name"),
        ("GET", "/info/extensions/SamplePaper", 404, "/info/skins/SamplePaper"),
        ("GET", "/download/skins/SamplePaper/REL9_99", 404, "REL1_45"),
        ("GET", "/download/skins/Nothing", 404, "no skin of this name"),
        ("GET", "/skins/Nothing/feed.atom", 404, "no skin of this name"),
        ("GET", "/feed.atom?branch=a..b", 400, "REL1_45"),
        ("GET", "/dist/skins/SamplePaper-master-0000000.tar.gz", 404, "no such tarball"),
        ("GET", "/list/skins?format=xml", 400, "`json` or `text`"),
        ("GET", "/info/skins?names=%7C", 400, "5,000"),
        ("GET", "/info/skins?names=%FF", 400, "`names`"),
        ("GET", "/info?names=SamplePaper", 400, "/info/extensions or /info/skins"),
    ] {
        let answer = site.request(method, target, &[]);
        let detail = answer.problem(status);
        assert!(detail.contains(says), "{method} {target}: {detail}");
        assert_eq!(answer.header("cache-control"), "no-store", "{method} {target}");
        assert_eq!(answer.header("access-control-allow-origin"), "*", "{method} {target}");
        let problem: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(problem["type"], "about:blank", "{method} {target}");
    }
}
