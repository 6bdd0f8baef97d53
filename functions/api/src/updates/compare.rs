//! How each extension and skin of a wiki stands against what is published.
//!
//! Commits decide, and where they differ their times. A version decides only if the wiki knows no commit: many
//! extensions never change theirs.

use std::{cmp::Ordering, fmt};

use serde::Serialize;
use tardist_contract::{BranchName, Kind, RepoName, document::Tarball};

use super::{
    requirements::{Unmet, Wiki},
    siteinfo::{Installed, Siteinfo},
    version::{Target, Version},
};
use crate::query::updates::{Branch, Found, Published};

/// How an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// What is installed is older than what is published.
    Outdated,
    /// The repository has no tarball of the branch.
    NoBranch,
    /// What is installed is newer than what is published.
    Ahead,
    /// Nothing tells which of the two is newer.
    UnknownVersion,
    /// No repository is known by what the wiki says, or several are.
    NotDistributed,
    /// What is installed is what is published.
    Current,
}

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of the wiki's MediaWiki.
    pub mediawiki: String,
    /// The branch that it is compared with.
    pub branch: BranchName,
    /// Each entry, in the order of the wiki.
    pub results: Vec<Outcome>,
}

/// One entry of the wiki.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What the wiki says.
    pub installed: Said,
    /// The kind of the repository; of none, what the wiki says.
    pub kind: Kind,
    /// The name of the repository.
    pub name: Option<RepoName>,
    /// How it stands.
    pub status: Status,
    /// The branch of `commit`, `version` and `tarball`.
    pub branch: Option<BranchName>,
    /// The published commit.
    pub commit: Option<String>,
    /// The published version.
    pub version: Option<String>,
    /// The file to download.
    pub tarball: Option<Tarball>,
    /// What else is known, as sentences.
    pub notes: Vec<Note>,
    /// With a target: what the published branch requires and would not have, as sentences.
    pub unmet: Vec<Unmet>,
}

/// What the wiki says of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    /// Its name.
    pub name: Option<String>,
    /// Its version.
    pub version: Option<String>,
    /// Its commit.
    pub commit: Option<String>,
}

/// What else is known of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Note {
    /// The commit is the published one, the version is not.
    ChangedByHand,
    /// The commit is the published one of another branch.
    OtherBranch(BranchName),
    /// The wiki says no commit, and the versions are the same.
    SameVersion,
    /// The commits differ, and nothing tells which is newer.
    OtherCommit,
    /// The wiki says neither a commit nor a version that can be compared.
    NotComparable,
    /// The branches that there are instead.
    Branches(Vec<BranchName>),
    /// Something is missing from the tarball.
    Incomplete,
    /// Several repositories are known by what the wiki says.
    Several,
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ChangedByHand => f.write_str(
                "The commit is the published one, but the version is not: files were changed by hand.",
            ),
            Self::OtherBranch(branch) => write!(f, "What is installed is the branch {branch}."),
            Self::SameVersion => f.write_str(
                "The version is the published one, but the wiki does not say which commit it has.",
            ),
            Self::OtherCommit => f.write_str(
                "The commit is not the published one, and nothing says which of the two is newer.",
            ),
            Self::NotComparable => {
                f.write_str("The wiki says neither a commit nor a version that can be compared.")
            }
            Self::Branches(branches) => {
                let names: Vec<_> = branches.iter().map(BranchName::as_str).collect();
                write!(f, "There is: {}.", names.join(", "))
            }
            Self::Incomplete => f.write_str("Something is missing from the tarball."),
            Self::Several => f.write_str(
                "Several repositories are known by what the wiki says, and nothing tells which of them it is.",
            ),
        }
    }
}

