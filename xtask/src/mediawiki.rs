//! MediaWiki 1.43 from Debian's packages, unpacked and not installed: the Debian of the machine may have another.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};

use crate::{apt::Apt, process, project::files};

/// The release of Debian that has MediaWiki 1.43.
const RELEASE: &str = "trixie";

/// Puts MediaWiki 1.43 into the folder, unless it is there already. What it needs of PHP is not part of it.
///
/// # Errors
///
/// This is no Debian, or its packages cannot be fetched.
pub fn install(folder: &Path) -> Result<()> {
    if folder.exists() {
        return Ok(());
    }
    eprintln!("xtask: apt fetches MediaWiki 1.43 into {} (50 MB)", folder.display());
    let draft = folder.with_extension("unfinished");
    if draft.exists() {
        fs::remove_dir_all(&draft).with_context(|| format!("cannot remove {}", draft.display()))?;
    }
    // Both are of the same source, and neither needs more than PHP.
    let apt = Apt::new(draft.join("apt"), RELEASE, &[])?;
    apt.run(&["update"])?;
    apt.download(&["mediawiki", "mediawiki-classes"])?;
    let archives: Vec<_> = files(&apt.archives())
        .filter(|file| file.extension().is_some_and(|end| end == "deb"))
        .collect();
    ensure!(archives.len() == 2, "apt fetched {} packages and not 2", archives.len());
    for archive in &archives {
        process::output(Command::new("dpkg-deb").arg("-x").args([archive, &draft]))?;
    }
    let defines = fs::read_to_string(draft.join("usr/share/mediawiki/includes/Defines.php"));
    ensure!(
        defines.context("no MediaWiki in its package")?.contains("'MW_VERSION', '1.43."),
        "the MediaWiki of {RELEASE} is no 1.43"
    );
    fs::remove_dir_all(apt.folder()).context("cannot remove apt's files")?;
    fs::rename(&draft, folder).with_context(|| format!("cannot put {} in place", folder.display()))
}
