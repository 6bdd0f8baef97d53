//! `tardist verify`: is every tarball that the snapshot names there, whole and unchanged? Reads
//! only.

use std::{fs::File, io, path::Path};

use sha2::{Digest, Sha256};

use crate::{
    cycle::report::Remark,
    data_dir::layout::Layout,
    progress::Progress,
    snapshot::{Snapshot, catalogue},
};

/// What was found.
#[derive(Debug, Default)]
pub struct Verified {
    /// Tarballs that are as the snapshot says.
    pub good: usize,
    /// Those that are not, and why.
    pub bad: Vec<Remark>,
}

/// Checks every tarball; `None` where there is no snapshot.
pub fn verify(layout: &Layout, progress: &Progress) -> Option<Verified> {
    let snapshot = Snapshot::load(&layout.snapshot())?;
    let mut verified = Verified::default();
    let total = catalogue::tarballs(&snapshot.catalogue).count();
    let meter = progress.count(total, "tarballs", || 0);
    for (id, branch, file, record) in catalogue::tarballs(&snapshot.catalogue) {
        let _task = meter.begin(file.as_str());
        let path = layout.dist(id.kind).join(file.as_str());
        match check(&path, record.size, &record.sha256) {
            Ok(()) => verified.good += 1,
            Err(text) => verified.bad.push(Remark {
                repository: id.to_string(),
                branch: Some(branch.to_string()),
                text: format!("{} {text}", path.display()),
            }),
        }
    }
    Some(verified)
}

fn check(path: &Path, size: u64, sha256: &str) -> Result<(), String> {
    let mut file = File::open(path).map_err(|e| format!("can't be read: {e}"))?;
    let actual = file.metadata().map_err(|e| format!("can't be read: {e}"))?.len();
    if actual != size {
        return Err(format!("has {actual} bytes instead of {size}"));
    }
    let mut digest = Sha256::new();
    io::copy(&mut file, &mut digest).map_err(|e| format!("can't be read: {e}"))?;
    if format!("{:x}", digest.finalize()) != sha256 {
        return Err(format!("has another SHA-256 than {sha256}"));
    }
    Ok(())
}
