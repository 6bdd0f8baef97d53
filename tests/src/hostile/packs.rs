//! Packs: deltas that unpack to far more than they are, long chains of them, objects that no commit needs.
//!
//! Git servers send deltas as they got them, so whoever may push chooses them.

use sample_upstream::Oid;
use sample_upstream::pack::{Delta, Pack};
use sample_upstream::raw::ObjectType::{Blob, Commit, Tree};
use sample_upstream::raw::{Entry, commit_head, tree};

use crate::hostile::case::Expected::{Fails, Publishes};
use crate::hostile::case::{Case, PLAIN};
use crate::hostile::maker::Maker;

const MIB: u64 = 1 << 20;
const MIB_LEN: usize = 1 << 20;

pub(super) const CASES: &[Case] = &[
    Case {
        name: "delta_bombs",
        about: "2,000 deltas of 300 bytes, each of which makes a file of 60 MiB: 120 GB from 1 MB",
        make: delta_bombs,
        short: (2, Publishes),
        full: (2_000, Fails("processor time")),
        ..PLAIN
    },
    Case {
        name: "delta_too_large",
        about: "a delta of 1 kB that makes a file of 3 GB",
        make: delta_too_large,
        short: (3_000, Fails("overly large object")),
        full: (3_000, Fails("overly large object")),
        ..PLAIN
    },
    Case {
        name: "delta_chain",
        about: "a chain of 50,000 deltas, each the base of the next",
        make: delta_chain,
        short: (2_000, Publishes),
        full: (50_000, Publishes),
        has: &["last"],
        ..PLAIN
    },
    Case {
        name: "delta_chain_backwards",
        about: "the same, each before its base",
        make: delta_chain_backwards,
        short: (200, Publishes),
        full: (50_000, Fails("processor time")),
        has: &["last"],
        ..PLAIN
    },
    Case {
        name: "delta_chain_of_files",
        about: "50,000 files, each a delta whose base is the one before it",
        make: delta_chain_of_files,
        short: (2_000, Publishes),
        full: (50_000, Fails("processor time")),
        has: &["f000000", "f001999"],
        ..PLAIN
    },
    Case {
        name: "objects_of_nobody",
        about: "5,000,000 small objects that no commit needs",
        make: objects_of_nobody,
        short: (2_000, Publishes),
        full: (5_000_000, Fails("of memory")),
        ..PLAIN
    },
    Case {
        name: "pack_count",
        about: "a pack of two objects whose header says that it has 4,294,967,295",
        make: pack_count,
        short: (1, Fails("of memory")),
        full: (1, Fails("of memory")),
        ..PLAIN
    },
    Case {
        name: "object_sizes",
        about: "files whose headers say that they have a byte, and have 100 MB",
        make: object_sizes,
        short: (MIB_LEN, Fails("cannot read")),
        full: (100 * MIB_LEN, Fails("cannot read")),
        ..PLAIN
    },
];

/// Adds a commit of these entries to a pack. It becomes the tip of `master`.
fn commit(maker: &Maker<'_>, pack: &mut Pack, entries: &[Entry]) {
    let tree = pack.object(Tree, &tree(entries)).unwrap();
    let commit = pack.object(Commit, (commit_head(tree, &[]) + "Change\n").as_bytes()).unwrap();
    maker.set_branch("master", commit);
}

/// The server sends this pack, with a commit of these entries.
fn serve(maker: &Maker<'_>, mut pack: Pack, entries: &[Entry]) {
    commit(maker, &mut pack, entries);
    maker.serve(pack.finish());
}

fn delta_bombs(maker: &Maker<'_>, count: usize) {
    let mut pack = Pack::default();
    let base = pack.next();
    pack.object(Blob, &vec![b'x'; MIB_LEN]).unwrap();
    let (mut files, bytes) = (Vec::new(), vec![b'x'; 60 * MIB_LEN]);
    for number in 0..count {
        let start = format!("{number:08}");
        let delta = Delta::new(MIB, 60 * MIB + 8).insert(start.as_bytes());
        let delta = (0..60).fold(delta, |delta, _| delta.copy(0, MIB));
        pack.delta_from(base, &delta).unwrap();
        // The ids of all would take minutes.
        if number >= 4 {
            continue;
        }
        let text = [start.as_bytes(), &bytes].concat();
        files.push(Entry::file(format!("f{start}"), Oid::hash_object(Blob, &text).unwrap()));
    }
    serve(maker, pack, &files);
}

fn delta_too_large(maker: &Maker<'_>, mebibytes: usize) {
    let mut pack = Pack::default();
    let base = pack.next();
    pack.object(Blob, &vec![b'x'; MIB_LEN]).unwrap();
    let count = u64::try_from(mebibytes).unwrap();
    let delta = (0..count).fold(Delta::new(MIB, count * MIB), |delta, _| delta.copy(0, MIB));
    pack.delta_from(base, &delta).unwrap();
    serve(maker, pack, &[]);
}

/// The ids of the objects of a chain of deltas.
fn ids(length: usize) -> Vec<Oid> {
    let id = |number: usize| Oid::hash_object(Blob, text(number).as_bytes()).unwrap();
    (0..=length).map(id).collect()
}

/// What an object of a chain of deltas has.
fn text(number: usize) -> String {
    format!("{number:08}")
}

/// How it is made of the one before it.
fn delta(number: usize) -> Delta {
    Delta::new(8, 8).insert(text(number).as_bytes())
}

/// A pack with a chain of deltas.
fn chain(length: usize) -> Pack {
    let mut pack = Pack::default();
    let mut before = pack.next();
    pack.object(Blob, text(0).as_bytes()).unwrap();
    for number in 1..=length {
        let this = pack.next();
        pack.delta_from(before, &delta(number)).unwrap();
        before = this;
    }
    pack
}

fn delta_chain(maker: &Maker<'_>, length: usize) {
    serve(maker, chain(length), &[Entry::file("last", ids(length)[length])]);
}

fn delta_chain_of_files(maker: &Maker<'_>, length: usize) {
    let files = ids(length).into_iter().enumerate();
    let files = files.map(|(number, id)| Entry::file(format!("f{number:06}"), id));
    serve(maker, chain(length), &files.collect::<Vec<_>>());
}

fn delta_chain_backwards(maker: &Maker<'_>, length: usize) {
    let (mut pack, ids) = (Pack::default(), ids(length));
    for number in (1..=length).rev() {
        pack.delta_of(ids[number - 1], &delta(number)).unwrap();
    }
    pack.object(Blob, text(0).as_bytes()).unwrap();
    serve(maker, pack, &[Entry::file("last", ids[length])]);
}

fn objects_of_nobody(maker: &Maker<'_>, count: usize) {
    let mut pack = Pack::default();
    for number in 0..count {
        pack.object(Blob, &number.to_le_bytes()).unwrap();
    }
    serve(maker, pack, &[]);
}

fn pack_count(maker: &Maker<'_>, _: usize) {
    let mut pack = Pack::default();
    commit(maker, &mut pack, &[]);
    maker.serve(pack.finish_with(u32::MAX));
}

fn object_sizes(maker: &Maker<'_>, size: usize) {
    let mut pack = Pack::default();
    let file = pack.object_of(1, Blob, &vec![0; size]).unwrap();
    serve(maker, pack, &[Entry::file("f", file)]);
}
