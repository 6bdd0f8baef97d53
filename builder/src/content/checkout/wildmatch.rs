//! Git's wildcards: `*`, `?`, `[…]` and `**`, as in its `wildmatch.c`.
//!
//! A pattern becomes an automaton, and a match follows all its possible states at the same time. Git
//! itself tries one possibility and goes back to try the next, which takes time exponential in the
//! number of wildcards.

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Glob {
    tokens: Vec<Token>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// This byte.
    Byte(u8),
    /// One of these bytes.
    Class(Box<Bytes>),
    /// Any byte, or any but a slash.
    One { slashes: bool },
    /// Any number of bytes, with or without slashes.
    Any { slashes: bool },
    /// Takes no byte. The two tokens after it, those of `**/`, may be skipped.
    Optional,
}

/// A set of bytes, one bit for each.
pub(super) type Bytes = [u64; 4];

impl Glob {
    /// Reads a pattern. With `paths`, only `**` matches a slash. `None` for a pattern that matches
    /// nothing, such as one with a bracket that is never closed.
    pub(crate) fn new(pattern: &[u8], paths: bool) -> Option<Self> {
        let mut tokens = Vec::new();
        let mut at = 0;
        while let Some(&byte) = pattern.get(at) {
            at += 1;
            let token = match byte {
                b'\\' => {
                    at += 1;
                    Token::Byte(*pattern.get(at - 1)?)
                }
                b'?' => Token::One { slashes: !paths },
                b'[' => {
                    let (mut set, end) = bracket(pattern, at)?;
                    at = end;
                    if paths {
                        set[0] &= !(1 << b'/');
                    }
                    Token::Class(Box::new(set))
                }
                b'*' => {
                    let start = at - 1;
                    while pattern.get(at) == Some(&b'*') {
                        at += 1;
                    }
                    let rest = &pattern[at..];
                    let whole_part = (start == 0 || pattern[start - 1] == b'/')
                        && (rest.is_empty() || rest.starts_with(b"/") || rest.starts_with(b"\\/"));
                    let double = at - start > 1 && whole_part;
                    if paths && double && rest.starts_with(b"/") {
                        tokens.push(Token::Optional);
                    }
                    Token::Any { slashes: !paths || double }
                }
                byte => Token::Byte(byte),
            };
            tokens.push(token);
        }
        Some(Self { tokens })
    }

    /// How many steps a match with a text of this length takes at most.
    pub(crate) fn cost(&self, length: usize) -> u64 {
        (self.tokens.len() as u64 + 1) * (length as u64 + 1)
    }

    /// Whether the pattern matches the whole of `text`.
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        // State n means: the first n tokens match what was read so far.
        let end = self.tokens.len();
        let (mut now, mut next) = (vec![false; end + 1], vec![false; end + 1]);
        now[0] = true;
        self.skip(&mut now);
        for &byte in text {
            next.fill(false);
            let mut any = false;
            for (state, token) in self.tokens.iter().enumerate() {
                if !now[state] {
                    continue;
                }
                let to = match token {
                    Token::Byte(b) => (*b == byte).then_some(state + 1),
                    Token::Class(set) => has(set, byte).then_some(state + 1),
                    Token::One { slashes } => (*slashes || byte != b'/').then_some(state + 1),
                    Token::Any { slashes } => (*slashes || byte != b'/').then_some(state),
                    Token::Optional => None,
                };
                if let Some(to) = to {
                    next[to] = true;
                    any = true;
                }
            }
            if !any {
                return false;
            }
            self.skip(&mut next);
            std::mem::swap(&mut now, &mut next);
        }
        now[end]
    }

    /// Adds the states that can be reached without another byte. They all have higher numbers, so one
    /// pass finds them.
    fn skip(&self, states: &mut [bool]) {
        for (state, token) in self.tokens.iter().enumerate() {
            if !states[state] {
                continue;
            }
            match token {
                Token::Any { .. } => states[state + 1] = true,
                Token::Optional => {
                    states[state + 1] = true;
                    states[state + 3] = true;
                }
                Token::Byte(_) | Token::Class(_) | Token::One { .. } => {}
            }
        }
    }
}

pub(super) fn has(set: &Bytes, byte: u8) -> bool {
    set[usize::from(byte >> 6)] & 1 << (byte & 63) != 0
}

