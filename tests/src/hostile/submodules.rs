//! Submodules: many, missing, nested, from everywhere; `.gitmodules` of any size.

use std::fmt::Write;

use sample_upstream::Oid;
use sample_upstream::raw::Entry;

use crate::hostile::case::Expected::{Fails, Publishes, PublishesWith, PublishesWithout};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

const MIB: usize = 1 << 20;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "submodules_many",
        about: "20,000 submodules, all the same repository",
        make: many,
        short: (150, Fails("submodules")),
        full: (20_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "submodules_missing",
        about: "90 submodules at commits that are not there: two requests for each",
        make: missing,
        short: (30, Fails("that cannot be fetched")),
        full: (90, Fails("that cannot be fetched")),
        ..PLAIN
    },
    Case {
        name: "submodules_nested",
        about: "submodules of itself, nested 14 ways: `gc` never ended",
        make: nested,
        short: (14, Publishes),
        full: (14, Publishes),
        ..PLAIN
    },
    Case {
        name: "submodules_nested_deep",
        about: "the same, with --submodule-depth 16: 14¹⁴ submodules",
        make: nested,
        short: (14, Fails("submodules")),
        full: (14, Fails("submodules")),
        args: &["--submodule-depth", "16"],
        ..PLAIN
    },
    Case {
        name: "submodule_of_itself",
        about: "a submodule that is an earlier commit of the same repository",
        make: of_itself,
        short: (3, Publishes),
        full: (50, Publishes),
        args: &["--submodule-depth", "16"],
        ..PLAIN
    },
    Case {
        name: "submodule_urls",
        about: "submodules whose URLs are files, programs, options, other hosts, very long",
        make: urls,
        short: (10_000, PublishesWithout("is not an http or https URL, or has a user part")),
        full: (900_000, PublishesWithout("is not an http or https URL, or has a user part")),
        has: &["f"],
        ..PLAIN
    },
    Case {
        name: "submodule_inside_a_mirror",
        about: "submodules whose URLs are below that of another, so that their mirrors would be inside its mirror",
        make: inside_a_mirror,
        short: (1, PublishesWith("s1")),
        full: (1, PublishesWith("s1")),
        ..PLAIN
    },
    Case {
        name: "submodule_hosts",
        about: "90 submodules from 90 servers whose names have 240 or 4,000 bytes",
        make: hosts,
        short: (90, PublishesWithout("may not come from")),
        full: (90, PublishesWithout("may not come from")),
        ..PLAIN
    },
    Case {
        name: "submodules_of_noise",
        about: "50 submodules that are earlier commits of the repository, with 20 MiB of noise each: 1 GB in a mirror of submodules",
        make: of_noise,
        short: (4, Fails("what it needs of submodules")),
        full: (50, Fails("what it needs of submodules")),
        args: &["--limit-disk", "50MiB"],
        ..PLAIN
    },
    Case {
        name: "submodule_paths",
        about: "submodules at the paths of files, inside of each other, and without .gitmodules",
        make: paths,
        short: (20, PublishesWith("gitmodules")),
        full: (200, PublishesWith("gitmodules")),
        ..PLAIN
    },
    Case {
        name: "gitmodules_sections",
        about: "400,000 sections of .gitmodules (20 MB), and 5,000 submodules that it does not name",
        make: sections,
        short: (25_000, Fails("has more than")),
        full: (400_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "gitmodules_keys",
        about: "a .gitmodules of a million keys in one section",
        make: keys,
        short: (100_000, Publishes),
        full: (1_000_000, Fails(".gitmodules")),
        ..PLAIN
    },
    Case {
        name: "gitmodules_large",
        about: "a .gitmodules of 2 GB",
        make: large,
        short: (2 * MIB, Fails(".gitmodules")),
        full: (2 << 30, Fails(".gitmodules")),
        ..PLAIN
    },
    Case {
        name: "gitmodules_odd",
        about: "a .gitmodules that is a link out of the tree",
        make: odd,
        short: (1, PublishesWith("gitmodules")),
        full: (1, PublishesWith("gitmodules")),
        has: &["f"],
        ..PLAIN
    },
];

/// A `.gitmodules` with so many submodules `s0`, `s1`, ... of one URL.
fn modules(count: usize, url: &str) -> String {
    let mut text = String::new();
    for number in 0..count {
        writeln!(text, "[submodule \"s{number}\"]\n\tpath = s{number}\n\turl = {url}").unwrap();
    }
    text
}

fn many(maker: &Maker<'_>, count: usize) {
    let submodule = |number: usize| Entry::gitlink(format!("s{number}"), maker.good());
    let mut entries: Vec<Entry> = (0..count).map(submodule).collect();
    entries.push(maker.file(".gitmodules", modules(count, "../Good")));
    maker.master(entries);
}

fn missing(maker: &Maker<'_>, count: usize) {
    let submodule = |number: usize| Entry::gitlink(format!("s{number}"), Maker::missing(number));
    let mut entries: Vec<Entry> = (0..count).map(submodule).collect();
    entries.push(maker.file(".gitmodules", modules(count, "../Good")));
    maker.master(entries);
}

/// Commits whose submodules are the commit before, each `ways` times; the last has all of them.
fn nested(maker: &Maker<'_>, ways: usize) {
    let text = maker.blob(modules(ways, &format!("../{}", maker.name())));
    let mut commits = vec![maker.commit(maker.tree(vec![maker.file("f", "x")]), &[])];
    let with = |submodules: Vec<Oid>, parent: Oid| {
        let name = |at: usize| format!("s{at}");
        let links = submodules.into_iter().enumerate().map(|(at, id)| Entry::gitlink(name(at), id));
        let mut entries: Vec<Entry> = links.collect();
        entries.push(Entry::file(".gitmodules", text));
        maker.commit(maker.tree(entries), &[parent])
    };
    for _ in 1..ways {
        let last = *commits.last().unwrap();
        commits.push(with(vec![last; ways], last));
    }
    let last = *commits.last().unwrap();
    maker.set_branch("master", with(commits, last));
}

