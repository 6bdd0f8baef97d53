//! `--faults`: damaged files, a disk that is full or read-only, and other processes.

use tardist_tests::damage::harms;

/// Returns how many of them were not repaired.
pub(crate) fn run(wanted: &[String]) -> usize {
    println!("{:32} {:8} {:>6}  outcome", "case", "upstream", "cycles");
    let (mut missed, mut left_out) = (Vec::new(), 0);
    for harm in harms().filter(|harm| crate::is_wanted(harm.name, wanted)) {
        for busy in harm.states() {
            let upstream = if *busy { "busy" } else { "quiet" };
            let harmed = harm.run(*busy);
            let outcome = match &harmed.left_out {
                Some(why) => format!("left out: {why}"),
                None if harmed.complaints.is_empty() => "repaired".to_owned(),
                None => "MISSED".to_owned(),
            };
            left_out += usize::from(harmed.left_out.is_some());
            println!("{:32} {upstream:8} {:6}  {outcome}", harm.name, harmed.cycles);
            for complaint in &harmed.complaints {
                println!("    {}", complaint.chars().take(1000).collect::<String>());
            }
            if !harmed.complaints.is_empty() {
                missed.push(format!("{} ({upstream})", harm.name));
            }
        }
    }
    match missed.as_slice() {
        [] => println!("all that was tried was repaired; {left_out} left out"),
        names => println!("{} were not repaired: {}", names.len(), names.join(", ")),
    }
    missed.len()
}
