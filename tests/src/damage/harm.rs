//! A [`Harm`]: what is done to a system, and whether it is repaired.

use crate::changes::{Changes, expected};
use crate::env::TestEnv;
use crate::published::{broken, untidy};

/// What is done to a system that was synced once.
#[derive(Debug, Clone, Copy)]
pub struct Harm {
    /// Its name.
    pub name: &'static str,
    /// Does it, and returns what is not as it has to be while it lasts. It ends before this returns.
    /// `Err` says why it cannot be done on this machine.
    pub(super) act: fn(&TestEnv) -> Result<Vec<String>, String>,
    /// Within how many cycles all has to be right again. All but the last of them may fail.
    pub(super) cycles: usize,
    /// Whether it is also done while the upstream is quiet, so that the cycle that comes then has nothing
    /// else to do than to notice it.
    pub(super) quiet: bool,
}

/// What became of a system.
#[derive(Debug)]
pub struct Harmed {
    /// What is not as it has to be.
    pub complaints: Vec<String>,
    /// How many cycles it took until all was right.
    pub cycles: usize,
    /// Why it was not tried, if it was not.
    pub left_out: Option<String>,
}

impl Harm {
    /// The states of the upstream in which it is done: whether it is busy.
    #[must_use]
    pub fn states(&self) -> &'static [bool] {
        if self.quiet { &[true, false] } else { &[true] }
    }

    /// Does it to a system of its own. If the upstream is `busy`, it has new commits for the cycle that
    /// comes then.
    #[must_use]
    pub fn run(&self, busy: bool) -> Harmed {
        let env = TestEnv::sample();
        env.sync(&[]).exits(0);
        if busy {
            Changes::new(1).each(&env);
        }
        let complaints = match (self.act)(&env) {
            Ok(complaints) => complaints,
            Err(why) => {
                return Harmed { complaints: Vec::new(), cycles: 0, left_out: Some(why) };
            }
        };
        let mut harmed = Harmed { complaints, cycles: 0, left_out: None };
        loop {
            harmed.cycles += 1;
            let left = next(&env);
            if left.is_empty() {
                return harmed;
            }
            if harmed.cycles >= self.cycles {
                harmed.complaints.extend(left);
                return harmed;
            }
        }
    }
}

/// Runs a cycle, and returns what is not right after it.
fn next(env: &TestEnv) -> Vec<String> {
    let mut complaints = Vec::new();
    for args in [&["sync"][..], &["verify"], &["status"]] {
        let run = env.tardist(args);
        if run.code != 0 {
            complaints.push(format!("{args:?} exits with {}: {}", run.code, run.text()));
        }
    }
    complaints.extend(broken(&env.data()));
    if complaints.is_empty() {
        complaints.extend(untidy(&env.data()));
        if env.tips() != expected(env) {
            complaints.push("the tips are not published".to_owned());
        }
    }
    complaints
}
