//! The OpenAPI document describes what is served: each path, and each answer with its headers and
//! body.

use std::collections::BTreeSet;

use tardist_tests::{Document, PUBLIC_URL, Site, TestEnv, examples};

/// Targets with an answer of 200: at least one for each path of the document, and for each form of
/// its answer. `FILE` stands for the file name of a tarball of SamplePaper.
const TARGETS: &[&str] = &[
    "/",
    "/list",
    "/list/extensions",
    "/list/skins",
    "/list/skins?format=json",
    "/list/skins?format=text",
    "/info",
    "/info/extensions",
    "/info/skins",
    "/info/extensions?names=SampleGreeting%7CNothing",
    "/info/skins?names=Nothing",
    "/info/extensions/SampleGreeting",
    "/info/extensions/SampleCalendar",
    "/info/extensions/SampleOld",
    "/info/skins/SamplePaper",
    "/download/skins/SamplePaper.sha256",
    "/download/skins/SamplePaper/REL1_45.sha256",
    "/ExtensionJson.json",
    "/SkinJson.json",
    "/feed.atom",
    "/feed.atom?branch=REL1_45",
    "/feed.atom?branch=REL9_99",
    "/skins/SamplePaper/feed.atom",
    "/extensions/SampleGreeting/feed.atom?branch=master",
    "/health",
    "/metrics",
    "/openapi.json",
    "/dist/skins/",
    "/dist/skins/SHA256SUMS",
    "/dist/skins/FILE",
    "/r/projects/",
    "/r/projects/?b=master&p=mediawiki/extensions/",
    "/r/projects/?b=REL1_43&b=master&n=2&S=1",
    "/r/projects/mediawiki%2Fskins%2FSamplePaper",
    "/r/projects/mediawiki%2Fskins%2FSamplePaper/branches",
    "/r/projects/mediawiki%2Fskins%2FSamplePaper/branches/REL1_45",
    "/info?branch=REL1_43",
    "/info/extensions?branch=REL1_45&names=SampleNotes%7CSampleOld",
    "/search?q=sample",
    "/search?q=sample&kind=skins&limit=1",
    "/search?q=nothing-has-this-word",
    "/updates",
    "/info?lang=de",
    "/info?lang=*",
    "/info/extensions?lang=*&names=SampleGreeting&branch=REL1_45",
    "/info/extensions/SampleGreeting?lang=*",
    "/info/extensions/SampleGreeting?lang=de_AT",
    "/info/extensions?lang=zh-tw",
    "/info/skins?lang=he&names=SamplePaper",
    "/info/extensions/SampleGreeting?lang=de-at",
    "/info/extensions/SampleGreeting?lang=xx-unknown",
    "/robots.txt",
    "/sitemap.xml",
    "/opensearch.xml",
    "/search?q=sample&branch=REL1_43",
    "/search?q=samplegreting",
    "/search?q=sample&branch=REL1_45&lang=de",
    "/changes?branch=REL1_43&page=1",
    "/api?lang=ar",
    "/extensions?branch=REL1_45&group=media&sort=changed&page=1",
    "/extensions",
    "/skins",
    "/extensions/SampleGreeting",
    "/skins/SamplePaper",
];

fn targets(site: &Site) -> Vec<String> {
    let paper = site.get("/info/skins/SamplePaper").json();
    let file = paper["branches"]["REL1_45"]["tarball"]["file"].as_str().unwrap().to_owned();
    TARGETS.iter().map(|target| target.replace("FILE", &file)).collect()
}

#[test]
fn every_answer_is_as_the_document_describes_it() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", PUBLIC_URL]).exits(0);
    let site = env.serve(&[]);
    let document = Document::of(&site);
    let mut paths = BTreeSet::new();
    for target in targets(&site) {
        let answer = site.get(&target);
        document.describes(&target, answer.is(200));
        let etag = answer.header("etag");
        let fresh = site.request("GET", &target, &[("If-None-Match", etag)]);
        document.describes(&target, fresh.is(304));
        for form in ["text/plain", "text/html", "application/json", "*/*"] {
            document.describes(&target, site.request("GET", &target, &[("Accept", form)]).is(200));
        }
        let refused = site.request("DELETE", &target, &[]);
        refused.problem(405);
        paths.insert(document.path_of(&target).unwrap());
    }
    assert_eq!(paths, document.paths().into_iter().collect(), "TARGETS has every path");
}

#[test]
fn errors_are_as_the_document_describes_them() {
    let env = TestEnv::sample();
    let site = env.serve(&[]);
    let document = Document::of(&site);
    let without_snapshot = ["/openapi.json", "/dist/"];
    for target in TARGETS {
        let answer = site.get(target);
        document.describes(target, &answer);
        if !without_snapshot.iter().any(|path| target.starts_with(path)) {
            answer.problem(503);
        }
    }
    env.sync(&["--public-url", PUBLIC_URL]).exits(0);
    site.catch_up();
    for target in TARGETS {
        let malformed = format!("{}?x=%FF", target.split('?').next().unwrap());
        let answer = site.get(&malformed);
        document.describes(&malformed, &answer);
        answer.problem(400);
    }
    for target in [
        "/list/themes",
        "/info/themes",
        "/info/skins/Nothing",
        "/info/skins/SamplePapper",
        "/dist/skins/x.tar.gz",
    ] {
        let answer = site.get(target);
        document.describes(target, &answer);
        answer.problem(404);
    }
}

#[test]
fn the_index_lists_the_paths_of_the_document() {
    let env = TestEnv::sample();
    env.sync(&["--public-url", PUBLIC_URL]).exits(0);
    let site = env.serve(&[]);
    let index = site.get("/").json();
    let listed: BTreeSet<&str> =
        index["endpoints"].as_array().unwrap().iter().map(|it| it.as_str().unwrap()).collect();
    let document = Document::of(&site);
    let is_page = |path: &&str| document.media_types(path) == ["text/html"];
    let described = document.paths().into_iter().filter(|path| !is_page(path));
    assert_eq!(listed, described.collect(), "all except the pages");
}

#[test]
fn the_examples_in_the_document_match_its_schemas() {
    let env = TestEnv::empty();
    let site = env.serve(&[]);
    let document = Document::of(&site);
    let examples = examples(document.json());
    for (place, (schema, example)) in &examples {
        let errors = document.errors(schema, example);
        assert_eq!(errors, None, "{place}");
    }
    let paths = document.paths().len();
    assert!(examples.len() > paths, "{} examples for {paths} paths", examples.len());
}
