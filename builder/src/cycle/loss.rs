//! A mass loss: an upstream that suddenly lists far less than before. It is not believed. Pure: no I/O.
//!
//! What the settings no longer ask for is no loss: a branch that is not wanted any more, a release branch whose place a
//! newer one took, an upstream that is not configured any more. But if nothing at all would be left, the settings may be
//! wrong: that is a loss, too.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use tardist_contract::{BranchName, Kind};

use crate::{
    catalogue::{Catalogue, RepositoryRecord},
    cycle::plan::Plan,
    repository_id::RepositoryId,
    upstream::{Listing, Selection},
};

/// So few repositories, or tarballs of repositories that are still listed, are never a mass loss, unless they are
/// all of their kind.
const FEW: usize = 2;

/// How many lost ones a message names.
const SHOWN: usize = 5;

/// Branches that are there, or would be.
pub(super) type Present<'a> = BTreeSet<(&'a RepositoryId, &'a BranchName)>;

/// What the settings ask for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked<'a> {
    /// The branches to distribute.
    pub(super) selection: &'a Selection,
    /// The configured upstreams: URLs or paths.
    pub(super) upstreams: &'a BTreeSet<&'a str>,
    /// How much may be lost in one cycle, in percent (setting `max-loss`).
    pub(super) max_loss: usize,
}

/// Too much would no longer be published.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Loss {
    /// "repositories (skins)".
    what: String,
    lost: usize,
    of: usize,
    /// Of tarballs: how many the [`FEW`] repositories lost that lost most, each more than [`FEW`], and how many they had.
    /// They do not count: their owners may have deleted branches, and would stop all others.
    most: (usize, usize),
    /// Some of the lost.
    names: Vec<String>,
}

impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, lost, of, names, .. } = self;
        let more = if names.len() < *lost { ", …" } else { "" };
        write!(f, "{lost} of {of} {what} would be lost: {}{more}", names.join(", "))
    }
}

/// The mass losses: what is published now and would no longer be. `listed` are the branches that would be there.
pub(super) fn losses(published: &Catalogue, listed: &Present<'_>, asked: Asked<'_>) -> Vec<Loss> {
    let repositories: BTreeSet<&RepositoryId> = listed.iter().map(|(id, _)| *id).collect();
    let mut losses = Vec::new();
    for kind in Kind::ALL {
        let of_kind = || published.iter().filter(|(id, _)| id.kind == kind);
        let wanted: Vec<_> = of_kind().filter(|(_, record)| is_asked(record, asked)).collect();
        let (there, gone): (Vec<_>, Vec<_>) =
            wanted.iter().partition(|(id, _)| repositories.contains(id));
        let names = gone.iter().map(|(id, _)| id.name.to_string()).collect();
        losses.push(Loss::new(format!("repositories ({kind})"), wanted.len(), names));
        let mut names = Vec::new();
        let mut tarballs = 0;
        let mut losers = Vec::new();
        for (id, record) in there {
            let before = (names.len(), tarballs);
            for branch in record.branches.keys().filter(|it| asked.selection.asks_for(it)) {
                tarballs += 1;
                if !listed.contains(&(id, branch)) {
                    names.push(format!("{} {branch}", id.name));
                }
            }
            losers.push((names.len() - before.0, tarballs - before.1));
        }
        losers.retain(|(lost, _)| *lost > FEW);
        losers.sort_unstable_by(|one, other| other.cmp(one));
        let most = losers.iter().take(FEW);
        let most = most.fold((0, 0), |sum, it| (sum.0 + it.0, sum.1 + it.1));
        let what = format!("tarballs of repositories that are still listed ({kind})");
        losses.push(Loss { most, ..Loss::new(what, tarballs, names) });
    }
    losses.retain(|loss| loss.is_too_much(asked.max_loss));
    if losses.is_empty() && listed.is_empty() {
        // Whatever the settings ask for: a wrong name of a branch asks for nothing.
        let names = published.keys().map(ToString::to_string).collect();
        let all = Loss::new("repositories".to_owned(), published.len(), names);
        losses.extend(Some(all).filter(|loss| loss.is_too_much(asked.max_loss)));
    }
    losses
}

/// The branches of repositories.
pub(super) type Names = BTreeMap<RepositoryId, BTreeSet<BranchName>>;

