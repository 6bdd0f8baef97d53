//! Attributes and conversions: every file of a tarball has the bytes that a real `git clone` has.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    path::Path,
    process::{Command, Stdio},
};

use git2::{Oid, Repository};
use tardist::content::{Cause, Content};

/// Runs the real Git. It does not see the configuration of the user who runs the test.
fn git(folder: &Path, args: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("git")
        .args(["-c", "core.autocrlf=false", "-c", "init.defaultBranch=master"])
        .args(args)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_NAME"), "a")))
        .envs(["AUTHOR", "COMMITTER"].map(|who| (format!("GIT_{who}_EMAIL"), "a@example.org")))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input may be gone by now.
    let _ = child.stdin.take().unwrap().write_all(input);
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {errors}");
    output.stdout
}

/// The files of a fresh clone, by path.
fn checked_out(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    git(folder, &["clone", "-q", "bare", "clone"], b"");
    let clone = folder.join("clone");
    let names = git(&clone, &["ls-files", "-z"], b"");
    let names = names.split(|&b| b == 0).filter(|name| !name.is_empty());
    names
        .map(|name| String::from_utf8(name.to_vec()).unwrap())
        .filter(|name| !clone.join(name).is_symlink())
        .map(|name| (name.clone(), fs::read(clone.join(&name)).unwrap()))
        .collect()
}

/// A bare repository with these blobs on master. `git fast-import` makes it, which converts nothing. A
/// path that ends with `@` is a symbolic link.
fn import(folder: &Path, files: &[(String, Vec<u8>)]) -> Content {
    git(folder, &["init", "-q", "--bare", "bare"], b"");
    let mut stream =
        b"commit refs/heads/master\ncommitter a <a@example.org> 0 +0000\ndata 0\n".to_vec();
    for (path, bytes) in files {
        let (path, mode) =
            path.strip_suffix('@').map_or((path.as_str(), "100644"), |p| (p, "120000"));
        write!(stream, "M {mode} inline \"{path}\"\ndata {}\n", bytes.len()).unwrap();
        stream.extend_from_slice(bytes);
        stream.push(b'\n');
    }
    git(&folder.join("bare"), &["fast-import", "--quiet"], &stream);
    let repository = Repository::open_bare(folder.join("bare")).unwrap();
    let tip: Oid = repository.refname_to_id("refs/heads/master").unwrap();
    Content::read(repository, tip, |_, _| Ok(Err("no submodules here".to_owned().into()))).unwrap()
}

/// Compares each file with that of a clone. Returns how many files differ from their blobs, and the
/// problems.
fn compare(files: &[(String, Vec<u8>)]) -> (usize, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let content = import(folder.path(), files);
    let blobs: BTreeMap<&str, &Vec<u8>> = files.iter().map(|(p, b)| (p.as_str(), b)).collect();
    let expected = checked_out(folder.path());
    let mut converted = 0;
    for (path, expected) in &expected {
        let file = content.file(path).unwrap();
        let bytes = content.bytes(file).unwrap();
        assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(expected), "{path}");
        assert_eq!(&bytes, expected, "{path}");
        assert_eq!(content.size(file).unwrap(), bytes.len() as u64, "{path}");
        // Names with escapes are different in the list.
        converted += usize::from(blobs.get(path.as_str()).is_some_and(|blob| **blob != bytes));
    }
    (converted, content.problems)
}

fn files<'a>(list: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Vec<(String, Vec<u8>)> {
    list.into_iter().map(|(path, bytes)| (path.to_owned(), bytes.to_vec())).collect()
}

