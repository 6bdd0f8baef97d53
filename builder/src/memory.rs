//! How much memory a process uses: what Linux says in `/proc/PID/status`
//! (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>).

use std::fs;

/// The largest resident set size of this process so far, in bytes: `VmHWM`. `None` on other systems.
pub fn peak() -> Option<u64> {
    read("self", "VmHWM:")
}

/// The resident set size of a process in bytes: `VmRSS`. `process` is its id, or "self". `None` if it has
/// ended, and on other systems.
pub fn resident(process: &str) -> Option<u64> {
    read(process, "VmRSS:")
}

fn read(process: &str, key: &str) -> Option<u64> {
    parse(&fs::read_to_string(format!("/proc/{process}/status")).ok()?, key)
}

fn parse(status: &str, key: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(key))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        let status = "Name:\ttardist\nVmHWM:\t  7280 kB\nVmRSS:\t 1 kB\n";
        assert_eq!(parse(status, "VmHWM:"), Some(7280 << 10));
        assert_eq!(parse(status, "VmRSS:"), Some(1 << 10));
        for none in ["", "VmHWM:\t7 MB", "VmHWM:\tmany kB"] {
            assert_eq!(parse(none, "VmHWM:"), None, "{none}");
        }
    }
}
