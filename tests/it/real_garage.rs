//! What `real_s3` does, with a real Garage.

use tardist_tests::{S3, TestEnv};

use crate::object_store::{goes_back, unusable};
use crate::real_s3::{a_large_tarball, three_nodes, two_builders, wrong_credentials};

#[test]
fn three_nodes_answer_from_what_one_builder_has_published() {
    three_nodes(&S3::garage());
}

#[test]
fn a_large_tarball_goes_up_in_parts_and_old_objects_go_after_the_grace_period() {
    a_large_tarball(&S3::garage());
}

#[test]
fn of_two_builders_one_is_told_that_the_other_was_first() {
    two_builders(&S3::garage());
}

#[test]
fn wrong_credentials_and_a_bucket_that_is_gone_are_told_and_no_secret_is() {
    wrong_credentials(&S3::garage(), "Invalid signature", "No such key");
}

#[test]
fn what_cannot_be_used_leaves_the_node_its_last_good_snapshot() {
    unusable(&TestEnv::sample(), &S3::garage());
}

#[test]
fn a_store_that_answers_with_what_it_had_before_changes_nothing() {
    goes_back(&TestEnv::sample(), &S3::garage());
}
