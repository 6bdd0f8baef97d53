//! Large files that are compressed already, in the tarballs of one repository.

use std::{collections::HashMap, fs::File, sync::Arc};

use crate::{
    content::BlobId,
    tarball::{archive::Written, gzip::Compressed},
};

/// The large files in the tarballs that this cycle has made of a repository. Its branches have most of
/// them in common: what one tarball has compressed the next one copies, without reading the blob.
#[derive(Debug, Default)]
pub struct LargeFiles(HashMap<BlobId, Compressed>);

impl LargeFiles {
    /// Adds the large files of a tarball that is complete.
    pub fn add(&mut self, tarball: File, written: Written) {
        let tarball = Arc::new(tarball);
        for (blob, range) in written.large_files {
            let compressed = Compressed { tarball: Arc::clone(&tarball), range: Arc::new(range) };
            self.0.entry(blob).or_insert(compressed);
        }
    }

    pub(crate) fn get(&self, blob: BlobId) -> Option<&Compressed> {
        self.0.get(&blob)
    }
}
