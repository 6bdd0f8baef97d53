//! Wikitext to plain text: what a person reads of a description or an author on Special:Version.
//!
//! Not a wikitext parser, only what such lines hold: links, HTML, quotes, `<nowiki>`, comments,
//! character references, and the functions that need no wiki (`{{PLURAL:…}}`, `{{ns:…}}`). What is
//! no markup stays as it is, an address such as `<user@example.org>` too. One pass with a stack of
//! what is open: the text is hostile, and so there is no recursion and nothing is read twice.

/// How deep links and templates may be nested; what is deeper stays as it is written.
const MAX_DEPTH: usize = 20;

/// A line break that was asked for, between the ends of lines that mean nothing in wikitext.
const BREAK: char = '\u{2028}';

/// What an external link may begin with (`$wgUrlProtocols`, the usual ones).
const PROTOCOLS: [&str; 8] =
    ["http://", "https://", "//", "mailto:", "ftp://", "irc://", "ircs://", "news:"];

/// Elements whose tags only style what is in them: MediaWiki's, and `a`, `abbr`, `img`, which it
/// shows as text and nobody wants to read. Tags of all other names are no markup.
const INLINE: &str = " a abbr b bdi bdo big cite code data del dfn em font i img ins kbd mark nowiki \
     pre q rb rp rt rtc ruby s samp small span strike strong sub sup time translate tt u var wbr ";

/// Elements that begin a line of their own.
const BLOCK: &str = " blockquote br caption center dd div dl dt h1 h2 h3 h4 h5 h6 hr li ol p table \
     tbody td th thead tr ul ";

/// The plain text of `wikitext`. Paragraphs, line breaks and list items stay lines, a list item with
/// its `*` or `#`; all other white space is single spaces.
pub fn plain_text(wikitext: &str) -> String {
    let mut reader = Reader::default();
    let mut rest = wikitext;
    while let Some(first) = rest.chars().next() {
        let taken = match first {
            '<' => reader.element(rest),
            '&' => reader.reference(rest),
            '[' => reader.open_link(rest),
            ']' => reader.close_link(rest),
            '{' => reader.open_template(rest),
            '}' => reader.close_template(rest),
            '|' => reader.separator(),
            '\'' => reader.quotes(rest),
            '\n' => reader.end_of_line(),
            _ => 0,
        };
        if taken == 0 {
            reader.text().push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            rest = &rest[taken..];
        }
    }
    while reader.give_up() {}
    lines(&reader.text)
}

/// What has been opened and not yet closed.
struct Open {
    what: Construct,
    /// The parts before the last `|`.
    parts: Vec<String>,
    /// The part after it.
    text: String,
}

enum Construct {
    Link,
    ExternalLink(String),
    Template,
}

#[derive(Default)]
struct Reader {
    text: String,
    open: Vec<Open>,
    /// An element of literal text was not closed, and so none after it is: no need to search again.
    unclosed: bool,
}

/// Each method looks at the start of what is left and returns how many bytes it took: 0 where it is
/// no markup.
impl Reader {
    /// Where text goes.
    fn text(&mut self) -> &mut String {
        self.open.last_mut().map_or(&mut self.text, |open| &mut open.text)
    }

    fn open(&mut self, what: Construct, taken: usize) -> usize {
        if self.open.len() == MAX_DEPTH {
            return 0;
        }
        self.open.push(Open { what, parts: Vec::new(), text: String::new() });
        taken
    }

    /// Makes text of the last thing that is open, since its end is missing. False where there is none.
    fn give_up(&mut self) -> bool {
        let Some(open) = self.open.pop() else { return false };
        let text = self.text();
        match &open.what {
            Construct::Link => text.push_str("[["),
            Construct::ExternalLink(url) => {
                text.push('[');
                text.push_str(url);
                text.push(' ');
            }
            Construct::Template => text.push_str("{{"),
        }
        for part in &open.parts {
            text.push_str(part);
            text.push('|');
        }
        text.push_str(&open.text);
        true
    }

    fn element(&mut self, rest: &str) -> usize {
        if rest.starts_with("<!--") {
            return rest.find("-->").map_or(rest.len(), |end| end + "-->".len());
        }
        let Some(tag) = Tag::read(rest) else { return 0 };
        let name = format!(" {} ", tag.name.to_ascii_lowercase());
        if BLOCK.contains(&name) {
            self.text().push(BREAK);
        } else if !INLINE.contains(&name) {
            return 0;
        } else if matches!(name.as_str(), " nowiki " | " pre ") && tag.opens && !self.unclosed {
            let inner = &rest[tag.len..];
            match closing_tag(inner, tag.name) {
                Some((end, after)) => {
                    let literal = html_escape::decode_html_entities(&inner[..end]);
                    self.text().push_str(&literal);
                    return tag.len + after;
                }
                None => self.unclosed = true,
            }
        }
        tag.len
    }

