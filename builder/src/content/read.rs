//! From a commit to its [`Content`]: reads Git trees, puts submodules in place, and converts files as a
//! checkout does.
//!
//! There is no work tree: a checkout would write each file twice, and follow links while doing so.

use std::collections::VecDeque;

use git2::{ObjectType, Oid, Repository};

use crate::{
    Error,
    content::{
        blob::Blob,
        checkout::{self, AttributeFiles},
        counts,
        files::Content,
        lfs,
        missing::{Cause, Missing},
        objects::TreeEntry,
        paths::{self, join, shown},
        tree::{self, File, Folder, Node, Source},
    },
    object,
};

/// A gitlink: a commit of another repository that stands for a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gitlink {
    /// Where it stands, from the root of the content.
    pub path: String,
    /// The commit.
    pub commit: Oid,
    /// The path of the submodule whose tree has it; empty for the repository itself.
    pub within: String,
    /// 1 in the repository itself, 2 in its submodules, and so on.
    pub depth: usize,
    /// `path` as bytes: it may not be UTF-8.
    raw_path: Vec<u8>,
}

impl Gitlink {
    /// The path from the root of the tree that has it, as its `.gitmodules` writes it. `None` if it is not UTF-8: then
    /// `path` could be that of another gitlink.
    pub fn path_within(&self) -> Option<&str> {
        let path = str::from_utf8(&self.raw_path).ok()?;
        Some(path.get(self.within.len()..)?.trim_start_matches('/'))
    }
}

impl Content {
    /// Reads the tree of a commit with its own submodules, but not those of submodules: the same as
    /// [`Content::read_nested`] with a depth of 1. The tarballs of extdist have this depth.
    ///
    /// # Errors
    /// Those of [`Content::read_nested`].
    pub fn read(
        repository: Repository,
        commit: Oid,
        submodule: impl FnMut(&Content, &Gitlink) -> Result<Result<Repository, Cause>, Error>,
    ) -> Result<Self, Error> {
        Self::read_nested(repository, commit, 1, submodule)
    }

    /// Reads the tree of a commit.
    ///
    /// `submodule` is called for each gitlink down to `depth`, outer ones first. It returns the
    /// repository that has the gitlink's commit, or a [`Cause`] why there is none: then the folder stays empty, and
    /// the submodule is [missing](Content::missing). Folders of deeper gitlinks stay empty on purpose.
    ///
    /// # Errors
    /// [`Error::Damaged`] where an object is missing or broken, [`Error::TooLarge`], and the errors of
    /// `submodule`.
    pub fn read_nested(
        repository: Repository,
        commit: Oid,
        depth: usize,
        submodule: impl FnMut(&Content, &Gitlink) -> Result<Result<Repository, Cause>, Error>,
    ) -> Result<Self, Error> {
        let mut content = Self::empty(repository);
        content.fill(commit, depth, submodule)?;
        Ok(content)
    }

    /// [`Content::read_nested`] into an empty content.
    fn fill(
        &mut self,
        commit: Oid,
        depth: usize,
        mut submodule: impl FnMut(&Content, &Gitlink) -> Result<Result<Repository, Cause>, Error>,
    ) -> Result<(), Error> {
        let mut gitlinks = VecDeque::new();
        self.root = read_commit(self, 0, commit, b"", 1, &mut gitlinks)?;
        while let Some(gitlink) = gitlinks.pop_front() {
            self.ingredients.nested |= gitlink.depth > depth.min(1);
            if gitlink.depth > depth {
                continue;
            }
            match submodule(self, &gitlink)? {
                Ok(repository) => {
                    let number = self.reader.objects_mut().add(repository);
                    let Gitlink { commit, depth, raw_path: path, .. } = gitlink;
                    let folder =
                        read_commit(self, number, commit, &path, depth + 1, &mut gitlinks)?;
                    if let Some(Node::Folder(empty)) = tree::node_mut(&mut self.root, &path) {
                        *empty = folder;
                    }
                }
                Err(cause) => {
                    let path = shown(&gitlink.raw_path);
                    let public = format!("the submodule {path} is not in the tarball");
                    self.missing.push(Missing::new(public, cause));
                }
            }
        }
        self.missing.extend(self.pointers.missing());
        Ok(())
    }
}

/// The converted tree of a commit. `within` is the path of its root in the content; the gitlinks that
/// it has get the depth `depth` and are added to `gitlinks`.
fn read_commit(
    content: &mut Content,
    repository: usize,
    commit: Oid,
    within: &[u8],
    depth: usize,
    gitlinks: &mut VecDeque<Gitlink>,
) -> Result<Folder, Error> {
    let root = content.reader.objects().tree_of_commit(repository, commit)?;
    let attributes = AttributeFiles::default();
    let mut reader = TreeReader { content, repository, within, depth, gitlinks, attributes };
    let folders_above = within.split(|&b| b == b'/').filter(|name| !name.is_empty()).count();
    let mut folder = reader.folder(root, &mut Vec::new(), folders_above)?;
    let attributes = reader.attributes;
    checkout::convert_tree(&mut folder, within, &attributes, content)?;
    if attributes.mention(&[lfs::FILTER]) {
        content.pointers.find(&folder, within, content.reader.objects())?;
    }
    Ok(folder)
}

