//! The settings that somebody gave: each is there or not.

use std::{collections::BTreeMap, path::PathBuf};

use bytesize::ByteSize;
use clap::{Args, ValueEnum};
use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use super::set_by::SetBy;
use crate::{
    RepositoryId,
    git::{submodule_host::SubmoduleHost, url_map::UrlMap},
    upstream::{self, BranchRule, Spec},
};

/// The headings of the help text, and of the sections of the configuration file.
pub(super) mod heading {
    pub(crate) const WHAT_AND_WHERE: &str = "Settings: what and where";
    pub(crate) const PUBLISHING: &str = "Settings: publishing";
    pub(crate) const STORE: &str = "Settings: object store";
    pub(crate) const NETWORK: &str = "Settings: network";
    pub(crate) const CONTENT: &str = "Settings: content";
    pub(crate) const LIMITS: &str = "Settings: limits";
    pub(crate) const WATCHING: &str = "Settings: watching";
}

/// What becomes of a tarball from which something is missing.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Incomplete {
    /// It is published only if there is no complete tarball of an earlier commit
    #[default]
    Avoid,
    /// It is published, and no failure
    Accept,
}

/// The form of the lines on standard error.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    /// Lines for people
    #[default]
    Text,
    /// One JSON object in each line
    Json,
}

