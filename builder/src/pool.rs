//! A thread pool: works on a list of items with a fixed number of threads.
//!
//! Everything that the builder does in parallel goes through [`run`]. So a panic has the same effect
//! everywhere: the item that was worked on fails, and the work on all others continues.

use std::{
    any::Any,
    collections::VecDeque,
    panic::{self, AssertUnwindSafe},
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

use crate::Error;

/// Calls `work` for each of `items` on `threads` threads, and calls `each` with every item and its result.
///
/// `each` runs on the caller's thread, in the order in which the results arrive. At least one thread is
/// started, and never more than there are items.
///
/// A panic in `work` becomes an [`Error::Bug`] of its item. So data that `work` shares between items must
/// still be valid after a panic.
pub fn run<T: Send, R: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(&T) -> Result<R, Error> + Sync,
    mut each: impl FnMut(T, Result<R, Error>),
) {
    run_with_pauses(threads, items, work, Duration::MAX, |done| {
        if let Some((item, result)) = done {
            each(item, result);
        }
    });
}

/// As [`run`]. Besides, `each` is called with `None` whenever no result has come for as long as `pause`.
pub(crate) fn run_with_pauses<T: Send, R: Send>(
    threads: usize,
    items: Vec<T>,
    work: impl Fn(&T) -> Result<R, Error> + Sync,
    pause: Duration,
    mut each: impl FnMut(Option<(T, Result<R, Error>)>),
) {
    let threads = threads.min(items.len()).max(1);
    let queue = Mutex::new(VecDeque::from(items));
    let next = || queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _ in 0..threads {
            let (sender, next, work) = (sender.clone(), &next, &work);
            scope.spawn(move || {
                while let Some(item) = next() {
                    let result = panic::catch_unwind(AssertUnwindSafe(|| work(&item)));
                    let result = result.unwrap_or_else(|cause| Err(bug(&*cause)));
                    // The receiver is gone only if `each` has panicked.
                    if sender.send((item, result)).is_err() {
                        return;
                    }
                }
            });
        }
        // The loop below ends when all senders are dropped: this one, and those of the threads.
        drop(sender);
        loop {
            match receiver.recv_timeout(pause) {
                Ok(done) => each(Some(done)),
                Err(RecvTimeoutError::Timeout) => each(None),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    });
}

/// An error with the message of a panic.
pub(crate) fn bug(cause: &(dyn Any + Send)) -> Error {
    let text = cause
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| cause.downcast_ref::<&str>().copied());
    Error::Bug(text.unwrap_or("a panic without a message").to_owned())
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::atomic::{AtomicUsize, Ordering},
        time::Duration,
    };

    use super::*;

    #[test]
    fn a_panic_is_the_failure_of_its_item_alone() {
        let work = |number: &u32| match number {
            3 => panic!("three of {number}"),
            5 => Err(Error::Config("five".to_owned())),
            number => Ok(number * 10),
        };
        let mut results = BTreeMap::new();
        run(2, (0..8).collect(), work, |number, result| {
            results.insert(number, result.map_err(|error| error.to_string()));
        });
        assert_eq!(results.len(), 8, "{results:?}");
        assert!(matches!(&results[&3], Err(text) if text.contains("three of 3")), "{results:?}");
        assert_eq!(results[&5], Err("five".to_owned()));
        assert_eq!(results[&7], Ok(70));
    }

    #[test]
    fn as_many_threads_work_as_are_asked_for_and_at_least_one() {
        for (threads, most) in [(0, 1), (1, 1), (3, 3)] {
            let (now, peak) = (AtomicUsize::new(0), AtomicUsize::new(0));
            let work = |_: &u32| {
                peak.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(5));
                now.fetch_sub(1, Ordering::SeqCst);
                Ok(())
            };
            let mut done = 0;
            run(threads, (0..12).collect(), work, |_, _| done += 1);
            assert_eq!(done, 12);
            assert!(peak.into_inner() <= most, "{threads}");
        }
        run(4, Vec::<u32>::new(), |_| Ok(()), |_, _| panic!("there is nothing to do"));
    }

    #[test]
    fn there_are_pauses_while_no_result_comes() {
        let (told, wait) = mpsc::channel();
        let wait = Mutex::new(wait);
        // The work ends after the second pause.
        let work = |_: &u32| wait.lock().unwrap().recv().map_err(|e| Error::Bug(e.to_string()));
        let mut events = Vec::new();
        run_with_pauses(1, vec![7], work, Duration::from_millis(1), |done| {
            if events.len() == 1 {
                told.send(()).unwrap();
            }
            events.push(done.map(|(number, result)| (number, result.is_ok())));
        });
        assert_eq!(events[..2], [None, None]);
        assert_eq!(events.last(), Some(&Some((7, true))));
    }
}
