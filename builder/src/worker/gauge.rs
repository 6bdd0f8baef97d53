//! How much memory the supervising process and all its workers have used at the same time.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use crate::memory;

/// Adds up the memory of the processes, and remembers the largest sum.
#[derive(Debug, Default)]
pub(super) struct Gauge(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// The memory of each running worker in bytes, by its process id.
    workers: BTreeMap<u32, u64>,
    peak: u64,
}

impl Gauge {
    /// Notes the memory of a worker: its resident set in bytes.
    pub(super) fn note(&self, worker: u32, bytes: u64) {
        let own = memory::resident("self").unwrap_or(0);
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let before = state.workers.entry(worker).or_default();
        *before = bytes.max(*before);
        let sum = own + state.workers.values().sum::<u64>();
        state.peak = state.peak.max(sum);
    }

    /// Notes that a worker has ended.
    pub(super) fn end(&self, worker: u32) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).workers.remove(&worker);
    }

    /// The largest sum so far, in bytes.
    pub(super) fn peak(&self) -> u64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).peak
    }
}
