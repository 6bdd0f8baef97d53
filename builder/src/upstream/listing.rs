//! What an upstream is, and what it lists.
//!
//! What an upstream sends is hostile as far as names and URLs go. A name that can be no file is
//! refused, and a clone URL counts only on the host that its upstream is configured for.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, Serialize};
use tardist_contract::{BranchName, CommitId, Kind, NameError, RepoName};

use super::{
    branches::Asked,
    releases::{Found, Selection},
    remembered::Pages,
    response::shortened,
};
use crate::{
    Error, RepositoryId,
    limits::upstream::MAX_URL,
    net::{Credentials, Http, same_origin},
};

/// A server or folder that has repositories.
pub trait Upstream: Send + Sync {
    /// Its name in messages: its URL, or its path on disk.
    fn url(&self) -> &str;

    /// The URLs whose scheme, host and port may be asked for this upstream: those of its REST API
    /// and of its Git.
    fn origins(&self) -> Vec<String>;

    /// What its Git server wants to know before it shows repositories that not everybody may see, where that is
    /// configured.
    fn credentials(&self) -> Option<&Credentials> {
        None
    }

    /// The URL at which its server has MediaWiki itself, if it has it: the repository `mediawiki/core`.
    fn core(&self) -> Option<String> {
        None
    }

    /// Lists its repositories: with the commits of those branches that are asked for and that each repository has,
    /// or, where the list has no commits, in [`Listing::without_tips`]. What is `remembered` of a list need not be sent again.
    ///
    /// # Errors
    /// [`Error::List`], [`Error::ListForm`] or [`Error::Io`] where the list cannot be fetched or is
    /// not a list. Other upstreams are listed all the same.
    fn list(&self, http: &Http, asked: &Asked, remembered: &Pages) -> Result<Listing, Error>;
}

/// A repository as an upstream lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    /// Its kind and name.
    pub id: RepositoryId,
    /// The URL or path of the upstream that lists it. Empty in an upstream's own list.
    pub upstream: String,
    /// The URL that Git fetches from, and that the relative URLs of submodules are relative to. A
    /// path where the repository is on disk.
    pub url: String,
    /// The `remoteURL` of `gitinfo.json`.
    pub remote_url: String,
    /// The URL for `git clone` that is shown to people.
    pub source_url: String,
    /// Its wanted branches, with their commits.
    pub tips: BTreeMap<BranchName, CommitId>,
}

impl Project {
    /// A repository with one URL for everything, whose branches are not known yet.
    pub fn new(id: RepositoryId, url: &str) -> Self {
        Self {
            id,
            upstream: String::new(),
            url: url.to_owned(),
            remote_url: url.to_owned(),
            source_url: url.to_owned(),
            tips: BTreeMap::new(),
        }
    }
}

/// Why a listed repository is not distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Absence {
    /// Not everybody may see it.
    NotPublic,
    /// Its Git server does not have it (any more).
    Gone,
}

impl Absence {
    /// What Git's answer says of a repository; `None` if it is a failure of another kind. A refusal that asks for a
    /// pause is about a limit of requests, and not about the repository.
    pub(super) fn told_by(error: &Error) -> Option<Self> {
        let Error::Fetch { source, .. } = error else { return None };
        match source.status()? {
            401 | 403 if source.retry_after().is_none() => Some(Self::NotPublic),
            404 | 410 => Some(Self::Gone),
            _ => None,
        }
    }

    /// What it is called in a message.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::NotPublic => "not public",
            Self::Gone => "not on its Git server",
        }
    }
}

/// A listed repository that is not distributed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// Why.
    pub why: Absence,
    /// Who says so, as a sentence.
    pub told: String,
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it is {}, and so not distributed: {}", self.why.name(), self.told)
    }
}

/// Everything that an upstream lists.
#[derive(Debug, Default)]
pub struct Listing {
    /// The repositories that can be distributed.
    pub projects: Vec<Project>,
    /// Repositories that can be distributed once Git was asked for their tips.
    pub without_tips: Vec<Project>,
    /// The branches that the upstream itself wants distributed, where it names some.
    pub branches: Option<BTreeSet<BranchName>>,
    /// Names that are not allowed. They are reported, and all others go on.
    pub refused: Vec<NameError>,
    /// Repositories that exist and cannot be fetched at present. They are reported, and their
    /// published tarballs stay.
    pub failed: Vec<(RepositoryId, Error)>,
    /// Repositories that are listed and not distributed, which is no failure. What was published of them before is
    /// withdrawn.
    pub left_out: BTreeMap<RepositoryId, LeftOut>,
    /// Upstreams that cannot be listed at present, by their URL, and why. What they have is not known. Empty
    /// in an upstream's own list.
    pub unavailable: Vec<(String, Error)>,
    /// Which branches are distributed. Not in an upstream's own list.
    pub selection: Selection,
    /// The branches that were found, for the next cycle. Not in an upstream's own list.
    pub found: Found,
    /// What an operator should know of how the branches were found. Not in an upstream's own list.
    pub warnings: Vec<String>,
}

impl Listing {
    /// The id of a repository of this name. A name that is not allowed goes to
    /// [`refused`](Self::refused).
    pub(super) fn id(&mut self, kind: Kind, name: &str) -> Option<RepositoryId> {
        match name.parse::<RepoName>() {
            Ok(name) => Some(RepositoryId { kind, name }),
            Err(error) => {
                self.refused.push(error);
                None
            }
        }
    }

