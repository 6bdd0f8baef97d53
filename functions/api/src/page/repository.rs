//! `/extensions/NAME` and `/skins/NAME` for people: one repository and its tarballs.
//!
//! Everything that asks for a choice follows the reader's MediaWiki: the button, the commands to install, and
//! the row that is marked. Who chose none gets the repository's default branch. Who chose one that the
//! repository lacks gets no button at all, since another branch would be wrong.

mod branches;
mod facts;
mod install;
mod problems;
mod requirements;
mod shown;
mod upstream_web;

use maud::{Markup, html};
use shown::Shown;
use tardist_contract::{Kind, RepoName, document::Repository};

use super::{
    html::response,
    layout::{Layout, document, label},
    outside::{direction, link},
    text::size,
    visit::Visit,
    wiki,
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    language::chain::bcp47,
    query::{
        pages::repository::{RepositoryPage, repository},
        snapshot::Snapshot,
    },
};

/// Answers `/KIND/NAME` from the document that `/info/KIND/NAME` answers, in the same language.
///
/// # Errors
/// 404 for a repository that is not published, 400 for malformed parameters, 503 without a snapshot.
pub async fn get(
    request: &Request,
    kind: Kind,
    name: &RepoName,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let visit = Visit::of(request)?;
    let found = snapshot.get(repository(kind, name, &visit.wanted)).await?;
    let found = found.ok_or_else(|| ApiError::no_such_repository(kind))?;
    let page = response(page(&visit, &found), found.generated_at);
    let mut response = visit.describe(page);
    response.alternate(&format!("/info/{kind}/{name}"));
    Ok(compressed(&request.headers, response))
}

fn page(visit: &Visit, page: &RepositoryPage) -> Markup {
    let shown = Shown::new(visit, page);
    let messages = visit.messages;
    let repository = shown.repository();
    let Repository { kind, name, .. } = repository;
    let (path, json) = (format!("/{kind}/{name}"), format!("/info/{kind}/{name}"));
    let metadata = &repository.metadata;
    let title = metadata.title.as_deref().filter(|title| *title != name.as_str());
    let language = metadata.description_language.as_deref();
    let content = html! {
        nav.path aria-label=(messages.text("where")) {
            a href=(visit.link(&format!("/{kind}"))) { (label(messages, *kind)) } " /"
        }
        h1 { (name) }
        @if let Some(title) = title { p.title { bdi { (title) } } }
        @if let Some(text) = &metadata.description {
            p.description lang=[language.map(bcp47)] dir=(direction(language)) { (text) }
        }
        (offer(&shown))
        (install::install(&shown))
        (facts::facts(&shown))
        (branches::table(&shown))
        (problems::problems(&shown))
        (install::checksums(&shown))
    };
    let feed = format!("{path}/feed.atom");
    let summary = metadata.description.as_deref().and_then(|it| it.lines().next());
    let layout = Layout {
        title: name.as_str(),
        description: summary.unwrap_or_default(),
        json: &json,
        feed: &feed,
        ..Layout::new(visit, &page.branches, &path)
    };
    document(&layout, &content)
}

/// The button for the download that this reader wants, and what is wrong with it.
fn offer(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    let Some((name, branch)) = shown.offered() else {
        let keys = ["no-branch", "no-tarball-of-branch"];
        let text = shown.chosen.map(|it| wiki::about(messages, it, keys)).unwrap_or_default();
        return html! { p.note { (text) " "
            a href="#branches" { (messages.text("branches")) }
        } };
    };
    let text = wiki::about(messages, name, ["download", "download-branch"]);
    html! {
        @if let Some(url) = link(&branch.tarball.url) {
            p { a.button href=(url) { (text) " " span.small { bdi { (size(messages, branch.tarball.size)) } } } }
        }
        @if !branch.complete {
            p.note { (messages.markup("download-incomplete", &[html! {
                a href="#problems" { (messages.text("download-problems")) }
            }])) }
        }
    }
}

#[cfg(test)]
mod tests;
