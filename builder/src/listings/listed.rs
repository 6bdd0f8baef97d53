//! A tarball, as the lists have it.

use tardist_contract::Kind;

/// A published tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its kind.
    pub kind: Kind,
    /// Its file name.
    pub file: String,
    /// The time of its commit: Unix seconds.
    pub committed_at: i64,
    /// Its size in bytes.
    pub size: u64,
    /// Its SHA-256 in hexadecimal.
    pub sha256: String,
}

#[cfg(test)]
impl Listed {
    /// A skin's tarball of 9 bytes, from 1970.
    pub(super) fn skin(file: &str) -> Self {
        Self {
            kind: Kind::Skins,
            file: file.to_owned(),
            committed_at: 0,
            size: 9,
            sha256: "0".repeat(64),
        }
    }
}
