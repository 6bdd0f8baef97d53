//! The repositories of an organization or user on GitHub
//! (<https://docs.github.com/rest/repos/repos#list-organization-repositories>,
//! <https://docs.github.com/rest/using-the-rest-api/using-pagination-in-the-rest-api>).
//!
//! A request gives 100 names. Repositories that are archived, disabled or private are left out.

use super::{
    adapter::{Adapter, Values, is_plain_path, path_of, root_of},
    branches::Asked,
    git_credentials,
    listing::{Listing, Upstream},
    owner::{self, Question, Repository},
    prefixes::Prefixes,
    remembered::Pages,
    token::{self, Token},
};
use crate::{
    Error,
    net::{Credentials, Http, HttpError},
};

/// An organization or user on GitHub as an upstream.
pub(super) static ADAPTER: Adapter = Adapter {
    name: "github",
    example: "https://github.com/wikimedia",
    keys: &owner::KEYS,
    check,
    open,
};

fn check(values: &Values) -> Result<(), String> {
    let (url, example) = (values.url(), ADAPTER.example);
    let owner = path_of(url);
    if !is_plain_path(owner) || owner.contains('/') {
        return Err(format!("{url:?} does not name an organization or user, such as {example}"));
    }
    Prefixes::of(values)?;
    git_credentials::check(values, url)?;
    token::check(values, &api(values))
}

fn open(values: &Values) -> Result<Box<dyn Upstream>, String> {
    Ok(Box::new(GitHub {
        url: values.url().to_owned(),
        api: api(values),
        prefixes: Prefixes::of(values)?,
        token: token::open(values)?,
        credentials: git_credentials::open(values, values.url())?,
    }))
}

/// The base URL of the REST API: GitHub's own, or that of a GitHub Enterprise Server.
fn api(values: &Values) -> String {
    match (values.text("api"), root_of(values.url())) {
        (Some(api), _) => api.to_owned(),
        (None, "https://github.com") => "https://api.github.com".to_owned(),
        (None, root) => format!("{root}/api/v3"),
    }
}

/// The version of the REST API whose responses are read here.
const API_VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");

#[derive(Debug)]
struct GitHub {
    /// `https://github.com/OWNER`.
    url: String,
    /// The base URL of the REST API: `https://api.github.com`.
    api: String,
    prefixes: Prefixes,
    /// GitHub answers 60 requests an hour without a token.
    token: Option<Token>,
    /// For private repositories that are to be distributed.
    credentials: Option<Credentials>,
}

impl GitHub {
    fn repositories(&self, http: &Http, remembered: &Pages) -> Result<Vec<Repository>, Error> {
        let owner = self.url.rsplit('/').next().unwrap_or_default();
        let authorization = self.token.as_ref().map(|token| format!("Bearer {}", token.secret()));
        let mut headers = vec![("accept", "application/vnd.github+json"), API_VERSION];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let question = Question {
            api: &self.api,
            owner,
            query: "per_page=100&sort=full_name",
            headers: &headers,
            whose: "a GitHub REST API",
        };
        question.ask(http, remembered)?.map_err(|source| self.explain(source))
    }

    /// Without a token, a refusal most likely comes from the limit.
    fn explain(&self, source: HttpError) -> Error {
        let is_refused = matches!(source.status(), Some(403 | 429));
        let what = match &self.token {
            None if is_refused => {
                "repositories (GitHub answers 60 requests an hour without a token; write one into a file, and name it \
                 by `token-file`)"
            }
            _ => "repositories",
        };
        Error::List { what: what.to_owned(), source }
    }
}

impl Upstream for GitHub {
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
        let repositories = self.repositories(http, remembered)?;
        let shows_private = self.credentials.is_some();
        Ok(owner::listing(&repositories, &self.url, &self.prefixes, shows_private))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_refusal_without_a_token_has_advice_and_may_pass() {
        let github = GitHub {
            url: "https://github.com/x".to_owned(),
            api: "https://api.github.com".to_owned(),
            prefixes: Prefixes::default(),
            token: None,
            credentials: None,
        };
        let told = |status: u16, retry_after: Option<Duration>| {
            let url = "https://api.github.com/orgs/x/repos".to_owned();
            let status = status.try_into().unwrap();
            github.explain(HttpError::Status { url, status, retry_after, location: None })
        };
        for status in [403, 429] {
            let error = told(status, Some(Duration::from_secs(u64::MAX)));
            assert_eq!(error.exit_status(), 5, "{error}");
            let text = error.to_string();
            for says in ["`token-file`", &status.to_string(), "a pause of more than 100 years"] {
                assert!(text.contains(says), "{text}");
            }
        }
        let missing = told(404, None).to_string();
        assert!(!missing.contains("token"), "{missing}");
    }
}
