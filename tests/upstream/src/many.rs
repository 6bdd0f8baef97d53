//! Very many projects that exist in lists only, to measure a cycle that finds nothing new.
//!
//! Their names and commits can be computed. So a benchmark can make a snapshot that has all of them
//! without a fetch.

use std::collections::BTreeMap;

use git2::{ObjectType, Oid};

use crate::Error;
use crate::gerrit::{Project, State};

/// The names of branches. A project has the first ones.
const BRANCHES: [&str; 8] =
    ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43", "REL1_42", "REL1_41", "REL1_40"];

/// The projects. One in ten is a skin. Each has the first `branches` of [`BRANCHES`].
///
/// Project 1, for example, is `mediawiki/extensions/Many00001`. The id of the commit of its
/// `master` is the id that Git gives to a blob with the text `mediawiki/extensions/Many00001
/// master`.
pub(crate) fn projects(count: usize, branches: usize) -> Result<Vec<Project>, Error> {
    let mut projects = Vec::with_capacity(count);
    for number in 0..count {
        let kind = if number % 10 == 9 { "skins" } else { "extensions" };
        let name = format!("mediawiki/{kind}/Many{number:05}");
        let mut refs = BTreeMap::new();
        for branch in BRANCHES.iter().take(branches) {
            let text = format!("{name} {branch}");
            let id = Oid::hash_object(ObjectType::Blob, text.as_bytes()).map_err(|source| {
                Error::Git { action: "make up a commit", project: name.clone(), source }
            })?;
            refs.insert(format!("refs/heads/{branch}"), id.to_string());
        }
        projects.push(Project {
            name: name.parse()?,
            state: State::Active,
            description: None,
            head: Some("refs/heads/master".to_owned()),
            refs,
        });
    }
    projects.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(projects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_tenth_is_a_skin_and_commits_differ() {
        let projects = projects(20, 6).expect("projects");
        let skins =
            projects.iter().filter(|project| project.name.as_str().starts_with("mediawiki/skins/"));
        assert_eq!(skins.count(), 2);
        let commits: std::collections::BTreeSet<_> =
            projects.iter().flat_map(|project| project.refs.values()).collect();
        assert_eq!(commits.len(), 20 * 6);
        // `printf 'mediawiki/extensions/Many00000 master' | git hash-object --stdin`
        let first = &projects[0].refs["refs/heads/master"];
        assert_eq!(first, "36ba5e41f1f91c99f8247ad050c185b10a3471b0");
    }
}
