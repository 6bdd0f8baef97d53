//! Names and paths inside a tree, as bytes: Git allows any bytes but NUL and `/` in a name.
//!
//! It owns the limits for both. Names come from outside, and Git objects can hold names that no file
//! system accepts.

use crate::{content::names, error::is_disguise, limits::content::MAX_SHOWN};

/// The longest name of a file or folder in bytes, on all file systems in use (`NAME_MAX`).
const MAX_NAME: usize = 255;

/// The longest path in bytes. Linux allows 4,096 with the NUL at the end, and the name of the
/// tarball's top folder comes first.
pub(crate) const MAX_PATH: usize = 4095 - MAX_NAME - 1;

/// Why no tarball has this name or this path; `None` if it is fine.
pub(crate) fn unusable(name: &[u8], path: &[u8]) -> Option<&'static str> {
    if matches!(name, b"" | b"." | b"..") || name.iter().any(|b| matches!(b, b'/' | 0)) {
        Some("no file can have that name")
    } else if name.len() > MAX_NAME {
        Some("no file can have a name of more than 255 bytes")
    } else {
        names::refused(name).or_else(|| too_long(path))
    }
}

/// Why a path is too long; `None` if it is not.
pub(crate) fn too_long(path: &[u8]) -> Option<&'static str> {
    (path.len() > MAX_PATH).then_some("no file can have so long a path")
}

/// True for the folder in which Git keeps its own data: no tarball has it.
pub(crate) fn is_git_folder(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b".git")
}

/// Appends a name to a path. Returns the length that the path had: `path.truncate` with it removes
/// the name again.
pub(crate) fn push(path: &mut Vec<u8>, name: &[u8]) -> usize {
    let length = path.len();
    if length > 0 {
        path.push(b'/');
    }
    path.extend_from_slice(name);
    length
}

/// The folder of a path, and the name in it.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&b| b == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (&[], path),
    }
}

/// `path` below `folder`; an empty folder is the root.
pub(crate) fn join(folder: &[u8], path: &[u8]) -> Vec<u8> {
    let mut joined = folder.to_vec();
    push(&mut joined, path);
    joined
}

/// A path for messages; bytes that are not UTF-8, and what does not show itself, become U+FFFD. Of a long path, only the start
/// and the end are shown: messages are kept in memory.
pub(crate) fn shown(path: &[u8]) -> String {
    let text = |bytes: &[u8]| {
        String::from_utf8_lossy(bytes)
            .replace(is_disguise, char::REPLACEMENT_CHARACTER.encode_utf8(&mut [0; 4]))
    };
    if path.len() <= MAX_SHOWN {
        return text(path);
    }
    let (start, end) = (&path[..MAX_SHOWN / 2], &path[path.len() - MAX_SHOWN / 2..]);
    format!("{}[…]{}", text(start), text(end))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_shown_with_its_start_and_end() {
        let name = "n".repeat(MAX_SHOWN);
        assert_eq!(shown(name.as_bytes()), name);
        let path = format!("start/{name}/end");
        let text = shown(path.as_bytes());
        assert!(text.starts_with("start/nnn") && text.ends_with("nnn/end"), "{text}");
        assert_eq!(text.len(), MAX_SHOWN + "[…]".len());
        assert_eq!(shown(b"a\n\x1b[2J\xff"), "a\u{fffd}\u{fffd}[2J\u{fffd}");
        assert_eq!(
            shown("gpj.\u{202e}h\u{2066}\u{2028}é".as_bytes()),
            "gpj.\u{fffd}h\u{fffd}\u{fffd}é"
        );
    }
}
