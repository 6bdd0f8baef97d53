//! What all pages have around their content: the header with its forms, and the footer.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use tardist_contract::Kind;

use super::{
    messages::Messages,
    outside::{direction, undirected},
    visit::{Visit, address},
    wiki,
};
use crate::query::{distributed::Branches, search::MAX_TEXT};

/// The style, which is part of each page.
const STYLE: &str = include_str!("style.css");

/// The icon: a box with an arrow into it. It is part of each page, and so needs no request.
const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 16 16'%3E\
     %3Crect width='16' height='16' rx='3' fill='%23245fb8'/%3E\
     %3Cpath d='M8 3v6M5 7l3 3 3-3M3.500 12.500h9' fill='none' stroke='white' stroke-width='1.500' \
     stroke-linecap='round' stroke-linejoin='round'/%3E%3C/svg%3E";

/// The part of the site that a page belongs to: the navigation marks it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The list of a kind.
    List(Kind),
    /// The latest changes.
    Changes,
    /// The update check.
    Updates,
}

/// What differs between pages around their content.
pub(super) struct Layout<'a> {
    /// What the reader chose.
    pub(super) visit: &'a Visit,
    /// All branches that are distributed; empty where they are not known, as on the page of an error.
    pub(super) branches: &'a Branches,
    /// The title of the page; empty for the start page.
    pub(super) title: &'a str,
    /// What is on the page, in a line; empty where there is nothing to say.
    pub(super) description: &'a str,
    /// The path of the page.
    pub(super) path: &'a str,
    /// Its own parameters, besides those that the reader chose.
    pub(super) parameters: &'a [(&'a str, &'a str)],
    /// The text of the search form.
    pub(super) query: &'a str,
    /// The kind that the search form chooses.
    pub(super) kind: Option<Kind>,
    /// The part of the site that it belongs to.
    pub(super) here: Option<Part>,
    /// The path of the same content as JSON, for a link; empty where there is none, and where it is the path
    /// of the page itself, which a browser would get again.
    pub(super) json: &'a str,
    /// The path of the feed of what the page shows; empty for that of everything.
    pub(super) feed: &'a str,
    /// True for a page that is not to be found by search engines.
    pub(super) is_hidden: bool,
}

impl<'a> Layout<'a> {
    /// The layout of a page at `path` with nothing special about it.
    pub(super) fn new(visit: &'a Visit, branches: &'a Branches, path: &'a str) -> Self {
        Self {
            visit,
            branches,
            title: "",
            description: "",
            path,
            parameters: &[],
            query: "",
            kind: None,
            here: None,
            json: "",
            feed: "",
            is_hidden: false,
        }
    }

    /// The path of the feed, with the branch that the reader chose.
    fn feed(&self) -> String {
        let path = if self.feed.is_empty() { "/feed.atom" } else { self.feed };
        wiki::feed(self.visit, self.branches, path)
    }
}

/// `Extensions` or `Skins`, in the language of the reader.
pub(super) fn label(messages: Messages, kind: Kind) -> &'static str {
    match kind {
        Kind::Extensions => messages.text("extensions"),
        Kind::Skins => messages.text("skins"),
    }
}

/// The word for one of a kind, in the language of the reader.
pub(super) fn singular(messages: Messages, kind: Kind) -> &'static str {
    match kind {
        Kind::Extensions => messages.text("extension"),
        Kind::Skins => messages.text("skin"),
    }
}

/// A whole page around its content.
pub(super) fn document(layout: &Layout, content: &Markup) -> Markup {
    let messages = layout.visit.messages;
    html! {
        (DOCTYPE)
        html lang=(messages.language()) dir=(messages.direction()) {
            (head(layout))
            body {
                a.skip href="#content" { (messages.text("skip-to-content")) }
                header {
                    div.bar {
                        p.site { a href=(layout.visit.link("/")) rel="home" { (messages.text("site-name")) } }
                        (navigation(layout))
                    }
                    div.bar {
                        (search_form(layout))
                        (wiki::form(layout.visit, layout.branches, layout.path, layout.parameters))
                    }
                }
                main #content tabindex="-1" {
                    (wiki::note(layout.visit, layout.branches))
                    (content)
                }
                (footer(layout))
            }
        }
    }
}

fn navigation(layout: &Layout) -> Markup {
    let messages = layout.visit.messages;
    let parts = [
        (Part::List(Kind::Extensions), "/extensions", messages.text("extensions")),
        (Part::List(Kind::Skins), "/skins", messages.text("skins")),
        (Part::Changes, "/changes", messages.text("changes")),
        (Part::Updates, "/updates", messages.text("updates")),
    ];
    html! {
        nav aria-label=(messages.text("nav-label")) { ul { @for (part, path, label) in parts {
            li { a href=(layout.visit.link(path)) aria-current=[(layout.here == Some(part)).then_some("page")] {
                (label)
            } }
        } } }
    }
}

fn footer(layout: &Layout) -> Markup {
    let messages = layout.visit.messages;
    html! {
        footer {
            p {
                bdi { "tardist " (env!("CARGO_PKG_VERSION")) }
                @if !layout.json.is_empty() {
                    " · " a href=(layout.json) type="application/json" { (messages.text("page-as-json")) }
                }
                " · " a href=(layout.feed()) type="application/atom+xml" { (messages.text("feed")) }
                " · " a href=(layout.visit.link("/api")) { (messages.text("api")) }
            }
            nav aria-label=(messages.text("languages")) { ul { @for (code, name) in Messages::languages() {
                li { a href=(in_language(layout, code)) lang=(code) hreflang=(code)
                    dir=(direction(Some(code))) aria-current=[(code == messages.language()).then_some("true")] {
                    (name)
                } }
            } } }
        }
    }
}

