//! What Linux says of running processes, in `/proc`.

use std::{env, fs, path::PathBuf, time::Duration};

use crate::{Error, error::IoContext};

/// The processor time of a running process, from `/proc/PID/stat`. `None` if it has ended, and on other systems.
pub(super) fn cpu_time(process: &str) -> Option<Duration> {
    let ticks: u64 =
        stat(process)?.get(11..13)?.iter().filter_map(|it| it.parse::<u64>().ok()).sum();
    // The unit is always a hundredth of a second for programs (USER_HZ).
    Some(Duration::from_millis(ticks.saturating_mul(10)))
}

/// The fields of `/proc/PID/stat` after the name, which is in brackets and may contain anything
/// (<https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html>).
fn stat(process: &str) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

/// The process groups of a session, without the one of its leader. Composer has a group of its own.
pub(super) fn session(leader: i32) -> Vec<i32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let names = processes.filter_map(|entry| entry.file_name().into_string().ok());
    let mut groups: Vec<i32> = names
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter_map(|process| {
            let fields = stat(&process)?;
            let number = |at: usize| fields.get(at)?.parse::<i32>().ok();
            (number(3)? == leader).then(|| number(2))?
        })
        .filter(|group| *group != leader)
        .collect();
    groups.sort_unstable();
    groups.dedup();
    groups
}

/// The program that is running, also if its file has been replaced since.
///
/// # Errors
/// [`Error::Io`] if it cannot be found.
pub(super) fn own_program() -> Result<PathBuf, Error> {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() {
        return Ok(own);
    }
    env::current_exe().at("find the program", "tardist")
}
