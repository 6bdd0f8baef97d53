//! Every unpacker makes the same files of a tarball, whatever names and content a tree has.
//!
//! Each test needs the program that it is named after. `cargo xtask test` leaves out those whose program is
//! missing, and says so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{
    collections::{BTreeMap, BTreeSet},
    env,
    ffi::{OsStr, OsString},
    fs,
    io::Write,
    os::unix::{
        ffi::{OsStrExt, OsStringExt},
        fs::PermissionsExt,
    },
    path::{Path, PathBuf},
    process::Command,
};

use git2::{ObjectType, Oid, Repository, Signature, Time};
use tardist::{
    content::{Cause, Content},
    tarball::{self, LargeFiles},
};

/// The programs in PHP and Python.
const EXTRACT_TO: &str = "(new PharData($argv[1]))->extractTo($argv[2]);";
const EXTRACT_ALL: &str = "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])";
const EXTRACT_DATA: &str =
    "import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2], filter='data')";

/// A file or folder, as it is on disk.
#[derive(Clone, PartialEq, Eq)]
enum Node {
    Folder,
    File {
        bytes: Vec<u8>,
        executable: bool,
    },
    /// Something that no tarball has, or a file with another mode.
    Other(String),
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Folder => write!(f, "a folder"),
            Self::File { bytes, executable } => {
                write!(f, "{} bytes, executable: {executable}", bytes.len())
            }
            Self::Other(text) => write!(f, "{text}"),
        }
    }
}

/// Files and folders by their paths.
type Tree = BTreeMap<Vec<u8>, Node>;

/// The top folder of most tarballs here.
const TOP: &str = "Top";

fn file(bytes: impl Into<Vec<u8>>) -> Node {
    Node::File { bytes: bytes.into(), executable: false }
}

/// Adds a file or folder and the folders above it.
fn add(tree: &mut Tree, path: impl Into<Vec<u8>>, node: Node) {
    let path = path.into();
    for (at, _) in path.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        tree.entry(path[..at].to_vec()).or_insert(Node::Folder);
    }
    assert_eq!(tree.insert(path.clone(), node), None, "{}", String::from_utf8_lossy(&path));
}

/// A path of this length, below a folder of its own, with names of `name` bytes.
fn long_path(folder: &str, length: usize, name: usize) -> String {
    let mut path = format!("{folder}/");
    let mut in_name = 0;
    while path.len() < length {
        let is_end = path.len() + 1 == length;
        let byte = if in_name == name && !is_end { '/' } else { 'p' };
        in_name = if byte == '/' { 0 } else { in_name + 1 };
        path.push(byte);
    }
    path
}

/// A tar with an own mind: a reader that takes the file for a folder finds these members in it.
fn smuggled() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(5);
    header.set_mode(0o755);
    header.set_entry_type(tar::EntryType::Regular);
    for path in ["Evil/evil.php", "Top/zz.php"] {
        tar.append_data(&mut header, path, &b"evil!"[..]).unwrap();
    }
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    tar.append_link(&mut header, "Evil/link", "evil.php").unwrap();
    tar.into_inner().unwrap()
}

/// All that is odd, below the top folder.
fn odd_tree() -> Tree {
    let mut tree = Tree::new();
    add(&mut tree, "a.php", file("<?php\n"));
    add(&mut tree, "empty", file(""));
    add(&mut tree, "run", Node::File { bytes: b"#!/bin/sh\n".to_vec(), executable: true });
    add(&mut tree, "large", file(b"0123456789abcde\n".repeat(20_000)));
    add(&mut tree, "block", file([b'b'; 512]));
    add(&mut tree, "over-block", file([b'o'; 513]));
    add(&mut tree, "archive.tar", file(smuggled()));
    add(&mut tree, "zeros", file([0; 2048]));
    let names: [&[u8]; 41] = [
        b"...",
        b"a\nb",
        b"a\rb",
        b"a\tb",
        b"newline\n",
        b"trailing ",
        b"trailing.",
        b" leading",
        b"a\x01\x1b[31mred\x7f",
        b"\xff\xfe\x80",
        b"half-\xc3",
        "\u{fc}n\u{ef}".as_bytes(),
        "e\u{301}".as_bytes(),
        "\u{202e}gpj.exe".as_bytes(),
        b"-rf",
        b"--checkpoint=1",
        b"--checkpoint-action=exec=false",
        b"@x",
        b"~",
        b"~root",
        b"%2e%2e",
        b"a*b?",
        b"*",
        b"?",
        b"[a]",
        b"{a,b}",
        b"$(false)",
        b"`false`",
        b"a;b",
        b"a|b",
        b"a\"b'c",
        b"a\\nb",
        b"README",
        b"readme",
        b"CON",
        b"a:b",
        b".phar",
        b".phar.php",
        b"PaxHeaders.0",
        b"@LongLink",
        b"stub.php",
    ];
    for name in names {
        add(&mut tree, [b"names/", name].concat(), file(name));
        // The same name of a folder, and at the end of a path that is long.
        add(&mut tree, [b"folders/", name, b"/file"].concat(), file(name));
        let long = [b"long/", "l".repeat(120).as_bytes(), b"/", name].concat();
        add(&mut tree, long, file(name));
    }
    tree.extend(long_paths());
    tree
}

