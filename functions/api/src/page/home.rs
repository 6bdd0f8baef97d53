//! `/` for browsers: the start page. With `q` it is the page of a search, as in old links.

use maud::{Markup, html};
use tardist_contract::Kind;

use super::{
    changes,
    html::response,
    layout::{Layout, document, label},
    list::group_name,
    outside::link,
    search,
    text::minute,
    visit::Visit,
};
use crate::{
    http::{
        date::rfc3339, encoding::compressed, problem::ApiError, request::Request,
        response::Response,
    },
    query::{
        pages::home::{Home, home},
        snapshot::Snapshot,
    },
    route::ENDPOINTS,
    settings::Settings,
};

/// How many groups the start page has: the rest is in the lists' own choice.
const MAX_GROUPS: usize = 14;

/// How many of the newest changes the start page has.
const MAX_CHANGES: usize = 8;

/// Answers `/` with a page: the results of a search where the request has `q`, else the start page.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot.
pub async fn get(
    request: &Request,
    settings: &Settings,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    if search::Query::new(request)?.is_some() {
        return search::get(request, snapshot).await;
    }
    let visit = Visit::of(request)?;
    let home = snapshot.get(home()).await?;
    let page = response(page(&visit, settings, &home), home.summary.generated_at);
    let mut response = visit.describe(page);
    response.vary("Accept");
    response.alternate("/");
    Ok(compressed(&request.headers, response))
}

fn page(visit: &Visit, settings: &Settings, home: &Home) -> Markup {
    let messages = visit.messages;
    let content = html! {
        h1 { (messages.text("home-title")) }
        p { (messages.text("home-intro")) }
        (kinds(visit, home))
        (groups(visit, home))
        @if !home.changes.is_empty() {
            h2 { (messages.text("changes")) }
            ul.changes { @for changes in changes::of_repositories(&home.changes).take(MAX_CHANGES) { li {
                @if let Some(newest) = changes.first() {
                    time { (newest.published_at.get(..10).unwrap_or_default()) } " · "
                }
                (changes::entry(visit, changes))
            } } }
            p { a href=(visit.link("/changes")) { (messages.text("home-changes-all")) } }
        }
        h2 { (messages.text("home-updates-title")) }
        p { (messages.text("home-updates-text")) }
        p { a.button href=(visit.link("/updates")) { (messages.text("home-updates-link")) } }
        (programs(visit, settings))
    };
    let layout = Layout {
        description: messages.text("home-intro"),
        ..Layout::new(visit, &home.branches, "/")
    };
    document(&layout, &content)
}

fn kinds(visit: &Visit, home: &Home) -> Markup {
    let messages = visit.messages;
    let updated = rfc3339(home.summary.generated_at);
    let counts = [(Kind::Extensions, home.summary.extensions), (Kind::Skins, home.summary.skins)];
    let time = html! { time datetime=(updated) { (minute(messages, &updated)) } };
    let tarballs = messages.number(home.summary.tarballs);
    html! {
        ul.kinds { @for (kind, count) in counts { li {
            a href=(visit.link(&format!("/{kind}"))) {
                strong { (messages.number(count)) } " " (label(messages, kind))
            }
        } } }
        p.small { (messages.markup("home-counts", &[html! { (tarballs) }, time])) }
    }
}

fn groups(visit: &Visit, home: &Home) -> Markup {
    let messages = visit.messages;
    html! { @if !home.groups.is_empty() {
        h2 { (messages.text("home-groups")) }
        ul.groups { @for (name, count) in home.groups.iter().take(MAX_GROUPS) { li {
            a href=(visit.link_with("/extensions", &[("group", name)])) { bdi { (group_name(visit, name)) } }
            " " span.kind { (messages.number(*count)) }
        } } }
    } }
}

fn programs(visit: &Visit, settings: &Settings) -> Markup {
    let messages = visit.messages;
    html! {
        h2 { (messages.text("home-programs")) }
        p { (messages.text("home-programs-text")) }
        ul.links {
            li { a href=(visit.link("/api")) { (messages.text("api")) } }
            li { a href="/openapi.json" type="application/json" { (messages.text("home-openapi")) } }
            @if let Some(url) = link(&settings.documentation_url) {
                li { a href=(url) rel="noreferrer" { (messages.text("home-documentation")) } }
            }
        }
        ul.endpoints dir="ltr" { @for endpoint in ENDPOINTS { li {
            // A path with a variable part leads nowhere.
            @if endpoint.contains('{') { code { (endpoint) } } @else { a href=(endpoint) { code { (endpoint) } } }
        } } }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;

    use super::*;
    use crate::query::{distributed::Distributed, summary::Summary};

    fn sample() -> Home {
        Home {
            summary: Summary { generated_at: 0, extensions: 1_400, skins: 2, tarballs: 7_001 },
            branches: vec![Distributed { name: "REL1_45".parse().unwrap(), is_released: true }]
                .into(),
            groups: vec![("antispam".to_owned(), 12), ("a<b".to_owned(), 1)],
            changes: Vec::new(),
        }
    }

    fn rendered(uri: &str) -> String {
        let settings =
            Settings { snapshot_max_age: 1, documentation_url: "https://d.example/".into() };
        page(&Visit::of_any(&uri.parse().unwrap(), &HeaderMap::new()), &settings, &sample())
            .into_string()
    }

    #[test]
    fn the_start_page_leads_to_lists_groups_and_all_for_programs() {
        let page = rendered("/?branch=REL1_45");
        for text in [
            "<a href=\"/extensions?branch=REL1_45\"><strong>1,400</strong> Extensions</a>",
            "7,001 tarballs, as of <time datetime=\"1970-01-01T00:00:00Z\">1970-01-01, 00:00 UTC</time>",
            "<a href=\"/extensions?group=antispam&amp;branch=REL1_45\"><bdi>Spam prevention</bdi></a>",
            "<bdi>a&lt;b</bdi>",
            "<a href=\"/updates?branch=REL1_45\"",
            "<a href=\"/changes?branch=REL1_45\"",
            "<a href=\"/openapi.json\"",
            "<a href=\"/api?branch=REL1_45\"",
            "<a href=\"https://d.example/\"",
            "<a href=\"/list\"><code>/list</code></a>",
            "<li><code>/info/{kind}</code></li>",
        ] {
            assert!(page.contains(text), "{text} is not in:\n{page}");
        }
        assert!(page.len() < 40_000, "{}", page.len());
        assert!(!page.contains("This page as JSON"), "a browser would get this page again");
    }

    #[test]
    fn the_start_page_is_in_the_language_of_the_reader() {
        let page = rendered("/?lang=de");
        assert!(
            page.contains("<html lang=\"de\" dir=\"ltr\">")
                && page.contains("<strong>1.400</strong>")
        );
        assert!(rendered("/?lang=ar").contains("<html lang=\"ar\" dir=\"rtl\">"));
    }
}