fn class(member: impl Fn(u8) -> bool) -> Bytes {
    let mut set = [0; 4];
    for byte in (0..=u8::MAX).filter(|&byte| member(byte)) {
        set[usize::from(byte >> 6)] |= 1 << (byte & 63);
    }
    set
}

/// Reads a bracket; its first character is at `at`. Returns its bytes, and the position after it.
fn bracket(pattern: &[u8], mut at: usize) -> Option<(Bytes, usize)> {
    let negated = matches!(pattern.get(at), Some(b'!' | b'^'));
    at += usize::from(negated);
    let mut set = [0; 4];
    let mut add = |bytes: Bytes| set.iter_mut().zip(bytes).for_each(|(set, bytes)| *set |= bytes);
    let mut previous = None;
    // A closing bracket that comes first stands for itself.
    let mut first = true;
    loop {
        let byte = *pattern.get(at)?;
        if byte == b']' && !first {
            break;
        }
        first = false;
        at += 1;
        match (byte, previous) {
            (b'\\', _) => {
                let byte = *pattern.get(at)?;
                at += 1;
                add(class(|b| b == byte));
                previous = Some(byte);
            }
            (b'-', Some(low)) if pattern.get(at).is_some_and(|&b| b != b']') => {
                let mut high = pattern[at];
                at += 1;
                if high == b'\\' {
                    high = *pattern.get(at)?;
                    at += 1;
                }
                add(class(|b| (low..=high).contains(&b)));
                previous = None;
            }
            (b'[', _) if pattern.get(at) == Some(&b':') => {
                let start = at + 1;
                let length = pattern.get(start..)?.iter().position(|&b| b == b']')?;
                match pattern[start..start + length].strip_suffix(b":") {
                    Some(name) => {
                        add(named(name)?);
                        at = start + length + 1;
                        previous = None;
                    }
                    None => {
                        add(class(|b| b == b'['));
                        previous = Some(b'[');
                    }
                }
            }
            (byte, _) => {
                add(class(|b| b == byte));
                previous = Some(byte);
            }
        }
    }
    Some((if negated { set.map(|bits| !bits) } else { set }, at + 1))
}