/// Everything that can be set. Flags win over `TARDIST_…` variables, and these win over the file.
#[allow(rustdoc::bare_urls, reason = "these texts are the command's help")]
#[derive(Debug, Default, Clone, Args, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// The data directory: snapshot.db, dist/ and mirror/
    #[arg(
        long, global = true, alias = "data-dir", value_name = "DIR", env = "TARDIST_DATA",
        help_heading = heading::WHAT_AND_WHERE
    )]
    pub data: Option<PathBuf>,

    /// Where the repositories are: a Gerrit's URL, or mediawiki=URL, github=URL, gitlab=URL,
    /// gitea=URL, phabricator=URL, list=FILE, directory=DIR; give it once for each
    #[arg(
        long, global = true, value_name = "URL", env = "TARDIST_UPSTREAM",
        value_delimiter = ',', help_heading = heading::WHAT_AND_WHERE
    )]
    #[serde(deserialize_with = "upstream::one_or_many")]
    pub upstream: Option<Vec<Spec>>,

    /// A branch to distribute, or a pattern such as REL1_*, in which * stands for any characters but /;
    /// give it once for each. If you give any, and not how many release branches, there are no others
    #[arg(
        long = "branch", global = true, value_name = "BRANCH", env = "TARDIST_BRANCHES",
        value_delimiter = ',', help_heading = heading::WHAT_AND_WHERE
    )]
    #[serde(rename = "branches")]
    pub branches: Option<Vec<BranchRule>>,

    /// How many of the newest release branches are distributed, besides those of the setting branches. Each cycle
    /// finds out which these are: those of MediaWiki itself, if the upstream has it, or else those that a fifth of the
    /// repositories have
    #[arg(
        long, global = true, value_name = "N", env = "TARDIST_RELEASE_BRANCHES",
        help_heading = heading::WHAT_AND_WHERE
    )]
    pub release_branches: Option<usize>,

    /// Sync only these repositories, as extensions/NAME or skins/NAME; all others stay as they are.
    /// On the command line it belongs to `sync`
    #[arg(skip)]
    pub only: Option<Vec<RepositoryId>>,

    /// What the links to tarballs and pages begin with: https://downloads.example.org. Without it, links
    /// are paths on the host that answers
    #[arg(
        long, global = true, value_name = "URL", env = "TARDIST_PUBLIC_URL",
        help_heading = heading::PUBLISHING
    )]
    pub public_url: Option<String>,

    /// Publish to this object store, too, for nodes that run `tardist pull`: s3://BUCKET/PREFIX, or file:///PATH for a
    /// folder. Without it, tardist publishes in the data directory only
    #[arg(
        long, global = true, value_name = "URL", env = "TARDIST_STORE",
        help_heading = heading::STORE
    )]
    pub store: Option<String>,

    /// The URL of the S3 server, such as https://s3.example.org. Without it, AWS is asked
    #[arg(
        long, global = true, value_name = "URL", env = "TARDIST_STORE_ENDPOINT",
        help_heading = heading::STORE
    )]
    pub store_endpoint: Option<String>,

    /// The region that requests to the store are signed for; what Garage has as s3_region
    #[arg(
        long, global = true, value_name = "REGION", env = "TARDIST_STORE_REGION",
        help_heading = heading::STORE
    )]
    pub store_region: Option<String>,

    /// The file with the credentials of the store, with aws_access_key_id and aws_secret_access_key. Without it, they
    /// come from the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY
    #[arg(
        long, global = true, value_name = "FILE", env = "TARDIST_STORE_CREDENTIALS",
        help_heading = heading::STORE
    )]
    pub store_credentials: Option<PathBuf>,

    /// The file with the secret key of minisign that signs what is published to the store; a key without a password.
    /// Without it, the variable TARDIST_STORE_KEY_TEXT may have the key itself
    #[arg(
        long, global = true, value_name = "FILE", env = "TARDIST_STORE_KEY",
        help_heading = heading::STORE
    )]
    pub store_key: Option<PathBuf>,

    /// The public key of minisign, or a file with it, that what is pulled from the store has to be signed by
    #[arg(
        long, global = true, alias = "public-key", value_name = "KEY", env = "TARDIST_STORE_PUBLIC_KEY",
        help_heading = heading::STORE
    )]
    pub store_public_key: Option<String>,

    /// Who runs this, for the User-Agent: a URL or a mail address
    #[arg(
        long, global = true, value_name = "TEXT", env = "TARDIST_CONTACT",
        help_heading = heading::NETWORK
    )]
    pub contact: Option<String>,

    /// Fetch submodules whose URL begins with FROM from TO instead; the host of TO may be asked.
    /// Give it once for each
    #[arg(
        long, global = true, value_name = "FROM=TO", env = "TARDIST_URL_MAP",
        value_delimiter = ',', help_heading = heading::NETWORK
    )]
    pub url_map: Option<Vec<UrlMap>>,

    /// Submodules may also be fetched from this server, such as https://github.com; give it once for each. With
    /// Wikimedia's Gerrit as an upstream, phabricator.wikimedia.org and gitlab.wikimedia.org are allowed as well
    #[arg(
        long, global = true, value_name = "URL", env = "TARDIST_SUBMODULE_HOSTS",
        value_delimiter = ',', help_heading = heading::NETWORK
    )]
    pub submodule_hosts: Option<Vec<SubmoduleHost>>,

    /// How deep submodules are included: 0 for none, 1 for those of the repository (as extdist
    /// does), 2 for the submodules of these too
    #[arg(
        long, global = true, value_name = "N", env = "TARDIST_SUBMODULE_DEPTH",
        help_heading = heading::CONTENT
    )]
    pub submodule_depth: Option<usize>,

    /// The composer program. It adds vendor/ to the branches whose composer.json requires packages,
    /// and it asks hosts that tardist does not know. Without it there is no vendor/
    #[arg(
        long, global = true, value_name = "PROGRAM", env = "TARDIST_COMPOSER",
        help_heading = heading::CONTENT
    )]
    pub composer: Option<PathBuf>,

    /// How long composer may take for one branch
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_COMPOSER_TIMEOUT",
        help_heading = heading::CONTENT
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub composer_timeout: Option<SignedDuration>,

    /// What becomes of a tarball from which something is missing, such as a submodule: it is published
    /// only if there is no complete one of an earlier commit (avoid), or in any case (accept)
    #[arg(
        long, global = true, value_name = "WHAT", env = "TARDIST_INCOMPLETE",
        help_heading = heading::CONTENT
    )]
    pub incomplete: Option<Incomplete>,

    /// How many repositories are worked on at once, each with its own connection. Without it, the
    /// number of cores, but at least 6 and at most 8
    #[arg(
        long, global = true, value_name = "N", env = "TARDIST_JOBS",
        help_heading = heading::NETWORK
    )]
    pub jobs: Option<usize>,

    /// How much memory the work on one repository may take. A repository that needs more fails, and
    /// is not tried again until it or this setting changes
    #[arg(
        long, global = true, value_name = "SIZE", env = "TARDIST_LIMIT_MEMORY",
        help_heading = heading::LIMITS
    )]
    pub limit_memory: Option<ByteSize>,

    /// How much processor time the work on one repository may take, in all threads together
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_LIMIT_CPU",
        help_heading = heading::LIMITS
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub limit_cpu: Option<SignedDuration>,

    /// How long the work on one repository may take by the clock
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_LIMIT_TIME",
        help_heading = heading::LIMITS
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub limit_time: Option<SignedDuration>,

    /// How long the work on one repository may go on without receiving or finishing anything
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_LIMIT_IDLE",
        help_heading = heading::LIMITS
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub limit_idle: Option<SignedDuration>,

    /// How much disk space the mirror of one repository and its new tarballs may take together
    #[arg(
        long, global = true, value_name = "SIZE", env = "TARDIST_LIMIT_DISK",
        help_heading = heading::LIMITS
    )]
    pub limit_disk: Option<ByteSize>,

    /// How long a cycle may take. What is ready then is published; the rest waits for the next cycle
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_DEADLINE",
        help_heading = heading::LIMITS
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub deadline: Option<SignedDuration>,

    /// How much of the disk stays free: no work begins that would fill it. On a small disk, a
    /// twentieth of it is enough
    #[arg(
        long, global = true, value_name = "SIZE", env = "TARDIST_KEEP_FREE",
        help_heading = heading::LIMITS
    )]
    pub keep_free: Option<ByteSize>,

    /// How many percent of the repositories, or of the tarballs of those that are still listed, may be lost in
    /// one cycle. If an upstream lists less, nothing is changed; `sync --accept-loss` confirms it
    #[arg(
        long, global = true, value_name = "PERCENT", env = "TARDIST_MAX_LOSS",
        help_heading = heading::PUBLISHING
    )]
    pub max_loss: Option<usize>,

    /// How often a failed request is tried again
    #[arg(
        long, global = true, value_name = "N", env = "TARDIST_RETRIES",
        help_heading = heading::NETWORK
    )]
    pub retries: Option<usize>,

    /// How long to wait for a response to begin or to go on, such as 90s or 5m
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_TIMEOUT",
        help_heading = heading::NETWORK
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub timeout: Option<SignedDuration>,

    /// How long a tarball stays after the snapshot no longer names it: clients may still have its
    /// link
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_GRACE",
        help_heading = heading::PUBLISHING
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub grace: Option<SignedDuration>,

    /// Write an unchanged snapshot again when it is older than this, so that /health can tell an
    /// upstream without changes from a builder that no longer runs
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_REFRESH",
        help_heading = heading::PUBLISHING
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub refresh: Option<SignedDuration>,

    /// After this time a cycle that still works publishes what is ready, and again each time that it
    /// has passed; 0s publishes after each repository
    #[arg(
        long, global = true, value_name = "TIME", env = "TARDIST_PUBLISH_EVERY",
        help_heading = heading::PUBLISHING
    )]
    #[serde(serialize_with = "jiff::fmt::serde::duration::friendly::compact::optional")]
    pub publish_every: Option<SignedDuration>,
    /// How lines are written to standard error
    #[arg(
        long, global = true, value_name = "FORMAT", env = "TARDIST_LOG_FORMAT",
        help_heading = heading::WATCHING
    )]
    pub log_format: Option<LogFormat>,

    /// A file that gets the numbers of each cycle for Prometheus; the name ends in .prom, as the
    /// collector textfile of node_exporter wants it. Its folder has to be there
    #[arg(
        long, global = true, value_name = "FILE", env = "TARDIST_METRICS_FILE",
        help_heading = heading::WATCHING
    )]
    pub metrics_file: Option<PathBuf>,

    /// Where each value was set, by key, for messages about it. A value without an entry was set by
    /// a program.
    #[arg(skip)]
    #[serde(skip)]
    pub set_by: BTreeMap<String, SetBy>,
}

