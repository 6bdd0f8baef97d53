//! Writing Git objects as they are, so that a repository may hold what Git itself would refuse.
//!
//! Nothing is checked: not the names and modes in a tree, not whether an object that is named is
//! there, not whether a branch leads to a commit. Objects are written loose by libgit2. A large one
//! is streamed, so that 2 GB take no memory.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use git2::{Odb, Oid};

use crate::Error;
use crate::repository::{Repository, file_error};

/// The types of Git's objects.
pub use git2::ObjectType;

/// Writes objects into a repository, unchecked.
pub struct Raw<'a> {
    repository: &'a Repository,
    objects: Odb<'a>,
}

/// An entry of a tree, as Git writes it: `MODE NAME\0ID`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The mode as text, such as `100644`; `40000` is a folder.
    pub mode: &'static str,
    /// The name. It may be anything without a NUL byte.
    pub name: Vec<u8>,
    /// The id of the object, which need not exist.
    pub id: Oid,
}

impl Entry {
    /// An entry of any mode.
    pub fn new(mode: &'static str, name: impl Into<Vec<u8>>, id: Oid) -> Self {
        Self { mode, name: name.into(), id }
    }

    /// A regular file.
    pub fn file(name: impl Into<Vec<u8>>, id: Oid) -> Self {
        Self::new("100644", name, id)
    }

    /// A folder.
    pub fn folder(name: impl Into<Vec<u8>>, id: Oid) -> Self {
        Self::new("40000", name, id)
    }

    /// A symbolic link.
    pub fn link(name: impl Into<Vec<u8>>, id: Oid) -> Self {
        Self::new("120000", name, id)
    }

    /// A submodule.
    pub fn gitlink(name: impl Into<Vec<u8>>, id: Oid) -> Self {
        Self::new("160000", name, id)
    }

    /// What Git sorts by: it sorts folders as if their names ended in a slash.
    fn key(&self) -> Vec<u8> {
        let slash: &[u8] = if self.mode == "40000" { b"/" } else { b"" };
        [&self.name, slash].concat()
    }
}

impl<'a> Raw<'a> {
    /// Writes into this repository.
    ///
    /// # Errors
    /// The repository cannot be read.
    pub fn new(repository: &'a Repository) -> Result<Self, Error> {
        let objects = repository.git().odb().map_err(repository.error("open the objects"))?;
        Ok(Self { repository, objects })
    }

    /// Writes an object.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn object(&self, kind: ObjectType, bytes: &[u8]) -> Result<Oid, Error> {
        self.objects.write(kind, bytes).map_err(self.repository.error("write an object"))
    }

    /// Writes a blob.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn blob(&self, bytes: impl AsRef<[u8]>) -> Result<Oid, Error> {
        self.object(ObjectType::Blob, bytes.as_ref())
    }

    /// Writes an object of exactly `size` bytes: `start`, then `chunk` again and again, which must
    /// not be empty. It is streamed.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn streamed(
        &self,
        kind: ObjectType,
        start: &[u8],
        chunk: &[u8],
        size: u64,
    ) -> Result<Oid, Error> {
        let failed = self.repository.error("stream an object");
        let mut left = usize::try_from(size).unwrap_or(usize::MAX);
        let mut writer = self.objects.writer(left, kind).map_err(&failed)?;
        let mut part = start;
        while left > 0 {
            let length = part.len().min(left);
            writer
                .write_all(&part[..length])
                .map_err(|error| failed(git2::Error::from_str(&error.to_string())))?;
            left -= length;
            part = chunk;
        }
        writer.finalize().map_err(&failed)
    }

    /// Writes a tree with these entries, sorted as Git sorts them.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn tree(&self, mut entries: Vec<Entry>) -> Result<Oid, Error> {
        entries.sort_by_cached_key(Entry::key);
        self.unsorted_tree(&entries)
    }

    /// Writes a tree with these entries in this order.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn unsorted_tree(&self, entries: &[Entry]) -> Result<Oid, Error> {
        self.object(ObjectType::Tree, &tree(entries))
    }

    /// Writes a commit of this tree, with a fixed author and date.
    ///
    /// # Errors
    /// The repository cannot be written.
    pub fn commit(&self, tree: Oid, parents: &[Oid], message: &str) -> Result<Oid, Error> {
        let text = commit_head(tree, parents) + message;
        self.object(ObjectType::Commit, text.as_bytes())
    }

    /// Sets a branch to an object, whatever that is.
    ///
    /// # Errors
    /// The file of the branch cannot be written.
    pub fn set_branch(&self, name: &str, id: Oid) -> Result<(), Error> {
        let path = self.repository.path().join("refs/heads").join(name);
        let folder = path.parent().unwrap_or(&path);
        fs::create_dir_all(folder).map_err(file_error("create", folder))?;
        fs::write(&path, format!("{id}\n")).map_err(file_error("write", &path))
    }

    /// Adds many refs at once, each with its full name (`refs/heads/NAME`), in `packed-refs`. It
    /// replaces those that were added so before.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set_packed_refs(&self, refs: &mut [(String, Oid)]) -> Result<(), Error> {
        refs.sort();
        let path = self.repository.path().join("packed-refs");
        write_refs(&path, refs).map_err(file_error("write", &path))
    }
}

