//! Other processes: two builders at the same time, and signals that end one.

use std::thread::sleep;
use std::time::Duration;

use super::harm::Harm;
use crate::changes::Changes;
use crate::env::TestEnv;
use crate::published::broken;

pub(super) const HARMS: &[Harm] = &[
    Harm { name: "builders_at_the_same_time", act: builders, cycles: 1, quiet: false },
    Harm { name: "sigterm", act: |env| signals(env, "TERM"), cycles: 1, quiet: false },
    Harm { name: "sigint", act: |env| signals(env, "INT"), cycles: 1, quiet: false },
];

/// So many builders start at once: one works, and the others say so.
fn builders(env: &TestEnv) -> Result<Vec<String>, String> {
    let mut complaints = Vec::new();
    let started: Vec<_> = (0..4).map(|_| env.start_sync()).collect();
    let runs: Vec<_> = started.into_iter().map(crate::Running::wait).collect();
    if !runs.iter().any(|run| run.code == 0) {
        complaints.push("none of them worked".to_owned());
    }
    for run in runs.iter().filter(|run| run.code != 0) {
        if run.code != 4 || !run.text().contains("another tardist") {
            complaints.push(format!("one exits with {}: {}", run.code, run.text()));
        }
    }
    complaints.extend(broken(&env.data()));
    Ok(complaints)
}

/// A signal that asks a cycle to end, at several moments.
fn signals(env: &TestEnv, name: &str) -> Result<Vec<String>, String> {
    let mut changes = Changes::new(3);
    let mut complaints = Vec::new();
    for moment in 0..6 {
        changes.each(env);
        let cycle = env.start_sync();
        sleep(Duration::from_millis(moment * 60));
        // It may have ended before.
        let run = cycle.signal(name);
        if ![-1, 0].contains(&run.code) {
            complaints.push(format!("it exits with {}: {}", run.code, run.text()));
        }
        complaints.extend(broken(&env.data()));
    }
    Ok(complaints)
}
