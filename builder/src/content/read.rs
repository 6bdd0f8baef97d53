//! The content of a branch: the tree of its commit with submodules in place, symbolic links followed,
//! and files converted as their attributes ask, as it will stand in the tarball.
//!
//! It owns the reading of Git trees and the rules for names and links. Everything here comes from
//! outside: no name, link or depth of a tree can lead out of it or on without end. There is no work
//! tree: a checkout would write each file twice, and obey links while doing so.

use std::{
    collections::{BTreeMap, VecDeque, btree_map::Entry},
    fs,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::{Path, PathBuf},
};

use git2::{ErrorClass, ErrorCode, ObjectType, Oid, Repository};
use tempfile::TempDir;

use crate::{
    Error,
    content::checkout::{
        convert::{self, Conversion},
        gitattributes::{self as attributes, Attributes},
    },
    error::{GitContext, IoContext},
};

/// How deep folders may be nested; Linux ends a path at 4,096 bytes, which is 2,048 folders.
const MAX_DEPTH: usize = 256;

/// How many links one path may go through, as in Linux (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// How many members a tarball may have: Wikibase has 6,000. Links to folders can multiply them, and
/// so can trees that have one tree many times.
const MAX_MEMBERS: usize = 500_000;

/// The longest name in a folder, in bytes, of all file systems in use (`NAME_MAX`).
const MAX_NAME: usize = 255;

/// The longest path in bytes: Linux ends one at 4,096 with its NUL, and the top folder's name comes
/// before it.
const MAX_PATH: usize = 4095 - MAX_NAME - 1;

/// How many problems are kept; hostile content could have millions.
const MAX_PROBLEMS: usize = 10_000;

/// A folder by the names in it.
type Folder = BTreeMap<Vec<u8>, Node>;

#[derive(Debug)]
enum Node {
    Folder(Folder),
    File(File),
    Link(Vec<u8>),
}

/// A file's content and mode.
#[derive(Debug, Clone)]
pub struct File {
    source: Source,
    /// True for Git's mode 100755.
    pub executable: bool,
}

#[derive(Debug, Clone)]
enum Source {
    Blob {
        repository: usize,
        id: Oid,
    },
    /// A blob that is not in the tarball as it is; of this size after the conversion.
    Converted {
        repository: usize,
        id: Oid,
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
    /// The blob whose bytes it is, unchanged; `None` where Git does not have these bytes.
    pub fn blob(&self) -> Option<Oid> {
        match self.source {
            Source::Blob { id, .. } => Some(id),
            _ => None,
        }
    }
}

/// A gitlink: a commit of another repository that stands for a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gitlink {
    /// Where it stands, from the root of the tree.
    pub path: String,
    /// The commit.
    pub commit: Oid,
    /// Where the submodule stands whose tree has it; empty for the repository itself.
    pub within: String,
    /// 1 in the repository itself, 2 in its submodules, and so on.
    pub depth: usize,
    /// The path as the bytes that it is.
    place: Vec<u8>,
}

impl Gitlink {
    /// The path from the root of the tree that has it, as its `.gitmodules` says it.
    pub fn path_within(&self) -> &str {
        self.path[self.within.len()..].trim_start_matches('/')
    }
}

/// One member of a tarball, below its top folder.
#[derive(Debug)]
pub struct Member<'a> {
    /// The path without a slash at either end; empty for the top folder itself.
    pub path: Vec<u8>,
    /// The file, or `None` for a folder.
    pub file: Option<&'a File>,
}

/// What a branch holds, and what was wrong with it.
pub struct Content {
    root: Folder,
    repositories: Vec<Repository>,
    folders: Vec<TempDir>,
    nodes: usize,
    /// What was left out and why, for people.
    pub problems: Vec<String>,
}

/// One tree on its way into the content.
struct Reading<'a> {
    repository: usize,
    /// The path of its root in the content.
    within: &'a [u8],
    depth: usize,
    gitlinks: &'a mut VecDeque<Gitlink>,
    /// The `.gitattributes` by the path of their folder from the tree's root.
    attributes: BTreeMap<Vec<u8>, Vec<u8>>,
}

