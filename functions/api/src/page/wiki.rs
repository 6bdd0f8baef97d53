//! "Your MediaWiki": the choice of a version, which lists, searches and pages follow.
//!
//! Readers know the version of their wiki, not the branches of Git. So the choice shows versions: first
//! those that are released, then those that have a branch but no release, and at the end what is in
//! development. Its value is the branch, as in the addresses for programs.

use maud::{Markup, html};
use tardist_contract::BranchName;

use super::{
    messages::Messages,
    visit::{Visit, address},
};
use crate::query::distributed::Distributed;

/// A branch as people say it: `1.45` for `REL1_45`, else its name.
pub(super) fn version(branch: &BranchName) -> String {
    match branch.release() {
        Some((major, minor)) => format!("{major}.{minor}"),
        None => branch.to_string(),
    }
}

/// A message about a branch: the first for a release branch, with the version of its MediaWiki, the second for
/// any other, with its name.
pub(super) fn about(
    messages: Messages,
    branch: &BranchName,
    [release, other]: [&'static str; 2],
) -> String {
    let key = if branch.release().is_some() { release } else { other };
    messages.with(key, &[&version(branch)])
}

/// What a list has that is only of one branch, as the end of its heading.
pub(super) fn list_for(messages: Messages, branch: &BranchName) -> String {
    about(messages, branch, ["list-for", "list-for-branch"])
}

/// The place of a branch among the choices; less is earlier.
pub(super) fn place(branch: &BranchName, is_released: bool) -> u8 {
    match (branch.is_development(), branch.release().is_some(), is_released) {
        (true, ..) => 3,
        (_, true, true) => 0,
        (_, true, false) => 1,
        _ => 2,
    }
}

/// A branch in the choice.
pub(super) fn choice(messages: Messages, branch: &Distributed) -> String {
    let version = version(&branch.name);
    if branch.name.is_development() {
        messages.with("wiki-development", &[&version])
    } else if branch.name.release().is_some() && !branch.is_released {
        messages.with("wiki-unreleased", &[&version])
    } else {
        version
    }
}

/// The branches in the order of the choices.
pub(super) fn sorted(branches: &[Distributed]) -> Vec<&Distributed> {
    let mut sorted: Vec<&Distributed> = branches.iter().collect();
    sorted.sort_by_key(|it| place(&it.name, it.is_released));
    sorted
}

/// The form. It leads to `path`, with the parameters `keep`, for another version, and to the first page of it; nothing
/// where no branches are known.
pub(super) fn form(
    visit: &Visit,
    branches: &[Distributed],
    path: &str,
    keep: &[(&str, &str)],
) -> Markup {
    let messages = visit.messages;
    let sorted = sorted(branches);
    let lang = visit.lang.as_deref().map(|it| ("lang", it));
    let is_kept = |(name, value): &(&str, &str)| !value.is_empty() && *name != "page";
    html! { @if !branches.is_empty() {
        form.wiki action=(path) method="get" {
            @for (name, value) in keep.iter().copied().chain(lang).filter(is_kept) {
                input type="hidden" name=(name) value=(value);
            }
            label for="branch" { (messages.text("wiki")) }
            select #branch name="branch" {
                option value="" { (messages.text("wiki-any")) }
                @for branch in sorted {
                    option value=(branch.name) selected[visit.branch.as_ref() == Some(&branch.name)] {
                        (choice(messages, branch))
                    }
                }
            }
            button { (messages.text("wiki-choose")) }
        }
    } }
}

/// The branch that was chosen, if it is distributed. Everything is shown for another one.
pub(super) fn chosen<'a>(visit: &'a Visit, branches: &[Distributed]) -> Option<&'a BranchName> {
    visit.branch.as_ref().filter(|wanted| branches.iter().any(|it| it.name == **wanted))
}

/// The address of a feed, with the branch that was chosen.
pub(super) fn feed(visit: &Visit, branches: &[Distributed], path: &str) -> String {
    address(path, chosen(visit, branches).map(|it| ("branch", it.as_str())))
}

/// A note where the chosen branch is not distributed; nothing where no branches are known.
pub(super) fn note(visit: &Visit, branches: &[Distributed]) -> Markup {
    let unknown = visit.branch.as_ref().filter(|_| !branches.is_empty());
    html! { @if let (Some(branch), None) = (unknown, chosen(visit, branches)) {
        p.note { (visit.messages.markup("wiki-unknown", &[html! { bdi { (branch) } }])) }
    } }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};

    use super::*;
    use crate::http::request::Request;

    fn visit(uri: &str) -> Visit {
        let request = Request::new(Method::GET, &uri.parse().unwrap(), HeaderMap::new());
        Visit::of(&request.unwrap()).unwrap()
    }

    fn branches() -> Vec<Distributed> {
        [("master", false), ("REL1_47", false), ("REL1_46", true), ("REL1_45", true)]
            .map(|(name, is_released)| Distributed { name: name.parse().unwrap(), is_released })
            .into()
    }

    #[test]
    fn released_versions_come_first_and_development_last() {
        let visit = visit("/?branch=REL1_45&lang=en");
        let form = form(&visit, &branches(), "/skins", &[("sort", "changed")]).into_string();
        let place = |text: &str| form.find(text).unwrap_or_else(|| panic!("{text}: {form}"));
        let order = [
            ">any version<",
            ">1.46<",
            "<option value=\"REL1_45\" selected>1.45<",
            ">1.47 (not yet released)<",
            ">development (master)<",
        ]
        .map(place);
        assert!(order.is_sorted(), "{form}");
        for kept in
            ["action=\"/skins\"", "name=\"sort\" value=\"changed\"", "name=\"lang\" value=\"en\""]
        {
            assert!(form.contains(kept), "{kept}: {form}");
        }
    }

    #[test]
    fn only_a_release_branch_is_called_a_version_of_mediawiki() {
        let text = |branch: &str| list_for(visit("/").messages, &branch.parse().unwrap());
        assert_eq!(text("REL1_45"), "for MediaWiki 1.45");
        assert_eq!(text("master"), "for the branch master");
    }

    #[test]
    fn a_feed_is_of_the_chosen_branch_if_that_is_distributed() {
        let path = |uri: &str| feed(&visit(uri), &branches(), "/feed.atom");
        assert_eq!(path("/?branch=REL1_45&lang=de"), "/feed.atom?branch=REL1_45");
        assert_eq!(path("/?branch=REL1_20"), "/feed.atom");
    }

    #[test]
    fn a_branch_that_is_not_distributed_is_a_note_and_chooses_nothing() {
        let unknown = visit("/?branch=REL1_20");
        assert_eq!(chosen(&unknown, &branches()), None);
        assert!(note(&unknown, &branches()).into_string().contains("No branch <bdi>REL1_20</bdi>"));
        for known in ["/", "/?branch=master"] {
            assert_eq!(note(&visit(known), &branches()).into_string(), "");
        }
        assert_eq!(form(&unknown, &[], "/", &[]).into_string(), "");
        assert_eq!(note(&unknown, &[]).into_string(), "", "the page of an error");
    }
}
