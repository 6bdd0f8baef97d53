//! The checked configuration: every value is there and makes sense.

use std::{collections::BTreeSet, path::PathBuf, str::FromStr, time::Duration};

use jiff::SignedDuration;
use serde::Deserialize;
use tardist_catalog::BranchName;

use crate::{
    Error, http::HttpOptions, repository_id::RepositoryId, settings::Settings, upstream::Spec,
};

/// The Gerrit that holds MediaWiki's extensions and skins
/// (<https://www.mediawiki.org/wiki/Gerrit>).
pub const WIKIMEDIA_GERRIT: &str = "https://gerrit.wikimedia.org/r";

/// What mediawiki.org's ExtensionDistributor offers (`$wgExtDistSnapshotRefs`, to be read in its
/// siteinfo): the development branch and the releases that get fixes.
const BRANCHES: [&str; 5] = ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"];

/// What one run of the builder goes by.
#[derive(Debug, Clone)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// Where the repositories are; never empty. Of a repository that several have, the first one's
    /// counts.
    pub upstreams: Vec<Spec>,
    /// The branches to distribute; never empty.
    pub branches: BTreeSet<BranchName>,
    /// The only repositories to sync; empty for all.
    pub only: BTreeSet<RepositoryId>,
    /// What a tarball's URL begins with, without a slash at its end; empty for a path.
    pub public_url: String,
    /// For the `User-Agent`.
    pub contact: String,
    /// Where submodules are fetched from.
    pub url_map: Vec<UrlMap>,
    /// Repositories worked on at once.
    pub jobs: usize,
    /// Further tries of a failed request.
    pub retries: usize,
    /// For an answer to begin or go on.
    pub timeout: Duration,
    /// For a tarball after it is no longer named.
    pub grace: Duration,
    /// Age at which an unchanged snapshot is published anew.
    pub refresh: Duration,
}

/// "URLs that begin with `from` are fetched from `to`", as Git's `url.<base>.insteadOf`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct UrlMap {
    /// The start of the URL as `.gitmodules` has it.
    pub from: String,
    /// What stands there instead.
    pub to: String,
}

impl FromStr for UrlMap {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((from, to)) if !from.is_empty() && is_http(to) => {
                Ok(Self { from: from.to_owned(), to: to.to_owned() })
            }
            _ => Err(format!(
                "{text:?} is not FROM=TO with TO a http or https URL, such as \
                 https://gerrit.wikimedia.org/r/=https://replica.example.org/r/"
            )),
        }
    }
}

impl TryFrom<String> for UrlMap {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// More than cores where these are few, since a fetch mostly waits.
fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(4, |cores| cores.get().max(4))
}

fn is_http(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    })
}

