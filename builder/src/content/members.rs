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
        counts::MemberCounts,
        links::{self, CIRCLE, Place, Target},
        odd_names::OddNames,
        paths::{self, shown},
        problems::note,
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
        let resolved = links::resolve_link(from, text);
        self.counts.steps.take(resolved.steps)?;
        let left_out = match resolved.target {
            Ok(Target::File(file)) => return self.add(Some(file)).map(|_| None),
            Ok(Target::Folder(place)) if self.open.contains(&ptr::from_ref(place.folder)) => CIRCLE,
            Ok(Target::Folder(place)) => return Ok(Some(place)),
            Err(reason) => reason,
        };
        note(&mut self.problems, || {
            let (path, text) = (shown(&self.path), shown(text));
            format!("the symbolic link {path} to {text} is left out: {left_out}")
        });
        Ok(None)
    }

    /// Adds one member. Returns false if it is left out because links have made its path too long.
    fn add(&mut self, file: Option<&'a File>) -> Result<bool, Error> {
        if let Some(reason) = paths::too_long(&self.path) {
            note(&mut self.problems, || format!("{} is left out: {reason}", shown(&self.path)));
            return Ok(false);
        }
        self.counts.members.take(1)?;
        self.counts.paths.take(self.path.len() as u64)?;
        self.odd_names.name(&self.path);
        self.members.push(Member { path: self.path.clone(), file });
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::content::tree::Source;

    fn file() -> Node {
        Node::File(File { source: Source::Bytes(Vec::new()), executable: false })
    }

    fn link(text: &str) -> Node {
        Node::Link(text.as_bytes().into())
    }

    fn folder<const N: usize>(entries: [(&str, Node); N]) -> Folder {
        entries.into_iter().map(|(name, node)| (name.as_bytes().to_vec(), node)).collect()
    }

    /// The message where these counts are not enough; empty where they are.
    fn error(root: &Folder, counts: MemberCounts) -> String {
        members(root, counts).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn each_name_on_the_way_of_a_link_is_a_step() {
        let root = folder([
            ("a", link("b")),
            ("b", link("c")),
            ("c", link("d/../f")),
            ("d", Node::Folder(Folder::new())),
            ("f", file()),
        ]);
        // 5 entries; and a takes b, c, d, .., f; b takes c, d, .., f; c takes d, .., f.
        let steps = |limit| {
            let mut counts = MemberCounts::default();
            counts.steps.limit = limit;
            error(&root, counts)
        };
        assert_eq!(steps(5 + 5 + 4 + 3), "");
        let text = "the following of symbolic links has more than 16 steps, the most that tardist";
        assert!(steps(16).starts_with(text), "{}", steps(16));
    }

    #[test]
    fn what_is_left_out_takes_steps_too() {
        let dangling = folder([("a", link("x")), ("b", link("x")), ("c", link("x"))]);
        let root = folder([("d", Node::Folder(dangling)), ("e", link("d")), ("f", link("d"))]);
        let mut counts = MemberCounts::default();
        // 3 entries, two links to d, and three times 3 entries with a link each.
        counts.steps.limit = 3 + 2 + 3 * (3 + 3);
        assert_eq!(error(&root, counts), "");
        let mut counts = MemberCounts::default();
        counts.steps.limit = 3 + 2 + 3 * (3 + 3) - 1;
        assert!(error(&root, counts).contains("steps"));
    }

    #[test]
    fn the_paths_of_all_members_have_a_limit() {
        let root = folder([("a", Node::Folder(folder([("bc", file())]))), ("d", link("a"))]);
        let paths = ["a", "a/bc", "d", "d/bc"].map(str::len).iter().sum::<usize>() as u64;
        let mut counts = MemberCounts::default();
        counts.paths.limit = paths;
        assert_eq!(error(&root, counts), "");
        let mut counts = MemberCounts::default();
        counts.paths.limit = paths - 1;
        let text = format!("its content has more than {} bytes of paths", paths - 1);
        assert!(error(&root, counts).starts_with(&text));
    }

    #[test]
    fn a_folder_that_is_open_twice_is_still_open_when_the_inner_one_is_left() {
        // By l, the walk comes to x/a before x; up leads from there to x, and so to a again.
        let inner = folder([("up", link("..")), ("z", link("../a"))]);
        let root =
            folder([("l", link("x/a")), ("x", Node::Folder(folder([("a", Node::Folder(inner))])))]);
        let (members, problems) = members(&root, MemberCounts::default()).unwrap();
        let paths: Vec<String> = members.iter().map(|member| shown(&member.path)).collect();
        assert_eq!(paths, ["", "l", "l/up", "l/up/a", "x", "x/a"]);
        let left_out = ["l/up/a/up", "l/up/a/z", "l/z", "x/a/up", "x/a/z"];
        let named = |problem: &String| problem.split(' ').nth(3).unwrap_or_default().to_owned();
        assert_eq!(problems.iter().map(named).collect::<Vec<_>>(), left_out);
    }

    #[test]
    fn twice_as_many_links_take_at_most_twice_the_steps() {
        // So many links through so many others to a file.
        let steps = |links: usize, on_the_way: usize| {
            let mut root = folder([("end", file())]);
            for number in 0..on_the_way {
                let target = match number {
                    0 => "end".to_owned(),
                    number => format!("./way{}", number - 1),
                };
                root.insert(format!("way{number}").into_bytes(), link(&target));
            }
            for number in 0..links {
                let target = format!("way{}", on_the_way - 1);
                root.insert(format!("link{number}").into_bytes(), link(&target));
            }
            let limit = (1..).map(|power| 1 << power).find(|limit| {
                let mut counts = MemberCounts::default();
                counts.steps.limit = *limit;
                error(&root, counts).is_empty()
            });
            limit.unwrap()
        };
        // Powers of two, so that twice the limit is as near as can be told.
        let once: u64 = steps(500, 10);
        assert!(steps(1000, 10) <= 2 * once && steps(500, 20) <= 2 * once);
    }
}
