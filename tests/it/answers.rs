//! Answers over HTTP, from the components of the real `spin.toml`: their content, their headers,
//! and errors.

use std::fs;
use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use tardist_tests::{Answer, Site, State, Value, json, served, sha256};

const EXTENSIONS: [&str; 6] =
    ["SampleCalendar", "SampleChart", "SampleGreeting", "SampleLinks", "SampleNotes", "SampleOld"];
const SKINS: [&str; 2] = ["SampleDusk", "SamplePaper"];
const GREETING: &str = "/info/extensions/SampleGreeting";

/// All endpoints except the tarballs.
const PATHS: [&str; 17] = [
    "/",
    "/health",
    "/metrics",
    "/list",
    "/list/extensions",
    "/list/skins?format=text",
    "/info",
    "/info/skins",
    GREETING,
    "/search?q=sample",
    "/download/skins/SamplePaper.sha256",
    "/download/skins/SamplePaper/REL1_45.sha256",
    "/ExtensionJson.json",
    "/SkinJson.json",
    "/feed.atom",
    "/skins/SamplePaper/feed.atom?branch=master",
    "/info/extensions?names=SampleGreeting%7CNothing",
];

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
fn the_index_and_the_lists_show_what_is_published() {
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
    assert_eq!(plain("image/png").status / 100, 2, "a client that accepts neither gets JSON");
}

#[test]
fn info_of_a_repository_has_every_key() {
    let (env, site) = served();
    let info = site.get(GREETING).json();
    let described = ["title", "description", "authors", "license", "url", "type"];
    let own = [
        "kind",
        "name",
        "description_language",
        "source_url",
        "composer",
        "manifest_name",
        "default_branch",
        "branches",
    ];
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
        ("manifest_name", "SampleGreeting"),
    ] {
        assert_eq!(info[key], value, "{key}");
    }
    assert_eq!(info["composer"], Value::Null);
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
fn info_of_many_repositories_equals_that_of_each() {
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
fn a_tarball_is_the_file_that_info_names() {
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
        assert_eq!(answer.header("content-encoding"), "", "else a client would decompress it");
        is_conditional(&site, path);
    }
}

/// Fails the test unless a path has an entity tag, a date, answers to conditional requests, and
/// `HEAD`.
#[track_caller]
pub(crate) fn is_conditional(site: &Site, path: &str) {
    let answer = site.get(path);
    let (etag, modified) = (answer.is(200).header("etag"), answer.header("last-modified"));
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 4, "{path}: {etag}");
    assert!(modified.ends_with(" GMT"), "{path}: {modified}");
    assert_ne!(answer.header("cache-control"), "", "{path}");
    assert_eq!(answer.header("access-control-allow-origin"), "*", "{path}");
    assert_eq!(answer.header("access-control-expose-headers"), "*", "{path}");
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
}

/// The answer to `GET` with these headers, not decompressed.
fn get_raw(site: &Site, path: &str, headers: &[(&str, &str)]) -> Answer {
    raw(site, "GET", path, headers)
}

fn head_raw(site: &Site, path: &str, headers: &[(&str, &str)]) -> Answer {
    raw(site, "HEAD", path, headers)
}

fn raw(site: &Site, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let lines: String =
        headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let host = site.address();
    site.exchange(&format!("{method} {path} HTTP/1.1\r\nHost: {host}\r\n{lines}\r\n"))
}

fn unpacked(answer: &Answer) -> String {
    let mut text = String::new();
    GzDecoder::new(&*answer.body).read_to_string(&mut text).unwrap();
    text
}

#[test]
fn large_answers_are_compressed_for_clients_that_accept_it() {
    let (_env, site) = served();
    for path in ["/info", "/info/extensions", "/info/skins"] {
        let plain = get_raw(&site, path, &[]);
        assert_eq!(plain.is(200).header("content-encoding"), "");
        for accepts in ["gzip", "br, gzip;q=0.8", "*", "deflate;q=0.1, x-gzip", "identity;q=0, *"] {
            let packed = get_raw(&site, path, &[("Accept-Encoding", accepts)]);
            assert_eq!(packed.is(200).header("content-encoding"), "gzip", "{accepts}");
            assert_eq!(unpacked(&packed), plain.text());
            assert!(packed.body.len() < plain.body.len() / 3, "{}", packed.body.len());
            assert_eq!(packed.header("content-type"), "application/json");
            assert!(packed.varies_by().contains(&"accept-encoding".to_owned()));
            // Each encoding has its own strong tag. Either tag gives a 304, which has the same tag.
            let tags = [packed.header("etag"), plain.header("etag")];
            assert!(tags[0] != tags[1] && tags.iter().all(|tag| tag.starts_with('"')), "{tags:?}");
            for tag in tags {
                for accepts in [accepts, "identity"] {
                    let known = [("Accept-Encoding", accepts), ("If-None-Match", tag)];
                    let fresh = get_raw(&site, path, &known);
                    assert!(fresh.is(304).body.is_empty());
                    assert_eq!(fresh.header("etag"), tag);
                    assert_eq!(fresh.header("content-encoding"), "");
                    assert!(fresh.varies_by().contains(&"accept-encoding".to_owned()));
                }
            }
            let head = head_raw(&site, path, &[("Accept-Encoding", accepts)]);
            assert_eq!(head.is(200).header("content-length"), packed.body.len().to_string());
        }
        for accepts in
            ["", "br", "identity", "gzip;q=0", "*;q=0", "identity, gzip;q=0.5", "gzip;q=x"]
        {
            let answer = get_raw(&site, path, &[("Accept-Encoding", accepts)]);
            assert_eq!(answer.is(200).header("content-encoding"), "", "{accepts}");
            assert_eq!(answer.body, plain.body);
            assert!(answer.varies_by().contains(&"accept-encoding".to_owned()));
        }
    }
    let small = get_raw(&site, "/list/skins", &[("Accept-Encoding", "gzip")]);
    assert_eq!(small.is(200).header("content-encoding"), "", "it fits in one packet");
    assert_eq!(small.varies_by(), ["accept", "accept-encoding"]);
    // The builder compressed it once, so that the bytes are the same each time.
    let packed = || get_raw(&site, "/info", &[("Accept-Encoding", "gzip")]).body;
    assert_eq!(packed(), packed());
}

