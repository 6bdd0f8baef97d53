//! The time between cycles.
//!
//! Grace periods are measured in it. A clock may be wrong for a while, for example after a start of the machine
//! without network, and two days that never passed must not remove a tarball. So the time since the machine's
//! start counts where it is known. Across a start only the clock is left. Then a part of a grace period counts at
//! most, so that no single wrong reading ends one.

use std::{fs, time::Duration};

use jiff::Timestamp;

/// What the clocks say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reading {
    /// The clock: Unix seconds.
    pub wall: i64,
    /// Which start of the machine this is. `None` if the system does not say.
    pub boot: Option<String>,
    /// The time since that start, in milliseconds.
    pub uptime: i64,
}

impl Reading {
    /// Reads the clocks of this machine (`proc_uptime(5)`, `random(4)`). `now` is the time of the clock.
    pub fn take(now: Timestamp) -> Self {
        let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok();
        let uptime = fs::read_to_string("/proc/uptime").ok();
        let uptime = uptime.as_deref().and_then(uptime_ms);
        Self {
            wall: now.as_second(),
            boot: boot.filter(|_| uptime.is_some()).map(|id| id.trim().to_owned()),
            uptime: uptime.unwrap_or_default(),
        }
    }

    /// What the clocks say after so many milliseconds.
    pub fn after(&self, passed: i64) -> Self {
        Self {
            wall: self.wall.saturating_add(passed / 1000),
            boot: self.boot.clone(),
            uptime: self.uptime.saturating_add(passed),
        }
    }

    /// The time from an earlier reading to this one, in milliseconds. `grace` is the grace period.
    pub fn since(&self, earlier: &Self, grace: Duration) -> i64 {
        let is_same_boot = self.boot.is_some() && self.boot == earlier.boot;
        if is_same_boot && self.uptime >= earlier.uptime {
            return self.uptime - earlier.uptime;
        }
        let most = i64::try_from(grace.as_millis() / 2).unwrap_or(i64::MAX);
        self.wall.saturating_sub(earlier.wall).saturating_mul(1000).clamp(0, most)
    }
}

/// The first number of `/proc/uptime`, seconds with two decimals, as milliseconds.
fn uptime_ms(text: &str) -> Option<i64> {
    let (seconds, hundredths) = text.split_ascii_whitespace().next()?.split_once('.')?;
    Some(seconds.parse::<i64>().ok()?.checked_mul(1000)? + hundredths.parse::<i64>().ok()? * 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 60 * 60;
    const GRACE: Duration = Duration::from_secs(24 * 60 * 60);

    fn reading(wall: i64, boot: Option<&str>, uptime: i64) -> Reading {
        Reading { wall, boot: boot.map(str::to_owned), uptime }
    }

    #[test]
    fn the_clock_does_not_matter_while_the_machine_runs() {
        let earlier = reading(1000, Some("a"), 5_000);
        for wall in [0, 1000, 1007, 1000 + 2 * DAY] {
            assert_eq!(reading(wall, Some("a"), 12_000).since(&earlier, GRACE), 7_000);
        }
    }

    #[test]
    fn after_a_start_of_the_machine_half_a_grace_period_counts_at_most() {
        let earlier = reading(1000, Some("a"), 5_000);
        for (wall, passed) in [(1060, 60_000), (1000 + 2 * DAY, DAY * 500), (0, 0)] {
            for boot in [Some("b"), None] {
                assert_eq!(reading(wall, boot, 1).since(&earlier, GRACE), passed, "{wall}");
            }
        }
        let unknown = reading(1000, None, 0);
        assert_eq!(reading(1060, None, 0).since(&unknown, GRACE), 60_000);
        // A container that counts from its own start.
        assert_eq!(reading(1060, Some("a"), 10).since(&earlier, GRACE), 60_000);
    }

    #[test]
    fn the_uptime_is_read_in_milliseconds() {
        assert_eq!(uptime_ms("350735.47 234388.90\n"), Some(350_735_470));
        for bad in ["", "x", "1", "99999999999999999999.00 1"] {
            assert_eq!(uptime_ms(bad), None, "{bad}");
        }
        let now = Reading::take(Timestamp::now());
        assert!(now.boot.is_none() || now.uptime > 0);
    }
}