/// The mass losses if `after` takes the place of what has these names, whatever the settings ask for.
pub(super) fn between(before: &Names, after: &Catalogue, max_loss: usize) -> Vec<Loss> {
    let mut losses = Vec::new();
    for kind in Kind::ALL {
        let of_kind = || before.iter().filter(|(id, _)| id.kind == kind);
        let gone = of_kind().filter(|(id, _)| !after.contains_key(*id));
        let names = gone.map(|(id, _)| id.name.to_string()).collect();
        losses.push(Loss::new(format!("repositories ({kind})"), of_kind().count(), names));
        let branches = of_kind().flat_map(|(id, branches)| branches.iter().map(move |it| (id, it)));
        let is_there =
            |id, branch| after.get(id).is_some_and(|record| record.branches.contains_key(branch));
        let gone = branches.clone().filter(|(id, branch)| !is_there(*id, *branch));
        let names = gone.map(|(id, branch)| format!("{} {branch}", id.name)).collect();
        losses.push(Loss::new(format!("tarballs ({kind})"), branches.count(), names));
    }
    losses.retain(|loss| loss.is_too_much(max_loss));
    losses
}

/// True if something that is published from the upstream at `url` is not in its list: a repository or a branch.
pub(super) fn is_any_missing(published: &Catalogue, url: &str, listing: &Listing) -> bool {
    // Of two projects with the same name, the first counts.
    let tips: BTreeMap<&RepositoryId, _> =
        listing.projects.iter().rev().map(|project| (&project.id, &project.tips)).collect();
    // Their branches are not known yet, or their absence has a reason.
    let others: BTreeSet<&RepositoryId> =
        listing.ids().filter(|id| !tips.contains_key(id)).chain(listing.left_out.keys()).collect();
    let mut of_upstream = published.iter().filter(|(_, record)| record.upstream == url);
    of_upstream.any(|(id, record)| match tips.get(id) {
        Some(tips) => record.branches.keys().any(|branch| !tips.contains_key(branch)),
        None => !others.contains(id),
    })
}

/// Of several upstreams, those that list nothing of what is published from them. They count as not listed, so that the
/// others go on.
pub(super) fn emptied<'a>(
    published: &Catalogue,
    listing: &Listing,
    upstreams: &BTreeSet<&'a str>,
) -> Vec<&'a str> {
    if upstreams.len() < 2 {
        return Vec::new();
    }
    let listed: BTreeSet<&RepositoryId> = listing.ids().collect();
    let is_away = |url: &str| listing.unavailable.iter().any(|(it, _)| it == url);
    let is_emptied = |url: &&str| {
        let mut of_upstream = published.iter().filter(|(_, record)| record.upstream == *url);
        !is_away(url)
            && published.values().any(|record| record.upstream == *url)
            && of_upstream.all(|(id, _)| !listed.contains(id))
    };
    upstreams.iter().copied().filter(|url| is_emptied(url)).collect()
}

/// The branches that a plan makes or keeps. All that is listed counts as there, also what may fail.
pub(super) fn planned(plan: &Plan) -> Present<'_> {
    let made = plan.jobs.iter().flat_map(|job| {
        let tips = job.project.tips.keys();
        tips.map(move |branch| (&job.project.id, branch))
    });
    let kept = plan.kept.iter();
    let kept = kept.flat_map(|(id, record)| record.branches.keys().map(move |it| (id, it)));
    made.chain(kept).collect()
}

/// True if the settings still ask for something of a repository.
fn is_asked(record: &RepositoryRecord, asked: Asked<'_>) -> bool {
    let upstream = record.upstream.as_str();
    (upstream.is_empty() || asked.upstreams.contains(upstream))
        && record.branches.keys().any(|branch| asked.selection.asks_for(branch))
}

impl Loss {
    fn new(what: String, of: usize, names: Vec<String>) -> Self {
        let lost = names.len();
        Self { what, lost, of, most: (0, 0), names: names.into_iter().take(SHOWN).collect() }
    }

    fn is_too_much(&self, max_loss: usize) -> bool {
        let Self { lost, of, most, .. } = *self;
        let is_all = lost > 0 && lost == of;
        let (others_lost, of_others) = (lost - most.0, of - most.1);
        max_loss < 100
            && (is_all || (others_lost > FEW && others_lost * 100 > of_others * max_loss))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::BranchRecord,
        upstream::{Branches, Project},
    };

    const BRANCHES: [&str; 2] = ["master", "REL1_45"];

    /// So many extensions, each with these branches.
    fn catalogue(numbers: std::ops::Range<usize>, branches: &[&str]) -> Catalogue {
        let record = || RepositoryRecord {
            upstream: "https://g".to_owned(),
            source_url: String::new(),
            branches: branches
                .iter()
                .map(|name| (name.parse().unwrap(), BranchRecord::of_commit('a').into()))
                .collect(),
        };
        numbers.map(|n| (format!("extensions/E{n:03}").parse().unwrap(), record())).collect()
    }

