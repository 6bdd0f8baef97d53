//! Git's configuration syntax (<https://git-scm.com/docs/git-config#_syntax>), of which `.gitmodules` is a file.
//!
//! It follows the parser of Git's own `config.c` byte by byte, because only then a file that Git reads is read,
//! with the same values. A test compares it with `git config` over generated files. Two other ways were not
//! taken. libgit2 reads only files on disk and follows `include.path` in them to any file of this machine.
//! `gix-config` brings thirty crates that tardist does not have otherwise.
//!
//! One pass, no recursion. No more memory than for one variable at a time.

/// The first line that is not valid, counted from 1: Git's `bad config line N`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct BadLine(pub(super) usize);

/// A callback refuses a variable.
#[derive(Debug)]
pub(super) struct Refused;

/// Calls `each` for each variable of a configuration file, in order, with its full name and its value:
/// `[submodule "A"] Path = x` has the name `submodule.A.path`. The value is `None` for a variable without `=`.
///
/// As in Git, a name or value ends at a NUL byte.
///
/// # Errors
/// The line that Git would name. `each` was called for the variables before it. If `each` refuses a variable, its
/// line is the bad one.
pub(super) fn parse(
    text: &[u8],
    mut each: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), Refused>,
) -> Result<(), BadLine> {
    let mut source = Source { bytes: text, line: 1, at_end: false };
    let read = source.variables(&mut each);
    read.map_err(|Refused| BadLine(source.line))
}

/// White space, as in Git's own table of characters.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

/// The bytes before the first NUL.
fn c_string(bytes: &[u8]) -> &[u8] {
    bytes.split(|byte| *byte == 0).next().unwrap_or_default()
}

/// The rest of the file.
struct Source<'a> {
    bytes: &'a [u8],
    /// The line of the next byte, counted from 1.
    line: usize,
    at_end: bool,
}

