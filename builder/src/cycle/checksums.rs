//! `dist/KIND/SHA256SUMS`: the checksums of all tarballs that are published, as `sha256sum -c` reads them.

use std::fmt::Write as _;

use tardist_contract::TarballName;

use crate::catalogue::BranchRecord;

/// The lines `HASH  FILE` of these tarballs.
pub(super) fn text(files: &[(TarballName, &BranchRecord)]) -> String {
    let mut text = String::new();
    for (file, record) in files {
        // Writing into a text cannot fail.
        let _ = writeln!(text, "{}  {}", record.sha256, file.as_str());
    }
    text
}
