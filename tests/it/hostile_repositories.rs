//! Hostile repositories in short: each beside a good one, through the real `tardist sync`, twice.
//! `cargo xtask torture --hostile` runs the same cases in full size.
//!
//! Each has to end as it should, with the message that it should have, within a limit of memory. The
//! good repository is published. The second cycle does nothing again. `verify` finds all whole, `gc`
//! ends, and nothing unfinished is left.

use tardist_tests::Kills;
use tardist_tests::hostile::{Size, Together, Trial, cases};

use crate::tables::are_tested_and_have_rows;

test_each! {
    ends_as_it_should:
    attribute_classes,
    attribute_fills,
    attribute_folders,
    attribute_macros,
    attribute_patterns,
    attributes_large,
    authors_in_wikitext,
    branch_of_a_blob,
    branches_of_noise,
    case_names,
    commit_dates,
    commit_large,
    commit_parents,
    deep_folders,
    delta_bombs,
    delta_chain,
    delta_chain_backwards,
    delta_chain_of_files,
    delta_large,
    delta_too_large,
    duplicate_names,
    encodings,
    gitmodules_keys,
    gitmodules_large,
    gitmodules_odd,
    gitmodules_sections,
    ident,
    large_tree_object,
    line_ends,
    links_deep,
    links_in_a_circle,
    links_out_of_the_tree,
    links_that_double,
    links_through_links,
    links_to_nothing,
    links_with_a_long_text,
    links_with_own_texts,
    long_paths,
    manifest_deep,
    manifest_large,
    manifest_numbers,
    manifest_requires,
    manifest_wide_field,
    manifests_many,
    manifests_wide,
    many_files,
    message_bomb,
    message_bomb_languages,
    message_bomb_small,
    message_file_huge,
    message_files_large,
    message_folders,
    mode_too_large,
    names,
    noise,
    object_sizes,
    objects_many,
    objects_of_nobody,
    odd_modes,
    pack_count,
    refs_many,
    submodule_hosts,
    submodule_inside_a_mirror,
    submodule_of_itself,
    submodule_paths,
    submodule_urls,
    submodules_many,
    submodules_missing,
    submodules_nested,
    submodules_nested_deep,
    submodules_of_noise,
    tar_smuggle,
    texts_of_branches,
    tree_bomb,
    wikitext_open,
    zeros,
}

#[track_caller]
fn ends_as_it_should(name: &str) {
    let case = cases().find(|case| case.name == name).expect("a case of this name");
    let outcome = Trial::new(case, Size::Short).run();
    assert!(outcome.complaints.is_empty(), "{name}: {}\n{outcome:#?}", case.about);
}

#[test]
fn all_of_them_in_one_upstream_leave_the_good_repositories_alone() {
    let totals = Together::new(Size::Short).run();
    assert!(totals.complaints.is_empty(), "{totals:#?}");
}

#[test]
fn each_case_has_a_test_and_a_row_for_operators() {
    are_tested_and_have_rows(TESTED, cases().map(|case| case.name));
}

#[test]
fn a_worker_that_is_killed_costs_one_repository_and_the_next_cycle_repairs_it() {
    let mut kills = Kills::new(11);
    for _ in 0..5 {
        let killed = kills.kill_one();
        assert!(killed.complaints.is_empty(), "{killed:#?}");
    }
}
