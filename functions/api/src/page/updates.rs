//! `/updates` for people: a form to paste a wiki's answer into or to choose a file with it, and the report.

use http::header;
use maud::{Markup, html};

use super::{
    html::response,
    layout::{Layout, Part, document},
    outside::link,
    visit::Visit,
    wiki,
};
use crate::{
    http::{encoding::compressed, problem::ApiError, request::Request, response::Response},
    query::{
        distributed::{Branches, Distributed, distributed},
        snapshot::Snapshot,
    },
    updates::{
        body::{SITEINFO, TARGET},
        check::{QUERY, check, pipe},
        compare::{Note, Outcome, Report, Status},
        requirements::Unmet,
        version::Target,
    },
};

/// The groups with their titles. What an administrator has to do comes first.
const GROUPS: [(Status, &str); 6] = [
    (Status::Outdated, "updates-outdated"),
    (Status::NoBranch, "updates-no-branch"),
    (Status::Ahead, "updates-ahead"),
    (Status::UnknownVersion, "updates-unknown-version"),
    (Status::NotDistributed, "updates-not-distributed"),
    (Status::Current, "updates-current"),
];

/// Answers `GET /updates` with the form.
///
/// # Errors
/// 400 for malformed parameters, 503 without a snapshot.
pub async fn form(request: &Request, snapshot: &impl Snapshot) -> Result<Response, ApiError> {
    let visit = Visit::of(request)?;
    let branches = snapshot.get(distributed()).await?;
    let page = response(form_page(&visit, &branches.list), branches.generated_at);
    let mut response = visit.describe(page);
    response.vary("Accept");
    response.alternate("/updates");
    Ok(compressed(&request.headers, response))
}

fn form_page(visit: &Visit, branches: &Branches) -> Markup {
    let messages = visit.messages;
    let content = html! {
        h1 { (messages.text("home-updates-title")) }
        p { (messages.text("home-updates-text")) " " (messages.text("updates-privacy")) }
        (fields(visit, branches))
        h2 { (messages.text("updates-command")) }
        pre tabindex="0" dir="ltr" { code { (pipe(&branches.public_url)) } }
    };
    let layout = Layout {
        title: messages.text("updates"),
        description: messages.text("home-updates-text"),
        here: Some(Part::Updates),
        ..Layout::new(visit, branches, "/updates")
    };
    document(&layout, &content)
}

fn fields(visit: &Visit, branches: &[Distributed]) -> Markup {
    let messages = visit.messages;
    html! {
        form.check action=(visit.link("/updates")) method="post" enctype="multipart/form-data" {
            label for="siteinfo" {
                (messages.markup("updates-siteinfo", &[html! { code dir="ltr" { (QUERY) } }]))
            }
            textarea #siteinfo name=(SITEINFO) rows="8" dir="ltr" spellcheck="false" autocomplete="off" {}
            label for="file" { (messages.text("updates-file")) }
            input #file type="file" name=(SITEINFO) accept=".json,application/json";
            label for="target" { (messages.text("updates-target")) }
            select #target name=(TARGET) {
                option value="" { (messages.text("updates-target-own")) }
                @for branch in wiki::sorted(branches).iter().filter(|it| Target::takes(&it.name)) {
                    option value=(branch.name) { (wiki::choice(messages, branch)) }
                }
            }
            button { (messages.text("home-updates-link")) }
        }
    }
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
    let visit = Visit::of(request)?;
    let report = check(request, body, snapshot).await?;
    let branches = snapshot.get(distributed()).await?;
    let mut response = visit
        .describe(response(report_page(&visit, &branches.list, &report), branches.generated_at));
    // What comes out belongs to what was sent, and not to the address.
    response.headers.remove(header::ETAG);
    response.headers.remove(header::LAST_MODIFIED);
    response.vary("Accept");
    Ok(compressed(&request.headers, response))
}

fn report_page(visit: &Visit, branches: &Branches, report: &Report) -> Markup {
    let messages = visit.messages;
    let of = |status| report.results.iter().filter(move |it| it.status == status);
    let compared = [html! { bdi { (report.mediawiki) } }, html! { bdi { (report.branch) } }];
    let content = html! {
        h1 { (messages.text("updates")) }
        p { (messages.markup("updates-compared", &compared)) }
        @if report.results.is_empty() { p { (messages.text("updates-nothing")) } }
        @for (status, title) in GROUPS {
            @let count = of(status).count();
            @if count > 0 {
                h2 id=(title) { (messages.text(title)) " " span.quiet { (messages.number(count as u64)) } }
                (table(visit, title, of(status)))
            }
        }
        p { a.button href=(visit.link("/updates")) { (messages.text("updates-again")) } }
    };
    let layout = Layout {
        title: messages.text("updates"),
        here: Some(Part::Updates),
        is_hidden: true,
        ..Layout::new(visit, branches, "/updates")
    };
    document(&layout, &content)
}

