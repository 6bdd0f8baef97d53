//! Settings as people write them: one struct for the command line, the environment and the
//! configuration file, so that the three can't drift apart.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use jiff::SignedDuration;
use serde::Deserialize;
use tardist_catalog::BranchName;

use crate::{
    Error,
    config::UrlMap,
    repository_id::RepositoryId,
    upstream::{Spec, spec},
};

/// Everything that can be set. Flags win over `TARDIST_…` variables, these over the file.
#[allow(rustdoc::bare_urls, reason = "these texts are the command's help")]
#[derive(Debug, Default, Clone, Args, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The data directory: snapshot.db, dist/ and mirror/ [default: data]
    #[arg(long, global = true, value_name = "DIR", env = "TARDIST_DATA")]
    pub data: Option<PathBuf>,

    /// Where the repositories are: a Gerrit's URL, or mediawiki=URL, github=URL, gitlab=URL,
    /// list=FILE, directory=DIR; give it once for each [default: https://gerrit.wikimedia.org/r]
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TARDIST_UPSTREAM",
        value_delimiter = ','
    )]
    #[serde(deserialize_with = "spec::one_or_many")]
    pub upstream: Option<Vec<Spec>>,

    /// A branch to distribute; give it once for each [default: master, REL1_46 to REL1_43]
    #[arg(
        long = "branch",
        global = true,
        value_name = "BRANCH",
        env = "TARDIST_BRANCHES",
        value_delimiter = ','
    )]
    #[serde(rename = "branches")]
    pub branches: Option<Vec<BranchName>>,

    /// Sync only this repository, as extensions/NAME or skins/NAME; give it once for each
    #[arg(
        long,
        global = true,
        value_name = "KIND/NAME",
        env = "TARDIST_ONLY",
        value_delimiter = ','
    )]
    pub only: Option<Vec<RepositoryId>>,

    /// Where the tarballs can be downloaded, as the start of their URLs: https://dist.example.org.
    /// Without it, links are paths on the host that answers
    #[arg(long, global = true, value_name = "URL", env = "TARDIST_PUBLIC_URL")]
    pub public_url: Option<String>,

    /// Who runs this, for the User-Agent: a URL or a mail address
    #[arg(long, global = true, value_name = "TEXT", env = "TARDIST_CONTACT")]
    pub contact: Option<String>,

    /// Fetch submodules whose URL begins with FROM from TO instead; the host of TO may be asked
    #[arg(
        long,
        global = true,
        value_name = "FROM=TO",
        env = "TARDIST_URL_MAP",
        value_delimiter = ','
    )]
    pub url_map: Option<Vec<UrlMap>>,

    /// How many repositories are worked on at once [default: the cores, at least 4]
    #[arg(long, global = true, value_name = "N", env = "TARDIST_JOBS")]
    pub jobs: Option<usize>,

    /// How often a failed request is tried again [default: 3]
    #[arg(long, global = true, value_name = "N", env = "TARDIST_RETRIES")]
    pub retries: Option<usize>,

    /// How long an answer may take to begin or go on, such as 90s or 5m [default: 2m]
    #[arg(long, global = true, value_name = "TIME", env = "TARDIST_TIMEOUT")]
    pub timeout: Option<SignedDuration>,

    /// How long a tarball stays after it is no longer named [default: 24h]
    #[arg(long, global = true, value_name = "TIME", env = "TARDIST_GRACE")]
    pub grace: Option<SignedDuration>,

    /// Publish an unchanged snapshot anew when it is older than this, so that /health can tell a
    /// quiet upstream from a dead builder [default: 12h]
    #[arg(long, global = true, value_name = "TIME", env = "TARDIST_REFRESH")]
    pub refresh: Option<SignedDuration>,
}

impl Settings {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// [`Error::Config`] with the place in the file and what it should say.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|e| {
            Error::Config(format!("can't read the configuration file {}: {e}", path.display()))
        })?;
        toml::from_str(&text).map_err(|e| {
            Error::Config(format!("in the configuration file {}:\n{e}", path.display()))
        })
    }

    /// These settings, and where they say nothing, those of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            data: self.data.or(other.data),
            upstream: self.upstream.or(other.upstream),
            branches: self.branches.or(other.branches),
            only: self.only.or(other.only),
            public_url: self.public_url.or(other.public_url),
            contact: self.contact.or(other.contact),
            url_map: self.url_map.or(other.url_map),
            jobs: self.jobs.or(other.jobs),
            retries: self.retries.or(other.retries),
            timeout: self.timeout.or(other.timeout),
            grace: self.grace.or(other.grace),
            refresh: self.refresh.or(other.refresh),
        }
    }
}
