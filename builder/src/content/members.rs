//! The members of a tarball: all files and folders of a tree in order, with symbolic links replaced by
//! what they point to.

use std::{
    collections::{HashSet, btree_map},
    ptr,
    rc::Rc,
};

use crate::{
    Error,
    content::{
        check,
        counts::MemberCounts,
        links::{self, CIRCLE, Place, Target},
        odd_names::OddNames,
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
pub(crate) fn members(
    root: &Folder,
    counts: MemberCounts,
) -> Result<(Vec<Member<'_>>, Vec<String>), Error> {
    let mut walk = Walk {
        counts,
        members: Vec::new(),
        problems: Vec::new(),
        odd_names: OddNames::default(),
        path: Vec::new(),
        levels: Vec::new(),
        open: HashSet::new(),
    };
    walk.all(root)?;
    walk.odd_names.tell(&mut walk.problems);
    Ok((walk.members, walk.problems))
}

/// A walk over the tree. It has a stack of its own: links can nest folders more deeply than the tree
/// does.
struct Walk<'a> {
    counts: MemberCounts,
    members: Vec<Member<'a>>,
    problems: Vec<String>,
    odd_names: OddNames,
    /// Where the walk is in the tarball. Below a link, the place in the tree is another.
    path: Vec<u8>,
    /// The folders that the walk is in.
    levels: Vec<Level<'a>>,
    /// The same folders. A link to one of them would never come to an end.
    open: HashSet<*const Folder>,
}

/// A folder that the walk is in.
struct Level<'a> {
    place: Rc<Place<'a>>,
    /// What is still to come.
    entries: btree_map::Iter<'a, Vec<u8>, Node>,
    /// The length of the path to the folder that this one is in.
    outer: usize,
    /// Whether the folder was not open before.
    opened: bool,
}

impl<'a> Walk<'a> {
    fn all(&mut self, root: &'a Folder) -> Result<(), Error> {
        if self.add(None)? {
            self.enter(Place::root(root), 0);
        }
        while let Some(level) = self.levels.last_mut() {
            let Some((name, node)) = level.entries.next() else {
                self.leave();
                continue;
            };
            let place = Rc::clone(&level.place);
            self.counts.steps.take(1)?;
            let outer = paths::push(&mut self.path, name);
            let inner = match node {
                Node::File(file) => {
                    self.add(Some(file))?;
                    None
                }
                Node::Folder(folder) => Some(place.inner(folder)),
                Node::Link(text) => self.link(&place, text)?,
            };
            match inner {
                Some(inner) if self.add(None)? => self.enter(inner, outer),
                _ => self.path.truncate(outer),
            }
        }
        Ok(())
    }

    fn enter(&mut self, place: Rc<Place<'a>>, outer: usize) {
        self.odd_names.folder(&self.path, place.folder);
        let opened = self.open.insert(ptr::from_ref(place.folder));
        self.levels.push(Level { entries: place.folder.iter(), place, outer, opened });
    }

    fn leave(&mut self) {
        if let Some(Level { place, outer, opened, .. }) = self.levels.pop() {
            self.path.truncate(outer);
            if opened {
                self.open.remove(&ptr::from_ref(place.folder));
            }
        }
    }

    /// Follows a link in the folder `from`: adds the file that it points to, or returns the folder.
    fn link(&mut self, from: &Rc<Place<'a>>, text: &[u8]) -> Result<Option<Rc<Place<'a>>>, Error> {
        let resolved = links::resolve(from, text);
        self.counts.steps.take(resolved.steps)?;
        let left_out = match resolved.target {
            Ok(Target::File(file)) => return self.add(Some(file)).map(|_| None),
            Ok(Target::Folder(place)) if self.open.contains(&ptr::from_ref(place.folder)) => CIRCLE,
            Ok(Target::Folder(place)) => return Ok(Some(place)),
            Err(reason) => reason,
        };
        let (path, text) = (shown(&self.path), shown(text));
        let problem = format!("the symbolic link {path} to {text} is left out: {left_out}");
        check::note(&mut self.problems, problem);
        Ok(None)
    }

    /// Adds one member. Returns false if it is left out because links have made its path too long.
    fn add(&mut self, file: Option<&'a File>) -> Result<bool, Error> {
        if let Some(reason) = paths::too_long(&self.path) {
            let path = shown(&self.path);
            check::note(&mut self.problems, format!("{path} is left out: {reason}"));
            return Ok(false);
        }
        self.counts.members.take(1)?;
        self.counts.paths.take(self.path.len() as u64)?;
        self.odd_names.name(&self.path);
        self.members.push(Member { path: self.path.clone(), file });
        Ok(true)
    }
}
