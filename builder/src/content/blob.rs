//! The name of a blob, and where to read it.

use std::fmt;

use git2::Oid;

/// The object id of a blob. Files with the same id have the same bytes, in whatever repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobId(Oid);

impl BlobId {
    pub(crate) fn oid(self) -> Oid {
        self.0
    }
}

impl From<Oid> for BlobId {
    fn from(id: Oid) -> Self {
        Self(id)
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A blob, and the repository that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blob {
    /// The number of the repository in [`Objects`](crate::content::objects::Objects).
    pub(crate) repository: usize,
    pub(crate) id: BlobId,
}
