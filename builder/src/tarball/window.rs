//! How far the readers of a tarball may be ahead of the packer, in bytes.
//!
//! Files come in all sizes, so a number of files or of batches does not bound the memory that they take. The
//! tarball is a line of bytes. The packer is at one place of it, and what is read lies within a window of fixed
//! size from there. The member that the packer needs next may always be read, however large it is: so no reader
//! waits for the packer while the packer waits for it.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The place of the packer, and how far a reader may look ahead.
pub(crate) struct Window {
    size: u64,
    place: Mutex<Place>,
    moved: Condvar,
}

struct Place {
    /// Everything before this byte is packed.
    packed: u64,
    /// There is no packer any more.
    closed: bool,
}

impl Window {
    /// A window of `size` bytes, at the start of the tarball.
    pub(crate) fn new(size: u64) -> Self {
        let place = Mutex::new(Place { packed: 0, closed: false });
        Self { size, place, moved: Condvar::new() }
    }

    /// Whether the member from `start` to `end` may be read now.
    pub(crate) fn has_room(&self, start: u64, end: u64) -> bool {
        self.is_room(&self.place(), start, end)
    }

    /// Waits until the member from `start` to `end` may be read, or until there is no packer any more. Who
    /// waits must have sent everything before `start` that it has read: the packer may need it.
    pub(crate) fn wait(&self, start: u64, end: u64) {
        let place = self.place();
        let waits = |place: &mut Place| !self.is_room(place, start, end);
        drop(self.moved.wait_while(place, waits).unwrap_or_else(PoisonError::into_inner));
    }

    /// Moves the window: everything before `packed` is packed, and its memory is free.
    pub(crate) fn advance(&self, packed: u64) {
        self.place().packed = packed;
        self.moved.notify_all();
    }

    /// Lets all readers go on: there is no packer any more.
    pub(crate) fn close(&self) {
        self.place().closed = true;
        self.moved.notify_all();
    }

    fn is_room(&self, place: &Place, start: u64, end: u64) -> bool {
        place.closed || end <= place.packed.saturating_add(self.size) || start <= place.packed
    }

    fn place(&self) -> MutexGuard<'_, Place> {
        self.place.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_ahead_fits_into_the_window() {
        let window = Window::new(100);
        for (start, end, room) in
            [(0, 100, true), (50, 101, false), (0, 1_000, true), (1, 1_000, false)]
        {
            assert_eq!(window.has_room(start, end), room, "{start} to {end}");
        }
        window.advance(50);
        for (start, end, room) in [(50, 150, true), (100, 151, false), (50, 1_000, true)] {
            assert_eq!(window.has_room(start, end), room, "{start} to {end}");
        }
    }

    #[test]
    fn who_waits_goes_on_when_the_window_reaches_it_or_closes() {
        for close in [false, true] {
            let window = Window::new(10);
            std::thread::scope(|scope| {
                let waiting = scope.spawn(|| window.wait(90, 120));
                window.advance(50);
                assert!(!window.has_room(90, 120));
                if close {
                    window.close();
                } else {
                    window.advance(90);
                }
                waiting.join().unwrap();
            });
        }
    }
}
