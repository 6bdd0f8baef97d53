//! Several upstreams at once.

use std::sync::{Arc, Barrier};

use crate::support::{COMMIT, Server, git_2, list, list_all, list_file, ok, open, status};

#[test]
fn only_what_is_asked_for_costs_a_request() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(git_2);
    let upstreams = [list_file(folder.path(), &server.url, &["skins/A", "skins/B", "skins/C"])];
    let listing = list_all(&upstreams, &["skins/B"]).unwrap();
    assert_eq!(listing.projects.len(), 3, "all are known to be there");
    assert_eq!(server.targets(), ["POST /B/git-upload-pack"]);
}

#[test]
fn several_upstreams_are_merged() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(git_2);
    let second = format!("{}/second", server.url);
    let upstreams = [
        list_file(one.path(), &server.url, &["skins/A", "skins/B"]),
        list_file(two.path(), &second, &["skins/B", "skins/C"]),
    ];
    let listing = list_all(&upstreams, &[]).unwrap();
    let urls: Vec<&str> = listing.projects.iter().map(|it| it.url.as_str()).collect();
    let expected = [format!("{}/A", server.url), format!("{}/B", server.url), second + "/C"];
    assert_eq!(urls, expected);
    assert!(listing.unavailable.is_empty());
}

#[test]
fn an_upstream_that_cannot_be_listed_stops_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(git_2);
    let broken = Server::start(|_| status(500));
    let empty = Server::start(|_| ok("[]"));
    let down = || open(&format!("type = 'gerrit'\nurl = '{}'", broken.url));
    let nothing = || open(&format!("type = 'github'\nurl = '{}/nobody'", empty.url));
    let upstreams = [down(), list_file(folder.path(), &server.url, &["skins/A"]), nothing()];
    let listing = list_all(&upstreams, &[]).unwrap();
    assert_eq!(listing.projects.len(), 1);
    assert_eq!(listing.projects[0].upstream, upstreams[1].url());
    let [(url, why)] = &listing.unavailable[..] else { panic!("{:?}", listing.unavailable) };
    assert_eq!(url, upstreams[0].url());
    let why = why.to_string();
    assert!(why.contains("answered 500") && why.contains(&broken.url), "{why}");
    // An empty list is a list. Whether that can be right is decided by whoever knows what was there.
    assert_eq!(list_all(&[nothing()], &[]).unwrap().ids().count(), 0);
    // Nothing is left.
    let error = list_all(&[down(), down()], &[]).unwrap_err().to_string();
    assert!(error.contains("answered 500") && error.contains(&broken.url), "{error}");
}

#[test]
fn upstreams_are_listed_at_the_same_time() {
    // Each answers only when both are asked.
    let both = Arc::new(Barrier::new(2));
    let servers = ["A", "B"].map(|name| {
        let both = Arc::clone(&both);
        Server::start(move |request| {
            if request.starts_with("GET /orgs/") {
                both.wait();
            }
            let name = format!("mediawiki-skins-{name}");
            ok(format!("[{{\"name\": \"{name}\", \"clone_url\": \"SELF/{name}\"}}]"))
        })
    });
    let upstreams = servers
        .each_ref()
        .map(|server| open(&format!("type = 'github'\nurl = '{0}/x'\napi = '{0}'", server.url)));
    let listing = list_all(&upstreams, &["skins/None"]).unwrap();
    let ids: Vec<String> = listing.projects.iter().map(|it| it.id.to_string()).collect();
    assert_eq!(ids, ["skins/A", "skins/B"], "in the order of the settings");
}

#[test]
fn a_gerrit_may_have_a_replica_for_git() {
    let server = Server::start(|request| {
        let kind = if request.contains("/skins/") { "skins" } else { "extensions" };
        let name = format!("mediawiki/{kind}/Foo");
        ok(format!(
            ")]}}'\n{{\"{name}\": {{\"id\": \"x\", \"state\": \"ACTIVE\", \
             \"branches\": {{\"refs/heads/master\": \"{COMMIT}\"}}}}}}"
        ))
    });
    let url = &server.url;
    let toml = format!("url = '{url}/r/'\ngit-url = 'https://replica.example.org/r'");
    let listing = list(&toml).unwrap();
    assert_eq!(server.requests().len(), 4, "two a kind");
    let skin = &listing.projects[1];
    assert_eq!(skin.url, "https://replica.example.org/r/mediawiki/skins/Foo");
    assert_eq!(skin.remote_url, format!("{url}/r/mediawiki/skins/Foo"));
    assert_eq!(skin.source_url, format!("{url}/r/mediawiki/skins/Foo.git"));
    assert_eq!(skin.tips.len(), 1);
}
