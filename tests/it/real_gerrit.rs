//! A real Gerrit as the upstream. It also checks that the sample upstream answers as Gerrit does.
//!
//! This is one test, since a Gerrit takes ten seconds to start. Its steps build on each other.

use tardist_tests::{BRANCHES, Gerrit, Site, State, TestEnv, Value, files, json};

const GREETING: &str = "extensions/SampleGreeting";
const PAPER: &str = "skins/SamplePaper";

#[test]
fn what_is_pushed_to_a_real_gerrit_is_mirrored_and_answered() {
    let env = TestEnv::sample();
    // A tag with the name of a branch, on another commit.
    let greeting = env.repository(GREETING);
    greeting.tag("REL1_45", greeting.tip("REL1_43").unwrap().unwrap()).unwrap();
    for branch in &BRANCHES[1..] {
        env.branch_core(branch);
        env.release_core(branch);
    }
    let mut gerrit = Gerrit::start();
    push_the_sample(&env, &gerrit);
    the_sample_answers_as_gerrit_does(&env, &gerrit);

    let env = env.with_upstream(&gerrit.url());
    a_first_sync_publishes_the_tips_of_all_branches(&env, &mut gerrit);
    when_nothing_is_new_git_is_asked_for_the_release_branches_alone(&env, &mut gerrit);
    let site = env.serve(&[]);
    a_push_is_one_fetch_one_tarball_and_a_new_answer(&env, &mut gerrit, &site);
    one_branch_and_one_project_are_answered_as_gerrit_does(&gerrit, &site);
    what_gerrit_no_longer_has_is_no_longer_answered(&env, &gerrit, &site);
    a_new_project_is_found(&env, &gerrit, &site);
    a_new_release_branch_is_distributed(&env, &gerrit, &site);
}

/// The REST API of the sample upstream.
fn sample(env: &TestEnv) -> Site {
    let url = env.server.url();
    Site::at(url.trim_start_matches("http://").trim_end_matches("/r").parse().unwrap())
}

/// The JSON that the sample upstream answers, like [`Gerrit::get`].
fn get(sample: &Site, path: &str) -> Value {
    let text = sample.request("GET", &format!("/r/{path}"), &[]).is(200).text();
    text.strip_prefix(")]}'\n").unwrap().parse().unwrap()
}

/// Creates all projects of the sample in Gerrit and pushes their content, as administrators and
/// developers do.
fn push_the_sample(env: &TestEnv, gerrit: &Gerrit) {
    let projects = get(&sample(env), "projects/?all");
    for (project, info) in projects.as_object().unwrap() {
        gerrit.create(project);
        let repository = env.upstream.repository(project).unwrap();
        // Gerrit accepts a tag only if a branch has its commit already.
        gerrit.push(&repository, project, &["refs/heads/*"]);
        gerrit.push(&repository, project, &["refs/tags/*"]);
        if info["state"] != "ACTIVE" {
            gerrit.set_state(project, info["state"].as_str().unwrap());
        }
    }
}

/// Pages, `b=`, and the traps of both. All other tests rely on the sample upstream for them.
fn the_sample_answers_as_gerrit_does(env: &TestEnv, gerrit: &Gerrit) {
    let sample = sample(env);
    let extensions = "projects/?p=mediawiki/extensions/";
    let [tag, branch] = ["b=REL1_45", "b=refs/heads/REL1_45"];
    let few = "b=refs/heads/REL1_43";
    let mut queries = vec![
        extensions.to_owned(),
        format!("{extensions}&{tag}"),
        format!("{extensions}&{branch}&b=refs/heads/master"),
        format!("{extensions}&b=nothing"),
        "projects/?p=mediawiki/skins/&s=READ_ONLY".to_owned(),
        "projects/?m=samplegreeting".to_owned(),
        "projects/?p=nothing/".to_owned(),
        "projects/mediawiki%2Fextensions%2FSampleNotes/branches".to_owned(),
        "projects/mediawiki%2Fextensions%2FSampleNotes/branches?n=2&S=1".to_owned(),
    ];
    for start in 0..9 {
        for limit in 1..4 {
            queries.push(format!("{extensions}&n={limit}&S={start}"));
            queries.push(format!("{extensions}&n={limit}&S={start}&{few}"));
        }
    }
    for query in &queries {
        assert_eq!(get(&sample, query), gerrit.get(query), "{query}");
    }
    let tip = |query: &str| {
        gerrit.get(&format!("{extensions}&{query}"))
        ["mediawiki/extensions/SampleGreeting"]["branches"][&query[2..]].clone()
    };
    assert_ne!(tip(tag), tip(branch), "the name of a branch finds a tag of that name");
}

