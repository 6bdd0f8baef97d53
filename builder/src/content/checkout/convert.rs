//! What Git does to a file's bytes when it checks them out, because attributes ask for it: line
//! ends, `$Id$`, and encodings.
//!
//! It owns what the attributes mean for bytes, as Git's `convert.c` with its defaults on Linux has
//! it (`core.autocrlf` and `core.eol` not set): so `text` alone changes nothing, and only `eol=crlf`
//! can. Programs that `filter` names are never run: without configuration Git runs none either.

use git2::Oid;

use crate::content::checkout::gitattributes::State;

/// The attributes that can change a file, in the order that [`Conversion::new`] takes.
pub const ATTRIBUTES: [&str; 5] = ["text", "crlf", "eol", "ident", "working-tree-encoding"];

/// Those without which none of the others changes anything.
pub const DECISIVE: [&str; 3] = ["eol", "ident", "working-tree-encoding"];

/// What is to be done with a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conversion {
    ident: bool,
    line_ends: LineEnds,
    encoding: Option<Encoding>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineEnds {
    /// As they are.
    Keep,
    /// `text eol=crlf`: CR LF throughout.
    Crlf,
    /// `text=auto eol=crlf`: CR LF, unless it looks binary or has any CR already.
    AutoCrlf,
    /// `text=auto` otherwise: as they are, but Git takes another way through its code.
    AutoKeep,
}

/// An encoding of characters. The Unicode ones are all that people convert to; each other that
/// `iconv` knows would need a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Encoding {
    unit: Unit,
    big_endian: bool,
    byte_order_mark: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Latin1,
    Utf16,
    Utf32,
}

impl Conversion {
    /// What these states of [`ATTRIBUTES`] ask for; `Ok(None)` where the file stays as it is, and the
    /// encoding that can't be had where there is one.
    pub fn new(states: &[State; 5]) -> (Option<Self>, Option<String>) {
        let [text, crlf, eol, ident, encoding] = states;
        let (encoding, unknown) = match encoding {
            State::Unspecified => (None, None),
            State::Value(name) if name.is_empty() => (None, None),
            State::Value(name) => match Encoding::named(name) {
                Some(encoding) => (encoding, None),
                None => (None, Some(String::from_utf8_lossy(name).into_owned())),
            },
            State::Set | State::Unset => (None, Some("true or false".to_owned())),
        };
        let conversion =
            Self { ident: *ident == State::Set, line_ends: line_ends(text, crlf, eol), encoding };
        let changes = conversion.ident
            || matches!(conversion.line_ends, LineEnds::Crlf | LineEnds::AutoCrlf)
            || conversion.encoding.is_some();
        (changes.then_some(conversion), unknown)
    }

    /// The bytes of the blob `id` as a checkout has them; `None` where they stay as they are. The
    /// second is true where a character has no place in the encoding: then Git leaves it at that.
    pub fn apply(&self, blob: &[u8], id: Oid) -> (Option<Vec<u8>>, bool) {
        let mut bytes = None;
        if self.ident {
            bytes = if self.streamed() { ident_streamed(blob, id) } else { ident(blob, id) };
        }
        if let Some(converted) = self.line_ends.apply(bytes.as_deref().unwrap_or(blob)) {
            bytes = Some(converted);
        }
        let Some(encoding) = self.encoding else { return (bytes, false) };
        match encoding.encode(bytes.as_deref().unwrap_or(blob)) {
            Some(encoded) => (Some(encoded), false),
            None => (bytes, true),
        }
    }

    /// Whether Git converts the file piece by piece. That way it sees `$Id$` a little differently.
    fn streamed(&self) -> bool {
        self.encoding.is_none() && matches!(self.line_ends, LineEnds::Keep | LineEnds::Crlf)
    }
}

