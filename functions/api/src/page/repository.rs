//! `/extensions/NAME` and `/skins/NAME` for people: one repository and its tarballs.

use std::collections::BTreeMap;

use http::header;
use maud::{Markup, html};
use serde::Deserialize;
use tardist_contract::{BranchName, Kind, document::Requires};

use super::{
    answer,
    home::thousands,
    layout::{Layout, document, label},
    outside::{direction, link, shown},
};
use crate::{
    endpoints::info,
    http::encoding::compressed,
    http::problem::ApiError,
    http::request::Request,
    http::response::{Body, Response},
    query::snapshot::Snapshot,
};

/// What the page needs of the answer of `/info/KIND/NAME`
/// ([`tardist_contract::document::Repository`]).
#[derive(Deserialize)]
struct Repository {
    kind: Kind,
    name: String,
    title: Option<String>,
    description: Option<String>,
    description_language: Option<String>,
    authors: Vec<String>,
    license: Option<String>,
    url: Option<String>,
    r#type: Option<String>,
    source_url: String,
    default_branch: BranchName,
    branches: BTreeMap<BranchName, Branch>,
}

#[derive(Deserialize)]
struct Branch {
    commit: String,
    committed_at: String,
    version: Option<String>,
    requires: Requires,
    problems: Vec<String>,
    tarball: Tarball,
}

#[derive(Deserialize)]
struct Tarball {
    file: String,
    url: String,
    size: u64,
    sha256: String,
}

/// Answers `/KIND/NAME` with what `/info/KIND/NAME` answers, in the same language.
///
/// # Errors
/// As [`info::document`].
pub async fn get(
    request: &Request,
    kind: &str,
    name: &str,
    snapshot: &impl Snapshot,
) -> Result<Response, ApiError> {
    let json = info::document(request, kind, name, snapshot).await?;
    let Body::Bytes(bytes) = &json.body else { return Err(ApiError::Internal) };
    let repository = serde_json::from_slice(bytes).map_err(|_| ApiError::Internal)?;
    let mut response = answer(page(&repository), 0);
    // What holds of the JSON answer holds of the page, which is made of nothing else.
    for name in [header::LAST_MODIFIED, header::VARY, header::CONTENT_LANGUAGE] {
        if let Some(value) = json.headers.get(&name) {
            response.headers.insert(name, value.clone());
        }
    }
    let path = format!("/info/{}/{}", repository.kind, repository.name);
    response.set(header::LINK, &format!("<{path}>; rel=\"alternate\"; type=\"application/json\""));
    Ok(compressed(request, response))
}

fn page(repository: &Repository) -> Markup {
    let Repository { kind, name, .. } = repository;
    let json = format!("/info/{kind}/{name}");
    let title = repository.title.as_deref().filter(|title| title != name);
    let language = repository.description_language.as_deref();
    let content = html! {
        nav.path aria-label="Where this is" { a href={ "/" (kind) } { (label(*kind)) } " /" }
        h1 { (name) }
        @if let Some(title) = title { p.title dir="auto" { (title) } }
        @if let Some(text) = &repository.description {
            p.description lang=[language] dir=(direction(language)) { (text) }
        }
        (offer(repository))
        (facts(repository, &json))
        h2 #branches { "Branches" }
        p { "Take the branch of your MediaWiki: REL1_45 is for MediaWiki 1.45, master for what is being developed." }
        (branches(repository))
        (problems(repository))
        h2 { "Checksums" }
        p { "SHA-256, as " code { "sha256sum --check" } " reads them:" }
        pre.sums dir="ltr" { @for branch in repository.branches.values() {
            (branch.tarball.sha256) "  " (branch.tarball.file) "\n"
        } }
    };
    document(&Layout { title: name, kind: None, json: &json, ..Layout::default() }, &content)
}

