//! A wiki that has ExtensionDistributor.

use crate::support::{Answer, Server, described, list, names, ok};

#[test]
fn mediawiki_tells_names_and_branches_in_one_request() {
    let server = Server::start(|_| ok(described("mediawiki.json")));
    let url = &server.url;
    let table = |rest: &str| format!("type = 'mediawiki'\nurl = '{url}/w/api.php'\n{rest}");
    let listing = list(&table("git-url = 'https://git.example.org/r'")).unwrap();
    assert_eq!(names(&listing), ["extensions/Cite", "extensions/VisualEditor", "skins/Vector"]);
    let cite = &listing.without_tips[0];
    assert_eq!(cite.remote_url, "https://git.example.org/r/mediawiki/extensions/Cite");
    assert_eq!(cite.source_url, "https://git.example.org/r/mediawiki/extensions/Cite.git");
    assert_eq!(listing.refused[0].text, "../../etc");
    let branches: Vec<String> = listing.branches.unwrap().iter().map(ToString::to_string).collect();
    assert_eq!(branches, ["master", "REL1_46", "REL1_45"]);
    assert_eq!(server.requests().len(), 1);

    let template = "git-url = 'https://github.com/wikimedia/mediawiki-$TYPE-$EXT'";
    let listing = list(&table(&format!("{template}\nwiki-branches = false"))).unwrap();
    assert_eq!(listing.branches, None);
    let vector = "https://github.com/wikimedia/mediawiki-skins-Vector";
    assert_eq!(listing.without_tips[2].source_url, vector);
}

#[test]
fn mediawiki_without_the_extension_says_so() {
    for (file, says) in [
        ("mediawiki-without.json", "ExtensionDistributor"),
        ("mediawiki-error.json", "readapidenied"),
    ] {
        let server = Server::start(move |_| ok(described(file)));
        let toml = format!("type = 'mediawiki'\nurl = '{}/w/api.php'", server.url);
        let error = list(&toml).unwrap_err().to_string();
        assert!(error.contains(says) && error.contains(&server.url), "{error}");
    }
}

#[test]
fn a_wiki_with_too_many_branches_and_a_long_url_of_a_next_page_are_errors() {
    let branches: Vec<String> = (0..=100).map(|i| format!("\"REL{i}\"")).collect();
    let wiki = format!(
        "{{\"query\":{{\"extdistrepos\":{{\"extensions\":[\"A\"],\"skins\":[]}},\"general\":\
         {{\"extensiondistributor\":{{\"snapshots\":[{}]}}}}}}}}",
        branches.join(",")
    );
    let server = Server::start(move |_| ok(wiki.clone()));
    let error = list(&format!("type = 'mediawiki'\nurl = '{}/api.php'", server.url)).unwrap_err();
    assert!(error.to_string().contains("more than 100 entries"), "{error}");

    let server = Server::start(|_| Answer {
        next: Some(format!("SELF/{}", "x".repeat(3000))),
        ..ok("[{\"name\":\"mediawiki-skins-A\",\"clone_url\":\"SELF/a\"}]")
    });
    let error = list(&format!("type = 'github'\nurl = '{}/x'", server.url)).unwrap_err();
    assert!(error.to_string().contains("next page has more than 2048 bytes"), "{error}");
}
