//! The bytes and sizes of files, wherever they are: in Git, in memory or on disk.

use std::fs;

use crate::{
    Error,
    content::{
        objects::Objects,
        tree::{File, Source},
    },
    error::IoContext,
};

/// Reads the files of a content.
pub struct FileReader {
    objects: Objects,
}

impl FileReader {
    pub(crate) fn new(objects: Objects) -> Self {
        Self { objects }
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.objects
    }

    pub(crate) fn objects_mut(&mut self) -> &mut Objects {
        &mut self.objects
    }

    /// A second reader of the same files, for another thread: an open repository serves only one.
    ///
    /// # Errors
    /// [`Error::Git`] where a repository cannot be opened again.
    pub fn reopened(&self) -> Result<Self, Error> {
        Ok(Self { objects: self.objects.reopened()? })
    }

    /// How many bytes the objects of all repositories of the content have on disk.
    ///
    /// # Errors
    /// [`Error::Io`]
    pub fn stored_bytes(&self) -> Result<u64, Error> {
        self.objects.stored_bytes()
    }

    /// The bytes of a file as they stand in the tarball.
    ///
    /// # Errors
    /// [`Error::TooLarge`] for a blob above its limit, [`Error::Damaged`] where the blob is missing or broken, [`Error::Io`] for a file on disk.
    pub fn bytes(&self, file: &File) -> Result<Vec<u8>, Error> {
        match &file.source {
            Source::Blob(blob) => self.objects.blob(*blob),
            Source::Converted { blob, conversion, .. } => {
                let bytes = self.objects.blob(*blob)?;
                Ok(conversion.apply(&bytes, blob.id).0.unwrap_or(bytes))
            }
            Source::Bytes(bytes) => Ok(bytes.clone()),
            Source::Disk { path, .. } => fs::read(path).at("read", path),
        }
    }

    /// The size in bytes of a file as it stands in the tarball.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the blob is missing or broken.
    pub fn size(&self, file: &File) -> Result<u64, Error> {
        match &file.source {
            Source::Blob(blob) => self.objects.blob_size(*blob),
            Source::Converted { size, .. } | Source::Disk { size, .. } => Ok(*size),
            Source::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }
}
