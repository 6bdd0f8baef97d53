//! Branches whose tarballs would have the names of another repository's. Pure: no I/O.
//!
//! A tarball is called `NAME-BRANCH-SHA7.tar.gz`, and names of repositories and of branches may have hyphens: the branch
//! `Bar-master` of `Foo` would share its names with `master` of `Foo-Bar`. Whoever may push to `Foo` can make such a
//! branch, and a commit whose first digits are those of the other. So the repository with the longer name has them.

use std::collections::BTreeSet;

use tardist_contract::BranchName;

use crate::{
    catalogue::{self, Catalogue},
    cycle::report::ReportEntry,
    repository_id::RepositoryId,
    upstream::Listing,
};

/// Takes such branches out of a listing. Each is a failure. What is `published` counts, too: a repository that cannot be
/// listed at present stays published.
pub(super) fn take_out(listing: &mut Listing, published: &Catalogue) -> Vec<ReportEntry> {
    let mut branches = listing.projects.iter().flat_map(|project| project.tips.keys());
    if !branches.any(|branch| branch.as_str().contains('-')) {
        return Vec::new();
    }
    let listed = listing.projects.iter().filter(|project| !project.tips.is_empty());
    let listed: BTreeSet<&RepositoryId> = listed.map(|project| &project.id).collect();
    let others = catalogue::records(published).filter(|(id, ..)| !listed.contains(id));
    let all: BTreeSet<(RepositoryId, BranchName)> = (listing.projects.iter())
        .flat_map(|project| project.tips.keys().map(|branch| (project.id.clone(), branch.clone())))
        .chain(others.map(|(id, branch, _)| (id.clone(), branch.clone())))
        .collect();
    let mut entries = Vec::new();
    for project in &mut listing.projects {
        let id = project.id.clone();
        project.tips.retain(|branch, _| {
            let Some((other, its)) = twin(&id, branch, &all) else { return true };
            let text = format!(
                "its tarballs would have the names of those of {other} {its}, so it is not distributed; another name \
                 of the branch helps"
            );
            entries.push(ReportEntry::new(id.to_string(), Some(branch.to_string()), &text));
            false
        });
    }
    entries
}

/// The branch of a repository with a longer name whose tarballs have the same names.
fn twin<'a>(
    id: &RepositoryId,
    branch: &BranchName,
    all: &'a BTreeSet<(RepositoryId, BranchName)>,
) -> Option<&'a (RepositoryId, BranchName)> {
    branch.as_str().match_indices('-').find_map(|(at, _)| {
        let (more, rest) = (&branch.as_str()[..at], &branch.as_str()[at + 1..]);
        let name = format!("{}-{more}", id.name).parse().ok()?;
        all.get(&(RepositoryId { kind: id.kind, name }, rest.parse().ok()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalogue::{BranchRecord, RepositoryRecord},
        upstream::Project,
    };

    #[test]
    fn only_a_branch_whose_tarballs_would_have_the_names_of_anothers_is_taken_out() {
        let project = |id: &str, branches: &[&str]| {
            let mut project = Project::new(id.parse().unwrap(), "https://g/x");
            let commit: tardist_contract::CommitId = "1".repeat(40).parse().unwrap();
            let tip = |branch: &&str| (branch.parse().unwrap(), commit.clone());
            project.tips = branches.iter().map(tip).collect();
            project
        };
        let mut listing = Listing {
            projects: vec![
                project(
                    "extensions/Foo",
                    &["Bar-Baz-master", "Bar-REL1_45", "Bar-master", "master"],
                ),
                project("extensions/Foo-Bar", &["Baz-master", "master"]),
                project("extensions/Foo-Bar-Baz", &["master"]),
                project("skins/Foo", &["Bar-master", "dev-master"]),
            ],
            ..Listing::default()
        };
        let none = Catalogue::new();
        let entries: Vec<String> =
            take_out(&mut listing, &none).iter().map(ToString::to_string).collect();
        let left: Vec<Vec<&str>> = (listing.projects.iter())
            .map(|project| project.tips.keys().map(BranchName::as_str).collect())
            .collect();
        let skin = vec!["Bar-master", "dev-master"];
        assert_eq!(left, [vec!["master", "Bar-REL1_45"], vec!["master"], vec!["master"], skin]);
        assert_eq!(entries.len(), 3, "{entries:?}");
        assert!(entries[1].starts_with("extensions/Foo Bar-master: its tarballs would have"));
        assert!(entries[1].contains("extensions/Foo-Bar master"), "{}", entries[1]);
        assert!(take_out(&mut listing, &none).is_empty());

        // The other is published, and cannot be listed at present, or is not asked for.
        let record = RepositoryRecord::of_branches(
            "https://g/x",
            [("master", BranchRecord::of_commit('a'))],
        );
        let published = Catalogue::from([("extensions/Foo-Bar".parse().unwrap(), record)]);
        for mut projects in [vec![], vec![project("extensions/Foo-Bar", &[])]] {
            projects.push(project("extensions/Foo", &["Bar-master"]));
            let mut listing = Listing { projects, ..Listing::default() };
            assert_eq!(take_out(&mut listing, &published).len(), 1);
        }
    }
}
