//! Looks into a tarball that is on disk.

use std::{
    fs::File,
    io::{self, BufReader, Read, Take},
    ops::ControlFlow,
};

use flate2::read::MultiGzDecoder;

use crate::limits::tarball::MAX_BYTES;

/// Gives `visit` the files of a tarball that are wanted, with their bytes, in their order, until it breaks. `most` says
/// for a path how many bytes of a file are wanted at most, or `None`. Larger files are left out. Paths are those below
/// the top folder. Those of more than 100 bytes with it are cut: what is wanted has a short one, unless
/// the name of the repository has more than 80 bytes.
///
/// # Errors
/// The errors of reading, also if it is no tarball, or one that is longer than any can be.
pub fn visit(
    file: &File,
    most: impl Fn(&str) -> Option<u64>,
    mut visit: impl FnMut(&str, &[u8]) -> ControlFlow<()>,
) -> io::Result<()> {
    for entry in archive(file).entries()?.raw(true) {
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
    for entry in archive(file).entries()?.raw(true).take(MAX_MEMBERS) {
        let entry = entry?;
        let header = entry.header();
        let file_type = header.entry_type();
        if !file_type.is_dir() && !file_type.is_gnu_longname() {
            return Ok(header.as_bytes()[156] == b'0');
        }
    }
    Ok(false)
}

/// The members of a tarball, which nobody has checked. They are to be read raw: else the text of a long path, which comes
/// before its member, would be in memory as a whole.
fn archive(file: &File) -> tar::Archive<Take<MultiGzDecoder<BufReader<&File>>>> {
    tar::Archive::new(MultiGzDecoder::new(BufReader::new(file)).take(MAX_BYTES))
}

#[cfg(test)]
mod tests {
    use flate2::{Compression, write::GzEncoder};

    use super::*;

    /// A worker that was taken over could make one of any length.
    #[test]
    fn the_text_of_a_long_path_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.tar.gz");
        let gzip = GzEncoder::new(File::create(&path).unwrap(), Compression::fast());
        let mut tarball = tar::Builder::new(gzip);
        let long: u64 = 1 << 20;
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::GNULongName);
        header.set_size(long);
        header.set_cksum();
        tarball.append(&header, io::repeat(0).take(long)).unwrap();
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        tarball.append_data(&mut header, "X/extension.json", &b"{}"[..]).unwrap();
        tarball.into_inner().unwrap().finish().unwrap();
        let (file, mut found) = (File::open(&path).unwrap(), Vec::new());
        let most = |path: &str| (path == "extension.json").then_some(10);
        visit(&file, most, |path, bytes| {
            found.push((path.to_owned(), bytes.len()));
            ControlFlow::Continue(())
        })
        .unwrap();
        assert_eq!(found, [("extension.json".to_owned(), 2)]);
    }
}
