//! `tardist verify`: checks that the snapshot is what was written, and that every tarball in it exists and has the
//! published size and SHA-256. Changes nothing.

use std::{fs, io, path::Path};

use tardist_contract::{
    TarballName,
    document::{Branch, Repository},
};

use crate::{
    commands::output::Output,
    cycle::report::ReportEntry,
    data_dir::{files, layout::Layout},
    progress::Progress,
    snapshot::{Snapshot, Unreadable},
};

/// Checks the snapshot and every tarball, and lists what differs. The exit status is 1 if something differs, or if
/// there is no snapshot.
pub fn run(layout: &Layout, progress: &Progress) -> Output {
    let path = layout.snapshot();
    let failed = |text: String| Output { text, exit_status: 1 };
    let snapshot = match Snapshot::open(&path) {
        Ok(snapshot) => snapshot,
        Err(Unreadable::Missing) => {
            let root = layout.root().display();
            return failed(format!("There is no snapshot in {root}: run `tardist sync` first."));
        }
        Err(reason) => return failed(unusable(&path, &reason.to_string(), reason.remedy())),
    };
    let documents = match snapshot
        .check()
        .and_then(|()| snapshot.documents().map_err(|error| error.to_string()))
    {
        Ok(documents) => documents,
        Err(reason) => return failed(unusable(&path, &reason, "`tardist sync` writes it anew")),
    };
    let Verified { good, bad } = verify(&documents, layout, progress);
    if bad.is_empty() {
        let text = format!("The snapshot and all {good} tarballs are as published.");
        return Output { text, exit_status: 0 };
    }
    let lines: String = bad.iter().map(|bad| format!("\n  {bad}")).collect();
    failed(format!(
        "{good} tarballs are as published, {} are not. `tardist sync` makes tarballs again that are missing or \
         have the wrong size or time; `tardist sync --force --only KIND/NAME` makes all tarballs of a repository \
         again:{lines}",
        bad.len()
    ))
}

fn unusable(path: &Path, reason: &str, remedy: &str) -> String {
    format!("The snapshot {} cannot be used: {reason}; {remedy}.", path.display())
}

/// The result of the check.
#[derive(Debug, Default)]
struct Verified {
    /// How many tarballs are as published.
    good: usize,
    /// The tarballs that are not, each with the reason.
    bad: Vec<ReportEntry>,
}

/// Checks every tarball.
fn verify(documents: &[Repository], layout: &Layout, progress: &Progress) -> Verified {
    let mut verified = Verified::default();
    let total = documents.iter().map(|document| document.branches.len()).sum();
    let meter = progress.count(total, "tarballs", || 0);
    for document in documents {
        for (branch, Branch { tarball, commit, .. }) in &document.branches {
            let _task = meter.begin(tarball.file.as_str());
            let folder = layout.dist(document.kind);
            let path = folder.join(tarball.file.as_str());
            // Clients may make the name from the commit.
            let plain = folder.join(TarballName::new(&document.name, branch, commit).as_str());
            let checked = check(&path, tarball.size, &tarball.sha256)
                .map_err(|text| format!("{} {text}", path.display()))
                .and_then(|()| {
                    let reason = |error| format!("{} cannot be read: {error}", plain.display());
                    fs::metadata(&plain).map(drop).map_err(reason)
                });
            match checked {
                Ok(()) => verified.good += 1,
                Err(text) => {
                    let repository = format!("{}/{}", document.kind, document.name);
                    let branch = Some(branch.to_string());
                    verified.bad.push(ReportEntry::new(repository, branch, &text));
                }
            }
        }
    }
    verified
}

/// Checks one file. The error is the end of a sentence that begins with the path.
fn check(path: &Path, size: u64, sha256: &str) -> Result<(), String> {
    let unreadable = |error: io::Error| format!("cannot be read: {error}");
    let actual = fs::metadata(path).map_err(unreadable)?.len();
    if actual != size {
        return Err(format!("has {actual} bytes instead of {size}"));
    }
    if files::sha256(path).map_err(unreadable)? != sha256 {
        return Err(format!("does not have the SHA-256 {sha256}"));
    }
    Ok(())
}