impl Content {
    /// Reads the tree of a commit, with the submodules that it has itself: as [`Content::read_nested`]
    /// to a depth of 1, which is what extdist's tarballs have.
    ///
    /// # Errors
    /// As [`Content::read_nested`].
    pub fn read(
        repository: Repository,
        commit: Oid,
        submodule: impl FnMut(&Content, &Gitlink) -> Result<Result<Repository, String>, Error>,
    ) -> Result<Self, Error> {
        Self::read_nested(repository, commit, 1, submodule)
    }

    /// Reads the tree of a commit.
    ///
    /// `submodule` is asked for the repository of each gitlink down to `depth`, from the outside in;
    /// its `Err(text)` says why there is none, and leaves the folder empty. Deeper ones stay empty
    /// folders.
    ///
    /// # Errors
    /// [`Error::Damaged`] where an object is missing or broken, [`Error::TooLarge`], and what
    /// `submodule` ends with.
    pub fn read_nested(
        repository: Repository,
        commit: Oid,
        depth: usize,
        mut submodule: impl FnMut(&Content, &Gitlink) -> Result<Result<Repository, String>, Error>,
    ) -> Result<Self, Error> {
        let mut content = Self {
            root: Folder::new(),
            repositories: vec![repository],
            folders: Vec::new(),
            nodes: 0,
            problems: Vec::new(),
        };
        let mut gitlinks = VecDeque::new();
        content.root = content.tree(0, commit, b"", 1, &mut gitlinks)?;
        while let Some(gitlink) = gitlinks.pop_front() {
            if gitlink.depth > depth {
                continue;
            }
            match submodule(&content, &gitlink)? {
                Ok(repository) => {
                    content.repositories.push(repository);
                    let index = content.repositories.len() - 1;
                    let depth = gitlink.depth + 1;
                    let folder = content.tree(
                        index,
                        gitlink.commit,
                        &gitlink.place,
                        depth,
                        &mut gitlinks,
                    )?;
                    if let Some(Node::Folder(place)) = content.node_mut(&gitlink.place) {
                        *place = folder;
                    }
                }
                Err(reason) => {
                    let path = gitlink.path;
                    content.note(format!("the submodule {path} is left empty: {reason}"));
                }
            }
        }
        Ok(content)
    }

    /// The tree of a commit, converted, for the place `within`.
    fn tree(
        &mut self,
        repository: usize,
        commit: Oid,
        within: &[u8],
        depth: usize,
        gitlinks: &mut VecDeque<Gitlink>,
    ) -> Result<Folder, Error> {
        let root = self.repositories[repository]
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map(|tree| tree.id());
        let root = self.object(repository, root, || format!("the tree of commit {commit}"))?;
        let mut reading =
            Reading { repository, within, depth, gitlinks, attributes: BTreeMap::new() };
        let mut folder = self.folder(&mut reading, root, &mut Vec::new(), 0)?;
        let texts = reading.attributes;
        // Most trees have no line that could change a file, and end here.
        if texts.values().any(|text| mentions(text, &convert::DECISIVE)) {
            let root = texts.get(b"".as_slice()).map(Vec::as_slice);
            let attributes = Attributes::root(root.unwrap_or_default());
            let mut converting = Converting { content: self, within, texts: &texts, attributes };
            converting.folder(&mut folder, &mut Vec::new())?;
        }
        Ok(folder)
    }

