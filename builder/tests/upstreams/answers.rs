//! Answers that are no list, and lists that are too long: the same of every type of upstream.

use std::sync::Mutex;

use crate::support::{Answer, Server, described, list, ok, status, tables, token_file};

#[test]
fn what_is_no_answer_of_an_upstream_is_named_with_its_url() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    for (body, says) in [
        ("<!DOCTYPE html><title>Sign in</title>", "begins with"),
        ("", "empty"),
        ("{\"mess", ""),
        ("[1, 2, 3]", ""),
        ("{\"message\": \"Not here\"}", ""),
    ] {
        let server = Server::start(move |_| ok(body));
        for toml in tables(&server.url, &token) {
            let error = list(&toml).unwrap_err().to_string();
            assert!(error.contains(says) && error.contains(&server.url), "{toml}: {error}");
        }
    }
    let server = Server::start(|_| status(503));
    for toml in tables(&server.url, &token) {
        let error = list(&toml).unwrap_err();
        assert!(
            error.is_transient() && error.to_string().contains("answered 503"),
            "{toml}: {error}"
        );
    }
}

#[test]
fn a_list_without_an_end_is_given_up() {
    let github = |toml_url: &str| format!("type = 'github'\nurl = '{toml_url}/wikimedia'");
    let again = Server::start(|_| Answer {
        next: Some("SELF/again".into()),
        ..ok(described("github-1.json"))
    });
    let error = list(&github(&again.url)).unwrap_err().to_string();
    assert!(error.contains("nothing new"), "{error}");
    assert_eq!(again.requests().len(), 2);

    let number = Mutex::new(0);
    let more = Server::start(move |_| {
        let mut number = number.lock().unwrap();
        *number += 1;
        let body = format!(r#"[{{"name": "mediawiki-skins-N{number}", "clone_url": "SELF/x"}}]"#);
        Answer { next: Some(format!("SELF/{number}")), ..ok(body) }
    });
    let error = list(&github(&more.url)).unwrap_err().to_string();
    assert!(error.contains("1000 pages"), "{error}");

    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    let cursor = Server::start(|_| ok(described("phabricator-1.json")));
    let toml = format!("type = 'phabricator'\nurl = '{}'\ntoken-file = '{token}'", cursor.url);
    let error = list(&toml).unwrap_err().to_string();
    assert!(error.contains("nothing new"), "{error}");
}

#[test]
fn the_next_page_on_another_host_is_not_asked() {
    let other = Server::start(|_| ok("[]"));
    let next = format!("{}/steal", other.url);
    let server = Server::start(move |_| Answer {
        next: Some(next.clone()),
        ..ok(described("github-1.json"))
    });
    let toml = format!("type = 'github'\nurl = '{}/wikimedia'", server.url);
    let error = list(&toml).unwrap_err().to_string();
    assert!(error.contains("another host") && error.contains(&other.url), "{error}");
    assert_eq!(other.requests(), [""; 0]);
}

/// JSON of one more entry than a list may have: `entry` each, between `start` and `end`.
fn too_many(start: &str, entry: impl Fn(usize) -> String, end: &str) -> String {
    let entries: Vec<String> = (0..=100_000).map(entry).collect();
    format!("{start}{}{end}", entries.join(","))
}

#[test]
fn a_list_with_too_many_entries_is_an_error_of_every_type_of_upstream() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    let answers = [
        ("gerrit", "", too_many(")]}'\n{", |i| format!("\"{i}\":{{}}"), "}")),
        (
            "github",
            "/x",
            too_many("[", |i| format!("{{\"name\":\"{i}\",\"clone_url\":\"\"}}"), "]"),
        ),
        (
            "gitlab",
            "/x",
            too_many(
                "[",
                |i| format!("{{\"path_with_namespace\":\"{i}\",\"http_url_to_repo\":\"\"}}"),
                "]",
            ),
        ),
        (
            "phabricator",
            "",
            too_many(
                "{\"result\":{\"data\":[",
                |i| {
                    format!(
                        "{{\"phid\":\"{i}\",\"fields\":{{\"name\":\"\",\"vcs\":\"\",\"status\":\"\"}}}}"
                    )
                },
                "]}}",
            ),
        ),
        (
            "mediawiki",
            "/api.php",
            too_many(
                "{\"query\":{\"extdistrepos\":{\"extensions\":[",
                |i| format!("\"{i}\""),
                "]}}}",
            ),
        ),
    ];
    for (name, path, body) in answers {
        let server = Server::start(move |_| ok(body.clone()));
        let token = if name == "phabricator" { &*format!("token-file = '{token}'") } else { "" };
        let toml = format!("type = '{name}'\nurl = '{}{path}'\n{token}", server.url);
        let error = list(&toml).unwrap_err().to_string();
        // A page of Phabricator has the 100 that it is asked for.
        let most = if name == "phabricator" { 100 } else { 100_000 };
        let says = format!("more than {most} entries in one list");
        assert!(error.contains(&says) && error.contains(&server.url), "{name}: {error}");
        assert_eq!(server.requests().len(), 1, "{name}");
    }
}
