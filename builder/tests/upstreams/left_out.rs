//! What is listed and not distributed: it is not public, or Git does not have it.

use tardist::upstream::Absence;

use crate::support::{
    Server, git_2, left_out, list_all, list_file, lists_one_skin, ok, open, phabricator, phorge,
    status, tables_of_one_skin, token_file,
};

#[test]
fn what_not_everybody_may_see_is_left_out_and_named_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    for view in ["users", "admin", "PHID-PROJ-1"] {
        let server = Server::start(move |request| {
            if request.contains("git-upload-pack") {
                return status(401);
            }
            let is_second = request.contains("&after=210");
            ok(phorge(1 + usize::from(is_second), if is_second { "public" } else { view })
                .to_string())
        });
        let toml = phabricator(&server.url, folder.path()) + "\nextension-prefix = 'extension-'";
        let listing = list_all(&[open(&toml)], &[]).unwrap();
        // Three by the list, and two by Git.
        let told = left_out(&listing);
        let by_list = format!("{} does not show it to everybody", server.url);
        assert_eq!(
            told[0],
            ("extensions/Observed".to_owned(), Absence::NotPublic, by_list.clone())
        );
        assert_eq!((told.len(), listing.failed.len()), (5, 0), "{view}: {:?}", listing.failed);
        let by_git = told.iter().filter(|(_, _, told)| told.contains("answered 401")).count();
        assert_eq!((by_git, told.iter().filter(|it| it.2 == by_list).count()), (2, 3));
        let says = "not public, and so not distributed: extensions/Observed, ";
        assert!(listing.warnings.iter().any(|it| it.starts_with(says)), "{:?}", listing.warnings);
    }
}

#[test]
fn what_git_calls_gone_or_not_public_is_left_out_and_named_and_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let token = token_file(folder.path());
    for (refusal, why, says) in [
        (401, Absence::NotPublic, "not public, and so not distributed: skins/Vector"),
        (403, Absence::NotPublic, "not public, and so not distributed: skins/Vector"),
        (404, Absence::Gone, "not on its Git server, and so not distributed: skins/Vector"),
        (410, Absence::Gone, "not on its Git server, and so not distributed: skins/Vector"),
    ] {
        let answer =
            move |request: &str| lists_one_skin(request).unwrap_or_else(|| status(refusal));
        let server = Server::start(answer);
        let mut upstreams: Vec<_> =
            tables_of_one_skin(&server.url, &token).iter().map(|it| open(it)).collect();
        upstreams.push(list_file(folder.path(), &server.url, &["skins/Vector"]));
        for upstream in upstreams {
            let name = upstream.url().to_owned();
            let listing = list_all(&[upstream], &[]).unwrap();
            assert_eq!((listing.ids().count(), listing.failed.len()), (0, 0), "{name}");
            let told = left_out(&listing);
            assert_eq!((told.len(), told[0].1), (1, why), "{name}: {told:?}");
            assert!(told[0].2.contains(&refusal.to_string()), "{name}: {told:?}");
            assert_eq!(listing.warnings, [says], "{name}");
        }
    }
}

#[test]
fn what_one_upstream_no_longer_has_is_taken_from_the_next_one() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = Server::start(git_2);
    let upstreams = [
        list_file(one.path(), &format!("{}/Missing", server.url), &["skins/A"]),
        list_file(two.path(), &server.url, &["skins/A"]),
    ];
    let listing = list_all(&upstreams, &[]).unwrap();
    assert_eq!(listing.projects.len(), 1);
    assert_eq!(listing.projects[0].url, format!("{}/A", server.url));
    assert_eq!((left_out(&listing).len(), listing.warnings.len()), (0, 0));
}
