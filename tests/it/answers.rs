//! Answers over HTTP, from the components of the real `spin.toml`.

use std::fs;

use tardist_tests::{Answer, Site, TestEnv, Value, json, sha256};

const EXTENSIONS: [&str; 6] =
    ["SampleCalendar", "SampleChart", "SampleGreeting", "SampleLinks", "SampleNotes", "SampleOld"];
const SKINS: [&str; 2] = ["SampleDusk", "SamplePaper"];
const GREETING: &str = "/info/extensions/SampleGreeting";

/// Every endpoint but the tarballs.
const PATHS: [&str; 9] = [
    "/",
    "/health",
    "/list",
    "/list/extensions",
    "/list/skins?format=text",
    "/info",
    "/info/skins",
    GREETING,
    "/info/extensions?names=SampleGreeting%7CNothing",
];

fn served() -> (TestEnv, Site) {
    let env = TestEnv::sample();
    env.sync(&[]).exits(0);
    let site = env.serve(&[]);
    (env, site)
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

#[track_caller]
fn has_keys(value: &Value, expected: &[&str]) {
    let mut expected = expected.to_vec();
    expected.sort_unstable();
    let mut keys = keys(value);
    keys.sort_unstable();
    assert_eq!(keys, expected);
}

#[test]
fn the_index_and_the_lists_say_what_there_is() {
    let (_env, site) = served();
    let index = site.get("/").json();
    assert_eq!(index["name"], "tardist");
    assert!(index["version"].is_string() && index["endpoints"].is_array(), "{index}");
    let snapshot = &index["snapshot"];
    assert!(snapshot["generated_at"].as_str().unwrap().ends_with('Z'), "{index}");
    assert_eq!([&snapshot["extensions"], &snapshot["skins"]], [6, 2], "{index}");
    assert_eq!(snapshot["tarballs"], 32, "{index}");
    assert_eq!(site.get("/health").json()["status"], "ok");

    assert_eq!(site.get("/list").json(), json!({"extensions": EXTENSIONS, "skins": SKINS}));
    assert_eq!(site.get("/list/extensions").json(), json!({ "extensions": EXTENSIONS }));
    assert_eq!(site.get("/list/skins").json(), json!({ "skins": SKINS }));
    assert_eq!(site.get("/list/skins?format=json").json(), json!({ "skins": SKINS }));
    let lines = |answer: Answer| {
        assert!(answer.is(200).header("content-type").starts_with("text/plain"));
        answer.text()
    };
    let plain = |accept| site.request("GET", "/list/skins", &[("Accept", accept)]);
    assert_eq!(lines(site.get("/list/extensions?format=text")), EXTENSIONS.join("\n") + "\n");
    assert_eq!(lines(plain("text/plain")), "SampleDusk\nSamplePaper\n");
    assert_eq!(lines(plain("text/*, application/json;q=0.2")), "SampleDusk\nSamplePaper\n");
    assert_eq!(plain("application/json, text/plain;q=0.5").json(), json!({ "skins": SKINS }));
    assert_eq!(plain("*/*").json(), json!({ "skins": SKINS }));
    assert_eq!(plain("image/png").status / 100, 2, "a client that wants no form gets JSON");
}

#[test]
fn the_information_of_a_repository_has_every_key() {
    let (env, site) = served();
    let info = site.get(GREETING).json();
    let described = ["title", "description", "authors", "license", "url", "type"];
    let own = ["kind", "name", "description_language", "source_url", "default_branch", "branches"];
    has_keys(&info, &[&described[..], &own].concat());
    let url = format!("{}/mediawiki/extensions/SampleGreeting.git", env.server.url());
    for (key, value) in [
        ("kind", "extensions"),
        ("name", "SampleGreeting"),
        ("title", "SampleGreeting"),
        ("description_language", "en"),
        ("license", "GPL-2.0-or-later"),
        ("url", "https://www.example.org/wiki/Extension:SampleGreeting"),
        ("type", "parserhook"),
        ("source_url", &url),
        ("default_branch", "REL1_46"),
    ] {
        assert_eq!(info[key], value, "{key}");
    }
    let description = info["description"].as_str().unwrap();
    assert!(description.starts_with("Adds a "), "{description}");
    let authors = info["authors"].as_array().unwrap();
    assert_eq!(authors[0], "Ada Example");
    assert!(authors.len() >= 2 && authors.iter().all(Value::is_string), "{authors:?}");

    let mut branches = keys(&info["branches"]);
    branches.sort_unstable();
    assert_eq!(branches, ["REL1_43", "REL1_44", "REL1_45", "REL1_46", "master"]);
    let branch = &info["branches"]["REL1_45"];
    let tip = env.repository("extensions/SampleGreeting").tip("REL1_45").unwrap().unwrap();
    assert_eq!(branch["commit"], tip.to_string());
    assert_eq!(branch["committed_at"], "2025-10-09T09:53:20Z");
    assert_eq!(branch["version"], "1.2.0");
    let requires = json!({"MediaWiki": ">= 1.45.0", "extensions": {}, "skins": {}, "platform": {}});
    assert_eq!(branch["requires"], requires);
    has_keys(&branch["metadata"], &described);
    assert_eq!(branch["metadata"]["title"], "SampleGreeting");
    assert_eq!(branch["problems"], json!([]));
}

#[test]
fn the_information_of_many_is_that_of_each() {
    let (_env, site) = served();
    let all = site.get("/info").json();
    assert_eq!(keys(&all), ["extensions", "skins"]);
    for (kind, names) in [("extensions", &EXTENSIONS[..]), ("skins", &SKINS)] {
        let many = site.get(&format!("/info/{kind}")).json();
        assert_eq!(keys(&many), [kind]);
        assert_eq!(many[kind], all[kind]);
        assert_eq!(keys(&many[kind]), names);
        for name in names {
            assert_eq!(site.get(&format!("/info/{kind}/{name}")).json(), many[kind][name]);
        }
    }
    let dusk = &all["skins"]["SampleDusk"]["branches"]["master"];
    assert_eq!(dusk["requires"]["skins"], json!({"SamplePaper": ">= 1.3.0"}));
    let old = &all["extensions"]["SampleOld"];
    assert_eq!([&old["title"], &old["description"], &old["license"]], [&Value::Null; 3]);
    assert_eq!(all["extensions"]["SampleNotes"]["authors"], json!([]));

    let some = site.get("/info/extensions?names=SampleNotes|Nothing|SampleGreeting|SampleNotes");
    let some = some.json();
    has_keys(&some, &["extensions", "missing"]);
    assert_eq!(keys(&some["extensions"]), ["SampleGreeting", "SampleNotes"]);
    assert_eq!(some["extensions"]["SampleNotes"], all["extensions"]["SampleNotes"]);
    assert_eq!(some["missing"], json!(["Nothing"]));
    let none = site.get("/info/skins?names=SampleGreeting%7C%F0%9F%92%A9").json();
    assert_eq!(none["skins"], json!({}));
    assert_eq!(none["missing"].as_array().unwrap().len(), 2);
    assert_eq!(site.get("/info/skins?names=SamplePaper").json()["missing"], json!([]));
}

#[test]
fn a_tarball_is_the_file_that_the_information_names() {
    let (env, site) = served();
    for (id, branch) in [("extensions/SampleChart", "master"), ("skins/SamplePaper", "REL1_44")] {
        let info = site.get(&format!("/info/{id}")).json();
        let tarball = &info["branches"][branch]["tarball"];
        has_keys(tarball, &["file", "url", "size", "sha256"]);
        let url = tarball["url"].as_str().unwrap();
        let path = &url[url.find("/dist/").unwrap()..];
        let answer = site.get(path);
        assert!(answer.is(200).body == fs::read(env.tarball(id, branch)).unwrap());
        assert_eq!(tarball["sha256"], sha256(&answer.body));
        assert_eq!(tarball["size"], answer.body.len());
        assert!(path.ends_with(tarball["file"].as_str().unwrap()));
        assert_eq!(answer.header("content-type"), "application/gzip");
        assert_eq!(answer.header("content-encoding"), "", "a client would unpack it");
        is_conditional(&site, path);
    }
}

/// Entity tag, date and `HEAD` of a path.
#[track_caller]
fn is_conditional(site: &Site, path: &str) {
    let answer = site.get(path);
    let (etag, modified) = (answer.is(200).header("etag"), answer.header("last-modified"));
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 4, "{path}: {etag}");
    assert!(modified.ends_with(" GMT"), "{path}: {modified}");
    assert_ne!(answer.header("cache-control"), "", "{path}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    let ask = |name: &str, value: &str| site.request("GET", path, &[(name, value)]);
    for fresh in [
        ask("If-None-Match", etag),
        ask("If-None-Match", &format!("\"other\", W/{etag}")),
        ask("If-None-Match", "*"),
        ask("If-Modified-Since", modified),
        site.request("HEAD", path, &[("If-None-Match", etag)]),
    ] {
        assert!(fresh.is(304).body.is_empty(), "{path}");
        assert_eq!(fresh.header("etag"), etag, "{path}");
    }
    ask("If-None-Match", "\"other\"").is(200);
    ask("If-Modified-Since", "Thu, 01 Jan 2015 00:00:00 GMT").is(200);
    ask("If-Modified-Since", "yesterday").is(200);

    let head = site.request("HEAD", path, &[]);
    assert!(head.is(200).body.is_empty(), "{path}");
    for name in ["etag", "last-modified", "content-type", "content-length", "cache-control"] {
        assert_eq!(head.header(name), answer.header(name), "{name} of HEAD {path}");
    }
    assert_eq!(head.header("content-length"), answer.body.len().to_string(), "{path}");
}

#[test]
fn every_answer_is_conditional_and_open_to_all_origins() {
    let (_env, site) = served();
    for path in PATHS {
        is_conditional(&site, path);
        let options = site.request("OPTIONS", path, &[("Origin", "https://example.org")]);
        assert!(options.is(204).body.is_empty());
        assert_eq!(options.header("access-control-allow-origin"), "*");
        assert!(options.header("access-control-allow-methods").contains("GET"));
        for method in ["POST", "PUT", "DELETE", "PATCH", "BREW"] {
            let refused = site.request(method, path, &[]);
            refused.problem(405);
            assert!(refused.header("allow").contains("GET, HEAD"), "{method} {path}");
        }
    }
    let packed = site.request("GET", "/info", &[("Accept-Encoding", "gzip")]);
    assert_eq!(packed.json(), site.get("/info").json());
}

#[test]
fn what_is_not_there_is_404_and_what_is_wrong_is_400() {
    let (_env, site) = served();
    let long = "x".repeat(10_000);
    for path in [
        "/nothing",
        "/list/",
        "/list/themes",
        "/list/skins/SamplePaper",
        "/info/",
        "/info/themes",
        "/info/themes/SamplePaper",
        "/info/skins/Nothing",
        "/info/skins/SampleGreeting",
        "/info/skins/SamplePaper/",
        "/info/skins/..",
        "/info/skins/%00",
        "/info/skins/samplepaper",
        "/info/extensions/SampleRetired",
        "/info/skins/%27%20OR%201=1--",
        "/health/x",
        "/dist",
        "/dist/skins",
        "/dist/skins/",
        "/dist/skins/SamplePaper-master-0000000.tar.gz",
        "/dist/themes/x.tar.gz",
        "/lists",
        "/infos",
        "//list",
        "/index.html",
        &format!("/info/skins/{long}"),
        &format!("/dist/skins/{long}.tar.gz"),
        &format!("/{long}"),
    ] {
        let detail = site.get(path).problem(404);
        assert!(!detail.is_empty() && detail.len() < 500, "{detail}");
    }
    for (path, parameter) in [
        ("/list/skins?format=x", "format"),
        ("/list/skins?format=", "format"),
        ("/list/skins?format=text&format=text", "format"),
        (&format!("/list/skins?format={long}"), "format"),
        ("/info/skins?names=", "names"),
        ("/info/skins?names=A||B", "names"),
        ("/info/skins?names=A&names=B", "names"),
        ("/info?names=SamplePaper", "names"),
    ] {
        let detail = site.get(path).problem(400);
        assert!(detail.contains(&format!("`{parameter}`")), "{path}: {detail}");
        assert!(detail.len() < 500, "{path}: {detail}");
    }
    for path in ["/info/skins?names=%FF", "/list/skins?format=%C3%28", "/info/skins/%FF"] {
        site.get(path).problem(400);
    }
    let many = site.get(&format!("/info/skins?names={long}"));
    assert_eq!(many.json()["missing"][0], long.as_str());
}

#[test]
fn no_path_leads_out_of_the_tarballs() {
    let (env, site) = served();
    fs::write(env.data().join("secret.tar.gz"), b"secret").unwrap();
    fs::write(env.data().join("dist/secret.tar.gz"), b"secret").unwrap();
    let hidden = env.data().join("dist/skins/.unfinished-1.tar.gz");
    fs::write(hidden, b"secret").unwrap();
    for path in [
        "/dist/extensions/../../snapshot.db",
        "/dist/extensions/../../secret.tar.gz",
        "/dist/extensions/../secret.tar.gz",
        "/dist/../secret.tar.gz",
        "/dist/./secret.tar.gz",
        "/dist//secret.tar.gz",
        "/dist/skins/.unfinished-1.tar.gz",
        "/dist/skins/link.tar.gz/passwd",
        "/dist/%2e%2e/secret.tar.gz",
        "/dist/skins/%2e%2e%2fsecret.tar.gz",
        "/dist/skins/..%2f..%2fsnapshot.db",
        "/dist/skins/..%5c..%5csecret.tar.gz",
        "/dist/skins/%252e%252e%252fsecret.tar.gz",
        "/dist/skins/%00",
        "/dist/skins/secret.tar.gz%00",
        "/dist/skins/..%00/secret.tar.gz",
        "/dist/%FF/x.tar.gz",
        "/dist/skins//etc/passwd",
        "/dist/skins/%2fetc%2fpasswd",
    ] {
        let (status, text) = site.raw("GET", path);
        assert!(matches!(status, 400 | 404), "{path}: {text}");
        assert!(!text.contains("secret") && !text.contains("SQLite format"), "{path}: {text}");
    }
    // A link that someone put there leads no further than the folder that is mounted.
    let link = env.data().join("dist/skins/link.tar.gz");
    std::os::unix::fs::symlink(env.data().join("secret.tar.gz"), link).unwrap();
    let (status, text) = site.raw("GET", "/dist/skins/link.tar.gz");
    assert!(status >= 400 && !text.contains("secret"), "{text}");
}