/// What a line may say about a file.
const COMBINATIONS: &[&str] = &[
    "text",
    "-text",
    "text=auto",
    "text eol=crlf",
    "text=auto eol=crlf",
    "text=auto eol=lf",
    "eol=crlf",
    "eol=lf",
    "eol=CRLF",
    "eol",
    "-text eol=crlf",
    "!text eol=crlf",
    "text=input eol=crlf",
    "text=other eol=crlf",
    "binary eol=crlf",
    "crlf eol=crlf",
    "-crlf eol=crlf",
    "crlf=input",
    "crlf=auto eol=crlf",
    "-crlf text eol=crlf",
    "ident",
    "-ident",
    "ident=yes",
    "ident eol=crlf",
    "ident text=auto",
    "ident text=auto eol=crlf",
    "ident text=auto eol=lf",
    "ident crlf=auto eol=lf",
    "ident -text eol=crlf",
    "ident binary",
    "filter=lfs ident",
    "working-tree-encoding=UTF-16",
    "working-tree-encoding=utf-16le",
    "working-tree-encoding=UTF-16BE text eol=crlf",
    "working-tree-encoding=UTF-16LE-BOM ident",
    "working-tree-encoding=utf16be-bom",
    "working-tree-encoding=UTF-32 ident text=auto eol=crlf",
    "working-tree-encoding=UTF-32LE",
    "working-tree-encoding=UTF-32BE",
    "working-tree-encoding=UTF8 eol=crlf",
    "working-tree-encoding=utf-8 ident",
    "working-tree-encoding=ISO-8859-1 ident",
    "working-tree-encoding=latin1 eol=crlf",
    "working-tree-encoding= ident",
    "export-ignore export-subst",
];

/// Contents that may be difficult to convert.
const TEXTS: &[(&str, &[u8])] = &[
    ("lf", b"one\ntwo\n"),
    ("crlf", b"one\r\ntwo\r\n"),
    ("mixed", b"one\r\ntwo\nthree\r"),
    ("cr", b"one\rtwo\n"),
    ("crcrlf", b"one\r\r\ntwo\n"),
    ("empty", b""),
    ("newline", b"\n"),
    ("open", b"one\ntwo"),
    ("nul", b"a\0b\nc\n"),
    ("id", b"$Id$\n$Id: old $\n$Id:$ $Id: x$ and $Id: 0123 $\n"),
    (
        "id-foreign",
        b"$Id: file.c,v 1.1 2001/01/01 who Exp $\n$Id:two words $\n$Id: t\tb $\n\
          $Id: a-long-word b $\n",
    ),
    ("id-odd", b"$$Id$ $Id $Id$$Id$ $I$Id$ $id$ $Id : x $ $Ident$ $Id:a b$\n$Id: a\n$Id$"),
    ("id-open", b"text $Id: never closed\nnext $ line $Id"),
    ("id-end", b"$Id:"),
    ("id-end-2", b"$I"),
    ("id-nul", b"$Id\0$Id$ $Id: a\0 b $ $Id$\n"),
    ("id-cr", b"$Id$\r\n$Id: a\r\n$\n"),
    ("utf8", "h\u{e9}llo \u{20ac}\n\u{1f600}\n".as_bytes()),
    ("latin", "h\u{e9}\n$Id$\n".as_bytes()),
    ("bom", "\u{feff}b\n".as_bytes()),
    ("not-utf8", b"h\xe9\n$Id$\n"),
    ("cut", b"\xe2\x82"),
    ("dollar", b"$\n$$$\n$"),
    ("dos-end", b"one\ntwo\n\x1a"),
    ("dos-middle", b"one\n\x1atwo\n"),
];

