//! The plan of a cycle: compares what the upstreams list with what is published. Pure: no I/O.

use std::{
    collections::{BTreeMap, BTreeSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use tardist_contract::{BranchName, CommitId};

use crate::{
    catalogue::{self, ADOPTED, BranchRecord, Catalogue, RepositoryRecord},
    content::Ingredients,
    repository_id::RepositoryId,
    upstream::{LeftOut, Listing, Project},
    worker::{Job, PublishedTarball},
};

/// What a cycle has to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The work on each repository with new commits.
    pub jobs: Vec<Job>,
    /// What stays published: of each repository, the branches that the upstream still lists at the same commit.
    /// Of those that are made again, the tarball stands until the new one is there.
    pub kept: Catalogue,
    /// Repositories that `--only` names and that cannot be distributed: no upstream lists them, or one says why.
    pub unknown: Vec<(RepositoryId, Option<LeftOut>)>,
    /// How many tarballs wait for a later cycle, although their recipe has changed.
    pub waiting: usize,
}

/// What a plan is made of, besides what the upstreams list.
pub struct Given<'a> {
    /// What is published.
    pub published: &'a Catalogue,
    /// What of it is on disk and whole.
    pub intact: &'a Catalogue,
    /// The upstreams that are configured: their URLs or paths.
    pub upstreams: &'a BTreeSet<&'a str>,
    /// If it is not empty, all other repositories stay as they are.
    pub only: &'a BTreeSet<RepositoryId>,
    /// Make branches at the same commit again, too.
    pub force: bool,
    /// The recipe of a branch, from its remote URL and its ingredients.
    pub recipe: &'a dyn Fn(&str, &Ingredients) -> String,
    /// The recipe of a tarball that is known from a snapshot only, if it was taken over with the settings of today.
    pub adopted: String,
    /// A number that grows each hour. If only some tarballs can be made again, it decides which are first.
    pub hours: usize,
}

/// Why a published branch is made again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    /// It is not.
    None,
    /// It has another commit.
    Commit,
    /// The user wants it.
    Forced,
    /// Another tarball would be made of it today.
    Recipe,
    /// Something is missing from it.
    Incomplete,
}

/// At least so many tarballs are made again in one cycle because their recipe has changed.
const REMADE_LEAST: usize = 200;

/// If more tarballs than this share of all have another recipe, they are spread over several cycles: over half a
/// day of hourly cycles, if it concerns all.
const REMADE_SHARE: usize = 12;

/// Plans a cycle.
pub fn plan(listing: Listing, given: &Given<'_>) -> Plan {
    let Given { intact, only, .. } = given;
    let mut plan = Plan::default();
    let is_selected = |id: &RepositoryId| only.is_empty() || only.contains(id);
    let listed: BTreeSet<RepositoryId> = listing.ids().cloned().collect();
    let failed: BTreeSet<&RepositoryId> = listing.failed.iter().map(|(id, _)| id).collect();
    let is_away = |id: &RepositoryId, record: &RepositoryRecord| {
        let mut away = listing.unavailable.iter().map(|(url, _)| url.as_str());
        // After an import, or since a URL was changed, it is not known who has a repository.
        let is_known = given.upstreams.contains(record.upstream.as_str());
        away.any(|url| if is_known { record.upstream == url } else { !listed.contains(id) })
    };
    let unknown = only.difference(&listed);
    plan.unknown.extend(unknown.map(|id| (id.clone(), listing.left_out.get(id).cloned())));
    let mut away = BTreeSet::new();
    for (id, record) in *intact {
        let is_away = is_away(id, record);
        if is_away || !is_selected(id) || failed.contains(id) {
            plan.kept.insert(id.clone(), record.clone());
        }
        if is_away {
            plan.unknown.retain(|(unknown, _)| unknown != id);
            away.insert(id.clone());
        }
    }
    let mut remade = Vec::new();
    for project in listing.projects {
        if is_selected(&project.id) && !away.contains(&project.id) {
            plan.add(project, given, &mut remade);
        }
    }
    plan.spread(remade, given.hours);
    plan
}

