//! What an instance of a component keeps between requests.

use std::{cell::RefCell, rc::Rc, time::Instant};

use super::{
    database::Database,
    response_cache::{LIFETIME, ResponseCache},
};

/// A connection to the snapshot and the responses that were made from it. They are dropped together, as
/// [`response_cache`](super::response_cache) says.
pub(super) struct Instance {
    since: Instant,
    pub(super) database: Database,
    pub(super) responses: RefCell<ResponseCache>,
}

impl Instance {
    /// What is kept, or without it, or where it is too old, a new one. A request goes on with the one
    /// that it began with.
    pub(super) fn current() -> Rc<Self> {
        thread_local! {
            static CURRENT: RefCell<Option<Rc<Instance>>> = const { RefCell::new(None) };
        }
        CURRENT.with_borrow_mut(|current| match current {
            Some(instance) if instance.since.elapsed() < LIFETIME => Rc::clone(instance),
            _ => {
                let (database, responses) = (Database::default(), RefCell::default());
                let instance = Self { since: Instant::now(), database, responses };
                Rc::clone(current.insert(Rc::new(instance)))
            }
        })
    }
}
