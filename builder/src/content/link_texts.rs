//! The texts of symbolic links, each kept once.

use std::{collections::HashMap, sync::Arc};

use crate::{
    Error,
    content::{
        blob::{Blob, BlobId},
        counts::Count,
        links,
        objects::Objects,
        paths::MAX_PATH,
        tree::LinkText,
    },
    limits::content::MAX_LINK_TEXTS,
};

/// All texts of a content.
#[derive(Debug)]
pub(crate) struct LinkTexts {
    by_blob: HashMap<BlobId, LinkText>,
    pub(crate) bytes: Count,
}

impl Default for LinkTexts {
    fn default() -> Self {
        let bytes = Count::new(MAX_LINK_TEXTS, "its content", "bytes of symbolic links");
        Self { by_blob: HashMap::new(), bytes }
    }
}

impl LinkTexts {
    /// The text that a blob holds. The error is the size of a blob that is longer than any path; it is
    /// not read.
    pub(crate) fn of_blob(
        &mut self,
        objects: &Objects,
        blob: Blob,
    ) -> Result<Result<LinkText, u64>, Error> {
        if let Some(text) = self.by_blob.get(&blob.id) {
            return Ok(Ok(Arc::clone(text)));
        }
        let size = objects.blob_size(blob)?;
        if size > MAX_PATH as u64 {
            return Ok(Err(size));
        }
        let text = self.add(&objects.blob(blob)?)?;
        self.by_blob.insert(blob.id, Arc::clone(&text));
        Ok(Ok(text))
    }

    /// Keeps a text.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where all texts together are too long.
    pub(crate) fn add(&mut self, text: &[u8]) -> Result<LinkText, Error> {
        let text = links::normalized(text);
        self.bytes.take(text.len() as u64)?;
        Ok(text.into())
    }
}
