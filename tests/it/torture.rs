//! `cargo xtask torture` in short: cycles that are killed, load, and many cycles.

use std::time::Duration;

use tardist_tests::{Crashes, Endurance, Load, StoreKills};

#[test]
fn a_cycle_that_is_killed_leaves_all_whole_and_the_next_one_needs_no_hand() {
    let mut crashes = Crashes::new(7, true);
    for _ in 0..5 {
        let crash = crashes.crash_one();
        assert!(crash.complaints.is_empty(), "{crash:#?}");
    }
    let complaints = crashes.look();
    assert!(complaints.is_empty(), "{complaints:#?}");
}

#[test]
fn no_node_ever_names_what_the_store_does_not_have_whoever_is_killed() {
    let mut kills = StoreKills::new(7);
    let mut hit = 0;
    for _ in 0..15 {
        let killed = kills.kill_some();
        assert!(killed.complaints.is_empty(), "{killed:#?}");
        hit += killed.hit;
    }
    assert!(hit > 0);
}

#[test]
fn no_answer_fails_or_mixes_snapshots_while_they_are_replaced() {
    let loaded = Load { connections: 16, time: Duration::from_secs(3) }.run();
    assert_eq!(loaded.failed, 0, "{loaded:#?}");
    assert!(loaded.snapshots > 1, "{loaded:#?}");
}

#[test]
fn cycles_with_small_changes_take_no_more_from_one_to_the_next() {
    let mut looks = 0;
    let complaints = Endurance { cycles: 10, every: 5 }.run(|_, figures| {
        looks += 1;
        assert!(figures.descriptors > 0 && figures.tarballs > 0, "{figures:?}");
    });
    assert!(complaints.is_empty(), "{complaints:#?}");
    assert_eq!(looks, 2);
}
