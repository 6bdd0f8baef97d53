//! File systems that are mounted for a test. Mostly only root may do that.

use std::path::{Path, PathBuf};
use std::process::Command;

/// A file system that is mounted at a folder until this is dropped.
#[derive(Debug)]
pub(crate) struct Mount(PathBuf);

impl Mount {
    /// Mounts with these arguments. `Err` if this user may not.
    pub(crate) fn new(folder: &Path, arguments: &[&str]) -> Result<Self, String> {
        mount(folder, arguments).map(|()| Self(folder.to_owned()))
    }
}

/// Mounts at a folder with these arguments. `Err` if this user may not.
pub(crate) fn mount(folder: &Path, arguments: &[&str]) -> Result<(), String> {
    match Command::new("mount").args(arguments).arg(folder).output() {
        Ok(run) if run.status.success() => Ok(()),
        Ok(run) => Err(format!("cannot mount: {}", String::from_utf8_lossy(&run.stderr).trim())),
        Err(error) => Err(format!("cannot mount: {error}")),
    }
}

impl Drop for Mount {
    fn drop(&mut self) {
        // Lazily: a process that was killed may still have a file open there.
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}
