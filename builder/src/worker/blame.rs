//! What a worker's death is held against. Pure: no I/O.
//!
//! All branches of a job have one limit of processor time, and those of one worker one process. A branch that exceeds a
//! limit is not tried again until it changes, so this is only said of a branch that did it by itself. Else an
//! innocent branch would wait for ever because of another one, which anyone may push.

use tardist_contract::BranchName;

use crate::worker::failure::{Again, Failure};

/// What a worker was to do when it died.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    /// The branches that it was given, in the order of their work; never empty.
    pub(super) branches: &'a [BranchName],
    /// True if it had all the processor time of the job: no worker came before it.
    pub(super) had_all_time: bool,
    /// True if no processor time is left.
    pub(super) is_out_of_time: bool,
    /// True if each branch gets a worker of its own.
    pub(super) is_one_by_one: bool,
}

/// What follows from a death.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// This branch failed. The others go on.
    Failed(BranchName, Failure),
    /// This branch is tried again, before the others.
    First(BranchName),
    /// Each branch is tried again, in a worker of its own.
    OneByOne,
    /// All that are left failed.
    AllFailed(Failure),
}

/// What follows if a worker died of `failure`, while it worked on `branch`: `None` if on none, or on one that is done.
pub(super) fn verdict(
    failure: Failure,
    branch: Option<BranchName>,
    attempt: Attempt<'_>,
) -> Verdict {
    let Attempt { branches, had_all_time, is_out_of_time, is_one_by_one } = attempt;
    let Some(first) = branches.first().filter(|_| failure.again == Again::OnChange) else {
        return match branch {
            Some(branch) => Verdict::Failed(branch, failure),
            None => Verdict::AllFailed(failure),
        };
    };
    let until = |again| Failure { again, text: failure.text.clone() };
    if branches.len() == 1 {
        let failure = match (had_all_time || !is_out_of_time, is_one_by_one) {
            (true, _) => failure,
            (false, false) => until(Again::NextCycle),
            // The next cycle finds out about the others, whose fetch all of them would die of again.
            (false, true) => until(Again::Later),
        };
        return match branch.or_else(|| is_one_by_one.then(|| first.clone())) {
            Some(branch) => Verdict::Failed(branch, failure),
            None => Verdict::AllFailed(failure),
        };
    }
    let is_first = branch.as_ref().is_none_or(|branch| branch == first);
    match branch {
        // The time may have gone into the fetch of all. The next cycle does the others without this one, and after some
        // hours this one comes without them.
        _ if is_out_of_time && is_first => Verdict::Failed(first.clone(), until(Again::Later)),
        Some(branch) if is_out_of_time => Verdict::Failed(branch, until(Again::NextCycle)),
        Some(branch) if is_first => Verdict::Failed(branch, failure),
        Some(branch) => Verdict::First(branch),
        None => Verdict::OneByOne,
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, slice};

    use super::*;

    /// What a branch needs: processor time and memory for its part in the fetch of all, and for itself.
    #[derive(Debug, Clone, Copy, Default)]
    struct Needs {
        fetch: (u32, u32),
        work: (u32, u32),
    }

    const LIMIT: u32 = 10;

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    /// One worker: the branches that it made, the time that it took, and what it died of.
    fn work(
        branches: &[BranchName],
        world: &BTreeMap<BranchName, Needs>,
        time: u32,
    ) -> (Vec<BranchName>, u32, Option<Option<BranchName>>) {
        let mut taken: u32 = branches.iter().map(|it| world[it].fetch.0).sum();
        let mut memory: u32 = branches.iter().map(|it| world[it].fetch.1).sum();
        if taken >= time || memory >= LIMIT {
            return (Vec::new(), taken.min(time), Some(None));
        }
        let mut made = Vec::new();
        for branch in branches {
            let Needs { work, .. } = world[branch];
            taken += work.0;
            memory += work.1;
            if taken >= time || memory >= LIMIT {
                return (made, taken.min(time), Some(Some(branch.clone())));
            }
            made.push(branch.clone());
        }
        (made, taken, None)
    }

    /// One cycle over the branches that are left: those that are made, and when each of the failed ones is tried again.
    fn cycle(
        mut left: Vec<BranchName>,
        world: &BTreeMap<BranchName, Needs>,
    ) -> (Vec<BranchName>, BTreeMap<BranchName, Again>) {
        let (mut made, mut failed, mut time, mut is_one_by_one) =
            (Vec::new(), BTreeMap::new(), LIMIT, false);
        for _ in 0..100 {
            if left.is_empty() || time == 0 {
                break;
            }
            let most = if is_one_by_one { 1 } else { left.len() };
            let branches = left[..most].to_vec();
            let (done, taken, death) = work(&branches, world, time);
            let had_all_time = time == LIMIT;
            time -= taken;
            left.retain(|it| !done.contains(it));
            made.extend(done);
            let Some(branch) = death else { continue };
            let failure = Failure { text: String::new(), again: Again::OnChange };
            let attempt = Attempt {
                branches: &branches,
                had_all_time,
                is_out_of_time: time == 0,
                is_one_by_one,
            };
            match verdict(failure, branch, attempt) {
                Verdict::Failed(branch, failure) => {
                    left.retain(|it| *it != branch);
                    failed.insert(branch, failure.again);
                }
                Verdict::First(branch) => {
                    left.retain(|it| *it != branch);
                    left.insert(0, branch);
                }
                Verdict::OneByOne => is_one_by_one = true,
                Verdict::AllFailed(failure) => {
                    failed.extend(left.drain(..).map(|branch| (branch, failure.again)));
                }
            }
        }
        failed.extend(left.into_iter().map(|branch| (branch, Again::NextCycle)));
        (made, failed)
    }

    #[test]
    fn only_what_exceeds_a_limit_by_itself_waits_for_a_change_and_all_else_is_made() {
        let needs = [(0, 0), (4, 4), (20, 0), (0, 20)];
        let kinds: Vec<Needs> = needs
            .iter()
            .flat_map(|fetch| needs.iter().map(|work| Needs { fetch: *fetch, work: *work }))
            .map(|it| Needs { work: (it.work.0 + 1, it.work.1), ..it })
            .collect();
        for number in 0..kinds.len().pow(3) {
            let kind = |at: u32| kinds[number / kinds.len().pow(at) % kinds.len()];
            let world: BTreeMap<_, _> =
                ["a", "b", "c"].map(branch).into_iter().zip((0..3).map(kind)).collect();
            let mut left: Vec<BranchName> = world.keys().cloned().collect();
            let mut waiting: BTreeMap<BranchName, Again> = BTreeMap::new();
            // In six hours each, all that waits for them comes back.
            for hours in 0..40 {
                waiting.retain(|_, again| *again == Again::OnChange || hours % 6 != 0);
                let due = left.iter().filter(|it| !waiting.contains_key(*it)).cloned();
                let (made, failed) = cycle(due.collect(), &world);
                for branch in &made {
                    assert!(work(slice::from_ref(branch), &world, LIMIT).2.is_none());
                }
                waiting.extend(failed.into_iter().filter(|(_, it)| *it != Again::NextCycle));
                left.retain(|it| !made.contains(it));
                if left.iter().all(|it| waiting.get(it) == Some(&Again::OnChange)) {
                    break;
                }
            }
            for branch in world.keys() {
                let is_guilty = work(slice::from_ref(branch), &world, LIMIT).2.is_some();
                let waits = waiting.get(branch).filter(|_| left.contains(branch));
                let expected = is_guilty.then_some(&Again::OnChange);
                assert_eq!(waits, expected, "{branch} of {world:?}");
                assert_eq!(left.contains(branch), is_guilty, "{branch} of {world:?}");
            }
        }
    }

    #[test]
    fn what_passes_by_itself_is_held_against_the_branch_or_against_all() {
        let branches = ["a", "b"].map(branch);
        let attempt = Attempt {
            branches: &branches,
            had_all_time: true,
            is_out_of_time: false,
            is_one_by_one: false,
        };
        for again in [Again::NextCycle, Again::Later] {
            let failure = Failure { text: "slow".to_owned(), again };
            assert_eq!(
                verdict(failure.clone(), Some(branch("b")), attempt),
                Verdict::Failed(branch("b"), failure.clone())
            );
            assert_eq!(verdict(failure.clone(), None, attempt), Verdict::AllFailed(failure));
        }
    }
}
