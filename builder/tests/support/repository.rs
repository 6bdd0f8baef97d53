//! Writes real Git objects for tests: commits with given files.

use std::collections::BTreeMap;

use git2::{Oid, Repository, Signature, Time};

/// Git's file modes for a file, a symbolic link and a gitlink.
pub(crate) const FILE: i32 = 0o100_644;
#[allow(dead_code, reason = "not every test has links")]
pub(crate) const LINK: i32 = 0o120_000;
pub(crate) const GITLINK: i32 = 0o160_000;

/// A path, its mode and its content: the text of a file, the target of a symbolic link, or the commit id of a
/// gitlink.
pub(crate) type File<'a> = (&'a str, i32, &'a str);

/// Writes a commit with these files.
pub(crate) fn commit(repository: &Repository, files: &[File<'_>]) -> Oid {
    commit_tree(repository, tree(repository, files))
}

/// Writes a commit with this tree.
pub(crate) fn commit_tree(repository: &Repository, tree: Oid) -> Oid {
    let tree = repository.find_tree(tree).unwrap();
    let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 60)).unwrap();
    repository.commit(None, &who, &who, "a commit", &tree, &[]).unwrap()
}

fn tree(repository: &Repository, files: &[File<'_>]) -> Oid {
    let mut folders: BTreeMap<&str, Vec<File<'_>>> = BTreeMap::new();
    let mut builder = repository.treebuilder(None).unwrap();
    for (path, mode, content) in files {
        match path.split_once('/') {
            Some((folder, rest)) => folders.entry(folder).or_default().push((rest, *mode, content)),
            None if *mode == GITLINK => {
                builder.insert(path, content.parse::<Oid>().unwrap(), *mode).unwrap();
            }
            None => {
                let blob = repository.blob(content.as_bytes()).unwrap();
                builder.insert(path, blob, *mode).unwrap();
            }
        }
    }
    for (folder, files) in folders {
        builder.insert(folder, tree(repository, &files), 0o040_000).unwrap();
    }
    builder.write().unwrap()
}
