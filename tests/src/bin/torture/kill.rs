//! `--kill`: workers that are killed.

use std::collections::BTreeMap;

use tardist_tests::Kills;

/// Returns how many of the kills did more harm than they may.
pub(crate) fn run(count: u32, seed: u64) -> usize {
    println!("killing {count} workers, seed {seed}");
    let mut kills = Kills::new(seed);
    let (mut stages, mut hit, mut missed) = (BTreeMap::<String, u32>::new(), 0, 0);
    // A cycle may end before a worker is hit. Then it does not count, but not for ever.
    for _ in 0..count * 3 {
        if hit == count {
            break;
        }
        let killed = kills.kill_one();
        if let Some(signal) = killed.signal {
            hit += 1;
            let stage = killed.stage.unwrap_or_else(|| "(its work was done)".to_owned());
            *stages.entry(format!("{signal} {stage}")).or_default() += 1;
        }
        if !killed.complaints.is_empty() {
            missed += 1;
            println!("    MISSED after {:?}: {:#?}", killed.signal, killed.complaints);
        }
    }
    for (stage, count) in &stages {
        println!("{count:5}  {stage}");
    }
    println!("{hit} workers were hit; {missed} cost more than one repository");
    if hit < count {
        println!("too few were hit");
        missed += 1;
    }
    missed
}
