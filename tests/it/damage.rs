//! Damaged files, a disk that is full or read-only, and other processes: the next cycle repairs
//! everything, without a hand. `cargo xtask torture --faults` prints the same as a table.

use tardist_tests::damage::harms;

use crate::tables::are_tested_and_have_rows;

test_each! {
    is_repaired:
    builders_at_the_same_time,
    checksums_a_folder,
    checksums_garbage,
    data_read_only,
    disk_below_keep_free,
    disk_full,
    disk_full_of_old_tarballs,
    disk_without_inodes,
    folder_of_mirrors_a_file,
    folder_of_mirrors_gone,
    folder_of_skins_a_file,
    folder_of_skins_gone,
    folder_of_tarballs_a_file,
    folder_of_tarballs_gone,
    index_page_a_folder,
    index_page_garbage,
    mirror_a_file,
    mirror_with_cut_indexes,
    mirror_with_cut_packs,
    mirror_with_empty_refs,
    mirror_with_empty_refs_without_packs,
    mirror_with_flipped_packs,
    mirror_with_garbage_as_config,
    mirror_with_garbage_as_head,
    mirror_with_garbage_as_shallow,
    mirror_without_head,
    mirror_without_indexes,
    mirror_without_objects,
    mirror_without_packs,
    mirror_without_refs,
    mirrors_read_only,
    quarantine_a_folder,
    quarantine_garbage,
    report_a_folder,
    report_garbage,
    sigint,
    sigterm,
    skins_read_only,
    snapshot_a_folder,
    snapshot_cut,
    snapshot_empty,
    snapshot_flipped,
    snapshot_gone,
    snapshot_older_than_the_state,
    snapshot_with_a_journal,
    snapshot_with_a_log,
    snapshot_with_a_wrong_digit,
    state_a_folder,
    state_cut,
    state_empty,
    state_flipped,
    state_with_a_damaged_page_of_texts,
    state_gone,
    state_of_a_killed_cycle_with_a_tarball_gone,
    state_of_a_killed_cycle_with_wrong_texts,
    state_older_than_the_snapshot,
    state_with_a_journal,
    state_with_a_log,
    tarball_a_folder,
    tarball_cut,
    tarball_flipped,
    tarball_gone,
    tarballs_read_only,
}

#[track_caller]
fn is_repaired(name: &str) {
    let harm = harms().find(|harm| harm.name == name).expect("a harm of this name");
    for busy in harm.states() {
        let harmed = harm.run(*busy);
        if let Some(why) = &harmed.left_out {
            // For example, only root can make a disk that is full.
            println!("left out: {why}");
        }
        let upstream = if *busy { "busy" } else { "quiet" };
        assert!(harmed.complaints.is_empty(), "{name}, the upstream is {upstream}: {harmed:#?}");
    }
}

#[test]
fn each_harm_has_a_test_and_a_row_for_operators() {
    are_tested_and_have_rows(TESTED, harms().map(|harm| harm.name));
}
