//! The files of `dist/KIND/` that list the tarballs of the kind: [`SHA256SUMS`](super::checksums) and
//! [`index.html`](super::index_page).
//!
//! They are written after the snapshot and before tarballs are removed. So whatever they name exists: the earlier
//! ones name tarballs of the earlier snapshot, which are only removed once the new ones are in place. They are
//! compared in each cycle, because a cycle may be killed between the snapshot and these files.

use std::{fs, path::Path};

use tardist_contract::Kind;

use crate::{
    Error,
    catalogue::{self, Catalogue},
    cycle::{checksums, index_page},
    data_dir::{atomic, layout::Layout},
};

/// Replaces the files of each kind that do not list the tarballs of `catalogue` already.
///
/// # Errors
/// [`Error::Io`] if a file cannot be written.
pub(super) fn write(layout: &Layout, catalogue: &Catalogue) -> Result<(), Error> {
    for kind in Kind::ALL {
        let tarballs = catalogue::files_of(catalogue, kind);
        let files = [
            (layout.checksums(kind), checksums::text(&tarballs)),
            (layout.index_page(kind), index_page::page(kind, &tarballs)),
        ];
        let mut is_changed = false;
        for (path, text) in files {
            is_changed |= replace(&path, &text)?;
        }
        if is_changed {
            atomic::sync_folder(&layout.dist(kind))?;
        }
    }
    Ok(())
}

/// Writes a file, unless it has this text already.
fn replace(path: &Path, text: &str) -> Result<bool, Error> {
    if fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(false);
    }
    atomic::put(path, |out| Ok(out.write_all(text.as_bytes())))?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::catalogue::{BranchRecord, RepositoryRecord};

    fn catalogue(names: &[&str]) -> Catalogue {
        let branches =
            || [("a/b", 'b'), ("REL1_45", 'c')].map(|it| (it.0, BranchRecord::of_commit(it.1)));
        let record = || RepositoryRecord::of_branches("https://g/x", branches());
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
        let page = |kind| fs::read_to_string(layout.index_page(kind)).unwrap();
        assert_eq!(page(Kind::Skins).matches(".tar.gz</a>").count(), 2);
        assert_eq!(page(Kind::Extensions).matches(".tar.gz</a>").count(), 0);
    }
}
