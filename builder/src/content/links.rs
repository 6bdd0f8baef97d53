//! Paths and symbolic links: what a path in a tree leads to.
//!
//! It owns the rule that no link leads out of the tree: not by an absolute target, not by `..` above
//! the root. It only looks at the tree in memory, so no link can reach the disk.

use std::collections::VecDeque;

use crate::content::tree::{File, Folder, Node};

/// How many links one path may go through, as in Linux (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// A link or path that leads out of the tree.
const LEAVES: &str = "it points out of the tree";

/// A link or path to something that is not there.
const NOWHERE: &str = "it points to nothing";

/// A link that leads back to itself, or to a folder that it is in.
pub(crate) const CIRCLE: &str = "it goes in circles";

/// The names from the root to a file or folder, with all links resolved.
pub(crate) type RealPath<'a> = Vec<&'a [u8]>;

/// What a path leads to.
pub(crate) enum Target<'a> {
    Folder(&'a Folder),
    File(&'a File),
}

/// Follows a path from the folder `from`, as the kernel does.
///
/// # Errors
/// Why it leads to no file or folder of the tree; the end of a sentence about the link.
pub(crate) fn resolve<'a>(
    root: &'a Folder,
    from: &[&'a [u8]],
    path: &[u8],
) -> Result<(RealPath<'a>, Target<'a>), &'static str> {
    if path.starts_with(b"/") {
        return Err(LEAVES);
    }
    // The folders from the root to where the path has led so far.
    let mut open = open_folders(root, from).ok_or(NOWHERE)?;
    let mut rest = names(path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        let here = open.last().map_or(root, |(_, folder)| folder);
        match name.as_slice() {
            b"" | b"." => {}
            b".." => {
                open.pop().ok_or(LEAVES)?;
            }
            name => match here.get_key_value(name) {
                None => return Err(NOWHERE),
                Some((name, Node::Folder(folder))) => open.push((name, folder)),
                Some((name, Node::File(file))) => {
                    if !rest.is_empty() {
                        return Err(NOWHERE);
                    }
                    let mut path = real_path(&open);
                    path.push(name);
                    return Ok((path, Target::File(file)));
                }
                Some((_, Node::Link(target))) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(CIRCLE);
                    }
                    if target.starts_with(b"/") {
                        return Err(LEAVES);
                    }
                    let mut target = names(target);
                    target.append(&mut rest);
                    rest = target;
                }
            },
        }
    }
    let folder = open.last().map_or(root, |(_, folder)| folder);
    Ok((real_path(&open), Target::Folder(folder)))
}

/// A folder with its name.
type Named<'a> = (&'a [u8], &'a Folder);

/// The folders on a path without links; `None` where one of them is not there.
fn open_folders<'a>(root: &'a Folder, path: &[&'a [u8]]) -> Option<Vec<Named<'a>>> {
    let mut open: Vec<Named<'a>> = Vec::new();
    let mut folder = root;
    for &name in path {
        let (name, Node::Folder(inner)) = folder.get_key_value(name)? else { return None };
        open.push((name, inner));
        folder = inner;
    }
    Some(open)
}

fn real_path<'a>(open: &[Named<'a>]) -> RealPath<'a> {
    open.iter().map(|(name, _)| *name).collect()
}

fn names(path: &[u8]) -> VecDeque<Vec<u8>> {
    path.split(|&b| b == b'/').map(<[u8]>::to_vec).collect()
}