    /// Adds a repository without tips, if its name is allowed and its clone URL is on the host of
    /// the URL `host`.
    pub(super) fn add(&mut self, kind: Kind, name: &str, url: &str, host: &str) {
        let Some(id) = self.id(kind, name) else { return };
        if url.len() > MAX_URL {
            let (what, limit) = ("its clone URL".to_owned(), MAX_URL as u64);
            self.failed.push((id, Error::TooLarge { what, limit, unit: "bytes" }));
        } else if same_origin(url, host) {
            self.without_tips.push(Project::new(id, url));
        } else {
            let (url, host) = (shortened(url), host.to_owned());
            self.failed.push((id, Error::Elsewhere { url, host }));
        }
    }

    /// Notes a repository that the upstream at `host` does not show to everybody, if its name is allowed.
    pub(super) fn not_public(&mut self, kind: Kind, name: &str, host: &str) {
        if let Some(id) = self.id(kind, name) {
            let told = format!("{host} does not show it to everybody");
            self.left_out.insert(id, LeftOut { why: Absence::NotPublic, told });
        }
    }

    /// Adds a repository that the upstream at `host` offers by no http or https URL, if its name is allowed.
    pub(super) fn no_url(&mut self, kind: Kind, name: &str, host: &str) {
        if let Some(id) = self.id(kind, name) {
            self.failed.push((id, Error::NoCloneUrl { host: host.to_owned() }));
        }
    }

    /// This listing, and what an `earlier` one of the same upstream has beyond it: repositories and branches.
    pub(super) fn or(mut self, earlier: Self) -> Self {
        let known: BTreeSet<RepositoryId> =
            self.ids().chain(self.left_out.keys()).cloned().collect();
        let is_new = |project: &Project| !known.contains(&project.id);
        let mut tips: BTreeMap<RepositoryId, _> = BTreeMap::new();
        for project in earlier.projects {
            if is_new(&project) {
                self.projects.push(project);
            } else {
                tips.insert(project.id, project.tips);
            }
        }
        self.without_tips.extend(earlier.without_tips.into_iter().filter(is_new));
        self.failed.extend(earlier.failed.into_iter().filter(|(id, _)| !known.contains(id)));
        for project in &mut self.projects {
            for (branch, commit) in tips.remove(&project.id).into_iter().flatten() {
                project.tips.entry(branch).or_insert(commit);
            }
        }
        self
    }

    /// All repositories that can be distributed, also those that have no tips yet or failed.
    pub fn ids(&self) -> impl Iterator<Item = &RepositoryId> {
        let listed = self.projects.iter().chain(&self.without_tips).map(|project| &project.id);
        listed.chain(self.failed.iter().map(|(id, _)| id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_either_of_two_lists_has_is_there() {
        let project = |name: &str, branches: &[(&str, char)]| Project {
            tips: branches
                .iter()
                .map(|(branch, digit)| {
                    let commit = digit.to_string().repeat(40);
                    (branch.parse().unwrap(), commit.parse().unwrap())
                })
                .collect(),
            ..Project::new(name.parse().unwrap(), "https://g.example/x")
        };
        let listing = |projects: Vec<Project>, without_tips: Vec<Project>| Listing {
            projects,
            without_tips,
            ..Listing::default()
        };
        let earlier = listing(
            vec![project("skins/A", &[("master", '1'), ("old", '2')]), project("skins/B", &[])],
            vec![project("skins/C", &[]), project("skins/Away", &[])],
        );
        let mut later =
            listing(vec![project("skins/A", &[("master", '3')])], vec![project("skins/D", &[])]);
        later.not_public(Kind::Skins, "Away", "https://g.example");
        let both = later.or(earlier);
        let mut ids: Vec<String> = both.ids().map(ToString::to_string).collect();
        ids.sort();
        assert_eq!(ids, ["skins/A", "skins/B", "skins/C", "skins/D"]);
        assert_eq!(both.projects[0], project("skins/A", &[("master", '3'), ("old", '2')]));
    }

    #[test]
    fn a_clone_url_elsewhere_fails_that_repository_and_a_bad_name_is_refused() {
        let mut listing = Listing::default();
        let host = "https://git.example.org/base";
        listing.add(Kind::Skins, "Good", "https://git.example.org/Good.git", host);
        listing.add(Kind::Skins, "../Bad", "https://git.example.org/Bad.git", host);
        for url in ["https://evil.example/x.git", "http://git.example.org/x", "file:///x", "/x"] {
            listing.add(Kind::Skins, "Away", url, host);
        }
        listing.add(Kind::Skins, "Long", &format!("{host}/{}", "x".repeat(MAX_URL)), host);
        assert_eq!(listing.without_tips.len(), 1);
        assert_eq!(listing.without_tips[0].source_url, "https://git.example.org/Good.git");
        assert_eq!(listing.refused[0].text, "../Bad");
        assert_eq!(listing.failed.len(), 5);
        assert!(listing.failed[4].1.to_string().contains("more than 512 bytes"));
        assert!(listing.failed[0].1.to_string().contains("evil.example"));
    }
}
