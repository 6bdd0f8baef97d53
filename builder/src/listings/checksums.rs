//! `dist/KIND/SHA256SUMS`: the checksums of all tarballs that are published, as `sha256sum -c` reads them.

use std::fmt::Write as _;

use super::listed::Listed;

/// The lines `HASH  FILE` of these tarballs.
pub(super) fn text(files: &[&Listed]) -> String {
    let mut text = String::new();
    for Listed { file, sha256, .. } in files {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{sha256}  {file}");
    }
    text
}
