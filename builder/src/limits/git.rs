//! Limits on what Git servers send, and on submodules. How long their answers may be is in [`net`](super::net).

/// How many bytes of packets `shallow ID` and `ACK ID` may come before a pack. These are 300,000 packets;
/// normally there is one for each branch.
pub const MAX_NEGOTIATION: usize = 16 << 20;

/// The largest commit object that is read, in bytes. The longest messages of real commits have some 100 kB.
pub const MAX_COMMIT: usize = 16 << 20;
