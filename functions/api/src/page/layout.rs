//! What all pages have around their content: the header, the search form and the footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use tardist_contract::Kind;

use super::outside::undirected;
use crate::query::search::MAX_TEXT;

/// The style, which is part of each page.
const STYLE: &str = include_str!("style.css");

/// The icon: a box with an arrow into it. It is part of each page, and so needs no request.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
     %3Crect width='16' height='16' rx='3' fill='%23245fb8'/%3E\
     %3Cpath d='M8 3v6M5 7l3 3 3-3M3.500 12.500h9' fill='none' stroke='white' stroke-width='1.500' \
     stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/// The name of the site.
const SITE: &str = "MediaWiki extensions and skins";

/// What differs between pages around their content.
#[derive(Default)]
pub(super) struct Layout<'a> {
    /// The title of the page; empty for the start page.
    pub(super) title: &'a str,
    /// The text of the search form.
    pub(super) query: &'a str,
    /// The kind that the search form chooses.
    pub(super) kind: Option<Kind>,
    /// The kind whose list this page is: the navigation marks it.
    pub(super) here: Option<Kind>,
    /// The path of the same content as JSON; empty where there is none.
    pub(super) json: &'a str,
}

/// `Extensions` or `Skins`.
pub(super) fn label(kind: Kind) -> &'static str {
    match kind {
        Kind::Extensions => "Extensions",
        Kind::Skins => "Skins",
    }
}

/// A whole page around its content.
pub(super) fn document(layout: &Layout, content: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" dir="ltr" {
            (head(layout))
            body {
                a.skip href="#content" { "Skip to the content" }
                header {
                    div.bar {
                        p.site { a href="/" rel="home" { (SITE) } }
                        nav aria-label="Kinds" { ul {
                            @for kind in Kind::ALL {
                                li { a href={ "/" (kind) } aria-current=[(layout.here == Some(kind)).then_some("page")] {
                                    (label(kind))
                                } }
                            }
                        } }
                        (search_form(layout))
                    }
                }
                main #content tabindex="-1" { (content) }
                footer { p {
                    "tardist " (env!("CARGO_PKG_VERSION"))
                    @if !layout.json.is_empty() {
                        " · " a href=(layout.json) type="application/json" { "This page as JSON" }
                    }
                } }
            }
        }
    }
}

fn head(layout: &Layout) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title {
                @if !layout.title.is_empty() { (undirected(layout.title)) " – " }
                (SITE)
            }
            @if !layout.json.is_empty() {
                link rel="alternate" type="application/json" href=(layout.json);
            }
            link rel="icon" type="image/svg+xml" href=(ICON);
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn search_form(layout: &Layout) -> Markup {
    html! {
        form role="search" action="/" method="get" {
            label for="q" { "Search" }
            input #q type="search" name="q" value=(layout.query) maxlength=(MAX_TEXT)
                dir="auto" autocomplete="off" autocapitalize="off" spellcheck="false";
            label.hidden for="kind" { "Search in" }
            select #kind name="kind" {
                option value="" { "All" }
                @for kind in Kind::ALL {
                    option value=(kind) selected[layout.kind == Some(kind)] { (label(kind)) }
                }
            }
            button { "Search" }
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::page::html::CONTENT_SECURITY_POLICY;

    /// Base64 (RFC 4648) of 32 bytes.
    fn base64(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let digit = |group: u32, place: u32| {
            char::from(DIGITS[usize::try_from(group >> (6 * place) & 63).unwrap()])
        };
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let byte = |index: usize| u32::from(chunk.get(index).copied().unwrap_or(0));
            let group = byte(0) << 16 | byte(1) << 8 | byte(2);
            for place in 0..4 {
                let is_there = place <= u32::try_from(chunk.len()).unwrap();
                text.push(if is_there { digit(group, 3 - place) } else { '=' });
            }
        }
        text
    }

    #[test]
    fn the_policy_allows_this_style() {
        let hash = base64(&Sha256::digest(STYLE.as_bytes()));
        assert!(
            CONTENT_SECURITY_POLICY.contains(&format!("style-src 'sha256-{hash}';")),
            "style.css has changed: write sha256-{hash} into CONTENT_SECURITY_POLICY"
        );
        let page = document(&Layout::default(), &html! {}).into_string();
        assert!(page.contains(&format!("<style>{STYLE}</style>")), "the style stands as it is");
    }

    #[test]
    fn a_page_asks_for_nothing_and_its_frame_is_escaped() {
        let query = "\"><script>alert(1)</script>";
        let layout = Layout {
            title: "a\u{202e}b<script>",
            query,
            kind: Some(Kind::Skins),
            json: "/info/skins/x",
            ..Layout::default()
        };
        let page = document(&layout, &html! {}).into_string();
        assert!(page.starts_with("<!DOCTYPE html><html lang=\"en\" dir=\"ltr\">"));
        assert!(page.contains("<title>ab&lt;script&gt; – "), "{page}");
        assert!(page.contains("value=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\""));
        assert!(page.contains("<option value=\"skins\" selected>"));
        for outside in ["<script", "src=", "@import", "url(", "<iframe", " style=", " on"] {
            let markup = page.replace(STYLE, "");
            let found = markup.match_indices(outside).next();
            let inside = |at: usize| &markup[at..(at + 20).min(markup.len())];
            assert!(outside == " on" || found.is_none(), "{:?}", found.map(|(at, _)| inside(at)));
        }
    }
}
