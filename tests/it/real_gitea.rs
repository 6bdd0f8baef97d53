//! A real Gitea as the upstream.
//!
//! This is one test, since its steps build on each other.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;

use tardist_tests::{GITEA_ADMIN, Gitea, TestEnv, json};

const OWNER: &str = "wikis";
const GREETING: &str = "extensions/SampleGreeting";
const NOTES: &str = "extensions/SampleNotes";
const PAPER: &str = "skins/SamplePaper";

/// More than are on a page.
const OTHERS: usize = 50;

/// The name that a repository has on Gitea.
fn name(id: &str) -> String {
    format!("mediawiki-{}", id.replace('/', "-"))
}

#[test]
fn what_is_pushed_to_a_real_gitea_is_mirrored_and_withdrawn_when_it_is_not_public_any_more() {
    let env = TestEnv::sample();
    let gitea = Gitea::start();
    gitea.administrate("POST", "orgs", &json!({ "username": OWNER }));
    for number in 0..OTHERS {
        gitea.create(OWNER, &format!("other-{number}"));
    }
    for id in [GREETING, NOTES, PAPER] {
        gitea.create(OWNER, &name(id));
        gitea.push(&env.repository(id), OWNER, &name(id));
    }
    gitea.create(OWNER, &name("skins/Empty"));
    let env = env.with_upstream(&format!("gitea={}/{OWNER}", gitea.url()));

    the_public_repositories_of_both_pages_are_published(&env, &gitea);
    a_push_is_a_new_tarball(&env, &gitea);
    a_mirror_is_a_repository_like_others(&env, &gitea);
    what_becomes_private_is_withdrawn_and_comes_with_credentials(&env, &gitea);
    what_is_archived_or_deleted_is_withdrawn(&env, &gitea);
    a_renamed_owner_is_named_with_its_new_place(&env, &gitea);
}

/// The repositories that are published.
fn published(env: &TestEnv) -> BTreeSet<String> {
    env.tips().keys().map(|tip| tip.split_once(' ').unwrap().0.to_owned()).collect()
}

fn ids<const N: usize>(ids: [&str; N]) -> BTreeSet<String> {
    ids.map(str::to_owned).into()
}

fn the_public_repositories_of_both_pages_are_published(env: &TestEnv, gitea: &Gitea) {
    env.sync(&[]).exits(0);
    assert_eq!(published(env), ids([GREETING, NOTES, PAPER]));
    for (branch, commit) in env.tips() {
        let (id, branch) = branch.split_once(' ').unwrap();
        let tip = env.repository(id).tip(branch).unwrap().unwrap();
        assert_eq!(commit, tip.to_string(), "{id} {branch}");
    }
    env.tardist(&["verify"]).exits(0);
    // Two pages, and Git for each of the four repositories.
    let before = env.published();
    env.sync(&[]).exits(0).says(&["nothing new", "4 repositories listed", "6 requests"]);
    assert!(env.published() == before, "a byte has changed");
    let info = env.serve(&[]).get(&format!("/info/{PAPER}")).json();
    assert_eq!(info["source_url"], format!("{}/{OWNER}/{}.git", gitea.url(), name(PAPER)));
}

fn a_push_is_a_new_tarball(env: &TestEnv, gitea: &Gitea) {
    let commit = env.commit(PAPER, "master", &[]);
    gitea.push(&env.repository(PAPER), OWNER, &name(PAPER));
    env.sync(&[]).exits(0).says(&["1 tarballs made"]);
    assert_eq!(env.tips()[&format!("{PAPER} master")], commit.to_string());
}

fn a_mirror_is_a_repository_like_others(env: &TestEnv, gitea: &Gitea) {
    let from = format!("{}/{OWNER}/{}.git", gitea.url(), name(PAPER));
    let to = name("skins/Mirror");
    let asked = json!({ "clone_addr": from, "repo_name": to, "repo_owner": OWNER, "mirror": true });
    let made = gitea.administrate("POST", "repos/migrate", &asked);
    assert_eq!(made["mirror"], true, "{made}");
    env.sync(&[]).exits(0);
    assert_eq!(published(env), ids([GREETING, NOTES, PAPER, "skins/Mirror"]));
}

