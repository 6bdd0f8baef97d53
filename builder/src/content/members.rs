//! The members of a tarball: all files and folders of a tree in order, with symbolic links replaced by
//! what they point to.

use crate::{
    Error,
    content::{
        check,
        links::{self, CIRCLE, RealPath, Target},
        paths::{self, shown},
        tree::{File, Folder, Node},
    },
};

/// One member of a tarball, below its top folder.
#[derive(Debug)]
pub struct Member<'a> {
    /// The path without a slash at either end; empty for the top folder itself.
    pub path: Vec<u8>,
    /// The file, or `None` for a folder.
    pub file: Option<&'a File>,
}

/// The members of a tree in the order of the tarball: each folder before what is in it, names sorted
/// by bytes. Also what was left out, a sentence each.
pub(crate) fn members(root: &Folder) -> Result<(Vec<Member<'_>>, Vec<String>), Error> {
    let mut walk = Walk { root, members: Vec::new(), problems: Vec::new(), open: Vec::new() };
    walk.folder(&mut RealPath::new(), &mut Vec::new(), root)?;
    Ok((walk.members, walk.problems))
}

/// A walk over the tree.
struct Walk<'a> {
    root: &'a Folder,
    members: Vec<Member<'a>>,
    problems: Vec<String>,
    /// The folders that the walk is in. A link to one of them would never come to an end.
    open: Vec<RealPath<'a>>,
}

impl<'a> Walk<'a> {
    /// Adds a folder and what is in it. `real` is where it stands in the tree, `path` where it stands
    /// in the tarball: below a link the two differ.
    fn folder(
        &mut self,
        real: &mut RealPath<'a>,
        path: &mut Vec<u8>,
        folder: &'a Folder,
    ) -> Result<(), Error> {
        if !self.add(path, None)? {
            return Ok(());
        }
        self.open.push(real.clone());
        for (name, node) in folder {
            let length = paths::push(path, name);
            match node {
                Node::File(file) => {
                    self.add(path, Some(file))?;
                }
                Node::Folder(inner) => {
                    real.push(name);
                    self.folder(real, path, inner)?;
                    real.pop();
                }
                Node::Link(target) => self.link(real, path, target)?,
            }
            path.truncate(length);
        }
        self.open.pop();
        Ok(())
    }

    /// Adds what a link points to. `folder` is the folder that the link is in.
    fn link(
        &mut self,
        folder: &RealPath<'a>,
        path: &mut Vec<u8>,
        target: &[u8],
    ) -> Result<(), Error> {
        let left_out = match links::resolve(self.root, folder, target) {
            Ok((_, Target::File(file))) => return self.add(path, Some(file)).map(drop),
            Ok((real, Target::Folder(_))) if self.open.contains(&real) => CIRCLE,
            Ok((mut real, Target::Folder(folder))) => {
                return self.folder(&mut real, path, folder);
            }
            Err(reason) => reason,
        };
        let (path, target) = (shown(path), shown(target));
        let problem = format!("the symbolic link {path} to {target} is left out: {left_out}");
        check::note(&mut self.problems, problem);
        Ok(())
    }

    /// Adds one member. Returns false if it is left out because links have made its path too long.
    fn add(&mut self, path: &[u8], file: Option<&'a File>) -> Result<bool, Error> {
        if let Some(reason) = paths::too_long(path) {
            check::note(&mut self.problems, format!("{} is left out: {reason}", shown(path)));
            return Ok(false);
        }
        check::members(self.members.len() + 1)?;
        self.members.push(Member { path: path.to_vec(), file });
        Ok(true)
    }
}
