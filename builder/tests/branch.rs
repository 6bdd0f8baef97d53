//! From a commit to its members, its manifest and its tarball, on real Git objects.
#![allow(
    clippy::unwrap_used,
    reason = "test code: what goes wrong here fails a test, and says where"
)]

#[path = "support/repository.rs"]
mod repository;

use std::{collections::BTreeMap, fs, path::Path};

use git2::{Oid, Repository};
use repository::{FILE, File, GITLINK, LINK, commit, commit_tree};
use tardist::{
    content::{Cause, Content},
    metadata::{self, Manifest, MessageFiles},
    tarball::{self, LargeFiles},
};

const SCRIPT: i32 = 0o100_755;

fn content(files: &[File<'_>]) -> Content {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let id = commit(&repository, files);
    // The content reads from it later.
    let _ = folder.keep();
    Content::read(repository, id, |_, gitlink| Ok(Err(format!("no {}", gitlink.path).into())))
        .unwrap()
}

/// The members as `path/` or `path=content`, and what was left out.
fn members(content: &Content) -> (Vec<String>, Vec<String>) {
    let (members, problems) = content.members().unwrap();
    let shown = members.iter().map(|member| {
        let path = String::from_utf8_lossy(&member.path);
        match member.file {
            Some(file) => {
                format!("{path}={}", String::from_utf8(content.bytes(file).unwrap()).unwrap())
            }
            None => format!("{path}/"),
        }
    });
    (shown.collect(), problems)
}

#[test]
fn links_become_what_they_point_to_and_never_lead_out_of_the_tree_or_in_circles() {
    let content = content(&[
        ("a/file", FILE, "f"),
        ("a/up", LINK, "../b/inner"),
        ("b/inner", FILE, "i"),
        ("b/self", LINK, "."),
        ("b/top", LINK, ".."),
        ("chain", LINK, "to-a/up"),
        ("circle1", LINK, "circle2"),
        ("circle2", LINK, "circle1"),
        ("dangling", LINK, "nowhere"),
        ("file-as-folder", LINK, "a/file/x"),
        ("host", LINK, "/etc/hostname"),
        ("neighbour", LINK, "a/../../other/file"),
        ("to-a", LINK, "a"),
    ]);
    let (members, problems) = members(&content);
    let expected = [
        "/",
        "a/",
        "a/file=f",
        "a/up=i",
        "b/",
        "b/inner=i",
        "chain=i",
        "to-a/",
        "to-a/file=f",
        "to-a/up=i",
    ];
    assert_eq!(members, expected);
    let left_out: Vec<&str> = problems.iter().filter_map(|text| text.split(' ').nth(3)).collect();
    assert_eq!(
        left_out,
        [
            "b/self",
            "b/top",
            "circle1",
            "circle2",
            "dangling",
            "file-as-folder",
            "host",
            "neighbour"
        ]
    );
}

#[test]
fn links_that_multiply_the_files_end_in_an_error() {
    let mut files = vec![("d0/file".to_owned(), FILE, String::new())];
    for level in 1..40 {
        for side in ["l", "r"] {
            files.push((format!("d{level}/{side}"), LINK, format!("../d{}", level - 1)));
        }
    }
    let files: Vec<File<'_>> =
        files.iter().map(|(path, mode, to)| (path.as_str(), *mode, to.as_str())).collect();
    let error = content(&files).members().unwrap_err().to_string();
    assert!(error.contains("more than 100000 files"), "{error}");
}

#[test]
fn submodules_are_in_place_and_one_that_is_missing_is_an_empty_folder() {
    let folder = tempfile::tempdir().unwrap();
    let library = Repository::init_bare(folder.path().join("library")).unwrap();
    let nested = format!("{:040}", 7);
    let inner = commit(&library, &[("x", FILE, "x"), ("deep", GITLINK, &nested)]).to_string();
    let main = Repository::init_bare(folder.path().join("main")).unwrap();
    let id = commit(
        &main,
        &[
            ("lib/here", GITLINK, &inner),
            ("lib/gone", GITLINK, &nested),
            ("link", LINK, "lib/here/x"),
        ],
    );
    let content = Content::read(main, id, |_, gitlink| match gitlink.path.as_str() {
        "lib/here" => Ok(Ok(Repository::open(folder.path().join("library")).unwrap())),
        path => Ok(Err(format!("no {path}").into())),
    })
    .unwrap();
    let (members, _) = members(&content);
    assert_eq!(
        members,
        ["/", "lib/", "lib/gone/", "lib/here/", "lib/here/deep/", "lib/here/x=x", "link=x"]
    );
    let [missing] = content.missing.as_slice() else { unreachable!("{:?}", content.missing) };
    assert_eq!(missing.public, "the submodule lib/gone is not in the tarball");
    assert_eq!(missing.sentence(), "the submodule lib/gone is not in the tarball: no lib/gone");
    assert!(content.ingredients.nested, "lib/here has a submodule of its own");
    assert_eq!(content.problems, [""; 0]);
}

/// A tree with exactly these entries: a tree builder would refuse some of them.
fn raw_tree(repository: &Repository, entries: &[(&str, &[u8], Oid)]) -> Oid {
    let mut bytes = Vec::new();
    for (mode, name, id) in entries {
        bytes.extend_from_slice(mode.as_bytes());
        bytes.push(b' ');
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(id.as_bytes());
    }
    repository.odb().unwrap().write(git2::ObjectType::Tree, &bytes).unwrap()
}

fn read_tree(repository: Repository, tree: Oid) -> Result<Content, tardist::Error> {
    let id = commit_tree(&repository, tree);
    Content::read(repository, id, |_, gitlink| Ok(Err(format!("no {}", gitlink.path).into())))
}

#[test]
fn a_tree_that_multiplies_itself_ends_in_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let blob = repository.blob(b"x").unwrap();
    let mut tree = raw_tree(&repository, &[("100644", b"x", blob)]);
    for _ in 0..20 {
        let names: Vec<Vec<u8>> = (b'a'..=b'j').map(|name| vec![name]).collect();
        let entries: Vec<_> = names.iter().map(|name| ("40000", name.as_slice(), tree)).collect();
        tree = raw_tree(&repository, &entries);
    }
    let error = read_tree(repository, tree).err().unwrap().to_string();
    assert!(error.contains("more than 100000 files"), "{error}");
}

