//! `/extensions` and `/skins` for people: filtered by the reader's MediaWiki and by group, sorted by name or
//! by the last change.
//!
//! A page has 100 of them, with what a reader needs to choose: title, a line of description, licence, and
//! when it last changed. So it is light however many there are. The letters lead to the right page.

use maud::{Markup, html};
use tardist_contract::Kind;

use super::{
    html::response,
    layout::{Layout, Part, document, label},
    outside::direction,
    visit::Visit,
    wiki,
};
use crate::{
    http::{
        date::day, encoding::compressed, problem::ApiError, request::Request, response::Response,
    },
    language::chain::bcp47,
    query::{
        pages::list::{Entry, List, Wanted, list},
        snapshot::Snapshot,
    },
};

/// How many there are on a page.
const PAGE: u32 = 100;

/// From how many on a list that is sorted by name has letters. Fewer are seen at a glance.
const MANY: u32 = 50;

/// How many characters the name of a group may have, as the builder takes it from a manifest. No real one has more than 20.
const MAX_GROUP: usize = 1000;

/// What the parameters of a list say.
struct Filters<'a> {
    kind: Kind,
    group: &'a str,
    by_change: bool,
    page: u32,
}

impl<'a> Filters<'a> {
    fn new(request: &'a Request, kind: Kind) -> Result<Self, ApiError> {
        let wrong = |parameter, takes| ApiError::BadParameter { parameter, takes };
        let group = request.parameter("group")?.unwrap_or_default();
        if group.chars().count() > MAX_GROUP || group.chars().any(char::is_control) {
            return Err(wrong("group", "the name of a group, such as `antispam`"));
        }
        let by_change = match request.parameter("sort")? {
            None | Some("" | "name") => false,
            Some("changed") => true,
            Some(_) => return Err(wrong("sort", "`name` or `changed`")),
        };
        let page = page_number(request)?;
        Ok(Self { kind, group, by_change, page })
    }

    /// The parameters but the page, as links have them.
    fn parameters(&self) -> [(&'static str, &'a str); 2] {
        [("group", self.group), ("sort", if self.by_change { "changed" } else { "" })]
    }

    /// The address of another page of the list.
    fn link(&self, visit: &Visit, page: u32) -> String {
        let [group, sort] = self.parameters();
        let page = page_parameter(page);
        visit.link_with(&format!("/{}", self.kind), &[group, sort, ("page", &page)])
    }
}

/// Which page of a list is wanted, from 1.
pub(super) fn page_number(request: &Request) -> Result<u32, ApiError> {
    let number = match request.parameter("page")? {
        None => return Ok(1),
        Some(text) if text.bytes().all(|it| it.is_ascii_digit()) => text.parse().ok(),
        Some(_) => None,
    };
    number
        .filter(|it| (1..=10_000).contains(it))
        .ok_or(ApiError::BadParameter { parameter: "page", takes: "a number from 1 to 10,000" })
}

/// The value of `page` for a page, which the first one does without.
pub(super) fn page_parameter(number: u32) -> String {
    if number == 1 { String::new() } else { number.to_string() }
}

/// Answers `/KIND`.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot.
pub async fn get(
    request: &Request,
    kind: Kind,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let visit = Visit::of(request)?;
    let filters = Filters::new(request, kind)?;
    let group = filters.group.to_ascii_lowercase();
    let mut wanted = Wanted {
        kind,
        branch: visit.branch.as_ref(),
        group: Some(group.as_str()).filter(|it| !it.is_empty()),
        by_change: filters.by_change,
        page: filters.page,
        size: PAGE,
        chain: (!visit.wanted.is_english()).then_some(&visit.wanted.chain),
    };
    let mut found = snapshot.get(list(wanted)).await?;
    if wiki::chosen(&visit, &found.branches).is_none() && visit.branch.is_some() {
        // Nothing has this branch. The page says so, and shows everything.
        wanted.branch = None;
        found = snapshot.get(list(wanted)).await?;
    }
    let page = response(page(&visit, &filters, &found), found.generated_at);
    let mut response = visit.describe(page);
    response.alternate(&format!("/list/{kind}"));
    Ok(compressed(&request.headers, response))
}

fn page(visit: &Visit, filters: &Filters, list: &List) -> Markup {
    let messages = visit.messages;
    let kind = filters.kind;
    let path = format!("/{kind}");
    let total = messages.number(list.total);
    let branch = wiki::chosen(visit, &list.branches);
    let has_letters = list.letters.len() > 1 && list.total > MANY;
    let content = html! {
        h1 {
            (label(messages, kind))
            @if let Some(branch) = branch {
                " " span.quiet { (wiki::list_for(messages, branch)) }
            }
        }
        (filter_form(visit, filters, list))
        p.small { (messages.with("list-count", &[&total])) }
        @if list.entries.is_empty() {
            p { (messages.text("list-empty")) " "
                a href=(super::visit::address(&path, visit.lang.as_deref().map(|it| ("lang", it)))) {
                    (messages.text("list-show-all"))
                }
            }
        }
        @if has_letters { (letters(visit, filters, list)) }
        (entries(visit, filters, list, has_letters))
        (pages(visit, filters, list))
    };
    let json = format!("/list/{kind}");
    let [group, sort] = filters.parameters();
    let number = page_parameter(list.page);
    let description =
        format!("{} – {}", label(messages, kind), messages.with("list-count", &[&total]));
    let layout = Layout {
        title: label(messages, kind),
        description: &description,
        parameters: &[group, sort, ("page", &number)],
        kind: Some(kind),
        here: Some(Part::List(kind)),
        json: &json,
        ..Layout::new(visit, &list.branches, &path)
    };
    document(&layout, &content)
}

