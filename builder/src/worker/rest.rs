//! What is left of a job, and what a worker's death is held against. Pure: no I/O.
//!
//! All branches of a job share two times: by the clock, and of the processor. The branches of one worker also share its
//! process and its fetch. A branch that exceeds a limit is not tried again until it changes. So this is only said of a
//! branch that was alone. Else an
//! innocent branch would wait for ever because of another one, which anyone may push.

use tardist_contract::BranchName;

use crate::{
    limits::job::JobLimits,
    worker::{
        child::Ended,
        failure::{Again, Failure},
        job_result::JobResult,
        order::Job,
    },
};

/// What is left of a job.
#[derive(Debug)]
pub(super) struct Rest {
    branches: Vec<BranchName>,
    /// The limits of all branches together.
    all: JobLimits,
    /// The limits of the next worker: of both times, what is left of it.
    limits: JobLimits,
    /// Each branch gets a worker of its own.
    is_one_by_one: bool,
}

impl Rest {
    /// All of a job.
    pub(super) fn new(job: &Job, limits: JobLimits) -> Self {
        let (branches, is_one_by_one) = (job.branches.clone(), job.is_one_by_one);
        Self { branches, all: limits, limits, is_one_by_one }
    }

    /// The branches of the next worker, and its limits. `None` if nothing is left to do, or no time for it.
    pub(super) fn next(&mut self, result: &mut JobResult) -> Option<(Vec<BranchName>, JobLimits)> {
        let times = [(self.limits.cpu, PROCESSOR), (self.limits.time, CLOCK)];
        let over = times.iter().find(|(left, _)| left.is_zero());
        if let Some((_, what)) = over
            && !self.branches.is_empty()
        {
            self.fail_all(no_time_left(what), result);
        }
        let most = if self.is_one_by_one { 1 } else { self.branches.len() };
        let branches: Vec<_> = self.branches.iter().take(most).cloned().collect();
        (!branches.is_empty()).then_some((branches, self.limits))
    }

    /// Takes in how the worker of these branches ended. Returns its failure if that concerns no branch.
    pub(super) fn after(
        &mut self,
        branches: &[BranchName],
        ended: Ended,
        result: &mut JobResult,
    ) -> Option<Failure> {
        let had_all_time = self.limits.cpu == self.all.cpu;
        let had_all_by_the_clock = self.limits.time == self.all.time;
        self.limits.cpu = self.limits.cpu.saturating_sub(ended.cpu);
        self.limits.time = self.limits.time.saturating_sub(ended.time);
        self.branches.retain(|branch| result.lacks(branch));
        let Some(failure) = ended.failure else {
            // A worker that says nothing of a branch did not do its work. Else nobody would hear of it.
            for branch in self.branches.extract_if(.., |branch| branches.contains(branch)) {
                result
                    .failed
                    .push((branch, Failure::for_now("its worker said nothing of it".to_owned())));
            }
            return None;
        };
        if !branches.iter().any(|branch| self.branches.contains(branch)) {
            return Some(failure);
        }
        if ended.was_killed && self.limits.time.is_zero() && !had_all_by_the_clock {
            // It had what others had left.
            self.fail_all(no_time_left(CLOCK), result);
            return None;
        }
        let branch = ended.branch.filter(|branch| self.branches.contains(branch));
        // What the server is to blame for holds for all branches.
        let is_of_branches = match failure.again {
            Again::OnChange => true,
            Again::Later => branch.is_none() && !ended.was_killed,
            Again::Alone | Again::Slow | Again::NextDay | Again::NextCycle => false,
        };
        let until = |again| Failure { again, text: failure.text.clone() };
        let (branch, failure) = match branches {
            [only] if is_of_branches => {
                let is_its_own = had_all_time || !self.limits.cpu.is_zero();
                let is_named = branch.is_some() || self.is_one_by_one;
                let failure = if is_its_own { failure } else { until(Again::Alone) };
                (is_named.then(|| only.clone()), failure)
            }
            _ if is_of_branches && !self.limits.cpu.is_zero() => {
                self.is_one_by_one = true;
                return None;
            }
            _ if is_of_branches => (branch, until(Again::Alone)),
            _ => (branch, failure),
        };
        match branch {
            Some(branch) => {
                self.branches.retain(|it| *it != branch);
                result.failed.push((branch, failure));
            }
            None => self.fail_all(failure, result),
        }
        None
    }

