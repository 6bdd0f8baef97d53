//! Trees: many files, deep folders, large objects, names.

use sample_upstream::Oid;
use sample_upstream::raw::Entry;

use crate::hostile::case::Expected::{Fails, Publishes, PublishesWith};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

const MIB: usize = 1 << 20;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "tree_bomb",
        about: "ten levels of folders, each ten times in the one above: 10¹⁰ files in 1 kB",
        make: tree_bomb,
        short: (10, Fails("files")),
        full: (10, Fails("files")),
        ..PLAIN
    },
    Case {
        name: "many_files",
        about: "499,000 files of 8.6 kB that share one blob: a tarball of 4.3 GB",
        make: many_files,
        short: (110_000, Fails("files")),
        full: (499_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "objects_many",
        about: "200,000 files, each different: as many objects in the pack",
        make: objects_many,
        short: (2_000, Publishes),
        full: (200_000, Fails("files")),
        ..PLAIN
    },
    Case {
        name: "large_tree_object",
        about: "one tree object of 280 MB: a million names of 255 bytes",
        make: large_tree_object,
        short: (65_000, Fails("has more than")),
        full: (1_000_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "noise",
        about: "1 MiB of noise as 4,090 files: a tarball of 4.3 GB from 1.1 MB",
        make: noise,
        short: (300, Fails("has more than")),
        full: (4090, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "zeros",
        about: "a file of 2 GB of zeros: 2 MB over the wire",
        make: zeros,
        short: (65 * MIB, Fails("zeros has more than")),
        full: (2 << 30, Fails("zeros has more than")),
        ..PLAIN
    },
    Case {
        name: "delta_large",
        about: "two files of 400 MB that differ in one byte, so that Git sends one as a delta",
        make: delta_large,
        short: (20 * MIB, Publishes),
        full: (400 * MIB, Fails("of memory")),
        has: &["a", "b"],
        ..PLAIN
    },
    Case {
        name: "deep_folders",
        about: "2,000 folders in each other",
        make: deep_folders,
        short: (300, Fails("nested folders")),
        full: (2_000, Fails("nested folders")),
        ..PLAIN
    },
    Case {
        name: "long_paths",
        about: "60,000 files whose paths have 3,600 bytes",
        make: long_paths,
        short: (10_000, Fails("bytes of paths")),
        full: (60_000, Fails("bytes of paths")),
        ..PLAIN
    },
    Case {
        name: "tar_smuggle",
        about: "a file that is a tarball, at a path whose byte 100 is a slash: to some unpackers it is a folder, and its content are members",
        make: tar_smuggle,
        short: (1, Publishes),
        full: (1, Publishes),
        has: &["a.php", "z.php", "extension.json"],
        ..PLAIN
    },
    Case {
        name: "names",
        about: "names that Git refuses on some system, that Windows reserves, or that no file system has",
        make: names,
        short: (1, PublishesWith("")),
        full: (1, PublishesWith("")),
        has: &["README", "readme", "exec", "-rf", "version", "gitinfo.json"],
        lacks: &[".git", "git~1", ".git ", ".git.", "..", ".", "..\\..\\evil", "a\\b"],
        ..PLAIN
    },
    Case {
        name: "case_names",
        about: "thousands of names that differ only in case",
        make: case_names,
        short: (10, PublishesWith("case")),
        full: (15, PublishesWith("case")),
        ..PLAIN
    },
    Case {
        name: "duplicate_names",
        about: "the same name many times in one tree, as files, folders, links and submodules",
        make: duplicate_names,
        short: (100, Publishes),
        full: (20_000, Publishes),
        ..PLAIN
    },
    Case {
        name: "odd_modes",
        about: "entries with modes that Git never writes: devices, sockets, set-user-id",
        make: odd_modes,
        short: (1, PublishesWith("the submodule zero is not in the tarball")),
        full: (1, PublishesWith("the submodule zero is not in the tarball")),
        has: &[
            "suid",
            "writable",
            "link",
            "padded/inner",
            "sticky/inner",
            "zero/",
            "socket/",
            "device/",
            "pipe/",
            "block/",
        ],
        lacks: &["suid/", "writable/", "link/"],
        ..PLAIN
    },
    Case {
        name: "mode_too_large",
        about: "a tree that Git reads and libgit2 does not: a mode of twelve digits",
        make: mode_too_large,
        short: (1, Fails("filemode")),
        full: (1, Fails("filemode")),
        ..PLAIN
    },
];

fn tree_bomb(maker: &Maker<'_>, levels: usize) {
    let file = maker.blob("x");
    let mut tree = maker.tree(Maker::many(10, "f", |name| Entry::file(name, file)));
    for _ in 1..levels {
        tree = maker.tree(Maker::many(10, "d", |name| Entry::folder(name, tree)));
    }
    maker.set_branch("master", maker.commit(tree, &[]));
}

fn many_files(maker: &Maker<'_>, count: usize) {
    let file = maker.noise(8600, 0);
    maker.master(Maker::many(count, "f", |name| Entry::file(name, file)));
}

fn objects_many(maker: &Maker<'_>, count: usize) {
    maker.master((0..count).map(|it| maker.file(&format!("f{it:06}"), it.to_string())).collect());
}

fn large_tree_object(maker: &Maker<'_>, count: usize) {
    let file = maker.blob("x");
    let start = "n".repeat(249);
    maker.master(Maker::many(count, &start, |name| Entry::file(name, file)));
}

fn noise(maker: &Maker<'_>, count: usize) {
    let file = maker.noise(MIB, 0);
    maker.master(Maker::many(count, "f", |name| Entry::file(name, file)));
}

fn zeros(maker: &Maker<'_>, size: usize) {
    maker.master(vec![Entry::file("zeros", maker.repeated("\0", size))]);
}

fn delta_large(maker: &Maker<'_>, size: usize) {
    let line = "The same line again and again.\n";
    let (a, b) = (maker.repeated(line, size), maker.repeated(line, size - 1));
    maker.master(vec![Entry::file("a", a), Entry::file("b", b)]);
}

fn deep_folders(maker: &Maker<'_>, depth: usize) {
    let mut tree = maker.tree(vec![maker.file("f", "x")]);
    for _ in 0..depth {
        tree = maker.tree(vec![Entry::folder("d", tree)]);
    }
    maker.set_branch("master", maker.commit(tree, &[]));
}

fn long_paths(maker: &Maker<'_>, count: usize) {
    let file = maker.blob("x");
    let mut tree = maker.tree(Maker::many(count, "f", |name| Entry::file(name, file)));
    for _ in 0..14 {
        tree = maker.tree(vec![Entry::folder("d".repeat(255), tree)]);
    }
    maker.set_branch("master", maker.commit(tree, &[]));
}

fn tar_smuggle(maker: &Maker<'_>, _: usize) {
    let mut inner = tar::Builder::new(Vec::new());
    let own = format!("{}/zz.php", maker.name());
    for (path, text) in [("Evil/evil.php", "evil!"), (own.as_str(), "evil!")] {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(text.len()).unwrap());
        header.set_mode(0o644);
        header.set_cksum();
        inner.append_data(&mut header, path, text.as_bytes()).unwrap();
    }
    let mut header = tar::Header::new_gnu();
    header.set_entry_type(tar::EntryType::Symlink);
    header.set_size(0);
    inner.append_link(&mut header, "Evil/link", "evil.php").unwrap();
    let file = maker.file("file.bin", inner.into_inner().unwrap());
    let manifest = r#"{"name": "Hostile", "version": "1.0", "manifest_version": 2}"#;
    // `NAME/`, this name, and the slash are the first 100 bytes of the path.
    let long = "a".repeat(98 - maker.name().len());
    maker.master(vec![
        maker.file("a.php", "x"),
        maker.file("z.php", "x"),
        maker.file("extension.json", manifest),
        maker.folder(&long, vec![file]),
    ]);
}

/// Names of files that are odd somewhere. Those with a slash are no names at all.
const ODD: [&[u8]; 48] = [
    b"..",
    b".",
    b"...",
    b"a\nb",
    b"a\rb",
    b"\xff\xfe\x80",
    b"CON",
    b"aux.php",
    b"NUL",
    b"COM1.txt",
    b"a:b",
    b"a*b?",
    b"C:\\x",
    b"..\\..\\evil",
    b"\\evil",
    b"trail.",
    b"trail ",
    b" lead",
    b"-rf",
    b"--checkpoint=1",
    b"@x",
    b"README",
    b"readme",
    b"Readme",
    "é".as_bytes(),
    "e\u{301}".as_bytes(),
    b"a\x1b[31mred",
    b"\x7f",
    b"a\tb",
    "x\u{202e}gpj.exe".as_bytes(),
    b"$(touch x)",
    b"`id`",
    b"a;b",
    b"~",
    b"~root",
    b"%2e%2e",
    b"a\\b",
    b"version",
    b"gitinfo.json",
    b"a/b",
    b"/abs",
    b"../evil",
    b"a//b",
    b"a/../../evil",
    b"GLOBALROOT",
    b"pax_global_header",
    b"././@LongLink",
    b"././@PaxHeader",
];

/// Names that some system takes for `.git`.
const LIKE_GIT: [&str; 13] = [
    ".git",
    ".GIT",
    ".Git",
    "git~1",
    "GIT~1",
    ".g\u{200c}it",
    ".gi\u{200d}t",
    "\u{feff}.git",
    ".git ",
    ".git.",
    ".git\\x",
    ".git::$INDEX_ALLOCATION",
    ".git...",
];

fn names(maker: &Maker<'_>, _: usize) {
    let file = maker.blob("x");
    let git = maker.tree(vec![
        maker.file("HEAD", "ref: refs/heads/x\n"),
        maker.file("config", "[core]\n\tfsmonitor = touch /tmp/evil\n"),
    ]);
    let long = [vec![b'n'; 300], vec![b'n'; 255], "ü".repeat(127).into_bytes()];
    let odd = ODD.iter().map(|name| name.to_vec()).chain(long);
    let mut entries: Vec<Entry> = odd.map(|name| Entry::file(name, file)).collect();
    entries.extend(LIKE_GIT.iter().map(|name| Entry::folder(*name, git)));
    entries.push(Entry::new("100755", "exec", file));
    maker.master(entries);
}

fn case_names(maker: &Maker<'_>, letters: usize) {
    let file = maker.blob("x");
    let name = |number: usize| -> Vec<u8> {
        (0..letters).map(|at| if number >> at & 1 == 0 { b'a' } else { b'A' }).collect()
    };
    maker.master((0..1 << letters).map(|number| Entry::file(name(number), file)).collect());
}

fn duplicate_names(maker: &Maker<'_>, count: usize) {
    let (file, other) = (maker.blob("first"), maker.blob("second"));
    let tree = maker.tree(vec![Entry::file("inner", file)]);
    let all = |at: usize| match at % 5 {
        0 => Entry::file("same", file),
        1 => Entry::folder("same", tree),
        2 => Entry::link("same", file),
        3 => Entry::gitlink("same", Oid::ZERO_SHA1),
        _ => Entry::file("same", other),
    };
    maker.master((0..count).map(all).collect());
}

fn odd_modes(maker: &Maker<'_>, _: usize) {
    let file = maker.blob("x");
    let tree = maker.tree(vec![Entry::file("inner", file)]);
    maker.master(vec![
        Entry::new("104755", "suid", file),
        Entry::new("100666", "writable", file),
        Entry::new("0", "zero", file),
        Entry::new("140000", "socket", file),
        Entry::new("20000", "device", file),
        Entry::new("10000", "pipe", file),
        // Git takes it for a submodule, and so does not send its object.
        Entry::new("60644", "block", Maker::missing(0)),
        Entry::new("040000", "padded", tree),
        Entry::new("41777", "sticky", tree),
        Entry::new("120777", "link", maker.blob("suid")),
    ]);
}

fn mode_too_large(maker: &Maker<'_>, _: usize) {
    maker.master(vec![Entry::new("777777777777", "large", maker.blob("x"))]);
}
