use std::{collections::BTreeMap, fmt, path::PathBuf};

use clap::Args;
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};
use tardist_contract::BranchName;

use crate::{
    repository_id::RepositoryId,
    settings::config::{self, UrlMap},
    upstream::{Spec, spec},
};

/// Everything that can be set. Flags win over `TARDIST_…` variables, these over the file.
#[allow(rustdoc::bare_urls, reason = "these texts are the command's help")]
#[derive(Debug, Default, Clone, Args, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The data directory: snapshot.db, dist/ and mirror/
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        env = "TARDIST_DATA",
        help_heading = "Settings: what and where"
    )]
    pub data: Option<PathBuf>,

    /// Where the repositories are: a Gerrit's URL, or mediawiki=URL, github=URL, gitlab=URL,
    /// list=FILE, directory=DIR; give it once for each
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TARDIST_UPSTREAM",
        value_delimiter = ',',
        help_heading = "Settings: what and where"
    )]
    #[serde(deserialize_with = "spec::one_or_many")]
    pub upstream: Option<Vec<Spec>>,

    /// A branch to distribute; give it once for each
    #[arg(
        long = "branch",
        global = true,
        value_name = "BRANCH",
        env = "TARDIST_BRANCHES",
        value_delimiter = ',',
        help_heading = "Settings: what and where"
    )]
    #[serde(rename = "branches")]
    pub branches: Option<Vec<BranchName>>,

    /// Sync only these repositories, as extensions/NAME or skins/NAME; all others stay as they are.
    /// On the command line it belongs to `sync`
    #[arg(skip)]
    pub only: Option<Vec<RepositoryId>>,

    /// Where the tarballs can be downloaded, as the start of their URLs: https://dist.example.org.
    /// Without it, links are paths on the host that answers
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TARDIST_PUBLIC_URL",
        help_heading = "Settings: publishing"
    )]
    pub public_url: Option<String>,

    /// Who runs this, for the User-Agent: a URL or a mail address
    #[arg(
        long,
        global = true,
        value_name = "TEXT",
        env = "TARDIST_CONTACT",
        help_heading = "Settings: network"
    )]
    pub contact: Option<String>,

    /// Fetch submodules whose URL begins with FROM from TO instead; the host of TO may be asked.
    /// Give it once for each
    #[arg(
        long,
        global = true,
        value_name = "FROM=TO",
        env = "TARDIST_URL_MAP",
        value_delimiter = ',',
        help_heading = "Settings: network"
    )]
    pub url_map: Option<Vec<UrlMap>>,

    /// How deep submodules are put in place: 0 not at all, 1 as extdist, 2 those of submodules too
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "TARDIST_SUBMODULE_DEPTH",
        help_heading = "Settings: content"
    )]
    pub submodule_depth: Option<usize>,

    /// The composer program, to add vendor/ to the branches whose composer.json requires packages;
    /// it asks hosts that tardist does not know. Without it there is no vendor/
    #[arg(
        long,
        global = true,
        value_name = "PROGRAM",
        env = "TARDIST_COMPOSER",
        help_heading = "Settings: content"
    )]
    pub composer: Option<PathBuf>,

    /// How long composer may take for one branch
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "TARDIST_COMPOSER_TIMEOUT",
        help_heading = "Settings: content"
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub composer_timeout: Option<SignedDuration>,

    /// How many repositories are worked on at once, each with a connection of its own; without it
    /// as many as there are cores, but 6 to 8
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "TARDIST_JOBS",
        help_heading = "Settings: network"
    )]
    pub jobs: Option<usize>,

    /// How often a failed request is tried again
    #[arg(
        long,
        global = true,
        value_name = "N",
        env = "TARDIST_RETRIES",
        help_heading = "Settings: network"
    )]
    pub retries: Option<usize>,

    /// How long an answer may take to begin or go on, such as 90s or 5m
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "TARDIST_TIMEOUT",
        help_heading = "Settings: network"
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub timeout: Option<SignedDuration>,

    /// How long a tarball stays after it is no longer named, since clients keep links
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "TARDIST_GRACE",
        help_heading = "Settings: publishing"
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub grace: Option<SignedDuration>,

    /// Publish an unchanged snapshot anew when it is older than this, so that /health can tell a
    /// quiet upstream from a dead builder
    #[arg(
        long,
        global = true,
        value_name = "TIME",
        env = "TARDIST_REFRESH",
        help_heading = "Settings: publishing"
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub refresh: Option<SignedDuration>,

    /// Where each value comes from, by key, for messages about it.
    #[arg(skip)]
    #[serde(skip)]
    pub places: Places,
}

