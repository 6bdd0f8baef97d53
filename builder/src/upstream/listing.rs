use std::collections::{BTreeMap, BTreeSet};

use tardist_contract::{BranchName, CommitId, Kind, NameError, RepoName};

use crate::{
    Error,
    git::ls_refs as refs,
    net::http::{self, Http, HttpOptions},
    repository_id::RepositoryId,
    upstream::spec::Spec,
};

/// A place that has repositories.
pub trait Upstream: Send + Sync {
    /// What it is called in messages: its URL, or its path on disk.
    fn url(&self) -> &str;

    /// URLs whose scheme, host and port may be asked for its sake: its REST answers and its Git.
    fn origins(&self) -> Vec<String>;

    /// Lists what it has, with the commits of those of `branches` that each repository has, or with
    /// the repositories in [`Listing::untold`].
    ///
    /// # Errors
    /// [`Error::List`], [`Error::ListForm`] or [`Error::Io`] where the list can't be had or is none.
    fn list(&self, http: &Http, branches: &BTreeSet<BranchName>) -> Result<Listing, Error>;
}

/// A repository as an upstream lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Which it is.
    pub id: RepositoryId,
    /// What Git fetches from, and what the relative URLs of submodules are relative to; a path
    /// where the repository is on disk.
    pub url: String,
    /// What `gitinfo.json` calls `remoteURL`.
    pub remote_url: String,
    /// What is shown as the URL that `git clone` takes.
    pub source_url: String,
    /// The wanted branches that it has, with their commits.
    pub tips: BTreeMap<BranchName, CommitId>,
}

impl Project {
    /// A repository that has one URL for everything, and whose branches are not known yet.
    pub fn new(id: RepositoryId, url: &str) -> Self {
        Self {
            id,
            url: url.to_owned(),
            remote_url: url.to_owned(),
            source_url: url.to_owned(),
            tips: BTreeMap::new(),
        }
    }
}

/// Everything that an upstream lists.
#[derive(Debug, Default)]
pub struct Listing {
    /// What can be distributed.
    pub projects: Vec<Project>,
    /// The same, where the list does not tell the branches: Git is to be asked.
    pub untold: Vec<Project>,
    /// The branches that the upstream itself wants to see distributed, where it says so.
    pub branches: Option<BTreeSet<BranchName>>,
    /// What has a name that can't be: reported, the rest goes on.
    pub refused: Vec<NameError>,
    /// What is there and can't be had for the moment: reported, what is published of it stands.
    pub failed: Vec<(RepositoryId, Error)>,
}

impl Listing {
    /// Adds what a list names, where its name and its URL can be: the URL has to be on `host`.
    pub(super) fn add(&mut self, kind: Kind, name: &str, url: &str, host: &str) {
        let id = match name.parse::<RepoName>() {
            Ok(name) => RepositoryId { kind, name },
            Err(error) => return self.refused.push(error),
        };
        if http::same_origin(url, host) {
            self.untold.push(Project::new(id, url));
        } else {
            let (url, host) = (shortened(url), host.to_owned());
            self.failed.push((id, Error::Elsewhere { url, host }));
        }
    }

    /// The repositories that are there, whether their branches are known or not.
    pub fn ids(&self) -> impl Iterator<Item = &RepositoryId> {
        let listed = self.projects.iter().chain(&self.untold).map(|project| &project.id);
        listed.chain(self.failed.iter().map(|(id, _)| id))
    }
}

/// What a cycle wants of its upstreams.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The branches to distribute.
    pub branches: &'a BTreeSet<BranchName>,
    /// The only repositories whose branches are asked for; empty for all.
    pub only: &'a BTreeSet<RepositoryId>,
    /// How many repositories are asked at once.
    pub jobs: usize,
}

/// Makes the adapters: reads list and token files.
///
/// # Errors
/// [`Error::Config`] with everything that is wrong, a line each.
pub fn open(specs: &[Spec]) -> Result<Vec<Box<dyn Upstream>>, Error> {
    let mut wrong = Vec::new();
    let mut upstreams = Vec::new();
    for spec in specs {
        match spec.open() {
            Ok(upstream) => upstreams.push(upstream),
            Err(text) => wrong.push(text),
        }
    }
    if wrong.is_empty() { Ok(upstreams) } else { Err(Error::Config(wrong.join("\n"))) }
}

/// `options` that let the hosts of these upstreams be asked.
pub fn allow(mut options: HttpOptions, upstreams: &[Box<dyn Upstream>]) -> HttpOptions {
    options.allowed.extend(upstreams.iter().flat_map(|upstream| upstream.origins()));
    options
}

/// Lists all upstreams and asks for the branches that their lists do not tell. Of a repository that
/// several have, the first one's counts; the log says so.
///
/// # Errors
/// That of the first upstream that can't be listed or names nothing at all: a cycle that left out
/// its repositories would withdraw them.
pub fn list(
    upstreams: &[Box<dyn Upstream>],
    http: &Http,
    wanted: &Wanted<'_>,
) -> Result<Listing, Error> {
    let mut merged = Listing::default();
    let mut taken = BTreeSet::new();
    for upstream in upstreams {
        let mut listing = upstream.list(http, wanted.branches)?;
        if listing.ids().next().is_none() && listing.refused.is_empty() {
            return Err(Error::ListForm {
                what: "projects".to_owned(),
                reason: "it names no extension and no skin".to_owned(),
                url: upstream.url().to_owned(),
            });
        }
        take(&mut listing, &mut taken, upstream.url());
        let asked = |project: &Project| wanted.only.is_empty() || wanted.only.contains(&project.id);
        let (untold, left): (Vec<_>, Vec<_>) = listing.untold.into_iter().partition(asked);
        let branches = listing.branches.as_ref().unwrap_or(wanted.branches);
        let (told, failed) = refs::tips(http, untold, branches, wanted.jobs);
        merged.projects.extend(listing.projects.into_iter().chain(told).chain(left));
        merged.failed.extend(listing.failed.into_iter().chain(failed));
        merged.refused.extend(listing.refused);
    }
    Ok(merged)
}

