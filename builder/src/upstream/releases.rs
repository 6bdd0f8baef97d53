//! Decides which branches are distributed, from those that upstreams have. Pure: no I/O.
//!
//! Which release branches there are says MediaWiki itself, the repository `mediawiki/core` ([`core`](super::core)): its
//! branch `REL1_47` is there some weeks before all extensions have it, and the tag `1.47.0` says that the release is
//! out. Where no upstream has it, the repositories say it together: a release branch counts that a fifth of them have,
//! and a new one if at least two have it. So one repository with a branch of its own (`REL1_99`) moves nothing for all
//! others.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::RangeInclusive,
};

use tardist_contract::BranchName;

use super::branches::{Asked, Branches, release};
use crate::limits::upstream::MAX_BRANCHES;

/// The branches that MediaWiki has, as far as they may be wanted: the release branches and those of the patterns. Each
/// with whether MediaWiki has a release of it. Where no upstream has MediaWiki itself: the release branches that many
/// repositories have, all as released.
pub type Found = BTreeMap<BranchName, bool>;

/// The share of the repositories, as its divisor, that have to have a release branch.
const SHARE: usize = 5;

/// The same for a branch that was found in the last cycle. It is smaller, so that a branch does not come and go with
/// each repository that is added.
const KNOWN_SHARE: usize = 2 * SHARE;

/// So many repositories have to have a release branch that was not found in the last cycle, if there are so many. Of a few
/// repositories, one is a fifth, and its new branches would take the places of all others.
const LEAST: usize = 2;

/// The branches that are distributed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// What the settings want.
    pub wanted: Branches,
    /// The newest release branches. At most as many as are wanted.
    pub window: BTreeSet<BranchName>,
}

impl Selection {
    /// Chooses among the branches that were found.
    pub(super) fn new(wanted: &Branches, found: &Found) -> Self {
        let releases = found.keys().filter(|branch| release(branch).is_some());
        // They are in the order of lists: newest first.
        let window = releases.take(wanted.newest).cloned().collect();
        Self { wanted: wanted.clone(), window }
    }

    /// True for a branch that is distributed.
    pub fn has(&self, branch: &BranchName) -> bool {
        self.window.contains(branch) || self.wanted.names_or_matches(branch)
    }

    /// True for a release branch that is not distributed any more because there are newer ones.
    pub fn is_over(&self, branch: &BranchName) -> bool {
        let is_full = self.wanted.newest > 0 && self.window.len() == self.wanted.newest;
        let oldest = self.window.last().and_then(release);
        is_full && !self.has(branch) && release(branch).is_some() && release(branch) < oldest
    }

    /// The sentence about a branch that [is over](Self::is_over).
    pub fn says_over(&self, branch: &BranchName) -> String {
        format!(
            "{branch} is no longer among the newest {} release branches, so it is not distributed any more; its \
             tarballs stay on disk for the grace period",
            self.wanted.newest
        )
    }

    /// True for a branch whose loss would be one: it is distributed, or it would be if upstreams still had it.
    pub fn asks_for(&self, branch: &BranchName) -> bool {
        let may_be_new = self.wanted.newest > 0 && release(branch).is_some();
        self.has(branch) || (may_be_new && !self.is_over(branch))
    }
}

/// The release branches that are looked for where nothing says which there are, `REL1_27` of 2016 and later. MediaWiki
/// gets two releases a year: the last one comes after 2040. Each is looked for in each repository.
const GUESSES: RangeInclusive<u32> = 27..=76;

/// How many release branches after the newest known one are looked for in each cycle.
const NEXT_GUESSES: u32 = 4;

/// The release branches that there may be: those that the last cycle found and the next ones. If these are fewer than
/// the `newest` that are wanted, any.
fn guesses(before: &Found, newest: usize) -> BTreeSet<BranchName> {
    let name = |major: u32, minor: u32| format!("REL{major}_{minor}").parse().ok();
    let known = before.keys().filter(|branch| release(branch).is_some());
    match known.clone().find_map(release) {
        Some((major, minor)) if known.clone().count() >= newest => {
            let next = minor.saturating_add(1)..=minor.saturating_add(NEXT_GUESSES);
            known.cloned().chain(next.filter_map(|minor| name(major, minor))).collect()
        }
        _ => GUESSES.filter_map(|minor| name(1, minor)).collect(),
    }
}

