//! The pass through the wikitext: links, templates and quotes.
//!
//! It goes through the text once, with a stack of what is open. The text is hostile, so there is no
//! recursion, and nothing is read twice.

use crate::metadata::plain_text::{
    functions::template_text,
    html::{self, Tag},
    lines::{BREAK, lines},
};

/// How deep links and templates may be nested. Deeper ones are no markup.
const MAX_DEPTH: usize = 20;

/// How an external link may begin: the usual ones of `$wgUrlProtocols`.
const PROTOCOLS: [&str; 8] =
    ["http://", "https://", "//", "mailto:", "ftp://", "irc://", "ircs://", "news:"];

/// The plain text of `wikitext`. Paragraphs, line breaks and list items are lines, a list item with its
/// `*` or `#`. All other white space becomes single spaces.
pub(crate) fn plain_text(wikitext: &str) -> String {
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

/// A link or template that is open: its end was not read yet.
struct Open {
    kind: Construct,
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
    /// True once an element of literal text had no closing tag. The next one has none either, so there is
    /// no need to search again.
    unclosed: bool,
}

/// Each method reads markup at the start of the rest of the text. It returns how many bytes it took: 0 if
/// there is no markup.
impl Reader {
    /// Where text is added: the innermost open link or template, else the result.
    fn text(&mut self) -> &mut String {
        self.open.last_mut().map_or(&mut self.text, |open| &mut open.text)
    }

    fn open(&mut self, kind: Construct, taken: usize) -> usize {
        if self.open.len() == MAX_DEPTH {
            return 0;
        }
        self.open.push(Open { kind, parts: Vec::new(), text: String::new() });
        taken
    }

    /// Turns the innermost open link or template back into text, since its end is missing. Returns false if
    /// nothing is open.
    fn give_up(&mut self) -> bool {
        let Some(open) = self.open.pop() else { return false };
        let text = self.text();
        match &open.kind {
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
        if let Some(len) = html::comment(rest) {
            return len;
        }
        let Some(tag) = Tag::read(rest) else { return 0 };
        if tag.is_block() {
            self.text().push(BREAK);
        } else if !tag.is_inline() {
            return 0;
        } else if tag.opens_literal() && !self.unclosed {
            match tag.literal(rest) {
                Some((text, len)) => {
                    self.text().push_str(&text);
                    return len;
                }
                None => self.unclosed = true,
            }
        }
        tag.len
    }

    fn reference(&mut self, rest: &str) -> usize {
        match html::character_reference(rest) {
            Some((text, len)) => {
                self.text().push_str(&text);
                len
            }
            None => 0,
        }
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
        match self.open.last().map(|open| &open.kind) {
            Some(Construct::ExternalLink(_)) => {}
            Some(Construct::Link) if rest.starts_with("]]") => {}
            _ => return 0,
        }
        let Some(open) = self.open.pop() else { return 0 };
        match &open.kind {
            Construct::ExternalLink(url) => {
                // `[https://example.org|text]` is a frequent mistake.
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
        let is_template = |open: &Open| matches!(open.kind, Construct::Template);
        if !rest.starts_with("}}") || !self.open.iter().any(is_template) {
            return 0;
        }
        while !self.open.last().is_some_and(is_template) {
            self.give_up();
        }
        if let Some(open) = self.open.pop() {
            let mut parts = open.parts;
            parts.push(open.text);
            let text = template_text(&parts[0], &parts[1..]);
            self.text().push_str(&text);
        }
        2
    }

    fn separator(&mut self) -> usize {
        match self.open.last_mut() {
            Some(Open { kind: Construct::Link | Construct::Template, parts, text }) => {
                parts.push(std::mem::take(text));
                1
            }
            _ => 0,
        }
    }

    /// Two quotes mean italic, three bold, five both. MediaWiki shows the others as text.
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
        while matches!(self.open.last(), Some(Open { kind: Construct::ExternalLink(_), .. })) {
            self.give_up();
        }
        0
    }
}

/// What an internal link shows: its text, else its target. Pictures and categories show nothing.
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

/// Whether a link to this target shows no text.
fn hides(target: &str) -> bool {
    target.split_once(':').is_some_and(|(namespace, _)| {
        ["file", "image", "category"].contains(&namespace.trim().to_ascii_lowercase().as_str())
    })
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
    fn html_is_removed_and_what_only_looks_like_it_stays() {
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
            // Five of them are markup.
            ("''''''x'''''''", "'x''"),
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
    fn line_ends_count_only_in_lists_and_between_paragraphs() {
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
    fn hostile_text_takes_little_time_and_loses_nothing() {
        for part in ["[[", "{{", "<nowiki>", "[http://", "<", "&", "''", "{{a|", "[[a|", "]]", "\n"]
        {
            let text = part.repeat(100_000);
            assert!(plain_text(&text).len() <= text.len() * 2, "{part}");
        }
        let deep = format!("{}x{}", "[[a|".repeat(30), "]]".repeat(30));
        assert!(plain_text(&deep).contains('x'));
    }
}
