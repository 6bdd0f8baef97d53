//! The walk that converts the files of a tree.

use std::collections::{BTreeMap, HashMap};

use crate::{
    Error,
    content::{
        blob::{Blob, BlobId},
        checkout::{
            attributes::Attributes,
            convert::{self, Conversion},
            gitattributes,
        },
        counts::{AttributeCounts, Counts},
        files::Content,
        objects::Objects,
        paths::{self, join, shown},
        problems::note,
        tree::{File, Folder, Node, Source},
    },
    limits::content::{MAX_CONVERSION, MAX_CONVERTED_FILE},
};

/// The `.gitattributes` files of a repository's tree: their texts by the path of their folder from the
/// root.
#[derive(Default)]
pub(crate) struct AttributeFiles(BTreeMap<Vec<u8>, Vec<u8>>);

impl AttributeFiles {
    /// Keeps the text of a file or symbolic link if its path from the root says that it is a
    /// `.gitattributes`. Git, too, takes the target of a link for lines.
    ///
    /// # Errors
    /// [`Error::TooLarge`] before it is read, and [`Error::Damaged`].
    pub(crate) fn collect(
        &mut self,
        path: &[u8],
        blob: Blob,
        objects: &Objects,
        counts: &mut AttributeCounts,
    ) -> Result<(), Error> {
        let (folder, name) = paths::split(path);
        if name != gitattributes::FILE_NAME {
            return Ok(());
        }
        counts.bytes.take(folder.len() as u64)?;
        counts.bytes.take(objects.blob_size(blob)?)?;
        self.0.insert(folder.to_vec(), objects.blob(blob)?);
        Ok(())
    }

    /// Whether any of them has one of these words, also as a part of a longer one.
    pub(crate) fn mention(&self, words: &[&str]) -> bool {
        self.0.values().any(|text| mentions(text, words))
    }
}

/// Converts the files of a tree as its `.gitattributes` ask. `within` is the path of the tree's root
/// in the content. A conversion that is not possible is a problem, and the file stays as it is.
///
/// # Errors
/// [`Error::Damaged`] where a blob is missing or broken, [`Error::TooLarge`] where it would take too
/// long.
pub(crate) fn convert_tree(
    root: &mut Folder,
    within: &[u8],
    files: &AttributeFiles,
    content: &mut Content,
) -> Result<(), Error> {
    // Most trees end here.
    if !files.mention(&convert::DECISIVE) {
        return Ok(());
    }
    let text = files.0.get(b"".as_slice()).map(Vec::as_slice).unwrap_or_default();
    let attributes = Attributes::root(text, &mut content.counts.attributes)?;
    let mut converter = Converter {
        objects: content.reader.objects(),
        problems: &mut content.problems,
        counts: &mut content.counts,
        within,
        files,
        attributes,
        results: HashMap::new(),
    };
    converter.folder(root, &mut Vec::new())
}

/// A walk over the tree.
struct Converter<'a> {
    objects: &'a Objects,
    problems: &'a mut Vec<String>,
    counts: &'a mut Counts,
    within: &'a [u8],
    files: &'a AttributeFiles,
    attributes: Attributes<'a>,
    /// What was found out before, for files with the same bytes.
    results: HashMap<(BlobId, Conversion), Option<Converted>>,
}

/// What a conversion does to a file.
#[derive(Debug, Clone, Copy)]
struct Converted {
    /// The size in bytes after it; `None` if nothing changes.
    size: Option<u64>,
    unencodable: bool,
}

impl Converter<'_> {
    fn folder(&mut self, folder: &mut Folder, path: &mut Vec<u8>) -> Result<(), Error> {
        let own = self.files.0.get(path.as_slice()).filter(|_| !path.is_empty());
        if let Some(text) = own {
            self.attributes.enter(path, text, &mut self.counts.attributes)?;
        }
        for (name, node) in folder {
            let length = paths::push(path, name);
            match node {
                Node::Folder(inner) => self.folder(inner, path)?,
                Node::File(file) => self.file(file, path)?,
                Node::Link(_) => {}
            }
            path.truncate(length);
        }
        if own.is_some() {
            self.attributes.leave();
        }
        Ok(())
    }

    fn file(&mut self, file: &mut File, path: &[u8]) -> Result<(), Error> {
        let Source::Blob(blob) = file.source else { return Ok(()) };
        let states = self.attributes.of(path, &mut self.counts.attributes.steps)?;
        let (conversion, unknown) = Conversion::new(states);
        if let Some(encoding) = unknown {
            let reason =
                format!("its working-tree-encoding is {encoding}, which tardist does not support");
            self.keeps(path, "the encoding that it has in Git", &reason);
        }
        let Some(conversion) = conversion else { return Ok(()) };
        let Some(converted) = self.converted(blob, conversion)? else {
            let reason = format!(
                ".gitattributes ask to convert it, and it has more than {MAX_CONVERTED_FILE} bytes, \
                 or would have more than {MAX_CONVERSION}"
            );
            self.keeps(path, "the bytes that it has in Git", &reason);
            return Ok(());
        };
        if converted.unencodable {
            let reason =
                "it is not UTF-8, or has characters that its working-tree-encoding does not have";
            self.keeps(path, "the encoding that it has in Git", reason);
        }
        if let Some(size) = converted.size {
            file.source = Source::Converted { blob, conversion, size };
        }
        Ok(())
    }

    /// What a conversion does to a file; `None` if the file is too large, or would be.
    fn converted(
        &mut self,
        blob: Blob,
        conversion: Conversion,
    ) -> Result<Option<Converted>, Error> {
        if let Some(known) = self.results.get(&(blob.id, conversion)) {
            return Ok(*known);
        }
        let converted = self.convert(blob, conversion)?;
        self.results.insert((blob.id, conversion), converted);
        Ok(converted)
    }

    /// Converts a file to see whether its bytes change. The new bytes are not kept: those of all files
    /// together may not fit into memory.
    fn convert(&mut self, blob: Blob, conversion: Conversion) -> Result<Option<Converted>, Error> {
        let size = self.objects.blob_size(blob)?;
        if size > MAX_CONVERTED_FILE {
            return Ok(None);
        }
        self.counts.converted.take(size)?;
        let (bytes, unencodable) = conversion.apply(&self.objects.blob(blob)?, blob.id);
        let size = bytes.map(|bytes| bytes.len() as u64);
        Ok(size
            .is_none_or(|size| size <= MAX_CONVERSION)
            .then_some(Converted { size, unencodable }))
    }

    fn keeps(&mut self, path: &[u8], what: &str, reason: &str) {
        let within = self.within;
        note(self.problems, || format!("{} keeps {what}: {reason}", shown(&join(within, path))));
    }
}

/// Whether a text contains one of these words, also as a part of a longer one.
fn mentions(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| text.windows(word.len()).any(|part| part == word.as_bytes()))
}
