//! `--crash`: cycles that are killed. `--power`: cycles whose disk loses its power.

use std::collections::BTreeMap;

use tardist_tests::{Crashes, Hit};

/// After so many crashes, what is published is looked at over HTTP.
const LOOK: u32 = 10;

/// Kills cycles. Returns how many of the crashes did harm.
pub(crate) fn run(count: u32, seed: u64) -> usize {
    println!("killing {count} cycles, seed {seed}");
    all(Crashes::new(seed, true), count)
}

/// Cuts the power. Returns how many of the cuts did harm.
pub(crate) fn power(count: u32, seed: u64) -> usize {
    println!("cutting the power of {count} cycles, seed {seed}");
    match Crashes::of_power(seed) {
        Ok(crashes) => all(crashes, count),
        Err(why) => {
            println!("the power cannot be cut here: {why}");
            1
        }
    }
}

fn all(mut crashes: Crashes, count: u32) -> usize {
    let (mut seen, mut hit, mut missed) = (BTreeMap::<(Hit, &str), u32>::new(), 0, 0);
    // A cycle may end before it is hit. Then it does not count, but not for ever.
    for _ in 0..count * 3 {
        if hit == count {
            break;
        }
        let mut crash = crashes.crash_one();
        if let Some(what) = crash.hit {
            hit += 1;
            *seen.entry((what, crash.left)).or_default() += 1;
            if hit % LOOK == 0 {
                crash.complaints.extend(crashes.look());
                println!("{hit} of {count}, {missed} missed");
            }
        }
        if !crash.complaints.is_empty() {
            missed += 1;
            println!("    MISSED after {:?}: {:#?}", crash.hit, crash.complaints);
        }
    }
    for ((hit, left), count) in &seen {
        let what = match hit {
            Hit::Tenth(tenth) => format!("the cycle at {tenth}0 %"),
            Hit::Publishing => "the cycle while it published".to_owned(),
            Hit::Worker => "a worker".to_owned(),
        };
        println!("{count:5}  {what:30} left {left}");
    }
    println!("{hit} cycles were hit; {missed} left something that was not whole, or needed a hand");
    if hit < count {
        println!("too few were hit");
        missed += 1;
    }
    missed
}
