//! The names of the objects in a store.
//!
//! | name | what | who writes it |
//! |---|---|---|
//! | `dist/KIND/FILE` | a tarball; its bytes never change, but for [plain names](crate::catalogue::files) | first |
//! | `snapshots/SHA256.db.gz` | a snapshot, compressed, by the SHA-256 of its file | then |
//! | `current.json` | the [pointer](mod@super::pointer) to the snapshot that is published | last |

use tardist_contract::{Kind, TarballName};

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

/// True for the name of an object that tardist writes, besides the pointer. Others may be in the same place, and are
/// somebody else's.
pub fn is_own(name: &str) -> bool {
    let parts: Vec<&str> = name.split('/').collect();
    match parts.as_slice() {
        [DIST, kind, file] => {
            Kind::ALL.iter().any(|it| it.as_str() == *kind) && file.parse::<TarballName>().is_ok()
        }
        [SNAPSHOTS, file] => file.strip_suffix(".db.gz").is_some_and(|sha256| {
            sha256.len() == 64 && sha256.bytes().all(|byte| byte.is_ascii_hexdigit())
        }),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tarballs_and_snapshots_are_tardists_own() {
        let sha256 = "0123456789abcdef".repeat(4);
        let own = ["dist/skins/A-wmf~1.47-1234567.tar.gz".to_owned(), snapshot(&sha256)];
        assert!(own.iter().all(|name| is_own(name)), "{own:?}");
        for other in [
            "dist/app.js",
            "dist/skins/a/b.tar.gz",
            "dist/photos/x.tar.gz",
            "dist/skins/index.html",
            "snapshots/monday.db.gz",
            "snapshots/2026/x",
            "current.json",
            "",
        ] {
            assert!(!is_own(other), "{other}");
        }
    }
}
