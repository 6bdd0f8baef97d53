//! The times of a worker that limits are compared with.

use std::time::{Duration, Instant};

use crate::{
    limits::job::JobLimits,
    progress,
    worker::failure::{Again, Failure},
};

/// How often the disk space of a worker is looked at.
const DISK_TICK: Duration = Duration::from_secs(1);

/// The clock of a worker. It stands still while the worker waits for others.
pub(super) struct Clock {
    /// When the work began. It moves with each wait.
    started: Instant,
    /// When something was last received or finished.
    progressed: Instant,
    /// When the disk space was last looked at.
    disk: Instant,
    /// When the wait began, if the worker waits.
    waiting: Option<Instant>,
}

impl Clock {
    /// The clock of a worker that starts at `now`.
    pub(super) fn new(now: Instant) -> Self {
        Self { started: now, progressed: now, disk: now, waiting: None }
    }

    /// Notes that a stage begins, and whether the worker waits for others in it.
    pub(super) fn stage(&mut self, waits: bool, now: Instant) {
        if let Some(since) = self.waiting.take() {
            self.started += now.duration_since(since);
        }
        self.waiting = waits.then_some(now);
        self.progressed = now;
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
        if self.waiting.is_some() {
            return None;
        }
        let exceeded = |since: Instant, limit: Duration, what: &str, setting: &str| {
            (now.duration_since(since) > limit).then(|| {
                let needed = format!("{} {what}", progress::duration(limit));
                Failure::exceeded(&needed, doing, setting, Again::Later)
            })
        };
        exceeded(self.started, limits.time, "by the clock", "limit-time").or_else(|| {
            exceeded(self.progressed, limits.idle, "without any progress", "limit-idle")
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
        clock.stage(false, at(19));
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
        clock.stage(true, at(5));
        assert_eq!(exceeded(&clock, start, 1000), "");
        clock.stage(false, at(1000));
        assert_eq!(exceeded(&clock, start, 1010), "");
        assert!(exceeded(&clock, start, 1011).contains("without any progress"));
        clock.progress(at(1024));
        assert_eq!(exceeded(&clock, start, 1025), "");
        assert!(exceeded(&clock, start, 1026).contains("by the clock"));
    }
}
