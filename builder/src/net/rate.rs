//! Tells an answer that comes too slowly. It only adds up: whoever waits for the network says how long
//! that took and what came.

use std::time::Duration;

use super::options::LeastRate;

/// An answer came too slowly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{received} bytes in {} s", least.within.as_secs_f32())]
pub(super) struct TooSlow {
    /// What came in the last time of [`LeastRate::within`], in bytes.
    pub(super) received: u64,
    pub(super) least: LeastRate,
}

/// Watches the rate of one answer after the other.
///
/// The time before the first byte does not count: a server may have to think. After that, each next
/// [`LeastRate::bytes`] have to come within [`LeastRate::within`]. The last bytes of an answer may be fewer.
#[derive(Debug)]
pub(super) struct RateMeter {
    least: LeastRate,
    has_begun: bool,
    /// Since the last time that enough had come.
    waited: Duration,
    received: u64,
}

impl RateMeter {
    pub(super) fn new(least: LeastRate) -> Self {
        Self { least, has_begun: false, waited: Duration::ZERO, received: 0 }
    }

    /// Begins anew: a request was sent.
    pub(super) fn restart(&mut self) {
        *self = Self::new(self.least);
    }

    /// How long the next bytes may take; none before the first one.
    pub(super) fn left(&self) -> Option<Duration> {
        self.has_begun.then(|| self.least.within.saturating_sub(self.waited))
    }

    /// Notes what came after waiting so long.
    ///
    /// # Errors
    /// [`TooSlow`] if this was too little in too long a time.
    pub(super) fn note(&mut self, waited: Duration, received: u64) -> Result<(), TooSlow> {
        if !self.has_begun {
            self.has_begun = received > 0;
            return Ok(());
        }
        self.waited += waited;
        self.received = self.received.saturating_add(received);
        if self.received >= self.least.bytes {
            (self.waited, self.received) = (Duration::ZERO, 0);
        } else if self.waited >= self.least.within {
            return Err(self.too_slow());
        }
        Ok(())
    }

    /// The error for what came last.
    pub(super) fn too_slow(&self) -> TooSlow {
        TooSlow { received: self.received, least: self.least }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn meter() -> RateMeter {
        RateMeter::new(LeastRate { bytes: 100, within: 10 * SECOND })
    }

    /// The number of the read at which an answer of these reads is given up.
    fn given_up(reads: impl IntoIterator<Item = (Duration, u64)>) -> Option<usize> {
        let mut meter = meter();
        meter.note(SECOND, 1).unwrap();
        reads.into_iter().position(|(waited, received)| meter.note(waited, received).is_err())
    }

    #[test]
    fn a_byte_a_second_is_too_slow() {
        assert_eq!(given_up([(SECOND, 1); 60]), Some(9));
        assert_eq!(given_up([(SECOND, 9); 60]), Some(9));
    }

    #[test]
    fn an_answer_that_brings_enough_goes_on_for_ever() {
        assert_eq!(given_up([(SECOND, 12); 600]), None);
        assert_eq!(given_up([(Duration::from_secs(9), 99), (Duration::ZERO, 1)].repeat(99)), None);
        assert_eq!(given_up([(Duration::ZERO, 1); 600]), None, "reading took the time");
    }

    #[test]
    fn a_fast_beginning_buys_no_time_for_later() {
        let reads = [(SECOND, 1_000_000)].into_iter().chain([(SECOND, 1); 60]);
        assert_eq!(given_up(reads), Some(10));
    }

    #[test]
    fn the_server_may_think_before_the_first_byte() {
        let mut meter = meter();
        assert_eq!(meter.note(60 * SECOND, 0), Ok(()));
        assert_eq!(meter.left(), None);
        assert_eq!(meter.note(60 * SECOND, 1), Ok(()));
        assert_eq!(meter.left(), Some(10 * SECOND));
        assert_eq!(meter.note(4 * SECOND, 1), Ok(()));
        assert_eq!(meter.left(), Some(6 * SECOND));
        meter.restart();
        assert_eq!(meter.left(), None);
    }

    #[test]
    fn the_error_has_what_came() {
        let mut meter = meter();
        meter.note(SECOND, 1).unwrap();
        meter.note(SECOND, 40).unwrap();
        let error = meter.note(9 * SECOND, 2).unwrap_err();
        assert_eq!((error.received, error), (42, meter.too_slow()));
    }
}