/// Where values come from, by key. What is not in it was set by a program.
pub type Places = BTreeMap<String, Place>;

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Place {
    /// A configuration file.
    File {
        /// The file, as it was given.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// The column in characters, from 1.
        column: usize,
    },
    /// An environment variable, by its name.
    Variable(String),
    /// A flag, with its dashes.
    Flag(String),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, line, column } => write!(f, "{}:{line}:{column}", path.display()),
            Self::Variable(name) | Self::Flag(name) => f.write_str(name),
        }
    }
}

impl Settings {
    /// The values of what nobody sets: the one place where they stand.
    pub fn defaults() -> Self {
        Self {
            data: Some(PathBuf::from("data")),
            upstream: Some(vec![Spec::gerrit(config::WIKIMEDIA_GERRIT)]),
            branches: Some(config::BRANCHES.iter().filter_map(|name| name.parse().ok()).collect()),
            only: Some(Vec::new()),
            public_url: Some(String::new()),
            contact: Some("no contact given".to_owned()),
            url_map: Some(Vec::new()),
            submodule_depth: Some(1),
            composer: Some(PathBuf::new()),
            composer_timeout: Some(SignedDuration::from_mins(5)),
            jobs: Some(config::default_jobs()),
            retries: Some(3),
            timeout: Some(SignedDuration::from_mins(2)),
            grace: Some(SignedDuration::from_hours(24)),
            refresh: Some(SignedDuration::from_hours(12)),
            places: Places::new(),
        }
    }

    /// These settings, and where they say nothing, those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut places = other.places;
        places.extend(self.places);
        Self {
            data: self.data.or(other.data),
            upstream: self.upstream.or(other.upstream),
            branches: self.branches.or(other.branches),
            only: self.only.or(other.only),
            public_url: self.public_url.or(other.public_url),
            contact: self.contact.or(other.contact),
            url_map: self.url_map.or(other.url_map),
            submodule_depth: self.submodule_depth.or(other.submodule_depth),
            composer: self.composer.or(other.composer),
            composer_timeout: self.composer_timeout.or(other.composer_timeout),
            jobs: self.jobs.or(other.jobs),
            retries: self.retries.or(other.retries),
            timeout: self.timeout.or(other.timeout),
            grace: self.grace.or(other.grace),
            refresh: self.refresh.or(other.refresh),
            places,
        }
    }

    /// The values that are set, as TOML, by key.
    pub fn values(&self) -> toml::Table {
        // Every field is text, a number, a list or a table; TOML has all of these.
        toml::Table::try_from(self).unwrap_or_default()
    }
}

/// The key in a file, and so the name of a setting, that a clap argument stands for: the name of the
/// field.
pub fn key(argument: &clap::Arg) -> String {
    argument.get_id().as_str().replace('_', "-")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{cli, settings::FORMS};

    #[test]
    fn flags_keys_forms_and_defaults_are_of_the_same_settings() {
        let flags: BTreeSet<String> = cli::settings().iter().map(key).collect();
        let keys: BTreeSet<String> = Settings::defaults().values().keys().cloned().collect();
        let forms: BTreeSet<String> = FORMS.iter().map(|form| form.key.to_owned()).collect();
        assert_eq!(flags, keys);
        assert_eq!(flags, forms);
        for argument in cli::settings() {
            let name = argument.get_env().unwrap().to_str().unwrap().to_owned();
            assert_eq!(
                name,
                format!("TARDIST_{}", key(&argument).to_uppercase().replace('-', "_"))
            );
            assert!(
                argument.get_help().is_some() && argument.get_help_heading().is_some(),
                "{name}"
            );
        }
    }

    #[test]
    fn the_first_to_say_something_wins_with_its_place() {
        let flag = Place::Flag("--jobs".into());
        let file = Place::File { path: "f".into(), line: 1, column: 1 };
        let places = |place: &Place| Places::from([("jobs".to_owned(), place.clone())]);
        let first = Settings { jobs: Some(1), places: places(&flag), ..Settings::default() };
        let second = Settings {
            jobs: Some(2),
            retries: Some(2),
            places: places(&file),
            ..Settings::default()
        };
        let both = first.or(second);
        assert_eq!((both.jobs, both.retries), (Some(1), Some(2)));
        assert_eq!(both.places["jobs"], flag);
    }
}