/// The address of this page in another language.
fn in_language(layout: &Layout, code: &str) -> String {
    let branch = layout.visit.branch.as_ref().map(|it| ("branch", it.as_str()));
    let parameters = layout.parameters.iter().copied().chain(branch).chain([("lang", code)]);
    address(layout.path, parameters)
}

/// The one address of this page, without what the reader chose: absolute where the URL of the site is known.
fn canonical(layout: &Layout) -> String {
    let path = address(layout.path, layout.parameters.iter().copied());
    format!("{}{path}", layout.branches.public_url)
}

fn head(layout: &Layout) -> Markup {
    let site = layout.visit.messages.text("site-name");
    let title = match layout.title {
        "" => site.to_owned(),
        title => format!("{} – {site}", undirected(title)),
    };
    let description = undirected(layout.description);
    let is_absolute = !layout.branches.public_url.is_empty();
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            meta name="color-scheme" content="light dark";
            title { (title) }
            @if !description.is_empty() { meta name="description" content=(description); }
            @if layout.is_hidden {
                meta name="robots" content="noindex";
            } @else {
                link rel="canonical" href=(canonical(layout));
                meta property="og:type" content="website";
                meta property="og:site_name" content=(site);
                @if is_absolute { meta property="og:url" content=(canonical(layout)); }
                meta property="og:title" content=(if layout.title.is_empty() { site } else { layout.title });
                @if !description.is_empty() { meta property="og:description" content=(description); }
            }
            // The description has absolute URLs, so there is none where they are not known.
            @if is_absolute {
                link rel="search" type="application/opensearchdescription+xml" title=(site) href="/opensearch.xml";
            }
            link rel="alternate" type="application/atom+xml" href=(layout.feed());
            @if !layout.json.is_empty() {
                link rel="alternate" type="application/json" href=(layout.json);
            }
            link rel="icon" type="image/svg+xml" href=(ICON);
            style { (PreEscaped(STYLE)) }
        }
    }
}

fn search_form(layout: &Layout) -> Markup {
    let messages = layout.visit.messages;
    html! {
        form role="search" action="/search" method="get" {
            label for="q" { (messages.text("search")) }
            input #q type="search" name="q" value=(layout.query) maxlength=(MAX_TEXT)
                dir="auto" autocomplete="off" autocapitalize="off" spellcheck="false";
            label.hidden for="kind" { (messages.text("search-in")) }
            select #kind name="kind" {
                option value="" { (messages.text("search-all")) }
                @for kind in Kind::ALL {
                    option value=(kind) selected[layout.kind == Some(kind)] { (label(messages, kind)) }
                }
            }
            @for (name, value) in layout.visit.parameters() {
                input type="hidden" name=(name) value=(value);
            }
            button { (messages.text("search")) }
        }
    }
}

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::{page::html::CONTENT_SECURITY_POLICY, query::distributed::Distributed};

    fn branches() -> Branches {
        let branch = Distributed { name: "REL1_45".parse().unwrap(), is_released: true };
        let mut branches = Branches::from(vec![branch]);
        branches.public_url = "https://t.example".to_owned();
        branches
    }

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

    fn visit(uri: &str) -> Visit {
        Visit::of_any(&uri.parse().unwrap(), &http::HeaderMap::new())
    }

    #[test]
    fn the_frame_is_in_one_language_and_its_links_carry_the_choices_on() {
        let visit = visit("/skins?branch=REL1_45&lang=ar");
        let branches = branches();
        let layout = Layout {
            here: Some(Part::List(Kind::Skins)),
            parameters: &[("sort", "changed")],
            ..Layout::new(&visit, &branches, "/skins")
        };
        let page = document(&layout, &html! {}).into_string();
        for text in [
            "<html lang=\"ar\" dir=\"rtl\">",
            "<a href=\"/skins?branch=REL1_45&amp;lang=ar\" aria-current=\"page\">الواجهات</a>",
            "<a href=\"/skins?sort=changed&amp;branch=REL1_45&amp;lang=de\" lang=\"de\"",
            "<input type=\"hidden\" name=\"branch\" value=\"REL1_45\">",
            "<input type=\"hidden\" name=\"sort\" value=\"changed\">",
            "<link rel=\"canonical\" href=\"https://t.example/skins?sort=changed\">",
            "href=\"/feed.atom?branch=REL1_45\"",
            "<meta property=\"og:url\" content=\"https://t.example/skins?sort=changed\">",
            "rel=\"search\" type=\"application/opensearchdescription+xml\"",
        ] {
            assert!(page.contains(text), "{text} is not in:\n{page}");
        }
    }

    #[test]
    fn the_policy_allows_this_style() {
        let hash = base64(&Sha256::digest(STYLE.as_bytes()));
        assert!(
            CONTENT_SECURITY_POLICY.contains(&format!("style-src 'sha256-{hash}';")),
            "style.css has changed: write sha256-{hash} into CONTENT_SECURITY_POLICY"
        );
        let visit = visit("/");
        let page =
            document(&Layout::new(&visit, &Branches::default(), "/"), &html! {}).into_string();
        assert!(page.contains(&format!("<style>{STYLE}</style>")), "the style stands as it is");
    }

    #[test]
    fn a_page_asks_for_nothing_and_its_frame_is_escaped() {
        let query = "\"><script>alert(1)</script>";
        let visit = visit("/?branch=REL1_45");
        let branches = branches();
        let layout = Layout {
            title: "a\u{202e}b<script>",
            description: query,
            query,
            parameters: &[("q", query)],
            kind: Some(Kind::Skins),
            json: "/info/skins/x",
            ..Layout::new(&visit, &branches, "/search")
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