    /// The folder of a tree; `path` is from the root of the repository.
    fn folder(
        &mut self,
        reading: &mut Reading<'_>,
        id: Oid,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<Folder, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooLarge { limit: MAX_DEPTH as u64, unit: "nested folders" });
        }
        let tree = self.repositories[reading.repository].find_tree(id).map(|tree| {
            let entry = |entry: git2::TreeEntry<'_>| {
                (entry.name_bytes().to_vec(), entry.id(), entry.kind(), entry.filemode())
            };
            tree.iter().map(entry).collect::<Vec<_>>()
        });
        let entries = self.object(reading.repository, tree, || format!("the tree {id}"))?;
        let mut folder = Folder::new();
        for (name, id, kind, mode) in entries {
            if name.eq_ignore_ascii_case(b".git") {
                continue;
            }
            self.count()?;
            let end = path.len();
            if end > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            let place = join(reading.within, path);
            match (unusable(&name, &place), folder.entry(name)) {
                (Some(reason), _) => {
                    self.note(format!("{} is left out: {reason}", shown(&place)));
                }
                (None, Entry::Occupied(_)) => {
                    let place = shown(&place);
                    self.note(format!("{place} is there twice: the second is left out"));
                }
                (None, Entry::Vacant(vacant)) => {
                    let node = match (kind, mode) {
                        (Some(ObjectType::Tree), _) => {
                            Node::Folder(self.folder(reading, id, path, depth + 1)?)
                        }
                        (Some(ObjectType::Commit), _) => {
                            reading.gitlink(place, id);
                            Node::Folder(Folder::new())
                        }
                        (_, mode) => self.leaf(reading, path, id, mode)?,
                    };
                    vacant.insert(node);
                }
            }
            path.truncate(end);
        }
        Ok(folder)
    }

    /// A file or a symbolic link.
    fn leaf(
        &self,
        reading: &mut Reading<'_>,
        path: &[u8],
        id: Oid,
        mode: i32,
    ) -> Result<Node, Error> {
        let repository = reading.repository;
        let (folder, name) = match path.iter().rposition(|&b| b == b'/') {
            Some(at) => (&path[..at], &path[at + 1..]),
            None => (&[][..], path),
        };
        // As in Git, which takes the text of a link for lines too.
        if name == attributes::FILE_NAME {
            let text = self.blob(repository, id)?;
            let length = reading.attributes.values().map(Vec::len).sum::<usize>() + text.len();
            if length > attributes::MAX_FILE {
                let limit = attributes::MAX_FILE as u64;
                return Err(Error::TooLarge { limit, unit: "bytes of .gitattributes" });
            }
            reading.attributes.insert(folder.to_vec(), text);
        }
        Ok(match mode {
            0o120_000 => {
                let mut target = self.blob(repository, id)?;
                // None that is longer leads anywhere.
                target.truncate(MAX_PATH + 1);
                Node::Link(target)
            }
            mode => Node::File(File {
                source: Source::Blob { repository, id },
                executable: mode & 0o111 != 0,
            }),
        })
    }

    /// Counts a node, before it takes any memory.
    fn count(&mut self) -> Result<(), Error> {
        self.nodes += 1;
        if self.nodes > MAX_MEMBERS {
            return Err(Error::TooLarge { limit: MAX_MEMBERS as u64, unit: "files" });
        }
        Ok(())
    }

    fn note(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }

    /// Takes what libgit2 says of an object's absence or state for a damaged mirror.
    fn object<T>(
        &self,
        repository: usize,
        result: Result<T, git2::Error>,
        what: impl FnOnce() -> String,
    ) -> Result<T, Error> {
        result.map_err(|source| {
            let damaged = source.code() == ErrorCode::NotFound
                || matches!(
                    source.class(),
                    ErrorClass::Odb | ErrorClass::Zlib | ErrorClass::Object | ErrorClass::Tree
                );
            if damaged {
                let mirror = self.repositories[repository].path().to_owned();
                Error::Damaged { mirror, what: what(), source }
            } else {
                Error::Git { action: format!("read {}", what()), source }
            }
        })
    }

    fn blob(&self, repository: usize, id: Oid) -> Result<Vec<u8>, Error> {
        let blob = self.repositories[repository].find_blob(id).map(|blob| blob.content().to_vec());
        self.object(repository, blob, || format!("the blob {id}"))
    }

    fn node_mut(&mut self, path: &[u8]) -> Option<&mut Node> {
        let mut parts = path.split(|&b| b == b'/');
        let last = parts.next_back()?;
        let mut folder = &mut self.root;
        for part in parts {
            match folder.get_mut(part)? {
                Node::Folder(inner) => folder = inner,
                _ => return None,
            }
        }
        folder.get_mut(last)
    }

    /// Takes over what is below `root` on disk and is not in the content yet, as programs have made
    /// it there: `root` is in `owner`, which is removed when the content is dropped. What the content
    /// has already stays as it is.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::TooLarge`].
    pub fn adopt(&mut self, owner: TempDir, root: &Path) -> Result<(), Error> {
        let mut folder = std::mem::take(&mut self.root);
        let adopted = self.adopt_folder(&mut folder, root, &mut Vec::new(), 0);
        self.root = folder;
        self.folders.push(owner);
        adopted
    }

    fn adopt_folder(
        &mut self,
        folder: &mut Folder,
        disk: &Path,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooLarge { limit: MAX_DEPTH as u64, unit: "nested folders" });
        }
        for entry in fs::read_dir(disk).at("read", disk)? {
            let entry = entry.at("read", disk)?;
            let name = entry.file_name().as_bytes().to_vec();
            if name.eq_ignore_ascii_case(b".git") {
                continue;
            }
            let end = path.len();
            if end > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(&name);
            let place = (disk.join(&*entry.file_name()), path.clone());
            if let Some(reason) = unusable(&name, path) {
                self.note(format!("{} is left out: {reason}", shown(path)));
            } else {
                self.adopt_entry(folder, name, &place.0, path, depth)?;
            }
            path.truncate(end);
        }
        Ok(())
    }

    fn adopt_entry(
        &mut self,
        folder: &mut Folder,
        name: Vec<u8>,
        disk: &Path,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Error> {
        let metadata = fs::symlink_metadata(disk).at("read", disk)?;
        let is_folder = metadata.is_dir();
        match folder.entry(name) {
            Entry::Occupied(mut occupied) => match occupied.get_mut() {
                Node::Folder(inner) if is_folder => {
                    self.adopt_folder(inner, disk, path, depth + 1)?;
                }
                _ => {}
            },
            Entry::Vacant(vacant) => {
                self.count()?;
                if is_folder {
                    let mut inner = Folder::new();
                    self.adopt_folder(&mut inner, disk, path, depth + 1)?;
                    vacant.insert(Node::Folder(inner));
                } else if metadata.is_symlink() {
                    let target = fs::read_link(disk).at("read", disk)?;
                    vacant.insert(Node::Link(target.into_os_string().into_vec()));
                } else if metadata.is_file() {
                    vacant.insert(Node::File(File {
                        source: Source::Disk { path: disk.to_owned(), size: metadata.len() },
                        executable: metadata.permissions().mode() & 0o111 != 0,
                    }));
                }
            }
        }
        Ok(())
    }

    /// Puts a file at the root, in place of whatever has that name.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) {
        let file = File { source: Source::Bytes(bytes), executable: false };
        self.root.insert(name.as_bytes().to_vec(), Node::File(file));
    }

    /// The same repositories opened once more, for another thread to read [`Content::bytes`] of files
    /// with; it has no files itself.
    ///
    /// # Errors
    /// [`Error::Git`].
    pub fn reader(&self) -> Result<Self, Error> {
        let open = |repository: &Repository| {
            let path = repository.path();
            Repository::open_bare(path).git(|| format!("open the mirror {}", path.display()))
        };
        let repositories = self.repositories.iter().map(open).collect::<Result<_, _>>()?;
        Ok(Self {
            root: Folder::new(),
            repositories,
            folders: Vec::new(),
            nodes: 0,
            problems: Vec::new(),
        })
    }

    /// The bytes of a file as they stand in the tarball.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the blob is missing, [`Error::Io`].
    pub fn bytes(&self, file: &File) -> Result<Vec<u8>, Error> {
        match &file.source {
            Source::Blob { repository, id } => self.blob(*repository, *id),
            Source::Converted { repository, id, conversion, .. } => {
                let blob = self.blob(*repository, *id)?;
                Ok(conversion.apply(&blob, *id).0.unwrap_or(blob))
            }
            Source::Bytes(bytes) => Ok(bytes.clone()),
            Source::Disk { path, .. } => fs::read(path).at("read", path),
        }
    }

    /// The size in bytes of a file as it stands in the tarball.
    ///
    /// # Errors
    /// [`Error::Damaged`] where the blob is missing.
    pub fn size(&self, file: &File) -> Result<u64, Error> {
        match &file.source {
            Source::Blob { repository, id } => {
                let odb = self.repositories[*repository].odb();
                let header = odb.and_then(|odb| odb.read_header(*id));
                let size = header.map(|(size, _)| size as u64);
                self.object(*repository, size, || format!("the blob {id}"))
            }
            Source::Converted { size, .. } | Source::Disk { size, .. } => Ok(*size),
            Source::Bytes(bytes) => Ok(bytes.len() as u64),
        }
    }

    /// The file at a path from the root, through links; `None` where there is none.
    pub fn file(&self, path: &str) -> Option<&File> {
        match self.resolve(&[], path.as_bytes()) {
            Ok((_, Target::File(file))) => Some(file),
            _ => None,
        }
    }

    /// The names in the folder at a path from the root, through links; empty where there is none.
    pub fn names(&self, path: &str) -> Vec<String> {
        match self.resolve(&[], path.as_bytes()) {
            Ok((_, Target::Folder(folder))) => {
                folder.keys().filter_map(|name| String::from_utf8(name.clone()).ok()).collect()
            }
            _ => Vec::new(),
        }
    }

    /// All members in the order of the tarball: each folder before what is in it, names by bytes;
    /// links as what they point to. And what was left out, a sentence each.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where links multiply the content beyond reason.
    pub fn members(&self) -> Result<(Vec<Member<'_>>, Vec<String>), Error> {
        let mut walk =
            Walk { content: self, members: Vec::new(), problems: Vec::new(), open: Vec::new() };
        walk.folder(&mut Vec::new(), &mut Vec::new(), &self.root)?;
        Ok((walk.members, walk.problems))
    }

    /// Follows a path from the folder `from`, as the kernel would.
    fn resolve<'a>(
        &'a self,
        from: &[&'a [u8]],
        path: &[u8],
    ) -> Result<(Place<'a>, Target<'a>), &'static str> {
        const LEAVES: &str = "it points out of the tree";
        const NOWHERE: &str = "it points to nothing";

        let parts =
            |path: &[u8]| path.split(|&b| b == b'/').map(<[u8]>::to_vec).collect::<VecDeque<_>>();
        if path.starts_with(b"/") {
            return Err(LEAVES);
        }
        let mut place: Vec<(&[u8], &Folder)> = Vec::new();
        let mut folder = &self.root;
        for &name in from {
            let Some((name, Node::Folder(inner))) = folder.get_key_value(name) else {
                return Err(NOWHERE);
            };
            place.push((name, inner));
            folder = inner;
        }
        let mut rest = parts(path);
        let mut links = 0;
        while let Some(part) = rest.pop_front() {
            let here = place.last().map_or(&self.root, |(_, folder)| folder);
            match part.as_slice() {
                b"" | b"." => {}
                b".." => {
                    place.pop().ok_or(LEAVES)?;
                }
                name => match here.get_key_value(name) {
                    None => return Err(NOWHERE),
                    Some((name, Node::Folder(folder))) => place.push((name, folder)),
                    Some((name, Node::File(file))) => {
                        if !rest.is_empty() {
                            return Err(NOWHERE);
                        }
                        let place = place.iter().map(|(name, _)| *name).chain([name.as_slice()]);
                        return Ok((place.collect(), Target::File(file)));
                    }
                    Some((_, Node::Link(target))) => {
                        links += 1;
                        if links > MAX_LINKS {
                            return Err("it goes in circles");
                        }
                        if target.starts_with(b"/") {
                            return Err(LEAVES);
                        }
                        let mut target = parts(target);
                        target.append(&mut rest);
                        rest = target;
                    }
                },
            }
        }
        let folder = place.last().map_or(&self.root, |(_, folder)| folder);
        Ok((place.iter().map(|(name, _)| *name).collect(), Target::Folder(folder)))
    }
}

