//! The commands that install a tarball, and the checksums of all of them.
//!
//! Each block can be copied as it stands. The check names the one file that was downloaded: a list of all
//! would report those that were not.

use maud::{Markup, html};
use tardist_contract::{
    BranchName, Kind,
    document::{Branch, WITHOUT_VENDOR},
};

use super::shown::Shown;
use crate::page::{outside::link, wiki};

/// From this version on, MediaWiki has `maintenance/run.php`
/// (<https://www.mediawiki.org/wiki/Manual:Maintenance_scripts>).
const RUN_PHP: (u32, u32) = (1, 40);

/// How to install the branch that is offered; nothing where none is.
pub(super) fn install(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    let Some((name, branch)) = shown.offered() else { return html! {} };
    let url = link(&branch.tarball.url);
    let is_absolute = url.is_some_and(|it| !it.starts_with('/'));
    let version = html! { bdi { (wiki::version(name)) } };
    html! {
        section.install aria-labelledby="install" {
            h2 #install { (messages.text("install")) }
            p {
                @if is_absolute { (messages.markup("install-intro", &[version])) }
                @else { (messages.markup("install-downloaded", &[version])) }
            }
            (block(&unpack(shown, branch, url.filter(|_| is_absolute))))
            @if branch.problems.iter().any(|it| it.contains(WITHOUT_VENDOR)) {
                p { strong { (messages.markup("install-composer", &[html! { code { "composer.json" } }])) } }
                (block(&composer(shown)))
            }
            p { (messages.markup("install-settings", &[html! { code { "LocalSettings.php" } }])) }
            (block(&load(shown)))
            p { (messages.text("install-update")) }
            (block(update(name)))
        }
    }
}

/// The checksums of all tarballs, folded.
pub(super) fn checksums(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    html! {
        details.sums {
            summary { (messages.text("checksums")) }
            p { (messages.markup("checksums-intro", &[html! {
                code dir="ltr" { "sha256sum --check --ignore-missing" }
            }])) }
            pre dir="ltr" tabindex="0" { code { @for (_, branch) in shown.branches() {
                (branch.tarball.sha256) "  " (branch.tarball.file) "\n"
            } } }
        }
    }
}

/// A block of code. It can have the focus, so that a keyboard can scroll it.
fn block(text: &str) -> Markup {
    html! { pre dir="ltr" tabindex="0" { code { (text) } } }
}

/// Downloads (if the URL says from where), checks, and unpacks only what is right: a shell goes on after a
/// command that fails, unless `&&` is between them; a line that ends with it goes on in the next one.
/// With `-f`, curl does not save the page of an error.
fn unpack(shown: &Shown, branch: &Branch, url: Option<&str>) -> String {
    let kind = shown.repository().kind;
    let (file, sum) = (&branch.tarball.file, &branch.tarball.sha256);
    let download = url.map_or(String::new(), |url| format!("curl -fLO {}\n", quoted(url)));
    format!("{download}echo \"{sum}  {file}\" | sha256sum -c &&\n    tar -xzf {file} -C {kind}")
}

/// A text as one word of a shell.
fn quoted(text: &str) -> String {
    let is_plain = |it: char| it.is_ascii_alphanumeric() || "-_.:/+%,=@".contains(it);
    if text.chars().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', "'\\''"))
    }
}

fn composer(shown: &Shown) -> String {
    let repository = shown.repository();
    format!("composer install --no-dev --working-dir={}/{}", repository.kind, repository.name)
}

/// MediaWiki looks for the manifest in the folder of this name, which is that of the tarball.
fn load(shown: &Shown) -> String {
    let repository = shown.repository();
    match repository.kind {
        Kind::Extensions => format!("wfLoadExtension( '{}' );", repository.name),
        Kind::Skins => format!("wfLoadSkin( '{}' );", repository.name),
    }
}

fn update(branch: &BranchName) -> &'static str {
    if branch.release().is_some_and(|it| it < RUN_PHP) {
        "php maintenance/update.php"
    } else {
        "php maintenance/run.php update"
    }
}
