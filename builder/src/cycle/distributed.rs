//! Notes which branches a cycle distributes, in the state for the next one and in the report for the operator. Pure: no
//! I/O.

use std::{collections::BTreeSet, time::Duration};

use tardist_contract::BranchName;

use crate::{catalogue::Catalogue, cycle::report::Report, state::State, upstream::Selection};

/// Notes which branches are distributed by `catalogue`, which follows `before`, and which are not any more
/// because there are newer ones. The latter are remembered for the `grace` period.
pub(super) fn note(
    selection: &Selection,
    (before, catalogue): (&Catalogue, &Catalogue),
    grace: Duration,
    state: &mut State,
    report: &mut Report,
) {
    let withdrawn = withdrawn(before, catalogue);
    let grace = i64::try_from(grace.as_millis()).unwrap_or(i64::MAX);
    let is_over = |branch: &BranchName| selection.is_over(branch);
    state.branches.note_over(withdrawn, is_over, state.elapsed, grace);
    report.notes.extend(state.branches.over.keys().map(|branch| selection.says_over(branch)));
    let unreleased = state.branches.unreleased(catalogue);
    let branches: BTreeSet<&BranchName> =
        catalogue.values().flat_map(|repository| repository.branches.keys()).collect();
    let text = |branch: &&BranchName| branch.to_string();
    report.unreleased = branches.iter().filter(|it| unreleased.contains(**it)).map(text).collect();
    report.branches = branches.iter().map(text).collect();
}

/// The branches that at least one repository had in `before` and no longer has in `after`.
fn withdrawn(before: &Catalogue, after: &Catalogue) -> BTreeSet<BranchName> {
    let mut withdrawn = BTreeSet::new();
    for (id, repository) in before {
        let left = after.get(id).map(|repository| &repository.branches);
        let is_gone = |branch: &&BranchName| left.is_none_or(|left| !left.contains_key(*branch));
        withdrawn.extend(repository.branches.keys().filter(is_gone).cloned());
    }
    withdrawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{BranchRecord, RepositoryRecord};

    #[test]
    fn a_branch_is_withdrawn_that_one_repository_no_longer_has() {
        let catalogue = |repositories: &[(&str, &[&str])]| -> Catalogue {
            let repository = |branches: &[&str]| {
                let branches = branches.iter().map(|name| (*name, BranchRecord::of_commit('a')));
                RepositoryRecord::of_branches("", branches)
            };
            repositories
                .iter()
                .map(|(id, branches)| (id.parse().unwrap(), repository(branches)))
                .collect()
        };
        let before = catalogue(&[
            ("skins/A", &["master", "REL1_43"]),
            ("skins/B", &["REL1_44", "REL1_43"]),
            ("skins/C", &["x"]),
        ]);
        let after =
            catalogue(&[("skins/A", &["master", "REL1_43", "REL1_47"]), ("skins/B", &["REL1_44"])]);
        let names = |branches: BTreeSet<BranchName>| {
            branches.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(names(withdrawn(&before, &after)), ["REL1_43", "x"]);
        assert_eq!(names(withdrawn(&after, &after)), [""; 0]);
    }
}