fn what_becomes_private_is_withdrawn_and_comes_with_credentials(env: &TestEnv, gitea: &Gitea) {
    let path = format!("repos/{OWNER}/{}", name(NOTES));
    gitea.administrate("PATCH", &path, &json!({ "private": true }));
    let file = |name: &str, text: &str| {
        let path = env.folder().join(name);
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path.display().to_string()
    };
    let table = format!("[[upstream]]\ntype = \"gitea\"\nurl = \"{}/{OWNER}\"\n", gitea.url());
    let with_token = format!("{table}token-file = \"{}\"\n", file("token", &gitea.token()));
    let login = file("login", GITEA_ADMIN);
    let with_credentials = format!("{with_token}git-credentials-file = \"{login}\"\n");
    let public = ids([GREETING, PAPER, "skins/Mirror"]);
    let run = env.sync_with(&table, &[]);
    run.exits(0).says(&["1 no longer published: extensions/SampleNotes"]);
    assert_eq!(published(env), public);
    let says = "not public, and so not distributed: extensions/SampleNotes";
    env.sync_with(&with_token, &[]).exits(0).says(&[says]);
    assert_eq!(published(env), public);
    let run = env.sync_with(&with_credentials, &["-v"]);
    assert!(!run.exits(0).text().contains("s3cret"), "{}", run.text());
    assert_eq!(published(env), ids([GREETING, NOTES, PAPER, "skins/Mirror"]));
    env.sync_with(&with_token, &[]).exits(0);
    assert_eq!(published(env), public);

    // The list of a file does not say what is public. Git does.
    let git = gitea.url();
    let list = env.folder().join("list.txt");
    let line = |id: &str| format!("{id} {git}/{OWNER}/{}\n", name(id));
    fs::write(&list, line(NOTES) + &line(GREETING)).unwrap();
    let data = env.folder().join("of-the-list").display().to_string();
    let list = format!("list={}", list.display());
    env.tardist(&["sync", "--data", &data, "--upstream", &list]).exits(0).says(&[says]);
}

fn what_is_archived_or_deleted_is_withdrawn(env: &TestEnv, gitea: &Gitea) {
    let mirror = format!("repos/{OWNER}/{}", name("skins/Mirror"));
    gitea.administrate("DELETE", &mirror, &json!({}));
    env.sync(&[]).exits(0).says(&["1 no longer published: skins/Mirror"]);
    let path = format!("repos/{OWNER}/{}", name(NOTES));
    gitea.administrate("PATCH", &path, &json!({ "private": false }));
    env.sync(&[]).exits(0);
    assert_eq!(published(env), ids([GREETING, NOTES, PAPER]));
    gitea.administrate("PATCH", &path, &json!({ "archived": true }));
    env.sync(&[]).exits(0).says(&["1 no longer published: extensions/SampleNotes"]);
    assert_eq!(published(env), ids([GREETING, PAPER]));
    env.tardist(&["verify"]).exits(0);
}

fn a_renamed_owner_is_named_with_its_new_place(env: &TestEnv, gitea: &Gitea) {
    let before = env.tips();
    gitea.administrate("POST", &format!("orgs/{OWNER}/rename"), &json!({ "new_name": "others" }));
    let status = gitea.get(&format!("orgs/{OWNER}/repos")).status;
    assert!((300..400).contains(&status), "{status}");
    env.sync(&["--grace", "0s"]).exits(1).says(&["it has moved to", "/api/v1/orgs/others/repos"]);
    assert_eq!(env.tips(), before, "nothing changes");
    // Git's redirect is followed.
    let list = env.folder().join("list.txt");
    let line = |id: &str| format!("{id} {}/{OWNER}/{}.git\n", gitea.url(), name(id));
    fs::write(&list, line(GREETING) + &line(PAPER)).unwrap();
    let commit = env.commit(PAPER, "master", &[]);
    gitea.push(&env.repository(PAPER), "others", &name(PAPER));
    env.sync(&["--upstream", &format!("list={}", list.display())]).exits(0);
    assert_eq!(env.tips()[&format!("{PAPER} master")], commit.to_string());
}