/// Leaves in `listing` what no earlier upstream and no earlier line of its own has.
fn take(listing: &mut Listing, taken: &mut BTreeSet<RepositoryId>, url: &str) {
    let earlier = taken.clone();
    let mut shadowed = Vec::new();
    let mut is_first = |id: &RepositoryId| {
        if earlier.contains(id) {
            shadowed.push(id.to_string());
        }
        taken.insert(id.clone())
    };
    listing.projects.retain(|project| is_first(&project.id));
    listing.untold.retain(|project| is_first(&project.id));
    listing.failed.retain(|(id, _)| is_first(id));
    if !shadowed.is_empty() {
        let count = shadowed.len();
        shadowed.truncate(10);
        let names = shadowed.join(", ");
        let more = if count > 10 { ", …" } else { "" };
        tracing::warn!(
            "{count} repositories of {url} are taken from an upstream that is configured before it: \
             {names}{more}"
        );
    }
}

/// What the names of extensions and skins begin with where one list has both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prefixes {
    /// Before the name of an extension.
    pub extensions: String,
    /// Before the name of a skin.
    pub skins: String,
}

impl Default for Prefixes {
    /// Those of Wikimedia's repositories on GitHub.
    fn default() -> Self {
        Self {
            extensions: "mediawiki-extensions-".to_owned(),
            skins: "mediawiki-skins-".to_owned(),
        }
    }
}

impl Prefixes {
    /// Kind and name of what is called `full`; the longer prefix is tried first.
    pub(super) fn split<'a>(&self, full: &'a str) -> Option<(Kind, &'a str)> {
        let mut prefixes = [(Kind::Extensions, &self.extensions), (Kind::Skins, &self.skins)];
        prefixes.sort_by_key(|(_, prefix)| std::cmp::Reverse(prefix.len()));
        prefixes.into_iter().find_map(|(kind, prefix)| Some((kind, full.strip_prefix(&**prefix)?)))
    }
}

/// How an answer begins, for messages.
pub(super) fn beginning(body: &[u8]) -> String {
    if body.is_empty() {
        return "it is empty".to_owned();
    }
    let start = String::from_utf8_lossy(&body[..body.len().min(40)]);
    format!("it begins with {:?}", start.as_ref())
}

/// Reads JSON; the error says what the answer is instead of one of `whose`.
pub(super) fn json<'a, T: serde::Deserialize<'a>>(
    body: &'a [u8],
    whose: &str,
) -> Result<T, String> {
    if !body.trim_ascii_start().starts_with(b"{") && !body.trim_ascii_start().starts_with(b"[") {
        return Err(format!("{} instead of JSON; is this the URL of {whose}?", beginning(body)));
    }
    serde_json::from_slice(body)
        .map_err(|e| format!("its JSON is broken or not that of {whose}: {e}"))
}

/// Upstream's text, no longer than a message can be.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_tell_the_kind_and_the_longer_one_wins() {
        let wikimedia = Prefixes::default();
        assert_eq!(wikimedia.split("mediawiki-skins-Vector"), Some((Kind::Skins, "Vector")));
        assert_eq!(wikimedia.split("mediawiki-extensions-A-b"), Some((Kind::Extensions, "A-b")));
        assert_eq!(wikimedia.split("mediawiki-core"), None);
        let all = Prefixes { extensions: String::new(), skins: "skin-".to_owned() };
        assert_eq!(all.split("Maps"), Some((Kind::Extensions, "Maps")));
        assert_eq!(all.split("skin-Tweeki"), Some((Kind::Skins, "Tweeki")));
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
        assert_eq!(listing.untold.len(), 1);
        assert_eq!(listing.untold[0].source_url, "https://git.example.org/Good.git");
        assert_eq!(listing.refused[0].text, "../Bad");
        assert_eq!(listing.failed.len(), 4);
        assert!(listing.failed[0].1.to_string().contains("evil.example"));
    }

    #[test]
    fn the_first_upstream_wins() {
        let mut taken = BTreeSet::new();
        let listing = |names: &[&str], host: &str| {
            let mut listing = Listing::default();
            for name in names {
                listing.add(Kind::Skins, name, &format!("{host}/{name}"), host);
            }
            listing
        };
        let mut one = listing(&["A", "B", "A"], "https://one.example");
        let mut two = listing(&["B", "C"], "https://two.example");
        take(&mut one, &mut taken, "one");
        take(&mut two, &mut taken, "two");
        assert_eq!(one.untold.len(), 2);
        let left: Vec<&str> = two.untold.iter().map(|project| project.url.as_str()).collect();
        assert_eq!(left, ["https://two.example/C"]);
    }
}
