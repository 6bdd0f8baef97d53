//! `--store`: builders and pulls that are killed.

use tardist_tests::StoreKills;

/// After so many kills a line is printed.
const TELL: u32 = 50;

/// Returns how many of the rounds did harm.
pub(crate) fn run(count: u32, seed: u64) -> usize {
    println!("killing {count} builders and pulls, seed {seed}");
    let mut kills = StoreKills::new(seed);
    let (mut hit, mut pointers, mut missed) = (0, 0, 0);
    // A process may end before it is hit. Then it does not count, but not for ever.
    for _ in 0..count * 2 {
        if hit >= count {
            break;
        }
        let killed = kills.kill_some();
        if (hit + killed.hit) / TELL > hit / TELL {
            println!("{} of {count}, {missed} missed", hit + killed.hit);
        }
        hit += killed.hit;
        pointers += u32::from(killed.has_pointer);
        if !killed.complaints.is_empty() {
            missed += 1;
            println!("    MISSED: {:#?}", killed.complaints);
        }
    }
    println!(
        "{hit} processes were hit, {pointers} of them builders after their new pointer; {missed} rounds left a node that \
         names what the store does not have, or needed a hand"
    );
    if hit < count {
        println!("too few were hit");
        missed += 1;
    }
    missed
}
