//! `tardist verify`: checks that the snapshot is what was written, and that every tarball in it exists and has the
//! published size and SHA-256. On a node, whose tarballs are in the store, it checks the snapshot alone, which has to be
//! the one that was pulled. Changes nothing.

use std::{fs, io, path::Path};

use tardist_contract::{
    TarballName,
    document::{Branch, Repository},
};

use crate::{
    Error,
    commands::output::Output,
    cycle::report::ReportEntry,
    data_dir::{files, layout::Layout},
    progress::Progress,
    snapshot::{Snapshot, Unreadable, made_anew},
    store::pull::{self, Difference},
};

/// Checks the snapshot and every tarball, and lists what differs. The exit status is 1 if something differs, or if
/// there is no snapshot.
///
/// # Errors
/// [`Error::Io`] if the system does not say what is in the data directory.
pub fn run(layout: &Layout, progress: &Progress) -> Result<Output, Error> {
    let is_node = layout.is_node()?;
    let documents = match documents(layout, is_node) {
        Ok(documents) => documents,
        Err(text) => return Ok(Output { text, exit_status: 1 }),
    };
    if is_node {
        if let Some(difference) = pull::compare(layout)? {
            return Ok(Output { text: differs(layout, difference), exit_status: 1 });
        }
        let count: usize = documents.iter().map(|document| document.branches.len()).sum();
        let text = format!(
            "The snapshot is as pulled. This is a node: the {count} tarballs that it names are in the store, and are \
             not checked here."
        );
        return Ok(Output { text, exit_status: 0 });
    }
    Ok(told(&verify(&documents, layout, progress)))
}

/// Checks the snapshot, and reads the documents in it. The error is what to tell.
fn documents(layout: &Layout, is_node: bool) -> Result<Vec<Repository>, String> {
    let path = layout.snapshot();
    let snapshot = Snapshot::open(&path).map_err(|reason| match reason {
        Unreadable::Missing => {
            let command = if is_node { "pull" } else { "sync" };
            let root = layout.root().display();
            format!("There is no snapshot in {root}: run `tardist {command}` first.")
        }
        _ => unusable(&path, &reason.to_string(), reason.remedy(is_node)),
    })?;
    let documents = || snapshot.documents().map_err(|error| error.to_string());
    snapshot
        .check()
        .and_then(|()| documents())
        .map_err(|reason| unusable(&path, &reason, made_anew(is_node)))
}

/// The sentence about a snapshot that is whole, and not what was pulled.
fn differs(layout: &Layout, difference: Difference) -> String {
    let path = layout.snapshot();
    let (reason, remedy) = match difference {
        Difference::Replaced => (
            format!("is not the file that {} names", layout.pulled().display()),
            "run `tardist pull`, which compares it with the store",
        ),
        Difference::Damaged => {
            ("does not have the SHA-256 that was pulled".to_owned(), made_anew(true))
        }
    };
    format!("The snapshot {} {reason}; {remedy}.", path.display())
}

/// What was found, and the exit status.
fn told(Verified { good, bad }: &Verified) -> Output {
    if bad.is_empty() {
        let text = format!("The snapshot and all {good} tarballs are as published.");
        return Output { text, exit_status: 0 };
    }
    let lines: String = bad.iter().map(|bad| format!("\n  {bad}")).collect();
    let text = format!(
        "{good} tarballs are as published, {} are not. `tardist sync` makes tarballs again that are missing or \
         have the wrong size, and others when it compares their bytes; `tardist sync --force --only KIND/NAME` makes \
         all tarballs of a repository again:{lines}",
        bad.len()
    );
    Output { text, exit_status: 1 }
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn verified(layout: &Layout) -> Output {
        run(layout, &Progress::new(true)).unwrap()
    }

    #[test]
    fn what_is_wrong_on_a_node_is_mended_by_a_pull() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        for (is_node, missing, damaged) in [
            (false, "run `tardist sync` first", "`tardist sync` writes it anew"),
            (true, "run `tardist pull` first", "`tardist pull` fetches it anew"),
        ] {
            if is_node {
                fs::write(layout.pulled(), "{}").unwrap();
            }
            fs::write(layout.snapshot(), "").unwrap();
            let output = verified(&layout);
            assert!(output.text.contains(missing), "{}", output.text);
            fs::write(layout.snapshot(), "no database").unwrap();
            let output = verified(&layout);
            assert!(output.text.contains(damaged), "{}", output.text);
            assert_eq!(output.exit_status, 1);
        }
    }

    #[test]
    fn a_snapshot_that_cannot_be_read_is_told_with_its_path_and_the_error_of_the_system() {
        let folder = tempfile::tempdir().unwrap();
        let layout = Layout::new(folder.path());
        let path = layout.snapshot();
        symlink(&path, &path).unwrap();
        let output = verified(&layout);
        let says = format!(
            "The snapshot {} cannot be used: it cannot be read: Too many levels of symbolic links",
            path.display()
        );
        assert!(output.text.starts_with(&says), "{}", output.text);
        assert_eq!(output.exit_status, 1);
    }
}