fn of_itself(maker: &Maker<'_>, count: usize) {
    let text = maker.blob(modules(1, &format!("../{}", maker.name())));
    let mut last = maker.commit(maker.tree(vec![maker.file("f", "x")]), &[]);
    for _ in 0..count {
        let entries = vec![Entry::file(".gitmodules", text), Entry::gitlink("s0", last)];
        last = maker.commit(maker.tree(entries), &[last]);
    }
    maker.set_branch("master", last);
}

fn inside_a_mirror(maker: &Maker<'_>, _: usize) {
    let urls = ["", "/packed-refs/x", "/refs/heads/x", "/objects/info/alternates/x", "/HEAD/x"];
    with_urls(maker, &urls.map(|more| format!("../Good.git{more}")));
}

fn hosts(maker: &Maker<'_>, count: usize) {
    let length = |number: usize| if number.is_multiple_of(2) { 240 } else { 4_000 };
    let url = |number: usize| format!("https://{}.{number:03}/x", "a".repeat(length(number)));
    with_urls(maker, &(0..count).map(url).collect::<Vec<_>>());
}

fn of_noise(maker: &Maker<'_>, count: usize) {
    let mut links = Vec::new();
    let mut parents = Vec::new();
    for number in 0..count {
        let tree = maker.tree(vec![Entry::file("noise", maker.noise(20 * MIB, number))]);
        let commit = maker.commit(tree, &parents);
        links.push(Entry::gitlink(format!("s{number}"), commit));
        parents = vec![commit];
    }
    let text = modules(count, &format!("../{}", maker.name()));
    links.push(maker.file(".gitmodules", text));
    maker.set_branch("master", maker.commit(maker.tree(links), &parents));
}

/// Sets `master` to a commit with a file, and a submodule for each of these URLs, which are those of the good repository.
fn with_urls(maker: &Maker<'_>, urls: &[impl AsRef<str>]) {
    let mut text = String::new();
    let mut entries = vec![maker.file("f", "x")];
    for (number, url) in urls.iter().enumerate() {
        let url = url.as_ref();
        writeln!(text, "[submodule \"s{number}\"]\n\tpath = s{number}\n\turl = {url}").unwrap();
        entries.push(Entry::gitlink(format!("s{number}"), maker.good()));
    }
    entries.push(maker.file(".gitmodules", text));
    maker.master(entries);
}

fn urls(maker: &Maker<'_>, long: usize) {
    let long = format!("../{}", "a".repeat(long));
    let deep = format!("../{}", "a/".repeat(2_000));
    let urls = [
        "/etc",
        "file:///etc",
        "ext::sh -c touch% /tmp/evil",
        "-u./evil",
        "--upload-pack=touch /tmp/evil",
        "ssh://-oProxyCommand=touch/x",
        "http://127.0.0.1:1/x",
        "http://user:password@169.254.169.254/latest",
        "git://example.org/x",
        "../../../../../../../../x",
        "./",
        "..",
        "",
        "http://",
        "http://[::1",
        "//example.org/x",
        "..\\\\..\\\\x",
        "\"../Good\\nfoo\"",
        "../Good\\",
        &long,
        &deep,
    ];
    with_urls(maker, &urls);
}

fn paths(maker: &Maker<'_>, count: usize) {
    let mut text = modules(2, "../Good");
    for path in ["f", "../x", "/etc", ".git", "s0/s1", "s0/../s1", "", ".", "s1/"] {
        writeln!(text, "[submodule \"{path}\"]\n\tpath = {path}\n\turl = ../Good").unwrap();
    }
    let inside = maker.folder("deep", vec![Entry::gitlink("s", maker.good())]);
    let mut entries = vec![
        maker.file("f", "x"),
        maker.file(".gitmodules", text),
        Entry::gitlink("s0", maker.good()),
        Entry::gitlink("s0", Maker::missing(1)),
        maker.folder("s1", vec![inside]),
        Entry::gitlink(".git", maker.good()),
        Entry::gitlink("..", maker.good()),
    ];
    entries.extend(Maker::many(count, "n", |name| Entry::gitlink(name, maker.good())));
    maker.master(entries);
}

fn sections(maker: &Maker<'_>, count: usize) {
    let text = "[submodule \"s\"]\n\tpath = s\n\turl = ../Good\n".repeat(count);
    let mut entries = Maker::many(5_000, "g", |name| Entry::gitlink(name, Maker::missing(0)));
    entries.push(maker.file(".gitmodules", text));
    maker.master(entries);
}

fn keys(maker: &Maker<'_>, count: usize) {
    let text = format!("{}{}", modules(1, "../Good"), "a = b\n".repeat(count));
    let entries = vec![maker.file(".gitmodules", text), Entry::gitlink("s0", maker.good())];
    maker.master(entries);
}

fn large(maker: &Maker<'_>, size: usize) {
    let text = maker.repeated("# nothing to see in this line\n", size);
    maker.master(vec![Entry::file(".gitmodules", text), Entry::gitlink("s0", maker.good())]);
}

fn odd(maker: &Maker<'_>, _: usize) {
    maker.master(vec![
        maker.file("f", "x"),
        maker.link(".gitmodules", "../Good/.gitmodules"),
        Entry::gitlink("s0", maker.good()),
    ]);
}
