//! The checked configuration: every value is there and makes sense.

use std::{
    collections::BTreeSet, fmt, ops::RangeInclusive, path::PathBuf, str::FromStr, time::Duration,
};

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tardist_contract::BranchName;

use crate::{
    Error,
    composer::Composer,
    http::HttpOptions,
    repository_id::RepositoryId,
    settings::{Form, Places, Settings},
    upstream::Spec,
};

/// The Gerrit that holds MediaWiki's extensions and skins
/// (<https://www.mediawiki.org/wiki/Gerrit>).
pub const WIKIMEDIA_GERRIT: &str = "https://gerrit.wikimedia.org/r";

/// What mediawiki.org's ExtensionDistributor offers (`$wgExtDistSnapshotRefs`, to be read in its
/// siteinfo): the development branch and the releases that get fixes.
pub(crate) const BRANCHES: [&str; 5] = ["master", "REL1_46", "REL1_45", "REL1_44", "REL1_43"];

/// More at once would be more than any upstream calls polite.
const MAX_JOBS: usize = 256;

/// Deeper submodules of submodules than anybody has.
const MAX_DEPTH: usize = 16;

/// With the pause doubling each time, far more than a cycle would live for.
const MAX_RETRIES: usize = 100;

/// What one run of the builder goes by.
#[derive(Debug, Clone, PartialEq, Eq)]
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
    /// How deep submodules are put in place; 0 for not at all.
    pub submodule_depth: usize,
    /// The Composer step; `None` for not at all.
    pub composer: Option<Composer>,
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
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

impl fmt::Display for UrlMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.from, self.to)
    }
}

impl From<UrlMap> for String {
    fn from(map: UrlMap) -> Self {
        map.to_string()
    }
}

/// More than cores where these are few, since a fetch mostly waits; not many more than that where
/// they are many, since each is a connection to the upstream. Compressing uses all cores anyway.
pub(crate) fn default_jobs() -> usize {
    std::thread::available_parallelism().map_or(6, |cores| cores.get().clamp(6, 8))
}

fn is_http(url: &str) -> bool {
    ["http://", "https://"].iter().any(|scheme| {
        url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty() && !rest.starts_with('/'))
    })
}

/// Checks values, and collects what is wrong with them.
struct Check {
    places: Places,
    wrong: Vec<String>,
}

impl Check {
    fn refuse(&mut self, key: &str, value: &str) {
        let message = match Form::of(key) {
            Some(form) => form.refuse_value(self.places.get(key), value),
            None => format!("{key}: {value} is wrong"),
        };
        self.wrong.push(message);
    }

    /// A URL without a slash at its end, or nothing.
    fn url(&mut self, key: &str, url: Option<String>) -> String {
        let url = url.unwrap_or_default();
        if !url.is_empty() && !is_http(&url) {
            self.refuse(key, &format!("{url:?}"));
            return url;
        }
        url.trim_end_matches('/').to_owned()
    }

    fn number(&mut self, key: &str, number: Option<usize>, range: RangeInclusive<usize>) -> usize {
        let number = number.unwrap_or_default();
        if !range.contains(&number) {
            self.refuse(key, &number.to_string());
        }
        number
    }

    fn duration(&mut self, key: &str, given: Option<SignedDuration>, least: Duration) -> Duration {
        let given = given.unwrap_or_default();
        match Duration::try_from(given) {
            Ok(duration) if duration >= least => duration,
            _ => {
                self.refuse(key, &format!("{given:#}"));
                least
            }
        }
    }
}

