//! Line ends: LF becomes CR LF where attributes ask for it.

use crate::content::checkout::gitattributes::State;

/// What happens to the line ends of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum LineEnds {
    /// They stay.
    Keep,
    /// `text eol=crlf`: CR LF throughout.
    Crlf,
    /// `text=auto eol=crlf`: CR LF, unless the file looks binary or has a CR already.
    AutoCrlf,
    /// `text=auto` otherwise: they stay, but Git takes another way through its code.
    AutoKeep,
}

impl LineEnds {
    /// What `text` and `eol` ask for; `crlf` is the older name of `text`.
    pub(crate) fn new(text: State<'_>, crlf: State<'_>, eol: State<'_>) -> Self {
        #[derive(Clone, Copy, PartialEq)]
        enum Text {
            Yes,
            No,
            Auto,
        }
        let read = |state| match state {
            State::Set => Some(Text::Yes),
            State::Unset => Some(Text::No),
            State::Value(value) if value == b"auto" => Some(Text::Auto),
            State::Value(value) if value == b"input" => Some(Text::Yes),
            State::Value(_) | State::Unspecified => None,
        };
        let to_crlf = eol == State::Value(b"crlf");
        match (read(text).or_else(|| read(crlf)), to_crlf) {
            (Some(Text::No), _) => Self::Keep,
            (Some(Text::Auto), true) => Self::AutoCrlf,
            // `CRLF_AUTO_INPUT` in Git's convert.c, which streams.
            (Some(Text::Auto), false) if eol == State::Value(b"lf") => Self::Keep,
            (Some(Text::Auto), false) => Self::AutoKeep,
            (_, true) => Self::Crlf,
            (_, false) => Self::Keep,
        }
    }

    /// Whether this can change a file.
    pub(crate) fn changes(self) -> bool {
        matches!(self, Self::Crlf | Self::AutoCrlf)
    }

    /// The bytes with their new line ends; `None` if nothing changes.
    pub(crate) fn apply(self, bytes: &[u8]) -> Option<Vec<u8>> {
        if !self.changes() {
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

/// Counts of bytes, from which Git guesses whether a file is text.
#[derive(Debug, Default)]
struct Statistics {
    nul: usize,
    cr: usize,
    /// LF without a CR before it.
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
                0 => this.nul += 1,
                // Texts have backspace, tab, escape and form feed, too.
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

    /// With `text=auto`, line ends stay in a file that looks binary or has a CR already.
    fn keeps_lf(&self) -> bool {
        self.cr > 0 || self.nul > 0 || self.printable / 128 < self.other
    }
}