    /// A character reference, such as `&nbsp;` or `&#39;`.
    fn reference(&mut self, rest: &str) -> usize {
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
        let len = 1 + rest.bytes().skip(1).take(32).take_while(is_name).count();
        if rest.as_bytes().get(len) != Some(&b';') {
            return 0;
        }
        let written = &rest[..=len];
        let decoded = html_escape::decode_html_entities(written);
        if decoded == written {
            return 0;
        }
        self.text().push_str(&decoded);
        written.len()
    }

    fn open_link(&mut self, rest: &str) -> usize {
        let protocol = |text: &str| {
            PROTOCOLS.iter().any(|protocol| {
                text.get(..protocol.len()).is_some_and(|start| start.eq_ignore_ascii_case(protocol))
            })
        };
        if protocol(&rest[1..]) {
            let ends =
                |c: char| c.is_whitespace() || matches!(c, ']' | '[' | '<' | '>' | '"' | '|');
            let url = rest[1..].split(ends).next().unwrap_or_default();
            self.open(Construct::ExternalLink(url.to_owned()), 1 + url.len())
        } else if rest.starts_with("[[") && !protocol(&rest[2..]) {
            self.open(Construct::Link, 2)
        } else {
            0
        }
    }

    fn close_link(&mut self, rest: &str) -> usize {
        match self.open.last().map(|open| &open.what) {
            Some(Construct::ExternalLink(_)) => {}
            Some(Construct::Link) if rest.starts_with("]]") => {}
            _ => return 0,
        }
        let Some(open) = self.open.pop() else { return 0 };
        match &open.what {
            Construct::ExternalLink(url) => {
                // `[https://example.org|text]` is a mistake that many make.
                let shown = open.text.trim_start_matches('|').trim();
                self.text().push_str(if shown.is_empty() { url } else { shown });
                1
            }
            _ => {
                self.text().push_str(&link_text(&open));
                2
            }
        }
    }

    fn open_template(&mut self, rest: &str) -> usize {
        if rest.starts_with("{{") { self.open(Construct::Template, 2) } else { 0 }
    }

    fn close_template(&mut self, rest: &str) -> usize {
        let is_template = |open: &Open| matches!(open.what, Construct::Template);
        if !rest.starts_with("}}") || !self.open.iter().any(is_template) {
            return 0;
        }
        while !self.open.last().is_some_and(is_template) {
            self.give_up();
        }
        if let Some(open) = self.open.pop() {
            self.text().push_str(&template_text(open));
        }
        2
    }

    fn separator(&mut self) -> usize {
        match self.open.last_mut() {
            Some(Open { what: Construct::Link | Construct::Template, parts, text }) => {
                parts.push(std::mem::take(text));
                1
            }
            _ => 0,
        }
    }

    /// Two quotes are italic, three bold, five both; MediaWiki shows what is beyond.
    fn quotes(&mut self, rest: &str) -> usize {
        let count = rest.bytes().take_while(|byte| *byte == b'\'').count();
        let shown = match count {
            1 => return 0,
            2 | 3 | 5 => 0,
            4 => 1,
            more => more - 5,
        };
        self.text().extend(std::iter::repeat_n('\'', shown));
        count
    }

    /// An external link ends on its line.
    fn end_of_line(&mut self) -> usize {
        while matches!(self.open.last(), Some(Open { what: Construct::ExternalLink(_), .. })) {
            self.give_up();
        }
        0
    }
}

struct Tag<'a> {
    name: &'a str,
    /// True for `<b>`, false for `</b>` and `<b/>`.
    opens: bool,
    len: usize,
}