/// What upstreams are asked for, where it is known which branches there are, or where not: `before` are those that the
/// last cycle found. Besides, a warning if patterns match too many.
pub(super) fn asked(
    wanted: &Branches,
    found: Option<&Found>,
    before: &Found,
) -> (Asked, Option<String>) {
    let (names, patterns) = (wanted.names.clone(), wanted.patterns.clone());
    let Some(found) = found else {
        let releases = wanted.newest > 0;
        let guesses = guesses(before, wanted.newest);
        return (Asked { names, patterns, releases, guesses, is_expanded: false }, None);
    };
    let selection = Selection::new(wanted, found);
    let mut names = names;
    names.extend(found.keys().filter(|branch| selection.has(branch)).cloned());
    let count = names.len();
    let warning = (count > MAX_BRANCHES).then(|| {
        format!(
            "the setting branches matches {count} branches of MediaWiki; only the first \
             {MAX_BRANCHES} of them are looked for: write narrower patterns"
        )
    });
    let names = names.into_iter().take(MAX_BRANCHES).collect();
    (Asked { names, patterns, is_expanded: true, ..Asked::default() }, warning)
}

/// The release branches that many of these repositories have: the branches of each are given. `before` was found in the
/// last cycle.
pub(super) fn by_share<'a, B>(repositories: impl Iterator<Item = B>, before: &Found) -> Found
where
    B: Iterator<Item = &'a BranchName>,
{
    let mut counts: BTreeMap<&BranchName, usize> = BTreeMap::new();
    let mut total = 0;
    for branches in repositories {
        let mut is_any = false;
        for branch in branches {
            is_any = true;
            if release(branch).is_some() {
                *counts.entry(branch).or_default() += 1;
            }
        }
        // A repository without any wanted branch says nothing.
        total += usize::from(is_any);
    }
    let is_new = |branch| !before.contains_key(branch);
    let share = |branch| if is_new(branch) { SHARE } else { KNOWN_SHARE };
    // In a first cycle, nothing takes the place of others.
    let least = |branch| if is_new(branch) && !before.is_empty() { LEAST.min(total) } else { 1 };
    let many = counts
        .into_iter()
        .filter(|(branch, count)| count * share(*branch) >= total && *count >= least(*branch));
    many.map(|(branch, _)| (branch.clone(), true)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn branch(name: &str) -> BranchName {
        name.parse().unwrap()
    }

    fn found(names: &[&str]) -> Found {
        names.iter().map(|name| (branch(name), true)).collect()
    }

    fn branches(rules: &[&str], newest: usize) -> Branches {
        Branches::new(rules.iter().map(|rule| rule.parse().unwrap()), newest)
    }

    fn names(branches: &BTreeSet<BranchName>) -> Vec<&str> {
        branches.iter().map(BranchName::as_str).collect()
    }

    #[test]
    fn the_newest_release_branches_are_chosen_by_version() {
        let found =
            found(&["REL1_9", "REL1_46", "REL1_47", "REL1_45", "REL1_044", "wmf/1", "main"]);
        let selection = Selection::new(&branches(&["master"], 3), &found);
        assert_eq!(names(&selection.window), ["REL1_47", "REL1_46", "REL1_45"]);
        assert!(selection.has(&branch("master")) && !selection.has(&branch("REL1_9")));
        let few = Selection::new(&branches(&["master"], 20), &found);
        assert_eq!(few.window.len(), 4, "no more than there are");
        assert_eq!(Selection::new(&branches(&["REL1_9"], 0), &found).window.len(), 0);
    }

    #[test]
    fn a_branch_is_over_only_if_newer_ones_took_its_place() {
        let wanted = branches(&["master", "REL1_35"], 2);
        let selection = Selection::new(&wanted, &found(&["REL1_47", "REL1_46", "REL1_45"]));
        for (name, is_over, is_asked) in [
            ("REL1_47", false, true),
            ("REL1_45", true, false),
            // The upstream has lost it: between others, or as the newest.
            ("REL1_48", false, true),
            ("REL1_35", false, true),
            ("master", false, true),
            ("wmf/1", false, false),
        ] {
            let branch = branch(name);
            let is = (selection.is_over(&branch), selection.asks_for(&branch));
            assert_eq!(is, (is_over, is_asked), "{name}");
        }
        // Too few are left: what is gone was lost.
        let selection = Selection::new(&wanted, &found(&["REL1_47"]));
        assert!(!selection.is_over(&branch("REL1_45")) && selection.asks_for(&branch("REL1_45")));
        let fixed = Selection::new(&branches(&["master"], 0), &found(&["REL1_47"]));
        assert!(!fixed.is_over(&branch("REL1_45")) && !fixed.asks_for(&branch("REL1_45")));
        let pattern = Selection::new(&branches(&["REL1_4*"], 0), &found(&[]));
        assert!(pattern.asks_for(&branch("REL1_45")) && !pattern.asks_for(&branch("REL1_39")));
    }

    #[test]
    fn a_fifth_of_the_repositories_makes_a_release_branch() {
        let repositories = |with: &[(&str, usize)], total: usize| -> Vec<Vec<BranchName>> {
            let has = |n: usize| with.iter().filter(move |(_, count)| n < *count);
            (0..total)
                .map(|n| has(n).map(|(name, _)| branch(name)).chain([branch("master")]).collect())
                .collect()
        };
        let shared = |with: &[(&str, usize)], before: &Found| {
            let all = repositories(with, 50);
            let found = by_share(all.iter().map(|it| it.iter()), before);
            found.keys().map(ToString::to_string).collect::<Vec<_>>()
        };
        let with = [("REL1_99", 1), ("REL1_46", 10), ("REL1_45", 50), ("REL1_44", 9), ("x", 50)];
        assert_eq!(shared(&with, &Found::new()), ["REL1_46", "REL1_45"]);
        // What was there is not dropped at once.
        assert_eq!(
            shared(&with, &found(&["REL1_44", "REL1_99"])),
            ["REL1_46", "REL1_45", "REL1_44"]
        );
        let all = repositories(&[("REL1_99", 1), ("REL1_98", 2), ("REL1_46", 5)], 5);
        let of_few = |before: &Found| by_share(all.iter().map(|it| it.iter()), before).len();
        assert_eq!(of_few(&found(&["REL1_46"])), 2, "one of five adds no branch for all");
        assert_eq!((of_few(&Found::new()), of_few(&found(&["REL1_99"]))), (3, 3));
        let mut few = repositories(&[("REL1_46", 1)], 1);
        few.extend(vec![Vec::new(); 20]);
        let found = by_share(few.iter().map(|it| it.iter()), &Found::new());
        assert_eq!(found.len(), 1, "empty repositories say nothing");
        assert_eq!(by_share([].iter().map(|it: &Vec<_>| it.iter()), &Found::new()), Found::new());
    }

    #[test]
    fn a_list_is_asked_for_the_known_release_branches_and_the_next_ones() {
        let any = guesses(&found(&["wmf/1"]), 1);
        assert_eq!((any.len(), any.contains(&branch("REL1_47"))), (50, true));
        assert_eq!(
            guesses(&found(&["REL1_47", "REL1_44"]), 3).len(),
            50,
            "older ones may come, too"
        );
        let next = guesses(&found(&["REL1_47", "REL1_44"]), 2);
        let expected = ["REL1_51", "REL1_50", "REL1_49", "REL1_48", "REL1_47", "REL1_44"];
        assert_eq!(names(&next), expected);
    }

    #[test]
    fn what_is_found_says_which_names_upstreams_are_asked_for() {
        let wanted = branches(&["master", "wmf/*"], 1);
        let none = Found::new();
        let known = found(&["REL1_47", "REL1_46", "wmf/1", "wmf/2"]);
        let (asked, _) = asked(&wanted, Some(&known), &none);
        assert_eq!(names(&asked.names), ["master", "REL1_47", "wmf/1", "wmf/2"]);
        assert_eq!(asked.list().unwrap(), asked.names);
        let (unknown, _) = super::asked(&wanted, None, &none);
        assert_eq!((names(&unknown.names), unknown.releases), (vec!["master"], true));
        assert_eq!(unknown.list(), None);
        let many: Vec<String> = (0..=MAX_BRANCHES).map(|n| format!("wmf/{n}")).collect();
        let many = found(&many.iter().map(String::as_str).collect::<Vec<_>>());
        let (asked, warning) = super::asked(&wanted, Some(&many), &none);
        assert_eq!(asked.names.len(), MAX_BRANCHES);
        assert!(warning.unwrap().contains("matches 102 branches"), "with master");
    }
}
