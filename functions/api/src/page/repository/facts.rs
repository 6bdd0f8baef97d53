//! The facts about a repository: licence, authors, group, where it comes from, and who requires it.

use maud::{Markup, html};

use super::shown::Shown;
use crate::page::{
    list::group_name,
    outside::{link, shown as short},
};

/// The list of facts. What a repository does not say is left out.
pub(super) fn facts(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    let repository = shown.repository();
    let metadata = &repository.metadata;
    let authors = metadata
        .authors
        .iter()
        .map(|it| if it == "..." { messages.text("authors-others") } else { it });
    html! {
        dl.facts {
            @if let Some(license) = &metadata.license {
                (fact(messages.text("license"), &html! { bdi { (license) } }))
            }
            @if !metadata.authors.is_empty() {
                (fact(messages.text("authors"), &html! {
                    @for (place, author) in authors.enumerate() {
                        @if place > 0 { ", " }
                        bdi { (author) }
                    }
                }))
            }
            @if let Some(group) = &metadata.r#type { (fact(messages.text("group"), &group_link(shown, group))) }
            @if let Some(url) = &metadata.url { (fact(messages.text("home-page"), &outside(url))) }
            (fact(messages.text("source"), &outside(&repository.source_url)))
            @if let Some(name) = &repository.composer {
                (fact(messages.text("composer-name"), &html! { code dir="ltr" { (name) } }))
            }
            (required_by(shown))
        }
    }
}

fn group_link(shown: &Shown, group: &str) -> Markup {
    let path = format!("/{}", shown.repository().kind);
    let link = shown.visit.link_with(&path, &[("group", &group.to_ascii_lowercase())]);
    html! { a href=(link) { bdi { (group_name(shown.visit, group)) } } }
}

fn required_by(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    let page = shown.page;
    let rest = page
        .required_by_count
        .saturating_sub(u32::try_from(page.required_by.len()).unwrap_or(u32::MAX));
    html! { @if !page.required_by.is_empty() {
        (fact(messages.text("required-by"), &html! {
            @for (place, (kind, name)) in page.required_by.iter().enumerate() {
                @if place > 0 { ", " }
                a href=(shown.visit.link(&format!("/{kind}/{name}"))) { (name) }
            }
            @if rest > 0 { " " (messages.with("required-by-more", &[&messages.number(rest)])) }
        }))
    } }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// A URL from a repository: a link where it is safe to follow, else text.
fn outside(url: &str) -> Markup {
    html! {
        @match link(url) {
            Some(url) => a href=(url) rel="noreferrer nofollow" dir="ltr" { (short(url)) },
            None => bdi { (url) },
        }
    }
}
