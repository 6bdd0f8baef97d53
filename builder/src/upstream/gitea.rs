//! The repositories of an organization or user on Gitea or Forgejo
//! (<https://docs.gitea.com/api/#tag/organization/operation/orgListRepos>,
//! <https://docs.gitea.com/development/api-usage#pagination>).
//!
//! A request gives 50 names, the most that Gitea gives unless its operator says otherwise. Repositories that are
//! archived, private or internal are left out. Mirrors are repositories like others.

use super::{
    adapter::{Adapter, Values, is_plain_path, path_of, root_of},
    branches::Asked,
    git_credentials,
    listing::{Listing, Upstream},
    owner::{self, Question},
    prefixes::Prefixes,
    remembered::Pages,
    token::{self, Token},
};
use crate::{
    Error,
    net::{Credentials, Http},
};

/// An organization or user on Gitea or Forgejo as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "gitea",
    example: "https://gitea.example.org/OWNER",
    keys: &owner::KEYS,
    check,
    open,
};

fn check(values: &Values) -> Result<(), String> {
    let (url, example) = (values.url(), ADAPTER.example);
    if !is_plain_path(path_of(url)) {
        return Err(format!("{url:?} does not name an organization or user, such as {example}"));
    }
    Prefixes::of(values)?;
    git_credentials::check(values, url)?;
    token::check(values, &api(values))
}

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    let url = values.url().to_owned();
    Ok(Box::new(Gitea {
        api: api(values),
        prefixes: Prefixes::of(values)?,
        token: token::open(values)?,
        credentials: git_credentials::open(values, &url)?,
        url,
    }))
}

/// The base URL of the REST API. A Gitea may be below a path of its host, so only the last part names the owner.
fn api(values: &Values) -> String {
    let url = values.url();
    let base = url.rsplit_once('/').map_or_else(|| root_of(url), |(base, _)| base);
    values.text("api").map_or_else(|| format!("{base}/api/v1"), str::to_owned)
}

#[derive(Debug)]
struct Gitea {
    /// `https://gitea.example.org/OWNER`.
    url: String,
    /// The base URL of the REST API: `https://gitea.example.org/api/v1`.
    api: String,
    prefixes: Prefixes,
    /// For servers that show their lists to nobody without a login.
    token: Option<Token>,
    /// For private repositories that are to be distributed.
    credentials: Option<Credentials>,
}

impl Upstream for Gitea {
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
        let authorization = self.token.as_ref().map(|token| format!("token {}", token.secret()));
        let headers: Vec<_> =
            authorization.iter().map(|value| ("authorization", value.as_str())).collect();
        let question = Question {
            api: &self.api,
            owner: self.url.rsplit('/').next().unwrap_or_default(),
            query: "limit=50",
            headers: &headers,
            whose: "Gitea's REST API",
        };
        let repositories = question
            .ask(http, remembered)?
            .map_err(|source| Error::List { what: "repositories".to_owned(), source })?;
        let shows_private = self.credentials.is_some();
        Ok(owner::listing(&repositories, &self.url, &self.prefixes, shows_private))
    }
}
