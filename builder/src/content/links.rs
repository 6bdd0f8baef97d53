//! Paths and symbolic links: what a path in a tree leads to.
//!
//! It owns the rule that no link leads out of the tree: not by an absolute target, not by `..` above
//! the root. It only looks at the tree in memory, so no link can reach the disk.

use std::rc::Rc;

use crate::{
    content::tree::{File, Folder, Node},
    limits::content::MAX_PATH_NAMES,
};

/// How many links one path may go through, as in Linux (`MAXSYMLINKS`).
const MAX_LINKS: usize = 40;

/// A link or path that leads out of the tree.
pub(crate) const LEAVES: &str = "it points out of the tree";

/// A link or path to something that is not there.
const NOWHERE: &str = "it points to nothing";

/// A link that leads back to itself, or to a folder that it is in.
pub(crate) const CIRCLE: &str = "it goes in circles";

/// A link or path that takes longer to follow than any that people make.
const FAR: &str = "it goes through too many folders";

/// A folder, with the folders that it is in. It is shared, so that going one folder down or up costs
/// the same wherever it is.
#[derive(Debug)]
pub(crate) struct Place<'a> {
    pub(crate) folder: &'a Folder,
    /// `None` for the root.
    parent: Option<Rc<Place<'a>>>,
}

impl<'a> Place<'a> {
    pub(crate) fn root(folder: &'a Folder) -> Rc<Self> {
        Rc::new(Self { folder, parent: None })
    }

    /// A folder in this one.
    pub(crate) fn inner(self: &Rc<Self>, folder: &'a Folder) -> Rc<Self> {
        Rc::new(Self { folder, parent: Some(Rc::clone(self)) })
    }
}

/// What a path leads to.
pub(crate) enum Target<'a> {
    Folder(Rc<Place<'a>>),
    File(&'a File),
}

/// The end of a path that was followed.
pub(crate) struct Resolved<'a> {
    /// The error is why the path leads to no file or folder of the tree: the end of a sentence about
    /// it.
    pub(crate) target: Result<Target<'a>, &'static str>,
    /// How many names were looked at.
    pub(crate) steps: u64,
}

/// Follows a path from a folder, as the kernel does.
pub(crate) fn resolve<'a>(from: &Rc<Place<'a>>, path: &[u8]) -> Resolved<'a> {
    let mut steps = 0;
    Resolved { target: follow(from, path, 0, &mut steps), steps }
}

/// Follows the text of a link in a folder. The link itself is one of those that are followed.
pub(crate) fn resolve_link<'a>(from: &Rc<Place<'a>>, text: &[u8]) -> Resolved<'a> {
    let mut steps = 0;
    Resolved { target: follow(from, text, 1, &mut steps), steps }
}

fn follow<'a>(
    from: &Rc<Place<'a>>,
    path: &[u8],
    mut links: usize,
    steps: &mut u64,
) -> Result<Target<'a>, &'static str> {
    let mut here = Rc::clone(from);
    // What is left of the path and of the links on it; what comes first is at the end.
    let mut rest = vec![relative(path)?];
    while let Some(text) = rest.pop() {
        *steps += 1;
        if *steps > MAX_PATH_NAMES {
            return Err(FAR);
        }
        let slash = text.iter().position(|&b| b == b'/');
        let name = &text[..slash.unwrap_or(text.len())];
        if let Some(slash) = slash {
            rest.push(&text[slash + 1..]);
        }
        match name {
            b"" | b"." => {}
            b".." => here = here.parent.clone().ok_or(LEAVES)?,
            name => match here.folder.get(name) {
                None => return Err(NOWHERE),
                Some(Node::Folder(folder)) => here = here.inner(folder),
                // A slash after it would ask for a folder.
                Some(Node::File(_)) if !rest.is_empty() => return Err(NOWHERE),
                Some(Node::File(file)) => return Ok(Target::File(file)),
                Some(Node::Link(text)) => {
                    links += 1;
                    if links > MAX_LINKS {
                        return Err(CIRCLE);
                    }
                    rest.push(relative(text)?);
                }
            },
        }
    }
    Ok(Target::Folder(here))
}

fn relative(path: &[u8]) -> Result<&[u8], &'static str> {
    if path.starts_with(b"/") { Err(LEAVES) } else { Ok(path) }
}

/// The text of a link without the parts that lead nowhere else: `./a//b/.` is `a/b/`. A slash at the
/// end stays, since it asks for a folder.
pub(crate) fn normalized(text: &[u8]) -> Vec<u8> {
    if text.starts_with(b"/") {
        return text.to_vec();
    }
    let idle = |part: &[u8]| matches!(part, b"" | b".");
    let mut short = Vec::new();
    for part in text.split(|&b| b == b'/').filter(|part| !idle(part)) {
        short.extend_from_slice(part);
        short.push(b'/');
    }
    if short.is_empty() {
        return b".".to_vec();
    }
    if text.rsplit(|&b| b == b'/').next().is_some_and(|last| !idle(last)) {
        short.pop();
    }
    short
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn linux_follows_forty_links_and_no_more() {
        let mut root = Folder::new();
        root.insert(b"l00".to_vec(), file());
        for number in 1..=41 {
            let (name, text) = (format!("l{number:02}"), format!("l{:02}", number - 1));
            root.insert(name.into_bytes(), Node::Link(text.into_bytes().into()));
        }
        let root = Place::root(&root);
        // The text of l41 leads to l40, which is the 41st link with l41 itself.
        assert!(matches!(resolve_link(&root, b"l39").target, Ok(Target::File(_))));
        assert!(matches!(resolve_link(&root, b"l40").target, Err(CIRCLE)));
        assert!(matches!(resolve(&root, b"l40").target, Ok(Target::File(_))));
    }

    #[test]
    fn a_normalized_text_has_no_parts_that_lead_nowhere() {
        for (text, short) in [
            ("a", "a"),
            ("./a", "a"),
            ("././a/./b", "a/b"),
            ("a//b", "a/b"),
            ("a/", "a/"),
            ("a/.", "a/"),
            ("a/b/./", "a/b/"),
            ("a/./..", "a/.."),
            ("../.a", "../.a"),
            (".", "."),
            ("./", "."),
            ("", "."),
            ("/a/./b", "/a/./b"),
        ] {
            assert_eq!(normalized(text.as_bytes()), short.as_bytes(), "{text:?}");
        }
        let long = "./".repeat(1900) + "a";
        let short = normalized(long.as_bytes());
        assert_eq!(short, b"a");
    }

    fn file() -> Node {
        let source = crate::content::tree::Source::Bytes(Vec::new());
        Node::File(File { source, executable: false })
    }

    #[test]
    fn a_path_may_go_through_as_many_names_as_the_limit_and_not_one_more() {
        let folder =
            Folder::from([(b"f".to_vec(), file()), (b"d".to_vec(), Node::Folder(Folder::new()))]);
        let root = Place::root(&folder);
        let path = |turns: usize| "d/../".repeat(turns) + "./f";
        let most = resolve(&root, path(499).as_bytes());
        assert!(matches!(most.target, Ok(Target::File(_))));
        assert_eq!(most.steps, MAX_PATH_NAMES);
        let more = resolve(&root, path(500).as_bytes());
        assert!(matches!(more.target, Err(FAR)));
        assert_eq!(more.steps, MAX_PATH_NAMES + 1);
    }
}
