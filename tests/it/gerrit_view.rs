//! The Gerrit view: the requests of ExtensionDistributor, exactly as it sends them, and what else
//! Gerrit's REST API defines for the same two paths. The answers are compared with those of the
//! sample upstream, which `real_gerrit` compares with a real Gerrit.

use std::collections::BTreeMap;

use tardist_tests::{Answer, BRANCHES, Site, TestEnv, Value, json, served};

const EXTENSIONS: [&str; 6] =
    ["SampleCalendar", "SampleChart", "SampleGreeting", "SampleLinks", "SampleNotes", "SampleOld"];
const GREETING: &str = "/r/projects/mediawiki%2Fextensions%2FSampleGreeting/branches";

/// The JSON in an answer in Gerrit's form.
#[track_caller]
fn document(answer: &Answer) -> Value {
    assert_eq!(answer.is(200).header("content-type"), "application/json; charset=UTF-8");
    assert_eq!(answer.header("content-encoding"), "");
    let text = answer.text();
    assert!(text.starts_with(")]}'\n") && text.ends_with('\n'), "{text}");
    // As ExtensionDistributor cuts it.
    text[4..].parse().unwrap()
}

fn get(site: &Site, path_and_query: &str) -> Value {
    document(&site.get(path_and_query))
}

/// The answers to the requests of MediaWiki 1.39, byte for byte: with curl, which it prefers if PHP
/// has it, and with the PHP streams of its own client.
fn media_wiki(site: &Site, target: &str) -> Vec<Answer> {
    let host = site.address();
    let curl =
        format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: MediaWiki/1.39.17\r\n");
    let php = format!(
        "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\
         User-Agent: MediaWiki/1.39.17\r\nContent-Length: 0\r\n"
    );
    let x = format!("{curl}X-Request-Id: 0123456789abcdef01234567\r\n");
    [curl, php, x].map(|head| site.exchange(&format!("{head}\r\n"))).into()
}

/// The names that ExtensionDistributor reads from a list
/// (`GerritExtDistProvider::fetchRepositoryList`).
fn repository_list(answer: &Answer) -> Vec<String> {
    let projects = document(answer);
    let names = projects.as_object().unwrap().iter().filter_map(|(project, info)| {
        let parts: Vec<&str> = project.split('/').collect();
        let is_listed = info["state"] != "READ_ONLY" && parts.len() == 3;
        is_listed.then(|| parts[2].to_owned())
    });
    names.collect()
}

/// The commits of branches that ExtensionDistributor reads
/// (`GerritExtDistProvider::fetchBranches`).
fn fetch_branches(answer: &Answer) -> BTreeMap<String, String> {
    let branches = document(answer);
    let pairs = branches.as_array().unwrap().iter().map(|branch| {
        let name = branch["ref"].as_str().unwrap().strip_prefix("refs/heads/").unwrap();
        (name.to_owned(), branch["revision"].as_str().unwrap().to_owned())
    });
    pairs.collect()
}

#[test]
fn extension_distributor_gets_names_branches_and_tarballs() {
    let (env, site) = served();
    for answer in media_wiki(&site, "/r/projects/?b=master&p=mediawiki/extensions/") {
        assert_eq!(repository_list(&answer), EXTENSIONS);
    }
    for answer in media_wiki(&site, "/r/projects/?b=master&p=mediawiki/skins/") {
        assert_eq!(repository_list(&answer), ["SampleDusk", "SamplePaper"]);
    }
    let mut links = 0;
    for (id, branch) in env.tips().keys().map(|tip| tip.split_once(' ').unwrap()) {
        let target = format!("/r/projects/mediawiki%2F{}/branches", id.replace('/', "%2F"));
        for answer in media_wiki(&site, &target) {
            let branches = fetch_branches(&answer);
            let commit = env.repository(id).tip(branch).unwrap().unwrap().to_string();
            assert_eq!(branches[branch], commit, "{id} {branch}");
            let tarball = format!("/dist/{id}-{branch}-{}.tar.gz", &branches[branch][..7]);
            site.request("HEAD", &tarball, &[]).is(200);
            links += 1;
        }
    }
    assert_eq!(links, 3 * 32);
}