#[test]
fn a_tree_that_is_nested_too_deep_ends_in_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let blob = repository.blob(b"x").unwrap();
    let mut tree = raw_tree(&repository, &[("100644", b"x", blob)]);
    for _ in 0..1000 {
        tree = raw_tree(&repository, &[("40000", b"d", tree)]);
    }
    let error = read_tree(repository, tree).err().unwrap().to_string();
    assert!(error.contains("more than 256 nested folders"), "{error}");
}

#[test]
fn names_that_no_file_system_accepts_are_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let [one, two] = [b"one", b"two"].map(|text| repository.blob(text).unwrap());
    let longest = "n".repeat(255);
    let too_long = "n".repeat(256);
    let mut deep = raw_tree(&repository, &[("100644", b"deep.txt", one)]);
    for _ in 0..20 {
        deep = raw_tree(&repository, &[("40000", "d".repeat(200).as_bytes(), deep)]);
    }
    let tree = raw_tree(
        &repository,
        &[
            ("100644", b".", one),
            ("100644", b"..", one),
            ("100644", b".GIT", one),
            ("100644", b".git", one),
            ("100644", b"a/b", one),
            ("40000", b"deep", deep),
            ("100644", longest.as_bytes(), one),
            ("100644", too_long.as_bytes(), one),
            ("100644", b"not-utf8-\xff", one),
            ("100644", b"twice", one),
            ("100644", b"twice", two),
            ("120000", b"z", two),
        ],
    );
    let content = read_tree(repository, tree).unwrap();
    let (members, links) = members(&content);
    let files: Vec<&String> = members.iter().filter(|member| !member.ends_with('/')).collect();
    assert_eq!(files, [&format!("{longest}=one"), "not-utf8-\u{fffd}=one", "twice=one"]);
    assert!(members.iter().all(|member| member.len() < 4096));
    let problems = content.problems.join("\n");
    for text in [
        ". is left out",
        ".. is left out",
        "a/b is left out: no file can have that name",
        "n is left out: no file can have a name of more than 255 bytes",
        "/ddd",
        "no file can have so long a path",
        "twice is there twice",
    ] {
        assert!(problems.contains(text), "{text} in {problems}");
    }
    assert_eq!(content.problems.len(), 6, "{problems}");
    assert_eq!(links, ["the symbolic link z to two is left out: it points to nothing"]);
}

