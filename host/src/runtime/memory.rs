//! The memory of instances. It means their WebAssembly memory, which is what Spin limits too.

use std::sync::atomic::{AtomicUsize, Ordering};

use wasmtime::ResourceLimiter;

/// Counts the linear memory of an instance. It sets no limit.
#[derive(Default)]
pub(crate) struct Memory {
    bytes: usize,
}

impl Memory {
    /// The size of all its memories, in bytes. Memories never shrink.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        self.bytes += desired.saturating_sub(current);
        Ok(true)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        Ok(true)
    }
}

/// The largest number so far.
#[derive(Default)]
pub(crate) struct Most(AtomicUsize);

impl Most {
    /// Whether this is more than ever before. It then counts as the largest number.
    pub(crate) fn is_beaten_by(&self, bytes: usize) -> bool {
        self.0.fetch_max(bytes, Ordering::Relaxed) < bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_memories_of_an_instance_count() {
        let mut memory = Memory::default();
        // Two are made, one of them grows.
        for (current, desired) in [(0, 100), (0, 10), (100, 150)] {
            assert!(memory.memory_growing(current, desired, None).unwrap());
        }
        assert_eq!(memory.bytes(), 160);
    }

    #[test]
    fn only_a_new_maximum_beats_the_old() {
        let most = Most::default();
        let beaten: Vec<bool> = [5, 5, 3, 6].map(|bytes| most.is_beaten_by(bytes)).into();
        assert_eq!(beaten, [true, false, false, true]);
    }
}