impl Settings {
    /// These settings, and where one of them is not given, that of `other`.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let mut set_by = other.set_by;
        set_by.extend(self.set_by);
        Self {
            data: self.data.or(other.data),
            upstream: self.upstream.or(other.upstream),
            branches: self.branches.or(other.branches),
            release_branches: self.release_branches.or(other.release_branches),
            only: self.only.or(other.only),
            public_url: self.public_url.or(other.public_url),
            store: self.store.or(other.store),
            store_endpoint: self.store_endpoint.or(other.store_endpoint),
            store_region: self.store_region.or(other.store_region),
            store_credentials: self.store_credentials.or(other.store_credentials),
            store_key: self.store_key.or(other.store_key),
            store_public_key: self.store_public_key.or(other.store_public_key),
            contact: self.contact.or(other.contact),
            url_map: self.url_map.or(other.url_map),
            submodule_hosts: self.submodule_hosts.or(other.submodule_hosts),
            submodule_depth: self.submodule_depth.or(other.submodule_depth),
            composer: self.composer.or(other.composer),
            composer_timeout: self.composer_timeout.or(other.composer_timeout),
            incomplete: self.incomplete.or(other.incomplete),
            jobs: self.jobs.or(other.jobs),
            limit_memory: self.limit_memory.or(other.limit_memory),
            limit_cpu: self.limit_cpu.or(other.limit_cpu),
            limit_time: self.limit_time.or(other.limit_time),
            limit_idle: self.limit_idle.or(other.limit_idle),
            limit_disk: self.limit_disk.or(other.limit_disk),
            deadline: self.deadline.or(other.deadline),
            keep_free: self.keep_free.or(other.keep_free),
            max_loss: self.max_loss.or(other.max_loss),
            retries: self.retries.or(other.retries),
            timeout: self.timeout.or(other.timeout),
            grace: self.grace.or(other.grace),
            refresh: self.refresh.or(other.refresh),
            publish_every: self.publish_every.or(other.publish_every),
            log_format: self.log_format.or(other.log_format),
            metrics_file: self.metrics_file.or(other.metrics_file),
            set_by,
        }
    }

    /// The values that are given, as TOML, by key.
    pub fn values(&self) -> toml::Table {
        // Every field is text, a number, a list or a table; TOML has all of these.
        toml::Table::try_from(self).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_gives_a_value_wins_with_its_place() {
        let flag = SetBy::Flag("--jobs".into());
        let file = SetBy::File { path: "f".into(), line: 1, column: 1 };
        let set_by = |place: &SetBy| BTreeMap::from([("jobs".to_owned(), place.clone())]);
        let first = Settings { jobs: Some(1), set_by: set_by(&flag), ..Settings::default() };
        let second = Settings {
            jobs: Some(2),
            retries: Some(2),
            set_by: set_by(&file),
            ..Settings::default()
        };
        let both = first.or(second);
        assert_eq!((both.jobs, both.retries), (Some(1), Some(2)));
        assert_eq!(both.set_by["jobs"], flag);
    }
}
