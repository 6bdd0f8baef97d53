//! The lines of a `.gitattributes` file (<https://git-scm.com/docs/gitattributes>): their syntax, and
//! the patterns in them, as in Git's `attr.c` and `dir.c`.

use crate::{
    Error,
    content::{checkout::wildmatch::Glob, counts::Count},
};

/// The name of the files.
pub(crate) const FILE_NAME: &[u8] = b".gitattributes";

/// Git ignores lines of this length and longer (`ATTR_MAX_LINE_LENGTH`).
pub(super) const MAX_LINE: usize = 2048;

/// What may stand between the words of a line.
const BLANK: [u8; 3] = *b" \t\r";

/// What a line says about an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State<'a> {
    /// `name`
    Set,
    /// `-name`
    Unset,
    /// `!name`: as if no line of lower precedence had said anything.
    Unspecified,
    /// `name=value`
    Value(&'a [u8]),
}

/// The name of an attribute and its state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assignment<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) state: State<'a>,
}

/// A line of a `.gitattributes`.
#[derive(Debug)]
pub(crate) struct Line<'a> {
    pub(crate) subject: Subject,
    /// What follows the pattern or the macro's name: only valid words.
    states: &'a [u8],
}

/// What the assignments of a line are for.
#[derive(Debug)]
pub(crate) enum Subject {
    /// `[attr]name …`: for the macro of that name.
    Macro(Vec<u8>),
    /// For the files that match this pattern.
    Pattern(Vec<u8>),
}

impl<'a> Line<'a> {
    /// The assignments, from the last to the first: the last one counts.
    pub(crate) fn assignments(&self) -> impl Iterator<Item = Assignment<'a>> + use<'a> {
        words(self.states).rev().filter_map(assignment)
    }
}

/// The valid lines of a `.gitattributes`. Invalid lines are left out, as in Git.
pub(crate) fn lines(text: &[u8]) -> impl Iterator<Item = Line<'_>> {
    // A string in C ends at a NUL, and so does the file for Git.
    let text = text.split(|&b| b == 0).next().unwrap_or_default();
    text.split(|&b| b == b'\n').filter_map(line)
}

fn line(text: &[u8]) -> Option<Line<'_>> {
    let trimmed = trim_start(text);
    if trimmed.is_empty() || trimmed[0] == b'#' || text.len() >= MAX_LINE {
        return None;
    }
    let (name, states) = unquote(trimmed).unwrap_or_else(|| {
        let (name, rest) = first_word(trimmed);
        (name.to_vec(), rest)
    });
    if words(states).any(|word| assignment(word).is_none()) {
        return None;
    }
    let subject = match name.strip_prefix(b"[attr]") {
        Some(name) if !name.is_empty() => {
            let (name, _) = first_word(trim_start(name));
            is_name(name).then(|| Subject::Macro(name.to_vec()))?
        }
        // In C, a text ends at its first NUL.
        _ => Subject::Pattern(name.split(|&byte| byte == 0).next().unwrap_or_default().to_vec()),
    };
    Some(Line { subject, states })
}

fn trim_start(text: &[u8]) -> &[u8] {
    &text[text.iter().take_while(|b| BLANK.contains(b)).count()..]
}

/// The first word, and what follows it.
fn first_word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|b| BLANK.contains(b)).unwrap_or(text.len()))
}

fn words(text: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    text.split(|b| BLANK.contains(b)).filter(|word| !word.is_empty())
}

/// `name`, `-name`, `!name` or `name=value`; `None` for an invalid name.
fn assignment(word: &[u8]) -> Option<Assignment<'_>> {
    let (name, value) = match word.iter().position(|&b| b == b'=') {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let (name, state) = match (name.first(), value) {
        (Some(b'-'), _) => (&name[1..], State::Unset),
        (Some(b'!'), _) => (&name[1..], State::Unspecified),
        (_, None) => (name, State::Set),
        (_, Some(value)) => (name, State::Value(value)),
    };
    is_name(name).then_some(Assignment { name, state })
}

fn is_name(name: &[u8]) -> bool {
    let known = |b: &u8| b.is_ascii_alphanumeric() || b"-._".contains(b);
    name.first().is_some_and(|&first| first != b'-') && name.iter().all(known)
}

