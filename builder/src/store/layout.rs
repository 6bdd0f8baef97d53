//! The names of the objects in a store.
//!
//! | name | what | who writes it |
//! |---|---|---|
//! | `dist/KIND/FILE` | a tarball; its bytes never change, but for [plain names](crate::catalogue::files) | first |
//! | `snapshots/SHA256.db.gz` | a snapshot, compressed, by the SHA-256 of its file | then |
//! | `current.json` | the [pointer](mod@super::pointer) to the snapshot that is published | last |

use tardist_contract::Kind;

/// The pointer.
pub const POINTER: &str = "current.json";

/// What the names of snapshots begin with.
pub const SNAPSHOTS: &str = "snapshots";

/// What the names of tarballs begin with.
pub const DIST: &str = "dist";

/// The name of a tarball.
pub fn tarball(kind: Kind, file: &str) -> String {
    format!("{DIST}/{kind}/{file}")
}

/// The name of a snapshot, by the SHA-256 of its file: 64 hexadecimal digits.
pub fn snapshot(sha256: &str) -> String {
    format!("{SNAPSHOTS}/{sha256}.db.gz")
}
