//! Tools that come from npm, each in a folder of its own below `target/`.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::process::Process;

/// How long npm may take: the largest tool has 33 MB.
const FETCH_LIMIT: Duration = Duration::from_secs(300);

/// Installs in `folder` what the `package.json` names, unless it is there already. `name` is the tool's, for
/// messages. No script of a package runs.
///
/// # Errors
///
/// npm cannot fetch it.
pub fn install(name: &str, package: &Path, folder: &Path) -> Result<()> {
    let wanted = fs::read(package).with_context(|| format!("cannot read {}", package.display()))?;
    // Put there when all else is.
    let stamp = folder.join("installed.json");
    if fs::read(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    eprintln!("xtask: npm fetches {name} into {}", folder.display());
    let put = |name: &str| fs::write(folder.join(name), &wanted);
    fs::create_dir_all(folder)
        .and_then(|()| put("package.json"))
        .with_context(|| format!("cannot write into {}", folder.display()))?;
    let mut npm = Command::new("npm");
    npm.args(["install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"]);
    npm.arg("--no-package-lock").current_dir(folder);
    match Process::start(&mut npm)?.wait_for(FETCH_LIMIT)? {
        Some(status) if status.success() => {}
        Some(status) => bail!(
            "npm could not fetch {name} ({status}), see above: it needs a network, once, or a \
             registry in its configuration"
        ),
        None => bail!("npm did not end within {} s; is there a network?", FETCH_LIMIT.as_secs()),
    }
    put("installed.json").with_context(|| format!("cannot write {}", stamp.display()))
}