/// The download that most want.
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
    let authors = repository.authors.iter().map(|it| if it == "..." { "and others" } else { it });
    html! {
        dl.facts {
            @if let Some(license) = &repository.license { (fact("Licence", &html! { bdi { (license) } })) }
            @if !repository.authors.is_empty() {
                (fact("Authors", &html! {
                    @for (place, author) in authors.enumerate() {
                        @if place > 0 { ", " }
                        bdi { (author) }
                    }
                }))
            }
            @if let Some(group) = &repository.r#type { (fact("Group", &html! { bdi { (group) } })) }
            @if let Some(url) = &repository.url { (fact("Home page", &outside(url))) }
            (fact("Source", &outside(&repository.source_url)))
            (fact("As JSON", &html! { a href=(json) dir="ltr" { (json) } }))
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A URL from outside: a link, if it is one that a person can follow.
fn outside(url: &str) -> Markup {
    html! {
        @match link(url) {
            Some(url) => a href=(url) rel="noreferrer nofollow" dir="ltr" { (shown(url)) },
            None => bdi { (url) },
        }
    }
}

/// One row a branch. The roles are those that the elements have: where a narrow window shows rows as
/// blocks, browsers would forget that it is a table.
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
                    li { bdi dir="ltr" { (info::noun(kind)) " " bdi { (name) } " " (constraint(version)) } }
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

/// What stands where a branch says nothing: a dash for the eye, a word for the ear.
fn nothing() -> Markup {
    html! { span aria-hidden="true" { "–" } span.hidden { "none" } }
}

/// A constraint, unless any version will do.
fn constraint(version: &str) -> Markup {
    html! { @if version != "*" { bdi { (version) } } }
}

fn problems(repository: &Repository) -> Markup {
    let with: Vec<_> =
        repository.branches.iter().filter(|(_, it)| !it.problems.is_empty()).collect();
    html! {
        @if !with.is_empty() {
            h2 { "Problems in the content" }
            p { "Found when the tarballs were made; they are offered all the same." }
            dl.facts { @for (name, branch) in with {
                (fact(name.as_str(), &html! { ul { @for text in &branch.problems { li dir="auto" { (text) } } } }))
            } }
        }
    }
}

/// A size as people read it: `5.1 MB`, in powers of 1,000.
fn size(bytes: u64) -> String {
    let tenths = |unit: u64| (bytes + unit / 20) / (unit / 10);
    let text = |unit: u64, name: &str| {
        let (whole, tenth) = (tenths(unit) / 10, tenths(unit) % 10);
        let whole = i64::try_from(whole).unwrap_or(i64::MAX);
        if whole >= 10 {
            format!("{} {name}", thousands(whole))
        } else {
            format!("{whole}.{tenth} {name}")
        }
    };
    match bytes {
        0..=999 => format!("{bytes} bytes"),
        1_000..=999_949 => text(1_000, "kB"),
        _ => text(1_000_000, "MB"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const ATTACK: &str = "\"'><script>alert(1)</script><img src=x onerror=alert(1)>&amp;";

    fn rendered(document: Value) -> String {
        page(&serde_json::from_value(document).unwrap()).into_string()
    }

    fn sample() -> Value {
        json!({
            "kind": "extensions",
            "name": "Sample",
            "title": "Sample title",
            "description": "What it is.\nAnd more.",
            "description_language": "en",
            "authors": ["Ada", "..."],
            "license": "MIT",
            "url": "https://example.org/wiki/Sample",
            "type": "other",
            "source_url": "https://example.org/Sample.git",
            "default_branch": "REL1_45",
            "branches": {
                "master": branch("Sample-master-1234567.tar.gz"),
                "REL1_45": branch("Sample-REL1_45-1234567.tar.gz"),
            },
        })
    }

    fn branch(file: &str) -> Value {
        json!({
            "commit": "1234567890".repeat(4),
            "committed_at": "2026-08-06T09:30:00Z",
            "version": "1.2",
            "requires": {
                "MediaWiki": ">= 1.45.0",
                "extensions": {"Other": "*"},
                "skins": {"Vector": ">= 1"},
                "platform": {"php": ">= 8.1", "ext-curl": "*"},
            },
            "metadata": {},
            "problems": ["a submodule is missing"],
            "tarball": {
                "file": file,
                "url": format!("/dist/extensions/{file}"),
                "size": 5_132_477,
                "sha256": "0".repeat(64),
            },
        })
    }

    #[test]
    fn a_page_shows_all_that_the_document_says() {
        let page = rendered(sample());
        for text in [
            "<h1>Sample</h1>",
            "Sample title",
            "<p class=\"description\" lang=\"en\" dir=\"ltr\">What it is.\nAnd more.</p>",
            "<bdi>Ada</bdi>, <bdi>and others</bdi>",
            "<bdi>MIT</bdi>",
            "href=\"https://example.org/wiki/Sample\" rel=\"noreferrer nofollow\"",
            "href=\"https://example.org/Sample.git\" rel=\"noreferrer nofollow\"",
            "href=\"/info/extensions/Sample\"",
            "class=\"button\" href=\"/dist/extensions/Sample-REL1_45-1234567.tar.gz\"",
            "<a href=\"/dist/extensions/Sample-master-1234567.tar.gz\">",
            "MediaWiki <bdi>&gt;= 1.45.0</bdi>",
            "extension <bdi>Other</bdi>",
            "skin <bdi>Vector</bdi> <bdi>&gt;= 1</bdi>",
            "PHP <bdi>&gt;= 8.1</bdi>",
            "<bdi>ext-curl</bdi>",
            "<time datetime=\"2026-08-06T09:30:00Z\">2026-08-06</time>",
            "5.1 MB",
            "a submodule is missing",
            "0000  Sample-REL1_45-1234567.tar.gz\n",
            "<th scope=\"row\" role=\"rowheader\">master</th>",
        ] {
            assert!(page.contains(text), "{text} is not in:\n{page}");
        }
        let place = |text: &str| page.find(text).unwrap();
        assert!(place(">master</th>") < place(">REL1_45</th>"), "newest first");
    }

    #[test]
    fn what_a_repository_says_is_text_and_never_markup() {
        let mut document = sample();
        for key in ["name", "title", "description", "license", "url", "type", "source_url"] {
            document[key] = json!(ATTACK);
        }
        document["description_language"] = json!("x\" onclick=\"alert(1)");
        document["authors"] = json!([ATTACK, ATTACK]);
        let master = &mut document["branches"]["master"];
        for key in ["commit", "committed_at", "version"] {
            master[key] = json!(ATTACK);
        }
        master["requires"] = json!({
            "MediaWiki": ATTACK,
            "extensions": {ATTACK: ATTACK},
            "skins": {ATTACK: ATTACK},
            "platform": {ATTACK: ATTACK},
        });
        master["problems"] = json!([ATTACK]);
        master["tarball"] = json!({"file": ATTACK, "url": ATTACK, "size": 1, "sha256": ATTACK});
        let page = rendered(document);
        assert!(page.matches("&lt;script&gt;alert(1)&lt;/script&gt;").count() > 20);
        for markup in ["<script", "<img", "'><", "\"'", "lang=\"x\" onclick"] {
            assert!(!page.contains(markup), "{markup} is in:\n{page}");
        }
    }

    #[test]
    fn urls_that_run_something_are_text() {
        for url in
            ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "//example.org"]
        {
            let mut document = sample();
            document["url"] = json!(url);
            document["source_url"] = json!(url);
            for branch in ["master", "REL1_45"] {
                document["branches"][branch]["tarball"]["url"] = json!(url);
            }
            let page = rendered(document);
            assert!(!page.contains(&format!("href=\"{url}")), "{url}");
            assert!(page.contains(&format!("<bdi>{url}</bdi>")), "{url}");
        }
    }

    #[test]
    fn text_of_another_direction_stays_where_it_is() {
        let mut document = sample();
        document["title"] = json!("\u{202e}elpmas");
        document["description"] = json!("VisualEditor للويكي");
        document["description_language"] = json!("ar");
        document["authors"] = json!(["\u{202e}adA"]);
        let page = rendered(document);
        assert!(page.contains("lang=\"ar\" dir=\"rtl\">VisualEditor للويكي</p>"));
        assert!(page.contains("<p class=\"title\" dir=\"auto\">\u{202e}elpmas</p>"));
        assert!(page.contains("<bdi>\u{202e}adA</bdi>"));
    }

    #[test]
    fn what_is_not_said_is_left_out() {
        let mut document = sample();
        for key in ["title", "description", "description_language", "license", "url", "type"] {
            document[key] = Value::Null;
        }
        document["authors"] = json!([]);
        for branch in ["master", "REL1_45"] {
            let branch = &mut document["branches"][branch];
            branch["version"] = Value::Null;
            branch["problems"] = json!([]);
            branch["requires"] =
                json!({"MediaWiki": null, "extensions": {}, "skins": {}, "platform": {}});
        }
        let page = rendered(document);
        for absent in ["<dt>Licence", "<dt>Authors", "<dt>Home page", "Problems", "null", "<p></p>"]
        {
            assert!(!page.contains(absent), "{absent} is in:\n{page}");
        }
        assert!(page.contains("<span class=\"hidden\">none</span>"));
    }

    #[test]
    fn sizes_are_in_the_unit_that_people_would_choose() {
        for (bytes, text) in [
            (0, "0 bytes"),
            (999, "999 bytes"),
            (1_000, "1.0 kB"),
            (12_345, "12 kB"),
            (999_949, "999 kB"),
            (999_950, "1.0 MB"),
            (5_132_477, "5.1 MB"),
            (1_234_567_890, "1,234 MB"),
        ] {
            assert_eq!(size(bytes), text);
        }
        assert!(size(u64::MAX / 2).ends_with(" MB"));
    }
}