#[test]
fn a_branch_without_a_tarball_is_not_listed() {
    let (env, site) = served();
    let published = |site: &Site| fetch_branches(&site.get(GREETING));
    let all: Vec<String> = published(&site).into_keys().collect();
    let mut expected = BRANCHES.to_vec();
    expected.sort_unstable();
    assert_eq!(all, expected, "in the order of their names, as in Gerrit");

    env.repository("extensions/SampleGreeting").delete_branch("REL1_44").unwrap();
    env.commit("extensions/SampleGreeting", "master", &[]);
    // The upstream has both changes already. The view shows what can be downloaded.
    assert_eq!(published(&site).into_keys().collect::<Vec<_>>(), all);
    env.sync(&[]).exits(0);
    site.catch_up();
    let after = published(&site);
    assert_eq!(after.keys().filter(|name| *name != "REL1_44").count(), 4);
    assert!(!after.contains_key("REL1_44"));
    let listed = get(&site, "/r/projects/?b=REL1_44&p=mediawiki/extensions/");
    assert_eq!(listed.get("mediawiki/extensions/SampleGreeting"), None);
}

#[test]
fn the_list_equals_that_of_the_upstream_without_unpublished_projects() {
    let (env, site) = served();
    let url = env.server.url();
    let upstream = url.trim_start_matches("http://").trim_end_matches("/r").parse().unwrap();
    let upstream = Site::at(upstream);
    let ask = |site: &Site, query: &str| -> Value {
        site.get(query).is(200).text().strip_prefix(")]}'\n").unwrap().parse().unwrap()
    };
    let [tag, branch] = ["b=REL1_45", "b=refs/heads/REL1_45"];
    let few = "b=refs/heads/REL1_43";
    let (all, skins) = ("p=mediawiki/extensions/", "p=mediawiki/skins/");
    let mut queries = vec![
        all.to_owned(),
        skins.to_owned(),
        format!("{all}&{tag}"),
        format!("{all}&{branch}&b=heads/master"),
        format!("{skins}&b=master&{tag}&b=nothing&b="),
        format!("{all}&b=nothing"),
        format!("{all}&b=a..b&b=%00&b=%27"),
        "m=sAmPleGreeting".to_owned(),
        "match=mediawiki/s".to_owned(),
        "p=nothing/".to_owned(),
        "p=mediawiki/extensions/SampleC".to_owned(),
        "prefix=mediawiki/skins/&show-branch=master&limit=1".to_owned(),
        format!("{skins}&n=-1&S=-1"),
        format!("{skins}&n=0&S=0&pp=0"),
        format!("{skins}&state=active&b=master"),
        format!("{skins}&all"),
        "p=mediawiki/extensions/sample".to_owned(),
    ];
    for start in 0..8 {
        for limit in 1..4 {
            queries.push(format!("{all}&n={limit}&S={start}"));
            queries.push(format!("{all}&n={limit}&S={start}&{few}"));
            queries.push(format!("{skins}&n={limit}&S={start}&b=master"));
        }
    }
    // Two projects of the upstream are not published. On its pages they would count.
    for project in ["SampleRetired", "SampleGreeting/vendor"] {
        let repository = env.repository(&format!("extensions/{project}"));
        std::fs::remove_dir_all(repository.path()).unwrap();
    }
    for query in &queries {
        for path in ["/r/projects/", "/r/projects"] {
            let ours = ask(&site, &format!("{path}?{query}"));
            let theirs = ask(&upstream, &format!("/r/projects/?{query}"));
            assert_eq!(ours, theirs, "{query}");
        }
    }
    assert_eq!(ask(&site, "/r/projects/").as_object().unwrap().len(), 8);
    for state in ["READ_ONLY", "hidden"] {
        assert_eq!(ask(&site, &format!("/r/projects/?state={state}")), json!({}));
    }
}

