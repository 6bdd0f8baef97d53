//! [`Content`]: the files of a branch as one value, and the questions that others ask it.

use git2::Repository;
use tempfile::TempDir;

use crate::{
    Error,
    content::{
        counts::{Counts, MemberCounts},
        ingredients::Ingredients,
        lfs::Pointers,
        link_texts::LinkTexts,
        links::{self, Place, Target},
        members::{self, Member},
        missing::Missing,
        objects::Objects,
        problems,
        reader::FileReader,
        tree::{File, Folder, Node, Source},
    },
};

/// The files of a branch, and what was wrong with them.
///
/// [`Content::read`] makes it from a commit. Others may then add files: the Composer step what is
/// required, the tarball its version files.
pub struct Content {
    pub(crate) root: Folder,
    pub(crate) reader: FileReader,
    /// Folders on disk that files come from; they are removed with the content.
    pub(crate) folders: Vec<TempDir>,
    pub(crate) links: LinkTexts,
    pub(crate) counts: Counts,
    /// The files that are Git LFS pointers.
    pub(crate) pointers: Pointers,
    /// What was left out and why, for people.
    pub problems: Vec<String>,
    /// What belongs into the content and is not in it.
    pub missing: Vec<Missing>,
    /// Which settings matter for the content.
    pub ingredients: Ingredients,
}

impl Content {
    /// No files yet.
    pub(crate) fn empty(repository: Repository) -> Self {
        Self {
            root: Folder::new(),
            reader: FileReader::new(Objects::new(repository)),
            folders: Vec::new(),
            links: LinkTexts::default(),
            counts: Counts::default(),
            pointers: Pointers::default(),
            problems: Vec::new(),
            missing: Vec::new(),
            ingredients: Ingredients::default(),
        }
    }

    pub(crate) fn note(&mut self, problem: impl FnOnce() -> String) {
        problems::note(&mut self.problems, problem);
    }

    /// Puts a file at the root. It replaces what has that name; a folder is noted, since what is in it is lost.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) {
        if matches!(self.root.get(name.as_bytes()), Some(Node::Folder(_))) {
            self.note(|| {
                format!(
                    "the folder {name} is left out: in a tarball, a file of that name says what it was made from"
                )
            });
        }
        let file = File { source: Source::Bytes(bytes), executable: false };
        self.root.insert(name.as_bytes().to_vec(), Node::File(file));
    }

    /// What reads the bytes of the files.
    pub fn reader(&self) -> &FileReader {
        &self.reader
    }

    /// [`FileReader::bytes`]
    ///
    /// # Errors
    /// Those of [`FileReader::bytes`].
    pub fn bytes(&self, file: &File) -> Result<Vec<u8>, Error> {
        self.reader.bytes(file)
    }

    /// [`FileReader::size`]
    ///
    /// # Errors
    /// Those of [`FileReader::size`].
    pub fn size(&self, file: &File) -> Result<u64, Error> {
        self.reader.size(file)
    }

    /// The file at a path from the root, through links; `None` where there is none.
    pub fn file(&self, path: &str) -> Option<&File> {
        match links::resolve(&Place::root(&self.root), path.as_bytes()).target {
            Ok(Target::File(file)) => Some(file),
            _ => None,
        }
    }

    /// The names in the folder at a path from the root, through links; empty where there is none.
    /// Names that are not UTF-8 are left out.
    pub fn names(&self, path: &str) -> Vec<String> {
        match links::resolve(&Place::root(&self.root), path.as_bytes()).target {
            Ok(Target::Folder(place)) => {
                let names = place.folder.keys();
                names.filter_map(|name| String::from_utf8(name.clone()).ok()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All members in the order of the tarball: each folder before what is in it, names sorted by
    /// bytes; a link is what it points to. Also what was left out, and which names some systems do
    /// not take, a sentence each.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where links multiply the files beyond a limit, or take too long to follow.
    pub fn members(&self) -> Result<(Vec<Member<'_>>, Vec<String>), Error> {
        members::members(&self.root, MemberCounts::default())
    }
}
