//! Git attributes (<https://git-scm.com/docs/gitattributes>): what the `.gitattributes` files of a
//! tree say of a path.
//!
//! It owns their syntax, their patterns and their precedence, as Git's `attr.c`, `dir.c` and
//! `wildmatch.c` have them; what the answers mean for a file's bytes is [`crate::convert`]'s. A test
//! compares both with the `git` program.
//!
//! Why not a library: libgit2 reads attributes of an index or a work tree and knows no quoted
//! patterns, and both it and gix-glob take time exponential in the number of `**/` of a pattern (22 of
//! them: half a minute a path). Patterns come from outside. Here a pattern becomes the states of an automaton, so that a match
//! costs at most pattern × path, and [`Attributes`] counts that.

use std::collections::BTreeMap;

use crate::{Error, wildmatch::Glob};

/// The name of the files.
pub const FILE_NAME: &[u8] = b".gitattributes";

/// The longest line that counts, as in Git (`ATTR_MAX_LINE_LENGTH`).
const MAX_LINE: usize = 2048;

/// How many bytes the `.gitattributes` files of a tree may have; those of Wikimedia's extensions have
/// below 1 kB.
pub const MAX_FILE: usize = 1 << 20;

/// How many steps the matching of one tree's paths may take: Wikibase's 6,000 files with a hundred
/// patterns take below 10⁸.
const MAX_STEPS: u64 = 20_000_000_000;

/// What may stand between the words of a line.
const BLANK: [u8; 3] = *b" \t\r";

/// What a line says of an attribute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// `name`
    Set,
    /// `-name`
    Unset,
    /// `!name`: as if no line of lower precedence had said anything.
    Unspecified,
    /// `name=value`
    Value(Vec<u8>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Assignment {
    name: Vec<u8>,
    state: State,
}

#[derive(Debug)]
struct Rule {
    pattern: Pattern,
    assignments: Vec<Assignment>,
}

#[derive(Debug)]
enum Line {
    Macro(Vec<u8>, Vec<Assignment>),
    Rule(Rule),
}

/// The attributes that hold in a folder: those of its own `.gitattributes` and of all above it, up
/// to the root of the repository or submodule. A walk through a tree opens and closes folders.
#[derive(Debug)]
pub struct Attributes {
    /// From the root down: where each open folder begins in a path, and its rules.
    open: Vec<(usize, Vec<Rule>)>,
    macros: BTreeMap<Vec<u8>, Vec<Assignment>>,
    steps: u64,
}

impl Attributes {
    /// Those of a root folder that has this `.gitattributes`.
    pub fn root(text: &[u8]) -> Self {
        let binary = [b"diff", b"merge".as_slice(), b"text"]
            .map(|name| Assignment { name: name.to_vec(), state: State::Unset });
        let mut this = Self {
            open: Vec::new(),
            macros: BTreeMap::from([(b"binary".to_vec(), binary.into())]),
            steps: 0,
        };
        let mut rules = Vec::new();
        for line in lines(text) {
            match line {
                Line::Rule(rule) => rules.push(rule),
                Line::Macro(name, assignments) => {
                    this.macros.insert(name, assignments);
                }
            }
        }
        this.open.push((0, rules));
        this
    }

    /// Enters a folder that has this `.gitattributes`; its path is from the root, without a slash at
    /// its end. Macros are the root's alone: lines that define one are passed over.
    pub fn enter(&mut self, path: &[u8], text: &[u8]) {
        let rules = lines(text).filter_map(|line| match line {
            Line::Rule(rule) => Some(rule),
            Line::Macro(..) => None,
        });
        self.open.push((path.len() + 1, rules.collect()));
    }

    /// Leaves the folder that was entered last.
    pub fn leave(&mut self) {
        self.open.pop();
    }

    /// What is said of the file at a path from the root, which is in the folder entered last: the
    /// states of these attributes, [`State::Unspecified`] where nothing is.
    ///
    /// # Errors
    /// [`Error::TooLarge`] where hostile patterns would take for ever.
    pub fn of<const N: usize>(
        &mut self,
        path: &[u8],
        names: [&str; N],
    ) -> Result<[State; N], Error> {
        let mut said: BTreeMap<&[u8], &State> = BTreeMap::new();
        for (start, rules) in self.open.iter().rev() {
            let name = path.get(*start..).unwrap_or_default();
            for rule in rules.iter().rev() {
                self.steps += rule.pattern.cost(name);
                if self.steps > MAX_STEPS {
                    return Err(Error::TooLarge {
                        limit: MAX_STEPS,
                        unit: "steps to match the patterns of .gitattributes",
                    });
                }
                if rule.pattern.matches(name) {
                    fill(&mut said, &self.macros, &rule.assignments);
                }
            }
        }
        Ok(names.map(|name| {
            said.get(name.as_bytes()).map_or(State::Unspecified, |state| (*state).clone())
        }))
    }
}

/// Notes what a line says, its last word first, where nothing of higher precedence has spoken yet.
/// A macro that is set says what its own line says. Not by recursion: a thousand macros may each
/// set the next.
fn fill<'a>(
    said: &mut BTreeMap<&'a [u8], &'a State>,
    macros: &'a BTreeMap<Vec<u8>, Vec<Assignment>>,
    assignments: &'a [Assignment],
) {
    let mut open = vec![assignments];
    while let Some(rest) = open.last_mut() {
        let Some((last, before)) = rest.split_last() else {
            open.pop();
            continue;
        };
        *rest = before;
        if said.contains_key(last.name.as_slice()) {
            continue;
        }
        said.insert(&last.name, &last.state);
        if last.state == State::Set
            && let Some(assignments) = macros.get(&last.name)
        {
            open.push(assignments);
        }
    }
}

