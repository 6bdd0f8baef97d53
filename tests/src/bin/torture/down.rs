//! `--down`: a host of very many repositories that is down.

use std::time::Duration;

use tardist_tests::down::WAYS;

/// How long a request waits: the default of the setting `timeout`.
const TIMEOUT: Duration = Duration::from_secs(120);

/// Returns how many cycles took too long.
pub(crate) fn run(repositories: usize, wanted: &[String]) -> usize {
    println!("{repositories} repositories, whose host");
    println!("{:28} {:>7} {:>9}", "", "s", "requests");
    let mut missed = 0;
    for way in WAYS.iter().filter(|way| crate::is_wanted(way.name, wanted)) {
        let outlasted = way.run(repositories, TIMEOUT);
        let seconds = outlasted.time.as_secs_f64();
        println!("{:28} {seconds:7.1} {:9}", way.name, outlasted.requests);
        for complaint in &outlasted.complaints {
            println!("    MISSED: {}", complaint.chars().take(1000).collect::<String>());
        }
        missed += usize::from(!outlasted.complaints.is_empty());
    }
    missed
}
