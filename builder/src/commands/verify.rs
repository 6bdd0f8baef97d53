//! `tardist verify`: checks that every tarball in the snapshot exists and has the published size and SHA-256.
//! Changes nothing.

use std::{fs::File, io, path::Path};

use sha2::{Digest, Sha256};

use crate::{
    catalogue, commands::output::Output, cycle::report::ReportEntry, data_dir::layout::Layout,
    progress::Progress, snapshot::Snapshot,
};

/// Checks every tarball, and lists those that differ. The exit status is 1 if one differs, or if there is no
/// snapshot.
pub fn run(layout: &Layout, progress: &Progress) -> Output {
    let Some(Verified { good, bad }) = verify(layout, progress) else {
        let text = format!(
            "There is no snapshot in {}: run `tardist sync` first.",
            layout.root().display()
        );
        return Output { text, exit_status: 1 };
    };
    if bad.is_empty() {
        return Output { text: format!("All {good} tarballs are as published."), exit_status: 0 };
    }
    let lines: String = bad.iter().map(|bad| format!("\n  {bad}")).collect();
    let text = format!(
        "{good} tarballs are as published, {} are not. `tardist sync` makes tarballs again that are missing or \
         have the wrong size; `tardist sync --force --only KIND/NAME` makes all tarballs of a repository \
         again:{lines}",
        bad.len()
    );
    Output { text, exit_status: 1 }
}

/// The result of the check.
#[derive(Debug, Default)]
struct Verified {
    /// How many tarballs are as published.
    good: usize,
    /// The tarballs that are not, each with the reason.
    bad: Vec<ReportEntry>,
}

/// Checks every tarball. `None` if there is no snapshot.
fn verify(layout: &Layout, progress: &Progress) -> Option<Verified> {
    let snapshot = Snapshot::load(&layout.snapshot())?;
    let mut verified = Verified::default();
    let total = catalogue::tarballs(&snapshot.catalogue).count();
    let meter = progress.count(total, "tarballs", || 0);
    for (id, branch, file, record) in catalogue::tarballs(&snapshot.catalogue) {
        let _task = meter.begin(file.as_str());
        let path = layout.dist(id.kind).join(file.as_str());
        match check(&path, record.size, &record.sha256) {
            Ok(()) => verified.good += 1,
            Err(text) => verified.bad.push(ReportEntry {
                repository: id.to_string(),
                branch: Some(branch.to_string()),
                text: format!("{} {text}", path.display()),
            }),
        }
    }
    Some(verified)
}

/// Checks one file. The error is the end of a sentence that begins with the path.
fn check(path: &Path, size: u64, sha256: &str) -> Result<(), String> {
    let mut file = File::open(path).map_err(|e| format!("cannot be read: {e}"))?;
    let actual = file.metadata().map_err(|e| format!("cannot be read: {e}"))?.len();
    if actual != size {
        return Err(format!("has {actual} bytes instead of {size}"));
    }
    let mut digest = Sha256::new();
    io::copy(&mut file, &mut digest).map_err(|e| format!("cannot be read: {e}"))?;
    if format!("{:x}", digest.finalize()) != sha256 {
        return Err(format!("does not have the SHA-256 {sha256}"));
    }
    Ok(())
}
