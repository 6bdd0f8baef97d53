//! Commits, branches and refs.

use sample_upstream::raw::{Entry, ObjectType};

use crate::hostile::case::Expected::{Fails, Publishes};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

const MIB: usize = 1 << 20;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "commit_large",
        about: "a commit whose message has 256 MB",
        make: large,
        short: (17 * MIB, Fails("reads commits of at most")),
        full: (256 * MIB, Fails("reads commits of at most")),
        ..PLAIN
    },
    Case {
        name: "commit_parents",
        about: "a commit with 100,000 parents",
        make: parents,
        short: (1_000, Publishes),
        full: (100_000, Publishes),
        has: &["f"],
        ..PLAIN
    },
    Case {
        name: "commit_dates",
        about: "branches whose commits are from the year 1, the year 100,000, and no time at all",
        make: dates,
        short: (1, Publishes),
        full: (1, Publishes),
        has: &["f"],
        ..PLAIN
    },
    Case {
        name: "branch_of_a_blob",
        about: "a branch that is no commit but a file, and others that are a tree and a tag",
        make: of_a_blob,
        short: (1, Fails("and not to a commit")),
        full: (1, Fails("and not to a commit")),
        ..PLAIN
    },
    Case {
        name: "refs_many",
        about: "100,000 branches and tags beside the wanted one",
        make: refs,
        short: (5_000, Publishes),
        full: (100_000, Publishes),
        has: &["f"],
        ..PLAIN
    },
    Case {
        name: "branches_of_noise",
        about: "five branches with 240 files of the same 1 MiB of noise: 1.2 GB of tarballs from 1 MB",
        make: noise,
        short: (10, Publishes),
        full: (240, Publishes),
        ..PLAIN
    },
];

fn large(maker: &Maker<'_>, size: usize) {
    let tree = maker.tree(vec![maker.file("f", "x")]);
    maker.set_branch("master", maker.long_commit(tree, size));
}

fn parents(maker: &Maker<'_>, count: usize) {
    let tree = maker.tree(vec![maker.file("f", "x")]);
    let parent = maker.commit(tree, &[]);
    maker.set_branch("master", maker.commit(tree, &vec![parent; count]));
}

fn dates(maker: &Maker<'_>, _: usize) {
    let tree = maker.tree(vec![maker.file("f", "x")]);
    let dates = [
        ("master", "3093527980800 +0000"),
        ("REL1_46", "-62135596800 +0000"),
        ("REL1_45", "99999999999999999999999999 +9999"),
        ("REL1_44", "never"),
        ("REL1_43", "1767268800 -2147483648"),
    ];
    for (branch, date) in dates {
        let person = format!("A <a@example.org> {date}");
        let text = format!("tree {tree}\nauthor {person}\ncommitter {person}\n\nChange\n");
        maker.set_branch(branch, maker.object(ObjectType::Commit, text));
    }
}

fn of_a_blob(maker: &Maker<'_>, _: usize) {
    let blob = maker.blob("x");
    let tree = maker.tree(vec![Entry::file("f", blob)]);
    let commit = maker.commit(tree, &[]);
    let tag =
        format!("object {commit}\ntype commit\ntag t\ntagger A <a@example.org> 0 +0000\n\nt\n");
    maker.set_branch("master", blob);
    maker.set_branch("REL1_46", tree);
    maker.set_branch("REL1_45", maker.object(ObjectType::Tag, tag));
}

fn refs(maker: &Maker<'_>, count: usize) {
    let commit = maker.commit(maker.tree(vec![maker.file("f", "x")]), &[]);
    maker.set_branch("master", commit);
    let names = ["heads/feature", "tags/v", "changes/00/"];
    let name = |number: usize| format!("refs/{}{number}", names[number % names.len()]);
    maker.set_packed_refs((0..count).map(|number| (name(number), commit)).collect());
}

fn noise(maker: &Maker<'_>, count: usize) {
    let noise = maker.noise(MIB, 0);
    for branch in crate::BRANCHES {
        let mut entries = Maker::many(count, "f", |name| Entry::file(name, noise));
        entries.push(maker.file("branch", branch));
        let tree = maker.tree(entries);
        maker.set_branch(branch, maker.commit(tree, &[]));
    }
}
