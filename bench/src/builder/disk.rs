//! Files on disk, counted with their bytes.

use std::{fs, os::unix::fs::MetadataExt, path::Path};

use anyhow::{Context, Result};

/// Files and their bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Disk {
    pub(crate) files: u32,
    pub(crate) bytes: f64,
}

impl Disk {
    /// All files below a folder, with the space that they take.
    pub(crate) fn all(folder: &Path) -> Result<Self> {
        let mut disk = Self::default();
        disk.add(folder, &|_| true, &|metadata| metadata.blocks() * 512)?;
        Ok(disk)
    }

    /// The tarballs below a folder, with their length.
    pub(crate) fn dist(folder: &Path) -> Result<Self> {
        let mut disk = Self::default();
        disk.add(folder, &|name| name.ends_with(".tar.gz"), &fs::Metadata::len)?;
        Ok(disk)
    }

    fn add(
        &mut self,
        folder: &Path,
        counts: &dyn Fn(&str) -> bool,
        size: &dyn Fn(&fs::Metadata) -> u64,
    ) -> Result<()> {
        if !folder.exists() {
            return Ok(());
        }
        let entries =
            fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()));
        for entry in entries? {
            let entry = entry?;
            let metadata = entry.metadata()?;
            if metadata.is_dir() {
                self.add(&entry.path(), counts, size)?;
            } else if counts(&entry.file_name().to_string_lossy()) {
                self.files += 1;
                #[expect(clippy::cast_precision_loss, reason = "for people to read")]
                let bytes = size(&metadata) as f64;
                self.bytes += bytes;
            }
        }
        Ok(())
    }
}
