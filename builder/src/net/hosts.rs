//! What is known of the hosts that are asked: for each one a breaker, and how long it wants to be left alone.
//!
//! A host that is down costs a time limit for each repository that is on it, and there may be thousands. So
//! after some failures in a row it is not asked any more in this cycle: its breaker opens, and the requests
//! that would go there fail at once. So it is with a host that asks for a long pause (`Retry-After`). Only the next
//! cycle asks it again.
//!
//! One repository must not stop the others on its host. So each event has a *witness*: the URL of the repository or list
//! that was asked for. What one witness sees again and again counts once, and one alone closes no host.
//!
//! A *request* of this module is what a caller wants, with all tries and all steps of it: a page of a list,
//! the tips of a repository, a fetch.
//!
//! Processes tell each other what they know: [`Hosts`] can be serialized, and a [`Listener`] hears of each
//! event.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};

use super::origin::Origin;
use crate::limits::net::{MAX_FAILURES, MAX_LOST, MIN_FAILURES, MIN_PAUSES};

/// Why a host is not asked any more in this cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Closed {
    /// So many requests failed in a row.
    Failures(usize),
    /// The host asked for a pause that is longer than a cycle waits.
    Pause(Duration),
    /// The time for the lists of repositories is over.
    Time,
}

/// What is known of one host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// The witnesses whose requests failed, with no answer between, and how long these requests took.
    failed: BTreeMap<String, Duration>,
    /// The witnesses that were asked for a pause that is longer than a cycle waits.
    put_off: BTreeSet<String>,
    closed: Option<Closed>,
}

impl Host {
    /// Notes what became of the request of a witness. A host that is closed stays so.
    fn note(&mut self, witness: &str, event: Event) {
        if self.closed.is_some() {
            return;
        }
        match event {
            Event::Began | Event::Undecided => {}
            Event::Answered => self.failed.clear(),
            Event::Failed(took) => {
                let lost = self.failed.entry(witness.to_owned()).or_default();
                *lost = lost.saturating_add(took);
                let failures = self.failed.len();
                let lost =
                    self.failed.values().fold(Duration::ZERO, |sum, it| sum.saturating_add(*it));
                let is_slow = failures >= MIN_FAILURES && lost >= MAX_LOST;
                if is_slow || failures >= MAX_FAILURES {
                    self.closed = Some(Closed::Failures(failures));
                }
            }
            Event::AskedForPause(pause) => {
                self.put_off.insert(witness.to_owned());
                if self.put_off.len() >= MIN_PAUSES {
                    self.closed = Some(Closed::Pause(pause));
                }
            }
        }
    }
}

/// Something that tells about a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Event {
    /// A request begins. One of the others ends it.
    Began,
    /// The host answered, if only to refuse.
    Answered,
    /// A request failed in a way that may pass, after all tries, which took so long.
    Failed(Duration),
    /// The host asked for a pause that is longer than a cycle waits.
    AskedForPause(Duration),
    /// The request ended, and its end says nothing about the host.
    Undecided,
}

/// Hears of each event of this process, with the text of the host's [`Origin`]. It is not told the witness: whoever
/// listens to another process decides how far to believe it.
pub type Listener = Box<dyn Fn(&str, Event) + Send + Sync>;

/// What is known of all hosts. Clones share it. It is written and read as a map from the text of an
/// [`Origin`] to a [`Host`].
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(from = "BTreeMap<String, Host>", into = "BTreeMap<String, Host>")]
pub struct Hosts(Arc<Shared>);

#[derive(Default)]
struct Shared {
    known: Mutex<BTreeMap<String, Host>>,
    /// When hosts want to be asked again that asked for a short pause.
    pauses: Mutex<BTreeMap<String, Instant>>,
    listener: OnceLock<Listener>,
}

impl Hosts {
    /// Lets `listener` hear of each event from now on. Only the first one does.
    pub fn listen(&self, listener: Listener) {
        // A second one is not set.
        let _ = self.0.listener.set(listener);
    }