/// Get Branch and Get Project of the Gerrit view, beside those of the Gerrit itself.
fn one_branch_and_one_project_are_answered_as_gerrit_does(gerrit: &Gerrit, site: &Site) {
    let theirs = gerrit.url();
    let theirs =
        Site::at(theirs.trim_start_matches("http://").trim_end_matches("/r").parse().unwrap());
    let project = "projects/mediawiki%2Fextensions%2FSampleNotes";
    for path in [
        "branches/REL1_45",
        "branches/refs%2Fheads%2FREL1_45",
        "branches/master/",
        "branches/heads%2FREL1_45",
        "branches/REL9_99",
        "branches/rel1_45",
        "branches/refs%2Ftags%2FREL1_45",
    ] {
        let path = format!("/r/{project}/{path}");
        let [ours, theirs] = [site, &theirs].map(|site| site.get(&path));
        assert_eq!(ours.status, theirs.status, "{path}: {} {}", ours.text(), theirs.text());
        if ours.status == 200 {
            let json =
                |text: String| text.strip_prefix(")]}'\n").unwrap().parse::<Value>().unwrap();
            assert_eq!(json(ours.text()), json(theirs.text()), "{path}");
        }
    }
    // A Gerrit also knows the parent and the labels of a project.
    let (ours, theirs) = (get(site, project), gerrit.get(project));
    for (key, value) in ours.as_object().unwrap() {
        assert_eq!(*value, theirs[key], "{key} in {theirs}");
    }
}

fn a_first_sync_publishes_the_tips_of_all_branches(env: &TestEnv, gerrit: &mut Gerrit) {
    let _ = gerrit.requests();
    env.sync(&[]).exits(0);
    let tips = env.tips();
    // As many as with the sample upstream: see `cycle`.
    assert_eq!(tips.len(), 32);
    assert!(!tips.keys().any(|branch| branch.contains("SampleRetired")), "it is READ_ONLY");
    for (branch, commit) in &tips {
        let (id, branch) = branch.split_once(' ').unwrap();
        let tip = env.repository(id).tip(branch).unwrap().unwrap();
        assert_eq!(*commit, tip.to_string(), "{id} {branch}");
    }
    // Each kind has its checksums and its list, too.
    assert_eq!(files(&env.data().join("dist")).len(), tips.len() + 4);
    let requests = gerrit.requests();
    assert!(requests.iter().any(|request| is_git(request)), "{requests:?}");
    for request in requests {
        assert!(request.starts_with("200 ") && request.contains(" tardist/"), "{request}");
    }
    env.tardist(&["verify"]).exits(0);
}

fn is_git(request: &str) -> bool {
    request.contains("/info/refs?") || request.contains("/git-upload-pack")
}

/// True for the question of MediaWiki itself for its release branches.
fn is_core(request: &str) -> bool {
    request.starts_with("200 POST /r/mediawiki/core/git-upload-pack")
}

fn when_nothing_is_new_git_is_asked_for_the_release_branches_alone(
    env: &TestEnv,
    gerrit: &mut Gerrit,
) {
    let before = env.published();
    env.sync(&[]).exits(0).says(&["nothing new"]);
    assert!(env.published() == before, "a byte has changed");
    let requests = gerrit.requests();
    let (core, lists): (Vec<_>, Vec<_>) = requests.iter().partition(|request| is_core(request));
    assert_eq!(core.len(), 1, "{requests:?}");
    assert!(lists.iter().all(|request| request.starts_with("200 GET /r/projects/?")), "{lists:?}");
    assert!((1..=4).contains(&lists.len()), "{lists:?}");
}

fn a_push_is_one_fetch_one_tarball_and_a_new_answer(
    env: &TestEnv,
    gerrit: &mut Gerrit,
    site: &Site,
) {
    let project = format!("mediawiki/{GREETING}");
    let answered = || {
        let answer = site.get(&format!("/info/{GREETING}")).json();
        BRANCHES.map(|branch| answer["branches"][branch]["commit"].clone())
    };
    let tarballs = || {
        let mut tarballs = files(&env.data().join("dist"));
        tarballs.retain(|path, _| path.ends_with(".tar.gz"));
        tarballs
    };
    let (before, mut commits) = (tarballs(), answered());
    let tip = env.repository(GREETING).tip("REL1_45").unwrap().unwrap();
    assert_eq!(commits[2], tip.to_string());

    let commit = env.commit(GREETING, "REL1_45", &[]).to_string();
    gerrit.push(&env.repository(GREETING), &project, &["refs/heads/REL1_45"]);
    let _ = gerrit.requests();
    env.sync(&[]).exits(0);
    let requests = gerrit.requests();
    let git: Vec<_> =
        requests.iter().filter(|request| is_git(request) && !is_core(request)).collect();
    assert!(git.iter().all(|request| request.contains(&project)), "{git:?}");
    // The commit is known from the list, so that Git need not list the refs.
    assert!(!git.is_empty() && git.len() <= 2, "{git:?}");
    assert!(!git.iter().any(|request| request.contains("/info/refs?")), "{git:?}");

    let mut after = tarballs();
    let new = format!("{GREETING}-REL1_45-{}.tar.gz", &commit[..7]);
    assert!(after.remove(&new).is_some(), "{new} is not there");
    assert!(after == before, "another tarball has changed");
    commits[2] = json!(commit);
    site.catch_up();
    assert_eq!(answered(), commits);
    env.tardist(&["verify"]).exits(0);
}