impl Serialize for Note {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Compares a wiki with what is published. With a `target`, `published` is that of its branch.
pub fn compare(siteinfo: Siteinfo, target: Option<&Target>, published: &Published) -> Report {
    let mut found: Vec<Option<&Found>> = vec![None; siteinfo.installed.len()];
    for repository in &published.repositories {
        if let Some(place) = found.get_mut(repository.entry) {
            *place = Some(repository);
        }
    }
    let wiki = target.map(|target| {
        let mediawiki = target.or_next_release(&published.branches);
        Wiki::new(&siteinfo, mediawiki, &published.branch, &found)
    });
    let several = published.of_several();
    let mut results = Vec::with_capacity(found.len());
    for (index, (installed, repository)) in siteinfo.installed.iter().zip(&found).enumerate() {
        if installed.code.is_some() && is_there(&found[..index], *repository) {
            continue;
        }
        results.push(match repository {
            None => {
                let notes = several.contains(&index).then_some(Note::Several);
                Outcome { notes: notes.into_iter().collect(), ..not_distributed(installed) }
            }
            Some(repository) => {
                let requires =
                    repository.branch.as_ref().and_then(|branch| branch.requires.as_ref());
                let unmet = wiki.as_ref().zip(requires).map(|(wiki, it)| wiki.unmet(it));
                outcome(installed, repository, &published.branch, unmet.unwrap_or_default())
            }
        });
    }
    Report { mediawiki: siteinfo.mediawiki.text, branch: published.branch.clone(), results }
}

/// True where an earlier entry is the same repository: MediaWiki lists most skins twice.
fn is_there(earlier: &[Option<&Found>], repository: Option<&Found>) -> bool {
    let Some(repository) = repository else { return false };
    let is_same = |it: &&Found| (it.kind, &it.name) == (repository.kind, &repository.name);
    earlier.iter().flatten().any(is_same)
}

fn said(installed: &Installed) -> Said {
    Said {
        name: installed.name.clone().or_else(|| installed.code.clone()),
        version: installed.version.clone(),
        commit: installed.commit.clone(),
    }
}

fn not_distributed(installed: &Installed) -> Outcome {
    Outcome {
        installed: said(installed),
        kind: installed.kind,
        name: None,
        status: Status::NotDistributed,
        branch: None,
        commit: None,
        version: None,
        tarball: None,
        notes: Vec::new(),
        unmet: Vec::new(),
    }
}

fn outcome(
    installed: &Installed,
    found: &Found,
    branch: &BranchName,
    unmet: Vec<Unmet>,
) -> Outcome {
    let mut outcome = Outcome {
        kind: found.kind,
        name: Some(found.name.clone()),
        unmet,
        ..not_distributed(installed)
    };
    let Some(published) = &found.branch else {
        outcome.status = Status::NoBranch;
        let branches = found.commits.keys().cloned().collect();
        outcome.notes.push(Note::Branches(branches));
        return outcome;
    };
    let (status, note) = judge(installed, found, branch, published);
    outcome.status = status;
    outcome.notes.extend(note);
    if !published.complete {
        outcome.notes.push(Note::Incomplete);
    }
    outcome.branch = Some(branch.clone());
    outcome.commit = Some(published.commit.clone());
    outcome.version.clone_from(&published.version);
    outcome.tarball = Some(published.tarball.clone());
    outcome
}

fn judge(
    installed: &Installed,
    found: &Found,
    branch: &BranchName,
    published: &Branch,
) -> (Status, Option<Note>) {
    let versions = installed.version.as_deref().zip(published.version.as_deref());
    let Some(commit) = &installed.commit else {
        return match by_version(versions) {
            Some(Ordering::Equal) => (Status::UnknownVersion, Some(Note::SameVersion)),
            Some(order) => (by_order(order), None),
            None => (Status::UnknownVersion, Some(Note::NotComparable)),
        };
    };
    if *commit == published.commit {
        // `1.0` as a number in the manifest is `1` in the wiki's answer.
        let is_same = by_version(versions) == Some(Ordering::Equal);
        let is_changed = installed.version.is_some() && !is_same;
        return (Status::Current, is_changed.then_some(Note::ChangedByHand));
    }
    let other = found.commits.iter().find(|(_, published)| *published == commit);
    let other = other.map(|(other, _)| other);
    let note = other.cloned().map(Note::OtherBranch);
    if let Some(other) = other
        && has_age(branch)
        && has_age(other)
    {
        // The times of two branches say nothing of each other: an old branch may have the newest change. The order of
        // branches is newest first.
        return (by_order(branch.cmp(other)), note);
    }
    let times = installed.committed_at.as_deref().map(|time| time.cmp(&published.committed_at));
    match times.filter(|order| order.is_ne()).or_else(|| by_version(versions)) {
        None | Some(Ordering::Equal) => (Status::UnknownVersion, note.or(Some(Note::OtherCommit))),
        Some(order) => (by_order(order), note),
    }
}

/// True for a branch of which it is known whether it is older than another: that of a release, and that of development.
fn has_age(branch: &BranchName) -> bool {
    branch.is_development() || branch.release().is_some()
}

/// The installed version beside the published one; `None` where they cannot be compared. Equal texts are
/// equal, whatever they are.
fn by_version(versions: Option<(&str, &str)>) -> Option<Ordering> {
    let (installed, published) = versions?;
    if installed == published {
        return Some(Ordering::Equal);
    }
    Some(Version::parse(installed)?.cmp(&Version::parse(published)?))
}

/// The status of what is installed, by how it compares with what is published.
fn by_order(order: Ordering) -> Status {
    match order {
        Ordering::Less => Status::Outdated,
        Ordering::Equal => Status::Current,
        Ordering::Greater => Status::Ahead,
    }
}

#[cfg(test)]
#[path = "compare/tests.rs"]
mod tests;