    /// Notes an event of the host with this text of its origin, as this witness has seen it.
    pub fn note(&self, origin: &str, witness: &str, event: Event) {
        if !matches!(event, Event::Began | Event::Undecided) {
            self.known().entry(origin.to_owned()).or_default().note(witness, event);
        }
        if let Some(listener) = self.0.listener.get() {
            listener(origin, event);
        }
    }

    /// Takes over which hosts are closed. What is known of others stays.
    pub fn close(&self, closed: &BTreeMap<String, Closed>) {
        for (origin, reason) in closed {
            let mut known = self.known();
            known.entry(origin.clone()).or_default().closed.get_or_insert(*reason);
        }
    }

    /// All hosts that are closed, with the reason of each.
    pub fn closed(&self) -> BTreeMap<String, Closed> {
        let known = self.known();
        known.iter().filter_map(|(origin, host)| Some((origin.clone(), host.closed?))).collect()
    }

    /// Why the host of this origin is not asked any more, if it is not.
    pub(super) fn why_closed(&self, origin: &Origin) -> Option<Closed> {
        self.known().get(&origin.to_string())?.closed
    }

    /// Notes that a host wants to be asked again only at `until`.
    pub(super) fn pause(&self, origin: &Origin, until: Instant) {
        let mut pauses = self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let pause = pauses.entry(origin.to_string()).or_insert(until);
        *pause = until.max(*pause);
    }

    /// How long to wait before the next request to a host.
    pub(super) fn left_of_pause(&self, origin: &Origin, now: Instant) -> Option<Duration> {
        let pauses = self.0.pauses.lock().unwrap_or_else(PoisonError::into_inner);
        let left = pauses.get(&origin.to_string())?.checked_duration_since(now)?;
        (!left.is_zero()).then_some(left)
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<String, Host>> {
        self.0.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hosts").field(&self.known()).finish()
    }
}

impl From<BTreeMap<String, Host>> for Hosts {
    fn from(known: BTreeMap<String, Host>) -> Self {
        Self(Arc::new(Shared { known: Mutex::new(known), ..Shared::default() }))
    }
}

impl From<Hosts> for BTreeMap<String, Host> {
    fn from(hosts: Hosts) -> Self {
        hosts.known().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);

    /// The host after these events, each with another witness.
    fn host(events: impl IntoIterator<Item = Event>) -> Host {
        let mut host = Host::default();
        let events = events.into_iter().enumerate();
        events.for_each(|(number, event)| host.note(&number.to_string(), event));
        host
    }

    #[test]
    fn quick_failures_in_a_row_close_a_host_and_an_answer_begins_the_row_anew() {
        let quick = Event::Failed(SECOND);
        assert_eq!(host(vec![quick; MAX_FAILURES - 1]).closed, None);
        let closed = host(vec![quick; MAX_FAILURES]).closed;
        assert_eq!(closed, Some(Closed::Failures(MAX_FAILURES)));
        let mut events = vec![quick; MAX_FAILURES - 1];
        events.push(Event::Answered);
        assert_eq!(host(events.repeat(9)).closed, None);
        assert_eq!(host([Event::Began, Event::Undecided].repeat(99)), Host::default());
    }

    #[test]
    fn a_few_slow_failures_in_a_row_close_a_host() {
        assert_eq!(host(vec![Event::Failed(30 * MINUTE); MIN_FAILURES - 1]).closed, None);
        let closed = host(vec![Event::Failed(2 * MINUTE); MIN_FAILURES]).closed;
        assert_eq!(closed, Some(Closed::Failures(MIN_FAILURES)));
        let answered = [Event::Failed(4 * MINUTE), Event::Answered].repeat(9);
        assert_eq!(host(answered).closed, None);
    }

    #[test]
    fn a_host_that_asks_twice_for_a_long_pause_is_closed_and_stays_closed() {
        let year = 365 * 24 * 60 * MINUTE;
        let pause = Event::AskedForPause(year);
        assert_eq!(host([pause]).closed, None);
        let events = [pause, Event::Answered, pause, Event::Answered, Event::Failed(MINUTE)];
        assert_eq!(host(events).closed, Some(Closed::Pause(year)));
    }