#[test]
fn names_that_git_refuses_on_any_system_are_left_out_and_named() {
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let file = repository.blob(b"x").unwrap();
    let inside = raw_tree(&repository, &[("100644", b"config", file)]);
    let refused =
        [".g\u{200c}it", "git~1", ".git.", ".git ", ".git::$INDEX_ALLOCATION", "..\\..\\evil"];
    let mut entries: Vec<_> =
        refused.iter().map(|name| ("40000", name.as_bytes(), inside)).collect();
    entries.extend([
        ("40000", b".GIT".as_slice(), inside),
        ("40000", b"deeper", raw_tree(&repository, &[("120000", b"GIT~1", file)])),
        ("100644", b".gitmodules ", file),
    ]);
    let content =
        read_tree(Repository::open_bare(folder.path()).unwrap(), raw_tree(&repository, &entries))
            .unwrap();
    let (members, _) = members(&content);
    assert_eq!(members, ["/", ".gitmodules =x", "deeper/"]);
    assert_eq!(
        content.problems,
        [
            ".g\u{fffd}it is left out: macOS takes its name for .git",
            "git~1 is left out: Windows takes its name for .git",
            ".git. is left out: Windows takes its name for .git",
            ".git  is left out: Windows takes its name for .git",
            ".git::$INDEX_ALLOCATION is left out: Windows takes its name for .git",
            "..\\..\\evil is left out: Windows takes the backslash in its name for a slash",
            "deeper/GIT~1 is left out: Windows takes its name for .git",
        ]
    );
}

#[test]
fn names_that_some_systems_do_not_take_stay_and_the_first_few_are_named() {
    let few = content(&[
        ("d/README", FILE, ""),
        ("d/readme", FILE, ""),
        ("aux.php", FILE, ""),
        ("a:b", FILE, ""),
    ]);
    let (names, problems) = members(&few);
    assert_eq!(names, ["/", "a:b=", "aux.php=", "d/", "d/README=", "d/readme="]);
    assert_eq!(
        problems,
        [
            "a:b cannot be unpacked on Windows: no name there has the character :",
            "aux.php cannot be unpacked on Windows: AUX is a device there",
            "d/readme and README differ only in case: Windows and macOS keep one of them",
        ]
    );
    let names: Vec<String> = (0..20).map(|number| format!("{number}?")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), FILE, "")).collect();
    let (names, problems) = members(&content(&many));
    assert_eq!((names.len(), problems.len()), (21, 6));
    assert_eq!(problems[5], "15 more names cannot be unpacked on Windows or macOS");
}

#[test]
fn the_text_of_a_link_that_is_longer_than_any_path_is_never_read() {
    let long = "a".repeat(1 << 20);
    let longest = "./".repeat(1919) + "f";
    let content = content(&[
        ("f", FILE, "f"),
        ("fits", LINK, &longest),
        ("long1", LINK, &long),
        ("long2", LINK, &long),
    ]);
    assert_eq!(members(&content).0, ["/", "f=f", "fits=f"]);
    let text = "is left out: its text has 1048576 bytes, and no path is so long";
    let expected = ["long1", "long2"].map(|name| format!("the symbolic link {name} {text}"));
    assert_eq!(content.problems, expected);
}

#[test]
fn a_link_through_more_names_than_people_write_is_left_out() {
    let content = content(&[
        ("d/f", FILE, "f"),
        ("far", LINK, &("d/../".repeat(500) + "d/f")),
        ("near", LINK, &("d/../".repeat(499) + "d/f")),
    ]);
    let (members, problems) = members(&content);
    assert_eq!(members, ["/", "d/", "d/f=f", "near=f"]);
    let [problem] = problems.as_slice() else { unreachable!("{problems:?}") };
    assert!(problem.starts_with("the symbolic link far to d/../d/../"), "{problem}");
    assert!(problem.ends_with(" is left out: it goes through too many folders"), "{problem}");
    assert!(problem.len() < 500, "{problem}");
}

