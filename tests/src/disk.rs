//! The files in a folder, so that a test can compare before with after.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

/// The bytes of files, by path below a folder.
pub type Files = BTreeMap<String, Vec<u8>>;

/// All files in `folder` and below it; none if there is no such folder.
#[must_use]
pub fn files(folder: &Path) -> Files {
    let mut files = Files::new();
    collect(folder, "", &mut files);
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Files) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.map(Result::unwrap) {
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            collect(&entry.path(), &format!("{name}/"), files);
        } else if let Ok(bytes) = fs::read(entry.path()) {
            files.insert(name, bytes);
        }
    }
}

/// The SHA-256 of bytes in hexadecimal digits, as in the answers.
#[must_use]
pub fn sha256(bytes: &[u8]) -> String {
    format!("{:x}", Sha256::digest(bytes))
}

/// The disk space of all files in `folder` and below it, in bytes. A file that vanishes meanwhile does
/// not count.
#[must_use]
pub(crate) fn size(folder: &Path) -> u64 {
    paths(folder).iter().filter_map(|path| path.symlink_metadata().ok()).map(|it| it.len()).sum()
}

/// The paths of all files and folders below `folder`; none if there is no such folder.
#[must_use]
pub(crate) fn paths(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            paths.push(entry.path());
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                open.push(entry.path());
            }
        }
    }
    paths
}