/// The form that filters by group and sorts; without groups to choose from, it only sorts.
fn filter_form(visit: &Visit, filters: &Filters, list: &List) -> Markup {
    let messages = visit.messages;
    let wanted = filters.group.to_ascii_lowercase();
    let is_listed = list.groups.iter().any(|(name, _)| *name == wanted);
    html! {
        form.filter action={ "/" (filters.kind) } method="get" {
            @for (name, value) in visit.parameters() { input type="hidden" name=(name) value=(value); }
            @if list.groups.len() > 1 || !wanted.is_empty() {
                div.field {
                    label for="group" { (messages.text("filter-group")) }
                    select #group name="group" {
                        option value="" { (messages.text("filter-group-all")) }
                        @if !is_listed && !wanted.is_empty() {
                            option value=(wanted) selected { (group_name(visit, &wanted)) }
                        }
                        @for (name, count) in &list.groups {
                            option value=(name) selected[*name == wanted] {
                                (group_name(visit, name)) " (" (messages.number(*count)) ")"
                            }
                        }
                    }
                }
            }
            div.field {
                label for="sort" { (messages.text("filter-sort")) }
                select #sort name="sort" {
                    option value="" { (messages.text("sort-name")) }
                    option value="changed" selected[filters.by_change] { (messages.text("sort-changed")) }
                }
            }
            button { (messages.text("filter-apply")) }
        }
    }
}

/// A group in people's words where there are some, else as manifests name it.
pub(super) fn group_name(visit: &Visit, group: &str) -> String {
    let key = format!("group-{}", group.to_lowercase());
    visit.messages.find(&key).map_or_else(|| group.to_owned(), str::to_owned)
}

/// The letters, each a link to the page on which its names begin.
fn letters(visit: &Visit, filters: &Filters, list: &List) -> Markup {
    html! {
        nav.letters aria-label=(visit.messages.text("list-letters")) { ul {
            @for (letter, place) in &list.letters {
                @let page = place / PAGE + 1;
                @let here = if page == list.page { String::new() } else { filters.link(visit, page) };
                li { a href={ (here) "#" (anchor(letter)) } { (heading(visit, letter)) } }
            }
        } }
    }
}

/// The fragment of a letter: one that cannot be the `id` of something else.
fn anchor(letter: &str) -> String {
    format!("letter-{letter}")
}

fn heading<'a>(visit: &Visit, letter: &'a str) -> &'a str {
    if letter == "0" { visit.messages.text("list-digits") } else { letter }
}

fn entries(visit: &Visit, filters: &Filters, list: &List, has_letters: bool) -> Markup {
    let first = (list.page - 1) * PAGE;
    let last = first + PAGE;
    // The letters of this page: that with which it begins, and those that begin on it.
    let mut letters: Vec<(&str, u32)> = Vec::new();
    if has_letters {
        let before = list.letters.iter().rev().find(|(_, place)| *place <= first);
        let on_it = list.letters.iter().filter(|(_, place)| (first + 1..last).contains(place));
        letters =
            before.into_iter().chain(on_it).map(|(it, place)| (it.as_str(), *place)).collect();
    }
    let entry = |it: &Entry| entry(visit, filters.kind, it);
    html! {
        @if letters.is_empty() {
            ul.found { @for it in &list.entries { (entry(it)) } }
        } @else {
            @for (index, (letter, place)) in letters.iter().enumerate() {
                @let start = place.saturating_sub(first) as usize;
                @let end = letters.get(index + 1).map_or(list.entries.len(), |(_, next)| (next - first) as usize);
                section aria-labelledby=(anchor(letter)) {
                    h2 id=(anchor(letter)) { (heading(visit, letter)) }
                    ul.found { @for it in list.entries.get(start..end).unwrap_or_default() { (entry(it)) } }
                }
            }
        }
    }
}

fn entry(visit: &Visit, kind: Kind, entry: &Entry) -> Markup {
    let title = entry.title.as_deref().filter(|it| *it != entry.name.as_str());
    let language = entry.language.as_deref();
    let messages = visit.messages;
    html! {
        li {
            p.name {
                a href=(visit.link(&format!("/{kind}/{}", entry.name))) { (entry.name) }
                @if let Some(title) = title { " " bdi.quiet { (title) } }
            }
            @if let Some(summary) = &entry.summary {
                p.description lang=[language.map(bcp47)] dir=(direction(language)) { (summary) }
            }
            p.small {
                @if let Some(license) = &entry.license { bdi { (license) } " · " }
                (messages.markup("changed", &[html! { time { (day(entry.changed)) } }]))
                @if entry.complete == 0 { " · " strong { (messages.text("incomplete")) } }
            }
        }
    }
}

/// Links to the pages before and after this one.
fn pages(visit: &Visit, filters: &Filters, list: &List) -> Markup {
    let messages = visit.messages;
    let last = list.total.div_ceil(PAGE).max(1);
    let numbers = [messages.number(list.page), messages.number(last)];
    html! { @if last > 1 {
        nav.pages aria-label=(messages.text("list-pages")) { ul {
            @if list.page > 1 {
                li { a href=(filters.link(visit, list.page - 1)) rel="prev" { (messages.text("list-previous")) } }
            }
            li { (messages.with("list-page", &[&numbers[0], &numbers[1]])) }
            @if list.page < last {
                li { a href=(filters.link(visit, list.page + 1)) rel="next" { (messages.text("list-next")) } }
            }
        } }
    } }
}

#[cfg(test)]
mod tests;