#[test]
fn links_nest_folders_as_deeply_as_a_path_is_long() {
    // Chains of 250 folders, each of which ends in a link to the next chain: 1,900 levels.
    let mut files = Vec::new();
    for chain in 0..9 {
        let folders = "a/".repeat(250);
        let next = "../".repeat(251) + &format!("c{}", chain + 1);
        files.push((format!("c{chain}/{folders}l"), LINK, next));
    }
    let files: Vec<_> =
        files.iter().map(|(path, mode, to)| (path.as_str(), *mode, to.as_str())).collect();
    let (members, problems) = members(&content(&files));
    assert!(members.len() > 10_000, "{}", members.len());
    assert!(problems.iter().any(|text| text.ends_with("it points to nothing")), "{problems:?}");
    assert!(problems.iter().any(|text| text.ends_with("no file can have so long a path")));
}

#[test]
fn submodules_are_limited_in_number() {
    let gitlink = format!("{:040}", 7);
    let paths: Vec<String> = (0..=1000).map(|number| format!("s{number:04}")).collect();
    let files: Vec<_> =
        paths.iter().map(|path| (path.as_str(), GITLINK, gitlink.as_str())).collect();
    let folder = tempfile::tempdir().unwrap();
    let repository = Repository::init_bare(folder.path()).unwrap();
    let ids = [1000, 1001].map(|number| commit(&repository, &files[..number]));
    let [fits, more] = ids.map(|id| {
        let repository = Repository::open_bare(folder.path()).unwrap();
        Content::read(repository, id, |_, _| Ok(Err("no".to_owned().into())))
    });
    assert_eq!(fits.unwrap().missing.len(), 1000);
    let error = more.err().unwrap().to_string();
    assert!(error.starts_with("its content has more than 1000 submodules"), "{error}");
}

#[test]
fn folders_of_submodules_count_for_the_depth_too() {
    let folder = tempfile::tempdir().unwrap();
    let deep = |number| format!("{}x", "d/".repeat(number));
    let library = Repository::init_bare(folder.path().join("library")).unwrap();
    let inner = commit(&library, &[(&deep(200), FILE, "x")]).to_string();
    for (outside, fits) in [(54, true), (57, false)] {
        let main = Repository::init_bare(folder.path().join(outside.to_string())).unwrap();
        let id = commit(&main, &[(&deep(outside), GITLINK, &inner)]);
        let read = Content::read(main, id, |_, _| {
            Ok(Ok(Repository::open_bare(folder.path().join("library")).unwrap()))
        });
        let error = read.err().map(|error| error.to_string()).unwrap_or_default();
        assert_eq!(error.contains("more than 256 nested folders"), !fits, "{outside} {error}");
    }
}

#[test]
fn links_that_make_a_path_too_long_are_left_out_and_named() {
    let name = "n".repeat(250);
    let mut files = vec![(format!("d0/{name}"), FILE, String::from("x"))];
    for level in 1..20 {
        files.push((format!("d{level}/{name}"), LINK, format!("../d{}", level - 1)));
    }
    let files: Vec<_> =
        files.iter().map(|(path, mode, to)| (path.as_str(), *mode, to.as_str())).collect();
    let (members, problems) = members(&content(&files));
    assert!(members.len() > 100);
    assert!(!problems.is_empty());
    assert!(problems.iter().all(|text| text.ends_with("no file can have so long a path")));
}

#[test]
fn an_object_that_is_missing_or_broken_is_damage_to_the_mirror() {
    let folder = tempfile::tempdir().unwrap();
    for broken in [false, true] {
        for victim in ["commit", "tree", "blob", "link", ".gitattributes"] {
            let path = folder.path().join(format!("{victim}-{broken}"));
            let repository = Repository::init_bare(&path).unwrap();
            let id = commit(
                &repository,
                &[
                    (".gitattributes", FILE, "* eol=crlf\n"),
                    ("d/blob", FILE, "x\n"),
                    ("link", LINK, "d/blob"),
                ],
            );
            let tree = repository.find_commit(id).unwrap().tree().unwrap();
            let entry = |path: &str| tree.get_path(Path::new(path)).unwrap().id();
            let object = match victim {
                "commit" => id,
                "tree" => entry("d"),
                "blob" => entry("d/blob"),
                name => entry(name),
            };
            let object = object.to_string();
            let file = path.join("objects").join(&object[..2]).join(&object[2..]);
            fs::remove_file(&file).unwrap();
            if broken {
                fs::write(&file, b"no zlib").unwrap();
            }
            drop(tree);
            let content = Content::read(Repository::open_bare(&path).unwrap(), id, |_, _| {
                Ok(Err(Cause::default()))
            });
            let error = content.err().unwrap();
            let is_damage = matches!(&error, tardist::Error::Damaged { mirror, .. } if mirror.ends_with(format!("{victim}-{broken}")));
            assert!(is_damage, "{victim} {broken}: {error:?}");
        }
    }
}