/// Reads the tree of one repository.
struct TreeReader<'a> {
    content: &'a mut Content,
    repository: usize,
    within: &'a [u8],
    depth: usize,
    gitlinks: &'a mut VecDeque<Gitlink>,
    attributes: AttributeFiles,
}

impl TreeReader<'_> {
    /// The folder of a tree object. `path` is from the root of the repository, `depth` counts the
    /// folders above, up to the root of the content.
    fn folder(&mut self, id: Oid, path: &mut Vec<u8>, depth: usize) -> Result<Folder, Error> {
        counts::check_depth(depth)?;
        let mut folder = Folder::new();
        let content = &mut *self.content;
        for entry in content.reader.objects().entries(self.repository, id, &mut content.counts)? {
            if paths::is_git_folder(&entry.name) {
                continue;
            }
            let length = paths::push(path, &entry.name);
            self.entry(&mut folder, entry, path, depth)?;
            path.truncate(length);
        }
        Ok(folder)
    }

    /// Adds an entry of a tree to its folder, or notes why it is left out.
    fn entry(
        &mut self,
        folder: &mut Folder,
        entry: TreeEntry,
        path: &mut Vec<u8>,
        depth: usize,
    ) -> Result<(), Error> {
        let full_path = join(self.within, path);
        if let Some(reason) = paths::unusable(&entry.name, &full_path) {
            self.content.note(|| format!("{} is left out: {reason}", shown(&full_path)));
            return Ok(());
        }
        if folder.contains_key(&entry.name) {
            self.content
                .note(|| format!("{} is there twice: the second is left out", shown(&full_path)));
            return Ok(());
        }
        let node = match object::kind(entry.mode) {
            ObjectType::Tree => Some(Node::Folder(self.folder(entry.id, path, depth + 1)?)),
            ObjectType::Commit => {
                self.gitlink(full_path, entry.id)?;
                Some(Node::Folder(Folder::new()))
            }
            _ => self.leaf(path, &full_path, &entry)?,
        };
        if let Some(node) = node {
            folder.insert(entry.name, node);
        }
        Ok(())
    }

    fn gitlink(&mut self, path: Vec<u8>, commit: Oid) -> Result<(), Error> {
        self.content.counts.gitlinks.take(1)?;
        self.gitlinks.push_back(Gitlink {
            path: String::from_utf8_lossy(&path).into_owned(),
            commit,
            within: String::from_utf8_lossy(self.within).into_owned(),
            depth: self.depth,
            raw_path: path,
        });
        Ok(())
    }

    /// A file or a symbolic link; `None` for a link that is left out.
    fn leaf(
        &mut self,
        path: &[u8],
        full_path: &[u8],
        entry: &TreeEntry,
    ) -> Result<Option<Node>, Error> {
        let blob = Blob { repository: self.repository, id: entry.id.into() };
        let content = &mut *self.content;
        let objects = content.reader.objects();
        self.attributes.collect(path, blob, objects, &mut content.counts.attributes)?;
        if object::is_link(entry.mode) {
            let text = content.links.of_blob(objects, blob)?;
            return Ok(match text {
                Ok(text) => Some(Node::Link(text)),
                Err(size) => {
                    content.note(|| {
                        let path = shown(full_path);
                        format!(
                            "the symbolic link {path} is left out: its text has {size} bytes, and no path is so long"
                        )
                    });
                    None
                }
            });
        }
        let executable = entry.mode & 0o100 != 0;
        Ok(Some(Node::File(File { source: Source::Blob(blob), executable })))
    }
}

#[cfg(test)]
mod tests {
    use git2::{Signature, Time};

    use super::*;

    /// Reads a commit with these blobs at the root, with other limits. A name that ends with `@` is a
    /// symbolic link.
    fn read(blobs: &[(&str, &str)], limits: impl FnOnce(&mut Content)) -> Result<Content, Error> {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let mut builder = repository.treebuilder(None).unwrap();
        for (name, text) in blobs {
            let blob = repository.blob(text.as_bytes()).unwrap();
            let (name, mode) =
                name.strip_suffix('@').map_or((*name, 0o100_644), |it| (it, object::LINK));
            builder.insert(name, blob, mode).unwrap();
        }
        read_tree(&repository, builder.write().unwrap(), limits)
    }

    /// Reads a commit of this tree, with other limits.
    fn read_tree(
        repository: &Repository,
        tree: Oid,
        limits: impl FnOnce(&mut Content),
    ) -> Result<Content, Error> {
        let who = Signature::new("a", "a@example.org", &Time::new(0, 0)).unwrap();
        let tree = repository.find_tree(tree).unwrap();
        let commit = repository.commit(None, &who, &who, "a", &tree, &[]).unwrap();
        let mut content = Content::empty(Repository::open_bare(repository.path()).unwrap());
        limits(&mut content);
        content.fill(commit, 0, |_, _| Ok(Err(Cause::default())))?;
        Ok(content)
    }