/// The headings of the columns besides the name.
const HEADINGS: [&str; 3] = ["updates-installed", "updates-published", "tarball"];

/// The roles are those that the elements have anyway: without them, browsers would not treat it as a table in
/// a narrow window, where the style shows rows as blocks.
fn table<'a>(visit: &Visit, title: &str, outcomes: impl Iterator<Item = &'a Outcome>) -> Markup {
    let messages = visit.messages;
    html! {
        table role="table" aria-labelledby=(title) {
            thead role="rowgroup" { tr role="row" {
                th scope="col" role="columnheader" { (messages.text("updates-name")) }
                @for heading in HEADINGS { th scope="col" role="columnheader" { (messages.text(heading)) } }
            } }
            tbody role="rowgroup" { @for outcome in outcomes { tr role="row" { (row(visit, outcome)) } } }
        }
    }
}

fn row(visit: &Visit, outcome: &Outcome) -> Markup {
    let messages = visit.messages;
    let said = &outcome.installed;
    let label = |place: usize| HEADINGS.get(place).map(|key| messages.text(key));
    html! {
        th scope="row" role="rowheader" {
            @match &outcome.name {
                Some(name) => a href=(visit.link(&format!("/{}/{name}", outcome.kind))) { (name) },
                None => bdi { (said.name.as_deref().unwrap_or("–")) },
            }
            @for note in &outcome.notes { p.small { (note_text(visit, note)) } }
            @for unmet in &outcome.unmet { p.small { strong { (unmet_text(visit, unmet)) } } }
        }
        td role="cell" data-label=[label(0)] {
            (state(said.version.as_deref(), said.commit.as_deref()))
        }
        td role="cell" data-label=[label(1)] {
            (state(outcome.version.as_deref(), outcome.commit.as_deref()))
        }
        td role="cell" data-label=[label(2)] { span {
            @if let Some(tarball) = &outcome.tarball {
                @match link(&tarball.url) {
                    Some(url) => a href=(url) { (tarball.file) },
                    None => (tarball.file),
                }
            } @else { (messages.text("none")) }
        } }
    }
}

/// A version and the beginning of a commit, as far as they are known.
fn state(version: Option<&str>, commit: Option<&str>) -> Markup {
    html! { span {
        @if let Some(version) = version { bdi { (version) } " " }
        @if let Some(commit) = commit { code title=(commit) { (commit.get(..7).unwrap_or(commit)) } }
        @if version.is_none() && commit.is_none() { "–" }
    } }
}

/// A text from outside that may have another direction.
fn isolated(text: &str) -> Markup {
    html! { bdi { (text) } }
}

fn note_text(visit: &Visit, note: &Note) -> Markup {
    let messages = visit.messages;
    match note {
        Note::ChangedByHand => html! { (messages.text("updates-note-changed")) },
        Note::OtherBranch(branch) => {
            messages.markup("updates-note-other-branch", &[isolated(branch.as_str())])
        }
        Note::SameVersion => html! { (messages.text("updates-note-same-version")) },
        Note::OtherCommit => html! { (messages.text("updates-note-other-commit")) },
        Note::NotComparable => html! { (messages.text("updates-note-not-comparable")) },
        Note::Branches(branches) => {
            let names: Vec<String> = branches.iter().map(wiki::version).collect();
            messages.markup("updates-note-branches", &[isolated(&names.join(", "))])
        }
        Note::Incomplete => html! { strong { (messages.text("incomplete")) } },
        Note::Several => html! { (messages.text("updates-note-several")) },
    }
}

fn unmet_text(visit: &Visit, unmet: &Unmet) -> Markup {
    let with = |key, texts: &[&str]| {
        let texts: Vec<Markup> = texts.iter().map(|text| isolated(text)).collect();
        visit.messages.markup(key, &texts)
    };
    match unmet {
        Unmet::MediaWiki { constraint } => with("updates-needs-mediawiki", &[constraint]),
        Unmet::Php { constraint, version } => with("updates-needs-php", &[constraint, version]),
        Unmet::Missing { name, .. } => with("updates-needs-missing", &[name]),
        Unmet::NoBranch { name, branch, .. } => {
            with("updates-needs-branch", &[name, branch.as_str()])
        }
        Unmet::Version { name, constraint, version, .. } => match version {
            Some(version) => with("updates-needs-version", &[name, constraint, version]),
            None => with("updates-needs-some-version", &[name, constraint]),
        },
    }
}

#[cfg(test)]
#[path = "updates/tests.rs"]
mod tests;
