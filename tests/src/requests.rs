//! The log of requests that a real server writes.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::process::within;
use crate::site::Site;

/// A log with a line for each request, of which only the new lines count.
pub(crate) struct Requests {
    log: PathBuf,
    seen: usize,
}

impl Requests {
    pub(crate) fn new(log: PathBuf) -> Self {
        Self { log, seen: 0 }
    }

    /// The lines since the last call. Servers write them when they come to it: what is here when
    /// the line of a request of our own is, which goes to `path`, is all that was before.
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