#[test]
fn the_branches_are_found_under_every_form_of_the_path() {
    let (env, site) = served();
    let branches = get(&site, GREETING);
    let tip = env.repository("extensions/SampleGreeting").tip("REL1_45").unwrap().unwrap();
    let expected = json!({"ref": "refs/heads/REL1_45", "revision": tip.to_string()});
    assert!(branches.as_array().unwrap().contains(&expected), "{branches}");
    for path in [
        &format!("{GREETING}/"),
        &GREETING.replace("%2F", "%2f"),
        // As a proxy sends it that decodes paths.
        &GREETING.replace("%2F", "/"),
        &format!("{GREETING}?n=0"),
    ] {
        assert_eq!(get(&site, path), branches, "{path}");
    }
    let refs = |query: &str| {
        let some = get(&site, &format!("{GREETING}?{query}"));
        let refs =
            some.as_array().unwrap().iter().map(|it| it["ref"].as_str().unwrap()[11..].to_owned());
        refs.collect::<Vec<_>>()
    };
    assert_eq!(refs("m=rel1_4"), ["REL1_43", "REL1_44", "REL1_45", "REL1_46"]);
    assert_eq!(refs("n=2&S=1"), ["REL1_44", "REL1_45"]);
    assert_eq!(refs("m=nothing"), [""; 0]);

    let answer = site.get(GREETING);
    let link = "</info/extensions/SampleGreeting>; rel=\"describedby\"; type=\"application/json\"";
    assert_eq!(answer.header("link"), link);
}