impl Plan {
    /// How many tarballs stay and are not made again.
    pub fn untouched(&self) -> usize {
        let made: BTreeSet<_> = self
            .jobs
            .iter()
            .flat_map(|job| job.branches.iter().map(|branch| (&job.project.id, branch)))
            .collect();
        let kept = catalogue::records(&self.kept);
        kept.filter(|(id, branch, ..)| !made.contains(&(*id, *branch))).count()
    }

    /// Adds what is to be done for a repository. Branches that only have another recipe go to `remade`, too.
    fn add(
        &mut self,
        project: Project,
        given: &Given<'_>,
        remade: &mut Vec<(RepositoryId, BranchName)>,
    ) {
        let record = given.intact.get(&project.id);
        let mut kept = RepositoryRecord {
            upstream: project.upstream.clone(),
            source_url: project.source_url.clone(),
            branches: BTreeMap::new(),
        };
        let (mut branches, mut published) = (Vec::new(), BTreeMap::new());
        for (branch, tip) in &project.tips {
            let Some(known) = record.and_then(|record| record.branches.get(branch)) else {
                let damaged = given.published.get(&project.id);
                if let Some(damaged) = damaged.and_then(|record| record.branches.get(branch)) {
                    published.insert(branch.clone(), PublishedTarball::damaged(damaged));
                }
                branches.push(branch.clone());
                continue;
            };
            let source_url = record.map_or("", |record| &record.source_url);
            let reason = reason(&project, known, tip, source_url, given);
            if !matches!(reason, Reason::Commit | Reason::Forced) {
                let mut known = known.clone();
                if reason == Reason::Recipe && known.recipe.starts_with(ADOPTED) {
                    // It may have to wait for a later cycle, which does not know the earlier URL any more.
                    known.recipe.clear();
                }
                kept.branches.insert(branch.clone(), known);
            }
            if reason == Reason::None {
                continue;
            }
            if reason == Reason::Recipe {
                remade.push((project.id.clone(), branch.clone()));
            }
            branches.push(branch.clone());
            let is_current = reason == Reason::Incomplete;
            published.insert(branch.clone(), PublishedTarball::new(known, is_current));
        }
        if !kept.branches.is_empty() {
            self.kept.insert(project.id.clone(), kept);
        }
        if !branches.is_empty() {
            self.jobs.push(Job { published, ..Job::new(project, branches) });
        }
    }

    /// Leaves the work for a later cycle that concerns too many tarballs.
    fn spread(&mut self, mut remade: Vec<(RepositoryId, BranchName)>, hours: usize) {
        let all = catalogue::records(&self.kept).count();
        let most = (all / REMADE_SHARE).max(REMADE_LEAST);
        if remade.len() <= most {
            return;
        }
        // Others are first in each hour, so that some that fail each time do not keep the rest away.
        if let Some(first) = anywhere(hours, remade.len()) {
            remade.rotate_left(first);
        }
        let later: BTreeSet<(RepositoryId, BranchName)> = remade.drain(most..).collect();
        self.waiting = later.len();
        for job in &mut self.jobs {
            let id = job.project.id.clone();
            job.branches.retain(|branch| !later.contains(&(id.clone(), branch.clone())));
        }
        self.jobs.retain(|job| !job.branches.is_empty());
    }
}

/// A place in a list of this length that is another one in each hour. `None` if the list is empty.
pub(super) fn anywhere(hours: usize, length: usize) -> Option<usize> {
    let mut hasher = DefaultHasher::new();
    hours.hash(&mut hasher);
    usize::try_from(hasher.finish() >> 32).ok()?.checked_rem(length)
}

