//! The repositories of an organization or user on GitHub
//! (<https://docs.github.com/rest/repos/repos#list-organization-repositories>,
//! <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>).
//!
//! 100 names a request; the REST list does not tell commits, so that [`refs`](crate::git::ls_refs) asks for
//! these. What is archived, disabled or private is left out.

use std::collections::BTreeSet;

use serde::Deserialize;
use tardist_contract::BranchName;
use ureq::http::StatusCode;

use super::{
    Listing, Prefixes, Upstream,
    pages::{self, Entry},
    spec::Token,
};
use crate::{
    Error,
    net::http::{Http, HttpError},
};

/// The version of the REST API that the answers are read as.
const API_VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");

/// An organization or user on GitHub.
#[derive(Debug)]
pub struct GitHub {
    /// `https://github.com/OWNER`.
    pub url: String,
    /// The base URL of the REST API: `https://api.github.com`.
    pub api: String,
    /// How names tell the kind.
    pub prefixes: Prefixes,
    /// Against the limit of 60 requests an hour for nobody in particular.
    pub token: Option<Token>,
}

#[derive(Debug, Deserialize)]
struct Repository {
    name: String,
    clone_url: String,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    private: bool,
}

impl Entry for Repository {
    fn name(&self) -> &str {
        &self.name
    }
}

impl GitHub {
    fn repositories(&self, http: &Http) -> Result<Vec<Repository>, Error> {
        let owner = self.url.rsplit('/').next().unwrap_or_default();
        let authorization = self.token.as_ref().map(|token| format!("Bearer {}", token.secret()));
        let mut headers = vec![("accept", "application/vnd.github+json"), API_VERSION];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let list = |sort: &str| {
            let url = format!("{}/{sort}/{owner}/repos?per_page=100&sort=full_name", self.api);
            pages::all(http, &url, &headers, "a GitHub REST API")
        };
        let listed = match list("orgs")? {
            Err(HttpError::Status { status: StatusCode::NOT_FOUND, .. }) => list("users")?,
            listed => listed,
        };
        listed.map_err(|source| self.explain(source))
    }
}

impl GitHub {
    /// Without a token, a refusal is most likely the limit.
    fn explain(&self, source: HttpError) -> Error {
        let what = "repositories".to_owned();
        match (&source, &self.token) {
            (HttpError::Status { status, .. }, None) if matches!(status.as_u16(), 403 | 429) => {
                Error::ListForm {
                    what,
                    reason: format!(
                        "{status}, as GitHub answers after 60 requests an hour without a token; \
                         write one into a file and name it by `token-file`"
                    ),
                    url: self.url.clone(),
                }
            }
            _ => Error::List { what, source },
        }
    }
}

impl Upstream for GitHub {
    fn url(&self) -> &str {
        &self.url
    }

    fn origins(&self) -> Vec<String> {
        vec![self.api.clone(), self.url.clone()]
    }

    fn list(&self, http: &Http, _: &BTreeSet<BranchName>) -> Result<Listing, Error> {
        let mut listing = Listing::default();
        for repository in self.repositories(http)? {
            if repository.archived || repository.disabled || repository.private {
                continue;
            }
            if let Some((kind, name)) = self.prefixes.split(&repository.name) {
                listing.add(kind, name, &repository.clone_url, &self.url);
            }
        }
        Ok(listing)
    }
}