fn what_gerrit_no_longer_has_is_no_longer_answered(env: &TestEnv, gerrit: &Gerrit, site: &Site) {
    let mut expected = env.tips();
    gerrit.delete_branch(&format!("mediawiki/{GREETING}"), "REL1_43");
    gerrit.set_state(&format!("mediawiki/{PAPER}"), State::ReadOnly.as_str());
    env.sync(&[]).exits(0);
    expected
        .retain(|branch, _| *branch != format!("{GREETING} REL1_43") && !branch.starts_with(PAPER));
    assert_eq!(env.tips(), expected);
    site.catch_up();
    let answer = site.get(&format!("/info/{GREETING}")).json();
    assert_eq!(answer["branches"].as_object().unwrap().len(), 4, "{answer}");
    site.get(&format!("/info/{PAPER}")).problem(404);
    env.tardist(&["verify"]).exits(0);
}

fn a_new_project_is_found(env: &TestEnv, gerrit: &Gerrit, site: &Site) {
    let project = "mediawiki/extensions/SampleLate";
    gerrit.create(project);
    env.sync(&[]).exits(0);
    site.catch_up();
    site.get("/info/extensions/SampleLate").problem(404);
    let commit = env.commit("extensions/SampleLate", "REL1_44", &[]).to_string();
    gerrit.push(&env.repository("extensions/SampleLate"), project, &["refs/heads/REL1_44"]);
    env.sync(&[]).exits(0);
    site.catch_up();
    let answer = site.get("/info/extensions/SampleLate").json();
    assert_eq!(answer["branches"]["REL1_44"]["commit"], commit.as_str());
    env.tardist(&["verify"]).exits(0);
}

fn a_new_release_branch_is_distributed(env: &TestEnv, gerrit: &Gerrit, site: &Site) {
    let core = env.upstream.repository("mediawiki/core").unwrap();
    let default = || {
        site.catch_up();
        site.get(&format!("/info/{GREETING}")).json()["default_branch"].clone()
    };
    let branches = || {
        let tips = env.tips();
        let branch = |tip: &String| tip.split_once(' ').unwrap().1.to_owned();
        tips.keys().map(branch).collect::<std::collections::BTreeSet<_>>()
    };
    assert!(branches().contains("REL1_44") && default() == "REL1_46");

    // MediaWiki is branched first; extensions follow.
    env.branch_core("REL1_47");
    gerrit.push(&core, "mediawiki/core", &["refs/heads/*"]);
    for id in [GREETING, "extensions/SampleNotes"] {
        let tip = env.repository(id).tip("master").unwrap().unwrap();
        env.repository(id).branch("REL1_47", tip).unwrap();
        gerrit.push(&env.repository(id), &format!("mediawiki/{id}"), &["refs/heads/REL1_47"]);
    }
    env.sync(&[]).exits(0).says(&[
        "branches: master, REL1_47 (not released yet), REL1_46, REL1_45, REL1_44",
        "REL1_43 is no longer among the newest 4 release branches",
    ]);
    let now = ["REL1_44", "REL1_45", "REL1_46", "REL1_47", "master"];
    assert_eq!(branches(), now.map(str::to_owned).into());
    site.catch_up();
    let answer = site.get(&format!("/info/{GREETING}")).json();
    assert_eq!(answer["branches"]["REL1_47"]["commit"], answer["branches"]["master"]["commit"]);
    assert_eq!(default(), "REL1_46", "there is no release of REL1_47 yet");
    env.tardist(&["verify"]).exits(0);

    let tag = env.release_core("REL1_47");
    gerrit.push(&core, "mediawiki/core", &[&format!("refs/tags/{tag}")]);
    env.sync(&[]).exits(0).says(&["branches: master, REL1_47, REL1_46"]);
    assert_eq!(default(), "REL1_47");
}
