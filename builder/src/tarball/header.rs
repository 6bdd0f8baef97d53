//! The headers of one member: what each field says, so that every unpacker reads the same.
//!
//! The form is GNU's. GNU tar 1.34, bsdtar 3.6, busybox 1.35, Python 3.8 to 3.13 and PHP 8.2 (`PharData`)
//! unpacked three forms of long paths, with bytes that are not UTF-8 among them:
//!
//! | form | what came out |
//! |---|---|
//! | GNU (`L`): a member before the header holds the path | the same everywhere |
//! | pax (`x`): a record before the header holds it | PHP does not know it, and takes the name in the header. bsdtar unpacks, but fails for a path that is not UTF-8 |
//! | ustar: the path is split into the fields `prefix` and `name` | the same everywhere, but only for paths of up to 255 bytes with a slash in the right place. So one of the others is needed as well |
//!
//! **Only the `L` member says a long path.** The header after it has a name field, too, which a program can
//! take for the path. Here it has a hash: no slash at a place that the content can choose. With the first 100
//! bytes of the path in it and NUL as the type byte, Python took a file for a folder if the last of these
//! bytes was a slash, and then read the file's own bytes as members.
//!
//! The other fields: owner and group are 0 without names, the mode is 0755 or 0644, link and device are empty.
//! The size has 11 octal digits, enough for 8 GiB; a tarball has less (`limits/tarball.rs`). All numbers are
//! octal: binary ones are GNU's own, and octal digits reach until 2242.

use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use tar::{EntryType, Header};

use crate::limits::tarball::MAX_TIME;

/// The size of a tar block in bytes.
pub(crate) const BLOCK: usize = 512;

/// The size of the name field in bytes.
const NAME_FIELD: usize = 100;

/// The name field of a member that holds a long path, as GNU tar writes it.
const LONG_PATH: &[u8] = b"././@LongLink";

/// What a member is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Folder,
    File {
        /// True if its mode is 0755.
        executable: bool,
    },
}

/// The blocks before the content of a member: its header, and before that its path if it is long.
///
/// `top` is the name of the top folder, and `path` is below it; it is empty for the top folder itself. `size`
/// is that of the content in bytes, `committed_at` is in Unix seconds.
pub(crate) fn blocks(top: &str, path: &[u8], kind: Kind, size: u64, committed_at: i64) -> Vec<u8> {
    let full_path = full_path(top, path, kind);
    let (entry_type, mode) = match kind {
        Kind::Folder => (EntryType::Directory, 0o755),
        Kind::File { executable: true } => (EntryType::Regular, 0o755),
        Kind::File { executable: false } => (EntryType::Regular, 0o644),
    };
    let mtime = mtime(committed_at);
    if full_path.len() <= NAME_FIELD {
        return header(&full_path, entry_type, mode, size, mtime);
    }
    let with_nul = full_path.len() as u64 + 1;
    let mut blocks = header(LONG_PATH, EntryType::GNULongName, 0o644, with_nul, 0);
    blocks.extend_from_slice(&full_path);
    blocks.push(0);
    blocks.resize(blocks.len().next_multiple_of(BLOCK), 0);
    blocks.extend(header(&name_of_long(top, &full_path), entry_type, mode, size, mtime));
    blocks
}

/// How many bytes [`blocks`] has.
pub(crate) fn size(top: &str, path: &[u8], kind: Kind) -> u64 {
    let slashes = usize::from(!path.is_empty()) + usize::from(kind == Kind::Folder);
    let length = top.len() + path.len() + slashes;
    let header = BLOCK as u64;
    if length <= NAME_FIELD { header } else { 2 * header + filled(length as u64 + 1) }
}

/// The room that content of `size` bytes takes: whole blocks.
pub(crate) fn filled(size: u64) -> u64 {
    size.next_multiple_of(BLOCK as u64)
}

/// The path from the root of the tarball. That of a folder ends with a slash, as all tar programs write it.
fn full_path(top: &str, path: &[u8], kind: Kind) -> Vec<u8> {
    let mut full_path = top.as_bytes().to_vec();
    if !path.is_empty() {
        full_path.push(b'/');
        full_path.extend_from_slice(path);
    }
    if kind == Kind::Folder {
        full_path.push(b'/');
    }
    full_path
}

/// The name field of a member whose path is long: the top folder and 16 hexadecimal digits of the path's
/// SHA-256, or the digits alone if there is no room for more.
fn name_of_long(top: &str, full_path: &[u8]) -> Vec<u8> {
    let hash = format!("{:x}", Sha256::digest(full_path));
    let hash = &hash[..16];
    let name = format!("{top}/{hash}");
    if name.len() < NAME_FIELD { name } else { hash.to_owned() }.into_bytes()
}

