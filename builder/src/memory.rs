//! The most memory that this process has used.

use std::fs;

/// The largest resident set size so far, in bytes: `VmHWM` of Linux
/// (<https://man7.org/linux/man-pages/man5/proc_pid_status.5.html>). `None` on other systems.
pub fn peak() -> Option<u64> {
    parse(&fs::read_to_string("/proc/self/status").ok()?)
}

fn parse(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    kibibytes.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_writes() {
        assert_eq!(parse("Name:\ttardist\nVmHWM:\t  7280 kB\nVmRSS:\t 1 kB\n"), Some(7280 << 10));
        for none in ["", "VmHWM:\t7 MB", "VmHWM:\tmany kB"] {
            assert_eq!(parse(none), None, "{none}");
        }
    }
}
