//! The repositories of an organization or user, as GitHub, Gitea and Forgejo list them: two lists, one of
//! organizations and one of users, of which an owner is in one.

use serde::{Deserialize, Serialize};

use super::{
    adapter::Key,
    bounded::Short,
    git_credentials,
    listing::Listing,
    pages::{self, Entry},
    prefixes::{self, Prefixes},
    remembered::Pages,
    token,
};
use crate::{
    Error,
    limits::upstream::{MAX_NAME, MAX_URL},
    net::{Http, HttpError},
};

/// The keys of the table of such an upstream.
pub(super) static KEYS: [Key; 6] = [
    Key::url("url"),
    Key::url("api"),
    prefixes::EXTENSIONS,
    prefixes::SKINS,
    token::KEY,
    git_credentials::KEY,
];

/// A repository in such a list. Not every server has all of the flags.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Repository {
    name: Short<MAX_NAME>,
    pub(super) clone_url: Short<MAX_URL>,
    #[serde(default)]
    archived: bool,
    #[serde(default)]
    disabled: bool,
    #[serde(default)]
    private: bool,
    /// Only who has logged in may see it, because that is so of its owner.
    #[serde(default)]
    internal: bool,
}

impl Entry for Repository {
    fn name(&self) -> &str {
        &self.name
    }
}

/// How the list of an owner is asked for.
pub(super) struct Question<'a> {
    /// The base URL of the REST API.
    pub(super) api: &'a str,
    pub(super) owner: &'a str,
    pub(super) query: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    /// Who has such lists, for messages.
    pub(super) whose: &'a str,
}

impl Question<'_> {
    /// Asks for the list of the organization, and if there is none, for that of the user.
    ///
    /// # Errors
    /// As [`pages::all`].
    pub(super) fn ask(
        &self,
        http: &Http,
        remembered: &Pages,
    ) -> Result<Result<Vec<Repository>, HttpError>, Error> {
        let Self { api, owner, query, headers, whose } = self;
        let list = |sort: &str| {
            pages::all(
                http,
                remembered,
                &format!("{api}/{sort}/{owner}/repos?{query}"),
                headers,
                whose,
            )
        };
        match list("orgs")? {
            Err(error) if error.status() == Some(404) => list("users"),
            listed => Ok(listed),
        }
    }
}

/// The listing of these repositories of the owner at `url`: those that have one of the prefixes and are not archived.
/// Those that are not public are left out, unless `shows_private` is true.
pub(super) fn listing(
    repositories: &[Repository],
    url: &str,
    prefixes: &Prefixes,
    shows_private: bool,
) -> Listing {
    let mut listing = Listing::default();
    for repository in repositories.iter().filter(|it| !it.archived && !it.disabled) {
        let Some((kind, name)) = prefixes.split(&repository.name) else { continue };
        if (repository.private || repository.internal) && !shows_private {
            listing.not_public(kind, name, url);
        } else {
            listing.add(kind, name, &repository.clone_url, url);
        }
    }
    listing
}
