//! Addresses of tarballs that last, and the lists of what is current.

use std::process::Command;

use tardist_tests::{Answer, File, Site, Value, json, served, sha256};

const PAPER: &str = "/download/skins/SamplePaper";

/// The problem document of a 404.
#[track_caller]
fn missing(answer: &Answer) -> Value {
    answer.problem(404);
    serde_json::from_slice(&answer.body).unwrap()
}

/// Where a download leads to.
#[track_caller]
fn target(site: &Site, path: &str) -> String {
    let answer = site.get(path);
    assert!(answer.is(302).header("cache-control").starts_with("public, max-age="), "{answer:?}");
    assert_eq!(answer.header("etag"), "");
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.text(), format!("{}\n", answer.header("location")));
    // `curl --remote-header-name` takes the name from the first answer that has one, or the last: by its version.
    let file = answer.header("location").rsplit('/').next().unwrap();
    let named = format!("attachment; filename=\"{file}\"");
    assert_eq!(answer.header("content-disposition"), named);
    assert_eq!(site.get(answer.header("location")).header("content-disposition"), named);
    let head = site.request("HEAD", path, &[]);
    assert_eq!(head.is(302).header("location"), answer.header("location"));
    assert!(head.body.is_empty());
    // Conditions are about content, which a redirect has none of.
    let same = site.request("GET", path, &[("If-None-Match", "*"), ("If-Match", "\"x\"")]);
    assert_eq!(same.is(302).header("location"), answer.header("location"));
    answer.header("location").to_owned()
}

#[test]
fn a_download_leads_to_the_tarball_that_info_names_and_its_checksum_fits() {
    let (env, site) = served();
    for (id, branch) in env.tips().keys().map(|tip| tip.split_once(' ').unwrap()) {
        let info = site.get(&format!("/info/{id}")).json();
        let tarball = info["branches"][branch]["tarball"].clone();
        let url = target(&site, &format!("/download/{id}/{branch}"));
        assert_eq!(tarball["url"], url.as_str(), "{id} {branch}");
        let file = site.get(&url);
        let line = site.get(&format!("/download/{id}/{branch}.sha256"));
        assert_eq!(line.is(200).header("content-type"), "text/plain; charset=utf-8");
        let name = tarball["file"].as_str().unwrap();
        assert_eq!(line.text(), format!("{}  {name}\n", sha256(&file.is(200).body)));
    }
    let info = site.get("/info/skins/SamplePaper").json();
    let default = info["default_branch"].as_str().unwrap();
    assert_eq!(target(&site, PAPER), target(&site, &format!("{PAPER}/{default}")));
    let sums = |path: &str| site.get(path).is(200).text();
    assert_eq!(sums(&format!("{PAPER}.sha256")), sums(&format!("{PAPER}/{default}.sha256")));
    crate::answers::is_conditional(&site, &format!("{PAPER}.sha256"));
}

#[test]
fn sha256sum_takes_the_line_of_a_download() {
    let (env, site) = served();
    let line = site.get(&format!("{PAPER}/REL1_45.sha256")).is(200).text();
    let folder = env.folder().join("check");
    std::fs::create_dir(&folder).unwrap();
    let url = target(&site, &format!("{PAPER}/REL1_45"));
    let file = folder.join(url.rsplit('/').next().unwrap());
    std::fs::write(&file, &site.get(&url).is(200).body).unwrap();
    std::fs::write(folder.join("line"), line).unwrap();
    let check = || {
        let mut command = Command::new("sha256sum");
        command.args(["--check", "--strict", "line"]).current_dir(&folder).output().unwrap()
    };
    assert!(check().status.success(), "{:?}", check());
    std::fs::write(&file, b"something else").unwrap();
    assert!(!check().status.success());
}

