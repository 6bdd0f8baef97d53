//! `dist/KIND/SHA256SUMS`: the checksums of all tarballs that are published, as `sha256sum -c` reads them.
//!
//! It is written after the snapshot and before tarballs are removed. So whatever it names exists: the earlier
//! one names tarballs of the earlier snapshot, which are only removed once the new one is in place. It is
//! compared in each cycle, because a cycle may be killed between the snapshot and this file.

use std::{fmt::Write as _, fs};

use tardist_contract::Kind;

use crate::{
    Error,
    catalogue::{self, Catalogue},
    data_dir::{atomic, layout::Layout},
};

/// Replaces `SHA256SUMS` of each kind, where it does not have the checksums of `catalogue` already.
///
/// # Errors
/// [`Error::Io`] if a file cannot be written.
pub(super) fn write(layout: &Layout, catalogue: &Catalogue) -> Result<(), Error> {
    for kind in Kind::ALL {
        let path = layout.checksums(kind);
        let text = text(catalogue, kind);
        if fs::read(&path).is_ok_and(|there| there == text.as_bytes()) {
            continue;
        }
        atomic::put(&path, |out| Ok(out.write_all(text.as_bytes())))?;
        atomic::sync_folder(&layout.dist(kind))?;
    }
    Ok(())
}

/// The lines `HASH  FILE` of a kind, sorted by file.
fn text(catalogue: &Catalogue, kind: Kind) -> String {
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

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

    use super::*;
    use crate::catalogue::{BranchRecord, RepositoryRecord};

    fn catalogue(names: &[&str]) -> Catalogue {
        let record = || RepositoryRecord {
            upstream: String::new(),
            source_url: "https://g/x".into(),
            branches: BTreeMap::from([
                ("a/b".parse().unwrap(), BranchRecord::of_commit('b')),
                ("REL1_45".parse().unwrap(), BranchRecord::of_commit('c')),
            ]),
        };
        names.iter().map(|name| (name.parse().unwrap(), record())).collect()
    }

    #[test]
    fn each_kind_has_its_tarballs_sorted_by_file() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        write(&layout, &catalogue(&["skins/b", "skins/A", "extensions/E"])).unwrap();
        let zeros = "0".repeat(64);
        let skins = fs::read_to_string(layout.checksums(Kind::Skins)).unwrap();
        let files = ["A-REL1_45-ccccccc", "A-a~b-bbbbbbb", "b-REL1_45-ccccccc", "b-a~b-bbbbbbb"];
        let expected: String =
            files.iter().map(|file| format!("{zeros}  {file}.tar.gz\n")).collect();
        assert_eq!(skins, expected);
        let mode = fs::metadata(layout.checksums(Kind::Skins)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert!(!layout.tarballs().unwrap().keys().any(|(_, file)| file.contains("SUMS")));

        write(&layout, &catalogue(&["skins/b"])).unwrap();
        let skins = fs::read_to_string(layout.checksums(Kind::Skins)).unwrap();
        assert_eq!(
            skins,
            expected.lines().skip(2).fold(String::new(), |all, line| all + line + "\n")
        );
        assert_eq!(fs::read(layout.checksums(Kind::Extensions)).unwrap(), b"", "none is left");
    }
}
