//! What all workers together have asked of servers.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use crate::worker::message::Totals;

/// What all workers together have asked of servers.
#[derive(Debug, Default)]
pub struct Traffic {
    requests: AtomicU64,
    received: AtomicU64,
    fetching: AtomicU64,
}

impl Traffic {
    /// How many requests were sent.
    pub fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// How many bytes were received.
    pub fn received(&self) -> u64 {
        self.received.load(Ordering::Relaxed)
    }

    /// How long all fetches took: the sum over all workers.
    pub fn fetching(&self) -> Duration {
        Duration::from_micros(self.fetching.load(Ordering::Relaxed))
    }

    /// Adds what a worker has done since it said `before`.
    pub(super) fn add(&self, before: Totals, now: Totals) {
        let more = |total: &AtomicU64, before: u64, now: u64| {
            total.fetch_add(now.saturating_sub(before), Ordering::Relaxed);
        };
        more(&self.requests, before.requests, now.requests);
        more(&self.received, before.received, now.received);
        more(&self.fetching, before.fetching, now.fetching);
    }
}
