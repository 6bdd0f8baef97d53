//! `--hostile` and `--together`: hostile repositories.

use tardist_tests::hostile::{Case, Outcome, Size, Together, Trial, cases};

/// Returns how many cases missed their mark.
pub(crate) fn run(wanted: &[String], short: bool) -> usize {
    let size = size(short);
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

/// All of them at once. Returns how many complaints there are.
pub(crate) fn run_together(short: bool) -> usize {
    let totals = Together::new(size(short)).run();
    println!(
        "{} hostile repositories together: {} failed; {:.1} s, {} MB in all processes, {} MB in that which \
         supervises the others; then {:.1} s",
        totals.cases,
        totals.failed,
        totals.time.as_secs_f64(),
        totals.memory >> 20,
        totals.own_memory >> 20,
        totals.second_time.as_secs_f64(),
    );
    for complaint in &totals.complaints {
        println!("    MISSED: {}", complaint.chars().take(1000).collect::<String>());
    }
    totals.complaints.len()
}

fn size(short: bool) -> Size {
    if short { Size::Short } else { Size::Full }
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
