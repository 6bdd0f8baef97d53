//! The walk that converts the files of a tree.

use std::collections::BTreeMap;

use crate::{
    Error,
    content::{
        check::note,
        checkout::{
            attributes::Attributes,
            convert::{self, Conversion},
            gitattributes,
        },
        objects::Objects,
        paths::{self, join, shown},
        tree::{File, Folder, Node, Source},
    },
    limits::content::MAX_GITATTRIBUTES,
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
    /// [`Error::TooLarge`], and those of `read`.
    pub(crate) fn collect(
        &mut self,
        path: &[u8],
        read: impl FnOnce() -> Result<Vec<u8>, Error>,
    ) -> Result<(), Error> {
        let (folder, name) = paths::split(path);
        if name != gitattributes::FILE_NAME {
            return Ok(());
        }
        let text = read()?;
        let length = self.0.values().map(Vec::len).sum::<usize>() + text.len();
        if length > MAX_GITATTRIBUTES {
            let limit = MAX_GITATTRIBUTES as u64;
            let what = "all .gitattributes together".to_owned();
            return Err(Error::TooLarge { what, limit, unit: "bytes" });
        }
        self.0.insert(folder.to_vec(), text);
        Ok(())
    }

    /// Whether any of them can change a file.
    fn can_convert(&self) -> bool {
        self.0.values().any(|text| mentions(text, &convert::DECISIVE))
    }
}

/// Converts the files of a tree as its `.gitattributes` ask. `within` is the path of the tree's root
/// in the content. A conversion that is not possible is a problem, and the file stays as it is.
///
/// # Errors
/// [`Error::Damaged`] where a blob is missing or broken, [`Error::TooLarge`] where patterns would take
/// too long.
pub(crate) fn convert_tree(
    root: &mut Folder,
    within: &[u8],
    files: &AttributeFiles,
    objects: &Objects,
    problems: &mut Vec<String>,
) -> Result<(), Error> {
    // Most trees end here.
    if !files.can_convert() {
        return Ok(());
    }
    let text = files.0.get(b"".as_slice()).map(Vec::as_slice).unwrap_or_default();
    let attributes = Attributes::root(text);
    let mut converter = Converter { objects, problems, within, files, attributes };
    converter.folder(root, &mut Vec::new())
}

/// A walk over the tree.
struct Converter<'a> {
    objects: &'a Objects,
    problems: &'a mut Vec<String>,
    within: &'a [u8],
    files: &'a AttributeFiles,
    attributes: Attributes,
}

impl Converter<'_> {
    fn folder(&mut self, folder: &mut Folder, path: &mut Vec<u8>) -> Result<(), Error> {
        let own = self.files.0.get(path.as_slice()).filter(|_| !path.is_empty());
        if let Some(text) = own {
            self.attributes.enter(path, text);
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

    /// Converts a file to see whether its bytes change. The new bytes are not kept: those of all files
    /// together may not fit into memory.
    fn file(&mut self, file: &mut File, path: &[u8]) -> Result<(), Error> {
        let Source::Blob(blob) = file.source else { return Ok(()) };
        let states = self.attributes.of(path, convert::ATTRIBUTES)?;
        let (conversion, unknown) = Conversion::new(&states);
        if let Some(encoding) = unknown {
            let reason =
                format!("its working-tree-encoding is {encoding}, which tardist does not support");
            self.keeps_encoding(path, &reason);
        }
        let Some(conversion) = conversion else { return Ok(()) };
        let (bytes, unencodable) = conversion.apply(&self.objects.blob(blob)?, blob.id);
        if unencodable {
            let reason =
                "it is not UTF-8, or has characters that its working-tree-encoding does not have";
            self.keeps_encoding(path, reason);
        }
        if let Some(bytes) = bytes {
            let size = bytes.len() as u64;
            file.source = Source::Converted { blob, conversion, size };
        }
        Ok(())
    }

    fn keeps_encoding(&mut self, path: &[u8], reason: &str) {
        let path = shown(&join(self.within, path));
        note(self.problems, format!("{path} keeps the encoding that it has in Git: {reason}"));
    }
}

/// Whether a text contains one of these words, also as a part of a longer one.
fn mentions(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| text.windows(word.len()).any(|part| part == word.as_bytes()))
}
