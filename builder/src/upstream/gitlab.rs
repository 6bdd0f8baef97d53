//! The projects of a group on GitLab, its subgroups included
//! (<https://docs.gitlab.com/api/groups/#list-projects>,
//! <https://docs.gitlab.com/api/rest/#pagination>).
//!
//! A project is an extension if the subgroup that it is directly in is called `extensions`, and a
//! skin if that is called `skins`. Other projects are left out.
//!
//! So are archived projects, and those that their owners have deleted. GitLab keeps the latter for some
//! weeks, does not call them archived, and renames them to `NAME-deletion_scheduled-ID`
//! (<https://docs.gitlab.com/user/project/working_with_projects/>). The query says `active=true`, which
//! older versions do not know here and ignore
//! (<https://gitlab.com/gitlab-org/gitlab/-/merge_requests/218053>). So the name counts, too, and the date of
//! the deletion where the short form of responses has it.

use serde::{Deserialize, Serialize};
use tardist_contract::Kind;

use super::{
    adapter::{Adapter, Key, Values, is_plain_path, path_of, root_of},
    bounded::Short,
    branches::Asked,
    git_credentials,
    listing::{Listing, Upstream},
    pages::{self, Entry},
    remembered::Pages,
    token::{self, Token},
};
use crate::{
    Error,
    limits::upstream::{MAX_NAME, MAX_URL},
    net::{Credentials, Http},
};

/// A group on GitLab as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "gitlab",
    example: "https://gitlab.example.org/GROUP",
    keys: &[Key::url("url"), Key::url("api"), token::KEY, git_credentials::KEY],
    check,
    open,
};

fn check(values: &Values) -> Result<(), String> {
    let (url, example) = (values.url(), ADAPTER.example);
    if !is_plain_path(path_of(url)) {
        return Err(format!("{url:?} does not name a group, such as {example}"));
    }
    git_credentials::check(values, url)?;
    token::check(values, &api(values))
}

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let url = values.url().to_owned();
    let group = path_of(&url).to_owned();
    let (token, credentials) = (token::open(values)?, git_credentials::open(values, &url)?);
    Ok(Box::new(GitLab { url, api: api(values), group, token, credentials }))
}

/// The base URL of the REST API.
fn api(values: &Values) -> String {
    let default = || format!("{}/api/v4", root_of(values.url()));
    values.text("api").map_or_else(default, str::to_owned)
}

const QUERY: &str = "include_subgroups=true&with_shared=false&archived=false\
                     &active=true&simple=true&order_by=id&sort=asc&per_page=100";

#[derive(Debug)]
struct GitLab {
    /// `https://gitlab.example.org/GROUP`.
    url: String,
    /// The base URL of the REST API: `https://gitlab.example.org/api/v4`.
    api: String,
    /// The full path of the group.
    group: String,
    /// For groups whose list is not public, and for a higher limit of requests.
    token: Option<Token>,
    /// For projects that are not public and are to be distributed.
    credentials: Option<Credentials>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Project {
    path_with_namespace: Short<MAX_URL>,
    pub(super) http_url_to_repo: Short<MAX_URL>,
    #[serde(default)]
    marked_for_deletion_on: Option<Short<MAX_NAME>>,
    /// Its older name.
    #[serde(default)]
    marked_for_deletion_at: Option<Short<MAX_NAME>>,
}

impl Entry for Project {
    fn name(&self) -> &str {
        &self.path_with_namespace
    }
}

impl Project {
    /// True if the project is deleted, and only kept for a while.
    fn is_deleted(&self) -> bool {
        self.marked_for_deletion_on.is_some()
            || self.marked_for_deletion_at.is_some()
            || is_name_of_deleted(&self.path_with_namespace)
    }
}

/// True for the path that GitLab gives to a deleted project: `GROUP/NAME-deletion_scheduled-ID`. In a group that
/// is deleted, the path of the group has this form.
fn is_name_of_deleted(path: &str) -> bool {
    path.split('/').any(|part| {
        part.rsplit_once("-deletion_scheduled-")
            .is_some_and(|(_, id)| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
    })
}

/// The kind and name of a project, by the last two parts of its path.
pub(super) fn kind_and_name(path: &str) -> Option<(Kind, &str)> {
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

    fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    fn list(&self, http: &Http, _: &Asked, remembered: &Pages) -> Result<Listing, Error> {
        let group: String = form_urlencoded::byte_serialize(self.group.as_bytes()).collect();
        let visibility = if self.credentials.is_none() { "&visibility=public" } else { "" };
        let first = format!("{}/groups/{group}/projects?{QUERY}{visibility}", self.api);
        let headers: Vec<_> =
            self.token.iter().map(|token| ("private-token", token.secret())).collect();
        let projects: Vec<Project> =
            pages::all(http, remembered, &first, &headers, "GitLab's REST API")?
                .map_err(|source| Error::List { what: "projects".to_owned(), source })?;
        let mut listing = Listing::default();
        for project in projects.iter().filter(|project| !project.is_deleted()) {
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

    #[test]
    fn a_project_that_is_scheduled_for_deletion_is_deleted() {
        for (path, is_deleted) in [
            ("a/extensions/Foo-deletion_scheduled-42", true),
            ("a-deletion_scheduled-7/extensions/Foo", true),
            ("a/extensions/Foo-deletion_scheduled-", false),
            ("a/extensions/Foo-deletion_scheduled-soon", false),
            ("a/extensions/Foo-deletion_scheduled-42-b", false),
            ("a/extensions/Foo", false),
        ] {
            assert_eq!(is_name_of_deleted(path), is_deleted, "{path}");
        }
        for (date, is_deleted) in [
            ("", false),
            (", \"marked_for_deletion_on\": null, \"marked_for_deletion_at\": null", false),
            (", \"marked_for_deletion_on\": \"2026-11-20\"", true),
            (", \"marked_for_deletion_at\": \"2026-11-20\"", true),
        ] {
            let json =
                format!("{{\"path_with_namespace\": \"a\", \"http_url_to_repo\": \"b\"{date}}}");
            let project: Project = serde_json::from_str(&json).unwrap();
            assert_eq!(project.is_deleted(), is_deleted, "{date}");
        }
    }
}
