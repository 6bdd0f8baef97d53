//! Tools that come from PyPI, each in a virtual environment of its own below `target/`.

use std::{fs, path::Path, process::Command, time::Duration};

use anyhow::{Context, Result, bail};

use crate::{process::Process, project};

/// How long pip may take: the largest tool has 60 MB.
const FETCH_LIMIT: Duration = Duration::from_secs(600);

/// Makes `folder` a virtual environment with what `requirements` names, unless it is one already. `name` is
/// the tool's, for messages.
///
/// # Errors
///
/// There is no Python with `venv`, or pip cannot fetch it.
pub fn install(name: &str, requirements: &Path, folder: &Path) -> Result<()> {
    let wanted = fs::read(requirements)
        .with_context(|| format!("cannot read {}", requirements.display()))?;
    // Put there when all else is. The folder cannot be renamed: its programs have its path in them.
    let stamp = folder.join("requirements.txt");
    if fs::read(&stamp).is_ok_and(|there| there == wanted) {
        return Ok(());
    }
    eprintln!("xtask: pip fetches {name} into {}", folder.display());
    let mut venv = Command::new("python3");
    fetch(venv.args(["-m", "venv", "--clear"]).arg(folder)).context(
        "Python cannot make a virtual environment (Debian: apt-get install python3-venv)",
    )?;
    let mut pip = Command::new(folder.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"]);
    fetch(pip.arg(requirements)).with_context(|| {
        format!(
            "pip could not fetch {name}, see above: it needs a network, once, or an index in its \
             configuration"
        )
    })?;
    fs::write(&stamp, wanted).with_context(|| format!("cannot write {}", stamp.display()))
}

/// Makes `target/s3/`, with the S3 server of tests and benchmarks, unless it is there already.
///
/// # Errors
///
/// As [`install`].
pub fn install_s3() -> Result<()> {
    let requirements = project::root().join("tests/s3/requirements.txt");
    install("moto, an S3 server", &requirements, &project::target("s3"))
}

/// Runs a program to its end, within [`FETCH_LIMIT`].
fn fetch(command: &mut Command) -> Result<()> {
    match Process::start(command)?.wait_for(FETCH_LIMIT)? {
        Some(status) if status.success() => Ok(()),
        Some(status) => bail!("it ended with {status}"),
        None => bail!("it did not end within {} s; is there a network?", FETCH_LIMIT.as_secs()),
    }
}