#[test]
fn each_combination_of_attributes_gives_the_bytes_of_a_checkout() {
    let binary: Vec<u8> = (0..=255).cycle().take(2000).collect();
    let nearly = [b"text \x01".repeat(30), b"\nx\n".to_vec()].concat();
    let mostly = [b"text".repeat(200), b"\x01\n\x7f\x0c\x1b\x08\n\x1a".to_vec()].concat();
    // So long that one odd byte alone makes no binary file of it.
    let long = |odd: &[u8]| [b"text".repeat(100).as_slice(), odd, b"\ntwo\n"].concat();
    let made = [
        ("binary", binary),
        ("nearly", nearly),
        ("mostly", mostly),
        ("long-cr", long(b"\r")),
        ("long-nul", long(b"\0")),
        ("long-odd", long(b"\x01")),
        // One odd byte for each 128 others still makes a text.
        ("odd-most", [b"x".repeat(256), b"\x01\x01\n".to_vec()].concat()),
        ("odd-more", [b"x".repeat(255), b"\x01\x01\n".to_vec()].concat()),
        ("controls", [b"\t\x08\x1b\x0c".repeat(100), b"\x01\nx\n".to_vec()].concat()),
    ];
    let texts = TEXTS.iter().map(|(name, text)| (*name, text.to_vec())).chain(made);
    let texts: Vec<(&str, Vec<u8>)> = texts.collect();
    let mut all = Vec::new();
    let mut attributes = String::new();
    for (number, combination) in COMBINATIONS.iter().enumerate() {
        attributes.push_str(&format!("{number}-* {combination}\n"));
        all.extend(texts.iter().map(|(name, text)| (format!("{number}-{name}"), text.clone())));
    }
    all.push((".gitattributes".to_owned(), attributes.into_bytes()));
    let (converted, problems) = compare(&all);
    assert!(converted > 200, "{converted}");
    assert!(problems.iter().all(|text| text.contains("has characters that")), "{problems:?}");
}

/// Lines with patterns and macros of all forms.
const ROOT: &[u8] = b"# comment
  *.txt text eol=crlf
[attr]both ident eol=crlf
[attr]again both -ident
[attr]again ident both
*.both both
*.not both -eol
*.again again
*.late both
*.unset text eol=crlf
*.unset !eol
!negative.txt eol=lf
\"quoted name\\t\\303\\251.q\" both
\"broken.q both
folder/ eol=crlf
folder/* ident
/top.md both
deep/**/x.md both
**/any.md both
de*p/*.mid both
deep/one/** text
a**b/s.md both
[a-c]?[[:digit:]].cls both
[!x]y.cls both
esc\\*.md both
back\\ both
invalid.txt text -bad- eol=lf =x eol=lf
-x.md both
prefix**/far.md both
*.several eol=lf eol=crlf ident -ident
[attr] both
";

/// Files that these lines match, and some that they do not match.
const PATHS: &[&str] = &[
    "a.txt",
    "b.both",
    "c.not",
    "d.again",
    "e.late",
    "f.unset",
    "negative.txt",
    "!negative.txt",
    "quoted name\\t\u{e9}.q",
    "broken.q",
    "\\\"broken.q",
    "folder/x",
    "folder/deeper/x",
    "top.md",
    "sub/top.md",
    "deep/x.md",
    "deep/one/x.md",
    "deep/one/two/x.md",
    "sub/deep/x.md",
    "any.md",
    "sub/any.md",
    "sub/deeper/any.md",
    "deep/y.mid",
    "deeep/z.mid",
    "deep/one/z.mid",
    "aXb/s.md",
    "ab/s.md",
    "a/b/s.md",
    "aab1.cls",
    "ab1.cls",
    "dx1.cls",
    "yy.cls",
    "xy.cls",
    "esc*.md",
    "escape.md",
    "back",
    "invalid.txt",
    "-x.md",
    "prefix/far.md",
    "prefixed/far.md",
    "prefix/very/far.md",
    "k.several",
    "sub/a.txt",
    "sub/b.both",
    "sub/own.txt",
    "sub/deeper/a.txt",
    "sub/deeper/own.txt",
    "sub/macro.m",
    "macro.m",
    "link/a.md",
    "bom/a.txt",
    "bom/x.bom",
    "long/x.fits",
    "long/x.long",
    "nul/x.nul",
    "crlf/x.cr",
    "sub/deeper/rel.md",
    "rel.md",
    "sub/rel.md",
    "t",
    "tt",
];