/// The lines of a `.gitattributes` that are right; Git passes over the others too.
fn lines(text: &[u8]) -> impl Iterator<Item = Line> {
    // Git's strings end at a NUL, and so does the file.
    let text = text.split(|&b| b == 0).next().unwrap_or_default();
    text.split(|&b| b == b'\n').filter_map(line)
}

fn line(text: &[u8]) -> Option<Line> {
    let blanks = text.iter().take_while(|b| BLANK.contains(b)).count();
    let trimmed = &text[blanks..];
    if trimmed.is_empty() || trimmed[0] == b'#' || text.len() >= MAX_LINE {
        return None;
    }
    let (name, states) = unquote(trimmed).unwrap_or_else(|| {
        let (name, rest) = word(trimmed);
        (name.to_vec(), rest)
    });
    let assignments = words(states).map(assignment).collect::<Option<Vec<_>>>()?;
    match name.strip_prefix(b"[attr]") {
        Some(name) if !name.is_empty() => {
            let blanks = name.iter().take_while(|b| BLANK.contains(b)).count();
            let (name, _) = word(&name[blanks..]);
            is_name(name).then(|| Line::Macro(name.to_vec(), assignments))
        }
        _ => Some(Line::Rule(Rule { pattern: Pattern::new(&name)?, assignments })),
    }
}

/// The first word, and what follows it.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(|b| BLANK.contains(b)).unwrap_or(text.len()))
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| BLANK.contains(b)).filter(|word| !word.is_empty())
}

fn assignment(word: &[u8]) -> Option<Assignment> {
    let (name, value) = match word.iter().position(|&b| b == b'=') {
        Some(at) => (&word[..at], Some(&word[at + 1..])),
        None => (word, None),
    };
    let (name, state) = match (name.first(), value) {
        (Some(b'-'), _) => (&name[1..], State::Unset),
        (Some(b'!'), _) => (&name[1..], State::Unspecified),
        (_, None) => (name, State::Set),
        (_, Some(value)) => (name, State::Value(value.to_vec())),
    };
    is_name(name).then(|| Assignment { name: name.to_vec(), state })
}

fn is_name(name: &[u8]) -> bool {
    let known = |b: &u8| b.is_ascii_alphanumeric() || b"-._".contains(b);
    name.first().is_some_and(|&first| first != b'-') && name.iter().all(known)
}

