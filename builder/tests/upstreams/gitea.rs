//! Gitea and Forgejo.

use crate::support::{
    Server, credentials_file, gitea, left_out, list, names, ok, recorded, status, token_file,
};

#[test]
fn gitea_lists_the_pages_of_an_organization_and_what_is_not_public_is_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    let server = Server::start(gitea);
    let url = &server.url;
    let table = format!("type = 'gitea'\nurl = '{url}/wiki2'\ntoken-file = '{token}'");
    let listing = list(&table).unwrap();
    assert_eq!(names(&listing), ["extensions/A", "skins/B", "extensions/Mirror"]);
    let clone = format!("{url}/wiki2/mediawiki-extensions-A.git");
    assert_eq!(listing.without_tips[0].source_url, clone);
    assert_eq!(left_out(&listing)[0].0, "extensions/Secret");
    assert_eq!((listing.failed.len(), server.requests().len()), (0, 2));
    for request in server.requests() {
        assert!(request.contains("authorization: token s3cret-t0ken"), "{request}");
    }
    let file = credentials_file(folder.path());
    let listing = list(&format!("{table}\ngit-credentials-file = '{file}'")).unwrap();
    assert_eq!((names(&listing).len(), listing.left_out.len()), (4, 0));
}

#[test]
fn gitea_lists_a_user_where_there_is_no_such_organization_and_internal_ones_are_not_public() {
    let server = Server::start(|request| {
        if request.starts_with("GET /git/api/v1/users/somebody/repos?limit=50") {
            let page = recorded("gitea/repositories-2.json");
            return ok(page.replace("\"internal\": false", "\"internal\": true"));
        }
        status(404)
    });
    // It is below a path of its host.
    let toml = |owner| format!("type = 'gitea'\nurl = '{}/git/{owner}'", server.url);
    let listing = list(&toml("somebody")).unwrap();
    assert_eq!(names(&listing), [""; 0]);
    assert_eq!(left_out(&listing)[0].0, "extensions/Mirror");
    let error = list(&toml("nobody")).unwrap_err().to_string();
    assert!(error.contains("/users/nobody/repos") && error.contains("answered 404"), "{error}");
}
