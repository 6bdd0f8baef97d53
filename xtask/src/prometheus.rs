//! Programs of Prometheus from Debian's packages, unpacked and not installed: installed, their servers would start.

use std::path::Path;

use anyhow::Result;

use crate::apt;

/// A release of Debian whose programs run on later ones, too.
const RELEASE: &str = "bookworm";

/// Puts promtool and node_exporter into the folder, unless they are there already.
///
/// # Errors
///
/// This is no Debian, or its packages cannot be fetched.
pub fn install(folder: &Path) -> Result<()> {
    if !folder.exists() {
        eprintln!(
            "xtask: apt fetches promtool and node_exporter into {} (23 MB)",
            folder.display()
        );
    }
    let packages = ["prometheus", "prometheus-node-exporter"];
    apt::unpack_once(folder, RELEASE, &packages, "usr/bin/promtool")
}
