//! A Gitea, which Go builds from its source, in a folder below `target/`.
//!
//! No registry has it as a program. The build takes minutes, so only `cargo xtask test --gitea` does it, once.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail, ensure};

use crate::process::{self, Process};

/// The module of Gitea with its version. Later ones need modules that Go's proxy does not have.
const MODULE: &str = "code.gitea.io/gitea@v1.26.0";

/// How long the build may take.
const BUILD_LIMIT: Duration = Duration::from_secs(3600);

/// The file that says where the source is: Gitea reads its templates and texts there. It is written last, so that
/// everything else is there with it.
const STAMP: &str = "source";

/// True if this version of Gitea was built in `folder`, and its source is still there.
#[must_use]
pub fn is_built(folder: &Path) -> bool {
    let source = fs::read_to_string(folder.join(STAMP)).map(PathBuf::from);
    source.is_ok_and(|source| source.ends_with(MODULE) && source.is_dir())
}

/// Builds Gitea in `folder`, unless that was done already.
///
/// # Errors
///
/// Go is missing or too old, the modules cannot be fetched, or they cannot be built.
pub fn build(folder: &Path) -> Result<()> {
    if is_built(folder) {
        return Ok(());
    }
    let download =
        process::output(Command::new("go").args(["mod", "download", "-json", MODULE]))
            .context("Gitea needs Go 1.26 or newer (https://go.dev/dl), and a network, once")?;
    let source = folder_of(&download)?;
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    eprintln!("xtask: Go builds Gitea in {}, which takes minutes", folder.display());
    let mut go = Command::new("go");
    go.args(["build", "-tags", "sqlite sqlite_unlock_notify", "-o"]).arg(folder.join("gitea"));
    go.arg(".").current_dir(&source);
    match Process::start(&mut go)?.wait_for(BUILD_LIMIT)? {
        Some(status) if status.success() => {}
        Some(status) => bail!("Go could not build Gitea ({status}), see above"),
        None => bail!("Go did not build Gitea within {} s", BUILD_LIMIT.as_secs()),
    }
    let stamp = folder.join(STAMP);
    fs::write(&stamp, source.as_os_str().as_encoded_bytes())
        .with_context(|| format!("cannot write {}", stamp.display()))
}

/// The folder of the source, by what `go mod download -json` says.
fn folder_of(download: &str) -> Result<PathBuf> {
    let line = download.lines().find_map(|line| line.trim().strip_prefix("\"Dir\": \""));
    let folder = line.and_then(|line| line.split('"').next()).context("Go names no folder")?;
    ensure!(Path::new(folder).is_dir(), "{folder} is not there");
    Ok(folder.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_says_names_the_folder_of_the_source() {
        let download =
            |folder: &str| format!("{{\n\t\"Path\": \"x\",\n\t\"Dir\": \"{folder}\",\n}}");
        assert_eq!(folder_of(&download("/")).unwrap(), Path::new("/"));
        assert!(folder_of(&download("/no/such/folder")).is_err());
        assert!(folder_of("{}").is_err());
    }
}