impl Config {
    /// Checks settings and fills in what they leave open.
    ///
    /// # Errors
    /// [`Error::Config`] with everything that is wrong, a line each: where it was set, what is wrong
    /// and what to write instead.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let mut check = Check { places: settings.places.clone(), wrong: Vec::new() };
        let settings = settings.or(Settings::defaults());
        let composer_timeout =
            check.duration("composer-timeout", settings.composer_timeout, Duration::from_nanos(1));
        let program = settings.composer.filter(|program| !program.as_os_str().is_empty());
        let config = Self {
            data: settings.data.unwrap_or_default(),
            upstreams: settings.upstream.unwrap_or_default(),
            branches: settings.branches.into_iter().flatten().collect(),
            only: settings.only.into_iter().flatten().collect(),
            public_url: check.url("public-url", settings.public_url),
            contact: settings.contact.unwrap_or_default(),
            url_map: settings.url_map.unwrap_or_default(),
            submodule_depth: check.number(
                "submodule-depth",
                settings.submodule_depth,
                0..=MAX_DEPTH,
            ),
            composer: program.map(|program| Composer { program, timeout: composer_timeout }),
            jobs: check.number("jobs", settings.jobs, 1..=MAX_JOBS),
            retries: check.number("retries", settings.retries, 0..=MAX_RETRIES),
            timeout: check.duration("timeout", settings.timeout, Duration::from_nanos(1)),
            grace: check.duration("grace", settings.grace, Duration::ZERO),
            refresh: check.duration("refresh", settings.refresh, Duration::from_nanos(1)),
        };
        if config.upstreams.is_empty() {
            check.refuse("upstream", "an empty list");
        }
        if config.branches.is_empty() {
            check.refuse("branches", "an empty list");
        }
        if config.data.as_os_str().is_empty() {
            check.refuse("data", "\"\"");
        }
        let plain = |c: char| (' '..='~').contains(&c) && c != '(' && c != ')';
        if !config.contact.chars().all(plain) {
            check.refuse("contact", &format!("{:?}", config.contact));
        }
        if check.wrong.is_empty() { Ok(config) } else { Err(Error::Config(check.wrong.join("\n"))) }
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
    use crate::settings::Place;

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
            submodule_depth: Some(17),
            composer_timeout: Some(SignedDuration::ZERO),
            ..Settings::default()
        };
        let error = Config::new(settings).unwrap_err().to_string();
        for setting in [
            "upstream",
            "public-url",
            "branches",
            "jobs",
            "timeout",
            "contact",
            "submodule-depth",
            "composer-timeout",
        ] {
            assert!(error.contains(&format!("{setting}: ")), "{setting} in {error}");
        }
    }

    #[test]
    fn what_is_out_of_range_is_told_with_where_it_was_set() {
        let file = |line| Place::File { path: "tardist.toml".into(), line, column: 1 };
        let settings = Settings {
            jobs: Some(999),
            retries: Some(101),
            refresh: Some(SignedDuration::ZERO),
            contact: Some("caf\u{e9}".into()),
            places: [
                ("jobs".to_owned(), file(12)),
                ("retries".to_owned(), Place::Flag("--retries".into())),
                ("refresh".to_owned(), Place::Variable("TARDIST_REFRESH".into())),
            ]
            .into(),
            ..Settings::default()
        };
        let error = Config::new(settings).unwrap_err().to_string();
        for says in [
            "tardist.toml:12:1: jobs: 999 is not a number from 1 to 256; write jobs = 4",
            "--retries: 101 is not a number from 0 to 100; write --retries 3",
            "TARDIST_REFRESH: 0s is not a time above zero, such as 90s, 5m or 24h; write TARDIST_REFRESH=12h",
            "contact: \"caf\u{e9}\" is not ASCII",
        ] {
            assert!(error.contains(says), "{says} is not in:\n{error}");
        }
    }

    #[test]
    fn no_grace_is_a_grace_period_but_no_time_is_no_timeout() {
        let zero = Some(SignedDuration::ZERO);
        assert!(Config::new(Settings { grace: zero, ..Settings::default() }).is_ok());
        assert!(Config::new(Settings { timeout: zero, ..Settings::default() }).is_err());
    }

    #[test]
    fn a_line_of_the_url_map_has_both_sides() {
        let map: UrlMap = "https://o.example/=http://r.example/x=y".parse().unwrap();
        assert_eq!(
            (map.from.as_str(), map.to.as_str()),
            ("https://o.example/", "http://r.example/x=y")
        );
        assert_eq!(map.to_string().parse(), Ok(map));
        for bad in [
            "",
            "=",
            "=https://r.example/",
            "https://o.example/",
            "https://o.example/=",
            "https://o.example/=r.example",
            "https://o.example/=ssh://r.example/",
            "https://o.example/=http://",
            "https://o.example/=https:///x",
        ] {
            let error = bad.parse::<UrlMap>().unwrap_err();
            assert!(error.contains("is not FROM=TO"), "{error}");
        }
    }

    #[test]
    fn a_public_url_is_a_host_and_ends_without_a_slash() {
        let public = |url: &str| {
            let settings = Settings { public_url: Some(url.into()), ..Settings::default() };
            Config::new(settings).map(|config| config.public_url).map_err(|error| error.to_string())
        };
        for (url, kept) in [
            ("", ""),
            ("http://h", "http://h"),
            ("https://h/", "https://h"),
            ("https://h/x//", "https://h/x"),
        ] {
            assert_eq!(public(url).as_deref(), Ok(kept));
        }
        for bad in ["http://", "https://", "http:///x", "h", "//h"] {
            assert!(public(bad).unwrap_err().contains("public-url: "), "{bad}");
        }
    }

    #[test]
    fn numbers_and_times_may_be_exactly_their_limits() {
        let nanosecond = SignedDuration::from_nanos(1);
        let least = Settings {
            jobs: Some(1),
            retries: Some(0),
            submodule_depth: Some(0),
            timeout: Some(nanosecond),
            refresh: Some(nanosecond),
            composer_timeout: Some(nanosecond),
            ..Settings::default()
        };
        let config = Config::new(least).unwrap();
        assert_eq!((config.jobs, config.retries, config.submodule_depth), (1, 0, 0));
        assert_eq!(
            (config.timeout, config.refresh),
            (Duration::from_nanos(1), Duration::from_nanos(1))
        );
        let most = |more: usize| Settings {
            jobs: Some(256 + more),
            retries: Some(100 + more),
            submodule_depth: Some(16 + more),
            ..Settings::default()
        };
        let config = Config::new(most(0)).unwrap();
        assert_eq!((config.jobs, config.retries, config.submodule_depth), (256, 100, 16));
        let error = Config::new(most(1)).unwrap_err().to_string();
        for number in ["257", "101", "17"] {
            assert!(error.contains(&format!("{number} is not a number from")), "{error}");
        }
    }

    #[test]
    fn a_contact_is_plain_text_without_brackets_of_a_comment() {
        let is_right = |contact: &str| {
            Config::new(Settings { contact: Some(contact.into()), ..Settings::default() }).is_ok()
        };
        assert!(is_right("") && is_right(" ~ https://h/x <a@b>"));
        for bad in ["(", ")", "a\tb", "\u{7f}", "\u{1f}", "é"] {
            assert!(!is_right(bad), "{bad:?}");
        }
    }
}
