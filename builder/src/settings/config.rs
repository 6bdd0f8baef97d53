//! The checked configuration: every value is there, and is one that its setting takes.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{self, Path, PathBuf},
    time::Duration,
};

use bytesize::ByteSize;
use jiff::SignedDuration;

use super::{
    form::{Form, Takes},
    given::{Incomplete, LogFormat, Settings},
    set_by::SetBy,
};
use crate::{
    Error, RepositoryId,
    content::Composer,
    git::{submodule_host::SubmoduleHost, url_map::UrlMap},
    limits::job::JobLimits,
    net::{Hosts, HttpLimits, HttpOptions, Origin},
    store::{Access, address::StoreUrl},
    upstream::{Branches, Spec},
};

/// The configuration of one run of the builder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The data directory.
    pub data: PathBuf,
    /// Where the repositories are; never empty. Where several have a repository, the first one
    /// wins.
    pub upstreams: Vec<Spec>,
    /// The branches to distribute; never empty.
    pub branches: Branches,
    /// The only repositories to sync; empty for all.
    pub only: BTreeSet<RepositoryId>,
    /// True if the command line chose them, for one run.
    pub is_chosen: bool,
    /// The start of a tarball's URL, without a slash at its end. Empty: the URL is a path.
    pub public_url: String,
    /// The object store to publish to, and to pull from. `None` if there is none.
    pub store: Option<Access>,
    /// The file with the secret key that signs what is published there.
    pub store_key: Option<PathBuf>,
    /// The public key that what is pulled has to be signed by: the key, or the file that has it.
    pub store_public_key: Option<String>,
    /// Who runs this, for the `User-Agent`.
    pub contact: String,
    /// Where submodules are fetched from.
    pub url_map: Vec<UrlMap>,
    /// Which servers submodules may be fetched from, besides those of upstreams and of the map.
    pub submodule_hosts: Vec<SubmoduleHost>,
    /// How deep submodules are included; 0 for none.
    pub submodule_depth: usize,
    /// The Composer step; `None` where it is not wanted.
    pub composer: Option<Composer>,
    /// What becomes of a tarball from which something is missing.
    pub incomplete: Incomplete,
    /// How many repositories are worked on at once.
    pub jobs: usize,
    /// What the work on one repository may take.
    pub limits: JobLimits,
    /// How long a cycle may take before it publishes what is ready.
    pub deadline: Duration,
    /// How many bytes of the disk stay free.
    pub keep_free: u64,
    /// How much may be lost in one cycle, in percent.
    pub max_loss: usize,
    /// How often a failed request is tried again.
    pub retries: usize,
    /// How long to wait for a response to begin or to go on.
    pub timeout: Duration,
    /// How long a tarball stays after the snapshot no longer names it.
    pub grace: Duration,
    /// The age at which an unchanged snapshot is written again.
    pub refresh: Duration,
    /// After how much time a cycle that still works publishes what is ready.
    pub publish_every: Duration,
    /// The form of the lines on standard error.
    pub log_format: LogFormat,
    /// The file that gets the numbers of each cycle; `None` where none is wanted.
    pub metrics_file: Option<PathBuf>,
}

/// Checks values, and collects messages about the wrong ones.
struct Check {
    set_by: BTreeMap<String, SetBy>,
    wrong: Vec<String>,
}

impl Check {
    fn refuse(&mut self, key: &str, value: &str) {
        let message = match Form::of(key) {
            Some(form) => form.refuse_value(self.set_by.get(key), value),
            None => format!("{key}: {value} is wrong"),
        };
        self.wrong.push(message);
    }

    /// The same with a reason, which says more than what the setting takes.
    fn refuse_for(&mut self, key: &str, reason: &str) {
        let message = match Form::of(key) {
            Some(form) => form.refuse(self.set_by.get(key), reason),
            None => format!("{key}: {reason}"),
        };
        self.wrong.push(message);
    }