/// The bytes of `[:name:]` in the C locale, but for `space`: Git has a list of its own for it.
pub(super) fn named(name: &[u8]) -> Option<Bytes> {
    Some(match name {
        b"alnum" => class(|b| b.is_ascii_alphanumeric()),
        b"alpha" => class(|b| b.is_ascii_alphabetic()),
        b"blank" => class(|b| b == b' ' || b == b'\t'),
        b"cntrl" => class(|b| b.is_ascii_control()),
        b"digit" => class(|b| b.is_ascii_digit()),
        b"graph" => class(|b| b.is_ascii_graphic()),
        b"lower" => class(|b| b.is_ascii_lowercase()),
        b"print" => class(|b| b.is_ascii_graphic() || b == b' '),
        b"punct" => class(|b| b.is_ascii_punctuation()),
        b"space" => class(|b| b" \t\n\r".contains(&b)),
        b"upper" => class(|b| b.is_ascii_uppercase()),
        b"xdigit" => class(|b| b.is_ascii_hexdigit()),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_match_as_in_git() {
        for (pattern, text, paths, expected) in [
            ("*.php", "a.php", false, true),
            ("*.php", ".php", true, true),
            ("*.php", "a/b.php", true, false),
            ("a*b*c", "aXbYbZc", true, true),
            ("**/x", "x", true, true),
            ("**/x", "a/b/x", true, true),
            ("**/x", "ax", true, false),
            ("a/**/x", "a/bx", true, false),
            ("a/**/x", "a/x", true, true),
            ("a/**/b/**/x", "a/1/b/2/3/x", true, true),
            ("a/**", "a/b/c", true, true),
            ("a/**", "a", true, false),
            ("a**/x", "ab/x", true, true),
            ("a**/x", "ab/c/x", true, false),
            ("?", "/", true, false),
            ("[!a]", "b", true, true),
            ("[^a]", "/", true, false),
            ("[a-c]", "b", true, true),
            ("[]]", "]", true, true),
            ("[a-]", "-", true, true),
            ("[[:digit:][:upper:]]x", "Ax", true, true),
            ("[[:nope:]]", "a", true, false),
            ("[[:a]", ":", true, true),
            ("[a", "[a", true, false),
            ("\\*", "*", true, true),
            ("a\\", "a", true, false),
        ] {
            let found = Glob::new(pattern.as_bytes(), paths)
                .is_some_and(|glob| glob.matches(text.as_bytes()));
            assert_eq!(found, expected, "{pattern} {text}");
        }
    }

    #[test]
    fn hostile_patterns_take_no_longer_than_others() {
        let stars = Glob::new("**/".repeat(600).as_bytes(), true).unwrap();
        assert!(!stars.matches("a/".repeat(1000).trim_end_matches('/').as_bytes()));
        let stars = Glob::new(format!("{}b", "*a".repeat(1000)).as_bytes(), true).unwrap();
        assert!(!stars.matches("a".repeat(4000).as_bytes()));
    }

    #[test]
    fn a_match_costs_a_step_for_each_state_and_byte() {
        assert_eq!(Glob::new(b"", true).unwrap().cost(0), 1);
        assert_eq!(Glob::new(b"a?b", true).unwrap().cost(9), 4 * 10);
        // `**/` is three tokens: what may be left out, `**` and the slash.
        assert_eq!(Glob::new(b"**/x", true).unwrap().cost(2), 5 * 3);
    }

    /// All bytes that a pattern matches.
    fn bytes(pattern: &str) -> Vec<u8> {
        let glob = Glob::new(pattern.as_bytes(), false).unwrap();
        (0..=u8::MAX).filter(|byte| glob.matches(&[*byte])).collect()
    }

    #[test]
    fn each_named_class_has_its_bytes_and_no_others() {
        for (name, ranges) in [
            ("alnum", &["09", "AZ", "az"][..]),
            ("alpha", &["AZ", "az"]),
            ("blank", &["\t\t", "  "]),
            ("cntrl", &["\0\x1f", "\x7f\x7f"]),
            ("digit", &["09"]),
            ("graph", &["!~"]),
            ("lower", &["az"]),
            ("print", &[" ~"]),
            ("punct", &["!/", ":@", "[`", "{~"]),
            ("space", &["\t\n", "\r\r", "  "]),
            ("upper", &["AZ"]),
            ("xdigit", &["09", "AF", "af"]),
        ] {
            let ranges = ranges.iter().map(|range| range.as_bytes());
            let expected: Vec<u8> = ranges.flat_map(|range| range[0]..=range[1]).collect();
            assert_eq!(bytes(&format!("[[:{name}:]]")), expected, "{name}");
            let others: Vec<u8> = (0..=u8::MAX).filter(|byte| !expected.contains(byte)).collect();
            assert_eq!(bytes(&format!("[![:{name}:]]")), others, "{name}");
        }
    }

    #[test]
    fn a_bracket_is_read_to_its_end() {
        for (pattern, expected) in [
            ("[a-c]", "abc"),
            ("[a-c-e]", "-abce"), // what ends a range begins none
            ("[a-\\c]", "abc"),
            ("[a-\\]]", "a"), // the range down to `]` is empty
            ("[\\a-c]", "abc"),
            ("[\\]-a]", "]^_`a"),
            ("[\\]x]", "]x"),
            ("[-a]", "-a"),
            ("[]-a]", "]^_`a"),
            ("[[:digit:]-9]", "-0123456789"), // nor does a class
            ("[[:digit:]a]", "0123456789a"),
            ("[[a]", "[a"),
            ("[[-a]", "[\\]^_`a"),
            ("[[:a]", ":[a"),
            ("[[:]", ":["),
            ("[[:-a]", "[:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`a"),
        ] {
            let mut expected = expected.as_bytes().to_vec();
            expected.sort_unstable();
            expected.dedup();
            assert_eq!(bytes(pattern), expected, "{pattern}");
        }
        for open in
            ["[", "[a", "[]", "[!", "[!]", "[a-", "[a\\", "[a-\\", "[[:", "[[:alpha:]", "[[:alpha"]
        {
            assert_eq!(Glob::new(open.as_bytes(), false), None, "{open}");
        }
    }
}