impl Reading<'_> {
    fn gitlink(&mut self, place: Vec<u8>, commit: Oid) {
        self.gitlinks.push_back(Gitlink {
            path: shown(&place),
            commit,
            within: shown(self.within),
            depth: self.depth,
            place,
        });
    }
}

/// The walk that converts the files of one tree.
struct Converting<'a> {
    content: &'a mut Content,
    within: &'a [u8],
    texts: &'a BTreeMap<Vec<u8>, Vec<u8>>,
    attributes: Attributes,
}

impl Converting<'_> {
    fn folder(&mut self, folder: &mut Folder, path: &mut Vec<u8>) -> Result<(), Error> {
        let own = self.texts.get(path.as_slice()).filter(|_| !path.is_empty());
        if let Some(text) = own {
            self.attributes.enter(path, text);
        }
        for (name, node) in folder {
            let end = path.len();
            if end > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            match node {
                Node::Folder(inner) => self.folder(inner, path)?,
                Node::File(file) => self.file(file, path)?,
                Node::Link(_) => {}
            }
            path.truncate(end);
        }
        if own.is_some() {
            self.attributes.leave();
        }
        Ok(())
    }

    /// Converts a file to see whether that changes it, and forgets the bytes again: all of them
    /// together may be more than there is memory.
    fn file(&mut self, file: &mut File, path: &[u8]) -> Result<(), Error> {
        let Source::Blob { repository, id } = file.source else { return Ok(()) };
        let states = self.attributes.of(path, convert::ATTRIBUTES)?;
        let (conversion, unknown) = Conversion::new(&states);
        let stays = |reason: &str| {
            let place = shown(&join(self.within, path));
            format!("{place} stays in the encoding that it has: {reason}")
        };
        if let Some(encoding) = unknown {
            let reason =
                format!("its working-tree-encoding is {encoding}, which tardist can't write");
            let text = stays(&reason);
            self.content.note(text);
        }
        let Some(conversion) = conversion else { return Ok(()) };
        let (bytes, unencodable) = conversion.apply(&self.content.blob(repository, id)?, id);
        if unencodable {
            let text = stays("it has characters that its working-tree-encoding has not");
            self.content.note(text);
        }
        if let Some(bytes) = bytes {
            let size = bytes.len() as u64;
            file.source = Source::Converted { repository, id, conversion, size };
        }
        Ok(())
    }
}

