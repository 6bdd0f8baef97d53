//! `/updates` for people: a form to paste a wiki's answer into or to choose a file with it, and the report.

use maud::{Markup, html};
use tardist_contract::BranchName;

use super::{
    html::response,
    layout::{Layout, document},
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    query::{snapshot::Snapshot, updates::branches},
    updates::{
        body::{SITEINFO, TARGET},
        check::{check, pipe},
        compare::{Outcome, Report, Status},
    },
};

/// The path of a wiki's answer, below the folder of its `api.php`.
const QUERY: &str =
    "api.php?action=query&meta=siteinfo&siprop=general|extensions|skins&format=json";

/// The order of the groups: what an administrator has to do comes first.
const ORDER: [Status; 6] = [
    Status::Outdated,
    Status::NoBranch,
    Status::Ahead,
    Status::UnknownVersion,
    Status::NotDistributed,
    Status::Current,
];

/// Answers `GET /updates` with the form.
///
/// # Errors
/// 503 without a snapshot.
pub async fn form(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let known = snapshot.get(branches()).await?;
    let content = html! {
        h1 { "Is my wiki current?" }
        p { "This compares the extensions and skins of your wiki with what is published here. What you send is "
            "neither kept nor logged." }
        (fields(&known.branches))
        h2 { "From a command line" }
        pre tabindex="0" { code { (pipe(&known.public_url)) } }
    };
    let layout = Layout { title: "Is my wiki current?", json: "/updates", ..Layout::default() };
    let mut response = response(document(&layout, &content), known.generated_at);
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}

fn fields(branches: &[BranchName]) -> Markup {
    html! {
        form.check action="/updates" method="post" enctype="multipart/form-data" {
            p {
                label for="siteinfo" { "The answer of your wiki’s " code { (QUERY) } }
                textarea #siteinfo name=(SITEINFO) rows="8" spellcheck="false" autocomplete="off" dir="ltr" {}
            }
            p {
                label for="file" { "Or a file with it" }
                input #file type="file" name=(SITEINFO) accept=".json,application/json";
            }
            p {
                label for="target" { "Compare with" }
                select #target name=(TARGET) {
                    option value="" { "the MediaWiki that it has" }
                    @for branch in branches { option value=(branch) { (version(branch)) } }
                }
            }
            button { "Check" }
        }
    }
}

/// A branch as administrators call it.
fn version(branch: &BranchName) -> String {
    branch
        .release()
        .map_or(branch.to_string(), |(major, minor)| format!("MediaWiki {major}.{minor}"))
}

/// Answers `POST /updates` with the report as a page.
///
/// # Errors
/// Those of [`check`].
pub async fn results(
    request: &Request,
    body: &[u8],
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let report = check(request, body, snapshot).await?;
    let layout = Layout { title: "Is my wiki current?", ..Layout::default() };
    let mut response = response(document(&layout, &page(&report)), 0);
    // It is no content of an address, but of what was sent to it.
    response.headers.remove(http::header::ETAG);
    response.headers.remove(http::header::LAST_MODIFIED);
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}

fn page(report: &Report) -> Markup {
    let of = |status| report.results.iter().filter(move |it| it.status == status);
    html! {
        h1 { "Is my wiki current?" }
        p { "MediaWiki " bdi { (report.mediawiki) } ", compared with the branch " bdi { (report.branch) } "." }
        @for status in ORDER {
            @let count = of(status).count();
            @if count > 0 {
                section {
                    h2 { (title(status)) " (" (count) ")" }
                    div.scroll tabindex="0" { table {
                        thead { tr { th scope="col" { "Name" } th scope="col" { "Installed" }
                            th scope="col" { "Published" } th scope="col" { "Download" } } }
                        tbody { @for outcome in of(status) { (row(outcome)) } }
                    } }
                }
            }
        }
    }
}

fn title(status: Status) -> &'static str {
    match status {
        Status::Outdated => "Outdated",
        Status::NoBranch => "No tarball for this branch",
        Status::Ahead => "Newer than what is published",
        Status::UnknownVersion => "Cannot be compared",
        Status::NotDistributed => "Not distributed here",
        Status::Current => "Current",
    }
}

fn row(outcome: &Outcome) -> Markup {
    let said = &outcome.installed;
    html! {
        tr {
            th scope="row" {
                @match &outcome.name {
                    Some(name) => a href={ "/" (outcome.kind) "/" (name) } { (name) },
                    None => bdi { (said.name.as_deref().unwrap_or("–")) },
                }
                @for note in &outcome.notes { p.small { (note) } }
                @for unmet in &outcome.unmet { p.small { (unmet) } }
            }
            td { (state(said.version.as_deref(), said.commit.as_deref())) }
            td { (state(outcome.version.as_deref(), outcome.commit.as_deref())) }
            td { @if let Some(tarball) = &outcome.tarball {
                a href=(tarball.url) { (tarball.file) }
            } }
        }
    }
}

/// A version and the beginning of a commit, as far as they are known.
fn state(version: Option<&str>, commit: Option<&str>) -> Markup {
    html! {
        @if let Some(version) = version { bdi { (version) } " " }
        @if let Some(short) = commit.and_then(|it| it.get(..7)) { code { (short) } }
    }
}
