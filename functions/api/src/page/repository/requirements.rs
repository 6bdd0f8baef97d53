//! What a branch requires, with links to those extensions and skins that are here.

use maud::{Markup, html};
use tardist_contract::{Kind, document::Requires};

use super::shown::{Required, Shown};
use crate::page::layout::singular;

/// The requirements of one branch.
pub(super) fn requirements(shown: &Shown, requires: &Requires) -> Markup {
    let others = [(Kind::Extensions, &requires.extensions), (Kind::Skins, &requires.skins)];
    let is_empty = requires.mediawiki.is_none()
        && others.iter().all(|(_, them)| them.is_empty())
        && requires.platform.is_empty();
    html! {
        @if is_empty { (nothing(shown)) } @else {
            ul.requires {
                @if let Some(version) = &requires.mediawiki { li { bdi dir="ltr" { "MediaWiki " (constraint(version)) } } }
                @for (kind, them) in others { @for (name, version) in them {
                    li { (required(shown, kind, name)) " " (constraint(version)) }
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

/// A required extension or skin: a link where it is here, else its name, and if so, that it is not here.
fn required(shown: &Shown, kind: Kind, name: &str) -> Markup {
    let messages = shown.visit.messages;
    html! {
        (singular(messages, kind)) " "
        @match shown.required(kind, name) {
            Required::Here(repository) => a href=(shown.visit.link(&format!("/{kind}/{repository}"))) { bdi { (name) } },
            // A link to any of them would be a guess.
            Required::AnyOfSeveral => bdi { (name) },
            Required::NotHere => { bdi { (name) } " (" (messages.text("not-here")) ")" },
        }
    }
}

/// Where a branch has no value: a dash to see, and a word for screen readers.
pub(super) fn nothing(shown: &Shown) -> Markup {
    html! { span aria-hidden="true" { "–" } span.hidden { (shown.visit.messages.text("none")) } }
}

/// A constraint; nothing where any version is right.
fn constraint(version: &str) -> Markup {
    html! { @if version != "*" { bdi dir="ltr" { (version) } } }
}
