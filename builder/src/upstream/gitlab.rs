//! The projects of a group on GitLab, its subgroups included
//! (<https://docs.gitlab.com/api/groups/#list-projects>,
//! <https://docs.gitlab.com/api/rest/#pagination>).
//!
//! A project is an extension where the subgroup that it lies in is called `extensions`, a skin where
//! it is called `skins`, and nothing elsewhere. Archived ones are left out by the query, so that
//! the short form of answers will do.

use std::collections::BTreeSet;

use serde::Deserialize;
use tardist_contract::{BranchName, Kind};

use super::{
    Listing, Upstream,
    pages::{self, Entry},
    spec::Token,
};
use crate::{Error, net::http::Http};

const QUERY: &str = "include_subgroups=true&with_shared=false&archived=false&simple=true\
                     &order_by=id&sort=asc&per_page=100";

/// A group on GitLab.
#[derive(Debug)]
pub struct GitLab {
    /// `https://gitlab.example.org/GROUP`.
    pub url: String,
    /// The base URL of the REST API: `https://gitlab.example.org/api/v4`.
    pub api: String,
    /// The full path of the group.
    pub group: String,
    /// For groups that not everybody sees.
    pub token: Option<Token>,
}

#[derive(Debug, Deserialize)]
struct Project {
    path_with_namespace: String,
    http_url_to_repo: String,
}

impl Entry for Project {
    fn name(&self) -> &str {
        &self.path_with_namespace
    }
}

/// Kind and name by the last two parts of a project's path.
fn kind_and_name(path: &str) -> Option<(Kind, &str)> {
    let (namespace, name) = path.rsplit_once('/')?;
    let group = namespace.rsplit('/').next()?;
    Some((group.to_ascii_lowercase().parse().ok()?, name))
}

impl Upstream for GitLab {
    fn url(&self) -> &str {
        &self.url
    }

    fn origins(&self) -> Vec<String> {
        vec![self.api.clone(), self.url.clone()]
    }

    fn list(&self, http: &Http, _: &BTreeSet<BranchName>) -> Result<Listing, Error> {
        let group: String = form_urlencoded::byte_serialize(self.group.as_bytes()).collect();
        let first = format!("{}/groups/{group}/projects?{QUERY}", self.api);
        let headers: Vec<_> =
            self.token.iter().map(|token| ("private-token", token.secret())).collect();
        let projects: Vec<Project> = pages::all(http, &first, &headers, "GitLab's REST API")?
            .map_err(|source| Error::List { what: "projects".to_owned(), source })?;
        let mut listing = Listing::default();
        for project in &projects {
            if let Some((kind, name)) = kind_and_name(&project.path_with_namespace) {
                listing.add(kind, name, &project.http_url_to_repo, &self.url);
            }
        }
        Ok(listing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_subgroup_tells_the_kind() {
        for (path, found) in [
            ("mediawiki/extensions/Foo", Some((Kind::Extensions, "Foo"))),
            ("a/b/Skins/Bar", Some((Kind::Skins, "Bar"))),
            ("skins/Bar", Some((Kind::Skins, "Bar"))),
            ("mediawiki/extensions/Foo/lib", None),
            ("mediawiki/core", None),
            ("extensions", None),
        ] {
            assert_eq!(kind_and_name(path), found, "{path}");
        }
    }
}
