//! Limits on what Git servers send, and on submodules. How long their answers may be is in [`net`](super::net).

use std::time::Duration;

/// How many bytes of packets `shallow ID` and `ACK ID` may come before a pack. These are 300,000 packets;
/// normally there is one for each branch.
pub const MAX_NEGOTIATION: usize = 16 << 20;

/// The longest `.gitmodules` that is read, in bytes. Those of real extensions and skins are estimated to
/// have below 2 kB.
pub const MAX_GITMODULES: u64 = 1 << 20;

/// How many submodules a branch may have, with those of its submodules. Real extensions and skins have up to
/// about 10. Each one is a fetch.
pub const MAX_SUBMODULES: usize = 100;

/// The longest name, path or URL of a submodule, in bytes. Linux ends a path here.
pub const MAX_SUBMODULE_NAME: usize = 4096;

/// The longest address of a server that is proposed for the setting `submodule-hosts`, in bytes. A name in DNS has up
/// to 253; besides, there are the scheme and the port.
pub const MAX_HOST: usize = 253 + "https://".len() + ":65535".len();

/// How many branches of a submodule may be fetched, where its server does not give a commit by its id. Those of Wikimedia
/// with a branch for each weekly version have some 1,000.
pub const MAX_FETCHED_REFS: usize = 10_000;

/// The largest tree object that is read to look for submodules, in bytes: a content may have no more in all of its trees
/// together.
pub const MAX_TREE: u64 = super::content::MAX_TREES;

/// How many submodules of a repository may fail to be fetched in a cycle, with all its branches. A real repository
/// has one or two that are gone; each failure is one or two requests.
pub const MAX_FAILED_FETCHES: usize = 20;

/// How many objects the packs of a mirror may have that is repacked; libgit2 keeps about 150 bytes for each. Five branches of
/// Wikibase have 40,000.
pub const MAX_PACKED_OBJECTS: u64 = 1_000_000;

/// The largest object of a mirror that is repacked, in bytes: libgit2 reads it into memory.
pub const MAX_PACKED_OBJECT: u64 = 64 << 20;

/// The largest commit object that is read, in bytes. The longest messages of real commits have some 100 kB.
pub const MAX_COMMIT: usize = 16 << 20;

/// A fetch that failed after so long may take as long in each cycle, and others decide how many there are. So the
/// repository waits for some hours, and what it would have brought as a submodule is missing for a day. A server that
/// is down takes less: the setting `timeout`, 2 minutes by default, and some retries.
pub const PATIENCE: Duration = Duration::from_secs(5 * 60);
