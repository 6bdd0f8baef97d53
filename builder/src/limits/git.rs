//! Limits on what Git servers send, and on submodules.

/// The largest response that is read: 256 MiB. In protocol version 0, 60,000 refs take 4 MB. Only the wanted
/// refs are kept in memory.
pub const MAX_REFS: u64 = 256 << 20;

/// How many bytes of packets `shallow ID` are processed. These are 300,000 packets; normally there is one for
/// each branch.
pub const MAX_SHALLOWS: usize = 16 << 20;
