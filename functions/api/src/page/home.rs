//! `/` for browsers: the search and what it found, or ways to begin.

use maud::{Markup, html};
use tardist_contract::Kind;

use super::{
    answer,
    layout::{Layout, document, label},
    outside::{direction, link},
    search::{Found, Query, Results, search},
};
use crate::{
    endpoints::health::rfc3339,
    endpoints::info::noun,
    http::encoding::compressed,
    http::problem::ApiError,
    http::request::Request,
    http::response::Response,
    language::chain::ENGLISH,
    language::wanted::Wanted,
    query::snapshot::Snapshot,
    query::statement::{self, Summary},
    route::ENDPOINTS,
    settings::Settings,
};

/// Answers `/` with a page; with `?q=`, and `&kind=` where it is wanted, with what that finds.
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
            let results = search(&query, &wanted, snapshot).await?;
            let page = answer(found_page(&query, &results), results.modified_at);
            // The page itself is English, whatever the languages of what it lists.
            wanted.describe(page, ENGLISH)
        }
        None => {
            let summary = snapshot.get(statement::summary()).await?;
            answer(start_page(settings, &summary), summary.generated_at)
        }
    };
    response.vary("Accept");
    Ok(compressed(request, response))
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
            "Everything here is there as JSON as well, without a key and for any origin"
            @if let Some(url) = link(&settings.documentation_url) {
                ": see the " a href=(url) rel="noreferrer" { "documentation" }
            }
            "."
        }
        ul.endpoints { @for endpoint in ENDPOINTS { li { code { (endpoint) } } } }
    };
    document(&Layout::default(), &content)
}

fn found_page(query: &Query, results: &Results) -> Markup {
    let title = format!("Search: {}", query.text);
    let count = results.found.len();
    let content = html! {
        h1 { "Search results for “" bdi { (query.text) } "”" }
        @if count == 0 {
            p { "Nothing has all of this in its name, title, authors, licence or description." }
            p { "Try fewer words, or look through all "
                a href="/extensions" { "extensions" } " and " a href="/skins" { "skins" } "." }
        } @else {
            p { @if results.more { "The first " } (count) @if count == 1 { " result" } @else { " results" } }
            ul.found { @for found in &results.found { (entry(found)) } }
        }
    };
    let layout = Layout { title: &title, query: query.text, kind: query.kind, ..Layout::default() };
    document(&layout, &content)
}

fn entry(found: &Found) -> Markup {
    let language = found.description_language.as_deref();
    let title = found.title.as_deref().filter(|title| *title != found.name);
    html! {
        li {
            h2 {
                a href={ "/" (found.kind) "/" (found.name) } { (found.name) }
                " " span.kind { (noun(found.kind)) }
            }
            @if let Some(title) = title { p.title dir="auto" { (title) } }
            @if let Some(text) = &found.description {
                p.description lang=[language] dir=(direction(language)) { (text) }
            }
        }
    }
}

/// `2026-08-06T09:30:00Z` as `2026-08-06, 09:30 UTC`.
pub(super) fn minute(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(minute)) => format!("{day}, {minute} UTC"),
        _ => time.to_owned(),
    }
}

/// A count with a comma at each thousand.
pub(super) fn thousands(count: i64) -> String {
    let digits = count.to_string();
    let first = digits.len() % 3;
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