/// Why a published branch is made again, whose commit is `tip` now.
fn reason(
    project: &Project,
    known: &BranchRecord,
    tip: &CommitId,
    source_url: &str,
    given: &Given<'_>,
) -> Reason {
    if known.commit != *tip {
        return Reason::Commit;
    }
    if given.force {
        return Reason::Forced;
    }
    let is_same_recipe = if known.recipe.starts_with(ADOPTED) {
        known.recipe == given.adopted && project.source_url == source_url
    } else {
        known.recipe == (given.recipe)(&project.remote_url, &known.ingredients)
    };
    match (is_same_recipe, known.is_complete()) {
        (false, _) => Reason::Recipe,
        (true, false) => Reason::Incomplete,
        (true, true) => Reason::None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue::BranchRecord, content::Missing};

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn project(id: &str, tips: &[(&str, char)]) -> Project {
        Project {
            tips: tips.iter().map(|(b, c)| (b.parse().unwrap(), commit(*c))).collect(),
            ..Project::new(id.parse().unwrap(), &format!("https://g/{id}.git"))
        }
    }

    fn published(entries: &[(&str, &str, char)]) -> Catalogue {
        let mut catalogue = Catalogue::new();
        for (id, branch, digit) in entries {
            let id: RepositoryId = id.parse().unwrap();
            let url = format!("https://g/{id}.git");
            let record = catalogue.entry(id).or_insert(RepositoryRecord::of_branches(&url, []));
            record.branches.insert(branch.parse().unwrap(), BranchRecord::of_commit(*digit).into());
        }
        catalogue
    }

    /// A plan of what is published and whole, where all recipes are empty.
    /// The upstreams that are configured.
    const UPSTREAMS: [&str; 2] = ["https://other", "https://down"];

    fn plan(
        listing: Listing,
        intact: &Catalogue,
        only: &BTreeSet<RepositoryId>,
        force: bool,
    ) -> Plan {
        planned(listing, intact, only, force, "")
    }

    fn planned(
        listing: Listing,
        intact: &Catalogue,
        only: &BTreeSet<RepositoryId>,
        force: bool,
        recipe: &str,
    ) -> Plan {
        let recipe = |_: &str, _: &Ingredients| recipe.to_owned();
        let given = Given {
            published: intact,
            intact,
            upstreams: &UPSTREAMS.into(),
            only,
            force,
            recipe: &recipe,
            adopted: ADOPTED.to_owned(),
            hours: 1,
        };
        super::plan(listing, &given)
    }

    fn ids(only: &[&str]) -> BTreeSet<RepositoryId> {
        only.iter().map(|id| id.parse().unwrap()).collect()
    }

    #[test]
    fn new_commits_are_built_unchanged_ones_kept_and_missing_ones_dropped() {
        let listing = Listing {
            projects: vec![
                project("extensions/New", &[("master", 'a')]),
                project("extensions/Same", &[("master", 'b'), ("REL1_45", 'c')]),
                project("extensions/Moved", &[("master", 'd'), ("REL1_45", 'e')]),
                project("extensions/NoBranch", &[]),
            ],
            ..Listing::default()
        };
        let before = published(&[
            ("extensions/Same", "master", 'b'),
            ("extensions/Same", "REL1_45", 'c'),
            ("extensions/Moved", "master", 'd'),
            ("extensions/Moved", "REL1_45", '0'),
            ("extensions/Moved", "REL1_39", 'f'),
            ("extensions/Gone", "master", 'f'),
            ("extensions/NoBranch", "master", 'f'),
        ]);
        let plan = plan(listing, &before, &ids(&[]), false);
        let jobs: Vec<String> = plan
            .jobs
            .iter()
            .map(|job| format!("{} {:?}", job.project.id, job.branches[0].as_str()))
            .collect();
        assert_eq!(jobs, [r#"extensions/New "master""#, r#"extensions/Moved "REL1_45""#]);
        let expected = published(&[
            ("extensions/Same", "master", 'b'),
            ("extensions/Same", "REL1_45", 'c'),
            ("extensions/Moved", "master", 'd'),
        ]);
        assert_eq!(plan.kept, expected);
    }

    #[test]
    fn only_keeps_all_others_and_names_repositories_that_are_not_listed() {
        let listing = Listing {
            projects: vec![
                project("skins/A", &[("master", 'a')]),
                project("skins/B", &[("master", 'b')]),
            ],
            ..Listing::default()
        };
        let before = published(&[("skins/B", "master", '0'), ("skins/Gone", "master", '1')]);
        let plan = plan(listing, &before, &ids(&["skins/A", "skins/Typo"]), false);
        assert_eq!(plan.jobs.len(), 1);
        assert_eq!(plan.kept, before);
        assert_eq!(plan.unknown, [("skins/Typo".parse().unwrap(), None)]);
    }

    #[test]
    fn force_makes_the_selected_repositories_again_and_keeps_the_rest() {
        let listing = Listing {
            projects: vec![
                project("skins/A", &[("master", 'a'), ("REL1_45", 'b')]),
                project("skins/B", &[("master", 'c')]),
            ],
            ..Listing::default()
        };
        let before = published(&[
            ("skins/A", "master", 'a'),
            ("skins/A", "REL1_45", 'b'),
            ("skins/B", "master", 'c'),
        ]);
        let plan = plan(listing, &before, &ids(&["skins/A"]), true);
        assert_eq!(plan.jobs.len(), 1);
        assert_eq!(plan.jobs[0].branches.len(), 2);
        assert_eq!(plan.kept, published(&[("skins/B", "master", 'c')]));
    }

    #[test]
    fn a_repository_whose_branches_cannot_be_listed_stays() {
        let failure = || crate::Error::Refs { url: "https://g/x".into(), reason: "down".into() };
        let listing = Listing {
            projects: vec![project("skins/A", &[("master", 'a')])],
            failed: vec![
                ("skins/B".parse().unwrap(), failure()),
                ("skins/New".parse().unwrap(), failure()),
            ],
            ..Listing::default()
        };
        let before = published(&[("skins/A", "master", 'a'), ("skins/B", "master", 'b')]);
        let plan = plan(listing, &before, &ids(&["skins/A", "skins/B", "skins/New"]), false);
        assert_eq!(plan, Plan { kept: before, ..Plan::default() });
    }

    #[test]
    fn a_damaged_tarball_is_made_again_and_its_job_knows_what_is_published() {
        let listing = Listing {
            projects: vec![project("skins/A", &[("master", 'a'), ("REL1_45", 'b')])],
            ..Listing::default()
        };
        let published = published(&[("skins/A", "master", 'a'), ("skins/A", "REL1_45", 'b')]);
        let mut intact = published.clone();
        let branches = &mut intact.values_mut().next().unwrap().branches;
        branches.remove(&"master".parse().unwrap());
        let recipe = |_: &str, _: &Ingredients| String::new();
        let only = ids(&[]);
        let given = Given {
            published: &published,
            intact: &intact,
            upstreams: &UPSTREAMS.into(),
            only: &only,
            force: false,
            recipe: &recipe,
            adopted: String::new(),
            hours: 1,
        };
        let plan = super::plan(listing, &given);
        assert_eq!(plan.kept, intact);
        let [job] = &plan.jobs[..] else { panic!("{plan:?}") };
        let master: BranchName = "master".parse().unwrap();
        assert_eq!(job.branches, std::slice::from_ref(&master));
        assert!(!job.published[&master].is_whole);
    }

    #[test]
    fn a_tarball_with_another_recipe_is_made_again_and_stands_until_then() {
        let listing = || Listing {
            projects: vec![project("skins/A", &[("master", 'a')])],
            ..Listing::default()
        };
        let mut before = published(&[("skins/A", "master", 'a')]);
        let plan = planned(listing(), &before, &ids(&[]), false, "other");
        assert_eq!((plan.jobs.len(), &plan.kept, plan.untouched()), (1, &before, 0));
        // What is known from a snapshot only counts as made today, unless its URL has changed.
        let record = before.values_mut().next().unwrap();
        record.branches.values_mut().next().unwrap().recipe = ADOPTED.to_owned();
        assert_eq!(planned(listing(), &before, &ids(&[]), false, "other").jobs, []);
        let mut other = before.clone();
        let record = other.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        record.recipe = format!("{ADOPTED} with other settings");
        assert_eq!(planned(listing(), &other, &ids(&[]), false, "other").jobs.len(), 1);
        before.values_mut().next().unwrap().source_url = "https://old/A".to_owned();
        let plan = planned(listing(), &before, &ids(&[]), false, "other");
        assert_eq!(plan.jobs.len(), 1);
        let plan = planned(listing(), &plan.kept, &ids(&[]), false, "other");
        assert_eq!(plan.jobs.len(), 1, "if it had to wait, it is not forgotten");
    }

    #[test]
    fn an_incomplete_tarball_is_tried_again_and_stands() {
        let listing = Listing {
            projects: vec![project("skins/A", &[("master", 'a')])],
            ..Listing::default()
        };
        let mut before = published(&[("skins/A", "master", 'a')]);
        let record = before.values_mut().next().unwrap().branches.values_mut().next().unwrap();
        record.missing.push(Missing {
            public: "the submodule lib is not in the tarball".to_owned(),
            reason: "down".to_owned(),
            remedy: None,
            may_pass: true,
        });
        let plan = plan(listing, &before, &ids(&[]), false);
        assert_eq!(plan.kept, before);
        let master: BranchName = "master".parse().unwrap();
        assert!(plan.jobs[0].published[&master].is_current);
    }

    #[test]
    fn many_changed_recipes_are_spread_over_cycles_that_all_come_to_an_end() {
        let names: Vec<String> = (0..3 * REMADE_LEAST).map(|n| format!("skins/S{n:04}")).collect();
        let mut entries: Vec<_> = names.iter().map(|name| (name.as_str(), "master", 'a')).collect();
        entries.push(("skins/New", "master", 'a'));
        let listing = || Listing {
            projects: entries.iter().map(|(id, b, c)| project(id, &[(b, *c)])).collect(),
            ..Listing::default()
        };
        let before = published(&entries[..names.len()]);
        let recipe = |_: &str, _: &Ingredients| "other".to_owned();
        let only = ids(&[]);
        // A cycle each hour, and one a day.
        for pause in [1, 24] {
            let mut made = BTreeSet::new();
            for hours in (0..20).map(|cycle| cycle * pause) {
                let given = Given {
                    published: &before,
                    intact: &before,
                    upstreams: &UPSTREAMS.into(),
                    only: &only,
                    force: false,
                    recipe: &recipe,
                    adopted: String::new(),
                    hours,
                };
                let plan = super::plan(listing(), &given);
                assert_eq!((plan.jobs.len(), plan.waiting), (REMADE_LEAST + 1, 2 * REMADE_LEAST));
                made.extend(plan.jobs.into_iter().map(|job| job.project.id));
            }
            assert_eq!(made.len(), entries.len(), "each is among them, even if all fail each time");
        }
    }

    #[test]
    fn an_upstream_that_cannot_be_listed_keeps_its_repositories() {
        let mut before = published(&[("skins/A", "master", 'a'), ("skins/B", "master", 'b')]);
        let down = || vec![("https://down".to_owned(), crate::Error::Bug("down".to_owned()))];
        let listing = |ids: &[&str]| Listing {
            projects: ids.iter().map(|id| project(id, &[("master", 'c')])).collect(),
            unavailable: down(),
            ..Listing::default()
        };
        // It is not known who has them: what another upstream lists is its own.
        let planned = plan(listing(&["skins/B"]), &before, &ids(&[]), false);
        assert_eq!(planned.kept, published(&[("skins/A", "master", 'a')]));
        assert_eq!(planned.jobs.len(), 1);
        for (record, upstream) in before.values_mut().zip(["https://other", "https://down"]) {
            record.upstream = upstream.to_owned();
        }
        let planned = plan(listing(&["skins/B"]), &before, &ids(&[]), false);
        assert_eq!(planned.kept.keys().map(ToString::to_string).collect::<Vec<_>>(), ["skins/B"]);
        assert_eq!(planned.jobs, [], "it is not taken from the upstream that is there");
        let planned = plan(listing(&[]), &before, &ids(&["skins/B"]), false);
        assert_eq!(planned.unknown, [], "it may be there");
        // The URL of the one that is down was changed.
        before.values_mut().for_each(|record| record.upstream = "https://before".to_owned());
        let planned = plan(listing(&["skins/B"]), &before, &ids(&[]), false);
        assert_eq!(planned.kept.keys().map(ToString::to_string).collect::<Vec<_>>(), ["skins/A"]);
    }

    /// Numbers, each as a name, a branch or a commit.
    fn random_project(random: &mut fastrand::Rng) -> Project {
        let id = format!("skins/S{}", random.u8(0..6));
        let mut tips = Vec::new();
        for branch in ["master", "REL1_45", "REL1_43"] {
            if random.u8(0..3) > 0 {
                tips.push((branch, random.char('a'..='c')));
            }
        }
        project(&id, &tips)
    }

    fn random_catalogue(random: &mut fastrand::Rng) -> Catalogue {
        let names = ["S0", "S1", "S2", "S3", "S4", "S5"].map(|name| format!("skins/{name}"));
        let mut entries = Vec::new();
        for name in &names {
            for branch in ["master", "REL1_45", "REL1_43"] {
                if random.bool() {
                    entries.push((name.as_str(), branch, random.char('a'..='c')));
                }
            }
        }
        published(&entries)
    }

    fn random_listing(random: &mut fastrand::Rng) -> Listing {
        let mut listing = Listing::default();
        for _ in 0..random.u8(0..6) {
            let project = random_project(random);
            if listing.ids().any(|id| *id == project.id) {
                continue;
            }
            if random.u8(0..4) > 0 {
                listing.projects.push(project);
            } else {
                let reason = "down".into();
                listing.failed.push((project.id, crate::Error::Refs { url: project.url, reason }));
            }
        }
        listing
    }

    #[test]
    fn a_plan_never_names_what_is_not_there_and_forgets_nothing() {
        for seed in 0..2000 {
            let mut random = fastrand::Rng::with_seed(seed);
            let (listing, before) = (random_listing(&mut random), random_catalogue(&mut random));
            let only: BTreeSet<RepositoryId> = match random.u8(0..3) {
                0 => (0..2).map(|_| random_project(&mut random).id).collect(),
                _ => BTreeSet::new(),
            };
            let force = random.u8(0..4) == 0;
            let projects = listing.projects.clone();
            let failed: Vec<RepositoryId> =
                listing.failed.iter().map(|(id, _)| id.clone()).collect();
            let Plan { jobs, kept, unknown, .. } = plan(listing, &before, &only, force);
            let is_selected = |id: &RepositoryId| only.is_empty() || only.contains(id);
            let listed = |id: &RepositoryId| projects.iter().find(|project| project.id == *id);
            // Each job is for branches that the upstream has, of a repository that is selected.
            for job in &jobs {
                assert_eq!(Some(&job.project), listed(&job.project.id), "{seed}");
                assert!(is_selected(&job.project.id) && !job.branches.is_empty(), "{seed}");
                let tips = &job.project.tips;
                assert!(job.branches.iter().all(|branch| tips.contains_key(branch)), "{seed}");
            }
            // All that is kept is published, and stays as it is.
            for (id, record) in &kept {
                assert!(!record.branches.is_empty(), "{seed}");
                for (branch, record) in &record.branches {
                    assert_eq!(before[id].branches.get(branch), Some(record), "{seed}");
                    let tip = listed(id).map(|project| project.tips.get(branch));
                    let is_there = tip == Some(Some(&record.commit));
                    assert!(is_there || !is_selected(id) || failed.contains(id), "{seed}");
                }
            }
            // Each branch that is listed and selected is made or kept, and not both.
            for project in projects.iter().filter(|project| is_selected(&project.id)) {
                for branch in project.tips.keys() {
                    let is_kept =
                        kept.get(&project.id).is_some_and(|it| it.branches.contains_key(branch));
                    let is_made = jobs
                        .iter()
                        .any(|job| job.project.id == project.id && job.branches.contains(branch));
                    assert!(is_kept != is_made && !(force && is_kept), "{seed}: {branch}");
                }
            }
            // What is not selected or could not be listed stays whole.
            for (id, record) in &before {
                if !is_selected(id) || failed.contains(id) {
                    assert_eq!(kept.get(id), Some(record), "{seed}");
                }
            }
            assert!(
                unknown.iter().all(|(id, _)| only.contains(id) && listed(id).is_none()),
                "{seed}"
            );
        }
    }
}
