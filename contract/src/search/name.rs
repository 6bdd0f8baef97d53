//! The parts of a repository's name.

use super::text::{Piece, pieces};

/// A name as one word, without the characters that separate its parts.
pub(super) fn joined(name: &str) -> String {
    let mut joined = String::new();
    for piece in pieces(name) {
        match piece {
            Piece::Word(word) => joined.push_str(&word),
            Piece::Run(run) => joined.extend(run),
        }
    }
    joined
}

/// The parts of a name, in lower case: `Mass`, `Message`; `OATH`, `Auth`; `3`, `D`.
pub(super) fn parts(name: &str) -> Vec<String> {
    part_starts(name).windows(2).map(|part| joined(&name[part[0]..part[1]])).collect()
}

/// The name from each of its parts to its end, in lower case.
pub(super) fn endings(name: &str) -> Vec<String> {
    part_starts(name).windows(2).map(|part| joined(&name[part[0]..])).collect()
}

/// True if a part begins at the byte `here`, which stands between these two; 0 stands for no byte.
pub(super) fn begins_part(before: u8, here: u8, after: u8) -> bool {
    here.is_ascii_alphanumeric()
        && (!before.is_ascii_alphanumeric()
            || before.is_ascii_digit() != here.is_ascii_digit()
            || before.is_ascii_lowercase() && here.is_ascii_uppercase()
            || before.is_ascii_uppercase()
                && here.is_ascii_uppercase()
                && after.is_ascii_lowercase())
}

/// The byte offsets at which the parts of a name begin, and its length.
fn part_starts(name: &str) -> Vec<usize> {
    let bytes = name.as_bytes();
    let mut starts = vec![0];
    for index in 1..bytes.len() {
        let (before, here) = (bytes[index - 1], bytes[index]);
        let after = bytes.get(index + 1).copied().unwrap_or_default();
        if begins_part(before, here, after) {
            starts.push(index);
        }
    }
    starts.push(bytes.len());
    starts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_begins_at_a_capital_a_digit_or_a_separator() {
        for (name, expected) in [
            ("MassMessage", &["mass", "message"] as &[&str]),
            ("OATHAuth", &["oath", "auth"]),
            ("3D", &["3", "d"]),
            ("Flow2Go", &["flow", "2", "go"]),
            ("Base64", &["base", "64"]),
            ("UserSQL", &["user", "sql"]),
            ("foo-bar_Baz", &["foo", "bar", "baz"]),
            ("AB-c", &["ab", "c"]),
            ("A", &["a"]),
        ] {
            assert_eq!(parts(name), expected, "{name}");
        }
    }

    #[test]
    fn an_ending_is_all_from_one_part_on() {
        assert_eq!(endings("OATHAuth2"), ["oathauth2", "auth2", "2"]);
        assert_eq!(endings("foo-bar"), ["foobar", "bar"]);
    }
}
