//! Names that some systems read in another way than Linux does.
//!
//! Git refuses a name that macOS or Windows could take for `.git`: who unpacks it there would have a
//! repository whose configuration may name programs to run. Such names are left out. Other names only
//! cannot be unpacked everywhere; they stay, and are named.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
};

/// Why Git checks out no file of this name, with its defaults on macOS and Windows (`core.protectHFS`,
/// `core.protectNTFS`); `None` if it does.
pub(crate) fn refused(name: &[u8]) -> Option<&'static str> {
    if name.contains(&b'\\') {
        Some("Windows takes the backslash in its name for a slash")
    } else if is_git_on_windows(name) {
        Some("Windows takes its name for .git")
    } else if is_git_on_macos(name) {
        Some("macOS takes its name for .git")
    } else {
        None
    }
}

/// Windows ignores case, dots and spaces at the end; `.git` may have the short name `git~1`, and a colon
/// begins the name of a stream of the same file. As `is_ntfs_dotgit` of Git.
fn is_git_on_windows(name: &[u8]) -> bool {
    [b".git".as_slice(), b"git~1"].iter().any(|git| {
        let Some((start, rest)) = name.split_at_checked(git.len()) else { return false };
        let rest = rest.split(|&b| b == b':').next().unwrap_or_default();
        start.eq_ignore_ascii_case(git) && rest.iter().all(|b| b" .".contains(b))
    })
}

/// HFS+ ignores case and some characters that cannot be seen. As `is_hfs_dotgit` of Git, where the name
/// ends at the first byte that is no UTF-8.
fn is_git_on_macos(name: &[u8]) -> bool {
    let text = name.utf8_chunks().next().map_or("", |chunk| chunk.valid());
    let seen = text.chars().filter(|c| {
        !matches!(c, '\u{200c}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{206a}'..='\u{206f}' | '\u{feff}')
    });
    seen.map(|c| c.to_ascii_lowercase()).eq(".git".chars())
}

/// Why no file can have this name on Windows; `None` if one can.
pub(crate) fn not_on_windows(name: &[u8]) -> Option<String> {
    let is_special = |b: &&u8| **b < 32 || b"\"*:<>?|".contains(b);
    if let Some(&byte) = name.iter().find(is_special) {
        let byte = byte.escape_ascii();
        return Some(format!("no name there has the character {byte}"));
    }
    if let Some(b'.' | b' ') = name.last() {
        return Some("no name there ends with a dot or a space".to_owned());
    }
    let stem = name.split(|&b| b == b'.').next().unwrap_or_default();
    let stem = std::str::from_utf8(stem.trim_ascii_end()).ok()?.to_ascii_uppercase();
    let is_device = match stem.as_str() {
        "CON" | "PRN" | "AUX" | "NUL" | "CONIN$" | "CONOUT$" => true,
        stem => ["COM", "LPT"].iter().any(|port| {
            let mut number = stem.strip_prefix(port).unwrap_or_default().chars();
            matches!((number.next(), number.next()), (Some('1'..='9' | '¹' | '²' | '³'), None))
        }),
    };
    is_device.then(|| format!("{stem} is a device there"))
}

/// The names in a folder that differ from another one there only in case, each with the other one.
///
/// Compared is Unicode's simple lowercase form. Not found are names that differ in how accents are
/// composed, which macOS takes for the same, and letters with more than one lowercase form (`σ` and
/// `ς`).
pub(crate) fn twins<T>(folder: &BTreeMap<Vec<u8>, T>) -> Vec<(&[u8], &[u8])> {
    let mut twins = Vec::new();
    // The names that have another lowercase form than themselves. Two names of one form cannot both
    // be that form.
    let mut others: HashMap<Vec<u8>, &[u8]> = HashMap::new();
    for name in folder.keys() {
        let Cow::Owned(lower) = lowercase(name) else { continue };
        let twin = folder.get_key_value(&lower).map(|(twin, _)| twin.as_slice());
        match twin.or_else(|| others.get(&lower).copied()) {
            Some(twin) => twins.push((name.as_slice(), twin)),
            None => {
                others.insert(lower, name);
            }
        }
    }
    twins
}