    /// A URL without a slash at its end. It may be empty.
    fn url(&mut self, key: &str, url: Option<String>) -> String {
        let url = url.unwrap_or_default();
        match Origin::check_base(&url) {
            Err(wrong) if !url.is_empty() => {
                self.refuse_for(key, &format!("{:?} {wrong}", without_secrets(&url)));
            }
            _ => {}
        }
        url.trim_end_matches('/').to_owned()
    }

    /// The file for the numbers. Another file would be replaced by it, as would be the snapshot.
    fn metrics_file(&mut self, path: Option<PathBuf>) -> Option<PathBuf> {
        let path = not_empty(path)?;
        if path.extension().is_none_or(|extension| extension != "prom") {
            self.refuse("metrics-file", &format!("{:?}", path.to_string_lossy()));
        }
        Some(path)
    }

    /// The store, if one is given.
    fn store(&mut self, settings: &Settings) -> Option<Access> {
        let given = |text: &Option<String>| text.clone().unwrap_or_default();
        let endpoint = self.url("store-endpoint", settings.store_endpoint.clone());
        let region = given(&settings.store_region);
        let is_of_region = |c: char| c.is_ascii_alphanumeric() || c == '-';
        if region.is_empty() || region.len() > 63 || !region.chars().all(is_of_region) {
            self.refuse("store-region", &format!("{region:?}"));
        }
        let text = given(&settings.store);
        if text.is_empty() {
            return None;
        }
        let credentials = not_empty(settings.store_credentials.clone());
        match text.parse() {
            Ok(url) => Some(Access { url, endpoint, region, credentials }),
            Err(reason) => {
                let reason: String = reason;
                self.refuse_for("store", &reason);
                None
            }
        }
    }

    /// The folders of the data directory and of the store.
    fn folders(&mut self, config: &Config) {
        if config.data.as_os_str().is_empty() {
            self.refuse("data", "\"\"");
        }
        if config.data.to_str().is_none() {
            // Workers are told the path in JSON.
            self.refuse_for("data", &format!("{:?} is not UTF-8", config.data));
        }
        if let Some(Access { url: url @ StoreUrl::Folder(folder), .. }) = &config.store
            && is_in(folder, &config.data)
        {
            // The store's folders would be those of the data directory, or some day be named as one of them.
            let reason =
                format!("{url} is the data directory, or in it; give it a folder of its own");
            self.refuse_for("store", &reason);
        }
    }

    fn number(&mut self, key: &str, number: Option<usize>) -> usize {
        let number = number.unwrap_or_default();
        if Form::of(key).is_some_and(|form| !form.takes.allows_number(number)) {
            self.refuse(key, &number.to_string());
        }
        number
    }

    fn size(&mut self, key: &str, size: Option<ByteSize>) -> u64 {
        let size = size.unwrap_or_default();
        if Form::of(key).is_some_and(|form| !form.takes.allows_size(size)) {
            self.refuse(key, &size.to_string());
        }
        size.as_u64()
    }

    fn time(&mut self, key: &str, time: Option<SignedDuration>) -> Duration {
        let given = time.unwrap_or_default();
        let allowed =
            |time: &Duration| Form::of(key).is_none_or(|form| form.takes.allows_time(*time));
        let Some(time) = Duration::try_from(given).ok().filter(allowed) else {
            self.refuse(key, &format!("{given:#}"));
            return Duration::ZERO;
        };
        if let Err(wrong) = Takes::check_most(time) {
            self.refuse_for(key, &format!("{given:#} {wrong}"));
        }
        time
    }
}

/// A URL for a message: without what is, or may be, a user and a password, and without a query, which may have a token.
fn without_secrets(url: &str) -> String {
    let shown = match url.rsplit_once('@') {
        Some((before, after)) => {
            let scheme = before.split_once("://").map_or("", |(scheme, _)| scheme);
            format!("{scheme}{}…@{after}", if scheme.is_empty() { "" } else { "://" })
        }
        None => url.to_owned(),
    };
    match shown.split_once(['?', '#']) {
        Some((before, _)) => format!("{before}…"),
        None => shown,
    }
}

