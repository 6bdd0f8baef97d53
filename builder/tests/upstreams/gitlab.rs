//! GitLab.

use crate::support::{Answer, Server, described, list, names, ok, token_file};

#[test]
fn gitlab_lists_a_group_by_its_subgroups() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(|request| {
        if request.contains("&page=2") {
            return ok(described("gitlab-2.json"));
        }
        let next = "SELF/api/v4/groups/repos%2Fmediawiki/projects?per_page=100&page=2";
        Answer { next: Some(next.to_owned()), ..ok(described("gitlab-1.json")) }
    });
    let (url, token) = (&server.url, token_file(folder.path()));
    let toml = format!("type = 'gitlab'\nurl = '{url}/repos/mediawiki'\ntoken-file = '{token}'");
    let listing = list(&toml).unwrap();
    assert_eq!(names(&listing), ["extensions/Cite", "skins/Vector"]);
    assert_eq!(listing.without_tips[0].url, format!("{url}/repos/mediawiki/extensions/Cite.git"));
    let first = &server.requests()[0];
    assert!(first.starts_with("GET /api/v4/groups/repos%2Fmediawiki/projects?"), "{first}");
    for part in [
        "include_subgroups=true",
        "archived=false",
        "visibility=public",
        "active=true",
        "private-token: s3cret-t0ken",
    ] {
        assert!(first.to_ascii_lowercase().contains(part), "{part} in {first}");
    }
}
