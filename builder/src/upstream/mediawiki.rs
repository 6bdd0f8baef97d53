//! The repositories that a wiki's ExtensionDistributor lists, read as extdist's `nightly.py` reads
//! them, so that tardist can replace it.
//!
//! The names come from `list=extdistrepos`, the branches from `meta=siteinfo`, where the extension
//! adds `extensiondistributor.snapshots`
//! (<https://www.mediawiki.org/wiki/Extension:ExtensionDistributor>, its `ApiListExtDistRepos.php`
//! and `Hooks.php`). MediaWiki answers both in one request. The clone URL is made of the name, as
//! in extdist's `GIT_URL`, by the variables of ExtensionDistributor: `$TYPE` and `$EXT`.

use std::collections::BTreeSet;

use serde::Deserialize;
use tardist_contract::{BranchName, Kind};

use super::{
    adapter::{Adapter, Key, Values, path_of},
    bounded::{Bounded, Short},
    branches::Asked,
    git_credentials,
    listing::{Listing, Project, Upstream},
    remembered::Pages,
    response::{QUOTED, json, shortened},
    wikimedia,
};
use crate::{
    Error, RepositoryId,
    limits::upstream::{MAX_BRANCHES, MAX_NAME, MAX_REPOSITORIES},
    net::{Credentials, Http},
};

/// A wiki with ExtensionDistributor as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "mediawiki",
    example: "https://www.mediawiki.org/w/api.php",
    keys: &[Key::url("url"), Key::url("git-url"), Key::flag("wiki-branches"), git_credentials::KEY],
    check,
    open,
};

fn check(values: &Values) -> Result<(), String> {
    let (url, example) = (values.url(), ADAPTER.example);
    if !path_of(url).ends_with("api.php") {
        return Err(format!("{url:?} is not the URL of a wiki's api.php, such as {example}"));
    }
    git_credentials::check(values, below(git_url(values)))
}

/// The clone URL with `$TYPE` (`extensions`, `skins`) and `$EXT`, or the base URL of a Gerrit.
fn git_url(values: &Values) -> &str {
    values.text("git-url").unwrap_or(wikimedia::GERRIT)
}

/// The URL below which all clone URLs are.
fn below(git_url: &str) -> &str {
    let fixed = git_url.split('$').next().unwrap_or_default();
    if fixed.len() == git_url.len() { git_url } else { &fixed[..fixed.rfind('/').unwrap_or(0)] }
}

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    Ok(Box::new(MediaWiki {
        api: values.url().to_owned(),
        git_url: git_url(values).to_owned(),
        credentials: git_credentials::open(values, below(git_url(values)))?,
        wiki_branches: values.flag("wiki-branches").unwrap_or(true),
    }))
}

const QUERY: &str = "action=query&list=extdistrepos&meta=siteinfo&siprop=general\
                     &format=json&formatversion=2";

#[derive(Debug)]
struct MediaWiki {
    /// The URL of its `api.php`.
    api: String,
    /// The clone URL with `$TYPE` (`extensions`, `skins`) and `$EXT`, or the base URL of a Gerrit.
    git_url: String,
    credentials: Option<Credentials>,
    /// True where the wiki names the branches; else the setting `branches` counts.
    wiki_branches: bool,
}

#[derive(Debug, Deserialize)]
struct ApiResponse {
    query: Option<Query>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct ApiError {
    code: Short<QUOTED>,
    #[serde(default)]
    info: Short<QUOTED>,
}

#[derive(Debug, Deserialize)]
struct Query {
    extdistrepos: Option<Names>,
    general: Option<General>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Names {
    pub(super) extensions: Bounded<Short<MAX_NAME>, MAX_REPOSITORIES>,
    pub(super) skins: Bounded<Short<MAX_NAME>, MAX_REPOSITORIES>,
}

#[derive(Debug, Deserialize)]
struct General {
    extensiondistributor: Option<Distributor>,
}

#[derive(Debug, Deserialize)]
struct Distributor {
    /// The release branches; ExtensionDistributor's word for them is snapshots.
    snapshots: Branches,
}

pub(super) type Branches = Bounded<Short<MAX_NAME>, MAX_BRANCHES>;

/// The names, and the release branches.
pub(super) fn parse(body: &[u8]) -> Result<(Names, Branches), String> {
    let response: ApiResponse = json(body, "a wiki's api.php")?;
    if let Some(error) = response.error {
        return Err(format!(
            "the wiki says {}: {}",
            shortened(&error.code),
            shortened(&error.info)
        ));
    }
    let query = response.query.ok_or("it has no `query`")?;
    let none = "it has no `extdistrepos`; is ExtensionDistributor installed on that wiki?";
    let names = query.extdistrepos.ok_or(none)?;
    let distributor = query.general.and_then(|general| general.extensiondistributor);
    Ok((names, distributor.map(|distributor| distributor.snapshots).unwrap_or_default()))
}

impl MediaWiki {
    fn project(&self, id: RepositoryId) -> Project {
        let RepositoryId { kind, name } = &id;
        if self.git_url.contains("$EXT") {
            let url = self.git_url.replace("$TYPE", kind.as_str()).replace("$EXT", name.as_str());
            return Project::new(id, &url);
        }
        let url = format!("{}/mediawiki/{kind}/{name}", self.git_url);
        Project { source_url: format!("{url}.git"), ..Project::new(id, &url) }
    }
}

impl Upstream for MediaWiki {
    fn url(&self) -> &str {
        &self.api
    }

    fn origins(&self) -> Vec<String> {
        vec![self.api.clone(), self.git_url.clone()]
    }

    fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    fn core(&self) -> Option<String> {
        let is_gerrit = !self.git_url.contains("$EXT");
        is_gerrit.then(|| format!("{}/mediawiki/core", self.git_url))
    }

    fn list(&self, http: &Http, _: &Asked, _: &Pages) -> Result<Listing, Error> {
        let url = format!("{}?{QUERY}", self.api);
        let what = || "extdistrepos".to_owned();
        let body = http.get(&url).map_err(|source| Error::List { what: what(), source })?;
        let form = |reason| Error::ListForm { what: what(), reason, url: url.clone() };
        let (names, snapshots) = parse(&body).map_err(form)?;
        let mut listing = Listing::default();
        if self.wiki_branches {
            let branches: Result<BTreeSet<BranchName>, _> =
                snapshots.0.iter().map(|branch| branch.parse()).collect();
            let branches = branches.map_err(|error| form(format!("{error}")))?;
            if branches.is_empty() {
                let reason = "it has no release branches (`snapshots` of siteinfo); to use those of \
                              the setting `branches`, set `wiki-branches = false`";
                return Err(form(reason.to_owned()));
            }
            listing.branches = Some(branches);
        }
        for (kind, names) in [(Kind::Extensions, &names.extensions), (Kind::Skins, &names.skins)] {
            for name in &names.0 {
                if let Some(id) = listing.id(kind, name) {
                    listing.without_tips.push(self.project(id));
                }
            }
        }
        Ok(listing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_for_what_every_clone_url_begins_with() {
        for (git_url, is_below) in [
            ("https://h.example/r", "https://h.example/r"),
            ("https://h.example/r/mediawiki/$TYPE/$EXT", "https://h.example/r/mediawiki"),
            ("https://h.example/group/mediawiki-$TYPE-$EXT", "https://h.example/group"),
            ("https://h.example/$EXT", "https://h.example"),
        ] {
            assert_eq!(below(git_url), is_below);
        }
    }
}
