//! `dist/KIND/SHA256SUMS`: the checksums of all tarballs that are published, as `sha256sum -c` reads them.

use std::fmt::Write as _;

use tardist_contract::Kind;

use crate::catalogue::{self, Catalogue};

/// The lines `HASH  FILE` of a kind, sorted by file.
pub(super) fn text(catalogue: &Catalogue, kind: Kind) -> String {
    let mut lines: Vec<(String, &str)> = catalogue::tarballs(catalogue)
        .filter(|(id, ..)| id.kind == kind)
        .map(|(_, _, file, record)| (file.as_str().to_owned(), record.sha256.as_str()))
        .collect();
    lines.sort_unstable();
    let mut text = String::new();
    for (file, hash) in lines {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{hash}  {file}");
    }
    text
}
