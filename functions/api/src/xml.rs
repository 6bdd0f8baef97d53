//! Texts in XML 1.0: what has a meaning in XML becomes a reference, and what XML forbids is left out.

use std::fmt;

/// A text as the content of an element or of an attribute in double quotes.
#[derive(Debug, Clone, Copy)]
pub struct Escaped<'a>(pub &'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use fmt::Write as _;

        for character in self.0.chars().filter(|character| is_allowed(*character)) {
            match character {
                '&' => f.write_str("&amp;"),
                '<' => f.write_str("&lt;"),
                '>' => f.write_str("&gt;"),
                '"' => f.write_str("&quot;"),
                // In an attribute, a parser would read these as spaces.
                '\t' => f.write_str("&#9;"),
                '\n' => f.write_str("&#10;"),
                '\r' => f.write_str("&#13;"),
                other => f.write_char(other),
            }?;
        }
        Ok(())
    }
}

/// True for a character that an XML document can have (XML 1.0, 2.2). There is no reference for the others.
fn is_allowed(character: char) -> bool {
    !matches!(character,
        '\0'..='\x08' | '\x0b' | '\x0c' | '\x0e'..='\x1f' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_becomes_references_and_forbidden_characters_go() {
        for (text, expected) in [
            ("a & b", "a &amp; b"),
            ("]]><script a=\"1\">", "]]&gt;&lt;script a=&quot;1&quot;&gt;"),
            ("a\0\u{1}\u{8}\u{b}\u{c}\u{e}\u{1f}\u{fffe}\u{ffff}b", "ab"),
            ("\t\n\r", "&#9;&#10;&#13;"),
            ("\u{7f}\u{85}שלום 💩", "\u{7f}\u{85}שלום 💩"),
        ] {
            assert_eq!(Escaped(text).to_string(), expected);
        }
    }
}