#[test]
fn a_download_follows_the_branch_to_a_tarball_that_is_there() {
    let (env, site) = served();
    let path = format!("{PAPER}/REL1_45");
    let before = target(&site, &path);
    let commit =
        env.commit("skins/SamplePaper", "REL1_45", &[("new", File::text("new"))]).to_string();
    // Until it is published, the branch leads to what is.
    site.get(&target(&site, &path)).is(200);
    env.sync(&[]).exits(0);
    site.catch_up();
    let after = target(&site, &path);
    assert_eq!(after, format!("/dist/skins/SamplePaper-REL1_45-{}.tar.gz", &commit[..7]));
    site.get(&after).is(200);
    // The earlier one stays for the grace period.
    site.get(&before).is(200);
}

#[test]
fn a_branch_that_is_not_there_is_a_404_that_names_those_that_are() {
    let (env, site) = served();
    let all = json!(["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"]);
    for path in ["REL9_99", "rel1_45", "REL9_99.sha256", "wmf%2F1.45", "wmf~1.45", "wmf/1.45"] {
        let problem = missing(&site.get(&format!("/download/extensions/SampleGreeting/{path}")));
        assert_eq!(problem["branches"], all, "{path}");
        let detail = problem["detail"].as_str().unwrap();
        assert!(detail.contains("master, REL1_46, REL1_45, REL1_44, REL1_43"), "{detail}");
    }
    for path in [
        "/download/extensions/SampleGreeting/a..b",
        "/download/extensions/SampleGreeting/%00",
        "/download/extensions/SampleGreeting/.sha256",
        "/download/extensions/Nothing",
        "/download/extensions/Nothing.sha256",
        "/download/extensions/Nothing/master",
        "/download/extensions/%27%20OR%201=1--",
        "/download/extensions/.sha256",
        "/download/extensions",
        "/download/themes/SamplePaper",
        "/download",
    ] {
        assert!(missing(&site.get(path)).get("branches").is_none(), "{path}");
    }
    for method in ["POST", "PUT", "DELETE"] {
        site.request(method, PAPER, &[]).problem(405);
    }
    let options = site.request("OPTIONS", PAPER, &[("Origin", "https://example.org")]);
    assert_eq!(options.is(204).header("access-control-allow-origin"), "*");
    drop(env);
}

/// The links in a page, as a script finds them.
fn links(page: &str) -> Vec<String> {
    let parts = page.split("<a href=\"").skip(1);
    let mut links: Vec<String> = parts
        .map(|part| {
            let (file, rest) = part.split_once("\">").unwrap();
            assert!(rest.starts_with(&format!("{file}</a>")), "{rest}");
            file.to_owned()
        })
        .collect();
    links.retain(|link| link.ends_with(".tar.gz"));
    links.sort();
    links
}

#[test]
fn the_list_of_a_folder_has_exactly_the_tarballs_that_the_snapshot_names() {
    let (env, site) = served();
    env.commit("skins/SamplePaper", "REL1_45", &[]);
    env.sync(&[]).exits(0);
    site.catch_up();
    for kind in ["extensions", "skins"] {
        let info = site.get(&format!("/info/{kind}")).json();
        let repositories = info[kind].as_object().unwrap().values();
        let branches = repositories.flat_map(|it| it["branches"].as_object().unwrap().values());
        let mut named: Vec<String> =
            branches.map(|it| it["tarball"]["file"].as_str().unwrap().to_owned()).collect();
        named.sort();
        let path = format!("/dist/{kind}/");
        let page = site.get(&path);
        assert_eq!(page.is(200).header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("content-security-policy").contains("default-src 'none'"));
        assert_eq!(links(&page.text()), named);
        assert_eq!(site.get(&format!("{path}index.html")).is(200).body, page.body);
        let sums = site.get(&format!("{path}SHA256SUMS"));
        assert_eq!(sums.is(200).header("content-type"), "text/plain; charset=utf-8");
        let text = sums.text();
        let summed: Vec<&str> = text.lines().map(|line| line.split_once("  ").unwrap().1).collect();
        assert_eq!(summed, named);
        for path in [path.clone(), format!("{path}SHA256SUMS")] {
            crate::answers::is_conditional(&site, &path);
            let range = site.request("GET", &path, &[("Range", "bytes=0-1")]);
            assert_eq!(range.is(200).body, site.get(&path).body, "a range may be ignored");
        }
    }
}
