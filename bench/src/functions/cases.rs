//! The list of cases: what to ask the components, and what to compare each answer with.

use std::net::SocketAddr;

use anyhow::{Context, Result};

use crate::{
    functions::{
        case::{Beside, Case, Limit, Rate},
        catalogue::{paths_file, searches},
        flask::Flask,
        load::Load,
        nginx::Nginx,
        subject::{GZIP, MANIFESTS, Subject},
    },
    http,
};

/// Connections for answers of megabytes: enough to keep two cores busy.
const FEW: u32 = 8;

type Reached<'a, T> = Result<&'a T, &'a String>;

pub(crate) fn cases(
    subject: &Subject,
    nginx: Reached<'_, Nginx>,
    flask: Reached<'_, Flask>,
) -> Result<Vec<Case>> {
    let mut cases = small(subject, flask)?;
    cases.extend(others(subject)?);
    cases.extend(large(subject, nginx));
    cases.extend(cached(subject, nginx));
    Ok(cases)
}

/// Requests with small answers, compared with E and F.
fn small(subject: &Subject, flask: Reached<'_, Flask>) -> Result<Vec<Case>> {
    let bare = |load: Load, wanted| Beside { limit: Limit::Bare, load: Ok(load), wanted };
    let flask = |path: &str, wanted| {
        let load = flask.map(|flask| Load::new(flask.address, path)).map_err(Clone::clone);
        Beside { limit: Limit::Flask, load, wanted }
    };
    let case = |name, ours, beside| Case { name, rate: Rate::Requests, ours, beside };
    let file = |name, prefix: &str| {
        let paths: Vec<String> = subject.names.iter().map(|it| format!("{prefix}{it}")).collect();
        paths_file(&subject.folder, name, &paths)
    };
    let names = file("names", "/info/extensions/")?;
    let bare_names = file("bare-names", "/bare?")?;
    let searches = paths_file(&subject.folder, "searches", &searches())?;
    let e = || subject.load("/bare");
    let (one, list) = (subject.one.as_str(), "/list/extensions");
    let tag = subject.one_answer.header("etag").context("an answer has no ETag")?;
    let hot = one.rsplit('/').next().unwrap_or_default();
    let branches = format!("/r/projects/mediawiki%2Fextensions%2F{hot}/branches");
    let many_flask = {
        let Beside { limit, load, wanted } = flask(one, Some(2.0));
        Beside { limit, load: load.map(|load| load.paths(&names)), wanted }
    };
    let search = subject.load_if("/search?q=page")?.map(|load| load.paths(&searches));
    Ok(vec![
        case(
            "/info/extensions/NAME",
            Ok(subject.load(one)),
            vec![bare(e(), Some(0.7)), flask(one, Some(2.0))],
        ),
        case(
            "/info/extensions/… of 200",
            Ok(subject.load(one).paths(&names)),
            vec![bare(e().paths(&bare_names), Some(0.7)), many_flask],
        ),
        case(
            "/info/extensions/NAME, 304",
            Ok(subject.load(one).header(format!("If-None-Match: {tag}"))),
            vec![bare(e(), Some(0.7)), flask(one, Some(2.0))],
        ),
        case(
            "/info/extensions/NAME?lang=de",
            Ok(subject.load(&format!("{one}?lang=de"))),
            vec![bare(e(), None)],
        ),
        case(list, Ok(subject.load(list)), vec![bare(e(), Some(0.7)), flask(list, Some(2.0))]),
        case(
            "/r/projects/…/branches",
            subject.load_if(&branches)?,
            vec![bare(e(), Some(0.7)), flask(&branches, Some(2.0))],
        ),
        case(
            "/r/projects/?b=master&p=…",
            subject.load_if("/r/projects/?b=master&p=mediawiki/extensions/")?,
            vec![bare(e(), None)],
        ),
        case("/search?q=…", search, vec![bare(e(), Some(0.3))]),
        case("/health", Ok(subject.load("/health")), vec![bare(e(), None)]),
    ])
}