impl<'a> Tag<'a> {
    fn read(rest: &'a str) -> Option<Self> {
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
}

/// Where the closing tag of `name` begins and ends.
fn closing_tag(text: &str, name: &str) -> Option<(usize, usize)> {
    text.match_indices("</").find_map(|(start, _)| {
        let named = text.get(start + 2..start + 2 + name.len())?;
        let rest = &text[start + 2 + name.len()..];
        let closed = rest.trim_start().strip_prefix('>')?;
        named.eq_ignore_ascii_case(name).then_some((start, text.len() - closed.len()))
    })
}

/// What a link shows: its text, else its target. Pictures and categories show nothing.
fn link_text(link: &Open) -> String {
    let Some((target, texts)) = link.parts.split_first() else {
        let target = link.text.trim();
        return if hides(target) {
            String::new()
        } else {
            target.trim_start_matches(':').to_owned()
        };
    };
    if hides(target) {
        return String::new();
    }
    let text = texts.iter().fold(String::new(), |text, part| text + part + "|") + &link.text;
    if text.trim().is_empty() {
        // The pipe trick: `[[mw:User:Foo (bar)|]]` shows Foo.
        let name = target.rsplit(':').next().unwrap_or(target);
        return name.split(" (").next().unwrap_or(name).to_owned();
    }
    text
}

fn hides(target: &str) -> bool {
    target.split_once(':').is_some_and(|(namespace, _)| {
        ["file", "image", "category"].contains(&namespace.trim().to_ascii_lowercase().as_str())
    })
}

/// What a template or parser function comes to, as far as that can be said without a wiki; else the
/// last thing in it that is meant to be read.
fn template_text(template: Open) -> String {
    let mut parts = template.parts;
    parts.push(template.text);
    let head = parts.remove(0);
    let (name, argument) = match head.split_once(':') {
        Some((name, argument)) => (name.trim(), Some(argument.trim())),
        None => (head.trim(), None),
    };
    let last =
        parts.last().map(|part| part.split_once('=').map_or(part.as_str(), |(_, text)| text));
    match (name.to_ascii_lowercase().as_str(), argument) {
        ("!", None) => "|".to_owned(),
        ("=", None) => "=".to_owned(),
        // `$wgSitename`'s default.
        ("sitename", None) => "MediaWiki".to_owned(),
        ("dirmark" | "directionmark", _) => String::new(),
        ("plural", Some(count)) => plural(count, &parts).to_owned(),
        // The third form is for those who don't say; without it the first is.
        ("gender", Some(_)) => parts.get(2).or(parts.first()).cloned().unwrap_or_default(),
        ("#special", Some(page)) => format!("Special:{page}"),
        ("ns" | "nse" | "ucfirst", Some(text)) => {
            let mut letters = text.chars();
            let first = letters.next().into_iter().flat_map(char::to_uppercase);
            first.chain(letters).collect()
        }
        ("uc", Some(text)) => text.to_uppercase(),
        ("lc", Some(text)) => text.to_lowercase(),
        (_, argument) => last.or(argument).unwrap_or(name).trim().to_owned(),
    }
}

/// The form for `count`: `1=` of that number, the first for one, else the last.
fn plural<'a>(count: &str, forms: &'a [String]) -> &'a str {
    let numbered = |form: &'a String| {
        form.split_once('=').filter(|(number, _)| number.trim().parse::<u64>().is_ok())
    };
    if let Some((_, text)) = forms.iter().filter_map(numbered).find(|(n, _)| n.trim() == count) {
        return text;
    }
    let mut forms = forms.iter().filter(|form| numbered(form).is_none());
    let form = if count == "1" { forms.next() } else { forms.next_back() };
    form.map_or("", String::as_str)
}

/// Puts text into lines: new ones begin at breaks, after empty lines, and at list items.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for block in text.split(BREAK) {
        let (mut begins, mut in_list) = (true, false);
        for line in block.split('\n') {
            let mut words =
                line.split([' ', '\t', '\r']).map(visible).filter(|word| !word.is_empty());
            let Some(first) = words.next() else {
                begins = true;
                continue;
            };
            let is_item = first.starts_with(['*', '#']);
            if !out.is_empty() {
                out.push(if begins || is_item || in_list { '\n' } else { ' ' });
            }
            out.push_str(&first);
            for word in words {
                out.push(' ');
                out.push_str(&word);
            }
            (begins, in_list) = (false, is_item);
        }
    }
    out
}

