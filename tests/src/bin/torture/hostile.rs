//! `--hostile`: hostile repositories.

use tardist_tests::hostile::{Case, Outcome, Size, Trial, cases};

/// Returns how many cases missed their mark.
pub(crate) fn run(wanted: &[String], short: bool) -> usize {
    let size = if short { Size::Short } else { Size::Full };
    let is_wanted = |case: &Case| crate::is_wanted(case.name, wanted);
    println!(
        "{:24} {:12} {:>7} {:>7} {:>7} {:>4}  message",
        "case", "outcome", "s", "MB", "2nd s", "req"
    );
    let mut missed = Vec::new();
    for case in cases().filter(|case| is_wanted(case)) {
        let outcome = Trial::new(case, size).run();
        print(case, &outcome);
        if !outcome.complaints.is_empty() {
            missed.push(case.name);
        }
    }
    match missed.as_slice() {
        [] => println!("all cases ended as they should"),
        names => println!("{} cases missed their mark: {}", names.len(), names.join(", ")),
    }
    missed.len()
}

fn print(case: &Case, outcome: &Outcome) {
    println!(
        "{:24} {:12} {:7.1} {:7} {:7.1} {:4}  {}",
        case.name,
        outcome.outcome,
        outcome.time.as_secs_f64(),
        outcome.memory >> 20,
        outcome.second_time.as_secs_f64(),
        outcome.second_requests,
        outcome.message.chars().take(160).collect::<String>().replace('\n', " "),
    );
    for complaint in &outcome.complaints {
        println!("    MISSED: {}", complaint.chars().take(1000).collect::<String>());
    }
}