/// A header block. `name` has at most [`NAME_FIELD`] bytes.
fn header(name: &[u8], entry_type: EntryType, mode: u32, size: u64, mtime: u64) -> Vec<u8> {
    let mut header = Header::new_gnu();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name);
    header.set_entry_type(entry_type);
    header.set_mode(mode);
    header.set_uid(0);
    header.set_gid(0);
    header.set_size(size);
    header.set_mtime(mtime);
    header.set_cksum();
    header.as_bytes().to_vec()
}

/// Seconds as a header holds them. A commit from before 1970 gets the first second of 1970, one from after
/// 2242 the last second that there is.
fn mtime(committed_at: i64) -> u64 {
    u64::try_from(committed_at).unwrap_or(0).min(MAX_TIME)
}

/// The time of the tarball's own file: that of its members, so that a web server's `ETag` and `Last-Modified` are
/// the same wherever the tarball was made. Also a time in the future stays, since each machine would replace it
/// by another one. `committed_at` is in Unix seconds.
pub fn file_time(committed_at: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(mtime(committed_at))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: Kind = Kind::File { executable: false };

    fn field(header: &[u8], from: usize, length: usize) -> &[u8] {
        let field = &header[from..from + length];
        &field[..field.iter().position(|&byte| byte == 0).unwrap_or(length)]
    }

    #[test]
    fn the_type_byte_says_what_a_member_is() {
        for (path, kind, type_byte) in [
            ("file", FILE, b'0'),
            ("folder", Kind::Folder, b'5'),
            (&"long/".repeat(30), FILE, b'0'),
        ] {
            let blocks = blocks("Top", path.as_bytes(), kind, 7, 0);
            assert_eq!(blocks.len() % BLOCK, 0);
            let header = &blocks[blocks.len() - BLOCK..];
            assert_eq!(header[156], type_byte, "{path}");
            assert_eq!(field(header, 257, 8), b"ustar  ", "{path}");
        }
    }

    #[test]
    fn a_path_that_fits_is_in_the_header_and_a_longer_one_is_before_it() {
        for (length, is_long) in [(99, false), (100, false), (101, true)] {
            let path = "p".repeat(length - "Top/".len());
            let blocks = blocks("Top", path.as_bytes(), FILE, 0, 0);
            assert_eq!(blocks.len(), if is_long { 3 * BLOCK } else { BLOCK }, "{length}");
            let full_path = format!("Top/{path}");
            if is_long {
                assert_eq!((field(&blocks, 0, 100), blocks[156]), (LONG_PATH, b'L'));
                assert_eq!(field(&blocks, 124, 12), b"00000000146", "102 bytes, with the NUL");
                assert_eq!(field(&blocks, BLOCK, BLOCK), full_path.as_bytes());
            } else {
                assert_eq!(field(&blocks, 0, 100), full_path.as_bytes());
            }
        }
        // A folder's slash counts.
        assert_eq!(blocks("Top", "p".repeat(95).as_bytes(), Kind::Folder, 0, 0).len(), BLOCK);
        assert_eq!(blocks("Top", "p".repeat(96).as_bytes(), Kind::Folder, 0, 0).len(), 3 * BLOCK);
    }

    #[test]
    fn the_size_is_known_without_making_the_blocks() {
        for length in (0..120).chain([507, 508, 509, 1_000]) {
            for kind in [FILE, Kind::Folder] {
                let path = "p".repeat(length);
                let blocks = blocks("Top", path.as_bytes(), kind, 0, 0);
                assert_eq!(size("Top", path.as_bytes(), kind), blocks.len() as u64, "{length}");
            }
        }
    }

    #[test]
    fn the_name_field_of_a_long_path_has_nothing_of_the_path() {
        let top = "n".repeat(100);
        for (top, start) in [("Top", "Top/"), (top.as_str(), "")] {
            for slash in 90..110 {
                let path = format!("{}/x", "d".repeat(slash));
                let blocks = blocks(top, path.as_bytes(), FILE, 0, 0);
                if blocks.len() == BLOCK {
                    continue;
                }
                let name = field(&blocks[blocks.len() - BLOCK..], 0, 100);
                let hash = std::str::from_utf8(name).unwrap().strip_prefix(start).unwrap();
                assert_eq!(hash.len(), 16, "{hash}");
                assert!(hash.bytes().all(|byte| byte.is_ascii_hexdigit()), "{hash}");
            }
        }
    }

    #[test]
    fn a_time_that_no_header_can_say_becomes_the_nearest_one() {
        for (committed_at, digits) in [
            (i64::MIN, "00000000000"),
            (-1, "00000000000"),
            (1_787_203_577, "15241507771"),
            (1 << 33, "77777777777"),
            (i64::MAX, "77777777777"),
        ] {
            let blocks = blocks("Top", b"file", FILE, 0, committed_at);
            assert_eq!(field(&blocks, 136, 12), digits.as_bytes(), "{committed_at}");
        }
    }
}