/// A tree with these entries in this order.
#[must_use]
pub fn tree(entries: &[Entry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in entries {
        bytes.extend_from_slice(entry.mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(&entry.name);
        bytes.push(0);
        bytes.extend_from_slice(entry.id.as_bytes());
    }
    bytes
}

/// A commit up to its message.
#[must_use]
pub fn commit_head(tree: Oid, parents: &[Oid]) -> String {
    let parents: String = parents.iter().map(|id| format!("parent {id}\n")).collect();
    let person = "Sample Author <author@example.org> 1767268800 +0000";
    format!("tree {tree}\n{parents}author {person}\ncommitter {person}\n\n")
}

fn write_refs(path: &Path, refs: &[(String, Oid)]) -> io::Result<()> {
    let mut file = io::BufWriter::new(fs::File::create(path)?);
    writeln!(file, "# pack-refs with: peeled fully-peeled sorted ")?;
    for (name, id) in refs {
        writeln!(file, "{id} {name}")?;
    }
    file.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Upstream;

    #[test]
    fn objects_are_written_as_they_are() {
        let root = tempfile::tempdir().expect("a folder");
        let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
        let raw = Raw::new(&repository).expect("its objects");
        let blob = raw.blob("text").expect("a blob");
        let missing = Oid::from_str(&"1".repeat(40)).expect("an id");
        let entries = vec![
            Entry::folder("a", missing),
            Entry::new("7", "a.b", blob),
            Entry::file("..", blob),
            Entry::file("..", blob),
        ];
        let tree = raw.tree(entries.clone()).expect("a tree");
        assert_ne!(raw.unsorted_tree(&entries).expect("a tree"), tree);
        let commit = raw.commit(tree, &[missing], "m").expect("a commit");
        raw.set_branch("feature/x", commit).expect("a branch");
        assert_eq!(repository.tip("feature/x").expect("a branch"), Some(commit));
        let git = repository.git();
        let found = git.find_object(tree, None).expect("the tree").kind();
        assert_eq!(found, Some(ObjectType::Tree));
        let objects = git.odb().expect("objects");
        let bytes = objects.read(tree).expect("the tree").data().to_vec();
        assert!(bytes.starts_with(b"100644 ..\0") && bytes.windows(6).any(|it| it == b"7 a.b\0"));
        raw.set_packed_refs(&mut [("refs/heads/packed".to_owned(), blob)]).expect("a ref");
        assert_eq!(repository.tip("packed").expect("a branch"), Some(blob));
    }

    #[test]
    fn a_streamed_object_is_that_which_is_written_whole() {
        let root = tempfile::tempdir().expect("a folder");
        let repository = Upstream::new(root.path()).repository("x/A").expect("a repository");
        let raw = Raw::new(&repository).expect("its objects");
        let streamed = raw.streamed(ObjectType::Blob, b"start ", b"and on ", 20).expect("a blob");
        assert_eq!(streamed, raw.blob("start and on and on ").expect("a blob"));
        let cut = raw.streamed(ObjectType::Blob, b"start ", b"", 3).expect("a blob");
        assert_eq!(cut, raw.blob("sta").expect("a blob"));
    }
}
