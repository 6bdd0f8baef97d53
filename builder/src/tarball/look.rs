//! Looks into a tarball that is on disk.

use std::{
    fs::File,
    io::{self, BufReader, Read},
    ops::ControlFlow,
};

use flate2::read::MultiGzDecoder;

/// Gives `visit` the files of a tarball that are wanted, with their bytes, in their order, until it breaks. `most` says
/// for a path how many bytes of a file are wanted at most, or `None`. Larger files are left out. Paths are those below
/// the top folder.
///
/// # Errors
/// The errors of reading, also if it is no tarball.
pub fn visit(
    file: &File,
    most: impl Fn(&str) -> Option<u64>,
    mut visit: impl FnMut(&str, &[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    for entry in archive(file).entries()? {
        let mut entry = entry?;
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let path = path.split_once('/').map_or("", |(_, path)| path);
        if most(path).is_none_or(|most| entry.size() > most) {
            continue;
        }
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes)?;
        if visit(path, &bytes).is_break() {
            break;
        }
    }
    Ok(())
}

/// How many members are looked at to find a file. Each tarball has `version` and `gitinfo.json` among its members.
const MAX_MEMBERS: usize = 10_000;

/// True if a tarball has the current [`FORMAT`](super::FORMAT): the type byte of its first file tells.
///
/// # Errors
/// The errors of reading, also if it is no tarball.
pub fn is_current_format(file: &File) -> io::Result<bool> {
    for entry in archive(file).entries()?.take(MAX_MEMBERS) {
        let entry = entry?;
        let header = entry.header();
        if !header.entry_type().is_dir() {
            return Ok(header.as_bytes()[156] == b'0');
        }
    }
    Ok(false)
}

fn archive(file: &File) -> tar::Archive<MultiGzDecoder<BufReader<&File>>> {
    tar::Archive::new(MultiGzDecoder::new(BufReader::new(file)))
}
