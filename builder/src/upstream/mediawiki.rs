//! What a wiki's ExtensionDistributor lists, as extdist's `nightly.py` reads it: a drop-in for it.
//!
//! The names come from `list=extdistrepos`, the branches from `meta=siteinfo`, where the extension
//! adds `extensiondistributor.snapshots`
//! (<https://www.mediawiki.org/wiki/Extension:ExtensionDistributor>, its `ApiListExtDistRepos.php`
//! and `Hooks.php`). MediaWiki answers both in one request. The clone URL is made of the name as
//! extdist's `GIT_URL` is, in the variables of ExtensionDistributor: `$TYPE` and `$EXT`.

use std::collections::BTreeSet;

use serde::Deserialize;
use tardist_contract::{BranchName, Kind, RepoName};

use super::{
    Listing, Project, Upstream,
    listing::{json, shortened},
};
use crate::{Error, net::http::Http, repository_id::RepositoryId};

const QUERY: &str = "action=query&list=extdistrepos&meta=siteinfo&siprop=general\
                     &format=json&formatversion=2";

/// A wiki with ExtensionDistributor.
#[derive(Debug)]
pub struct MediaWiki {
    /// The URL of its `api.php`.
    pub api: String,
    /// Where Git is: a URL with `$TYPE` (`extensions`, `skins`) and `$EXT`, or the base URL of a
    /// Gerrit.
    pub git_url: String,
    /// Whether the branches are the wiki's own, or those that are configured.
    pub wiki_branches: bool,
}

#[derive(Debug, Deserialize)]
struct Answer {
    query: Option<Query>,
    error: Option<ApiError>,
}

#[derive(Debug, Deserialize)]
struct ApiError {
    code: String,
    #[serde(default)]
    info: String,
}

#[derive(Debug, Deserialize)]
struct Query {
    extdistrepos: Option<Names>,
    general: Option<General>,
}

#[derive(Debug, Deserialize)]
struct Names {
    extensions: Vec<String>,
    skins: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct General {
    extensiondistributor: Option<Distributor>,
}

#[derive(Debug, Deserialize)]
struct Distributor {
    /// The wiki's word for release branches.
    snapshots: Vec<String>,
}

fn parse(body: &[u8]) -> Result<(Names, Vec<String>), String> {
    let answer: Answer = json(body, "a wiki's api.php")?;
    if let Some(error) = answer.error {
        return Err(format!("the wiki says {}: {}", error.code, shortened(&error.info)));
    }
    let query = answer.query.ok_or("it has no `query`")?;
    let none = "it has no `extdistrepos`; is ExtensionDistributor installed on that wiki?";
    let names = query.extdistrepos.ok_or(none)?;
    let distributor = query.general.and_then(|general| general.extensiondistributor);
    Ok((names, distributor.map(|distributor| distributor.snapshots).unwrap_or_default()))
}

impl MediaWiki {
    fn project(&self, kind: Kind, name: &RepoName) -> Project {
        let id = RepositoryId { kind, name: name.clone() };
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

    fn list(&self, http: &Http, _: &BTreeSet<BranchName>) -> Result<Listing, Error> {
        let url = format!("{}?{QUERY}", self.api);
        let what = || "extdistrepos".to_owned();
        let body = http.get(&url).map_err(|source| Error::List { what: what(), source })?;
        let form = |reason| Error::ListForm { what: what(), reason, url: url.clone() };
        let (names, snapshots) = parse(&body).map_err(form)?;
        let mut listing = Listing::default();
        if self.wiki_branches {
            let branches: Result<BTreeSet<BranchName>, _> =
                snapshots.iter().map(|branch| branch.parse()).collect();
            let branches = branches.map_err(|error| form(format!("{error}")))?;
            if branches.is_empty() {
                let reason = "it has no release branches (`snapshots` of siteinfo); to use those of \
                              the setting `branches`, set `wiki-branches = false`";
                return Err(form(reason.to_owned()));
            }
            listing.branches = Some(branches);
        }
        for (kind, names) in [(Kind::Extensions, &names.extensions), (Kind::Skins, &names.skins)] {
            for name in names {
                match name.parse() {
                    Ok(name) => listing.untold.push(self.project(kind, &name)),
                    Err(error) => listing.refused.push(error),
                }
            }
        }
        Ok(listing)
    }
}