#[test]
fn nested_submodules_are_in_place_down_to_the_given_depth() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let mut inner = None;
    for name in ["three", "two", "one", "zero"] {
        let repository = Repository::init_bare(path(name)).unwrap();
        let id = inner.unwrap_or(Oid::ZERO_SHA1).to_string();
        let below = if inner.is_some() { "a/sub" } else { "file" };
        let mode = if inner.is_some() { GITLINK } else { FILE };
        inner = Some(commit(
            &repository,
            &[
                ("eol.txt", FILE, "x\n"),
                (".gitattributes", FILE, if name == "one" { "*.txt eol=crlf" } else { "" }),
                (below, mode, &id),
            ],
        ));
    }
    for (depth, files, asked) in [
        (0, 2, vec![]),
        (1, 4, vec![("a/sub", "", 1)]),
        (2, 6, vec![("a/sub", "", 1), ("a/sub", "a/sub", 2)]),
        (9, 9, vec![("a/sub", "", 1), ("a/sub", "a/sub", 2), ("a/sub", "a/sub/a/sub", 3)]),
    ] {
        let main = Repository::open_bare(path("zero")).unwrap();
        let mut seen = Vec::new();
        let content = Content::read_nested(main, inner.unwrap(), depth, |_, gitlink| {
            seen.push((
                gitlink.path_within().unwrap().to_owned(),
                gitlink.within.clone(),
                gitlink.depth,
            ));
            let name = ["", "one", "two", "three"][gitlink.depth];
            Ok(Ok(Repository::open_bare(path(name)).unwrap()))
        })
        .unwrap();
        let seen: Vec<_> = seen.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), *c)).collect();
        assert_eq!(seen, asked);
        let (members, _) = members(&content);
        assert_eq!(members.iter().filter(|member| member.contains('=')).count(), files);
        // Attributes do not hold in the repository of a submodule.
        let is_crlf = |path: &str| members.contains(&format!("{path}eol.txt=x\r\n"));
        assert_eq!(
            (is_crlf(""), is_crlf("a/sub/"), is_crlf("a/sub/a/sub/")),
            (false, depth > 0, false)
        );
        assert_eq!(content.problems, [""; 0]);
        assert_eq!(content.missing, [], "what is deeper is left out on purpose");
        assert!(content.ingredients.nested, "at any depth there is a submodule of a submodule");
    }
}

#[test]
fn a_tarball_always_has_the_same_bytes() {
    let long = format!("{}/{}", "long".repeat(40), "name".repeat(30));
    let mut content = content(&[
        ("run.sh", SCRIPT, "#!/bin/sh\n"),
        ("version", FILE, "the repository's own"),
        (&long, FILE, "deep"),
        ("ünï", FILE, ""),
    ]);
    let commit = "0123456789abcdef0123456789abcdef01234567".parse().unwrap();
    let subject = tarball::Subject {
        name: &"Foo".parse().unwrap(),
        branch: &"REL1_45".parse().unwrap(),
        commit: &commit,
        committed_at: 1_787_203_577,
        url: "https://gerrit.example.org/r/mediawiki/extensions/Foo",
    };
    tarball::add_version_files(&mut content, &subject);
    let (members, _) = content.members().unwrap();
    let mut bytes = Vec::new();
    let written = tarball::write(&content, &members, &subject, &LargeFiles::default(), &mut bytes)
        .unwrap()
        .unwrap();
    assert_eq!(written.size, bytes.len() as u64);
    // Another compressor or another header field changes this, and with it every tarball of every
    // user: change it only if that is worth it, and raise `tarball::FORMAT`.
    assert_eq!(written.sha256, "048c34d66454dba56e7cac0edecc8b561785fa2d73b1f903a16011f01d4bfc3b");

    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes.as_slice()));
    let mut seen = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        assert_eq!((header.uid().unwrap(), header.gid().unwrap()), (0, 0));
        assert_eq!(header.mtime().unwrap(), 1_787_203_577);
        let path = entry.path().unwrap().to_string_lossy().into_owned();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        seen.insert(path, (header.mode().unwrap(), text));
    }
    assert_eq!(seen["Foo/"].0, 0o755);
    assert_eq!(seen["Foo/run.sh"].0, 0o755);
    assert_eq!(seen[&format!("Foo/{long}")], (0o644, "deep".to_owned()));
    assert_eq!(seen["Foo/version"].1, "Foo: REL1_45\n2026-08-20T05:26:17\n\n0123456\n");
    assert_eq!(
        seen["Foo/gitinfo.json"].1,
        r#"{"head": "0123456789abcdef0123456789abcdef01234567\n", "headSHA1": "0123456789abcdef0123456789abcdef01234567\n", "headCommitDate": "1787203577", "branch": "0123456789abcdef0123456789abcdef01234567\n", "remoteURL": "https://gerrit.example.org/r/mediawiki/extensions/Foo"}"#
    );
}

