//! Writes the lists of both kinds.
//!
//! They are written after the snapshot and before tarballs are removed. So whatever they name exists: the earlier
//! ones name tarballs of the earlier snapshot, which are only removed once the new ones are in place. They are
//! compared in each cycle, because a cycle may be killed between the snapshot and these files.

use std::{fs, path::Path};

use tardist_contract::Kind;

use super::{checksums, index_page, listed::Listed};
use crate::{
    Error,
    data_dir::{atomic, layout::Layout},
};

/// Replaces the files of each kind that do not list these tarballs already: all that the snapshot names, in any order.
///
/// # Errors
/// [`Error::Io`] if a file cannot be written.
pub fn write(layout: &Layout, tarballs: &[Listed]) -> Result<(), Error> {
    for kind in Kind::ALL {
        let mut tarballs: Vec<&Listed> = tarballs.iter().filter(|it| it.kind == kind).collect();
        tarballs.sort_unstable_by_key(|it| it.file.as_str());
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

    #[test]
    fn each_kind_has_its_tarballs_sorted_by_file() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        layout.prepare().unwrap();
        let skins = ["b-master-ccccccc.tar.gz", "A-a~b-bbbbbbb.tar.gz"].map(Listed::skin);
        let extension =
            Listed { kind: Kind::Extensions, ..Listed::skin("E-master-ccccccc.tar.gz") };
        write(&layout, &[&skins[..], &[extension]].concat()).unwrap();
        let zeros = "0".repeat(64);
        let sums = || fs::read_to_string(layout.checksums(Kind::Skins)).unwrap();
        let expected = "A-a~b-bbbbbbb.tar.gz\n0  b-master-ccccccc.tar.gz\n";
        assert_eq!(sums().replace(&zeros, "0"), format!("0  {expected}"));
        let mode = fs::metadata(layout.checksums(Kind::Skins)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o644);
        assert!(!layout.tarballs().unwrap().keys().any(|(_, file)| file.contains("SUMS")));

        write(&layout, &skins[..1]).unwrap();
        assert_eq!(sums(), format!("{zeros}  {}\n", skins[0].file));
        assert_eq!(fs::read(layout.checksums(Kind::Extensions)).unwrap(), b"", "none is left");
        let page = |kind| fs::read_to_string(layout.index_page(kind)).unwrap();
        assert_eq!(page(Kind::Skins).matches(".tar.gz</a>").count(), 1);
        assert_eq!(page(Kind::Extensions).matches(".tar.gz</a>").count(), 0);
    }
}
