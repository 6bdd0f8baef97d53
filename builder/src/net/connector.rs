//! Connections that watch the rate of answers.
//!
//! The rate is measured on what comes over the network, and not on what is read of a body: a server can
//! also drip headers, sizes of chunks, or compressed data of which nothing comes out. ureq has time limits
//! for all of these, but none for a rate.
//!
//! ureq does not promise to keep these traits as they are (its module `unversioned`). They are used in
//! this file only, and `Cargo.lock` has the version.

use std::time::Instant;

use ureq::{
    Error, Timeout,
    unversioned::transport::{
        Buffers, ConnectionDetails, Connector, NextTimeout, Transport, time::Duration,
    },
};

use super::{options::LeastRate, rate::RateMeter};

/// Makes the connections of another connector into [`Metered`] ones.
#[derive(Debug)]
pub(super) struct MeteringConnector(pub(super) LeastRate);

impl<T: Transport> Connector<T> for MeteringConnector {
    type Out = Metered<T>;

    fn connect(
        &self,
        _: &ConnectionDetails,
        chained: Option<T>,
    ) -> Result<Option<Metered<T>>, Error> {
        Ok(chained.map(|inner| Metered { inner, meter: RateMeter::new(self.0) }))
    }
}

/// A connection that fails with [`TooSlow`](super::rate::TooSlow) where an answer comes too slowly.
#[derive(Debug)]
pub(super) struct Metered<T> {
    inner: T,
    meter: RateMeter,
}

impl<T: Transport> Transport for Metered<T> {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.inner.buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.meter.restart();
        self.inner.transmit_output(amount, timeout)
    }

    fn await_input(&mut self, mut timeout: NextTimeout) -> Result<bool, Error> {
        let left = self.meter.left().filter(|left| *left < *timeout.after);
        if let Some(left) = left {
            timeout.after = Duration::Exact(left);
        }
        let before = self.inner.buffers().input().len();
        let start = Instant::now();
        let result = self.inner.await_input(timeout);
        let received = self.inner.buffers().input().len().saturating_sub(before);
        self.meter.note(start.elapsed(), received as u64).map_err(other)?;
        match result {
            // The setting `timeout` is shorter.
            Err(Error::Timeout(Timeout::PerRead)) => result,
            Err(Error::Timeout(_)) if left.is_some() => Err(other(self.meter.too_slow())),
            result => result,
        }
    }

    fn is_open(&mut self) -> bool {
        self.inner.is_open()
    }

    fn is_tls(&self) -> bool {
        self.inner.is_tls()
    }
}

fn other(error: impl std::error::Error + Send + Sync + 'static) -> Error {
    Error::Other(Box::new(error))
}
