//! `/` for browsers: the start page, or the results of a search.

use maud::{Markup, html};
use tardist_contract::{Kind, search::Card};

use super::{
    html::response,
    layout::{Layout, document, label},
    outside::{direction, link},
    search::{Found, Query, search},
    text::{minute, thousands},
};
use crate::{
    http::{
        date::rfc3339, encoding::compressed, problem::ApiError, request::Request,
        response::Response,
    },
    language::{chain::ENGLISH, wanted::Wanted},
    query::{
        snapshot::Snapshot,
        summary::{Summary, summary},
    },
    route::ENDPOINTS,
    settings::Settings,
};

/// Answers `/` with a page: the results of a search where the request has `q`, else the start page.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot.
pub async fn get(
    request: &Request,
    settings: &Settings,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let mut response = match Query::new(request)? {
        Some(query) => {
            let wanted = Wanted::of(request)?;
            let found = search(&query, &wanted, snapshot).await?;
            let page = response(results_page(&query, &found), found.modified_at);
            // The page itself is English; each description has the attribute `lang`.
            wanted.describe(page, ENGLISH)
        }
        None => {
            let summary = snapshot.get(summary()).await?;
            response(start_page(settings, &summary), summary.generated_at)
        }
    };
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}

fn start_page(settings: &Settings, summary: &Summary) -> Markup {
    let updated = rfc3339(summary.generated_at);
    let counts = [(Kind::Extensions, summary.extensions), (Kind::Skins, summary.skins)];
    let content = html! {
        h1 { "Download MediaWiki extensions and skins" }
        p {
            "A tarball for each supported branch of MediaWiki, made from the source code in Git. "
            "Search above, or look through all:"
        }
        ul.kinds {
            @for (kind, count) in counts {
                li { a href={ "/" (kind) } { strong { (thousands(count)) } " " (label(kind)) } }
            }
        }
        p.small {
            (thousands(summary.tarballs)) " tarballs, as of "
            time datetime=(updated) { (minute(&updated)) }
        }
        h2 { "For programs" }
        p {
            "All of this is also available as JSON, without a key and from any origin"
            @if let Some(url) = link(&settings.documentation_url) {
                ": see the " a href=(url) rel="noreferrer" { "documentation" }
            }
            "."
        }
        ul.endpoints { @for endpoint in ENDPOINTS { li { code { (endpoint) } } } }
    };
    document(&Layout::default(), &content)
}

fn results_page(query: &Query, found: &Found) -> Markup {
    let title = format!("Search: {}", query.text);
    let count = found.cards.len();
    let content = html! {
        h1 { "Search results for “" bdi { (query.text) } "”" }
        @if count == 0 {
            p { "Nothing has all of this in its name, title, authors, licence or description." }
            p { "Try fewer words, or look through all "
                a href="/extensions" { "extensions" } " and " a href="/skins" { "skins" } "." }
        } @else {
            p { @if found.more { "The first " } (count) @if count == 1 { " result" } @else { " results" } }
            ul.found { @for card in &found.cards { (result(card)) } }
        }
    };
    let layout = Layout { title: &title, query: query.text, kind: query.kind, ..Layout::default() };
    document(&layout, &content)
}

fn result(card: &Card) -> Markup {
    let metadata = &card.metadata;
    let language = metadata.description_language.as_deref();
    let title = metadata.title.as_deref().filter(|title| *title != card.name.as_str());
    html! {
        li {
            h2 {
                a href={ "/" (card.kind) "/" (card.name) } { (card.name) }
                " " span.kind { (card.kind.singular()) }
            }
            @if let Some(title) = title { p.title dir="auto" { (title) } }
            @if let Some(text) = &metadata.description {
                p.description lang=[language] dir=(direction(language)) { (text) }
            }
        }
    }
}
