//! Of random trees, unpacking the tarball gives what the kernel says of the same tree on disk.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::Read,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, symlink},
    },
    path::Path,
};

use fastrand::Rng;
use flate2::read::MultiGzDecoder;
use git2::{ObjectType, Oid, Repository, Signature, Time};
use tardist::{
    content::{Cause, Content},
    tarball::{self, LargeFiles},
};

/// How many trees are tried.
const TREES: u64 = 150;

/// What a tree has under a name.
enum Node {
    File { bytes: Vec<u8>, executable: bool },
    Folder(BTreeMap<&'static str, Node>),
    Link(String),
}

/// A member of a tarball, or a file or folder on disk: its path, and of a file its bytes and mode.
type Member = (Vec<u8>, Option<(Vec<u8>, u32)>);

const NAMES: [&str; 9] = ["a", "b", "c", "a.b", "a b", "-r", "\u{e9}", "B", "a-"];

fn random_tree(random: &mut Rng, depth: u32) -> BTreeMap<&'static str, Node> {
    let mut tree = BTreeMap::new();
    for _ in 0..random.u32(2..8) {
        let node = match random.u32(0..10) {
            0..4 => Node::File {
                bytes: (0..random.usize(0..3) * 400).map(|_| random.u8(..)).collect(),
                executable: random.bool(),
            },
            4..7 if depth < 3 => Node::Folder(random_tree(random, depth + 1)),
            _ => Node::Link(random_target(random)),
        };
        // Mostly one of a few names, so that many links lead to something.
        let names = if random.bool() { NAMES.len() } else { 4 };
        tree.insert(NAMES[random.usize(..names)], node);
    }
    tree
}

/// A path such as `../a/./b/`, which may lead anywhere or nowhere.
fn random_target(random: &mut Rng) -> String {
    let mut text = String::new();
    if random.u32(0..20) == 0 {
        text.push('/');
    }
    for number in 0..random.u32(1..4) {
        if number > 0 {
            text.push('/');
        }
        text += match random.u32(0..10) {
            0..3 => "..",
            3 => ".",
            _ => NAMES[random.usize(..4)],
        };
    }
    if random.u32(0..10) == 0 {
        text.push('/');
    }
    text
}

/// Writes the tree as Git has it.
fn write_objects(repository: &Repository, tree: &BTreeMap<&'static str, Node>) -> Oid {
    let mut entries = Vec::new();
    for (name, node) in tree {
        let (mode, id) = match node {
            Node::File { bytes, executable } => {
                (if *executable { "100755" } else { "100644" }, repository.blob(bytes).unwrap())
            }
            Node::Link(text) => ("120000", repository.blob(text.as_bytes()).unwrap()),
            Node::Folder(tree) => ("40000", write_objects(repository, tree)),
        };
        // Git sorts a folder as if its name ended with a slash.
        let key = format!("{name}{}", if mode == "40000" { "/" } else { "" });
        entries.push((key, [format!("{mode} {name}\0").as_bytes(), id.as_bytes()].concat()));
    }
    entries.sort();
    let bytes: Vec<u8> = entries.into_iter().flat_map(|(_, entry)| entry).collect();
    repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
}

/// Writes the tree to disk.
fn write_files(folder: &Path, tree: &BTreeMap<&'static str, Node>) {
    fs::create_dir(folder).unwrap();
    for (name, node) in tree {
        let path = folder.join(name);
        match node {
            Node::File { bytes, executable } => {
                fs::write(&path, bytes).unwrap();
                let mode = if *executable { 0o755 } else { 0o644 };
                fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            }
            Node::Link(text) => symlink(text, &path).unwrap(),
            Node::Folder(tree) => write_files(&path, tree),
        }
    }
}

/// What the kernel finds in a folder of `root`, links followed: not those that lead out of `root`, and not
/// those to a folder that the walk is in, which are the folders `open`.
fn on_disk(
    root: &Path,
    folder: &Path,
    path: &[u8],
    open: &mut Vec<u64>,
    members: &mut Vec<Member>,
) {
    members.push((path.to_vec(), None));
    open.push(fs::metadata(folder).unwrap().ino());
    let mut names: Vec<_> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    for name in names {
        // The kernel says whether it leads to something, and the real path says where.
        let Ok(metadata) = fs::metadata(folder.join(&name)) else { continue };
        let real = fs::canonicalize(folder.join(&name)).unwrap();
        if !real.starts_with(root) {
            continue;
        }
        let path = [path, b"/", name.as_bytes()].concat();
        if metadata.is_file() {
            let mode = metadata.permissions().mode() & 0o7777;
            members.push((path, Some((fs::read(&real).unwrap(), mode))));
        } else if !open.contains(&metadata.ino()) {
            on_disk(root, &real, &path, open, members);
        }
    }
    open.pop();
}

/// The members of the tarball of the tree, in their order.
fn in_tarball(folder: &Path, tree: &BTreeMap<&'static str, Node>) -> Vec<Member> {
    let repository = Repository::init_bare(folder).unwrap();
    let commit = {
        let tree = repository.find_tree(write_objects(&repository, tree)).unwrap();
        let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
        repository.commit(None, &who, &who, "a commit", &tree, &[]).unwrap()
    };
    let content = Content::read(repository, commit, |_, _| Ok(Err(Cause::default()))).unwrap();
    let (members, _) = content.members().unwrap();
    let subject = tarball::Subject {
        name: &"Top".parse().unwrap(),
        branch: &"master".parse().unwrap(),
        commit: &commit.to_string().parse().unwrap(),
        committed_at: 1_700_000_000,
        url: "",
    };
    let mut bytes = Vec::new();
    let large = LargeFiles::default();
    tarball::write(&content, &members, &subject, &large, &mut bytes).unwrap().unwrap();
    let mut archive = tar::Archive::new(MultiGzDecoder::new(bytes.as_slice()));
    let members = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let path = entry.path_bytes().strip_suffix(b"/").unwrap_or(&entry.path_bytes()).to_vec();
        let mode = entry.header().mode().unwrap();
        if entry.header().entry_type().is_dir() {
            assert_eq!(mode, 0o755);
            return (path, None);
        }
        assert!(entry.header().entry_type().is_file());
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (path, Some((bytes, mode)))
    });
    members.collect()
}

#[test]
fn unpacking_a_tarball_gives_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let (mut all, mut by_links) = (0, 0);
    for seed in 0..TREES {
        let tree = random_tree(&mut Rng::with_seed(seed), 0);
        let root = folder.path().join(format!("root-{seed}"));
        write_files(&root, &tree);
        let root = root.canonicalize().unwrap();
        let mut expected = Vec::new();
        on_disk(&root, &root, b"Top", &mut Vec::new(), &mut expected);
        let found = in_tarball(&folder.path().join(format!("git-{seed}")), &tree);
        let paths = |members: &[Member]| -> Vec<String> {
            members.iter().map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect()
        };
        assert_eq!(paths(&found), paths(&expected), "seed {seed}");
        assert!(found == expected, "seed {seed}: bytes or modes differ");
        all += expected.len();
        let mut is_by_link = |(path, _): &&Member| {
            let mut at = root.clone();
            String::from_utf8_lossy(path).split('/').skip(1).any(|name| {
                at.push(name);
                at.is_symlink()
            })
        };
        by_links += expected.iter().filter(&mut is_by_link).count();
    }
    assert!(all > 1000 && by_links > 100, "{all} members, {by_links} by links");
}
