//! The plan of a cycle: compares what the upstreams list with what is published. Pure: no I/O.

use std::collections::BTreeSet;

use crate::{
    catalogue::{Catalogue, RepositoryRecord},
    data_dir::layout::Tarballs,
    repository_id::RepositoryId,
    upstream::Listing,
    worker::Job,
};

/// What a cycle has to do.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// The work on each repository with new commits.
    pub jobs: Vec<Job>,
    /// What stays published: of each repository, the branches that the upstream still lists at the same commit.
    pub kept: Catalogue,
    /// Repositories that `--only` names and no upstream lists.
    pub unknown: Vec<RepositoryId>,
}

/// The published records whose tarball is on disk with the right size. All others are made again, for example
/// a tarball that was removed by hand.
pub fn intact(published: Catalogue, on_disk: &Tarballs) -> Catalogue {
    published
        .into_iter()
        .filter_map(|(id, mut repository)| {
            repository.branches.retain(|branch, record| {
                let name = record.tarball(&id.name, branch).into();
                on_disk.get(&(id.kind, name)).is_some_and(|file| file.size == record.size)
            });
            (!repository.branches.is_empty()).then_some((id, repository))
        })
        .collect()
}

/// Plans a cycle. `intact` is what is published and on disk. If `only` is not empty, all other repositories stay
/// as they are. With `force`, branches at the same commit are made again, too.
pub fn plan(
    listing: Listing,
    intact: &Catalogue,
    only: &BTreeSet<RepositoryId>,
    force: bool,
) -> Plan {
    let mut plan = Plan::default();
    let is_selected = |id: &RepositoryId| only.is_empty() || only.contains(id);
    let listed: BTreeSet<RepositoryId> = listing.ids().cloned().collect();
    let failed: BTreeSet<&RepositoryId> = listing.failed.iter().map(|(id, _)| id).collect();
    plan.unknown.extend(only.difference(&listed).cloned());
    for (id, record) in intact.iter().filter(|(id, _)| !is_selected(id) || failed.contains(id)) {
        plan.kept.insert(id.clone(), record.clone());
    }
    for project in listing.projects.into_iter().filter(|project| is_selected(&project.id)) {
        let published = intact.get(&project.id);
        let mut kept = RepositoryRecord {
            upstream: project.upstream.clone(),
            source_url: project.source_url.clone(),
            branches: Default::default(),
        };
        let mut branches = Vec::new();
        for (branch, tip) in &project.tips {
            match published.and_then(|record| record.branches.get(branch)) {
                Some(record) if record.commit == *tip && !force => {
                    kept.branches.insert(branch.clone(), record.clone());
                }
                _ => branches.push(branch.clone()),
            }
        }
        if !kept.branches.is_empty() {
            plan.kept.insert(project.id.clone(), kept);
        }
        if !branches.is_empty() {
            plan.jobs.push(Job::new(project, branches));
        }
    }
    plan
}

#[cfg(test)]
mod tests {
    use tardist_contract::CommitId;

    use super::*;
    use crate::{catalogue::BranchRecord, data_dir::layout::TarballFile, upstream::Project};

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
            let record = catalogue.entry(id).or_insert(RepositoryRecord {
                upstream: String::new(),
                source_url: url,
                branches: Default::default(),
            });
            record.branches.insert(branch.parse().unwrap(), BranchRecord::of_commit(*digit));
        }
        catalogue
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
        assert_eq!(plan.unknown, ["skins/Typo".parse().unwrap()]);
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
    fn a_tarball_that_is_missing_or_cut_is_made_again() {
        let before = published(&[
            ("skins/A", "master", 'a'),
            ("skins/A", "REL1_45", 'b'),
            ("skins/B", "master", 'c'),
        ]);
        let file = |name: &str, size| {
            ((tardist_contract::Kind::Skins, name.to_owned()), TarballFile { size, written_at: 0 })
        };
        let disk = Tarballs::from([
            file("A-master-aaaaaaa.tar.gz", 9),
            file("A-REL1_45-bbbbbbb.tar.gz", 8),
        ]);
        assert_eq!(intact(before, &disk), published(&[("skins/A", "master", 'a')]));
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
            let Plan { jobs, kept, unknown } = plan(listing, &before, &only, force);
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
            assert!(unknown.iter().all(|id| only.contains(id) && listed(id).is_none()), "{seed}");
        }
    }

    #[test]
    fn what_counts_as_published_is_on_disk_with_its_size() {
        for seed in 0..500 {
            let mut random = fastrand::Rng::with_seed(seed);
            let before = random_catalogue(&mut random);
            let mut disk = Tarballs::new();
            for (id, record) in random_catalogue(&mut random) {
                for (branch, record) in record.branches {
                    let name = record.tarball(&id.name, &branch).into();
                    let file = TarballFile { size: random.u64(8..10), written_at: 0 };
                    disk.insert((id.kind, name), file);
                }
            }
            let found = intact(before.clone(), &disk);
            let is_on_disk = |id: &RepositoryId, branch, record: &BranchRecord| {
                let file = disk.get(&(id.kind, record.tarball(&id.name, branch).into()));
                file.is_some_and(|file| file.size == record.size)
            };
            for (id, record) in &before {
                for (branch, record) in &record.branches {
                    let stays = found.get(id).is_some_and(|it| it.branches.contains_key(branch));
                    assert_eq!(stays, is_on_disk(id, branch, record), "{seed}: {id} {branch}");
                }
            }
            assert!(found.values().all(|record| !record.branches.is_empty()), "{seed}");
        }
    }
}
