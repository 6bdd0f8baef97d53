//! An upstream that suddenly has much less than before: nothing is withdrawn until an operator accepts
//! it (`--accept-loss`).

use tardist_tests::{Fault, File, State, TestEnv, within};

/// So many extensions, and four skins, each with two branches; synced once.
fn env(extensions: usize) -> TestEnv {
    let env = TestEnv::empty();
    for id in ids(extensions) {
        let tip = env.commit(&id, "master", &[("a.txt", File::text(id.as_str()))]);
        env.repository(&id).branch("REL1_45", tip).unwrap();
    }
    env.sync(&[]).exits(0);
    env
}

fn ids(extensions: usize) -> Vec<String> {
    let extensions = (0..extensions).map(|number| format!("extensions/Many{number:02}"));
    extensions.chain((0..4).map(|number| format!("skins/Few{number}"))).collect()
}

fn set_state(env: &TestEnv, ids: &[String], state: State) {
    for id in ids {
        env.repository(id).set_state(state).unwrap();
    }
}

/// The repositories that the loss is about: those with numbers below the count.
type Loss = fn(&TestEnv, &[String]);

/// Takes something from an upstream of so many extensions. Nothing may be withdrawn, loudly; when it
/// comes back all is as before; and what is lost and accepted is withdrawn: of so many tarballs, so many
/// stay.
#[track_caller]
fn loses(extensions: usize, lose: Loss, restore: Loss, stay: usize) {
    let env = env(extensions);
    let all = ids(extensions);
    let (before, tips) = (env.published(), env.tips());
    lose(&env, &all);
    for _ in 0..2 {
        env.sync(&["--grace", "0s"])
            .exits(1)
            .says(&["--accept-loss", "the earlier snapshot stays"]);
        assert!(env.published() == before);
        env.tardist(&["status"]).exits(3).says(&["--accept-loss"]);
    }
    restore(&env, &all);
    env.sync(&[]).exits(0).says(&["nothing new"]);
    env.tardist(&["status"]).exits(0);
    assert_eq!(env.tips(), tips);

    lose(&env, &all);
    env.sync(&["--accept-loss"]).exits(0);
    assert_eq!(env.tips().len(), stay);
    env.tardist(&["verify"]).exits(0);
    // It was accepted once; nothing is lost any more.
    env.sync(&[]).exits(0);
    assert_eq!(env.tips().len(), stay);
}

#[test]
fn names_without_tips_withdraw_nothing() {
    let lose: Loss = |env, _| env.server.fault("b=refs", Fault::EmptyList, None);
    loses(6, lose, |env, _| env.server.clear_faults(), 0);
}

#[test]
fn half_of_the_repositories_gone_withdraws_nothing() {
    let lose: Loss = |env, all| set_state(env, &all[..5], State::Hidden);
    loses(10, lose, |env, all| set_state(env, all, State::Active), 18);
}

#[test]
fn all_repositories_read_only_withdraws_nothing() {
    let lose: Loss = |env, all| set_state(env, all, State::ReadOnly);
    loses(6, lose, |env, all| set_state(env, all, State::Active), 0);
}

#[test]
fn nearly_all_repositories_gone_withdraws_nothing() {
    let lose: Loss = |env, all| set_state(env, &all[..39], State::Hidden);
    loses(40, lose, |env, all| set_state(env, all, State::Active), 10);
}

#[test]
fn all_skins_gone_withdraws_nothing() {
    let lose: Loss = |env, all| set_state(env, &all[6..], State::Hidden);
    loses(6, lose, |env, all| set_state(env, all, State::Active), 12);
}

#[test]
fn a_branch_that_most_repositories_lost_withdraws_nothing() {
    let lose: Loss = |env, all| {
        for id in &all[..9] {
            env.repository(id).delete_branch("REL1_45").unwrap();
        }
    };
    let restore: Loss = |env, all| {
        for id in &all[..9] {
            let tip = env.repository(id).tip("master").unwrap().unwrap();
            env.repository(id).branch("REL1_45", tip).unwrap();
        }
    };
    loses(10, lose, restore, 19);
}

#[test]
fn settings_that_ask_for_nothing_withdraw_nothing_unless_that_is_confirmed() {
    let env = env(10);
    let before = env.published();
    env.sync(&["--branch", "REL_46"]).exits(1).says(&["14 of 14 repositories", "--accept-loss"]);
    assert_eq!(env.published(), before);
    env.sync(&["--branch", "REL_46", "--accept-loss"]).exits(0);
    assert_eq!(env.tips().len(), 0);
}

#[test]
fn a_few_repositories_that_are_gone_are_withdrawn_without_asking() {
    let env = env(10);
    let all = ids(10);
    set_state(&env, &all[..2], State::Hidden);
    env.repository(&all[5]).delete_branch("REL1_45").unwrap();
    env.sync(&[]).exits(0);
    assert_eq!(env.tips().len(), 28 - 4 - 1);
}

#[test]
fn what_slips_between_two_pages_of_a_list_is_not_withdrawn() {
    // The pages of the names, and those of their branches.
    for second_page in ["mediawiki/extensions/&S=4", "&n=4&S=4"] {
        let env = env(10);
        let mut expected = env.tips();
        env.server.set_page_limit(Some(4));
        env.server.fault(second_page, Fault::Hold, Some(1));
        let sync = env.start_sync();
        within("the second page is asked for", || {
            env.server.requests().iter().any(|request| request.target.contains(second_page))
        });
        // All after it move up.
        set_state(&env, &ids(1)[..1], State::Hidden);
        env.server.clear_faults();
        sync.wait().exits(0);
        let tips = env.tips();
        expected.retain(|branch, _| !branch.starts_with("extensions/Many00 "));
        let lost: Vec<_> = expected.keys().filter(|branch| !tips.contains_key(*branch)).collect();
        assert_eq!(lost, [""; 0], "{second_page}");
        env.sync(&[]).exits(0);
        assert_eq!(env.tips(), expected, "{second_page}");
    }
}

#[test]
fn a_repository_that_comes_back_was_first_published_when_it_was() {
    let env = env(10);
    let all = ids(10);
    let infos = || env.serve(&[]).get("/info").json();
    let before = infos();
    set_state(&env, &all[..2], State::Hidden);
    env.sync(&[]).exits(0);
    assert_ne!(infos(), before);
    // So that the clock shows another second.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    set_state(&env, &all[..2], State::Active);
    env.sync(&[]).exits(0);
    assert_eq!(infos(), before);
}

#[test]
fn the_share_that_may_be_lost_is_a_setting() {
    let env = env(10);
    let all = ids(10);
    let before = env.tips();
    set_state(&env, &all[..3], State::Hidden);
    env.sync(&["--max-loss", "10"]).exits(1).says(&["--accept-loss", "max-loss"]);
    assert_eq!(env.tips(), before);
    env.sync(&["--max-loss", "50"]).exits(0);
    assert_eq!(env.tips().len(), 22);
}

#[test]
fn what_is_lost_withdraws_nothing_while_something_else_is_new() {
    let env = env(10);
    let all = ids(10);
    let before = env.published();
    set_state(&env, &all[..5], State::Hidden);
    env.commit(&all[9], "master", &[("b.txt", File::text("b"))]);
    env.sync(&["--grace", "0s"]).exits(1).says(&["--accept-loss"]);
    let after = env.published();
    assert!(before.iter().all(|(path, bytes)| after.get(path) == Some(bytes)));
}