/// Why no file system takes a name or path, if none does.
fn unusable(name: &[u8], path: &[u8]) -> Option<&'static str> {
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|b| matches!(b, b'/' | 0)) {
        Some("no file can have that name")
    } else if name.len() > MAX_NAME {
        Some("no file can have a name of more than 255 bytes")
    } else if path.len() > MAX_PATH {
        Some("no file can have so long a path")
    } else {
        None
    }
}

/// Whether a text has one of these words, maybe as a part of others.
fn mentions(text: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| text.windows(word.len()).any(|part| part == word.as_bytes()))
}

fn join(folder: &[u8], path: &[u8]) -> Vec<u8> {
    if folder.is_empty() { path.to_vec() } else { [folder, b"/", path].concat() }
}

fn shown(path: &[u8]) -> String {
    String::from_utf8_lossy(path).into_owned()
}

/// The names from the root to a node, without links.
type Place<'a> = Vec<&'a [u8]>;

/// What a path leads to.
enum Target<'a> {
    Folder(&'a Folder),
    File(&'a File),
}

/// The walk over all members. `open` are the folders that it is in, as their places: a link to one
/// of them would go on without end.
struct Walk<'a> {
    content: &'a Content,
    members: Vec<Member<'a>>,
    problems: Vec<String>,
    open: Vec<Place<'a>>,
}

