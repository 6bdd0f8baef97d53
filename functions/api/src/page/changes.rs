//! `/changes` for people: the tarballs in the order in which they were published, by day.

use maud::{Markup, html};

use super::{
    html::response,
    layout::{Layout, Part, document, singular},
    list::{page_number, page_parameter},
    visit::Visit,
    wiki,
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    query::{
        pages::changes::{Change, Changes, changes},
        snapshot::Snapshot,
    },
};

/// How many there are on a page.
const PAGE: u32 = 50;

/// Answers `/changes`.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot.
pub async fn get(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let visit = Visit::of(request)?;
    let number = page_number(request)?;
    let ask = |branch| changes(branch, PAGE + 1, (number - 1) * PAGE);
    let mut found = snapshot.get(ask(visit.branch.as_ref())).await?;
    if visit.branch.is_some() && wiki::chosen(&visit, &found.branches).is_none() {
        found = snapshot.get(ask(None)).await?;
    }
    let response = response(page(&visit, number, &found), found.generated_at);
    Ok(compressed(&request.headers, visit.describe(response)))
}

fn page(visit: &Visit, number: u32, found: &Changes) -> Markup {
    let messages = visit.messages;
    let more = found.changes.len() > PAGE as usize;
    let shown = &found.changes[..found.changes.len().min(PAGE as usize)];
    let link = |page: u32| visit.link_with("/changes", &[("page", &page_parameter(page))]);
    let content = html! {
        h1 {
            (messages.text("changes"))
            @if let Some(branch) = wiki::chosen(visit, &found.branches) {
                " " span.quiet { (wiki::list_for(messages, branch)) }
            }
        }
        p { (messages.text("changes-intro")) }
        @if shown.is_empty() { p { (messages.text("changes-none")) } }
        @for day in shown.chunk_by(|a, b| day(a) == day(b)) {
            h2 { time { (day.first().map(self::day).unwrap_or_default()) } }
            ul.changes { @for changes in of_repositories(day) { li { (entry(visit, changes)) } } }
        }
        nav.pages aria-label=(messages.text("list-pages")) { ul {
            @if number > 1 { li { a href=(link(number - 1)) rel="prev" { (messages.text("changes-newer")) } } }
            @if more { li { a href=(link(number + 1)) rel="next" { (messages.text("changes-older")) } } }
        } }
    };
    let page = page_parameter(number);
    let layout = Layout {
        title: messages.text("changes"),
        description: messages.text("changes-intro"),
        parameters: &[("page", &page)],
        here: Some(Part::Changes),
        ..Layout::new(visit, &found.branches, "/changes")
    };
    document(&layout, &content)
}

fn day(change: &Change) -> &str {
    change.published_at.get(..10).unwrap_or_default()
}

/// Changes that follow each other, are of one repository, and of one day.
pub(super) fn of_repositories(changes: &[Change]) -> impl Iterator<Item = &[Change]> {
    changes.chunk_by(|a, b| (a.kind, &a.name, day(a)) == (b.kind, &b.name, day(b)))
}

/// A line of the page, and of the start page: the changes of one repository.
pub(super) fn entry(visit: &Visit, changes: &[Change]) -> Markup {
    let messages = visit.messages;
    html! {
        @if let Some(first) = changes.first() {
            a href=(visit.link(&format!("/{}/{}", first.kind, first.name))) { (first.name) }
            " " span.kind { (singular(messages, first.kind)) }
        }
        @for change in changes {
            " · " bdi { (wiki::version(&change.branch)) }
            @if let Some(version) = &change.version { " (" bdi { (version) } ")" }
            " " code title=(change.commit) { (change.commit.short()) }
            @if change.complete == 0 { " " strong { (messages.text("incomplete")) } }
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use serde_json::json;

    use super::*;
    use crate::query::distributed::Branches;

    fn found(days: &[&str]) -> Changes {
        let change = |(number, day): (usize, &&str)| {
            let change = json!({
                "kind": "skins", "name": format!("S{number}"), "branch": "REL1_45",
                "commit": "1234567890".repeat(4), "published_at": format!("{day}T10:00:00Z"),
                "version": "1.<b>", "complete": number % 2,
            });
            serde_json::from_value(change).unwrap()
        };
        Changes {
            generated_at: 1,
            branches: Branches::default(),
            changes: days.iter().enumerate().map(change).collect(),
        }
    }

    fn rendered(found: &Changes, number: u32) -> String {
        let visit = Visit::of_any(&"/changes".parse().unwrap(), &HeaderMap::new());
        page(&visit, number, found).into_string()
    }

    #[test]
    fn changes_stand_under_their_day_with_version_branch_and_commit() {
        let page = rendered(&found(&["2026-08-06", "2026-08-06", "2026-08-05"]), 1);
        for text in [
            "<h2><time>2026-08-06</time></h2>",
            "<h2><time>2026-08-05</time></h2>",
            "<a href=\"/skins/S2\">S2</a>",
            "<bdi>1.45</bdi> (<bdi>1.&lt;b&gt;</bdi>) <code title=",
            ">1234567</code>",
            "<strong>incomplete</strong>",
        ] {
            assert!(page.contains(text), "{text} is not in:\n{page}");
        }
        assert_eq!(page.matches("<h2>").count(), 2);
        assert!(!page.contains("rel=\"next\"") && !page.contains("rel=\"prev\""));
    }

    #[test]
    fn branches_of_one_repository_that_changed_together_are_one_line() {
        let mut found = found(&["2026-08-06", "2026-08-06", "2026-08-06", "2026-08-05"]);
        for (change, branch) in
            found.changes.iter_mut().zip(["master", "REL1_45", "REL1_44", "master"])
        {
            change.name = "Same".parse().unwrap();
            change.branch = branch.parse().unwrap();
        }
        let page = rendered(&found, 1);
        assert_eq!(page.matches("<a href=\"/skins/Same\">").count(), 2, "a line for each day");
        assert!(page.find("<bdi>master</bdi>") < page.find("<bdi>1.44</bdi>"));
    }

    #[test]
    fn older_changes_are_on_further_pages() {
        let many = found(&["2026-08-06"; 51]);
        let page = rendered(&many, 2);
        assert!(page.contains("href=\"/changes\" rel=\"prev\""));
        assert!(page.contains("href=\"/changes?page=3\" rel=\"next\""));
        assert_eq!(page.matches("<li><a href=\"/skins/S").count(), 50);
        assert!(rendered(&found(&[]), 1).contains("Nothing has changed here."));
    }
}
