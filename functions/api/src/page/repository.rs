//! `/extensions/NAME` and `/skins/NAME` for people: one repository and its tarballs.

use http::header;
use maud::{Markup, html};
use tardist_contract::{
    BranchName, Kind, RepoName,
    document::{Branch, Repository, Requires},
};

use super::{
    html::response,
    layout::{Layout, document, label},
    outside::{direction, link, shown},
    text::size,
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    language::wanted::Wanted,
    query::{documents, snapshot::Snapshot},
};

/// Answers `/KIND/NAME` from the document that `/info/KIND/NAME` answers, in the same language.
///
/// # Errors
/// 404 for a repository that is not published, 400 for a malformed `lang`, 503 without a snapshot, 500
/// for a document that cannot be read.
pub async fn get(
    request: &Request,
    kind: Kind,
    name: &RepoName,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let wanted = Wanted::of(request)?;
    let document = documents::document(kind, name, &wanted, snapshot).await?;
    let document = document.ok_or_else(|| ApiError::no_such_repository(kind))?;
    let repository = serde_json::from_slice(&document.content.body).map_err(|error| {
        eprintln!("cannot read the document of {kind}/{name}: {error}");
        ApiError::Internal
    })?;
    let page = response(page(&repository), document.content.modified_at);
    let mut response = wanted.describe(page, &document.language);
    let link = format!("</info/{kind}/{name}>; rel=\"alternate\"; type=\"application/json\"");
    response.set(header::LINK, &link);
    Ok(compressed(&request.headers, response))
}

fn page(repository: &Repository) -> Markup {
    let Repository { kind, name, .. } = repository;
    let json = format!("/info/{kind}/{name}");
    let metadata = &repository.metadata;
    let title = metadata.title.as_deref().filter(|title| *title != name.as_str());
    let language = metadata.description_language.as_deref();
    let content = html! {
        nav.path aria-label="Where this is" { a href={ "/" (kind) } { (label(*kind)) } " /" }
        h1 { (name) }
        @if let Some(title) = title { p.title dir="auto" { (title) } }
        @if let Some(text) = &metadata.description {
            p.description lang=[language] dir=(direction(language)) { (text) }
        }
        (offer(repository))
        (facts(repository, &json))
        h2 #branches { "Branches" }
        p { "Choose the branch of your MediaWiki: REL1_45 is for MediaWiki 1.45, master for the version in development." }
        (branches(repository))
        (problems(repository))
        h2 { "Checksums" }
        p { "SHA-256, as " code { "sha256sum --check" } " reads them:" }
        pre.sums dir="ltr" { @for branch in repository.branches.values() {
            (branch.tarball.sha256) "  " (branch.tarball.file) "\n"
        } }
    };
    document(
        &Layout { title: name.as_str(), kind: None, json: &json, ..Layout::default() },
        &content,
    )
}

/// The button for the download that most people want.
fn offer(repository: &Repository) -> Markup {
    let name = &repository.default_branch;
    let found = repository.branches.get(name);
    html! {
        @if let Some((branch, url)) = found.and_then(|it| Some((it, link(&it.tarball.url)?))) {
            p { a.button href=(url) { "Download " (name) " " span.small dir="ltr" { (size(branch.tarball.size)) } } }
        }
    }
}

