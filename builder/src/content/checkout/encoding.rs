//! The encodings of `working-tree-encoding`: Git has such a file in UTF-8 and checks it out in this
//! encoding.
//!
//! Only the Unicode encodings and Latin-1 are here: nobody was seen to use others, and each other one
//! that `iconv` knows would need a table.

/// An encoding of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Encoding {
    unit: Unit,
    big_endian: bool,
    byte_order_mark: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Unit {
    Latin1,
    Utf16,
    Utf32,
}

impl Encoding {
    /// The encoding with a name. `Some(None)` is UTF-8, where nothing changes; `None` is a name that
    /// is not known here.
    pub(crate) fn named(name: &[u8]) -> Option<Option<Self>> {
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

    /// The bytes in this encoding. `None` if they are not UTF-8, or if the encoding does not have one
    /// of the characters. An empty file stays empty.
    pub(crate) fn encode(self, bytes: &[u8]) -> Option<Vec<u8>> {
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
