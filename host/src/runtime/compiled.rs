//! Compiled components, kept in a folder between starts: compiling takes seconds, reading
//! milliseconds.
//!
//! Not wasmtime's own cache (its feature `cache`): that brings zstd, written in C, and second versions
//! of `toml` and `thiserror`, together 45 s of processor time in a first build.
//!
//! A file is named by the digest of the `.wasm` file that it was compiled from, and begins with the
//! digest of its own content. So neither another component nor a damaged file is taken for it, and
//! wasmtime itself refuses what another version, or one with other settings, has compiled. Whatever
//! is wrong with a file, the component is compiled again: the folder may be deleted at any time.

use std::{
    fs,
    io::{self, Write},
    path::{Path, PathBuf},
    time::SystemTime,
};

use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use wasmtime::{Engine, component::Component};

/// How many compiled components a folder keeps; an application has about six.
const KEPT: usize = 32;

/// The bytes of a SHA-256.
const DIGEST: usize = 32;

/// The compiled form of a `.wasm` file: from `folder` if it is there, else compiled and put there.
/// Without a folder it is only compiled.
///
/// # Errors
///
/// The file is no component. What is wrong with the folder is no error: that only takes longer.
pub(crate) fn component(
    engine: &Engine,
    wasm: &[u8],
    folder: Option<&Path>,
) -> wasmtime::Result<Component> {
    let Some(folder) = folder else { return Component::new(engine, wasm) };
    let path = folder.join(format!("{:x}.compiled", Sha256::digest(wasm)));
    if let Some(component) = read(engine, &path) {
        return Ok(component);
    }
    let component = Component::new(engine, wasm)?;
    if let Err(error) = component.serialize().map_err(io::Error::other).and_then(|it| {
        write(folder, &path, &it)?;
        remove_old(folder)
    }) {
        eprintln!("cannot keep a compiled component in {}: {error}", folder.display());
    }
    Ok(component)
}

/// What is kept, if it is whole and of this engine.
fn read(engine: &Engine, path: &Path) -> Option<Component> {
    let bytes = fs::read(path).ok()?;
    let (digest, compiled) = bytes.split_at_checked(DIGEST)?;
    if Sha256::digest(compiled).as_slice() != digest {
        return None;
    }
    #[expect(unsafe_code, reason = "machine code from a file cannot be checked")]
    // SAFETY: these bytes are, by their digest, what `Component::serialize` gave to `write`. Who
    // could write another file with its digest into the folder could as well replace this program.
    unsafe {
        Component::deserialize(engine, compiled).ok()
    }
}

/// Puts a file in place whole, so that a host that starts at the same time sees all or nothing.
fn write(folder: &Path, path: &Path, compiled: &[u8]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let mut file = NamedTempFile::new_in(folder)?;
    file.write_all(&Sha256::digest(compiled))?;
    file.write_all(compiled)?;
    file.persist(path)?;
    Ok(())
}

/// Leaves the [`KEPT`] newest files: each new version of a component brings one.
fn remove_old(folder: &Path) -> io::Result<()> {
    let mut files: Vec<(SystemTime, PathBuf)> = fs::read_dir(folder)?
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let is_ours = path.extension().is_some_and(|name| name == "compiled");
            is_ours.then(|| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))?
        })
        .collect();
    files.sort();
    let surplus = files.len().saturating_sub(KEPT);
    // Another host may have removed it already.
    files.iter().take(surplus).for_each(|(_, path)| drop(fs::remove_file(path)));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runtime::engine::engine;

    /// The shortest component: it imports and exports nothing.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn files(folder: &Path) -> Vec<PathBuf> {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn a_component_is_compiled_once() {
        let (engine, folder) = (engine().unwrap(), tempfile::tempdir().unwrap());
        let kept = folder.path().join("new/folder");
        component(&engine, EMPTY, Some(&kept)).unwrap();
        let [file] = &files(&kept)[..] else { panic!("one file") };
        assert!(read(&engine, file).is_some());
        component(&engine, EMPTY, Some(&kept)).unwrap();
        assert_eq!(files(&kept).len(), 1);
    }

    #[test]
    fn a_damaged_file_is_compiled_again() {
        let (engine, folder) = (engine().unwrap(), tempfile::tempdir().unwrap());
        component(&engine, EMPTY, Some(folder.path())).unwrap();
        let file = &files(folder.path())[0];
        let whole = fs::read(file).unwrap();
        let mut changed = whole.clone();
        changed[DIGEST + 100] ^= 1;
        for damaged in [&whole[..0], &whole[..DIGEST], &whole[..whole.len() - 1], &changed[..]] {
            fs::write(file, damaged).unwrap();
            assert!(read(&engine, file).is_none());
            component(&engine, EMPTY, Some(folder.path())).unwrap();
            assert!(read(&engine, file).is_some());
        }
    }

    #[test]
    fn a_folder_that_cannot_be_written_only_takes_longer() {
        let (engine, folder) = (engine().unwrap(), tempfile::tempdir().unwrap());
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert!(component(&engine, EMPTY, Some(&file)).is_ok());
    }

    #[test]
    fn the_newest_files_stay() {
        let folder = tempfile::tempdir().unwrap();
        for number in 0..KEPT + 3 {
            let file = fs::File::create(folder.path().join(format!("{number}.compiled"))).unwrap();
            let time = SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(number as u64);
            file.set_modified(time).unwrap();
        }
        fs::write(folder.path().join("other"), "").unwrap();
        remove_old(folder.path()).unwrap();
        assert_eq!(files(folder.path()).len(), KEPT + 1);
        assert!(!folder.path().join("2.compiled").exists());
        assert!(folder.path().join("3.compiled").exists());
    }

    #[test]
    fn what_is_no_component_is_an_error_and_not_kept() {
        let (engine, folder) = (engine().unwrap(), tempfile::tempdir().unwrap());
        assert!(component(&engine, b"\0asm\x01\0\0\0", Some(folder.path())).is_err());
        assert!(files(folder.path()).is_empty());
    }
}
