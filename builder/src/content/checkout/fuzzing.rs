//! What the fuzzers run of this folder; see [`fuzzing`](crate::fuzzing).

use git2::Oid;

use super::{
    attributes::Attributes,
    convert::Conversion,
    gitattributes::State,
    wildmatch::{Bytes, Glob, has, named},
};
use crate::content::{
    counts::AttributeCounts,
    paths::{MAX_PATH, split},
};

/// How many steps the matching of one path may take. They take a few milliseconds.
const MAX_STEPS: u64 = 1_000_000;

/// A `.gitattributes`, and on the last line the path of a file. The file is in the root and again in the
/// folder of the path.
pub fn attributes(bytes: &[u8]) {
    let end = bytes.iter().rposition(|byte| *byte == b'\n').unwrap_or(0);
    let (text, path) = bytes.split_at(end);
    let path = path.strip_prefix(b"\n").unwrap_or(path);
    if path.len() > MAX_PATH || path.contains(&0) {
        return;
    }
    let mut counts = AttributeCounts::default();
    counts.steps.limit = MAX_STEPS;
    let Ok(mut attributes) = Attributes::root(text, &mut counts) else { return };
    let Ok(states) = attributes.of(path, &mut counts.steps) else { return };
    let Ok(again) = attributes.of(path, &mut counts.steps) else { return };
    assert_eq!(states, again);
    let _ = Conversion::new(states);
    let (folder, name) = split(path);
    if folder.is_empty() || attributes.enter(folder, text, &mut counts).is_err() {
        return;
    }
    // Without macros, the folder's own lines say of the name what the root's say of it.
    let _ = attributes.of(path, &mut counts.steps);
    attributes.leave();
    if !text.windows(6).any(|part| part == b"[attr]") {
        let mut counts = AttributeCounts::default();
        counts.steps.limit = MAX_STEPS;
        let Ok(mut below) = Attributes::root(b"", &mut counts) else { return };
        let Ok(()) = below.enter(folder, text, &mut counts) else { return };
        let Ok(at_root) = attributes.of(name, &mut counts.steps) else { return };
        let Ok(in_folder) = below.of(path, &mut counts.steps) else { return };
        assert_eq!(at_root, in_folder);
    }
    // All that was asked before has its part in the limit.
    let Ok(left) = attributes.of(path, &mut counts.steps) else { return };
    assert_eq!(left, states, "a folder that was left says nothing");
}

/// The bytes of a file; the first one chooses what happens to them.
pub fn conversion(bytes: &[u8]) {
    let Some((&choice, blob)) = bytes.split_first() else { return };
    let bit = |number: u8, set, unset| if choice >> number & 1 == 1 { set } else { unset };
    let text = bit(0, State::Set, State::Value(b"auto"));
    let eol = bit(1, State::Value(b"crlf"), State::Unspecified);
    let ident = bit(2, State::Set, State::Unset);
    let encoding = [b"", b"utf-16le-bom".as_slice(), b"UTF-32", b"latin-1"].map(State::Value)
        [usize::from(choice >> 3 & 3)];
    let (conversion, unknown) = Conversion::new([text, State::Unspecified, eol, ident, encoding]);
    assert_eq!(unknown, None);
    let (Some(conversion), Ok(id)) = (conversion, Oid::from_bytes(&[7; 20])) else { return };
    let (converted, is_not_encoded) = conversion.apply(blob, id.into());
    // `$Id$` becomes 48 bytes, a line end two, and a byte up to four, after a byte order mark of four.
    let most = 4 + blob.len() * 4 * 12;
    assert!(converted.as_ref().is_none_or(|bytes| bytes.len() <= most));
    assert!(!is_not_encoded || encoding != State::Value(b""));
    if choice & 0b1_1110 == 0b10
        && let Some(converted) = converted
    {
        // A CR LF stays one.
        assert_eq!(conversion.apply(&converted, id.into()).0, None);
    }
}

/// A pattern, a NUL and a text. The first byte says whether only `**` matches a slash.
pub fn wildmatch(bytes: &[u8]) {
    let Some((&first, rest)) = bytes.split_first() else { return };
    let paths = first & 1 == 1;
    let mut parts = rest.split(|byte| *byte == 0);
    let (Some(pattern), Some(text), None) = (parts.next(), parts.next(), parts.next()) else {
        return;
    };
    let glob = Glob::new(pattern, paths);
    // A file of attributes is refused before so many steps.
    if glob.as_ref().is_some_and(|glob| glob.cost(text.len()) >= MAX_STEPS) {
        return;
    }
    let matches = glob.is_some_and(|glob| glob.matches(text));
    let mut by_git = ByGit { pattern, text, paths, steps: 100_000 };
    match by_git.matches(0, 0) {
        Match::Unknown => {}
        result => assert_eq!(
            matches,
            result == Match::Yes,
            "{} with {}, paths: {paths}",
            pattern.escape_ascii(),
            text.escape_ascii()
        ),
    }
}