/// Requests of those who fetch, and of people who look through lists, compared with E.
fn others(subject: &Subject) -> Result<Vec<Case>> {
    let case = |name, ours, wanted| {
        let bare = Beside { limit: Limit::Bare, load: Ok(subject.load("/bare")), wanted };
        Case { name, rate: Rate::Requests, ours, beside: vec![bare] }
    };
    let hot = subject.one.rsplit('/').next().unwrap_or_default();
    let branch = format!("/r/projects/mediawiki%2Fextensions%2F{hot}/branches/master");
    let download = subject.load_if(&format!("/download/extensions/{hot}/master"))?;
    let feed = subject.load_if(&format!("/extensions/{hot}/feed.atom"))?;
    let list = Ok(subject.load("/extensions?branch=REL1_45&sort=changed"));
    let lists = paths_file(&subject.folder, "lists", &lists())?;
    Ok(vec![
        case("/r/projects/…/branches/master", subject.load_if(&branch)?, Some(0.7)),
        case("/download/…/master", download, Some(0.7)),
        case("/extensions/NAME/feed.atom", feed, Some(0.7)),
        case("/feed.atom", subject.load_if("/feed.atom")?, None),
        case("/extensions?branch=…&sort=…", list, Some(0.3)),
        case("/extensions?… of 56", Ok(subject.load("/extensions").paths(&lists)), None),
    ])
}

/// The list of extensions for people, in some of the ways in which they look through it.
fn lists() -> Vec<String> {
    let mut paths = Vec::new();
    for branch in ["", "master", "REL1_45", "REL1_44"] {
        for sort in ["", "changed"] {
            let pages = (1..=5).map(|page| format!("page={page}"));
            for rest in pages.chain(["group=antispam".to_owned(), "lang=de".to_owned()]) {
                paths.push(format!("/extensions?branch={branch}&sort={sort}&{rest}"));
            }
        }
    }
    paths
}

/// Answers of megabytes, compared with the same bytes in a file.
fn large(subject: &Subject, nginx: Reached<'_, Nginx>) -> Vec<Case> {
    let case = |name, path: &str, file: &str, headers: &[&str], is_served: bool| {
        let ask = |load: Load| {
            headers.iter().fold(load.connections(FEW), |load, &header| load.header(header))
        };
        let ours = if is_served {
            Ok(ask(subject.load(path)))
        } else {
            Err("it is not served".to_owned())
        };
        let load = nginx.map(|nginx| ask(Load::new(nginx.files, file)));
        let load = load.map_err(Clone::clone);
        let beside = vec![Beside { limit: Limit::Nginx, load, wanted: Some(0.4) }];
        Case { name, rate: Rate::Bytes, ours, beside }
    };
    let (all, file) = ("/info/extensions", "/all.json");
    vec![
        case("/info/extensions", all, file, &[], true),
        case("/info/extensions, gzip", all, file, &[GZIP], subject.gzip.is_some()),
        case(MANIFESTS, MANIFESTS, "/manifests.json", &[], subject.manifests.is_some()),
    ]
}

/// Answers from the cache of nginx, compared with files. Each is requested once before: when several
/// clients ask first, nginx lets all but one wait half a second (`proxy_cache_lock`).
fn cached(subject: &Subject, nginx: Reached<'_, Nginx>) -> Vec<Case> {
    let case = |name, rate, path: &str, file: &str, connections| {
        let load = |address: fn(&Nginx) -> SocketAddr, path: &str| {
            let load = nginx.map(|nginx| Load::new(address(nginx), path).connections(connections));
            load.map_err(Clone::clone)
        };
        let ours = load(|nginx| nginx.cache, path).and_then(|load| {
            let answer = http::get(&load.address.to_string(), path);
            answer.map(|_| load).map_err(|error| format!("{error:#}"))
        });
        let file = load(|nginx| nginx.files, file);
        let beside = vec![Beside { limit: Limit::Nginx, load: file, wanted: Some(0.8) }];
        Case { name, rate, ours, beside }
    };
    let requests = Rate::Requests;
    vec![
        case("/info/extensions/NAME, cache", requests, &subject.one, "/one.json", 32),
        case("/list/extensions, cache", requests, "/list/extensions", "/list.json", 32),
        case("/info/extensions, cache", Rate::Bytes, "/info/extensions", "/all.json", FEW),
    ]
}