#[test]
fn a_condition_that_is_false_is_answered_with_412() {
    let (env, site) = served();
    let tarball = env.tarball("skins/SamplePaper", "master");
    let tarball = format!("/dist/skins/{}", tarball.file_name().unwrap().to_str().unwrap());
    for path in ["/info", "/list/skins", GREETING, &tarball] {
        let answer = site.get(path);
        let (etag, modified) = (answer.is(200).header("etag"), answer.header("last-modified"));
        let ask = |name: &str, value: &str| site.request("GET", path, &[(name, value)]);
        ask("If-Match", etag).is(200);
        ask("If-Match", "*").is(200);
        ask("If-Unmodified-Since", modified).is(200);
        ask("If-Match", "\"other\"").problem(412);
        ask("If-Unmodified-Since", "Thu, 01 Jan 2015 00:00:00 GMT").problem(412);
    }
}

#[test]
fn info_of_one_branch_has_the_repositories_with_that_branch() {
    let (_env, site) = served();
    let all = site.get("/info").json();
    let only = |kind: &str, name: &str, branch: &str| {
        let mut info = all[kind][name].clone();
        info["branches"] = json!({ branch: info["branches"][branch] });
        info
    };
    let some = site.get("/info/extensions?branch=REL1_43").json();
    assert_eq!(keys(&some), ["extensions"]);
    let names: Vec<&str> = EXTENSIONS
        .into_iter()
        .filter(|name| !all["extensions"][name]["branches"]["REL1_43"].is_null())
        .collect();
    assert!((1..EXTENSIONS.len()).contains(&names.len()), "{names:?}");
    assert_eq!(keys(&some["extensions"]), names);
    for name in names {
        assert_eq!(some["extensions"][name], only("extensions", name, "REL1_43"));
    }

    let both = site.get("/info?branch=master").json();
    assert_eq!(keys(&both), ["extensions", "skins"]);
    assert_eq!(keys(&both["extensions"]), EXTENSIONS);
    assert_eq!(keys(&both["skins"]), SKINS);
    assert_eq!(both["skins"]["SampleDusk"], only("skins", "SampleDusk", "master"));

    let path = "/info/extensions?branch=REL1_43&names=SampleNotes|SampleGreeting|Nothing";
    let named = site.get(path).json();
    assert_eq!(keys(&named["extensions"]), ["SampleGreeting"]);
    // SampleNotes is there, but not with this branch.
    assert_eq!(named["missing"], json!(["Nothing", "SampleNotes"]));
    for unknown in ["REL9_99", "wmf/1.45.0-wmf.1", "MASTER", "x"] {
        let path = format!("/info/skins?branch={unknown}");
        assert_eq!(site.get(&path).json(), json!({ "skins": {} }));
    }
    let path = "/info/skins?names=SamplePaper&branch=x";
    assert_eq!(site.get(path).json(), json!({ "skins": {}, "missing": ["SamplePaper"] }));
    assert_eq!(site.get("/info?branch=x").json(), json!({ "extensions": {}, "skins": {} }));
    for path in ["/info/extensions?branch=REL1_43", path, "/info?branch=master"] {
        is_conditional(&site, path);
    }
}

#[test]
fn an_answer_that_loses_a_repository_gets_a_new_date() {
    let (env, site) = served();
    let path = "/info/skins?names=SampleDusk|SamplePaper";
    let before = site.get(path);
    let modified = before.is(200).header("last-modified");
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    env.repository("skins/SamplePaper").set_state(State::ReadOnly).unwrap();
    env.sync(&[]).exits(0);
    site.catch_up();
    let after = site.request("GET", path, &[("If-Modified-Since", modified)]);
    assert_eq!(after.json()["missing"], json!(["SamplePaper"]));
}