/// `dowild` of Git's `wildmatch.c`, line by line, but that it gives up.
struct ByGit<'a> {
    pattern: &'a [u8],
    text: &'a [u8],
    paths: bool,
    /// How many more steps it may take.
    steps: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Match {
    Yes,
    No,
    /// No, whatever the last `*` takes (`WM_ABORT_ALL`).
    Never,
    /// No, unless a `**` takes more (`WM_ABORT_TO_STARSTAR`).
    NotInFolder,
    /// It took too many steps.
    Unknown,
}

impl ByGit<'_> {
    /// The byte of the pattern; 0 at its end, as in C.
    fn p(&self, at: usize) -> u8 {
        self.pattern.get(at).copied().unwrap_or(0)
    }

    fn t(&self, at: usize) -> u8 {
        self.text.get(at).copied().unwrap_or(0)
    }

    fn slash(&self, from: usize) -> Option<usize> {
        let rest = self.text.get(from..).unwrap_or_default();
        Some(from + rest.iter().position(|byte| *byte == b'/')?)
    }

    fn matches(&mut self, start: usize, mut t: usize) -> Match {
        let mut p = start;
        while self.p(p) != 0 {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                return Match::Unknown;
            }
            let byte = self.t(t);
            if byte == 0 && self.p(p) != b'*' {
                return Match::Never;
            }
            match self.p(p) {
                b'?' if self.paths && byte == b'/' => return Match::No,
                b'?' => {}
                b'[' => match self.bracket(&mut p, byte) {
                    None => return Match::Never,
                    Some(false) => return Match::No,
                    Some(true) if self.paths && byte == b'/' => return Match::No,
                    Some(true) => {}
                },
                b'*' => {
                    if let Some(result) = self.star(start, &mut p, &mut t) {
                        return result;
                    }
                }
                b'\\' => {
                    p += 1;
                    if byte != self.p(p) {
                        return Match::No;
                    }
                }
                literal if byte != literal => return Match::No,
                _ => {}
            }
            (p, t) = (p + 1, t + 1);
        }
        if self.t(t) == 0 { Match::Yes } else { Match::No }
    }

    /// `None` if the match goes on behind the slash at `t`.
    fn star(&mut self, start: usize, p: &mut usize, t: &mut usize) -> Option<Match> {
        let mut slashes = !self.paths;
        *p += 1;
        if self.p(*p) == b'*' {
            let before = *p - 1;
            while self.p(*p) == b'*' {
                *p += 1;
            }
            // Git looks at the byte before the `**`, but not before the start of this call's pattern.
            let begins = before < start + 1 || self.p(before - 1) == b'/';
            let ends = matches!((self.p(*p), self.p(*p + 1)), (0 | b'/', _) | (b'\\', b'/'));
            if self.paths && begins && ends {
                if self.p(*p) == b'/' && self.matches(*p + 1, *t) == Match::Yes {
                    return Some(Match::Yes);
                }
                slashes = true;
            }
        }
        if self.p(*p) == 0 {
            let stays = slashes || self.slash(*t).is_none();
            return Some(if stays { Match::Yes } else { Match::NotInFolder });
        }
        if !slashes && self.p(*p) == b'/' {
            *t = match self.slash(*t) {
                Some(slash) => slash,
                None => return Some(Match::Never),
            };
            return None;
        }
        while self.t(*t) != 0 {
            match self.matches(*p, *t) {
                Match::No if !slashes && self.t(*t) == b'/' => return Some(Match::NotInFolder),
                Match::No => {}
                Match::NotInFolder if slashes => {}
                result => return Some(result),
            }
            *t += 1;
        }
        Some(Match::Never)
    }

    /// Whether the bracket at `p` has the byte; `None` if it never ends. `p` is its end then.
    fn bracket(&self, p: &mut usize, byte: u8) -> Option<bool> {
        *p += 1;
        let negated = matches!(self.p(*p), b'!' | b'^');
        *p += usize::from(negated);
        let (mut previous, mut found) = (0, false);
        loop {
            let mut low = self.p(*p);
            match low {
                0 => return None,
                b'\\' => {
                    *p += 1;
                    low = self.p(*p);
                    if low == 0 {
                        return None;
                    }
                    found |= byte == low;
                }
                b'-' if previous != 0 && !matches!(self.p(*p + 1), 0 | b']') => {
                    *p += 1;
                    if self.p(*p) == b'\\' {
                        *p += 1;
                    }
                    let high = self.p(*p);
                    if high == 0 {
                        return None;
                    }
                    found |= (previous..=high).contains(&byte);
                    low = 0;
                }
                b'[' if self.p(*p + 1) == b':' => {
                    let name = self.pattern.get(*p + 2..)?;
                    let length = name.iter().position(|byte| *byte == b']')?;
                    match name[..length].strip_suffix(b":") {
                        Some(name) => {
                            let set: Bytes = named(name)?;
                            found |= has(&set, byte);
                            *p += 2 + length;
                            low = 0;
                        }
                        None => found |= byte == b'[',
                    }
                }
                low => found |= byte == low,
            }
            previous = low;
            *p += 1;
            if self.p(*p) == b']' {
                return Some(found != negated);
            }
        }
    }
}
