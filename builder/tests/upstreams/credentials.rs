//! Credentials of Git: who gets them, and what becomes of them.

use std::{fs, os::unix::fs::PermissionsExt};

use tardist::upstream::Spec;

use crate::support::{
    Answer, Server, credentials_file, git_0, git_2, github, list, list_all, list_file,
    lists_one_skin, names, ok, open, packet, phorge, status, tables_of_one_skin, token_file,
};

/// User and password, as HTTP sends them.
const LOGIN: &str = "authorization: Basic Z2l0OmcxdC1wNHNz";

/// Git's answers to whoever sends [`LOGIN`].
fn git_with_login(request: &str) -> Answer {
    if request.contains(LOGIN) { git_2(request) } else { status(401) }
}

#[test]
fn credentials_of_git_go_with_its_requests_and_with_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let (token, file) = (token_file(folder.path()), credentials_file(folder.path()));
    let server =
        Server::start(|request| lists_one_skin(request).unwrap_or_else(|| git_with_login(request)));
    let mut tables = tables_of_one_skin(&server.url, &token).to_vec();
    let list = folder.path().join("one.txt");
    fs::write(&list, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
    tables.push(format!("type = 'list'\npath = '{}'", list.display()));
    for toml in &tables {
        server.requests.lock().unwrap().clear();
        let upstreams = [open(&format!("{toml}\ngit-credentials-file = '{file}'"))];
        let listing = list_all(&upstreams, &[]).unwrap();
        assert_eq!(listing.projects.len(), 1, "{toml}: {:?}", listing.left_out);
        assert!(!listing.projects[0].source_url.contains("g1t"), "{toml}");
        for request in server.requests() {
            let is_git = request.contains("git-upload-pack");
            assert_eq!(request.contains(LOGIN), is_git, "{toml}: {request}");
        }
        let without = list_all(&[open(toml)], &[]).unwrap();
        assert_eq!((without.projects.len(), without.left_out.len()), (0, 1), "{toml}");
    }
}

#[test]
fn with_credentials_of_git_what_is_not_public_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let (token, file) = (token_file(folder.path()), credentials_file(folder.path()));
    let key = format!("\ngit-credentials-file = '{file}'");
    let server = Server::start(github);
    let toml = format!("type = 'github'\nurl = '{0}/wikimedia'\napi = '{0}'", server.url) + &key;
    let listing = list(&toml).unwrap();
    assert!(names(&listing).contains(&"extensions/Secret".to_owned()), "{:?}", names(&listing));
    assert!(listing.left_out.is_empty());

    let server = Server::start(|_| ok("[]"));
    list(&(format!("type = 'gitlab'\nurl = '{}/group'", server.url) + &key)).unwrap();
    assert!(!server.targets()[0].contains("visibility"), "{:?}", server.targets());

    let server = Server::start(|_| ok(phorge(2, "users").to_string()));
    let toml = format!("type = 'phabricator'\nurl = '{}'\ntoken-file = '{token}'", server.url);
    let listing = list(&(toml + "\nextension-prefix = 'extension-'" + &key)).unwrap();
    assert_eq!((listing.without_tips.len(), listing.left_out.len()), (2, 0));
}

#[test]
fn credentials_of_git_do_not_follow_a_redirect_to_another_host() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    let other = Server::start(git_0);
    let place = format!("{}/elsewhere/info/refs?service=git-upload-pack", other.url);
    let server = Server::start(move |request| {
        let location = Some(place.clone());
        if request.contains(LOGIN) { Answer { location, ..status(301) } } else { status(401) }
    });
    let path = folder.path().join("one.txt");
    fs::write(&path, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
    let upstreams = [
        open(&format!(
            "type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'",
            path.display()
        )),
        list_file(folder.path(), &other.url, &["skins/Other"]),
    ];
    let listing = list_all(&upstreams, &[]).unwrap();
    assert_eq!(listing.projects.len(), 2, "{:?}", listing.failed);
    assert!(other.targets().iter().any(|it| it.contains("/elsewhere/info/refs")));
    assert!(other.requests().iter().all(|it| !it.to_ascii_lowercase().contains("authorization")));
    assert!(server.requests().iter().all(|it| it.contains(LOGIN)));
}

#[test]
fn credentials_that_a_server_refuses_are_a_failure_and_withdraw_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    for (refusal, is_failure) in [(401, true), (403, true), (404, true), (410, false)] {
        let server = Server::start(move |_| status(refusal));
        let path = folder.path().join("one.txt");
        fs::write(&path, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
        let toml =
            format!("type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'", path.display());
        let listing = list_all(&[open(&toml)], &[]).unwrap();
        assert_eq!(listing.failed.len(), usize::from(is_failure), "{refusal}");
        assert_eq!(listing.left_out.len(), usize::from(!is_failure), "{refusal}");
        if let Some((_, error)) = listing.failed.first() {
            let error = error.to_string();
            assert!(error.contains("git-credentials-file") && error.contains(&refusal.to_string()));
        }
    }
}

#[test]
fn a_git_server_that_quotes_what_it_was_sent_is_told_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    for quoted in ["g1t-p4ss", "git:g1t-p4ss", "Z2l0OmcxdC1wNHNz"] {
        // At each place, also where a message is cut.
        for before in [0, 60, 180, 190, 195] {
            let text = format!("ERR {}{quoted}\n", "x".repeat(before));
            let server = Server::start(move |_| ok(packet(&text)));
            let path = folder.path().join("one.txt");
            fs::write(&path, format!("skins/Vector {}/Vector\n", server.url)).unwrap();
            let toml = format!(
                "type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'",
                path.display()
            );
            let listing = list_all(&[open(&toml)], &[]).unwrap();
            let error = listing.failed[0].1.to_string();
            assert!(error.contains("xxx") || error.contains("[secret]"), "{error}");
            assert!(!error.contains("g1t-") && !error.contains("Z2l0"), "{error}");
        }
    }
}

#[test]
fn credentials_of_git_that_cannot_be_right_are_told_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    let file = credentials_file(folder.path());
    let gitlab = |url: &str| {
        let toml = format!("type = 'gitlab'\nurl = '{url}'\ngit-credentials-file = '{file}'");
        toml::from_str::<Spec>(&toml).map_err(|error| error.to_string())
    };
    assert!(gitlab("http://gitlab.example.org/g").unwrap_err().contains("https only"));
    let spec = gitlab("https://gitlab.example.org/g").unwrap();
    assert!(spec.open().is_ok());
    for text in ["g1t-p4ss", "git:", ":g1t-p4ss"] {
        fs::write(&file, text).unwrap();
        let Err(error) = spec.open() else { panic!("{text} is taken") };
        assert!(error.contains("USER:PASSWORD") && !error.contains("g1t"), "{error}");
    }
    fs::write(&file, "git:g1t-p4ss").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let Err(error) = spec.open() else { panic!("everybody may read it") };
    assert!(error.contains("chmod o="), "{error}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    let path = folder.path().join("two.txt");
    for (text, says) in [
        ("skins/A https://a.example/A\nskins/B https://b.example/B\n", "a list for each host"),
        ("skins/A http://a.example/A\n", "https only"),
    ] {
        fs::write(&path, text).unwrap();
        let toml =
            format!("type = 'list'\npath = '{}'\ngit-credentials-file = '{file}'", path.display());
        let Err(error) = toml::from_str::<Spec>(&toml).unwrap().open() else {
            panic!("{text} is taken")
        };
        assert!(error.contains(says), "{error}");
    }
}
