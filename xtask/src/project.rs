//! Where things are in this checkout, and how to call cargo in it.

use std::{
    env,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result};

/// Where distributions put servers. Not everybody has these folders on `PATH`.
const SERVER_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// The component that the benchmarks compare the others with. It is not in spin.toml.
pub const BARE: &str = "bare";

/// The folder of the workspace.
pub fn root() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.parent().unwrap_or(xtask).to_owned()
}

/// A path in the target folder.
pub fn target(path: &str) -> PathBuf {
    root().join("target").join(path)
}

/// A program of this workspace, as `cargo build --release` makes it.
pub fn binary(name: &str) -> PathBuf {
    target("release").join(name)
}

/// The cargo that runs xtask, to be called in the folder of the workspace.
pub fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    // spin.toml names files in target/, so everything has to be built there.
    command.current_dir(root()).env("CARGO_TARGET_DIR", root().join("target"));
    command
}

/// The program of this name on `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// `PATH`, and the folders where servers are.
///
/// # Errors
///
/// `PATH` cannot be extended, since a folder's name has a colon.
pub fn server_path() -> Result<OsString> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain(SERVER_FOLDERS.map(PathBuf::from));
    env::join_paths(folders).context("PATH is broken")
}

/// What is in a folder, if it exists.
pub fn files(folder: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folders_of_servers_are_looked_through() {
        let path = server_path().unwrap();
        assert!(env::split_paths(&path).any(|folder| folder == Path::new("/usr/sbin")));
    }
}
