//! `--load`: many connections, while snapshots are replaced.

use std::time::Duration;

use tardist_tests::Load;

/// Returns how many answers failed or were inconsistent.
pub(crate) fn run(connections: usize, time: Duration) -> usize {
    println!("{connections} connections for {} s", time.as_secs());
    let loaded = Load { connections, time }.run();
    for (what, count) in &loaded.requests {
        println!("{count:9}  {what}");
    }
    let requests: u64 = loaded.requests.values().sum();
    println!(
        "{requests} requests ({:.0} a second), {} snapshots, {} failed or inconsistent",
        requests as f64 / time.as_secs_f64(),
        loaded.snapshots,
        loaded.failed
    );
    for (complaint, count) in &loaded.complaints {
        println!("    MISSED {count} times: {}", complaint.chars().take(1000).collect::<String>());
    }
    usize::try_from(loaded.failed).unwrap()
}
