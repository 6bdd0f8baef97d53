//! `--endurance`: many cycles with a small change each.

use tardist_tests::Endurance;

/// After so many cycles the figures are looked at.
const EVERY: u32 = 50;

/// Returns how many of the figures grew.
pub(crate) fn run(cycles: u32) -> usize {
    println!(
        "{:>7} {:>10} {:>10} {:>10} {:>10} {:>6}",
        "cycles", "dist kB", "mirror kB", "other kB", "memory MB", "files"
    );
    let complaints = Endurance { cycles, every: EVERY }.run(|cycle, figures| {
        println!(
            "{cycle:7} {:10} {:10} {:10} {:10} {:6}",
            figures.tarballs / 1000,
            figures.mirrors / 1000,
            figures.other / 1000,
            figures.memory / 1_000_000,
            figures.descriptors
        );
    });
    for complaint in &complaints {
        println!("    MISSED: {complaint}");
    }
    if complaints.is_empty() {
        println!("nothing grew");
    }
    complaints.len()
}