impl Source<'_> {
    /// The next byte. A carriage return before a newline is left out. The end reads as a newline.
    fn next(&mut self) -> u8 {
        if let Some(rest) = self.bytes.strip_prefix(b"\r\n") {
            self.line += 1;
            self.bytes = rest;
            return b'\n';
        }
        let Some((byte, rest)) = self.bytes.split_first() else {
            self.at_end = true;
            self.line += 1;
            return b'\n';
        };
        self.bytes = rest;
        self.line += usize::from(*byte == b'\n');
        *byte
    }

    /// Reads the whole file. On an error, `line` is that of the error.
    fn variables(
        &mut self,
        each: &mut impl FnMut(&[u8], Option<&[u8]>) -> Result<(), Refused>,
    ) -> Result<(), Refused> {
        self.byte_order_mark()?;
        // The section with its dot, then the key.
        let mut name = Vec::new();
        let mut section = 0;
        // Where a NUL of the section ends the name. A section may be long and have many keys, so it is searched once.
        let mut nul = None;
        loop {
            match self.next() {
                b'\n' if self.at_end => return Ok(()),
                byte if is_space(byte) => {}
                b'#' | b';' => while self.next() != b'\n' {},
                b'[' => {
                    name.clear();
                    self.section(&mut name)?;
                    if name.is_empty() {
                        return Err(Refused);
                    }
                    name.push(b'.');
                    section = name.len();
                    nul = name.iter().position(|byte| *byte == 0);
                }
                byte if byte.is_ascii_alphabetic() => {
                    name.truncate(section);
                    name.push(byte.to_ascii_lowercase());
                    let value = self.variable(&mut name)?;
                    // The newline after it was read already.
                    self.line -= 1;
                    let name = &name[..nul.unwrap_or(name.len())];
                    each(name, value.as_deref().map(c_string))?;
                    self.line += 1;
                }
                _ => return Err(Refused),
            }
            if self.at_end {
                return Ok(());
            }
        }
    }

    /// Skips a byte order mark, which editors on Windows write. A part of one is refused.
    fn byte_order_mark(&mut self) -> Result<(), Refused> {
        const MARK: &[u8] = b"\xef\xbb\xbf";
        let same = self.bytes.iter().zip(MARK).take_while(|(byte, mark)| byte == mark).count();
        self.bytes = &self.bytes[same..];
        if same > 0 && same < MARK.len() {
            self.next();
            return Err(Refused);
        }
        Ok(())
    }

    /// Reads the rest of a section's header: `name]`, `name.subsection]` or `name "subsection"]`.
    fn section(&mut self, name: &mut Vec<u8>) -> Result<(), Refused> {
        loop {
            match self.next() {
                _ if self.at_end => return Err(Refused),
                b']' => return Ok(()),
                byte if is_space(byte) => return self.subsection(name, byte),
                byte if is_key(byte) || byte == b'.' => name.push(byte.to_ascii_lowercase()),
                _ => return Err(Refused),
            }
        }
    }

    /// Reads ` "subsection"]`, of which the first blank was read.
    fn subsection(&mut self, name: &mut Vec<u8>, mut byte: u8) -> Result<(), Refused> {
        while is_space(byte) {
            self.not_newline(byte)?;
            byte = self.next();
        }
        if byte != b'"' {
            return Err(Refused);
        }
        name.push(b'.');
        loop {
            let mut byte = self.next();
            self.not_newline(byte)?;
            match byte {
                b'"' => break,
                b'\\' => {
                    byte = self.next();
                    self.not_newline(byte)?;
                }
                _ => {}
            }
            name.push(byte);
        }
        if self.next() == b']' { Ok(()) } else { Err(Refused) }
    }

    /// Refuses a newline that was read within something that has to end on its line.
    fn not_newline(&mut self, byte: u8) -> Result<(), Refused> {
        if byte == b'\n' {
            self.line -= 1;
            return Err(Refused);
        }
        Ok(())
    }

    /// Reads the rest of a key, and the value after `=`.
    fn variable(&mut self, name: &mut Vec<u8>) -> Result<Option<Vec<u8>>, Refused> {
        let mut byte = self.next();
        while is_key(byte) {
            name.push(byte.to_ascii_lowercase());
            byte = self.next();
        }
        while byte == b' ' || byte == b'\t' {
            byte = self.next();
        }
        match byte {
            b'\n' => Ok(None),
            b'=' => self.value().map(Some),
            _ => Err(Refused),
        }
    }

    /// Reads a value up to the end of its line. Blanks around it are left out unless they are in quotes.
    fn value(&mut self) -> Result<Vec<u8>, Refused> {
        let mut value = Vec::new();
        // The length without blanks at the end.
        let mut trimmed = 0;
        let mut quoted = false;
        loop {
            let byte = self.next();
            match byte {
                b'\n' if quoted => {
                    self.line -= 1;
                    return Err(Refused);
                }
                b'\n' => break,
                byte if is_space(byte) && !quoted => {
                    if !value.is_empty() {
                        value.push(byte);
                    }
                    continue;
                }
                b'#' | b';' if !quoted => {
                    while self.next() != b'\n' {}
                    break;
                }
                b'"' => quoted = !quoted,
                b'\\' => match self.next() {
                    b'\n' => {}
                    b't' => value.push(b'\t'),
                    b'b' => value.push(8),
                    b'n' => value.push(b'\n'),
                    byte @ (b'\\' | b'"') => value.push(byte),
                    _ => return Err(Refused),
                },
                byte => value.push(byte),
            }
            trimmed = value.len();
        }
        value.truncate(trimmed);
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path, process::Command};

    use super::*;

    type Variables = Vec<(String, Option<String>)>;

    fn shown(bytes: &[u8]) -> String {
        bytes.escape_ascii().to_string()
    }

    fn variables(text: &[u8]) -> (Variables, Result<(), BadLine>) {
        let mut found = Vec::new();
        let parsed = parse(text, |name, value| {
            found.push((shown(name), value.map(shown)));
            Ok(())
        });
        (found, parsed)
    }

    fn check(text: &str, expected: &[(&str, &str)]) {
        let (found, parsed) = variables(text.as_bytes());
        let found: Vec<_> =
            found.iter().map(|(name, value)| (&**name, value.as_deref().unwrap_or("-"))).collect();
        assert_eq!((&*found, parsed), (expected, Ok(())), "{text:?}");
    }

    #[test]
    fn sections_and_keys_in_each_form() {
        check("\u{feff}[Submodule \"A b\"]\n\tPath = x\n", &[("submodule.A b.path", "x")]);
        check("[submodule.A]\r\npath=x\r\n", &[("submodule.a.path", "x")]);
        check("[submodule \"a\"] path = x", &[("submodule.a.path", "x")]);
        check("[a \"\\x\\\"\\\\\"]k=1", &[("a.x\\\"\\\\.k", "1")]);
        check("[a]x\n y =\n[b]\nz", &[("a.x", "-"), ("a.y", ""), ("b.z", "-")]);
        check("k = 1\n[a]\n[b]\n[a]k=2", &[("k", "1"), ("a.k", "2")]);
        check("# [a]\n; [b]\n[c] ; k\n#\\\nk=1 # c \\\n", &[("c.k", "1")]);
    }

    #[test]
    fn values_in_each_form() {
        for (value, expected) in [
            (" a b  # c", "a b"),
            ("a#b;c", "a"),
            ("\"a#b;c\" ", "a#b;c"),
            ("\" a \" ", " a "),
            ("\"a\"b\"#\"\"c", "ab#c\""),
            ("a \\\n  b", "a   b"),
            ("a\\t\\n\\\\\\\"", "a\\t\\n\\\\\\\""),
            ("", ""),
        ] {
            let text = format!("[s]\nk = {value}");
            if value.ends_with("\"c") {
                assert_eq!(variables(text.as_bytes()).1, Err(BadLine(2)), "the quotes do not end");
            } else {
                check(&text, &[("s.k", expected)]);
            }
        }
        assert_eq!(variables(b"[s]k=a\0b").0, [("s.k".to_owned(), Some("a".to_owned()))]);
    }

    #[test]
    fn the_first_bad_line_is_named() {
        for (text, line) in [
            ("[s]\n\nk = \\x\n", 3),
            ("[s]\nk = \"open\n", 2),
            ("[s\n", 1),
            ("[s \"a\n\"]", 1),
            ("[s] k # no\n", 1),
            ("[s]\n1=2\n", 2),
            ("[s \"a\" ]\n", 1),
            ("[]\n", 1),
            ("\u{feff}\u{feff}[s]", 1),
        ] {
            assert_eq!(variables(text.as_bytes()).1, Err(BadLine(line)), "{text:?}");
        }
        assert_eq!(parse(b"[s]\na\nb\nc\n", |_, _| Err(Refused)), Err(BadLine(2)));
    }

    /// What `git config` says about the same file.
    fn by_git(text: &[u8], file: &Path) -> Result<Variables, BadLine> {
        fs::write(file, text).unwrap();
        let listed = Command::new("git")
            .args(["config", "--no-includes", "--list", "-z", "-f"])
            .arg(file)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        if !listed.status.success() {
            let error = String::from_utf8_lossy(&listed.stderr).into_owned();
            let (_, line) = error.split_once("bad config line ").unwrap_or_else(|| {
                unreachable!("{error}");
            });
            return Err(BadLine(line.split(' ').next().unwrap().parse().unwrap()));
        }
        let variables = listed.stdout.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
        Ok(variables
            .map(|entry| {
                let mut parts = entry.splitn(2, |byte| *byte == b'\n');
                (shown(parts.next().unwrap()), parts.next().map(shown))
            })
            .collect())
    }

    /// Git up to 2.44 makes a space of each blank within a value.
    fn with_spaces(variables: Variables) -> Variables {
        let spaces = |value: String| value.replace("\\t", " ").replace("\\r", " ");
        variables.into_iter().map(|(name, value)| (name, value.map(spaces))).collect()
    }

    /// What generated files are made of.
    const PIECES: &str = "[submodule \"a\"]~|[Submodule \"a\"]|[submodule.A]~|[sub|[|]|\"|\"b c\"|path = |url=|URL =|path|k-1=|1k=| |\t|  \
                          |~|~|~~|\r~|\r|\\|\\~|\\\r~|\\n|\\t|\\b|\\\\|\\\"|\\x|#|;|# c~|; c \\~|\0|\u{feff}|ü|lib/ve|https://a.example/x|\
                          ../x|-x|=|.|a|\u{b}|\u{c}";

    /// Numbers that look random, always the same.
    struct Random(u64);

    impl Random {
        fn below(&mut self, limit: usize) -> usize {
            // xorshift64
            self.0 ^= self.0 << 13;
            self.0 ^= self.0 >> 7;
            self.0 ^= self.0 << 17;
            (self.0 >> 33) as usize % limit
        }
    }

    /// A configuration file, often with faults.
    fn generated(random: &mut Random) -> Vec<u8> {
        let mut pieces: Vec<Vec<u8>> =
            PIECES.split('|').map(|piece| piece.replace('~', "\n").into_bytes()).collect();
        // A part of a byte order mark, and what is not UTF-8.
        pieces.extend([b"\xef\xbb".to_vec(), b"\xff".to_vec()]);
        let mut text = Vec::new();
        if random.below(8) == 0 {
            text.extend_from_slice("\u{feff}".as_bytes());
        }
        if random.below(3) > 0 {
            text.extend_from_slice(b"[submodule \"s\"]\n");
        }
        for _ in 0..random.below(14) {
            if random.below(3) == 0 {
                text.extend_from_slice([&b"\tpath = "[..], b"\turl = \""][random.below(2)]);
            }
            text.extend_from_slice(&pieces[random.below(pieces.len())]);
        }
        text
    }

    #[test]
    fn generated_files_are_read_as_git_reads_them() {
        if Command::new("git").arg("--version").output().is_err() {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("config");
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        let (mut valid, mut invalid) = (0, 0);
        for _ in 0..2500 {
            let text = generated(&mut random);
            let (found, parsed) = variables(&text);
            let found = parsed.map(|()| with_spaces(found));
            let expected = by_git(&text, &file).map(with_spaces);
            assert_eq!(found, expected, "{}", text.escape_ascii());
            *(if found.is_ok() { &mut valid } else { &mut invalid }) += 1;
        }
        assert!(valid > 500 && invalid > 500, "{valid} valid, {invalid} invalid");
    }
}