fn facts(repository: &Repository, json: &str) -> Markup {
    let metadata = &repository.metadata;
    let authors = metadata.authors.iter().map(|it| if it == "..." { "and others" } else { it });
    html! {
        dl.facts {
            @if let Some(license) = &metadata.license { (fact("Licence", &html! { bdi { (license) } })) }
            @if !metadata.authors.is_empty() {
                (fact("Authors", &html! {
                    @for (place, author) in authors.enumerate() {
                        @if place > 0 { ", " }
                        bdi { (author) }
                    }
                }))
            }
            @if let Some(group) = &metadata.r#type { (fact("Group", &html! { bdi { (group) } })) }
            @if let Some(url) = &metadata.url { (fact("Home page", &outside(url))) }
            (fact("Source", &outside(&repository.source_url)))
            (fact("As JSON", &html! { a href=(json) dir="ltr" { (json) } }))
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A URL from a repository: a link where it is safe to follow, else text.
fn outside(url: &str) -> Markup {
    html! {
        @match link(url) {
            Some(url) => a href=(url) rel="noreferrer nofollow" dir="ltr" { (shown(url)) },
            None => bdi { (url) },
        }
    }
}

/// One row for each branch. The roles are those that the elements have anyway: without them, browsers
/// would not treat it as a table in a narrow window, where the style shows rows as blocks.
fn branches(repository: &Repository) -> Markup {
    html! {
        table role="table" aria-labelledby="branches" {
            caption.hidden { "Branches of " (repository.name) ": what they require, and their tarballs" }
            thead role="rowgroup" { tr role="row" {
                @for heading in ["Branch", "Version", "Requires", "Commit", "Tarball"] {
                    th scope="col" role="columnheader" { (heading) }
                }
            } }
            tbody role="rowgroup" { @for (name, branch) in &repository.branches {
                tr role="row" { (row(name, branch)) }
            } }
        }
    }
}

fn row(name: &BranchName, branch: &Branch) -> Markup {
    let tarball = &branch.tarball;
    html! {
        th scope="row" role="rowheader" { (name) }
        td role="cell" data-label="Version" {
            @match &branch.version { Some(version) => bdi { (version) }, None => (nothing()) }
        }
        td role="cell" data-label="Requires" { (requirements(&branch.requires)) }
        td role="cell" data-label="Commit" {
            time datetime=(branch.committed_at) { (branch.committed_at.get(..10).unwrap_or_default()) }
            " " code.commit { (branch.commit) }
        }
        td role="cell" data-label="Tarball" {
            @match link(&tarball.url) {
                Some(url) => a href=(url) { (tarball.file) },
                None => (tarball.file),
            }
            " " span.size dir="ltr" { (size(tarball.size)) }
            @if !branch.complete { " " strong { "incomplete" } }
        }
    }
}

fn requirements(requires: &Requires) -> Markup {
    let others = [(Kind::Extensions, &requires.extensions), (Kind::Skins, &requires.skins)];
    let is_empty = requires.mediawiki.is_none()
        && others.iter().all(|(_, them)| them.is_empty())
        && requires.platform.is_empty();
    html! {
        @if is_empty { (nothing()) } @else {
            ul.requires {
                @if let Some(version) = &requires.mediawiki { li { bdi dir="ltr" { "MediaWiki " (constraint(version)) } } }
                @for (kind, them) in others { @for (name, version) in them {
                    li { bdi dir="ltr" { (kind.singular()) " " bdi { (name) } " " (constraint(version)) } }
                } }
                @for (name, version) in &requires.platform {
                    li { bdi dir="ltr" {
                        @if name == "php" { "PHP" } @else { bdi { (name) } } " " (constraint(version))
                    } }
                }
            }
        }
    }
}

/// Where a branch has no value: a dash to see, and a word for screen readers.
fn nothing() -> Markup {
    html! { span aria-hidden="true" { "–" } span.hidden { "none" } }
}

/// A constraint; nothing where any version is right.
fn constraint(version: &str) -> Markup {
    html! { @if version != "*" { bdi { (version) } } }
}

fn problems(repository: &Repository) -> Markup {
    let with: Vec<_> =
        repository.branches.iter().filter(|(_, it)| !it.problems.is_empty()).collect();
    html! {
        @if !with.is_empty() {
            h2 { "Problems in the content" }
            p {
                "They were found when the tarballs were made. You can still download the tarballs."
                @if with.iter().any(|(_, branch)| !branch.complete) {
                    " Something is missing from those that are incomplete."
                }
            }
            dl.facts { @for (name, branch) in with {
                (fact(name.as_str(), &html! { ul { @for text in &branch.problems { li dir="auto" { (text) } } } }))
            } }
        }
    }
}

#[cfg(test)]
mod tests;
