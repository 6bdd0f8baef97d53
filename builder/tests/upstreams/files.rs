//! Upstreams on disk: a list that is a file, and a folder of repositories.

use std::{fs, path::Path};

use git2::{Repository, Signature, Time};
use tardist::{
    Error,
    upstream::{self, Spec},
};

use crate::support::list;

#[test]
fn a_list_file_that_is_missing_empty_or_wrong_is_told_all_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let spec = |name: &str| format!("list={}", path(name)).parse::<Spec>().unwrap();
    fs::write(path("empty"), "# nothing yet\n").unwrap();
    fs::write(path("wrong"), "skins/A https://h.example/A\nskins/B\nskins/C /srv/C\n").unwrap();
    let specs = [spec("missing"), spec("empty"), spec("wrong")];
    let Err(Error::Config(text)) = upstream::open(&specs) else { panic!("an error") };
    for says in [
        format!("cannot read the list {}", path("missing")),
        format!("{}: it names no repository", path("empty")),
        format!("{}, line 2: ", path("wrong")),
        format!("{}, line 3: \"/srv/C\"", path("wrong")),
    ] {
        assert!(text.contains(&says), "{says} in {text}");
    }
}

/// A bare repository with one commit on `branch`.
fn repository(path: &Path, branch: &str) -> String {
    let repository = Repository::init_bare(path).unwrap();
    let tree = repository.treebuilder(None).unwrap().write().unwrap();
    let tree = repository.find_tree(tree).unwrap();
    let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
    let name = format!("refs/heads/{branch}");
    repository.commit(Some(&name), &who, &who, "x", &tree, &[]).unwrap().to_string()
}

#[test]
fn a_directory_tells_repositories_and_tips_in_both_layouts() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let tip = repository(&root.join("extensions/Foo.git"), "REL1_45");
    repository(&root.join("mediawiki/skins/Bar.git"), "wip");
    repository(&root.join("skins/a b.git"), "master");
    Repository::init_bare(root.join("skins/Empty.git")).unwrap();
    fs::create_dir_all(root.join("skins/Broken.git")).unwrap();
    fs::create_dir_all(root.join("skins/other")).unwrap();
    let listing = list(&format!("type = 'directory'\npath = '{}'", root.display())).unwrap();
    let mut shown: Vec<(String, &str, usize)> = listing
        .projects
        .iter()
        .map(|it| (it.id.to_string(), it.source_url.as_str(), it.tips.len()))
        .collect();
    shown.sort();
    let expected = [
        ("extensions/Foo".to_owned(), "extensions/Foo.git", 1),
        ("skins/Bar".to_owned(), "mediawiki/skins/Bar.git", 0),
        ("skins/Empty".to_owned(), "skins/Empty.git", 0),
    ];
    assert_eq!(shown, expected);
    assert_eq!(listing.projects[0].tips[&"REL1_45".parse().unwrap()].as_str(), tip);
    assert!(listing.projects[0].url.starts_with('/'));
    assert_eq!(listing.failed[0].0.to_string(), "skins/Broken");
    assert_eq!(listing.refused[0].text, "a b");

    let public = format!(
        "type = 'directory'\npath = '{}'\ngit-url = 'https://git.example.org/'",
        root.display()
    );
    let listing = list(&public).unwrap();
    let foo = &listing.projects[0];
    assert_eq!(foo.source_url, "https://git.example.org/extensions/Foo.git");
    assert_eq!(foo.remote_url, "https://git.example.org/extensions/Foo");

    let empty = root.join("skins/other");
    let error = list(&format!("type = 'directory'\npath = '{}'", empty.display())).unwrap_err();
    assert!(error.to_string().contains("neither extensions/ nor skins/"), "{error}");
    let error = list("type = 'directory'\npath = '/no/such/folder'").unwrap_err();
    assert!(error.to_string().contains("/no/such/folder"), "{error}");
}