impl<'a> Walk<'a> {
    /// Adds the folder at `place`, which the tarball has at `path`, and what is in it.
    fn folder(
        &mut self,
        place: &mut Place<'a>,
        path: &mut Vec<u8>,
        folder: &'a Folder,
    ) -> Result<(), Error> {
        if !self.add(path, None)? {
            return Ok(());
        }
        self.open.push(place.clone());
        for (name, node) in folder {
            let end = path.len();
            if end > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            match node {
                Node::File(file) => {
                    self.add(path, Some(file))?;
                }
                Node::Folder(inner) => {
                    place.push(name);
                    self.folder(place, path, inner)?;
                    place.pop();
                }
                Node::Link(target) => self.link(place, path, target)?,
            }
            path.truncate(end);
        }
        self.open.pop();
        Ok(())
    }

    fn link(&mut self, place: &Place<'a>, path: &mut Vec<u8>, target: &[u8]) -> Result<(), Error> {
        let left_out = match self.content.resolve(place, target) {
            Ok((_, Target::File(file))) => return self.add(path, Some(file)).map(drop),
            Ok((place, Target::Folder(_))) if self.open.contains(&place) => "it goes in circles",
            Ok((mut place, Target::Folder(folder))) => {
                return self.folder(&mut place, path, folder);
            }
            Err(reason) => reason,
        };
        let (path, target) = (shown(path), shown(target));
        self.note(format!("the symbolic link {path} to {target} is left out: {left_out}"));
        Ok(())
    }

    /// False where it is left out, since links have made its path too long.
    fn add(&mut self, path: &[u8], file: Option<&'a File>) -> Result<bool, Error> {
        if let Some(reason) = unusable(b"-", path) {
            self.note(format!("{} is left out: {reason}", shown(path)));
            return Ok(false);
        }
        if self.members.len() >= MAX_MEMBERS {
            return Err(Error::TooLarge { limit: MAX_MEMBERS as u64, unit: "files" });
        }
        self.members.push(Member { path: path.to_vec(), file });
        Ok(true)
    }

    fn note(&mut self, problem: String) {
        if self.problems.len() < MAX_PROBLEMS {
            self.problems.push(problem);
        }
    }
}