    #[test]
    fn what_one_repository_sees_again_and_again_closes_no_host() {
        let mut host = Host::default();
        for _ in 0..2 * MAX_FAILURES {
            host.note("one", Event::AskedForPause(60 * MINUTE));
            host.note("one", Event::Failed(10 * MINUTE));
        }
        assert_eq!(host.closed, None);
        host.note("two", Event::Failed(SECOND));
        assert_eq!(host.closed, None);
        host.note("three", Event::Failed(SECOND));
        assert_eq!(host.closed, Some(Closed::Failures(3)));
    }

    #[test]
    fn what_is_known_goes_to_another_process_and_events_come_back() {
        let here = Hosts::default();
        let origin = Origin::of("https://h.example/x").unwrap();
        let name = origin.to_string();
        for number in 1..MIN_FAILURES {
            here.note(&name, &number.to_string(), Event::Failed(3 * MINUTE));
        }
        let text = serde_json::to_string(&here).unwrap();
        let there: Hosts = serde_json::from_str(&text).unwrap();
        let teller = here.clone();
        there.listen(Box::new(move |origin, event| teller.note(origin, "job", event)));
        assert_eq!(there.why_closed(&origin), None);
        there.note(&name, "submodule", Event::Failed(MINUTE));
        let closed = Some(Closed::Failures(MIN_FAILURES));
        assert_eq!((there.why_closed(&origin), here.why_closed(&origin)), (closed, closed));

        let third = Hosts::default();
        third.note(&name, "job", Event::Failed(SECOND));
        third.close(&here.closed());
        assert_eq!(third.why_closed(&origin), closed);
        assert_eq!(third.why_closed(&Origin::of("http://h.example/x").unwrap()), None);
    }

    #[test]
    fn a_short_pause_counts_for_its_host_until_it_is_over() {
        let (hosts, now) = (Hosts::default(), Instant::now());
        let [one, two] = ["https://one.example", "https://two.example"].map(Origin::of);
        let (one, two) = (one.unwrap(), two.unwrap());
        hosts.pause(&one, now + 30 * SECOND);
        hosts.pause(&one, now + 10 * SECOND);
        assert_eq!(hosts.left_of_pause(&one, now + 20 * SECOND), Some(10 * SECOND));
        assert_eq!(hosts.left_of_pause(&one, now + 30 * SECOND), None);
        assert_eq!(hosts.left_of_pause(&two, now), None);
    }

    /// How long a cycle takes in which each request to the only host fails after `took`: `jobs` workers ask for
    /// `repositories`, one request each.
    fn cycle(jobs: usize, repositories: usize, took: Duration) -> Duration {
        let (mut host, mut now) = (Host::default(), Duration::ZERO);
        let mut ends = vec![took; jobs];
        let mut left = repositories - jobs;
        let mut asked = 0;
        while let Some(next) = (0..ends.len()).min_by_key(|&index| ends[index]) {
            now = ends.remove(next);
            asked += 1;
            host.note(&asked.to_string(), Event::Failed(took));
            if left > 0 && host.closed.is_none() {
                left -= 1;
                ends.push(now + took);
            }
        }
        now
    }

    /// The mark is 10 minutes beyond the setting `timeout`.
    #[test]
    fn a_host_that_is_down_costs_a_cycle_of_1400_repositories_a_few_minutes() {
        // With the default settings: 6 jobs, a timeout of 2 minutes, 3 retries after pauses of 1, 2 and 4 seconds
        // and up to as much again at random.
        let pauses = 14 * SECOND;
        for (fault, took, most) in [
            ("accepts and never answers", 2 * MINUTE, 4 * MINUTE),
            ("packets are lost: 30 s for each connection", 2 * MINUTE + pauses, 5 * MINUTE),
            ("refused, 500, or 429 without a time", pauses, 2 * MINUTE),
            ("drips, and is given up after 30 s", 30 * SECOND, 2 * MINUTE),
            ("429 with 60 s each time", 2 * MINUTE, 4 * MINUTE),
        ] {
            let takes = cycle(6, 1400, took);
            assert!(takes <= most, "{fault}: {takes:?}");
        }
        assert!(cycle(1, 1400, 2 * MINUTE) <= 6 * MINUTE, "with one job");
        assert!(cycle(32, 1400, 2 * MINUTE) <= 4 * MINUTE, "with many jobs");
    }
}
