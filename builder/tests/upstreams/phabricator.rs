//! Phabricator and Phorge.

use tardist::upstream::Project;

use crate::support::{
    Server, described, list, names, ok, phabricator, phorge, recorded, token_file,
};

#[test]
fn phabricator_lists_what_conduit_finds() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        let page = if request.contains("&after=3") { "phabricator-2" } else { "phabricator-1" };
        ok(described(&format!("{page}.json")))
    });
    let (url, token) = (&server.url, token_file(folder.path()));
    let toml = format!("type = 'phabricator'\nurl = '{url}'\ntoken-file = '{token}'");
    let listing = list(&toml).unwrap();
    assert_eq!(names(&listing), ["extensions/Cite", "skins/Vector"]);
    assert_eq!(listing.without_tips[0].url, format!("{url}/source/mediawiki-extensions-Cite.git"));
    assert_eq!(listing.failed[0].0.to_string(), "extensions/Observed");
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    let (head, body) = requests[0].split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("POST /api/diffusion.repository.search HTTP"), "{head}");
    assert!(!head.contains("s3cret"), "{head}");
    assert!(body.contains("api.token=s3cret-t0ken&queryKey=active"), "{body}");
    assert!(body.contains("attachments%5Buris%5D=1"), "{body}");
}

#[test]
fn an_error_of_phorge_is_told_without_the_token_that_it_quotes() {
    let folder = tempfile::tempdir().unwrap();
    for (file, says) in [
        ("error-invalid.json", "ERR-INVALID-AUTH"),
        ("error-wrong-length.json", "ERR-INVALID-AUTH"),
        ("error-other-service.json", "ERR-INVALID-AUTH"),
    ] {
        let answer: serde_json::Value =
            serde_json::from_str(&recorded(&format!("phorge/{file}"))).unwrap();
        let info = answer["body"]["error_info"].as_str().unwrap();
        let quoted = info.split('"').nth(1).unwrap().to_owned();
        let body = answer["body"].to_string().replace(&quoted, "s3cret-t0ken");
        assert!(body.contains("s3cret-t0ken"), "{file} quotes nothing: {body}");
        let server = Server::start(move |_| ok(body.clone()));
        let error = list(&phabricator(&server.url, folder.path())).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(&server.url), "{error}");
        assert!(error.contains("[secret]") && !error.contains("s3cret"), "{error}");
    }
    // It is struck out before the text is cut to what is shown of it.
    let page = format!("<!DOCTYPE html><p>{}s3cret-t0ken", "x".repeat(15));
    let server = Server::start(move |_| ok(page.clone()));
    let error = list(&phabricator(&server.url, folder.path())).unwrap_err().to_string();
    assert!(!error.contains("s3cr"), "{error}");
}

#[test]
fn phorge_is_read_page_by_page_and_only_urls_that_it_shows_are_used() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        ok(phorge(if request.contains("&after=210") { 2 } else { 1 }, "public").to_string())
    });
    let mut toml = phabricator(&server.url, folder.path());
    toml += "\nextension-prefix = 'extension-'";
    let listing = list(&toml).unwrap();
    assert_eq!(server.requests().len(), 2);
    let url = |project: &Project| project.source_url.replace(&server.url, "");
    let urls: Vec<String> = listing.without_tips.iter().map(url).collect();
    assert_eq!(urls.len(), 5, "{urls:?}");
    assert_eq!(urls[0], "/source/extension-Observed.git");
    assert!(urls.iter().all(|url| url.starts_with("/source/")), "{urls:?}");
    assert!(listing.left_out.is_empty());
}

#[test]
fn a_repository_without_a_url_over_http_is_named_with_what_is_missing() {
    let folder = tempfile::tempdir().unwrap();
    let mut answer = phorge(2, "public");
    for repository in answer["result"]["data"].as_array_mut().unwrap() {
        let uris = repository["attachments"]["uris"]["uris"].as_array_mut().unwrap();
        uris.retain(|it| !it["fields"]["uri"]["effective"].as_str().unwrap().starts_with("http"));
    }
    let body = answer.to_string();
    let server = Server::start(move |_| ok(body.clone()));
    let toml = phabricator(&server.url, folder.path()) + "\nextension-prefix = 'extension-'";
    let listing = list(&toml).unwrap();
    assert_eq!(listing.failed.len(), 2);
    let error = listing.failed[0].1.to_string();
    assert!(error.contains("no http or https URL") && error.contains(&server.url), "{error}");
}

#[test]
fn a_page_that_takes_phabricator_too_much_work_is_asked_for_in_smaller_ones() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        if request.contains("&limit=100") || request.contains("&limit=20") {
            let info = "Query (of class \"PhabricatorRepositoryQuery\") overheated: examined more than \
                        1,000 raw rows without finding 100 visible objects.";
            let error = serde_json::json!({"result": null, "error_code": "ERR-CONDUIT-CORE",
                "error_info": info});
            return ok(error.to_string());
        }
        ok(phorge(2, "public").to_string())
    });
    let toml = phabricator(&server.url, folder.path()) + "\nextension-prefix = 'extension-'";
    assert_eq!(list(&toml).unwrap().without_tips.len(), 2);
    assert_eq!(server.requests().len(), 3);
}