/// The lowercase form of a name; borrowed if it is the name itself.
fn lowercase(name: &[u8]) -> Cow<'_, [u8]> {
    let lower = match std::str::from_utf8(name) {
        Ok(text) if !text.is_ascii() => text.to_lowercase().into_bytes(),
        _ if name.iter().any(u8::is_ascii_uppercase) => name.to_ascii_lowercase(),
        _ => return Cow::Borrowed(name),
    };
    if lower == name { Cow::Borrowed(name) } else { Cow::Owned(lower) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_disguise_of_git_is_refused() {
        for name in [
            ".git",
            ".GIT",
            ".gIt", // the plain ones
            ".git.",
            ".git ",
            ".git...",
            ".git . .",
            ".GIT. ", // Windows drops what is at the end
            "git~1",
            "GIT~1",
            "Git~1",
            "git~1.",
            "git~1 ",
            "git~1. .", // the short name
            ".git:",
            ".git::$INDEX_ALLOCATION",
            ".git:stream",
            ".git. :x",
            "git~1:x",
            "GIT~1...:a",
            ".git...:alternate-stream", // streams
            ".git\\x",
            "git~1\\x",
            "a\\b",
            "\\",
            "..\\..\\evil",
            "C:\\x",
            "\\evil", // backslashes
            ".\\.GIT\\foobar",
            ".git\\foobar",
            ".git...\\config",
            ".g\u{200c}it",
            ".gi\u{200d}t",
            ".git\u{200c}",
            "\u{200e}.git",
            "\u{feff}.git",
            ".G\u{200f}I\u{202a}T",
            ".\u{202b}git",
            ".\u{202e}git",
            ".g\u{206a}it",
            ".gi\u{206f}t",
            ".\u{206b}\u{206c}\u{206d}\u{206e}GIT", // characters that HFS+ ignores
        ] {
            assert!(refused(name.as_bytes()).is_some(), "{name:?}");
        }
        assert!(
            refused(b".g\xe2\x80\x8cit\xff").is_some(),
            "Git's HFS+ name ends at a broken byte"
        );
        for (name, reason) in [
            (".git ", "Windows takes its name for .git"),
            (".g\u{200c}it", "macOS takes its name for .git"),
            ("a\\b", "Windows takes the backslash in its name for a slash"),
        ] {
            assert_eq!(refused(name.as_bytes()), Some(reason));
        }
    }

    #[test]
    fn a_name_that_no_system_takes_for_git_is_not_refused() {
        for name in [
            "git",
            "git~",
            "git~2",
            "git~10",
            "git~1x",
            ".gitignore",
            ".gitmodules",
            ".gitattributes",
            ".gi",
            ".gitx",
            ".git.x",
            ".git x",
            ".git~1",
            "a.git",
            " .git",
            "..git",
            ".github",
            ".g it",
            ".g\u{200b}it",
            ".g\u{2010}it",
            ".git\u{e9}",
            ".g\u{131}t",
            ".\u{e9}git",
            "",
            "GITMOD~1",
            ".gitmodules ",
            ".gitmodules:$DATA",
            "\u{202e}",
        ] {
            assert_eq!(refused(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(refused(b".g\xffit"), None);
    }

    #[test]
    fn a_name_that_windows_does_not_take_is_told_from_others() {
        for (name, reason) in [
            ("CON", "CON is a device there"),
            ("aux.php", "AUX is a device there"),
            ("nul.tar.gz", "NUL is a device there"),
            ("prn .txt", "PRN is a device there"),
            ("COM1.txt", "COM1 is a device there"),
            ("lpt9", "LPT9 is a device there"),
            ("com\u{b9}", "COM\u{b9} is a device there"),
            ("CONIN$", "CONIN$ is a device there"),
            ("conout$.x", "CONOUT$ is a device there"),
            ("a:b", "no name there has the character :"),
            ("a*b?", "no name there has the character *"),
            ("a\nb", "no name there has the character \\n"),
            ("<", "no name there has the character <"),
            ("trail.", "no name there ends with a dot or a space"),
            ("trail ", "no name there ends with a dot or a space"),
            ("...", "no name there ends with a dot or a space"),
        ] {
            assert_eq!(not_on_windows(name.as_bytes()).as_deref(), Some(reason), "{name:?}");
        }
        for name in [
            "con-x",
            "console",
            "a.con",
            "com",
            "com0",
            "com10",
            "lptx",
            "au",
            ".aux",
            "COM1x",
            " CON",
            "a b",
            "x.php",
            "\u{e9}",
            "comb",
            "$",
            "~",
            "-x",
            "com\u{2074}",
        ] {
            assert_eq!(not_on_windows(name.as_bytes()), None, "{name:?}");
        }
        assert_eq!(not_on_windows(b"\xff"), None);
    }

    #[test]
    fn names_that_differ_only_in_case_are_twins() {
        let shown = |names: &[&[u8]]| -> Vec<String> {
            let folder = names.iter().map(|name| (name.to_vec(), ())).collect();
            let twins = twins(&folder);
            let text = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
            twins.iter().map(|(one, two)| format!("{} {}", text(one), text(two))).collect()
        };
        assert_eq!(shown(&[b"README", b"readme", b"x"]), ["README readme"]);
        assert_eq!(shown(&[b"README", b"Readme"]), ["Readme README"]);
        assert_eq!(shown(&[b"README", b"Readme", b"readme"]), ["README readme", "Readme readme"]);
        assert_eq!(shown(&["\u{c9}".as_bytes(), "\u{e9}".as_bytes()]), ["\u{c9} \u{e9}"]);
        assert_eq!(shown(&[b"A\xff", b"a\xff"]), ["A\u{fffd} a\u{fffd}"]);
        assert_eq!(shown(&[b"A\xff", b"a\xfe"]), [""; 0], "other bytes are another name");
        assert_eq!(shown(&[b"A", b"B", b"c", "\u{df}".as_bytes(), b"SS"]), [""; 0]);
    }
}
