//! The body of an answer, as it is read: no longer than it may be, and with errors that say what happened.

use std::{
    io::{self, Read},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use ureq::BodyReader;

use super::{error::HttpError, options::BodyLimit};

/// A reader of a body. Its errors carry a [`HttpError`], which [`HttpError::interrupted`] takes out.
pub struct Body {
    reader: BodyReader<'static>,
    url: String,
    limit: BodyLimit,
    /// How many more bytes may come.
    left: u64,
    /// Counts the bytes of all bodies.
    total: Arc<AtomicU64>,
}

impl Body {
    pub(super) fn new(
        body: ureq::Body,
        url: &str,
        limit: BodyLimit,
        total: &Arc<AtomicU64>,
    ) -> Self {
        Self {
            reader: body.into_with_config().limit(u64::MAX).reader(),
            url: url.to_owned(),
            limit,
            left: limit.bytes,
            total: Arc::clone(total),
        }
    }
}

impl Read for Body {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        // One byte more than may come shows that there is more.
        let most = usize::try_from(self.left.saturating_add(1)).unwrap_or(usize::MAX);
        let most = most.min(buffer.len());
        let count = self
            .reader
            .read(&mut buffer[..most])
            .map_err(|error| HttpError::failed(&self.url, &self.limit, error.into()))?;
        self.total.fetch_add(count as u64, Ordering::Relaxed);
        let Some(left) = self.left.checked_sub(count as u64) else {
            let BodyLimit { what, bytes: limit, .. } = self.limit;
            return Err(HttpError::TooLong { url: self.url.clone(), what, limit }.into());
        };
        self.left = left;
        Ok(count)
    }
}
