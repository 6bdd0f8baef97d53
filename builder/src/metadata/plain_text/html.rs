//! HTML in wikitext: tags, comments and character references.

/// Elements whose tags only style what is in them: those of MediaWiki, and `a`, `abbr` and `img`, whose
/// tags MediaWiki shows as text. Tags with other names are no markup.
const INLINE: &str = " a abbr b bdi bdo big cite code data del dfn em font i img ins kbd mark nowiki \
     pre q rb rp rt rtc ruby s samp small span strike strong sub sup time translate tt u var wbr ";

/// Elements that begin a line of their own.
const BLOCK: &str = " blockquote br caption center dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p table \
     tbody td th thead tr ul ";

/// Elements whose content is literal text.
const LITERAL: &str = " nowiki pre ";

/// A tag of an element, or what looks like one.
pub(crate) struct Tag<'a> {
    name: &'a str,
    /// True for `<b>`, false for `</b>` and `<b/>`.
    opens: bool,
    /// The length in bytes.
    pub(crate) len: usize,
}

impl<'a> Tag<'a> {
    /// Reads the tag at the start of a text; `None` if there is none.
    pub(crate) fn read(rest: &'a str) -> Option<Self> {
        let inner = &rest[1..rest[1..].find(['<', '>'])? + 1];
        if !rest[1 + inner.len()..].starts_with('>') {
            return None;
        }
        let (opens, named) = match inner.strip_prefix('/') {
            Some(named) => (false, named),
            None => (!inner.ends_with('/'), inner),
        };
        let end = named.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(named.len());
        let (name, attributes) = named.split_at(end);
        let is_tag = attributes.is_empty() || attributes.starts_with(['/', ' ', '\t', '\n']);
        is_tag.then_some(Self { name, opens, len: inner.len() + 2 })
    }

    /// Whether the element begins a line of its own.
    pub(crate) fn is_block(&self) -> bool {
        self.is_in(BLOCK)
    }

    /// Whether the element only styles what is in it.
    pub(crate) fn is_inline(&self) -> bool {
        self.is_in(INLINE)
    }

    /// Whether literal text follows, which has no markup but character references.
    pub(crate) fn opens_literal(&self) -> bool {
        self.opens && self.is_in(LITERAL)
    }

    fn is_in(&self, names: &str) -> bool {
        names.contains(&format!(" {} ", self.name.to_ascii_lowercase()))
    }

    /// The literal text after this tag, and the length of all up to the end of the closing tag; `None` if
    /// the closing tag is missing. `rest` begins with this tag.
    pub(crate) fn literal(&self, rest: &str) -> Option<(String, usize)> {
        let inner = &rest[self.len..];
        let (end, after) = closing_tag(inner, self.name)?;
        let text = html_escape::decode_html_entities(&inner[..end]).into_owned();
        Some((text, self.len + after))
    }
}

/// The positions where the closing tag of `name` begins and ends.
fn closing_tag(text: &str, name: &str) -> Option<(usize, usize)> {
    text.match_indices("</").find_map(|(start, _)| {
        let named = text.get(start + 2..start + 2 + name.len())?;
        let rest = &text[start + 2 + name.len()..];
        let closed = rest.trim_start().strip_prefix('>')?;
        named.eq_ignore_ascii_case(name).then_some((start, text.len() - closed.len()))
    })
}

/// The length of the comment at the start of a text; `None` if there is none. A comment that is not
/// closed takes the rest of the text.
pub(crate) fn comment(rest: &str) -> Option<usize> {
    rest.starts_with("<!--").then(|| rest.find("-->").map_or(rest.len(), |end| end + "-->".len()))
}

/// The character reference at the start of a text, such as `&nbsp;` or `&#39;`: what it stands for, and
/// its length.
pub(crate) fn character_reference(rest: &str) -> Option<(String, usize)> {
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let len = 1 + rest.bytes().skip(1).take(32).take_while(is_name).count();
    if rest.as_bytes().get(len) != Some(&b';') {
        return None;
    }
    let reference = &rest[..=len];
    let decoded = html_escape::decode_html_entities(reference);
    (decoded != reference).then(|| (decoded.into_owned(), reference.len()))
}
