//! Lists that are asked for again, with the `ETag` of their last answer.

use std::sync::{Arc, Mutex};

use tardist::upstream::{Listing, Pages};

use crate::support::{
    Answer, Server, branches, described, gitea, github, http, left_out, list, names, ok, open,
    status,
};

/// The same answers by a server that has an `ETag` for each, and answers 304 to whoever names it.
fn with_etags(
    answer: impl Fn(&str) -> Answer + Send + Sync + 'static,
) -> impl Fn(&str) -> Answer + Send + Sync + 'static {
    move |request| {
        let answer = answer(request);
        if answer.status != 200 {
            return answer;
        }
        let etag = format!("W/\"{}\"", answer.body.len());
        if request.contains(&format!("if-none-match: {etag}\r\n")) {
            return Answer { etag: Some(etag), ..status(304) };
        }
        Answer { etag: Some(etag), ..answer }
    }
}

/// Lists an upstream with what an earlier list left, and returns what this one leaves.
fn list_again(toml: &str, text: &str) -> (Listing, Option<String>) {
    let (upstreams, pages) = ([open(toml)], Pages::read(text.as_bytes()));
    let listing = upstreams[0].list(&http(&upstreams), &branches(), &pages).unwrap();
    (listing, pages.text(true))
}

#[test]
fn a_list_without_news_is_not_sent_again() {
    for (kind, owner) in
        [("github", "wikimedia"), ("gitlab", "repos/mediawiki"), ("gitea", "wiki2")]
    {
        let server = Server::start(with_etags(move |request| match kind {
            "github" => github(request),
            "gitea" => gitea(request),
            _ if request.contains("&page=2") => ok(described("gitlab-2.json")),
            _ => {
                let next = "SELF/api/v4/groups/repos%2Fmediawiki/projects?per_page=100&page=2";
                Answer { next: Some(next.to_owned()), ..ok(described("gitlab-1.json")) }
            }
        }));
        let mut toml = format!("type = '{kind}'\nurl = '{}/{owner}'", server.url);
        if kind == "github" {
            toml += &format!("\napi = '{}'", server.url);
        }
        let (first, text) = list_again(&toml, "");
        let text = text.unwrap();
        assert!(server.requests().iter().all(|it| !it.contains("if-none-match")), "{kind}");
        let (again, left) = list_again(&toml, &text);
        assert_eq!((names(&again), left), (names(&first), None), "{kind}");
        assert_eq!(left_out(&again), left_out(&first), "{kind}");
        assert_eq!(again.failed.len(), first.failed.len(), "{kind}");
        let requests = server.requests();
        assert_eq!(requests.len(), 4, "{kind}: {:?}", server.targets());
        assert!(requests[2..].iter().all(|it| it.contains("if-none-match: W/")), "{kind}");
        // What is lost costs a request, and nothing else.
        let (lost, text) = list_again(&toml, "");
        assert_eq!((names(&lost), text.is_some()), (names(&first), true), "{kind}");
    }
}

#[test]
fn of_a_list_with_news_only_the_page_that_changed_is_sent() {
    let more = Arc::new(Mutex::new(false));
    let has_more = Arc::clone(&more);
    let server = Server::start(with_etags(move |request| {
        let answer = github(request);
        if !request.contains("page=2") || !*has_more.lock().unwrap() {
            return answer;
        }
        let entry = r#"[{"name": "mediawiki-skins-New", "clone_url": "SELF/wikimedia/New"},"#;
        Answer { body: answer.body.trim_start().replacen('[', entry, 1), ..answer }
    }));
    let toml = format!("type = 'github'\nurl = '{0}/wikimedia'\napi = '{0}'", server.url);
    let (first, text) = list_again(&toml, "");
    *more.lock().unwrap() = true;
    let (again, text) = list_again(&toml, &text.unwrap());
    assert_eq!(names(&again).len(), names(&first).len() + 1);
    assert!(names(&again).contains(&"skins/New".to_owned()));
    let (third, left) = list_again(&toml, &text.unwrap());
    assert_eq!((names(&third), left), (names(&again), None));
}

#[test]
fn a_full_last_page_is_sent_again_since_another_one_may_come_to_be_after_it() {
    let more = Arc::new(Mutex::new(false));
    let has_more = Arc::clone(&more);
    let server = Server::start(with_etags(move |request| {
        let entry = |number: usize| {
            let clone_url = "SELF/wikis/x";
            serde_json::json!({"name": format!("mediawiki-skins-N{number}"), "clone_url": clone_url})
        };
        if request.contains("&page=2") {
            return ok(serde_json::json!([entry(50)]).to_string());
        }
        let page: Vec<_> = (0..50).map(entry).collect();
        let next = "SELF/api/v1/orgs/wikis/repos?limit=50&page=2".to_owned();
        let next = has_more.lock().unwrap().then_some(next);
        Answer { next, ..ok(serde_json::json!(page).to_string()) }
    }));
    let toml = format!("type = 'gitea'\nurl = '{}/wikis'", server.url);
    let (first, text) = list_again(&toml, "");
    *more.lock().unwrap() = true;
    let (again, text) = list_again(&toml, &text.unwrap_or_default());
    assert_eq!((names(&first).len(), names(&again).len()), (50, 51));
    let (third, _) = list_again(&toml, &text.unwrap());
    assert_eq!(names(&third).len(), 51);
    let conditional = server.requests().iter().filter(|it| it.contains("if-none-match")).count();
    assert_eq!(conditional, 2, "both pages, once there are two");
}

#[test]
fn a_304_that_nobody_asked_for_is_an_error() {
    let server = Server::start(|_| status(304));
    let toml = format!("type = 'gitea'\nurl = '{}/wikis'", server.url);
    assert!(list(&toml).unwrap_err().to_string().contains("304"));
}