/// Paths of lengths at which a form of tar changes, and with slashes where such a form cuts.
fn long_paths() -> Tree {
    let mut tree = Tree::new();
    for length in [98, 99, 100, 101, 102, 154, 155, 156, 157, 255, 256, 257, 258, 511, 512, 513] {
        // `Top/` and the slash of a folder move the limits, so that each length stands for several.
        for name in [50, 100, 254] {
            let folder = format!("{length}-{name}");
            add(&mut tree, long_path(&folder, length - "Top/".len(), name), file(folder));
        }
    }
    add(&mut tree, long_path("longest", 3_839, 255), file("the longest path"));
    add(&mut tree, "deep/".repeat(250) + "file", file("deep"));
    for slash in 96..=102 {
        // The full path has a slash as its byte number `slash`, counted from 1.
        let folder =
            format!("{slash}{}", "s".repeat(slash - 1 - "Top/".len() - slash.to_string().len()));
        add(&mut tree, format!("{folder}/tar"), file(smuggled()));
        add(&mut tree, format!("{folder}/tar-too"), file(smuggled()));
        add(&mut tree, format!("{folder}/sub/file"), file("sub"));
    }
    tree
}

/// Writes a tree as it is: a tree builder would refuse some names.
fn write_tree(repository: &Repository, tree: &Tree, folder: &[u8]) -> Oid {
    let mut entries = Vec::new();
    for (path, node) in tree.range(folder.to_vec()..) {
        let Some(name) = path.strip_prefix(folder) else { break };
        if name.contains(&b'/') {
            continue;
        }
        let below = [path.as_slice(), b"/"].concat();
        let (mode, id) = match node {
            Node::File { bytes, executable } => {
                (if *executable { "100755" } else { "100644" }, repository.blob(bytes).unwrap())
            }
            _ => ("40000", write_tree(repository, tree, &below)),
        };
        // Git sorts a folder as if its name ended with a slash.
        let key = if mode == "40000" { [name, b"/"].concat() } else { name.to_vec() };
        entries.push((key, [mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat()));
    }
    entries.sort();
    let bytes: Vec<u8> = entries.into_iter().flat_map(|(_, entry)| entry).collect();
    repository.odb().unwrap().write(ObjectType::Tree, &bytes).unwrap()
}

fn commit(repository: &Repository, tree: Oid) -> Oid {
    let tree = repository.find_tree(tree).unwrap();
    let who = Signature::new("a", "a@example.org", &Time::new(1_700_000_000, 0)).unwrap();
    repository.commit(None, &who, &who, "a commit", &tree, &[]).unwrap()
}

/// Makes a tarball, and returns what it must become on disk: the members, below the top folder.
fn write_tarball(folder: &Path, top: &str, tree: &Tree, committed_at: i64) -> (PathBuf, Tree) {
    let repository = Repository::init_bare(folder.join("repository")).unwrap();
    let commit = commit(&repository, write_tree(&repository, tree, b""));
    let content = Content::read(repository, commit, |_, _| Ok(Err(Cause::default()))).unwrap();
    let (members, _) = content.members().unwrap();
    let subject = tarball::Subject {
        name: &top.parse().unwrap(),
        branch: &"master".parse().unwrap(),
        commit: &commit.to_string().parse().unwrap(),
        committed_at,
        url: "",
    };
    let path = folder.join("tarball.tar.gz");
    let mut out = fs::File::create(&path).unwrap();
    tarball::write(&content, &members, &subject, &LargeFiles::default(), &mut out)
        .unwrap()
        .unwrap();
    out.flush().unwrap();
    let mut expected = Tree::new();
    for member in &members {
        let path = match member.path.as_slice() {
            b"" => top.as_bytes().to_vec(),
            path => [top.as_bytes(), b"/", path].concat(),
        };
        let node = match member.file {
            Some(file) => {
                Node::File { bytes: content.bytes(file).unwrap(), executable: file.executable }
            }
            None => Node::Folder,
        };
        expected.insert(path, node);
    }
    (path, expected)
}

/// What is on disk below a folder.
fn on_disk(folder: &Path) -> Tree {
    let mut tree = Tree::new();
    let mut open = vec![(folder.to_path_buf(), Vec::new())];
    while let Some((folder, prefix)) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let path = [prefix.as_slice(), entry.file_name().as_bytes()].concat();
            let metadata = entry.metadata().unwrap();
            let mode = metadata.permissions().mode() & 0o7777;
            let node = match (metadata.file_type(), mode) {
                (kind, 0o755) if kind.is_dir() => {
                    open.push((entry.path(), [path.as_slice(), b"/"].concat()));
                    Node::Folder
                }
                (kind, 0o644 | 0o755) if kind.is_file() => {
                    Node::File { bytes: fs::read(entry.path()).unwrap(), executable: mode == 0o755 }
                }
                (kind, mode) => Node::Other(format!("{kind:?} with the mode {mode:o}")),
            };
            tree.insert(path, node);
        }
    }
    tree
}

