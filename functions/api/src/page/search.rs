//! `/search` for browsers: what the search form sends, and the repositories that match.

use maud::{Markup, html};
use tardist_contract::{Kind, RepoName, search::Card};

use super::{
    html::response,
    layout::{Layout, document, label, singular},
    outside::direction,
    visit::Visit,
    wiki,
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    language::chain::bcp47,
    query::{
        distributed::{Branches, distributed},
        near::near,
        search::{MAX_TEXT, Search, find},
        snapshot::Snapshot,
    },
};

/// How many repositories are shown.
const MAX_SHOWN: u32 = 50;

/// What is searched for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query<'a> {
    /// The text, without white space around it; not empty.
    text: &'a str,
    /// The kind, or `None` for both.
    kind: Option<Kind>,
}

/// What was found.
#[derive(Debug)]
struct Found {
    /// The repositories, best first.
    cards: Vec<Card>,
    /// True where there are more than are shown.
    more: bool,
    /// Where there is none: the names that are near to the text.
    near: Vec<(Kind, RepoName)>,
}

impl<'a> Query<'a> {
    /// Reads `q` and `kind`, as the form sends them; `None` without text.
    ///
    /// # Errors
    /// [`ApiError::BadParameter`] for a text that is too long or has control characters, and for an
    /// unknown kind.
    pub(super) fn new(request: &'a Request) -> Result<Option<Self>, ApiError> {
        let kind = match request.parameter("kind")? {
            None | Some("") => None,
            Some(kind) => Some(kind.parse().map_err(|_| ApiError::BadParameter {
                parameter: "kind",
                takes: "`extensions` or `skins`, or nothing for both",
            })?),
        };
        let text = request.parameter("q")?.unwrap_or_default().trim();
        if text.chars().count() > MAX_TEXT || text.chars().any(char::is_control) {
            return Err(ApiError::BadParameter {
                parameter: "q",
                takes: "at most 200 characters, no control characters among them",
            });
        }
        Ok((!text.is_empty()).then_some(Self { text, kind }))
    }
}

/// Answers `/search` with a page: what `/search` finds, in the same language. Without text it only asks for
/// one.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot, 500 for a snapshot with a card that cannot be read.
pub async fn get(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let visit = Visit::of(request)?;
    let branches = snapshot.get(distributed()).await?;
    let page = match Query::new(request)? {
        Some(query) => {
            let branch = wiki::chosen(&visit, &branches.list).cloned();
            let search = Search { text: query.text, kind: query.kind, branch };
            let results = find(&search, MAX_SHOWN, &visit.wanted, snapshot).await?;
            let cards = serde_json::from_str(&format!("[{}]", results.cards)).map_err(|error| {
                eprintln!("cannot read a card of the snapshot: {error}");
                ApiError::Internal
            })?;
            let near = match results.count {
                0 => near(query.kind, query.text, snapshot).await?,
                _ => Vec::new(),
            };
            let found = Found { cards, more: results.count > i64::from(MAX_SHOWN), near };
            results_page(&visit, &branches.list, &query, &found)
        }
        None => prompt_page(&visit, &branches.list),
    };
    let mut response = visit.describe(response(page, branches.generated_at));
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}

fn prompt_page(visit: &Visit, branches: &Branches) -> Markup {
    let messages = visit.messages;
    let content = html! {
        h1 { (messages.text("search-prompt")) }
        (look_through(visit))
    };
    let layout = Layout {
        title: messages.text("search"),
        is_hidden: true,
        ..Layout::new(visit, branches, "/search")
    };
    document(&layout, &content)
}

fn look_through(visit: &Visit) -> Markup {
    let link = |kind: Kind| {
        html! {
            a href=(visit.link(&format!("/{kind}"))) { (label(visit.messages, kind)) }
        }
    };
    html! { p { (visit.messages.markup("search-nothing-advice", &Kind::ALL.map(link))) } }
}

fn results_page(visit: &Visit, branches: &Branches, query: &Query, found: &Found) -> Markup {
    let messages = visit.messages;
    let count = messages.number(found.cards.len());
    let content = html! {
        h1 {
            (messages.markup("search-results", &[html! { bdi { (query.text) } }]))
            @if let Some(branch) = wiki::chosen(visit, branches) {
                " " span.quiet { (wiki::list_for(messages, branch)) }
            }
        }
        @if found.cards.is_empty() {
            p { (messages.text("search-nothing")) }
            (near_names(visit, &found.near))
            (look_through(visit))
        } @else {
            p {
                @if found.more { (messages.with("search-count-first", &[&count])) }
                @else { (messages.with("search-count", &[&count])) }
            }
            ul.found { @for card in &found.cards { (result(visit, card)) } }
        }
    };
    let title = messages.with("search-title", &[query.text]);
    let kind = query.kind.map_or("", Kind::as_str);
    let layout = Layout {
        title: &title,
        parameters: &[("q", query.text), ("kind", kind)],
        query: query.text,
        kind: query.kind,
        is_hidden: true,
        ..Layout::new(visit, branches, "/search")
    };
    document(&layout, &content)
}

/// The names that are nearly what was searched for.
pub(super) fn near_names(visit: &Visit, near: &[(Kind, RepoName)]) -> Markup {
    html! {
        @if !near.is_empty() {
            p { (visit.messages.text("search-near")) }
            ul.found { @for (kind, name) in near {
                li {
                    a href=(visit.link(&format!("/{kind}/{name}"))) { (name) }
                    " " span.kind { (singular(visit.messages, *kind)) }
                }
            } }
        }
    }
}

fn result(visit: &Visit, card: &Card) -> Markup {
    let metadata = &card.metadata;
    let language = metadata.description_language.as_deref();
    let title = metadata.title.as_deref().filter(|title| *title != card.name.as_str());
    html! {
        li {
            h2 {
                a href=(visit.link(&format!("/{}/{}", card.kind, card.name))) { (card.name) }
                " " span.kind { (singular(visit.messages, card.kind)) }
            }
            @if let Some(title) = title { p.title { bdi { (title) } } }
            @if let Some(text) = &metadata.description {
                p.description lang=[language.map(bcp47)] dir=(direction(language)) { (text) }
            }
        }
    }
}