/// True if a folder is the other one, or in it. They may not exist yet.
fn is_in(folder: &Path, other: &Path) -> bool {
    let real = |path: &Path| {
        let path = path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let real = path.ancestors().find_map(|above| Some((above, fs::canonicalize(above).ok()?)));
        real.map_or(path.clone(), |(above, real)| {
            real.join(path.strip_prefix(above).unwrap_or(&path))
        })
    };
    real(folder).starts_with(real(other))
}

/// The path, if it is not empty.
fn not_empty(path: Option<PathBuf>) -> Option<PathBuf> {
    path.filter(|path| !path.as_os_str().is_empty())
}

impl Config {
    /// The repositories that the command line chose for this run; none if it chose none.
    pub fn chosen(&self) -> impl Iterator<Item = &RepositoryId> {
        self.only.iter().filter(|_| self.is_chosen)
    }

    /// Checks settings, and takes the default where one is not given.
    ///
    /// # Errors
    /// [`Error::Config`] with everything that is wrong, a line each: where it was set, what is
    /// wrong and what to write instead.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let mut check = Check { set_by: settings.set_by.clone(), wrong: Vec::new() };
        // Whoever names branches wants these, and no others that come by themselves.
        let is_list = settings.branches.is_some() && settings.release_branches.is_none();
        let settings = settings.or(Settings::defaults());
        let newest = match is_list {
            true => 0,
            false => check.number("release-branches", settings.release_branches),
        };
        let composer_timeout = check.time("composer-timeout", settings.composer_timeout);
        let program = not_empty(settings.composer.clone());
        let store = check.store(&settings);
        let config = Self {
            data: settings.data.unwrap_or_default(),
            upstreams: settings.upstream.unwrap_or_default(),
            branches: Branches::new(settings.branches.into_iter().flatten(), newest),
            only: settings.only.into_iter().flatten().collect(),
            is_chosen: matches!(check.set_by.get("only"), Some(SetBy::Flag(_))),
            public_url: check.url("public-url", settings.public_url),
            store,
            store_key: not_empty(settings.store_key),
            store_public_key: settings.store_public_key.filter(|key| !key.trim().is_empty()),
            contact: settings.contact.unwrap_or_default(),
            url_map: settings.url_map.unwrap_or_default(),
            submodule_hosts: settings.submodule_hosts.unwrap_or_default(),
            submodule_depth: check.number("submodule-depth", settings.submodule_depth),
            composer: program.map(|program| Composer { program, timeout: composer_timeout }),
            incomplete: settings.incomplete.unwrap_or_default(),
            jobs: check.number("jobs", settings.jobs),
            limits: JobLimits {
                memory: check.size("limit-memory", settings.limit_memory),
                cpu: check.time("limit-cpu", settings.limit_cpu),
                time: check.time("limit-time", settings.limit_time),
                idle: check.time("limit-idle", settings.limit_idle),
                disk: check.size("limit-disk", settings.limit_disk),
            },
            deadline: check.time("deadline", settings.deadline),
            keep_free: check.size("keep-free", settings.keep_free),
            max_loss: check.number("max-loss", settings.max_loss),
            retries: check.number("retries", settings.retries),
            timeout: check.time("timeout", settings.timeout),
            grace: check.time("grace", settings.grace),
            refresh: check.time("refresh", settings.refresh),
            publish_every: check.time("publish-every", settings.publish_every),
            log_format: settings.log_format.unwrap_or_default(),
            metrics_file: check.metrics_file(settings.metrics_file),
        };
        if config.upstreams.is_empty() {
            check.refuse("upstream", "an empty list");
        }
        if config.branches.is_empty() {
            check.refuse("branches", "an empty list");
        }
        check.folders(&config);
        let plain = |c: char| (' '..='~').contains(&c) && c != '(' && c != ')';
        if !config.contact.chars().all(plain) {
            check.refuse("contact", &format!("{:?}", config.contact));
        }
        if check.wrong.is_empty() { Ok(config) } else { Err(Error::Config(check.wrong.join("\n"))) }
    }

    /// How requests are made: with `User-Agent: tardist/VERSION (contact)`, and to the hosts that
    /// the URL map leads to and that submodules may come from. The hosts of the upstreams are added when these are open
    /// ([`upstream::allow`](crate::upstream::allow)).
    pub fn http_options(&self) -> HttpOptions {
        HttpOptions {
            credentials: Vec::new(),
            user_agent: format!("tardist/{} ({})", env!("CARGO_PKG_VERSION"), self.contact),
            allowed: (self.url_map.iter().map(|map| map.to.clone()))
                .chain(self.submodule_hosts.iter().map(ToString::to_string))
                .collect(),
            retries: self.retries,
            timeout: self.timeout,
            limits: HttpLimits::default(),
            hosts: Hosts::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;
    use crate::upstream::{self, wikimedia};

    #[test]
    fn nothing_set_is_wikimedia_with_master_and_the_newest_release_branches() {
        let config = Config::new(Settings::default()).unwrap();
        assert_eq!(config.upstreams, [wikimedia::GERRIT.parse().unwrap()]);
        assert_eq!(config.branches, Branches::new(["master".parse().unwrap()], 4));
        assert_eq!(config.http_options().allowed, [""; 0]);
        let upstreams = upstream::open(&config.upstreams).unwrap();
        let allowed: BTreeSet<String> =
            upstream::allow(config.http_options(), &upstreams).allowed.into_iter().collect();
        let hosts = [wikimedia::GERRIT].into_iter().chain(wikimedia::SUBMODULE_HOSTS);
        assert_eq!(allowed, hosts.map(str::to_owned).collect());
    }

    #[test]
    fn whoever_names_branches_gets_no_others_unless_both_are_given() {
        let rules = |rules: &[&str]| rules.iter().map(|rule| rule.parse().unwrap()).collect();
        let config = |branches: Option<&[&str]>, release_branches| {
            let branches = branches.map(rules);
            Config::new(Settings { branches, release_branches, ..Settings::default() })
        };
        let newest = |branches, newest| config(branches, newest).unwrap().branches.newest;
        assert_eq!(newest(Some(&["REL1_43"]), None), 0);
        assert_eq!(newest(Some(&["master", "REL1_*"]), Some(2)), 2);
        assert_eq!((newest(None, Some(20)), newest(None, Some(0))), (20, 0));
        assert!(config(Some(&[]), Some(1)).is_ok(), "release branches alone");
        for (newest, says) in [(Some(21), "release-branches: 21 is not"), (Some(0), "branches: ")] {
            let error = config(Some(&[]), newest).unwrap_err().to_string();
            assert!(error.contains(says), "{error}");
        }
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
            store: Some("https://s3.example.org/bucket".into()),
            store_endpoint: Some("s3.example.org".into()),
            store_region: Some("eu/west".into()),
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
            "store",
            "store-endpoint",
            "store-region",
        ] {
            assert!(error.contains(&format!("{setting}: ")), "{setting} in {error}");
        }
    }

    #[test]
    fn a_store_is_not_in_the_data_directory() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for name in ["data/dist", "store"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        std::os::unix::fs::symlink(root.join("data"), root.join("link")).unwrap();
        let told = |store: &str| {
            let store = Some(format!("file://{}", root.join(store).display()));
            let settings = Settings { store, data: Some(root.join("data")), ..Settings::default() };
            Config::new(settings).map(drop).map_err(|error| error.to_string())
        };
        for store in ["data", "data/", "data/dist", "data/new", "link/dist", "link/new/er"] {
            let error = told(store).unwrap_err();
            let says =
                "is the data directory, or in it; give it a folder of its own; write store = ";
            assert!(error.starts_with("store: ") && error.contains(says), "{store}: {error}");
        }
        for store in ["store", "data2", ""] {
            assert_eq!(told(store), Ok(()), "{store}");
        }
    }

    #[test]
    fn the_path_of_the_data_directory_is_utf_8() {
        let data = Some(PathBuf::from(std::ffi::OsString::from_vec(vec![b'd', 0xff])));
        let error = Config::new(Settings { data, ..Settings::default() }).unwrap_err().to_string();
        assert!(error.starts_with("data: \"d\\xFF\" is not UTF-8; write data = "), "{error}");
    }

    #[test]
    fn what_is_out_of_range_is_told_with_where_it_was_set() {
        let file = |line| SetBy::File { path: "tardist.toml".into(), line, column: 1 };
        let settings = Settings {
            jobs: Some(999),
            retries: Some(101),
            refresh: Some(SignedDuration::ZERO),
            contact: Some("caf\u{e9}".into()),
            set_by: [
                ("jobs".to_owned(), file(12)),
                ("retries".to_owned(), SetBy::Flag("--retries".into())),
                ("refresh".to_owned(), SetBy::Variable("TARDIST_REFRESH".into())),
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
        for bad in ["http://", "https://", "http:///x", "h", "//h", "http://h:99999", "http://h/?x"]
        {
            assert!(public(bad).unwrap_err().contains("public-url: "), "{bad}");
        }
    }

    #[test]
    fn a_wrong_url_is_told_with_what_to_write_and_without_its_password() {
        let told = |url: &str| {
            let settings = Settings { store_endpoint: Some(url.into()), ..Settings::default() };
            Config::new(settings).unwrap_err().to_string()
        };
        assert_eq!(
            told("http://127.0.0.1 x"),
            "store-endpoint: \"http://127.0.0.1 x\" has a character that no URL has, such as a space or a quotation \
             mark; write store-endpoint = \"https://s3.example.org\""
        );
        assert_eq!(
            told("https://user:pa@ss@h.example/x"),
            "store-endpoint: \"https://…@h.example/x\" has a user or a password before its host; write store-endpoint = \
             \"https://s3.example.org\""
        );
        for url in [
            "https://u:secret@h",
            "u:secret@h",
            "https://u:secret @h",
            "https://u:secret?@h",
            "https://u:sec/ret@h secret@h",
            "https://h/?secret",
            "https://h#secret",
        ] {
            assert!(!told(url).contains("secret"), "{}", told(url));
        }
    }

    #[test]
    fn no_time_is_longer_than_ten_years() {
        let told = |time: SignedDuration| {
            let time = Some(time);
            let settings = Settings {
                deadline: time,
                timeout: time,
                grace: time,
                publish_every: time,
                ..Settings::default()
            };
            Config::new(settings).map(|_| ()).map_err(|error| error.to_string())
        };
        let most = SignedDuration::from_hours(3650 * 24);
        assert_eq!(told(most), Ok(()));
        let says = "deadline: 87600h 1s is longer than 87600h (ten years), the most that a time may be; write deadline = \
                    \"2h\"";
        assert_eq!(
            told(most + SignedDuration::from_secs(1)).unwrap_err().lines().next(),
            Some(says)
        );
        let told = told(SignedDuration::from_secs(i64::MAX)).unwrap_err();
        assert_eq!(told.matches("ten years").count(), 4, "{told}");
    }

    #[test]
    fn the_numbers_go_to_a_file_that_ends_in_prom_and_to_no_other() {
        let file = |path: &str| {
            let settings = Settings { metrics_file: Some(path.into()), ..Settings::default() };
            Config::new(settings).map(|it| it.metrics_file).map_err(|error| error.to_string())
        };
        assert_eq!(file(""), Ok(None));
        assert_eq!(file("x/tardist.prom"), Ok(Some("x/tardist.prom".into())));
        for bad in ["data/snapshot.db", "tardist.prom.db", "prom", "x.prom/y"] {
            let says = format!(
                "metrics-file: {bad:?} is not the path of a file whose name ends in .prom, or empty; write metrics-file = \
                 \"/var/lib/tardist/tardist.prom\""
            );
            assert_eq!(file(bad), Err(says));
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