/// `text` and `eol`, with `crlf` for the times before there was `text`.
fn line_ends(text: &State, crlf: &State, eol: &State) -> LineEnds {
    #[derive(Clone, Copy, PartialEq)]
    enum Text {
        Yes,
        No,
        Auto,
    }
    let read = |state: &State| match state {
        State::Set => Some(Text::Yes),
        State::Unset => Some(Text::No),
        State::Value(value) if value == b"auto" => Some(Text::Auto),
        State::Value(value) if value == b"input" => Some(Text::Yes),
        State::Value(_) | State::Unspecified => None,
    };
    let to_crlf = *eol == State::Value(b"crlf".to_vec());
    match (read(text).or_else(|| read(crlf)), to_crlf) {
        (Some(Text::No), _) => LineEnds::Keep,
        (Some(Text::Auto), true) => LineEnds::AutoCrlf,
        (Some(Text::Auto), false) => LineEnds::AutoKeep,
        (_, true) => LineEnds::Crlf,
        (_, false) => LineEnds::Keep,
    }
}

impl LineEnds {
    fn apply(self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !matches!(self, Self::Crlf | Self::AutoCrlf) {
            return None;
        }
        let statistics = Statistics::of(bytes);
        if statistics.lone_lf == 0 || self == Self::AutoCrlf && statistics.keeps_lf() {
            return None;
        }
        let mut converted = Vec::with_capacity(bytes.len() + statistics.lone_lf);
        let mut previous = 0;
        for &byte in bytes {
            if byte == b'\n' && previous != b'\r' {
                converted.push(b'\r');
            }
            converted.push(byte);
            previous = byte;
        }
        Some(converted)
    }
}

/// What Git guesses from whether a file is text.
#[derive(Debug, Default)]
struct Statistics {
    nul: usize,
    cr: usize,
    lone_lf: usize,
    printable: usize,
    other: usize,
}

impl Statistics {
    fn of(bytes: &[u8]) -> Self {
        let mut this = Self::default();
        let mut previous = 0;
        for &byte in bytes {
            match byte {
                b'\r' => this.cr += 1,
                b'\n' => this.lone_lf += usize::from(previous != b'\r'),
                0 => {
                    this.nul += 1;
                    this.other += 1;
                }
                // Backspace, tab, escape and form feed are in texts too.
                8 | b'\t' | 27 | 12 => this.printable += 1,
                0..32 | 127 => this.other += 1,
                _ => this.printable += 1,
            }
            previous = byte;
        }
        // DOS ends a text with Ctrl-Z.
        if bytes.last() == Some(&26) {
            this.other -= 1;
        }
        this
    }

    /// With `text=auto`: it looks binary, or has some CR already.
    fn keeps_lf(&self) -> bool {
        self.cr > 0 || self.nul > 0 || self.printable / 128 < self.other
    }
}

/// `ident_to_worktree` of Git: where it has the whole file before it.
fn ident(blob: &[u8], id: Oid) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = blob;
    let mut found = false;
    while let Some(at) = find(rest, b'$') {
        let (before, after) = rest.split_at(at + 1);
        out.extend_from_slice(before);
        rest = after;
        let Some(keyword) = rest.strip_prefix(b"Id") else { continue };
        match keyword.first() {
            Some(b'$') => rest = &keyword[1..],
            Some(b':') => {
                let Some(end) = find(&keyword[1..], b'$') else { break };
                let value = &keyword[1..=end];
                // Of a version control system before Git, or a dollar sign of another line.
                let foreign = value.get(1..).and_then(|value| find(value, b' '));
                if value.contains(&b'\n') || foreign.is_some_and(|at| at + 2 < value.len()) {
                    continue;
                }
                rest = &keyword[end + 2..];
            }
            _ => continue,
        }
        found = true;
        out.extend_from_slice(format!("Id: {id} $").as_bytes());
    }
    out.extend_from_slice(rest);
    found.then_some(out)
}

