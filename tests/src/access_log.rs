//! The access log of a real server.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::within;
use crate::site::Site;

/// A log with a line for each request, which is read step by step.
pub(crate) struct AccessLog {
    log: PathBuf,
    seen: usize,
}

impl AccessLog {
    pub(crate) fn new(log: PathBuf) -> Self {
        Self { log, seen: 0 }
    }

    /// The lines since the last call.
    ///
    /// Servers write a line some time after the answer. So this sends a request of its own to
    /// `path` and waits for its line: all lines before that one are there by then.
    pub(crate) fn since_last(&mut self, site: &Site, path: &str) -> Vec<String> {
        static MARK: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{path}?mark={}", MARK.fetch_add(1, Ordering::Relaxed));
        let _ = site.get(&mark);
        let is_mark = |line: &str| line.split(' ').any(|word| word == mark);
        let mut lines = Vec::new();
        within("the server logs a request", || {
            let text = std::fs::read_to_string(&self.log).unwrap_or_default();
            lines = text.lines().map(str::to_owned).collect();
            lines.iter().any(|line| is_mark(line))
        });
        let end = lines.iter().position(|line| is_mark(line)).unwrap();
        let new = lines[self.seen..end].to_vec();
        self.seen = end + 1;
        new
    }
}
