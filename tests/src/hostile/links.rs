//! Symbolic links: long texts, long ways, circles, many.

use sample_upstream::raw::Entry;

use crate::hostile::case::Expected::{Fails, Publishes, PublishesWith};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "links_with_a_long_text",
        about: "8,000 symbolic links that share a text of 1 MB: 22 kB",
        make: long_text,
        short: (200, PublishesWith("l000000")),
        full: (8_000, PublishesWith("l000000")),
        has: &["f"],
        lacks: &["l000000"],
        ..PLAIN
    },
    Case {
        name: "links_with_own_texts",
        about: "20,000 symbolic links with different texts of 3,700 bytes",
        make: own_texts,
        short: (1_200, Fails("has more than")),
        full: (20_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "links_through_links",
        about: "490,000 symbolic links, each through 39 others whose texts are 3,800 bytes of ./",
        make: through_links,
        short: (3_000, Publishes),
        full: (490_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "links_deep",
        about: "folders 250 deep that end in a link to the next such folders, nine times",
        make: deep,
        short: (9, PublishesWith("no file can have so long a path")),
        full: (9, PublishesWith("no file can have so long a path")),
        ..PLAIN
    },
    Case {
        name: "links_that_double",
        about: "40 folders, each with two links to the next: 2⁴⁰ folders",
        make: doubling,
        short: (40, Fails("files")),
        full: (40, Fails("files")),
        ..PLAIN
    },
    Case {
        name: "links_in_a_circle",
        about: "links to themselves, to each other, to their own folder, and up",
        make: circle,
        short: (10, PublishesWith("goes in circles")),
        full: (10_000, PublishesWith("goes in circles")),
        has: &["f"],
        lacks: &["self"],
        ..PLAIN
    },
    Case {
        name: "links_to_nothing",
        about: "400,000 links to a path of 3,000 bytes that is not there: as many problems",
        make: to_nothing,
        short: (10_000, PublishesWith("l000000")),
        full: (400_000, Fails("has more than")),
        ..PLAIN
    },
    Case {
        name: "links_out_of_the_tree",
        about: "links to files of the machine, by all ways",
        make: out_of_the_tree,
        short: (1, PublishesWith("absolute")),
        full: (1, PublishesWith("absolute")),
        has: &["f", "inside"],
        lacks: &["absolute", "up", "in-and-out", "empty", "nul", "windows", "sub/up"],
        ..PLAIN
    },
];

fn long_text(maker: &Maker<'_>, count: usize) {
    let text = maker.repeated("a", 1 << 20);
    let mut entries = Maker::many(count, "l", |name| Entry::link(name, text));
    entries.push(maker.file("f", "x"));
    maker.master(entries);
}

fn own_texts(maker: &Maker<'_>, count: usize) {
    let text = |number: usize| format!("{}{number:08}", "a/".repeat(1850));
    maker.master((0..count).map(|it| maker.link(&format!("l{it:06}"), text(it))).collect());
}

fn through_links(maker: &Maker<'_>, count: usize) {
    let detour = "./".repeat(1900);
    let mut entries = vec![maker.file("z", "x"), maker.link("c38", format!("{detour}z"))];
    for at in 0..38 {
        entries.push(maker.link(&format!("c{at:02}"), format!("{detour}c{:02}", at + 1)));
    }
    let first = maker.blob(format!("{detour}c00"));
    entries.extend(Maker::many(count, "l", |name| Entry::link(name, first)));
    maker.master(entries);
}

fn deep(maker: &Maker<'_>, chains: usize) {
    let chain = |number: usize| {
        let up = "../".repeat(251);
        let next = maker.link("l", format!("{up}c{}", number + 1));
        let mut tree = maker.tree(vec![next, maker.file("f", "x")]);
        for _ in 0..250 {
            tree = maker.tree(vec![Entry::folder("a", tree)]);
        }
        Entry::folder(format!("c{number}"), tree)
    };
    maker.master((0..chains).map(chain).collect());
}

fn doubling(maker: &Maker<'_>, levels: usize) {
    let level = |number: usize| {
        let next = format!("../d{:06}", number + 1);
        maker.folder(&format!("d{number:06}"), vec![maker.link("a", &next), maker.link("b", &next)])
    };
    let mut entries: Vec<Entry> = (0..levels).map(level).collect();
    entries.push(maker.folder(&format!("d{levels:06}"), vec![maker.file("f", "x")]));
    maker.master(entries);
}

fn circle(maker: &Maker<'_>, count: usize) {
    let mut entries = vec![
        maker.file("f", "x"),
        maker.link("self", "self"),
        maker.link("a", "b"),
        maker.link("b", "a"),
        maker.folder("folder", vec![maker.link("here", "."), maker.link("up", "..")]),
        maker.link("top", "."),
    ];
    let ring = |at: usize| maker.link(&format!("r{at:06}"), format!("r{:06}", (at + 1) % count));
    entries.extend((0..count).map(ring));
    maker.master(entries);
}

fn to_nothing(maker: &Maker<'_>, count: usize) {
    let text = maker.blob(format!("/{}", "n".repeat(3000)));
    maker.master(Maker::many(count, "l", |name| Entry::link(name, text)));
}

fn out_of_the_tree(maker: &Maker<'_>, _: usize) {
    maker.master(vec![
        maker.file("f", "x"),
        maker.link("inside", "sub/../f"),
        maker.link("absolute", "/etc/passwd"),
        maker.link("up", "../../../../../../etc/passwd"),
        maker.link("in-and-out", "sub/../../Good/extension.json"),
        maker.link("empty", ""),
        maker.link("nul", "f\0/etc/passwd"),
        maker.link("windows", "C:\\Windows\\win.ini"),
        maker.folder("sub", vec![maker.file("g", "x"), maker.link("up", "../../mirror")]),
    ]);
}