#[test]
fn precedence_patterns_and_macros_are_those_of_git() {
    // 2,047 bytes count, and 2,048 do not, blanks included.
    let long = format!("{:2047}\n{:2048}\n", "*.fits eol=crlf", "*.long eol=crlf");
    let nul = b"*.nul eol=crlf\n\0*.nul eol=lf\n";
    let texts: &[u8] = b"one\n$Id$\n";
    let mut all = files(PATHS.iter().map(|path| (*path, texts)));
    all.extend(files([
        (".gitattributes", ROOT),
        (
            "sub/.gitattributes",
            b"[attr]own eol=crlf\n*.m own\nown.txt eol=lf\n*.both -ident\n/deeper/rel.md both\n",
        ),
        ("sub/deeper/.gitattributes", b"*.txt !eol\nown.txt -text\n"),
        ("link/.gitattributes@", b"*.md eol=crlf"),
        ("bom/.gitattributes", b"\xef\xbb\xbf*.txt ident\n*.bom eol=crlf\n"),
        ("long/.gitattributes", long.as_bytes()),
        ("nul/.gitattributes", nul),
        ("crlf/.gitattributes", b"*.cr eol=crlf\r\n*.cr ident\r\n"),
        ("folder.txt/.gitattributes/x", b"one\n"),
    ]));
    let (converted, problems) = compare(&all);
    assert!(converted > 25, "{converted}");
    assert_eq!(problems, [""; 0]);
}

/// A thousand patterns and a hundred paths, made by a small random number generator.
#[test]
fn patterns_of_all_kinds_match_as_in_git() {
    const PARTS: [&str; 24] = [
        "a",
        "b",
        "c",
        "ab",
        "*",
        "*",
        "**",
        "**/",
        "/**",
        "/",
        "/",
        "?",
        "[ab]",
        "[!a]",
        "[^b]",
        "[a-c]",
        "[]a]",
        "[[:alpha:]]",
        "[",
        "]",
        "\\\\",
        "\\\\a",
        "\\\\*",
        "***",
    ];
    const NAMES: [&str; 5] = ["a", "b", "ab", "abc", "ca"];
    let mut seed = 1_u64;
    let mut random = |limit: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % limit
    };
    let mut lines = Vec::new();
    let mut all: Vec<(String, Vec<u8>)> = Vec::new();
    for number in 0..1000 {
        let length = 1 + random(6);
        let pattern: String = (0..length).map(|_| PARTS[random(PARTS.len())]).collect();
        lines.push(format!("\"f{}/{pattern}\" ident\n\"{pattern}\" eol=crlf\n", number % 10));
    }
    // A line that matches all files would hide the others, so each folder has only a few lines.
    for (number, lines) in lines.chunks(8).enumerate() {
        let text = lines.concat().into_bytes();
        all.push((format!("{number}/.gitattributes"), text));
        for file in 0..10 {
            let depth = random(4);
            let folders: String =
                (0..depth).map(|_| format!("{}/", NAMES[random(NAMES.len())])).collect();
            let first = format!("f{}/", random(10));
            let top = if file % 2 == 0 { "" } else { first.as_str() };
            // The name of a file must not be that of a folder.
            let name = ["a.", "b", "ab", "abc", "c"][random(5)];
            let path =
                format!("{number}/{top}{folders}{name}{}", if name == "a." { "" } else { "b" });
            if !all.iter().any(|(other, _)| {
                other == &path
                    || other.starts_with(&format!("{path}/"))
                    || path.starts_with(&format!("{other}/"))
            }) {
                all.push((path, b"one\n$Id$\n".to_vec()));
            }
        }
    }
    let (converted, problems) = compare(&all);
    assert!((100..all.len() - 100).contains(&converted), "{converted} of {}", all.len());
    assert_eq!(problems, [""; 0]);
}

#[test]
fn an_encoding_that_is_not_supported_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let content = import(
        folder.path(),
        &files([
            (
                ".gitattributes",
                b"a.txt working-tree-encoding\nb.txt working-tree-encoding=EBCDIC-US\n".as_slice(),
            ),
            ("a.txt", b"a"),
            ("b.txt", b"b"),
        ]),
    );
    assert_eq!(content.bytes(content.file("b.txt").unwrap()).unwrap(), b"b");
    assert_eq!(content.problems.len(), 2, "{:?}", content.problems);
    assert!(content.problems[1].contains("EBCDIC-US"), "{:?}", content.problems);
}

