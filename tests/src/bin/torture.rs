//! `cargo xtask torture`: hostile repositories in full size, and workers that are killed.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: an error here fails the run and says where"
)]

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Parser;
use tardist_tests::Kills;
use tardist_tests::hostile::{Case, Outcome, Size, Trial, cases};

/// Tries to stop tardist: with hostile repositories in full size, and by killing its workers.
///
/// Exits with 1 if something is not as it has to be. `cargo xtask torture --fuzz` runs the fuzzers; its
/// `--help` says more.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask torture", bin_name = "cargo xtask torture", version)]
struct Arguments {
    /// Sync each hostile repository beside a good one: each has to end as it should within 60 s and
    /// 1 GiB, twice
    #[arg(long)]
    hostile: bool,
    /// Of the hostile repositories, only those whose name contains this; may be given several times
    #[arg(long, value_name = "NAME", requires = "hostile")]
    case: Vec<String>,
    /// Make the hostile repositories as small as the tests do
    #[arg(long, requires = "hostile")]
    short: bool,
    /// So many times: kill a random worker at a random moment of a cycle
    #[arg(long, value_name = "N", required_unless_present = "hostile")]
    kill: Option<u32>,
    /// What the random choices come from [default: another each time; it is printed]
    #[arg(long, requires = "kill")]
    seed: Option<u64>,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut missed = 0;
    if arguments.hostile {
        missed += hostile(&arguments);
    }
    if let Some(count) = arguments.kill {
        missed += kill(count, arguments.seed.unwrap_or_else(|| fastrand::u64(..)));
    }
    if missed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Returns how many cases missed their mark.
fn hostile(arguments: &Arguments) -> usize {
    let size = if arguments.short { Size::Short } else { Size::Full };
    let is_wanted = |case: &Case| {
        arguments.case.is_empty()
            || arguments.case.iter().any(|part| case.name.contains(part.as_str()))
    };
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

/// Returns how many of the kills did more harm than they may.
fn kill(count: u32, seed: u64) -> usize {
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
