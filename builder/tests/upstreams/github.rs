//! GitHub.

use std::{
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    thread,
};

use crate::support::{Server, github, list, names, status, token_file};

#[test]
fn github_lists_the_pages_of_an_organization() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(github);
    let (url, token) = (&server.url, token_file(folder.path()));
    let toml =
        format!("type = 'github'\nurl = '{url}/wikimedia'\napi = '{url}'\ntoken-file = '{token}'");
    let listing = list(&toml).unwrap();
    let expected = ["extensions/Cite", "extensions/VisualEditor", "skins/Vector"];
    assert_eq!(names(&listing), expected);
    let clone = format!("{url}/wikimedia/mediawiki-extensions-Cite.git");
    let cite = &listing.without_tips[0];
    assert_eq!([&cite.url, &cite.remote_url, &cite.source_url], [&clone; 3]);
    assert_eq!(listing.refused[0].text, ".git");
    let left_out: Vec<String> = listing.left_out.keys().map(ToString::to_string).collect();
    assert_eq!(left_out, ["extensions/Secret"], "it is private");
    assert_eq!(listing.failed[0].0.to_string(), "extensions/Away");
    assert!(listing.failed[0].1.to_string().contains("git.evil.example"));
    for request in server.requests() {
        let request = request.to_ascii_lowercase();
        for header in ["authorization: bearer s3cret-t0ken", "x-github-api-version: 2022-11-28"] {
            assert!(request.contains(header), "{header} in {request}");
        }
    }
}

#[test]
fn github_lists_a_user_where_there_is_no_such_organization() {
    let server = Server::start(github);
    let url = &server.url;
    let toml = |owner| format!("type = 'github'\nurl = '{url}/{owner}'\napi = '{url}'");
    let listing = list(&toml("somebody")).unwrap();
    assert_eq!(names(&listing), ["extensions/VisualEditor", "skins/Vector"]);
    let error = list(&toml("nobody")).unwrap_err().to_string();
    assert!(error.contains("/users/nobody/repos") && error.contains("answered 404"), "{error}");
    let limited = Server::start(|_| status(403));
    let error = list(&format!("type = 'github'\nurl = '{}/x'", limited.url)).unwrap_err();
    assert!(error.to_string().contains("token-file"), "{error}");
}

#[test]
fn a_renamed_owner_is_named_with_its_new_place_and_a_used_up_limit_with_its_end() {
    let listener = |head: &'static str| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
                while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
                let rest = "content-length: 0\r\nconnection: close\r\n\r\n";
                stream.write_all(format!("HTTP/1.1 {head}\r\n{rest}").as_bytes()).unwrap();
            }
        });
        format!("type = 'github'\nurl = '{url}/old'\napi = '{url}'")
    };
    let moved = "301 Moved Permanently\r\nlocation: https://api.github.com/organizations/7/repos";
    let error = list(&listener(moved)).unwrap_err().to_string();
    assert!(error.contains("moved to https://api.github.com/organizations/7/repos"), "{error}");
    let limit = "403 Forbidden\r\nx-ratelimit-remaining: 0\r\nx-ratelimit-reset: 4102444800";
    let error = list(&listener(limit)).unwrap_err().to_string();
    assert!(error.contains("403 Forbidden") && error.contains("asks for a pause of "), "{error}");
}
