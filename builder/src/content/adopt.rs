//! Files that a program has made on disk, taken into a [`Content`].

use std::{
    collections::btree_map::Entry,
    fs,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::Path,
};

use tempfile::TempDir;

use crate::{
    Error,
    content::{
        counts,
        files::Content,
        links::LEAVES,
        paths::{self, shown},
        tree::{self, File, Folder, Node, Source},
    },
    error::IoContext,
};

impl Content {
    /// Takes in what is below the folder `root` on disk: of the folder `replaced` in it everything, in place of what the
    /// content has there, and of all else what is not yet in the content. `root` is inside `owner`, which is removed when
    /// the content is dropped.
    ///
    /// # Errors
    /// [`Error::Io`], [`Error::TooLarge`].
    pub fn adopt(&mut self, owner: TempDir, root: &Path, replaced: &str) -> Result<(), Error> {
        let mut folder = std::mem::take(&mut self.root);
        if let Some(node) = folder.remove(replaced.as_bytes()) {
            self.counts.members.give_back(tree::count(&node));
        }
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
        counts::check_depth(depth)?;
        for entry in fs::read_dir(disk).at("read", disk)? {
            let name = entry.at("read", disk)?.file_name();
            if paths::is_git_folder(name.as_bytes()) {
                continue;
            }
            let length = paths::push(path, name.as_bytes());
            if let Some(reason) = paths::unusable(name.as_bytes(), path) {
                self.note(|| format!("{} is left out: {reason}", shown(path)));
            } else {
                let disk = disk.join(&name);
                self.adopt_entry(folder, name.into_vec(), &disk, path, depth)?;
            }
            path.truncate(length);
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
        let vacant = match folder.entry(name) {
            Entry::Occupied(mut occupied) => {
                if let (Node::Folder(inner), true) = (occupied.get_mut(), metadata.is_dir()) {
                    self.adopt_folder(inner, disk, path, depth + 1)?;
                }
                return Ok(());
            }
            Entry::Vacant(vacant) => vacant,
        };
        self.counts.members.take(1)?;
        if metadata.is_dir() {
            let mut inner = Folder::new();
            self.adopt_folder(&mut inner, disk, path, depth + 1)?;
            vacant.insert(Node::Folder(inner));
        } else if metadata.is_symlink() {
            // The system has no texts that are longer than a path.
            let text = fs::read_link(disk).at("read", disk)?;
            if text.is_absolute() {
                // It leads out of the tree, and may have the path of the data directory, which is nobody's business.
                self.note(|| format!("the symbolic link {} is left out: {LEAVES}", shown(path)));
                return Ok(());
            }
            vacant.insert(Node::Link(self.links.add(text.as_os_str().as_bytes())?));
        } else if metadata.is_file() {
            vacant.insert(Node::File(File {
                source: Source::Disk { path: disk.to_owned(), size: metadata.len() },
                executable: metadata.permissions().mode() & 0o111 != 0,
            }));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use git2::Repository;

    use super::*;

    #[test]
    fn one_folder_is_as_on_disk_and_of_all_else_only_what_is_new_comes_in() {
        let (mirror, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut content = Content::empty(Repository::init_bare(mirror.path()).unwrap());
        let old = || Node::File(File { source: Source::Bytes(b"old".to_vec()), executable: false });
        let vendor = Folder::from([(b"a".to_vec(), old()), (b"gone".to_vec(), old())]);
        content.root =
            Folder::from([(b"a".to_vec(), old()), (b"vendor".to_vec(), Node::Folder(vendor))]);
        content.counts.members.take(4).unwrap();
        let root = disk.path().to_owned();
        fs::create_dir(root.join("vendor")).unwrap();
        for path in ["a", "new", "vendor/a"] {
            fs::write(root.join(path), "on disk").unwrap();
        }
        content.adopt(disk, &root, "vendor").unwrap();
        let bytes = |path: &str| content.file(path).map(|file| content.bytes(file).unwrap());
        assert_eq!(bytes("a").as_deref(), Some(b"old".as_slice()));
        assert_eq!(bytes("new").as_deref(), Some(b"on disk".as_slice()));
        assert_eq!(bytes("vendor/a").as_deref(), Some(b"on disk".as_slice()));
        assert_eq!(bytes("vendor/gone"), None);
        // a, new, vendor, vendor/a
        assert_eq!(content.counts.members.taken(), 4);
    }

    #[test]
    fn a_link_in_its_place_becomes_the_folder_on_disk() {
        let (mirror, disk) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut content = Content::empty(Repository::init_bare(mirror.path()).unwrap());
        let link = Node::Link(b"nowhere".as_slice().into());
        content.root = Folder::from([(b"vendor".to_vec(), link)]);
        let root = disk.path().to_owned();
        fs::create_dir(root.join("vendor")).unwrap();
        fs::write(root.join("vendor/a"), "on disk").unwrap();
        content.adopt(disk, &root, "vendor").unwrap();
        assert!(content.file("vendor/a").is_some());
    }
}
