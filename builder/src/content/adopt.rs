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
        check,
        files::Content,
        links::LEAVES,
        paths::{self, shown},
        tree::{File, Folder, Node, Source},
    },
    error::IoContext,
};

impl Content {
    /// Takes in what is below the folder `root` on disk and not yet in the content. What the content
    /// has already stays as it is. `root` is inside `owner`, which is removed when the content is
    /// dropped.
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
        check::depth(depth)?;
        for entry in fs::read_dir(disk).at("read", disk)? {
            let name = entry.at("read", disk)?.file_name();
            if paths::is_git_folder(name.as_bytes()) {
                continue;
            }
            let length = paths::push(path, name.as_bytes());
            if let Some(reason) = paths::unusable(name.as_bytes(), path) {
                self.note(format!("{} is left out: {reason}", shown(path)));
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
                self.note(format!("the symbolic link {} is left out: {LEAVES}", shown(path)));
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