    /// Everything that is left failed, for the same reason.
    pub(super) fn fail_all(&mut self, failure: Failure, result: &mut JobResult) {
        self.branches.clear();
        result.failure = Some(failure);
    }
}

/// The two times, each with its setting.
const PROCESSOR: &str = "processor time (setting limit-cpu)";
const CLOCK: &str = "time by the clock (setting limit-time)";

/// `what` is the time that is over.
fn no_time_left(what: &str) -> Failure {
    let text =
        format!("was not done, because another branch took all the {what}; the next cycle goes on");
    Failure::for_now(text)
}

#[cfg(test)]
mod tests {
    use std::{
        collections::{BTreeMap, BTreeSet},
        time::Duration,
    };

    use super::*;
    use crate::{upstream::Project, worker::failure::LIMITS};

    /// What a branch needs of processor time and of memory, for its part in the fetch of all and for itself. The third
    /// value: the fetch ends with an error that comes from the content.
    #[derive(Debug, Clone, Copy)]
    struct Needs {
        fetch: (u64, u64, bool),
        work: (u64, u64),
    }

    type World = BTreeMap<BranchName, Needs>;

    const LIMIT: u64 = 10;

    fn limits() -> JobLimits {
        JobLimits { cpu: Duration::from_secs(LIMIT), ..LIMITS }
    }

    /// How a worker of these branches ends, with this time.
    fn work(branches: &[BranchName], world: &World, time: u64, result: &mut JobResult) -> Ended {
        let (mut taken, mut memory) = (0, 0);
        let ended = |taken: u64, branch: Option<&BranchName>, again| {
            let failure = Failure { text: String::new(), again };
            let cpu = Duration::from_secs(taken.min(time));
            let branch = branch.cloned();
            Ended { failure: Some(failure), branch, cpu, ..Ended::default() }
        };
        for branch in branches {
            taken += world[branch].fetch.0;
            memory += world[branch].fetch.1;
        }
        if taken >= time || memory >= LIMIT {
            return ended(taken, None, Again::OnChange);
        }
        if branches.iter().any(|branch| world[branch].fetch.2) {
            return ended(taken, None, Again::Later);
        }
        for branch in branches {
            let Needs { work, .. } = world[branch];
            taken += work.0;
            memory += work.1;
            if taken >= time || memory >= LIMIT {
                return ended(taken, Some(branch), Again::OnChange);
            }
            result.unchanged.insert(branch.clone(), Vec::new());
        }
        Ended { failure: None, ..ended(taken, None, Again::NextCycle) }
    }

    /// When a branch is tried again that is the only one of its repository; `None` if it is made.
    fn alone(branch: &BranchName, world: &World) -> Option<Again> {
        let ended = work(std::slice::from_ref(branch), world, LIMIT, &mut JobResult::default());
        ended.failure.map(|failure| failure.again)
    }

    /// Cycles until each branch of a repository is made, or waits. Nothing comes back by the time that passes.
    fn settle(world: &World) -> (BTreeSet<BranchName>, BTreeMap<BranchName, Again>) {
        let project = || Project::new("skins/A".parse().unwrap(), "https://g/A");
        let (mut made, mut waiting) = (BTreeSet::new(), BTreeMap::new());
        let mut alone: BTreeSet<BranchName> = BTreeSet::new();
        for _ in 0..4 * world.len() {
            let due = world.keys().filter(|it| !made.contains(*it) && !waiting.contains_key(*it));
            let mut job = Job::new(project(), due.cloned().collect());
            job.isolate(&alone);
            let mut result = JobResult::default();
            let mut rest = Rest::new(&job, limits());
            while let Some((branches, left)) = rest.next(&mut result) {
                let ended = work(&branches, world, left.cpu.as_secs(), &mut result);
                assert_eq!(rest.after(&branches, ended, &mut result), None);
            }
            made.extend(result.unchanged.keys().cloned());
            alone.clear();
            for branch in job.branches.iter().filter(|it| !made.contains(*it)) {
                let own = result.failed.iter().find(|(it, _)| it == branch);
                let failure = own.map(|(_, failure)| failure).or(result.failure.as_ref()).unwrap();
                match failure.again {
                    Again::Alone => drop(alone.insert(branch.clone())),
                    Again::NextCycle => {}
                    again => drop(waiting.insert(branch.clone(), again)),
                }
            }
        }
        (made, waiting)
    }