impl Config {
    /// Checks settings and fills in what they leave open.
    ///
    /// # Errors
    /// [`Error::Config`] with everything that is wrong, a line each.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let mut wrong = Vec::new();
        let mut url = |name: &str, given: Option<String>, default: &str| {
            let url = given.unwrap_or_else(|| default.to_owned());
            if !url.is_empty() && !is_http(&url) {
                wrong.push(format!("{name}: {url:?} is not a http or https URL"));
            }
            url.trim_end_matches('/').to_owned()
        };
        let public_url = url("public-url", settings.public_url, "");
        let upstreams = settings.upstream.unwrap_or_else(|| vec![Spec::gerrit(WIKIMEDIA_GERRIT)]);
        if upstreams.is_empty() {
            wrong.push("upstream: there is none; write a Gerrit's base URL".to_owned());
        }
        let mut duration =
            |name: &str, given: Option<SignedDuration>, default: Duration| match given
                .map(Duration::try_from)
            {
                None => default,
                Some(Ok(duration)) if !duration.is_zero() || name == "grace" => duration,
                Some(_) => {
                    wrong.push(format!("{name}: it is a time above zero, such as 90s, 5m or 24h"));
                    default
                }
            };
        let timeout = duration("timeout", settings.timeout, Duration::from_secs(120));
        let grace = duration("grace", settings.grace, Duration::from_hours(24));
        let refresh = duration("refresh", settings.refresh, Duration::from_hours(12));
        let branches: BTreeSet<BranchName> = match settings.branches {
            Some(branches) => branches.into_iter().collect(),
            None => BRANCHES.iter().filter_map(|branch| branch.parse().ok()).collect(),
        };
        if branches.is_empty() {
            wrong.push("branches: there is none; name at least one, such as master".to_owned());
        }
        let contact = settings.contact.unwrap_or_else(|| "no contact given".to_owned());
        if !contact.chars().all(|c| (' '..='~').contains(&c) && c != '(' && c != ')') {
            wrong.push("contact: it is ASCII text without brackets".to_owned());
        }
        let jobs = settings.jobs.unwrap_or_else(default_jobs);
        if !(1..=256).contains(&jobs) {
            wrong.push("jobs: it is a number from 1 to 256".to_owned());
        }
        if !wrong.is_empty() {
            return Err(Error::Config(wrong.join("\n")));
        }
        Ok(Self {
            data: settings.data.unwrap_or_else(|| PathBuf::from("data")),
            upstreams,
            branches,
            only: settings.only.unwrap_or_default().into_iter().collect(),
            public_url,
            contact,
            url_map: settings.url_map.unwrap_or_default(),
            jobs,
            retries: settings.retries.unwrap_or(3),
            timeout,
            grace,
            refresh,
        })
    }

    /// How requests are made: `User-Agent: tardist/VERSION (contact)`, and only to the hosts of
    /// the upstreams and of the URL map's right sides.
    pub fn http_options(&self) -> HttpOptions {
        let mapped = self.url_map.iter().map(|map| map.to.clone());
        HttpOptions {
            user_agent: format!("tardist/{} ({})", env!("CARGO_PKG_VERSION"), self.contact),
            allowed: self.upstreams.iter().flat_map(Spec::origins).chain(mapped).collect(),
            retries: self.retries,
            timeout: self.timeout,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_set_is_wikimedia_with_the_supported_branches() {
        let config = Config::new(Settings::default()).unwrap();
        assert_eq!(config.upstreams, [Spec::gerrit(WIKIMEDIA_GERRIT)]);
        assert_eq!(config.branches.first().unwrap().as_str(), "master");
        assert_eq!(config.http_options().allowed, [WIKIMEDIA_GERRIT]);
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let settings = Settings {
            upstream: Some(vec![]),
            public_url: Some("ftp://x".into()),
            branches: Some(vec![]),
            jobs: Some(0),
            timeout: Some(SignedDuration::from_secs(-1)),
            contact: Some("a\r\nX-Header: b".into()),
            ..Settings::default()
        };
        let error = Config::new(settings).unwrap_err().to_string();
        for setting in ["upstream", "public-url", "branches", "jobs", "timeout", "contact"] {
            assert!(error.contains(&format!("{setting}: ")), "{setting} in {error}");
        }
    }

    #[test]
    fn a_file_says_where_it_is_wrong() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tardist.toml");
        let read = |text: &str| {
            std::fs::write(&path, text).unwrap();
            Settings::read(&path)
        };
        let good =
            read("branches = ['master']\ngrace = '2h'\nurl-map = ['https://a/=http://b/']\n");
        let config = Config::new(good.unwrap()).unwrap();
        assert_eq!(config.grace, Duration::from_secs(7200));
        assert_eq!(config.url_map[0].to, "http://b/");
        for (text, hint) in [
            ("brunches = []", "brunches"),
            ("branches = ['a..b']", "line 1"),
            ("jobs = 'x'", "jobs"),
        ] {
            let error = read(text).unwrap_err().to_string();
            assert!(error.contains(hint) && error.contains("tardist.toml"), "{error}");
        }
    }
}
