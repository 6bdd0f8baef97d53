//! The files that operators copy to their machine.

use std::path::{Path, PathBuf};

/// A file in `deploy/`.
#[must_use]
pub fn deploy(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("deploy").join(file)
}