/// A pattern in quotes, with the escapes of C, and what follows it; `None` where it is none.
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
                        (escape - b'0') << 6 | (digits[0] - b'0') << 3 | (digits[1] - b'0')
                    }
                    _ => return None,
                }
            }
            byte => byte,
        };
        name.push(plain);
    }
}

/// A pattern of a line, for paths of files from the folder of its `.gitattributes`.
#[derive(Debug)]
struct Pattern {
    /// Without a slash, it is about the last part of a path alone.
    base_name: bool,
    /// What a path has to begin with: all up to the first special character.
    prefix: Vec<u8>,
    /// What the rest has to be like; `None` for patterns that match no file.
    rest: Option<Glob>,
}

impl Pattern {
    /// `None` for a negative one, which Git does not allow here.
    fn new(text: &[u8]) -> Option<Self> {
        if text.first() == Some(&b'!') {
            return None;
        }
        // A slash at the end is for folders, and they have no attributes.
        let folder = text.last() == Some(&b'/');
        let base_name = !text.contains(&b'/');
        let text = text.strip_prefix(b"/").unwrap_or(text);
        let special = text.iter().position(|b| b"*?[\\".contains(b)).unwrap_or(text.len());
        // As in Git, `**` counts as a path's beginning where the special part begins with it.
        let rest = if folder { None } else { Glob::new(&text[special..], !base_name) };
        Some(Self { base_name, prefix: text[..special].to_vec(), rest })
    }

    /// At most how many steps a match takes.
    fn cost(&self, path: &[u8]) -> u64 {
        1 + self.rest.as_ref().map_or(0, |glob| glob.cost(path.len()))
    }

    fn matches(&self, path: &[u8]) -> bool {
        let path = match path.iter().rposition(|&b| b == b'/') {
            Some(at) if self.base_name => &path[at + 1..],
            _ => path,
        };
        match (path.strip_prefix(self.prefix.as_slice()), &self.rest) {
            (Some(rest), Some(glob)) => glob.matches(rest),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_may_take_as_many_steps_as_the_limit_and_not_one_more() {
        // 1 + (998 + 1) * (1,001,000 + 1) = 10⁹ steps a path: 998 tokens behind the prefix, which
        // does not fit, so that the steps are counted and not taken.
        let line = format!("x{} text\n", "?".repeat(998));
        let path = vec![b'a'; 1_001_000];
        let mut attributes = Attributes::root(line.as_bytes());
        for _ in 0..20 {
            assert_eq!(attributes.of(&path, ["text"]).unwrap(), [State::Unspecified]);
        }
        let Err(Error::TooLarge { limit, unit }) = attributes.of(b"a", ["text"]) else {
            unreachable!("it is bounded");
        };
        assert_eq!(limit, MAX_STEPS);
        assert!(unit.contains(".gitattributes"), "{unit}");
    }

    /// What a `.gitattributes` says of `text` for the path `a`.
    fn said(text: &[u8]) -> State {
        let [state] = Attributes::root(text).of(b"a", ["text"]).unwrap();
        state
    }

    #[test]
    fn a_line_counts_up_to_its_limit() {
        for (length, state) in [(MAX_LINE - 1, State::Set), (MAX_LINE, State::Unspecified)] {
            let line = format!("{:length$}\n", "a text");
            assert_eq!(said(line.as_bytes()), state, "{length}");
            let line = format!("{:>length$}\n", "a text");
            assert_eq!(said(line.as_bytes()), state, "{length}, blanks first");
        }
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

    #[test]
    fn what_is_no_name_makes_its_whole_line_count_for_nothing() {
        for good in
            ["text", "text -b", "text !b", "text a.b", "text _", "text b=", "text b==", "text B9"]
        {
            assert_eq!(said(format!("a {good}").as_bytes()), State::Set, "{good}");
        }
        for bad in ["text b/c", "text --b", "text =", "text -", "text !", "text é", "text b:c"] {
            assert_eq!(said(format!("a {bad}").as_bytes()), State::Unspecified, "{bad}");
        }
        assert_eq!(said(b"a text=x=y"), State::Value(b"x=y".to_vec()));
        assert_eq!(said(b"a -text"), State::Unset);
        assert_eq!(said(b"a text\na !text"), State::Unspecified);
    }
}