#[test]
fn one_branch_and_one_project_are_answered_as_by_gerrit() {
    let (env, site) = served();
    let project = GREETING.strip_suffix("/branches").unwrap();
    for (id, branch) in env.tips().keys().map(|tip| tip.split_once(' ').unwrap()) {
        let commit = env.repository(id).tip(branch).unwrap().unwrap().to_string();
        let path = format!("/r/projects/mediawiki%2F{}/branches/", id.replace('/', "%2F"));
        let expected = json!({"ref": format!("refs/heads/{branch}"), "revision": commit});
        assert_eq!(get(&site, &format!("{path}{branch}")), expected, "{id} {branch}");
        assert_eq!(get(&site, &format!("{path}refs%2Fheads%2F{branch}")), expected);
    }
    let tip = get(&site, &format!("{GREETING}/REL1_45"));
    for path in [
        format!("{GREETING}/REL1_45/"),
        // As a proxy sends it that decodes paths.
        format!("{}/refs/heads/REL1_45", GREETING.replace("%2F", "/")),
    ] {
        assert_eq!(get(&site, &path), tip, "{path}");
    }
    let expected = json!({
        "id": "mediawiki%2Fextensions%2FSampleGreeting",
        "name": "mediawiki/extensions/SampleGreeting",
        "state": "ACTIVE",
    });
    for path in [project.to_owned(), format!("{project}/"), project.replace("%2F", "/")] {
        assert_eq!(get(&site, &path), expected, "{path}");
    }
    for path in [project, &format!("{GREETING}/REL1_45")] {
        crate::answers::is_conditional(&site, path);
        assert!(site.get(path).header("link").starts_with("</info/extensions/SampleGreeting>"));
    }
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table of requests")]
fn paths_and_parameters_that_gerrit_refuses_are_problems() {
    let (_env, site) = served();
    let long = "x".repeat(10_000);
    for path in [
        "/r",
        "/r/",
        "/r/x",
        "/r/projects/x",
        "/r/projects//branches",
        "/r/projects/mediawiki/branches",
        "/r/projects/mediawiki%2Fextensions/branches",
        "/r/projects/mediawiki%2Fextensions%2F/branches",
        "/r/projects/mediawiki%2Fextensions%2FNothing/branches",
        "/r/projects/mediawiki%2Fskins%2FSampleGreeting/branches",
        "/r/projects/mediawiki%2Fthemes%2FSampleGreeting/branches",
        "/r/projects/mediawiki%2Fextensions%2FSampleGreeting%2Fx/branches",
        "/r/projects/mediawiki%2Fextensions%2F..%2F..%2Fx/branches",
        "/r/projects/mediawiki%2Fextensions%2FSampleRetired/branches",
        "/r/projects/mediawiki%252Fextensions%252FSampleGreeting/branches",
        "/r/projects/mediawiki%2Fextensions%2FSampleGreeting%00/branches",
        "/r/projects/mediawiki%2Fextensions%2F%27/branches",
        &format!("{GREETING}/REL9_99"),
        &format!("{GREETING}/refs%2Ftags%2FREL1_45"),
        // As in Gerrit, this is refs/heads/heads/REL1_45.
        &format!("{GREETING}/heads%2FREL1_45"),
        &format!("{GREETING}/HEAD"),
        &format!("{GREETING}/a..b"),
        "/r/projects/mediawiki%2Fextensions%2FNothing",
        "/r/projects/mediawiki%2Fextensions%2FSampleRetired",
        "/r/projects/mediawiki%2Fextensions%2FNothing/branches/master",
        "/r/projects/mediawiki%2Fextensions%2FSampleGreeting/commits",
        &format!("/r/projects/mediawiki%2Fextensions%2F{long}/branches"),
        "/R/projects/",
    ] {
        site.get(path).problem(404);
    }
    for (path, parameter) in [
        ("/r/projects/?n=x", "n"),
        ("/r/projects/?n=", "n"),
        ("/r/projects/?n=1&n=2", "n"),
        ("/r/projects/?limit=99999999999", "limit"),
        ("/r/projects/?S=-", "S"),
        ("/r/projects/?start=1.5", "start"),
        ("/r/projects/?p=a&p=b", "p"),
        ("/r/projects/?p=a&prefix=a", "p"),
        ("/r/projects/?p=mediawiki/&m=x", "p"),
        ("/r/projects/?r=.*", "r"),
        ("/r/projects/?query=state:active", "query"),
        ("/r/projects/?t", "t"),
        ("/r/projects/?has-acl-for=x", "has-acl-for"),
        ("/r/projects/?state=gone", "state"),
        ("/r/projects/?type=PERMISSIONS", "type"),
        (&format!("/r/projects/?{}", "b=x&".repeat(101)), "b"),
        (&format!("{GREETING}?r=x"), "r"),
        (&format!("{GREETING}?n=x"), "n"),
    ] {
        let detail = site.get(path).problem(400);
        assert!(detail.contains(&format!("`{parameter}`")), "{path}: {detail}");
    }
    for path in ["/r/projects/?p=%FF", "/r/projects/?b=%C3%28", "/r/projects/%FF/branches"] {
        site.get(path).problem(400);
    }
    // Every text is a valid prefix, part or branch, of a project that does not exist.
    for query in [
        "p=%27%20OR%201=1--",
        "p=%00",
        "p=mediawiki/%25",
        "p=mediawiki/extensions/_ample",
        "p=%F0%9F%92%A9",
        "m=%F0%9F%92%A9",
        "m=%27%22%5C",
        "b=%F0%9F%92%A9",
        "b=%22,%22",
        &format!("p={long}"),
        &format!("m={long}"),
        &format!("b={long}"),
    ] {
        assert_eq!(get(&site, &format!("/r/projects/?{query}")), json!({}), "{query}");
    }
    // Parameters for the layout of the answer, and unknown ones, change nothing.
    let skins = get(&site, "/r/projects/?p=mediawiki/skins/");
    for query in ["pp=1", "d", "format=JSON", "type=ALL", "_=1", "P=x"] {
        assert_eq!(
            get(&site, &format!("/r/projects/?p=mediawiki/skins/&{query}")),
            skins,
            "{query}"
        );
    }
}

#[test]
fn the_view_is_conditional_and_open_to_all_origins_like_other_answers() {
    let (env, site) = served();
    let list = "/r/projects/?b=master&p=mediawiki/skins/";
    for path in [list, GREETING] {
        crate::answers::is_conditional(&site, path);
        let options = site.request("OPTIONS", path, &[]);
        assert!(options.is(204).header("allow").contains("HEAD"));
        site.request("POST", path, &[]).problem(405);
    }
    // An entity tag changes only with its answer.
    let tag = |path: &str| site.get(path).is(200).header("etag").to_owned();
    let before = [tag(list), tag(GREETING)];
    env.commit("skins/SamplePaper", "REL1_45", &[]);
    env.sync(&[]).exits(0);
    site.catch_up();
    assert_eq!([tag(list), tag(GREETING)], before);
    env.commit("skins/SamplePaper", "master", &[]);
    env.sync(&[]).exits(0);
    site.catch_up();
    assert_ne!(tag(list), before[0]);
    assert_eq!(tag(GREETING), before[1]);
}

#[test]
fn without_a_snapshot_the_view_is_a_503() {
    let env = TestEnv::sample();
    let site = env.serve(&[]);
    for path in ["/r/projects/?b=master&p=mediawiki/skins/", GREETING] {
        let answer = site.get(path);
        answer.problem(503);
        assert_ne!(answer.header("retry-after"), "");
    }
}