/// A word without control characters.
fn visible(word: &str) -> String {
    word.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(cases: &[(&str, &str)]) {
        for (wikitext, expected) in cases {
            assert_eq!(plain_text(wikitext), *expected, "{wikitext}");
        }
    }

    #[test]
    fn links_show_their_text() {
        check(&[
            ("[https://www.mediawiki.org/wiki/User:X X Y]", "X Y"),
            ("[//example.org A] and [mailto:a@example.org Mail]", "A and Mail"),
            ("[https://example.org ...]", "..."),
            ("[https://example.org|A]", "A"),
            ("[https://example.org]", "https://example.org"),
            ("[[https://example.org A]]", "[A]"),
            ("[https://example.org '''[[User:A|A]]''' & B]", "A & B"),
            ("[[mw:User:Foo|Foo]], [[User:Bar]], [[:Category:C]]", "Foo, User:Bar, Category:C"),
            ("[[mw:User:Foo (WMF)|]]", "Foo"),
            ("[[Special:Book|Create books]]s", "Create bookss"),
            ("[[{{#special:Book}}|Create]] at [[{{ns:special}}:Book]]", "Create at Special:Book"),
            ("x[[File:A.png|thumb|a [[B]]]]y[[Category:Z]]", "xy"),
            ("[[a|b|c]]", "b|c"),
            ("[not a link] [[open", "[not a link] [[open"),
            ("[https://example.org A\nB]", "[https://example.org A B]"),
            ("ein [[Special:Translate|דף מיוחד]]", "ein דף מיוחד"),
        ]);
    }

    #[test]
    fn html_goes_and_what_only_looks_like_it_stays() {
        check(&[
            ("Adds <code>&lt;ref&gt;</code> tags", "Adds <ref> tags"),
            ("<bdi><CODE class=\"x\">&lt;math&gt;</CODE> ...</bdi>", "<math> ..."),
            ("<nowiki><ref[&nbsp;name=id]></nowiki>", "<ref[\u{a0}name=id]>"),
            ("<NOWIKI>''[[x]]{{y}}|</nowiki >", "''[[x]]{{y}}|"),
            ("{{PLURAL:2|a|<nowiki>b|c</nowiki>}}", "b|c"),
            ("a<nowiki/>b <nowiki>c", "ab c"),
            ("A<!-- <b> -->B<!-- C", "AB"),
            ("Robert <vogel@example.org>", "Robert <vogel@example.org>"),
            ("a < b > c <ref> <script>", "a < b > c <ref> <script>"),
            ("Created by A<br />Uses code by B", "Created by A\nUses code by B"),
            ("<a href=\"https://example.org\">A</a>", "A"),
            ("<p>one</p><p>two</p>", "one\ntwo"),
            ("AT&T &amp;lt; &ndash;&#39;&#x27;&nosuch; &", "AT&T &lt; –''&nosuch; &"),
        ]);
    }

    #[test]
    fn quotes_and_functions_that_need_no_wiki() {
        check(&[
            ("'''bold''' ''italic'' '''''both''''' it's ''''x''''", "bold italic both it's 'x'"),
            ("{{PLURAL:1|a book|books}} {{plural:$1|a|many}}", "a book many"),
            ("{{PLURAL:0|0=none|a|many}} {{PLURAL:7|0=none|one|many}}", "none many"),
            ("{{GENDER:|he|she|they}} {{GENDER:x|he}}", "they he"),
            ("{{GRAMMAR:genitive|{{SITENAME}}}}", "MediaWiki"),
            ("the {{ns:widget}} namespace", "the Widget namespace"),
            ("{{int:foo-bar}} {{Foo}} {{x|y=z}} {{lc:ABC}}", "foo-bar Foo z abc"),
            ("{{PLURAL:1|[[A|b]]|c}} {{open [[x}} y", "b open [[x y"),
            ("}} {{ | ]] {x}", "}} {{ | ]] {x}"),
        ]);
    }

    #[test]
    fn lines_mean_something_only_in_lists_and_between_paragraphs() {
        check(&[
            ("one\ntwo", "one two"),
            ("  one \t two\r\n\n\n three ", "one two\nthree"),
            ("Two:\n* 2011 - a\n* 2022 - b\nend", "Two:\n* 2011 - a\n* 2022 - b\nend"),
            ("a\u{0}b\u{7f}", "ab"),
            ("", ""),
            (" \n ", ""),
        ]);
    }

    #[test]
    fn hostile_text_takes_no_time_and_loses_nothing() {
        for part in ["[[", "{{", "<nowiki>", "[http://", "<", "&", "''", "{{a|", "[[a|", "]]", "\n"]
        {
            let text = part.repeat(100_000);
            assert!(plain_text(&text).len() <= text.len() * 2, "{part}");
        }
        let deep = format!("{}x{}", "[[a|".repeat(30), "]]".repeat(30));
        assert!(plain_text(&deep).contains('x'));
    }
}