/// `ident_filter_fn` of Git: byte by byte. It takes `$$Id$` for something else, and a tab too for a
/// sign of another system.
fn ident_streamed(blob: &[u8], id: Oid) -> Option<Vec<u8>> {
    // With the NUL at the end of a string in C, which Git compares too.
    const HEAD: &[u8] = b"$Id\0";
    let mut out = Vec::new();
    let mut found = false;
    let mut matched = 0;
    let mut bytes = blob.iter().copied().enumerate();
    while let Some((at, byte)) = bytes.next() {
        if HEAD.get(matched) == Some(&byte) {
            matched += 1;
            continue;
        }
        let whole = matched == HEAD.len() - 1;
        out.extend_from_slice(&HEAD[..std::mem::take(&mut matched)]);
        match byte {
            b'$' if whole => {
                out.extend_from_slice(format!(": {id} $").as_bytes());
                found = true;
            }
            b':' if whole => {
                let length = blob[at..].iter().position(|b| b"\n$".contains(b));
                let value = &blob[at..length.map_or(blob.len(), |length| at + length + 1)];
                if value.last() == Some(&b'$') && !is_foreign(value) {
                    out.extend_from_slice(format!(": {id} $").as_bytes());
                    found = true;
                } else {
                    out.extend_from_slice(value);
                }
                if value.len() > 1 {
                    bytes.nth(value.len() - 2);
                }
            }
            byte => out.push(byte),
        }
    }
    out.extend_from_slice(&HEAD[..matched]);
    found.then_some(out)
}

/// Whether `: … $` has a space before the one at its end.
fn is_foreign(value: &[u8]) -> bool {
    value.strip_prefix(b": ").is_some_and(|value| {
        let value = value.split(|&b| b == 0).next().unwrap_or_default();
        value.windows(2).any(|pair| b" \t\r\n".contains(&pair[0]) && pair[1] != b'$')
    })
}

fn find(bytes: &[u8], byte: u8) -> Option<usize> {
    bytes.iter().position(|&b| b == byte)
}

impl Encoding {
    /// The encoding of a name; `Some(None)` for UTF-8, `None` for one that is not known here.
    fn named(name: &[u8]) -> Option<Option<Self>> {
        let name = name.to_ascii_lowercase();
        // Git lets the dash be left out here, glibc does too.
        let short: Vec<u8> = match name.strip_prefix(b"utf-") {
            Some(rest) => [b"utf", rest].concat(),
            None => name,
        };
        let (unit, big_endian, byte_order_mark) = match short.as_slice() {
            b"utf8" => return Some(None),
            b"utf16" | b"utf16le-bom" => (Unit::Utf16, false, true),
            b"utf16be-bom" => (Unit::Utf16, true, true),
            b"utf16le" => (Unit::Utf16, false, false),
            b"utf16be" => (Unit::Utf16, true, false),
            b"utf32" => (Unit::Utf32, false, true),
            b"utf32le" => (Unit::Utf32, false, false),
            b"utf32be" => (Unit::Utf32, true, false),
            b"iso-8859-1" | b"iso8859-1" | b"latin1" | b"latin-1" => (Unit::Latin1, false, false),
            _ => return None,
        };
        Some(Some(Self { unit, big_endian, byte_order_mark }))
    }

    /// `None` where the bytes are not UTF-8, or have a character that the encoding has not. An empty
    /// file stays empty.
    fn encode(self, bytes: &[u8]) -> Option<Vec<u8>> {
        let text = std::str::from_utf8(bytes).ok()?;
        if text.is_empty() {
            return Some(Vec::new());
        }
        let mark = self.byte_order_mark.then_some('\u{feff}');
        let chars = mark.into_iter().chain(text.chars());
        let mut out = Vec::with_capacity(bytes.len() * 2 + 4);
        match self.unit {
            Unit::Latin1 => {
                for c in chars {
                    out.push(u8::try_from(u32::from(c)).ok()?);
                }
            }
            Unit::Utf16 => {
                for c in chars {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        out.extend(if self.big_endian {
                            unit.to_be_bytes()
                        } else {
                            unit.to_le_bytes()
                        });
                    }
                }
            }
            Unit::Utf32 => {
                for c in chars.map(u32::from) {
                    out.extend(if self.big_endian { c.to_be_bytes() } else { c.to_le_bytes() });
                }
            }
        }
        Some(out)
    }
}