    /// The losses where this is published, and this is left.
    fn lost(published: &Catalogue, kept: Catalogue, max_loss: usize) -> Vec<String> {
        let branches = BRANCHES.map(|name| name.parse().unwrap());
        let selection = Selection { wanted: Branches::new(branches, 0), window: BTreeSet::new() };
        lost_of(&selection, published, kept, max_loss)
    }

    fn lost_of(
        selection: &Selection,
        published: &Catalogue,
        kept: Catalogue,
        max_loss: usize,
    ) -> Vec<String> {
        let upstreams = ["https://g"].into();
        let asked = Asked { selection, upstreams: &upstreams, max_loss };
        let plan = Plan { kept, ..Plan::default() };
        losses(published, &planned(&plan), asked).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn many_repositories_at_once_are_a_mass_loss() {
        let all = catalogue(0..40, &BRANCHES);
        let said = lost(&all, catalogue(0..31, &BRANCHES), 20);
        assert_eq!(
            said,
            ["9 of 40 repositories (extensions) would be lost: E031, E032, E033, E034, E035, …"]
        );
        assert_eq!(lost(&all, catalogue(0..32, &BRANCHES), 20), [""; 0], "a fifth is allowed");
        assert_eq!(lost(&all, catalogue(0..32, &BRANCHES), 19).len(), 1);
        assert_eq!(lost(&all, Catalogue::new(), 100), [""; 0], "all is allowed");
        assert_eq!(lost(&all, Catalogue::new(), 99).len(), 1);
    }

    #[test]
    fn a_few_are_none_unless_they_are_all() {
        let three = catalogue(0..3, &BRANCHES);
        assert_eq!(lost(&three, catalogue(0..1, &BRANCHES), 20), [""; 0]);
        assert_eq!(lost(&three, Catalogue::new(), 20).len(), 1);
        let one = catalogue(0..1, &BRANCHES);
        assert_eq!(lost(&one, Catalogue::new(), 20).len(), 1);
    }

    #[test]
    fn tarballs_of_repositories_that_are_still_listed_count_for_themselves() {
        let all = catalogue(0..10, &BRANCHES);
        let mut kept = catalogue(0..6, &BRANCHES);
        kept.extend(catalogue(6..10, &["master"]));
        assert_eq!(lost(&all, kept.clone(), 20), [""; 0]);
        kept.extend(catalogue(5..10, &["master"]));
        let said = lost(&all, kept, 20);
        let says = "5 of 20 tarballs of repositories that are still listed (extensions) would be lost: \
                    E005 REL1_45, E006 REL1_45";
        assert!(said[0].starts_with(says), "{said:?}");
    }

    #[test]
    fn one_repository_that_loses_its_branches_does_not_stop_the_others() {
        let names: Vec<String> = (0..100).map(|number| format!("b{number:03}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let selection =
            Selection { wanted: Branches::new(["*".parse().unwrap()], 0), window: BTreeSet::new() };
        let mut all = catalogue(0..50, &BRANCHES);
        all.extend(catalogue(50..51, &names));
        let mut kept = catalogue(0..50, &BRANCHES);
        kept.extend(catalogue(50..51, &names[..20]));
        assert_eq!(lost_of(&selection, &all, kept, 20), [""; 0]);
        let twelve = catalogue(0..50, &names[..12]);
        let lost = lost_of(&selection, &twelve, catalogue(0..50, &names[..1]), 90);
        assert_eq!(lost.len(), 1, "all others lose as many");
    }

    #[test]
    fn an_upstream_of_several_that_lists_nothing_of_its_own_is_emptied() {
        let mut published = catalogue(0..2, &BRANCHES);
        let mut other = catalogue(2..4, &BRANCHES);
        other.values_mut().for_each(|record| record.upstream = "https://other".to_owned());
        published.extend(other);
        let both = BTreeSet::from(["https://g", "https://other"]);
        let listing = |numbers: &[usize]| {
            let id = |n: &usize| format!("extensions/E{n:03}").parse().unwrap();
            let projects = numbers.iter().map(|n| crate::upstream::Project::new(id(n), "u"));
            Listing { projects: projects.collect(), ..Listing::default() }
        };
        assert_eq!(emptied(&published, &listing(&[0, 3]), &both), [""; 0]);
        assert_eq!(emptied(&published, &listing(&[0, 1]), &both), ["https://other"]);
        assert_eq!(emptied(&published, &listing(&[0]), &["https://g"].into()), [""; 0], "one");
        let mut down = listing(&[0]);
        down.unavailable.push(("https://other".to_owned(), crate::Error::Bug("down".into())));
        assert_eq!(emptied(&published, &down, &both), [""; 0], "it is known to be down");
        assert_eq!(emptied(&Catalogue::new(), &listing(&[0]), &both), [""; 0]);
    }

    #[test]
    fn what_the_settings_no_longer_ask_for_is_no_loss() {
        let left = || catalogue(0..1, &BRANCHES);
        let mut old = catalogue(0..10, &["REL1_35"]);
        old.append(&mut left());
        assert_eq!(lost(&old, left(), 0), [""; 0], "a branch");
        let mut elsewhere = catalogue(0..10, &BRANCHES);
        elsewhere.values_mut().skip(1).for_each(|it| it.upstream = "https://old".to_owned());
        assert_eq!(lost(&elsewhere, left(), 0), [""; 0], "an upstream");
        let both = catalogue(0..10, &["master", "REL1_35"]);
        assert_eq!(lost(&both, catalogue(0..10, &["master"]), 0), [""; 0]);
    }

    #[test]
    fn a_release_branch_that_is_over_is_no_loss_and_one_that_vanishes_is() {
        let all = catalogue(0..10, &["master", "REL1_46", "REL1_45"]);
        let left = |branches: &[&str]| catalogue(0..10, branches);
        let selection = |window: &[&str]| Selection {
            wanted: Branches::new(["master".parse().unwrap()], 2),
            window: window.iter().map(|name| name.parse().unwrap()).collect(),
        };
        let newer = selection(&["REL1_47", "REL1_46"]);
        assert_eq!(lost_of(&newer, &all, left(&["master", "REL1_46"]), 0), [""; 0]);
        let vanished = selection(&["REL1_45"]);
        assert_eq!(lost_of(&vanished, &all, left(&["master", "REL1_45"]), 20).len(), 1);
        let behind = selection(&["REL1_45", "REL1_44"]);
        assert_eq!(lost_of(&behind, &all, left(&["master", "REL1_45"]), 20).len(), 1);
    }

    #[test]
    fn settings_that_ask_for_nothing_of_all_that_is_published_are_a_mass_loss() {
        let mut elsewhere = catalogue(0..10, &BRANCHES);
        elsewhere.values_mut().for_each(|it| it.upstream = "https://old".to_owned());
        for (all, why) in [(catalogue(0..10, &["REL1_35"]), "a branch"), (elsewhere, "an upstream")]
        {
            let said = lost(&all, Catalogue::new(), 20).concat();
            assert!(said.starts_with("10 of 10 repositories would be lost: "), "{why}: {said}");
            assert_eq!(lost(&all, Catalogue::new(), 100), [""; 0], "{why}: all may go");
        }
    }

    #[test]
    fn what_is_to_be_made_is_there() {
        let mut tips = BTreeMap::new();
        tips.insert("master".parse().unwrap(), "a".repeat(40).parse().unwrap());
        let project = crate::upstream::Project {
            tips,
            ..crate::upstream::Project::new("extensions/E000".parse().unwrap(), "https://g/E000")
        };
        let job = crate::worker::Job::new(project, Vec::new());
        let all = catalogue(0..1, &["master"]);
        let branches = BRANCHES.map(|name| name.parse().unwrap());
        let selection = Selection { wanted: Branches::new(branches, 0), window: BTreeSet::new() };
        let upstreams = ["https://g"].into();
        let asked = Asked { selection: &selection, upstreams: &upstreams, max_loss: 0 };
        let plan = Plan { jobs: vec![job], ..Plan::default() };
        assert_eq!(losses(&all, &planned(&plan), asked), []);
    }

    #[test]
    fn a_list_is_asked_for_again_if_something_published_of_its_upstream_is_not_there() {
        let published = catalogue(0..3, &BRANCHES);
        let listing = |branches: &[&str]| {
            let projects = published.keys().map(|id| {
                let mut project = Project::new(id.clone(), "https://g/x");
                let commit = |name: &&str| (name.parse().unwrap(), "a".repeat(40).parse().unwrap());
                project.tips = branches.iter().map(commit).collect();
                project
            });
            Listing { projects: projects.collect(), ..Listing::default() }
        };
        let is_missing = |listing: &Listing| is_any_missing(&published, "https://g", listing);
        assert!(!is_missing(&listing(&["master", "REL1_45", "REL1_46"])));
        assert!(is_missing(&listing(&["master"])), "a branch");
        let mut fewer = listing(&BRANCHES);
        let last = fewer.projects.pop().unwrap();
        assert!(is_missing(&fewer), "a repository");
        assert!(!is_any_missing(&published, "https://other", &fewer), "of another upstream");
        fewer.without_tips.push(Project { tips: BTreeMap::new(), ..last });
        assert!(!is_missing(&fewer), "its branches are not known yet");
    }
}
