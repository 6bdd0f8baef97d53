//! What cases make repositories with. Any error fails the test.

use std::cell::OnceCell;
use std::sync::Arc;

use sample_upstream::raw::{Entry, ObjectType, Raw, commit_head};
use sample_upstream::{Oid, Repository};

/// Makes the objects of one hostile repository.
pub struct Maker<'a> {
    raw: Raw<'a>,
    name: String,
    good: Oid,
    pack: OnceCell<Arc<[u8]>>,
}

impl<'a> Maker<'a> {
    /// Makes objects in `repository`, which is `extensions/NAME`. `good` is a commit of the good repository beside it,
    /// `../Good`.
    pub(super) fn new(repository: &'a Repository, name: &str, good: Oid) -> Self {
        let raw = Raw::new(repository).unwrap();
        Self { raw, name: name.to_owned(), good, pack: OnceCell::new() }
    }

    /// The name of the repository, without its kind.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The tip of the good repository beside this one, whose relative URL is `../Good`.
    pub(super) fn good(&self) -> Oid {
        self.good
    }

    /// Lets the server answer each fetch of this repository with a pack.
    pub(super) fn serve(&self, pack: Vec<u8>) {
        self.pack.set(pack.into()).unwrap();
    }

    /// The pack that the server has to answer with, if it is not that of the real Git.
    pub(super) fn into_pack(self) -> Option<Arc<[u8]>> {
        self.pack.into_inner()
    }

    /// An id of no object: each number gives another.
    pub(super) fn missing(number: usize) -> Oid {
        Oid::from_str(&format!("{:040x}", number + 1)).unwrap()
    }

    pub(super) fn blob(&self, bytes: impl AsRef<[u8]>) -> Oid {
        self.raw.blob(bytes).unwrap()
    }

    /// A blob of `size` bytes: `chunk` again and again. It is streamed.
    pub(super) fn repeated(&self, chunk: &str, size: usize) -> Oid {
        let chunk = chunk.repeat((1 << 16) / chunk.len() + 1);
        let size = u64::try_from(size).unwrap();
        self.raw.streamed(ObjectType::Blob, b"", chunk.as_bytes(), size).unwrap()
    }

    /// A blob of `size` bytes that cannot be compressed, another for each `seed`.
    pub(super) fn noise(&self, size: usize, seed: usize) -> Oid {
        let mut bytes = vec![0; size];
        fastrand::Rng::with_seed(u64::try_from(seed).unwrap()).fill(&mut bytes);
        self.blob(bytes)
    }

    pub(super) fn tree(&self, entries: Vec<Entry>) -> Oid {
        self.raw.tree(entries).unwrap()
    }

    /// The entry of a folder.
    pub(super) fn folder(&self, name: &str, entries: Vec<Entry>) -> Entry {
        Entry::folder(name, self.tree(entries))
    }

    /// The entry of a file.
    pub(super) fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> Entry {
        Entry::file(name, self.blob(bytes))
    }

    /// The entry of a symbolic link.
    pub(super) fn link(&self, name: &str, target: impl AsRef<[u8]>) -> Entry {
        Entry::link(name, self.blob(target))
    }

    /// So many entries of one object, named `START` and a number.
    pub(super) fn many(count: usize, start: &str, entry: impl Fn(String) -> Entry) -> Vec<Entry> {
        (0..count).map(|number| entry(format!("{start}{number:06}"))).collect()
    }

    pub(super) fn commit(&self, tree: Oid, parents: &[Oid]) -> Oid {
        self.raw.commit(tree, parents, "Change\n").unwrap()
    }

    /// A commit whose message has `size` bytes.
    pub(super) fn long_commit(&self, tree: Oid, size: usize) -> Oid {
        let head = commit_head(tree, &[]);
        let size = u64::try_from(head.len() + size).unwrap();
        let chunk = "All work and no play.\n".repeat(3000);
        self.raw.streamed(ObjectType::Commit, head.as_bytes(), chunk.as_bytes(), size).unwrap()
    }

    /// An object of any type.
    pub(super) fn object(&self, kind: ObjectType, bytes: impl AsRef<[u8]>) -> Oid {
        self.raw.object(kind, bytes.as_ref()).unwrap()
    }

    pub(super) fn set_branch(&self, name: &str, id: Oid) {
        self.raw.set_branch(name, id).unwrap();
    }

    pub(super) fn set_packed_refs(&self, mut refs: Vec<(String, Oid)>) {
        self.raw.set_packed_refs(&mut refs).unwrap();
    }

    /// Sets `master` to a commit with these entries at the top.
    pub(super) fn master(&self, entries: Vec<Entry>) {
        let tree = self.tree(entries);
        self.set_branch("master", self.commit(tree, &[]));
    }
}
