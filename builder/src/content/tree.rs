//! The tree of a branch in memory: folders, files and symbolic links, without the bytes of files.
//!
//! Plain data: nothing here reads Git or the disk.

use std::{collections::BTreeMap, path::PathBuf, sync::Arc};

use crate::content::{
    blob::{Blob, BlobId},
    checkout::convert::Conversion,
};

/// A folder: its entries by their names.
pub(crate) type Folder = BTreeMap<Vec<u8>, Node>;

/// The text of a symbolic link: a path from the folder that it is in. Links with the same text share it.
pub(crate) type LinkText = Arc<[u8]>;

/// An entry of a folder.
#[derive(Debug)]
pub(crate) enum Node {
    Folder(Folder),
    File(File),
    Link(LinkText),
}

/// A file: its mode, and where its bytes are.
#[derive(Debug, Clone)]
pub struct File {
    pub(crate) source: Source,
    /// True for Git's mode 100755.
    pub executable: bool,
}

/// Where the bytes of a file are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    Blob(Blob),
    /// A blob that a checkout changes; `size` is the size in bytes after the conversion.
    Converted {
        blob: Blob,
        conversion: Conversion,
        size: u64,
    },
    Bytes(Vec<u8>),
    /// A file on disk, in a folder that the content owns.
    Disk {
        path: PathBuf,
        size: u64,
    },
}

impl File {
    /// The blob whose bytes this file has, unchanged; `None` for a file that is no blob or that a
    /// checkout changes.
    pub fn blob(&self) -> Option<BlobId> {
        match self.source {
            Source::Blob(blob) => Some(blob.id),
            _ => None,
        }
    }
}

/// How many nodes there are: this one, and all below it.
pub(crate) fn count(node: &Node) -> u64 {
    match node {
        Node::Folder(folder) => 1 + folder.values().map(count).sum::<u64>(),
        Node::File(_) | Node::Link(_) => 1,
    }
}

/// The node at a path, without following links.
pub(crate) fn node_mut<'a>(root: &'a mut Folder, path: &[u8]) -> Option<&'a mut Node> {
    let mut names = path.split(|&b| b == b'/');
    let last = names.next_back()?;
    let mut folder = root;
    for name in names {
        match folder.get_mut(name)? {
            Node::Folder(inner) => folder = inner,
            _ => return None,
        }
    }
    folder.get_mut(last)
}