    #[test]
    fn only_what_exceeds_a_limit_by_itself_waits_for_a_change_and_all_else_is_made() {
        let fetch = [
            (0, 0, false),
            (4, 0, false),
            (0, 4, false),
            (20, 0, false),
            (0, 20, false),
            (0, 0, true),
        ];
        let work = [(1, 0), (5, 0), (1, 4), (21, 0), (1, 20)];
        let kinds: Vec<Needs> = fetch
            .into_iter()
            .flat_map(|fetch| work.into_iter().map(move |work| Needs { fetch, work }))
            .collect();
        let world = |count: u32, number: usize| -> World {
            let kind = |at: u32| kinds[number / kinds.len().pow(at) % kinds.len()];
            (0..count).map(|at| (format!("b{at}").parse().unwrap(), kind(at))).collect()
        };
        let all = (0..kinds.len().pow(3)).map(|number| world(3, number));
        // Knuth's generator.
        let random = (0..2_000_usize).map(|seed| {
            let number = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1) >> 8;
            world(8, number)
        });
        for world in all.chain(random) {
            let (made, waiting) = settle(&world);
            for branch in world.keys() {
                let expected = alone(branch, &world);
                assert_eq!(waiting.get(branch), expected.as_ref(), "{branch} of {world:?}");
                assert_eq!(made.contains(branch), expected.is_none(), "{branch} of {world:?}");
            }
        }
    }

    #[test]
    fn what_a_server_is_to_blame_for_holds_for_all_branches() {
        let job = Job::new(
            Project::new("skins/A".parse().unwrap(), "https://g/A"),
            ["a", "b"].map(|name| name.parse().unwrap()).into(),
        );
        for (again, was_killed) in
            [(Again::NextCycle, false), (Again::Slow, false), (Again::Later, true)]
        {
            let mut rest = Rest::new(&job, limits());
            let failure = Failure { text: "slow".to_owned(), again };
            let ended = Ended { failure: Some(failure.clone()), was_killed, ..Ended::default() };
            let mut result = JobResult::default();
            rest.after(&job.branches, ended, &mut result);
            assert_eq!(rest.next(&mut result), None);
            assert_eq!((result.failure, result.failed), (Some(failure), Vec::new()));
        }
    }

    #[test]
    fn a_branch_that_its_worker_says_nothing_of_fails() {
        let job = Job::new(
            Project::new("skins/A".parse().unwrap(), "https://g/A"),
            ["a", "b"].map(|name| name.parse().unwrap()).into(),
        );
        let (mut rest, mut result) = (Rest::new(&job, limits()), JobResult::default());
        result.unchanged.insert(job.branches[0].clone(), Vec::new());
        assert_eq!(rest.after(&job.branches, Ended::default(), &mut result), None);
        assert_eq!(rest.next(&mut result), None);
        let [(branch, failure)] = &result.failed[..] else { panic!("{result:?}") };
        assert_eq!((branch.as_str(), failure.again), ("b", Again::NextCycle));
    }

    #[test]
    fn all_branches_together_have_the_time_by_the_clock_of_one() {
        let project = Project::new("skins/A".parse().unwrap(), "https://g/A");
        let mut job = Job::new(project, ["a", "b", "c"].map(|name| name.parse().unwrap()).into());
        job.is_one_by_one = true;
        let (mut rest, mut result) = (Rest::new(&job, limits()), JobResult::default());
        let mut left = Vec::new();
        while let Some((branches, limits)) = rest.next(&mut result) {
            left.push(limits.time.as_secs());
            let failure = Failure { text: "slow".to_owned(), again: Again::Later };
            let ended = Ended {
                failure: Some(failure),
                branch: branches.first().cloned(),
                time: Duration::from_secs(20),
                was_killed: true,
                ..Ended::default()
            };
            rest.after(&branches, ended, &mut result);
        }
        assert_eq!(left, [30, 10], "the third has none left");
        let failed: Vec<&str> = result.failed.iter().map(|(branch, _)| branch.as_str()).collect();
        assert_eq!(failed, ["a"], "the second one had too little");
        let failure = result.failure.unwrap();
        assert!(failure.text.contains("limit-time"), "{}", failure.text);
        assert_eq!(failure.again, Again::NextCycle);
    }
}
