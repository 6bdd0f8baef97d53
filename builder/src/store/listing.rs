//! How much of a list of objects is taken. A server may send pages without end, or names that no object has.

use std::time::{Duration, Instant};

use crate::limits::store::{MAX_BYTES, MAX_EMPTY, MAX_LISTED, MAX_PAGES, MAX_TIME};

#[derive(Debug, Clone, Copy)]
struct Limits {
    objects: usize,
    pages: usize,
    /// Pages without an object.
    empty: usize,
    /// Of all names together.
    bytes: usize,
    /// Of all pages together.
    time: Duration,
}

/// Finds a list that has no end, or is longer than any real one.
#[derive(Debug)]
pub(super) struct ListGuard {
    limits: Limits,
    start: Instant,
    objects: usize,
    pages: usize,
    empty: usize,
    bytes: usize,
}

impl Default for ListGuard {
    fn default() -> Self {
        Self::new(Limits {
            objects: MAX_LISTED,
            pages: MAX_PAGES,
            empty: MAX_EMPTY,
            bytes: MAX_BYTES,
            time: MAX_TIME,
        })
    }
}

impl ListGuard {
    fn new(limits: Limits) -> Self {
        Self { limits, start: Instant::now(), objects: 0, pages: 0, empty: 0, bytes: 0 }
    }

    /// Counts a page of so many objects, whose names have so many bytes.
    ///
    /// # Errors
    /// The list is too long.
    pub(super) fn page(
        &mut self,
        objects: usize,
        bytes: usize,
        is_last: bool,
    ) -> Result<(), String> {
        self.objects += objects;
        self.pages += 1;
        self.empty += usize::from(objects == 0 && !is_last);
        self.bytes += bytes;
        let limits = self.limits;
        let too_long = if self.objects > limits.objects {
            format!("it has more than {} objects", limits.objects)
        } else if self.empty > limits.empty {
            format!("its list has more than {} pages that are empty", limits.empty)
        } else if self.pages > limits.pages {
            format!("its list has more than {} pages", limits.pages)
        } else if self.bytes > limits.bytes {
            format!("the names in it have more than {} MiB together", limits.bytes >> 20)
        } else if self.start.elapsed() > limits.time {
            format!("its list took longer than {} s", limits.time.as_secs())
        } else {
            return Ok(());
        };
        Err(format!("{too_long}, the most that tardist takes; docs/builder.md explains the limits"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        objects: 10,
        pages: 3,
        empty: 1,
        bytes: 5 << 20,
        time: Duration::from_secs(u64::MAX),
    };

    /// What is wrong with a list of these pages: objects and bytes of each.
    fn wrong(limits: Limits, pages: &[(usize, usize)]) -> Option<String> {
        let mut guard = ListGuard::new(limits);
        pages.iter().find_map(|(objects, bytes)| guard.page(*objects, *bytes, false).err())
    }

    #[test]
    fn a_list_ends_at_each_of_its_limits() {
        assert_eq!(wrong(LIMITS, &[(4, 5 << 20), (5, 0), (1, 0)]), None);
        for (pages, says) in [
            (&[(1, 1); 4][..], "more than 3 pages"),
            (&[(6, 1), (5, 1)], "more than 10 objects"),
            (&[(1, 3 << 20), (1, 3 << 20)], "more than 5 MiB"),
            (&[(0, 0), (0, 0)], "more than 1 pages that are empty"),
        ] {
            let wrong = wrong(LIMITS, pages).unwrap();
            assert!(wrong.contains(says) && wrong.contains("docs/builder.md"), "{wrong}");
        }
        let late = wrong(Limits { time: Duration::ZERO, ..LIMITS }, &[(1, 1)]).unwrap();
        assert!(late.contains("longer than 0 s"), "{late}");
    }

    #[test]
    fn the_last_page_may_be_empty() {
        let mut guard = ListGuard::new(LIMITS);
        assert_eq!(guard.page(0, 0, false), Ok(()));
        assert_eq!(guard.page(0, 0, true), Ok(()));
    }
}
