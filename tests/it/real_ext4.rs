//! A real ext4 that loses its power: what was not forced to the disk is gone.

use tardist_tests::Crashes;

#[test]
fn a_cycle_whose_power_is_cut_leaves_all_whole_and_the_next_one_needs_no_hand() {
    let mut crashes = Crashes::of_power(7).unwrap();
    let mut cut = 0;
    for _ in 0..8 {
        let crash = crashes.crash_one();
        assert!(crash.complaints.is_empty(), "{crash:#?}");
        cut += u32::from(crash.hit.is_some());
    }
    assert!(cut > 0);
}
