//! `.gitattributes`: macros, patterns, and conversions of large files.

use std::fmt::Write;

use sample_upstream::raw::Entry;

use crate::hostile::case::Expected::{Fails, Publishes, PublishesWith};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

const MIB: usize = 1 << 20;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "attribute_macros",
        about: "20,000 attribute macros that set each other, for 20,000 files",
        make: macros,
        short: (1_000, Fails("macros")),
        full: (20_000, Fails("macros")),
        ..PLAIN
    },
    Case {
        name: "attribute_fills",
        about: "a line that sets 20,000 attributes, for 20,000 files",
        make: fills,
        short: (2_000, Publishes),
        full: (20_000, Publishes),
        ..PLAIN
    },
    Case {
        name: "attribute_patterns",
        about: "9,000 patterns with many stars, for 5,000 files with long names",
        make: patterns,
        short: (9_000, Fails("steps")),
        full: (9_000, Fails("steps")),
        ..PLAIN
    },
    Case {
        name: "attribute_classes",
        about: "patterns of 100 kB of character classes",
        make: classes,
        short: (10, Publishes),
        full: (10, Publishes),
        ..PLAIN
    },
    Case {
        name: "attribute_folders",
        about: "a .gitattributes in each of 45,000 folders",
        make: folders,
        short: (3_000, Publishes),
        full: (45_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "attributes_large",
        about: "a .gitattributes of 2 GB",
        make: large,
        short: (2 * MIB, Fails(".gitattributes")),
        full: (2 << 30, Fails(".gitattributes")),
        ..PLAIN
    },
    Case {
        name: "line_ends",
        about: "1 GB of newlines that become CR LF (eol=crlf)",
        make: line_ends,
        short: (9 * MIB, PublishesWith("newlines")),
        full: (1 << 30, Fails("newlines has more than")),
        ..PLAIN
    },
    Case {
        name: "encodings",
        about: "files of 8 MB that become UTF-16 (working-tree-encoding), 600 MB in all",
        make: encodings,
        short: (1, Publishes),
        full: (75, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "ident",
        about: "files of 8 MB that are only $Id$, each replaced by 50 bytes",
        make: ident,
        short: (1, Fails("f000000 has more than")),
        full: (30, Fails("has more than")),
        ..PLAIN
    },
];

fn macros(maker: &Maker<'_>, count: usize) {
    let mut text = String::new();
    for number in 0..count {
        writeln!(text, "[attr]m{number} m{} ident eol=crlf", number + 1).unwrap();
    }
    text.push_str("* m0\n");
    with_files(maker, &text, count);
}

fn fills(maker: &Maker<'_>, count: usize) {
    let mut text = "*".to_owned();
    for number in 0..count {
        write!(text, " a{number}").unwrap();
    }
    with_files(maker, &(text + " text eol=lf\n"), count);
}

fn patterns(maker: &Maker<'_>, count: usize) {
    let start = "a".repeat(240);
    let file = maker.blob("x\n");
    let mut entries = Maker::many(5_000, &start, |name| Entry::file(name, file));
    let mut text = String::new();
    for number in 0..count {
        writeln!(text, "*a*a*a*a*a*a*a*b{number} text eol=crlf").unwrap();
    }
    entries.push(maker.file(".gitattributes", text));
    maker.master(entries);
}

fn classes(maker: &Maker<'_>, count: usize) {
    let text = format!("{} eol=crlf\n", "[[:alpha:]]".repeat(9_000)).repeat(count);
    with_files(maker, &text, 1_000);
}

fn folders(maker: &Maker<'_>, count: usize) {
    let tree = maker.tree(vec![maker.file(".gitattributes", "*.txt eol=crlf\n")]);
    maker.master(Maker::many(count, "d", |name| Entry::folder(name, tree)));
}

fn large(maker: &Maker<'_>, size: usize) {
    let attributes = maker.repeated("# nothing to see in this line\n", size);
    maker.master(vec![Entry::file(".gitattributes", attributes), maker.file("f", "x")]);
}

fn line_ends(maker: &Maker<'_>, size: usize) {
    maker.master(vec![
        maker.file(".gitattributes", "* text eol=crlf\n"),
        Entry::file("newlines", maker.repeated("\n", size)),
    ]);
}

fn encodings(maker: &Maker<'_>, count: usize) {
    let mut entries = vec![maker.file(".gitattributes", "* text working-tree-encoding=UTF-16\n")];
    let file = |it: usize| Entry::file(format!("f{it:06}"), maker.repeated("text\n", 8 * MIB - it));
    entries.extend((0..count).map(file));
    maker.master(entries);
}

fn ident(maker: &Maker<'_>, count: usize) {
    let mut entries = vec![maker.file(".gitattributes", "* ident\n")];
    let file = |it: usize| Entry::file(format!("f{it:06}"), maker.repeated("$Id$", 8 * MIB - it));
    entries.extend((0..count).map(file));
    maker.master(entries);
}

/// So many files beside a `.gitattributes` with this text.
fn with_files(maker: &Maker<'_>, attributes: &str, count: usize) {
    let file = maker.blob("x\n");
    let mut entries = Maker::many(count, "f", |name| Entry::file(name, file));
    entries.push(maker.file(".gitattributes", attributes));
    maker.master(entries);
}