/// Reads a pattern in quotes, with the escapes of C. Returns it and what follows it; `None` if the text
/// does not begin with one.
fn unquote(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut rest = text.strip_prefix(b"\"")?;
    let mut name = Vec::new();
    loop {
        let (&byte, after) = rest.split_first()?;
        rest = after;
        let plain = match byte {
            b'"' => return Some((name, rest)),
            b'\\' => {
                let (&escape, after) = rest.split_first()?;
                rest = after;
                match escape {
                    b'a' => 7,
                    b'b' => 8,
                    b'f' => 12,
                    b'n' => b'\n',
                    b'r' => b'\r',
                    b't' => b'\t',
                    b'v' => 11,
                    b'\\' | b'"' => escape,
                    b'0'..=b'3' => {
                        let (digits, after) = rest.split_at_checked(2)?;
                        rest = after;
                        let octal = |digit: &u8| (b'0'..=b'7').contains(digit);
                        if !digits.iter().all(octal) {
                            return None;
                        }
                        let digits = [escape, digits[0], digits[1]];
                        digits.iter().fold(0, |byte, digit| byte * 8 + (digit - b'0'))
                    }
                    _ => return None,
                }
            }
            byte => byte,
        };
        name.push(plain);
    }
}

/// The pattern of a line. It is matched with the path of a file from the folder of the
/// `.gitattributes`.
#[derive(Debug)]
pub(crate) struct Pattern {
    /// True for a pattern without a slash: it is matched with the file's name alone.
    base_name: bool,
    /// The text before the first special character: a path has to begin with it.
    prefix: Vec<u8>,
    /// The pattern for the rest of the path; `None` for a pattern that matches no file.
    rest: Option<Glob>,
}

impl Pattern {
    /// `None` for a negative pattern: Git does not allow it here.
    pub(crate) fn new(text: &[u8]) -> Option<Self> {
        if text.first() == Some(&b'!') {
            return None;
        }
        // With a slash at the end it is for folders, and folders have no attributes.
        let folder = text.last() == Some(&b'/');
        let base_name = !text.contains(&b'/');
        let text = text.strip_prefix(b"/").unwrap_or(text);
        let special = text.iter().position(|b| b"*?[\\".contains(b)).unwrap_or(text.len());
        // As in Git, a `**` at the start of the special part counts as the start of the path.
        let rest = if folder { None } else { Glob::new(&text[special..], !base_name) };
        Some(Self { base_name, prefix: text[..special].to_vec(), rest })
    }

    /// Whether the pattern matches a path, whose last name is `name`. `steps` counts 1, and those of the match if the path
    /// begins as the pattern does.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where there would be too many steps.
    pub(crate) fn matches(
        &self,
        path: &[u8],
        name: &[u8],
        steps: &mut Count,
    ) -> Result<bool, Error> {
        steps.take(1)?;
        let path = if self.base_name { name } else { path };
        let (Some(rest), Some(glob)) = (path.strip_prefix(self.prefix.as_slice()), &self.rest)
        else {
            return Ok(false);
        };
        steps.take(glob.cost(rest.len()))?;
        Ok(glob.matches(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_pattern_ends_at_its_first_nul_as_in_git() {
        let lines: Vec<_> = lines(br#""*.txt\000x" eol=crlf"#).collect();
        let [Line { subject: Subject::Pattern(pattern), .. }] = &lines[..] else { panic!() };
        assert_eq!(pattern, b"*.txt");
    }

    #[test]
    fn each_escape_of_a_quoted_pattern_is_its_byte() {
        for (escape, byte) in [
            ("\\a", 7),
            ("\\b", 8),
            ("\\f", 12),
            ("\\n", 10),
            ("\\r", 13),
            ("\\t", 9),
            ("\\v", 11),
            ("\\\"", b'"'),
            ("\\000", 0),
            ("\\101", b'A'),
            ("\\377", 255),
            ("\\012", 10),
            (" ", b' '),
        ] {
            let text = format!("\"{escape}x\" text");
            let (name, rest) = unquote(text.as_bytes()).unwrap();
            assert_eq!((name, rest), (vec![byte, b'x'], &b" text"[..]), "{escape}");
        }
        for bad in ["a", "\"a", "\"a\\", "\"\\400\"", "\"\\08a\"", "\"\\0", "\"\\x\""] {
            assert_eq!(unquote(bad.as_bytes()), None, "{bad}");
        }
    }
}
