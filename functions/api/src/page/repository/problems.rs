//! The faults that were found in the content: one line for each of them, with the branches that have it.

use std::collections::BTreeMap;

use maud::{Markup, html};
use tardist_contract::BranchName;

use super::shown::Shown;

/// The problems, folded. They are unfolded where the tarball that is offered is incomplete.
pub(super) fn problems(shown: &Shown) -> Markup {
    let messages = shown.visit.messages;
    let mut distinct: BTreeMap<&str, Vec<&BranchName>> = BTreeMap::new();
    for (name, branch) in shown.branches() {
        for text in &branch.problems {
            distinct.entry(text).or_default().push(name);
        }
    }
    let is_any_incomplete = shown.repository().branches.values().any(|it| !it.complete);
    let is_open = shown.offered().is_some_and(|(_, branch)| !branch.complete);
    let count = messages.number(u64::try_from(distinct.len()).unwrap_or(u64::MAX));
    html! { @if !distinct.is_empty() {
        h2 #problems { (messages.text("problems")) }
        p {
            (messages.text("problems-intro"))
            @if is_any_incomplete { " " (messages.text("problems-missing")) }
        }
        details open[is_open] {
            summary { (messages.with("problems-summary", &[&count])) }
            ul { @for (text, branches) in &distinct { li {
                span lang="en" dir="auto" { (text) }
                " " span.size { "(" @for (place, name) in branches.iter().enumerate() {
                    @if place > 0 { ", " }
                    bdi { (name) }
                } ")" }
            } } }
        }
    } }
}
