//! The members of a tarball.

use std::io::Read;
use std::path::Path;

use flate2::read::GzDecoder;
use tar::{Archive, EntryType};

/// One member of a tarball.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its full path; that of a folder ends in `/`.
    pub path: String,
    /// The permission bits.
    pub mode: u32,
    /// The ids of its user and its group.
    pub owner: (u64, u64),
    /// Its modification time, in Unix seconds.
    pub mtime: u64,
    /// The bytes of a regular file; `None` for a folder.
    pub bytes: Option<Vec<u8>>,
}

/// The members of a tarball, in their order. Fails the test if one is neither a regular file nor a
/// folder.
#[must_use]
#[track_caller]
pub fn members(file: &Path) -> Vec<Member> {
    let file = std::fs::File::open(file).unwrap();
    let mut archive = Archive::new(GzDecoder::new(file));
    let mut members = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let header = entry.header().clone();
        let path = String::from_utf8(entry.path_bytes().into_owned()).unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        let bytes = match header.entry_type() {
            EntryType::Regular => Some(bytes),
            EntryType::Directory => None,
            other => panic!("{path} is a {other:?}"),
        };
        members.push(Member {
            path,
            mode: header.mode().unwrap(),
            owner: (header.uid().unwrap(), header.gid().unwrap()),
            mtime: header.mtime().unwrap(),
            bytes,
        });
    }
    members
}