#[test]
fn a_range_of_a_tarball_is_answered_with_these_bytes() {
    let (env, site) = served();
    let file = env.tarball("extensions/SampleChart", "master");
    let bytes = fs::read(&file).unwrap();
    let path = format!("/dist/extensions/{}", file.file_name().unwrap().to_str().unwrap());
    let whole = site.get(&path);
    assert_eq!(whole.is(200).header("accept-ranges"), "bytes");
    let (etag, modified) = (whole.header("etag"), whole.header("last-modified"));
    let size = bytes.len();
    let ask = |headers: &[(&str, &str)]| site.request("GET", &path, headers);
    for (range, start, end) in [
        ("bytes=0-9", 0, 10),
        ("bytes=10-10", 10, 11),
        (&*format!("bytes={}-", size - 5), size - 5, size),
        ("bytes=-7", size - 7, size),
        ("bytes=100-99999999999999999999", 100, size),
        ("bytes=-99999999999999999999", 0, size),
    ] {
        let part = ask(&[("Range", range)]);
        assert!(part.is(206).body == bytes[start..end], "{range}");
        assert_eq!(part.header("content-range"), format!("bytes {start}-{}/{size}", end - 1));
        assert_eq!(part.header("content-length"), (end - start).to_string());
        assert_eq!(part.header("content-type"), "application/gzip");
        assert_eq!([part.header("etag"), part.header("last-modified")], [etag, modified]);
    }
    for range in ["bytes=0-1,4-5", "bytes=5-2", "bytes=x-", "bytes=", "lines=0-1", "bytes 0-1"] {
        assert!(ask(&[("Range", range)]).is(200).body == bytes, "{range}");
    }
    for range in [&*format!("bytes={size}-"), "bytes=-0", "bytes=99999999999999999999-"] {
        let none = ask(&[("Range", range)]);
        none.problem(416);
        assert_eq!(none.header("content-range"), format!("bytes */{size}"));
    }
    // A download is resumed if the file is still the same.
    let range = ("Range", "bytes=3-");
    assert!(ask(&[range, ("If-Range", etag)]).is(206).body == bytes[3..]);
    let weak = format!("W/{etag}");
    // A date does not tell: a tarball that is made again has the same.
    for other in ["\"other\"", &weak, modified, "Thu, 01 Jan 2015 00:00:00 GMT", "x"] {
        assert!(ask(&[range, ("If-Range", other)]).is(200).body == bytes, "{other}");
    }
    ask(&[range, ("If-None-Match", etag)]).is(304);
    ask(&[("Range", "bytes=-0"), ("If-None-Match", etag)]).is(304);
    ask(&[("Range", "bytes=-0"), ("If-Match", "\"old\"")]).problem(412);
    let head = site.request("HEAD", &path, &[range]);
    assert_eq!(head.is(200).header("content-length"), size.to_string());
}

#[test]
fn a_missing_resource_is_404_and_a_wrong_parameter_is_400() {
    let (_env, site) = served();
    let long = "x".repeat(10_000);
    for path in [
        "/nothing",
        "/list/themes",
        "/list/skins/SamplePaper",
        "/list/themes/",
        "/info/themes",
        "/info/skins/SampleGreeting",
        "/info/themes/SamplePaper",
        "/info/skins/Nothing",
        "/info/skins/..",
        "/info/skins/%00",
        "/info/extensions/SampleRetired",
        "/info/skins/%27%20OR%201=1--",
        "/health/x",
        "/dist",
        "/dist/",
        "/dist/themes",
        "/dist/skins/SamplePaper-master-0000000.tar.gz/",
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
        ("/info/skins?branch=", "branch"),
        ("/info/skins?branch=a..b", "branch"),
        ("/info/skins?branch=master|REL1_45", "branch"),
        ("/info/skins?branch=master&branch=master", "branch"),
        ("/info/skins?branch=%27%20OR%201=1--", "branch"),
        ("/info?branch=%22", "branch"),
        (&format!("/info?branch={long}"), "branch"),
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
fn no_path_leads_out_of_the_folder_of_tarballs() {
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
    // A symbolic link that somebody puts there does not lead out of the mounted folder.
    let secret = env.data().join("secret.tar.gz");
    for (name, target) in [
        ("absolute", secret.as_path()),
        ("up", Path::new("../../secret.tar.gz")),
        ("far-up", Path::new("../../../../../../../../../../../../etc/passwd")),
        ("nowhere", Path::new("nothing.tar.gz")),
        ("itself", Path::new("itself.tar.gz")),
    ] {
        let link = env.data().join(format!("dist/skins/{name}.tar.gz"));
        std::os::unix::fs::symlink(target, link).unwrap();
        site.get(&format!("/dist/skins/{name}.tar.gz")).problem(404);
    }
    let (skins, elsewhere) = (env.data().join("dist/skins"), env.data().join("elsewhere"));
    fs::rename(&skins, &elsewhere).unwrap();
    std::os::unix::fs::symlink(&elsewhere, &skins).unwrap();
    let tarball = env.tarball("skins/SamplePaper", "master");
    let name = tarball.file_name().unwrap().to_str().unwrap();
    site.get(&format!("/dist/skins/{name}")).problem(404);
}