#[test]
fn hostile_attributes_do_not_take_long() {
    let chain: String = (0..20_000).map(|n| format!("[attr]m{n} m{}\n", n + 1)).collect();
    let stars = format!("{}x ident\n", "**/".repeat(600)).repeat(20);
    let deep = format!("{}y", "d/".repeat(120));
    let text = format!("{chain}* m0\n{stars}* eol=crlf\n");
    let folder = tempfile::tempdir().unwrap();
    let list = files([(".gitattributes", text.as_bytes()), (deep.as_str(), b"a\n")]);
    let content = import(folder.path(), &list);
    assert_eq!(content.bytes(content.file(&deep).unwrap()).unwrap(), b"a\r\n");
}

#[test]
fn attributes_that_convert_nothing_may_have_any_number_of_lines() {
    // More than 10,000 lines that could convert a file would be refused. `text` alone changes nothing.
    let text = "*.a text\n".repeat(10_001);
    let folder = tempfile::tempdir().unwrap();
    let list = files([(".gitattributes", text.as_bytes()), ("x.a", b"a\n")]);
    let content = import(folder.path(), &list);
    assert_eq!(content.bytes(content.file("x.a").unwrap()).unwrap(), b"a\n");
}

#[test]
fn a_line_of_2048_bytes_counts_for_nothing_as_in_git() {
    let text = format!("{:2047}\n{:2048}\n", "*.fits eol=crlf", "*.long eol=crlf");
    let list = files([
        (".gitattributes", text.as_bytes()),
        ("x.fits", b"a\n".as_slice()),
        ("x.long", b"a\n"),
    ]);
    let (converted, problems) = compare(&list);
    assert_eq!((converted, problems.len()), (1, 0), "{problems:?}");
    let folder = tempfile::tempdir().unwrap();
    let content = import(folder.path(), &list);
    for (path, bytes) in [("x.fits", b"a\r\n".as_slice()), ("x.long", b"a\n")] {
        assert_eq!(content.bytes(content.file(path).unwrap()).unwrap(), bytes, "{path}");
    }
}

#[test]
fn a_file_that_is_too_large_to_convert_keeps_its_bytes_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (most, more) = (vec![b'\n'; 8 << 20], vec![b'\n'; (8 << 20) + 1]);
    let keywords = b"$Id$".repeat(1 << 19);
    let list = files([
        (".gitattributes", b"m* eol=crlf\nkeywords ident\n".as_slice()),
        ("most", &most),
        ("d/more", &more),
        ("keywords", &keywords),
    ]);
    let content = import(folder.path(), &list);
    let size = |path| content.size(content.file(path).unwrap()).unwrap();
    assert_eq!((size("most"), size("d/more")), (16 << 20, (8 << 20) + 1));
    assert_eq!(size("keywords"), 4 << 19, "they would be twelve times as long");
    let expected = ["d/more", "keywords"].map(|path| {
        format!(
            "{path} keeps the bytes that it has in Git: .gitattributes ask to convert it, and it has more than \
             8388608 bytes, or would have more than 16777216"
        )
    });
    assert_eq!(content.problems, expected);
}

#[test]
fn attributes_that_are_too_long_fail_before_they_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let bare = folder.path().join("bare");
    let text = vec![b'#'; (1 << 20) + 1];
    git(folder.path(), &["init", "-q", "--bare", "bare"], b"");
    let mut stream =
        b"commit refs/heads/master\ncommitter a <a@example.org> 0 +0000\ndata 0\n".to_vec();
    write!(stream, "M 100644 inline .gitattributes\ndata {}\n", text.len()).unwrap();
    stream.extend_from_slice(&text);
    git(&bare, &["fast-import", "--quiet"], &stream);
    let repository = Repository::open_bare(&bare).unwrap();
    let tip: Oid = repository.refname_to_id("refs/heads/master").unwrap();
    let read = Content::read(repository, tip, |_, _| Ok(Err(Cause::default())));
    let error = read.err().unwrap().to_string();
    let text =
        "all .gitattributes together has more than 1048576 bytes, the most that tardist takes";
    assert!(error.starts_with(text), "{error}");
}
