//! What the fuzzers run: a function for each parser that bytes from outside reach.
//!
//! Each function checks more than that nothing panics: that what comes out is within the limits, and that it is
//! right, as far as another way to the same result says so. The package `fuzz/` runs them on new inputs, and the
//! tests below on the kept ones (`fuzz/corpus/`). docs/development.md says how to keep an input.
//!
//! This room exists in tests and in builds with `--cfg fuzzing`, which cargo-fuzz sets. So the crate exports
//! nothing for it.

pub use crate::{
    content::fuzzing::{attributes, composer, conversion, wildmatch},
    git::fuzzing::{gitmodules, pkt_lines, refs},
    metadata::fuzzing::{manifest, messages, plain_text},
    net::fuzzing::{link_header, location, origin, retry_after},
    store::fuzzing::pointer,
    upstream::fuzzing::{branches, gerrit, github, gitlab, mediawiki, phabricator},
};

/// Commit objects.
pub fn commit(bytes: &[u8]) {
    let Some(commit) = crate::object::parse(bytes) else { return };
    assert!(commit.parents.len() * "parent ".len() < bytes.len(), "a parent takes a line");
    let mut text = format!("tree {}\n", commit.tree);
    for parent in &commit.parents {
        text += &format!("parent {parent}\n");
    }
    text += &format!("author a <> 0 +0000\ncommitter c <> {} +0000\n\nm", commit.committed_at);
    assert_eq!(crate::object::parse(text.as_bytes()), Some(commit));
}

/// A function with its name, which is that of its fuzzer and of the folder of its inputs.
pub type Target = (&'static str, fn(&[u8]));

/// All functions.
pub const TARGETS: [Target; 22] = [
    ("attributes", attributes),
    ("branches", branches),
    ("commit", commit),
    ("composer", composer),
    ("conversion", conversion),
    ("gerrit", gerrit),
    ("github", github),
    ("gitlab", gitlab),
    ("gitmodules", gitmodules),
    ("link_header", link_header),
    ("location", location),
    ("manifest", manifest),
    ("mediawiki", mediawiki),
    ("messages", messages),
    ("origin", origin),
    ("phabricator", phabricator),
    ("pkt_lines", pkt_lines),
    ("plain_text", plain_text),
    ("pointer", pointer),
    ("refs", refs),
    ("retry_after", retry_after),
    ("wildmatch", wildmatch),
];

#[cfg(test)]
#[path = "../../fuzz/kept_inputs.rs"]
mod kept_inputs;

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{TARGETS, kept_inputs};

    #[test]
    fn each_kept_input_is_read_as_it_should() {
        let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz");
        kept_inputs::run(&fuzz, "tardist::fuzzing", &TARGETS);
    }
}