    /// Reads a commit whose tree has these entries at the root: mode, name and object.
    fn read_raw(
        entries: impl FnOnce(&Repository) -> Vec<(&'static str, &'static str, Oid)>,
    ) -> Result<Content, Error> {
        let folder = tempfile::tempdir().unwrap();
        let repository = Repository::init_bare(folder.path()).unwrap();
        let mut bytes = Vec::new();
        for (mode, name, id) in entries(&repository) {
            bytes.extend_from_slice(format!("{mode} {name}\0").as_bytes());
            bytes.extend_from_slice(id.as_bytes());
        }
        let tree = repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap();
        read_tree(&repository, tree, |_| {})
    }

    #[test]
    fn a_link_is_one_whatever_other_bits_its_mode_has_and_the_owner_decides_what_is_executable() {
        let content = read_raw(|repository| {
            let [text, target] = ["target", "x"].map(|it| repository.blob(it.as_bytes()).unwrap());
            vec![
                ("120777", "link", text),
                ("100654", "others", target),
                ("100744", "owner", target),
                ("100644", "target", target),
            ]
        });
        let content = content.unwrap();
        let kinds: Vec<_> = content
            .root
            .iter()
            .map(|(name, node)| match node {
                Node::Link(text) => (name.as_slice(), text.to_vec()),
                Node::File(file) => (name.as_slice(), file.executable.to_string().into_bytes()),
                Node::Folder(_) => (name.as_slice(), Vec::new()),
            })
            .collect();
        let expected: [(&[u8], Vec<u8>); 4] = [
            (b"link", b"target".into()),
            (b"others", b"false".into()),
            (b"owner", b"true".into()),
            (b"target", b"false".into()),
        ];
        assert_eq!(kinds, expected);
    }

    #[test]
    fn what_is_no_file_no_link_and_no_folder_is_a_gitlink_whose_object_is_not_looked_for() {
        let missing: Oid = "1".repeat(40).parse().unwrap();
        let modes = ["0", "10000", "140755", "160000", "20000", "60644"];
        let content = read_raw(|_| modes.map(|mode| (mode, mode, missing)).to_vec()).unwrap();
        assert_eq!(content.root.len(), modes.len());
        for (mode, node) in &content.root {
            let is_empty_folder = matches!(node, Node::Folder(folder) if folder.is_empty());
            assert!(is_empty_folder, "{}", shown(mode));
        }
        assert_eq!(content.counts.gitlinks.taken(), 6);
    }

    #[test]
    fn an_object_of_another_type_than_its_tree_says_is_no_damage() {
        let read = read_raw(|repository| {
            let tree = repository.treebuilder(None).unwrap().write().unwrap();
            vec![("120000", "f", tree)]
        });
        let error = read.err().unwrap();
        assert!(matches!(error, Error::OtherType { kind: "tree", .. }), "{error}");
    }

    fn error(read: Result<Content, Error>) -> String {
        read.err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn equal_texts_of_links_are_kept_once_and_all_texts_have_a_limit() {
        let links = [("a@", "./target"), ("b@", "./target"), ("c@", "other")];
        let limit = |limit| move |content: &mut Content| content.links.bytes.limit = limit;
        assert_eq!(error(read(&links, limit(6 + 5))), "");
        let error = error(read(&links, limit(6 + 5 - 1)));
        assert!(
            error.starts_with("its content has more than 10 bytes of symbolic links"),
            "{error}"
        );
    }

    #[test]
    fn the_bytes_of_trees_have_a_limit_and_so_has_the_number_of_entries() {
        // "100644 a", a NUL, and 20 bytes of an id.
        let files = [("a", ""), ("b", "")];
        let limits = |trees, members| {
            move |content: &mut Content| {
                content.counts.trees.limit = trees;
                content.counts.members.limit = members;
            }
        };
        assert_eq!(error(read(&files, limits(2 * 29, 2))), "");
        let trees = error(read(&files, limits(2 * 29 - 1, 2)));
        assert!(trees.starts_with("its content has more than 57 bytes of Git trees"), "{trees}");
        let members = error(read(&files, limits(2 * 29, 1)));
        assert!(members.starts_with("its content has more than 1 files"), "{members}");
    }

    #[test]
    fn what_attributes_ask_to_convert_has_a_limit_and_equal_files_count_once() {
        let files =
            [(".gitattributes", "[a-z]* eol=crlf"), ("a", "one\n"), ("b", "one\n"), ("c", "two\n")];
        let limit = |limit| move |content: &mut Content| content.counts.converted.limit = limit;
        let content = read(&files, limit(8)).unwrap();
        for name in ["a", "b", "c"] {
            assert_eq!(content.size(content.file(name).unwrap()).unwrap(), 5);
        }
        let error = error(read(&files, limit(7)));
        let text = "what its .gitattributes ask to convert has more than 7 bytes";
        assert!(error.starts_with(text), "{error}");
    }
}
