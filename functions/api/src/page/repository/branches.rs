//! The table of branches: version, requirements, commit and tarball.

use maud::{Markup, html};
use tardist_contract::{BranchName, document::Branch};

use super::{
    requirements::{nothing, requirements},
    shown::Shown,
    upstream_web::commit_url,
};
use crate::page::{outside::link, text::size, wiki};

/// One row for each branch. The roles are those that the elements have anyway: without them, browsers
/// would not treat it as a table in a narrow window, where the style shows rows as blocks.
pub(super) fn table(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    let headings = ["branch", "version", "requires", "commit", "tarball"];
    let repository = shown.repository();
    let path = format!("/{}/{}/feed.atom", repository.kind, repository.name);
    let feed = wiki::feed(shown.visit, &shown.page.branches, &path);
    html! {
        h2 #branches { (messages.text("branches")) }
        table role="table" aria-labelledby="branches" {
            caption.hidden { (messages.with("branches-caption", &[repository.name.as_str()])) }
            thead role="rowgroup" { tr role="row" {
                @for heading in headings { th scope="col" role="columnheader" { (messages.text(heading)) } }
            } }
            tbody role="rowgroup" { @for (name, branch) in shown.branches() {
                @let is_chosen = shown.chosen == Some(name);
                tr.chosen[is_chosen] role="row" { (row(shown, name, branch)) }
            } }
        }
        p.small { a href=(feed) type="application/atom+xml" { (messages.text("feed")) } }
    }
}

fn row(shown: &Shown, name: &BranchName, branch: &Branch) -> Markup {
    let messages = shown.visit.messages;
    let tarball = &branch.tarball;
    html! {
        th scope="row" role="rowheader" {
            bdi { (name) }
            @if name.release().is_some() {
                " " span.size { (messages.with("mediawiki-version", &[&wiki::version(name)])) }
            }
            @if shown.chosen == Some(name) { " " span.mark { (messages.text("chosen")) } }
        }
        td role="cell" data-label=(messages.text("version")) {
            @match &branch.version { Some(version) => bdi { (version) }, None => (nothing(shown)) }
        }
        td role="cell" data-label=(messages.text("requires")) { (requirements(shown, &branch.requires)) }
        td role="cell" data-label=(messages.text("commit")) {
            time datetime=(branch.committed_at) { (branch.committed_at.get(..10).unwrap_or_default()) }
            " " (commit(shown, branch))
        }
        td role="cell" data-label=(messages.text("tarball")) {
            @match link(&tarball.url) {
                Some(url) => a href=(url) dir="ltr" { (tarball.file) },
                None => (tarball.file),
            }
            " " span.size { bdi { (size(messages, tarball.size)) } }
            @if !branch.complete { " " strong { a href="#problems" { (messages.text("incomplete")) } } }
        }
    }
}

/// The first digits of a commit, all of them in `title`; a link where upstream shows commits.
fn commit(shown: &Shown, branch: &Branch) -> Markup {
    let short = html! { code.commit title=(branch.commit) { (branch.commit.short()) } };
    html! {
        @match commit_url(&shown.repository().source_url, &branch.commit) {
            Some(url) => a href=(url) rel="noreferrer nofollow" dir="ltr" { (short) },
            None => (short),
        }
    }
}
