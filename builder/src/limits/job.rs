//! Limits on the work on one repository as a whole. They are settings (`limit-memory` and so on), because they
//! depend on the machine; the operating system and the supervisor hold them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// What the work on one repository may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobLimits {
    /// Memory, in bytes: what the worker itself allocates, not the files that it maps.
    pub memory: u64,
    /// Processor time, the sum over all threads.
    pub cpu: Duration,
    /// Time by the clock, without waiting for other workers.
    pub time: Duration,
    /// Time by the clock without anything received or finished.
    pub idle: Duration,
    /// Disk space of the mirror and the new tarballs together, in bytes. No single file may be larger, either.
    pub disk: u64,
}
