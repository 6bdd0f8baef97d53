//! The content of a branch: the tree of its commit with submodules in place and symbolic links
//! followed, as it will stand in the tarball.
//!
//! It owns the reading of Git trees and the rules for links. Everything here comes from outside: no
//! name, link or depth of a tree can lead out of it or on without end. There is no work tree: a
//! checkout would write each file twice, and obey links while doing so.

use std::collections::{BTreeMap, VecDeque};

use git2::{ObjectType, Oid, Repository};

use crate::{Error, error::GitContext};

/// How deep folders may be nested; Linux ends a path at 4,096 bytes, which is 2,048 folders.
const MAX_DEPTH: usize = 256;

/// How many links one path may go through, as in Linux (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// How many members a tarball may have: Wikibase has 6,000. Links to folders can multiply them.
const MAX_MEMBERS: usize = 500_000;

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
    Blob { repository: usize, id: Oid },
    Bytes(Vec<u8>),
}

impl File {
    /// The blob that it is in Git; `None` for a file that Git does not have.
    pub fn blob(&self) -> Option<Oid> {
        match self.source {
            Source::Blob { id, .. } => Some(id),
            Source::Bytes(_) => None,
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
    /// What was left out and why, for people.
    pub problems: Vec<String>,
}

impl Content {
    /// Reads the tree of a commit.
    ///
    /// `submodule` is asked for the repository of each gitlink; its `Err(text)` says why there is
    /// none, and leaves the folder empty. Gitlinks within submodules stay empty folders, as in
    /// extdist's tarballs.
    ///
    /// # Errors
    /// [`Error::Git`] where an object is missing, and what `submodule` ends with.
    pub fn read(
        repository: Repository,
        commit: Oid,
        mut submodule: impl FnMut(&Content, &Gitlink) -> Result<Result<Repository, String>, Error>,
    ) -> Result<Self, Error> {
        let mut content =
            Self { root: Folder::new(), repositories: vec![repository], problems: Vec::new() };
        let mut gitlinks = Vec::new();
        content.root = content.tree(0, commit, "", &mut gitlinks)?;
        for gitlink in gitlinks {
            match submodule(&content, &gitlink)? {
                Ok(repository) => {
                    content.repositories.push(repository);
                    let index = content.repositories.len() - 1;
                    let folder =
                        content.tree(index, gitlink.commit, &gitlink.path, &mut Vec::new())?;
                    if let Some(Node::Folder(place)) = content.node_mut(&gitlink.path) {
                        *place = folder;
                    }
                }
                Err(reason) => content
                    .problems
                    .push(format!("the submodule {} is left empty: {reason}", gitlink.path)),
            }
        }
        Ok(content)
    }

    fn tree(
        &mut self,
        repository: usize,
        commit: Oid,
        path: &str,
        gitlinks: &mut Vec<Gitlink>,
    ) -> Result<Folder, Error> {
        let root = self.repositories[repository]
            .find_commit(commit)
            .and_then(|commit| commit.tree())
            .map(|tree| tree.id())
            .git(|| format!("read the tree of commit {commit}"))?;
        self.folder(repository, root, path, 0, gitlinks)
    }

    fn folder(
        &mut self,
        repository: usize,
        id: Oid,
        path: &str,
        depth: usize,
        gitlinks: &mut Vec<Gitlink>,
    ) -> Result<Folder, Error> {
        if depth > MAX_DEPTH {
            return Err(Error::TooLarge { limit: MAX_DEPTH as u64, unit: "nested folders" });
        }
        let entries: Vec<(Vec<u8>, Oid, Option<ObjectType>, i32)> = {
            let tree = self.repositories[repository]
                .find_tree(id)
                .git(|| format!("read the tree {id} of {path}/"))?;
            tree.iter()
                .map(|entry| {
                    (entry.name_bytes().to_vec(), entry.id(), entry.kind(), entry.filemode())
                })
                .collect()
        };
        let mut folder = Folder::new();
        for (name, id, kind, mode) in entries {
            if name == b".git" {
                continue;
            }
            let shown = String::from_utf8_lossy(&name);
            let path = if path.is_empty() { shown.into_owned() } else { format!("{path}/{shown}") };
            if matches!(name.as_slice(), b"" | b"." | b"..")
                || name.iter().any(|b| matches!(b, b'/' | 0))
            {
                self.problems.push(format!("{path} is left out: no file can have that name"));
                continue;
            }
            let node = match (kind, mode) {
                (Some(ObjectType::Tree), _) => {
                    Node::Folder(self.folder(repository, id, &path, depth + 1, gitlinks)?)
                }
                (Some(ObjectType::Commit), _) => {
                    gitlinks.push(Gitlink { path, commit: id });
                    Node::Folder(Folder::new())
                }
                (_, 0o120_000) => Node::Link(self.blob(repository, id)?),
                (_, mode) => Node::File(File {
                    source: Source::Blob { repository, id },
                    executable: mode & 0o111 != 0,
                }),
            };
            folder.insert(name, node);
        }
        Ok(folder)
    }

    fn blob(&self, repository: usize, id: Oid) -> Result<Vec<u8>, Error> {
        self.repositories[repository]
            .find_blob(id)
            .map(|blob| blob.content().to_vec())
            .git(|| format!("read the blob {id}"))
    }

    fn node_mut(&mut self, path: &str) -> Option<&mut Node> {
        let mut parts = path.split('/');
        let last = parts.next_back()?;
        let mut folder = &mut self.root;
        for part in parts {
            match folder.get_mut(part.as_bytes())? {
                Node::Folder(inner) => folder = inner,
                _ => return None,
            }
        }
        folder.get_mut(last.as_bytes())
    }

    /// Puts a file at the root, in place of whatever has that name.
    pub fn put(&mut self, name: &str, bytes: Vec<u8>) {
        let file = File { source: Source::Bytes(bytes), executable: false };
        self.root.insert(name.as_bytes().to_vec(), Node::File(file));
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// [`Error::Git`] where the blob is missing.
    pub fn bytes(&self, file: &File) -> Result<Vec<u8>, Error> {
        match &file.source {
            Source::Blob { repository, id } => self.blob(*repository, *id),
            Source::Bytes(bytes) => Ok(bytes.clone()),
        }
    }

    /// The file's size in bytes.
    ///
    /// # Errors
    /// [`Error::Git`] where the blob is missing.
    pub fn size(&self, file: &File) -> Result<u64, Error> {
        match &file.source {
            Source::Blob { repository, id } => self.repositories[*repository]
                .odb()
                .and_then(|odb| odb.read_header(*id))
                .map(|(size, _)| size as u64)
                .git(|| format!("read the blob {id}")),
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
        self.add(path, None)?;
        self.open.push(place.clone());
        for (name, node) in folder {
            let end = path.len();
            if end > 0 {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            match node {
                Node::File(file) => self.add(path, Some(file))?,
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
            Ok((_, Target::File(file))) => return self.add(path, Some(file)),
            Ok((place, Target::Folder(_))) if self.open.contains(&place) => "it goes in circles",
            Ok((mut place, Target::Folder(folder))) => {
                return self.folder(&mut place, path, folder);
            }
            Err(reason) => reason,
        };
        let (path, target) = (String::from_utf8_lossy(path), String::from_utf8_lossy(target));
        self.problems.push(format!("the symbolic link {path} to {target} is left out: {left_out}"));
        Ok(())
    }

    fn add(&mut self, path: &[u8], file: Option<&'a File>) -> Result<(), Error> {
        // A path that long fits no file system; nested links can make them.
        if self.members.len() >= MAX_MEMBERS || path.len() > 4096 {
            return Err(Error::TooLarge { limit: MAX_MEMBERS as u64, unit: "files" });
        }
        self.members.push(Member { path: path.to_vec(), file });
        Ok(())
    }
}
