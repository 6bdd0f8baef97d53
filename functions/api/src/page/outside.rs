//! Texts and URLs from repositories, made safe to show. maud escapes them. What is left is done here: URLs
//! that do more than lead to another page, and text that changes the direction of what follows it.

/// The URL, if a click on it only fetches it: `http`, `https`, or a path of this site.
pub(super) fn link(url: &str) -> Option<&str> {
    let is_web = |scheme: &str| {
        let start = url.get(..scheme.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(scheme)) && url.len() > scheme.len()
    };
    let is_path = url.starts_with('/') && !url.starts_with("//") && !url.starts_with("/\\");
    // A browser removes tabs and line breaks, and might then follow another URL.
    let is_plain = !url.chars().any(|it| it.is_control() || it.is_whitespace());
    (is_plain && (is_web("https://") || is_web("http://") || is_path)).then_some(url)
}

/// A URL as people read it: without its scheme and the slash at its end.
pub(super) fn shown(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.trim_end_matches('/')
}

/// The text without characters that change its direction, for places without markup, such as the title
/// of a window. Elsewhere the attribute `dir` keeps the direction within its element.
pub(super) fn undirected(text: &str) -> String {
    let is_mark = |it: &char| matches!(it, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().filter(|it| !is_mark(it)).collect()
}

/// The languages that are written from right to left unless their code names another script: those with
/// `$rtl = true` in MediaWiki's `languages/messages/`.
const RIGHT_TO_LEFT: &str = " acm aeb ajp apc ar arc arq ars ary arz avd azb bcc bgn bqi ckb dv fa \
     fay glk haz he khw lki lrc luz mzn nqo pnb ps sd sdh skr syc syr ug ur yi ";

/// The value of `dir` for a text, by the code of its language. `auto` where that is not known: then the
/// browser decides by the first letters of the text.
pub(super) fn direction(language: Option<&str>) -> &'static str {
    let Some(language) = language else { return "auto" };
    let mut parts = language.split(['-', '_']);
    let primary = parts.next().unwrap_or_default();
    let in_script = |scripts: &[&str]| language.split('-').skip(1).any(|it| scripts.contains(&it));
    if in_script(&["arab", "hebr", "thaa", "nkoo"]) || matches!(language, "kk-cn") {
        "rtl"
    } else if in_script(&["latn", "cyrl", "deva"]) {
        "ltr"
    } else if RIGHT_TO_LEFT.split_whitespace().any(|it| it == primary) {
        "rtl"
    } else {
        "ltr"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_urls_that_lead_somewhere_become_links() {
        for good in ["https://example.org/wiki/A?b=c#d", "HTTP://example.org", "/dist/x.tar.gz"] {
            assert_eq!(link(good), Some(good));
        }
        for bad in [
            "",
            "https://",
            "javascript:alert(1)",
            "JavaScript:alert(1)",
            " javascript:alert(1)",
            "java\tscript:alert(1)",
            "/\t/example.org",
            "data:text/html,<script>alert(1)</script>",
            "vbscript:x",
            "ftp://example.org",
            "//example.org",
            "/\\example.org",
            "mailto:a@example.org",
            "ssh://git@example.org/a",
            "relative",
            "ä://",
        ] {
            assert_eq!(link(bad), None, "{bad}");
        }
    }

    #[test]
    fn urls_are_shown_short_and_titles_keep_their_direction() {
        assert_eq!(shown("https://example.org/wiki/A/"), "example.org/wiki/A");
        assert_eq!(shown("/dist/x"), "/dist/x");
        assert_eq!(undirected("a\u{202e}cod\u{2066}.exe\u{200f}"), "acod.exe");
    }

    #[test]
    fn a_language_has_the_direction_of_its_script() {
        for (language, expected) in [
            ("en", "ltr"),
            ("ar", "rtl"),
            ("he", "rtl"),
            ("fa", "rtl"),
            ("ug-arab", "rtl"),
            ("ug-latn", "ltr"),
            ("ku-latn", "ltr"),
            ("ku-arab", "rtl"),
            ("kk-cn", "rtl"),
            ("zh-hant", "ltr"),
            ("arn", "ltr"),
            ("", "ltr"),
        ] {
            assert_eq!(direction(Some(language)), expected, "{language}");
        }
        assert_eq!(direction(None), "auto");
    }
}