#[test]
fn a_folder_that_is_called_as_a_version_file_is_left_out_and_named() {
    let mut content = content(&[("version/Version.php", FILE, "x")]);
    let subject = tarball::Subject {
        name: &"Foo".parse().unwrap(),
        branch: &"master".parse().unwrap(),
        commit: &"0123456789abcdef0123456789abcdef01234567".parse().unwrap(),
        committed_at: 0,
        url: "https://gerrit.example.org/r/mediawiki/extensions/Foo",
    };
    tarball::add_version_files(&mut content, &subject);
    let (members, _) = content.members().unwrap();
    let paths: Vec<_> = members.iter().map(|it| String::from_utf8_lossy(&it.path)).collect();
    assert_eq!(paths, ["", "gitinfo.json", "version"]);
    let [problem] = &content.problems[..] else { panic!("{:?}", content.problems) };
    assert!(problem.starts_with("the folder version is left out"), "{problem}");
}

fn manifest(files: &[File<'_>]) -> Manifest {
    let id = "extensions/Foo".parse().unwrap();
    metadata::read(&content(files), &id, &mut MessageFiles::default()).unwrap()
}

#[test]
fn the_metadata_of_a_manifest_are_what_it_says() {
    let text = r#"{
        "name": "Foo", "version": 2, "author": "One", "url": "https://example.org", "type": "",
        "descriptionmsg": "foo-desc", "license-name": "MIT", "MessagesDirs": {"Foo": ["i18n/api", "i18n"]},
        "requires": {"MediaWiki": ">= 1.45", "platform": {"php": ">= 8.1", "ability-shell": true}, "skins": []}
    }"#;
    let found = manifest(&[
        ("extension.json", FILE, text),
        ("i18n/en.json", FILE, r#"{"foo-desc": "Does foo"}"#),
    ]);
    assert_eq!(found.problems, [""; 0]);
    assert_eq!(found.metadata.description.as_deref(), Some("Does foo"));
    assert_eq!(found.metadata.authors, ["One"]);
    assert_eq!((found.metadata.r#type, found.version.as_deref()), (None, Some("2")));
    assert_eq!(found.requires.mediawiki.as_deref(), Some(">= 1.45"));
    assert_eq!(found.requires.platform["ability-shell"], "*");
    assert_eq!(manifest(&[("Foo.php", FILE, "<?php")]), Manifest::default());
}

#[test]
fn what_is_wrong_in_a_manifest_is_left_out_and_named() {
    let wrong = manifest(&[(
        "extension.json",
        FILE,
        r#"{"name": {}, "author": [1, "Two"], "requires": ["x"], "license-name": "MIT", "version": []}"#,
    )]);
    assert_eq!((&wrong.metadata.title, &wrong.version), (&None, &None));
    assert_eq!(wrong.metadata.license.as_deref(), Some("MIT"));
    assert_eq!(wrong.metadata.authors, ["Two"]);
    for field in ["`name`", "`author`", "`requires`", "`version`"] {
        assert!(
            wrong.problems.iter().any(|text| text.contains(field)),
            "{field}: {:?}",
            wrong.problems
        );
    }
    for text in ["", "{", "[]", "null", "\u{feff}{}", &"[".repeat(100_000)] {
        let broken = manifest(&[("extension.json", FILE, text)]);
        assert_eq!(broken.problems.len(), 1, "{text:.20}");
        assert!(broken.problems[0].starts_with("extension.json "), "{:?}", broken.problems);
    }
}