/// An unpacker: a program and its arguments. `FILE` and `FOLDER` stand for the tarball and for where to put it.
struct Unpacker {
    program: OsString,
    arguments: &'static [&'static str],
    /// Why it does not make folders in which there is no file; `None` if it does.
    without_empty_folders: Option<&'static str>,
}

impl Unpacker {
    fn new(program: impl AsRef<OsStr>, arguments: &'static [&'static str]) -> Self {
        let program = program.as_ref().to_owned();
        Self { program, arguments, without_empty_folders: None }
    }

    /// Unpacks with the umask 022 and in the locale C, in which names that are not ASCII are hardest.
    #[track_caller]
    fn unpack(&self, tarball: &Path, folder: &Path) -> Tree {
        fs::create_dir(folder).unwrap();
        let mut command = Command::new("sh");
        command.args(["-c", r#"umask 022; exec "$@""#, "sh"]).arg(&self.program);
        for argument in self.arguments {
            match *argument {
                "FILE" => command.arg(tarball),
                "FOLDER" => command.arg(folder),
                argument => command.arg(argument),
            };
        }
        command.env_clear().env("PATH", env::var_os("PATH").unwrap()).env("LC_ALL", "C");
        let output = command.output().unwrap();
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{:?}: {}: {text}", self.program, output.status);
        on_disk(folder)
    }

    /// Unpacks a tarball, and compares the result with what it must become.
    #[track_caller]
    fn makes(&self, expected: &Tree, tarball: &Path) {
        let folder = tempfile::tempdir().unwrap();
        let mut unpacked = self.unpack(tarball, &folder.path().join("unpacked"));
        let mut expected = expected.clone();
        if self.without_empty_folders.is_some() {
            remove_empty_folders(&mut expected);
            remove_empty_folders(&mut unpacked);
        }
        self.compare(&expected, &unpacked);
    }

    #[track_caller]
    fn compare(&self, expected: &Tree, unpacked: &Tree) {
        let mut differences = Vec::new();
        for path in
            expected.keys().chain(unpacked.keys().filter(|path| !expected.contains_key(*path)))
        {
            let (wanted, found) = (expected.get(path), unpacked.get(path));
            if wanted != found {
                let path = String::from_utf8_lossy(path);
                differences.push(format!("{path:?}: {found:?}, and not {wanted:?}"));
            }
        }
        let all = differences.len();
        differences.truncate(20);
        assert!(all == 0, "{:?}: {all} differences:\n{}", self.program, differences.join("\n"));
    }
}

/// Makes a tarball of each tree, and checks what each unpacker makes of it.
#[track_caller]
fn make_the_tree(unpackers: &[Unpacker]) {
    // With such a name there is no room for it in the name field of a long path.
    let longest_top = "n".repeat(100);
    let small: Tree = [(b"file".to_vec(), file("x")), (b"run".to_vec(), file("y"))].into();
    for (top, tree, committed_at) in [
        (TOP, odd_tree(), 1_700_000_000),
        (longest_top.as_str(), long_paths(), 1_700_000_000),
        (TOP, small.clone(), i64::MIN),
        (TOP, small, i64::MAX),
        (TOP, empty_folders(), 0),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (tarball, expected) = write_tarball(folder.path(), top, &tree, committed_at);
        assert!(expected.len() + 60 > tree.len(), "hardly anything is left out");
        for unpacker in unpackers {
            unpacker.makes(&expected, &tarball);
        }
    }
}

/// Folders in which there is nothing; a gitlink is one.
fn empty_folders() -> Tree {
    let mut tree = Tree::new();
    add(&mut tree, "file", file("x"));
    for path in ["empty".to_owned(), "a/b/c".to_owned(), long_path("long", 120, 50)] {
        add(&mut tree, path, Node::Folder);
    }
    tree
}

/// Removes the folders in which there is no file.
fn remove_empty_folders(tree: &mut Tree) {
    let files: Vec<Vec<u8>> = tree
        .iter()
        .filter(|(_, node)| **node != Node::Folder)
        .map(|(path, _)| path.clone())
        .collect();
    tree.retain(|path, node| {
        let below = [path.as_slice(), b"/"].concat();
        *node != Node::Folder || files.iter().any(|file| file.starts_with(&below))
    });
}

/// Fails unless there is this program.
#[track_caller]
fn needs(program: &str, package: &str) {
    assert!(find(program).is_some(), "there is no {program}; apt-get install {package}");
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

#[test]
fn real_gnu_tar_makes_the_tree() {
    needs("tar", "tar");
    make_the_tree(&[Unpacker::new("tar", &["-xzf", "FILE", "-C", "FOLDER"])]);
}

#[test]
fn real_bsdtar_makes_the_tree() {
    needs("bsdtar", "libarchive-tools");
    make_the_tree(&[Unpacker::new("bsdtar", &["-xzf", "FILE", "-C", "FOLDER"])]);
}

#[test]
fn real_busybox_makes_the_tree() {
    needs("busybox", "busybox");
    make_the_tree(&[Unpacker::new("busybox", &["tar", "-xzf", "FILE", "-C", "FOLDER"])]);
}

#[test]
fn real_phar_data_makes_the_tree() {
    needs("php", "php-cli");
    let mut php = Unpacker::new("php", &["-r", EXTRACT_TO, "FILE", "FOLDER"]);
    php.without_empty_folders = Some("PharData makes a folder only for a file in it");
    make_the_tree(&[php]);
}

/// Every Python from 3.9 on, without a filter and, if it has that, with the filter `data`.
#[test]
fn real_python_makes_the_tree() {
    let pythons = pythons();
    assert!(!pythons.is_empty(), "there is no python3; apt-get install python3");
    let mut unpackers = Vec::new();
    for python in pythons {
        unpackers.push(Unpacker::new(&python, &["-c", EXTRACT_ALL, "FILE", "FOLDER"]));
        if has_filter(&python) {
            unpackers.push(Unpacker::new(&python, &["-c", EXTRACT_DATA, "FILE", "FOLDER"]));
        }
    }
    make_the_tree(&unpackers);
}

/// The programs `python3` and `python3.N` in PATH, and those that pyenv has installed.
fn pythons() -> Vec<PathBuf> {
    let mut pythons: Vec<PathBuf> = (9..30)
        .filter_map(|minor| find(&format!("python3.{minor}")))
        .chain(find("python3"))
        .collect();
    let root = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".pyenv")));
    let versions = root.and_then(|root| fs::read_dir(root.join("versions")).ok());
    pythons.extend(
        versions.into_iter().flatten().map(|entry| entry.unwrap().path().join("bin/python3")),
    );
    // Two names of one program count once. A name of pyenv without such a version does not start.
    let mut found = BTreeSet::new();
    for python in pythons {
        let script = "import sys; assert sys.version_info >= (3, 9); print(sys.executable)";
        let Ok(output) = Command::new(&python).args(["-c", script]).output() else { continue };
        if output.status.success() {
            let executable = OsString::from_vec(output.stdout.trim_ascii_end().to_vec());
            found.insert(fs::canonicalize(executable).unwrap());
        }
    }
    found.into_iter().collect()
}

fn has_filter(python: &Path) -> bool {
    let script = "import tarfile; tarfile.data_filter";
    Command::new(python).args(["-c", script]).output().unwrap().status.success()
}
