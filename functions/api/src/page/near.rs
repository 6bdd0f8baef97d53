//! Names that are near to one that nothing has: on the page of an error, and of a search without results.

use maud::{Markup, html};
use tardist_contract::{Kind, RepoName};

use super::{layout::singular, visit::Visit};

/// Links to repositories with such names; nothing where there are none.
pub(super) fn near_names(visit: &Visit, near: &[(Kind, RepoName)]) -> Markup {
    html! { @if !near.is_empty() {
        p { (visit.messages.text("search-near")) }
        ul.near { @for (kind, name) in near { li {
            a href=(visit.link(&format!("/{kind}/{name}"))) { (name) }
            " " span.kind { (singular(visit.messages, *kind)) }
        } } }
    } }
}
