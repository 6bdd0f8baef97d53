//! MediaWiki 1.43 from Debian's packages, unpacked and not installed: the Debian of the machine may have another.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};

use crate::apt;

/// The release of Debian that has MediaWiki 1.43.
const RELEASE: &str = "trixie";

/// The file that says the version.
const DEFINES: &str = "usr/share/mediawiki/includes/Defines.php";

/// Puts MediaWiki 1.43 into the folder, unless it is there already. What it needs of PHP is not part of it.
///
/// # Errors
///
/// This is no Debian, or its packages cannot be fetched.
pub fn install(folder: &Path) -> Result<()> {
    if !folder.exists() {
        eprintln!("xtask: apt fetches MediaWiki 1.43 into {} (50 MB)", folder.display());
    }
    // Both are of the same source, and neither needs more than PHP.
    apt::unpack_once(folder, RELEASE, &["mediawiki", "mediawiki-classes"], DEFINES)?;
    let defines =
        fs::read_to_string(folder.join(DEFINES)).context("no MediaWiki in its package")?;
    ensure!(
        defines.contains("'MW_VERSION', '1.43."),
        "the MediaWiki of {RELEASE} is no 1.43; remove {}",
        folder.display()
    );
    Ok(())
}
