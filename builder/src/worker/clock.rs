//! The times of a worker that limits are compared with.

use std::time::{Duration, Instant};

use crate::{
    limits::job::JobLimits,
    progress,
    worker::failure::{Again, Failure},
};

/// How often the disk space of a worker is looked at.
const DISK_TICK: Duration = Duration::from_secs(1);

/// What a worker does, as far as the clock is concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// It waits for another worker: no time counts.
    Waits,
    /// It waits for a program that says nothing. The worker itself limits the time of that program. So only `limit-time`
    /// counts.
    Silent,
    /// It works, and says so.
    Works,
}

/// The clock of a worker. It stands still while the worker waits for others.
pub(super) struct Clock {
    /// When the work began. It moves with each wait.
    started: Instant,
    /// When something was last received or finished.
    progressed: Instant,
    /// When the disk space was last looked at.
    disk: Instant,
    /// What the worker does, and since when.
    pace: (Pace, Instant),
}

impl Clock {
    /// The clock of a worker that starts at `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, progressed: now, disk: now, pace: (Pace::Works, now) }
    }

    /// Notes that a stage begins.
    pub(super) fn stage(&mut self, pace: Pace, now: Instant) {
        if let (Pace::Waits, since) = self.pace {
            self.started += now.duration_since(since);
        }
        self.pace = (pace, now);
        self.progressed = now;
    }

    /// The time that counts until `now`.
    pub(super) fn counted(&self, now: Instant) -> Duration {
        match self.pace {
            (Pace::Waits, since) => since.duration_since(self.started),
            _ => now.duration_since(self.started),
        }
    }

    /// Notes that something was received or finished.
    pub(super) fn progress(&mut self, now: Instant) {
        self.progressed = now;
    }

    /// True if it is time to look at the disk space.
    pub(super) fn is_time_for_disk(&mut self, now: Instant) -> bool {
        let is_time = now.duration_since(self.disk) > DISK_TICK;
        if is_time {
            self.disk = now;
        }
        is_time
    }

    /// The limit that is exceeded, if there is one. `doing` says what the worker does: "while fetching it".
    pub(super) fn exceeded(
        &self,
        limits: &JobLimits,
        doing: &str,
        now: Instant,
    ) -> Option<Failure> {
        let exceeded = |time: Duration, limit: Duration, what: &str, setting: &str| {
            (time > limit).then(|| {
                let needed = format!("{} {what}", progress::duration(limit));
                Failure::exceeded(&needed, doing, setting, Again::Later)
            })
        };
        let (pace, _) = self.pace;
        if pace == Pace::Waits {
            return None;
        }
        exceeded(self.counted(now), limits.time, "by the clock", "limit-time").or_else(|| {
            let idle = now.duration_since(self.progressed);
            let is_heard = pace == Pace::Works;
            is_heard.then(|| exceeded(idle, limits.idle, "without any progress", "limit-idle"))?
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::failure::LIMITS;

    /// The text of the exceeded limit, so many seconds after `start`.
    fn exceeded(clock: &Clock, start: Instant, seconds: u64) -> String {
        let now = start + Duration::from_secs(seconds);
        clock.exceeded(&LIMITS, "while fetching it", now).map(|it| it.text).unwrap_or_default()
    }

    #[test]
    fn work_ends_without_progress_and_in_any_case_after_its_time() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut clock = Clock::new(start);
        assert_eq!(exceeded(&clock, start, 10), "");
        assert!(exceeded(&clock, start, 11).contains("10 s without any progress while fetching"));
        clock.progress(at(10));
        clock.stage(Pace::Works, at(19));
        assert_eq!(exceeded(&clock, start, 29), "");
        clock.progress(at(29));
        assert_eq!(exceeded(&clock, start, 30), "");
        assert!(exceeded(&clock, start, 31).contains("30 s by the clock while fetching"));
    }

    #[test]
    fn the_time_that_it_waits_for_others_does_not_count() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut clock = Clock::new(start);
        clock.stage(Pace::Waits, at(5));
        assert_eq!(exceeded(&clock, start, 1000), "");
        assert_eq!(clock.counted(at(1000)), Duration::from_secs(5));
        clock.stage(Pace::Works, at(1000));
        assert_eq!(exceeded(&clock, start, 1010), "");
        assert!(exceeded(&clock, start, 1011).contains("without any progress"));
        clock.progress(at(1024));
        assert_eq!(exceeded(&clock, start, 1025), "");
        assert!(exceeded(&clock, start, 1026).contains("by the clock"));
        assert_eq!(clock.counted(at(1026)), Duration::from_secs(31));
    }

    #[test]
    fn of_a_program_that_says_nothing_only_the_time_in_all_counts() {
        let start = Instant::now();
        let at = |seconds: u64| start + Duration::from_secs(seconds);
        let mut clock = Clock::new(start);
        clock.stage(Pace::Silent, at(5));
        assert_eq!(exceeded(&clock, start, 30), "");
        assert!(exceeded(&clock, start, 31).contains("by the clock"));
        clock.stage(Pace::Works, at(19));
        assert_eq!(exceeded(&clock, start, 29), "");
        assert!(exceeded(&clock, start, 30).contains("without any progress"));
    }
}
