//! The fetches of submodules in one job, and their limits.
//!
//! Content decides how many commits of submodules are asked for, and they need not exist. So a commit that could not be
//! fetched is not asked for again in the same job, the whole history of a repository is fetched once, and only
//! a few failures are taken. More of them fail the branch: its tarball would lack folders, and which ones would
//! depend on what other branches ask for.
//!
//! **A server that is down.** Its other submodules are not asked for in the same job: each would take as long as the
//! first. The branch goes on without them, and the next cycle tries again.
//!
//! **The disk.** The mirrors of submodules are shared, so nothing counts them for a repository but the growth that its job
//! caused. What exceeds the limit is removed again, at the end of the job.
//!
//! **The whole history.** A commit is fetched by its id, without its history. Servers that
//! do not give commits by id, such as plain `git http-backend` without
//! `uploadpack.allowReachableSHA1InWant`, leave only one way: all branches with all commits, since nothing says
//! how deep the commit is. This can be large; its limit is that of any pack. A server that would give
//! the commit by id, if it had it, is not asked for its history.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    time::Instant,
};

use git2::{ErrorClass, Oid};
use tardist_contract::BranchName;

use crate::{
    Error,
    git::{keep::KeepRef, mirror::Mirror},
    limits::git::{MAX_FAILED_FETCHES, PATIENCE},
    net::{Http, Origin},
    object,
};

/// After so many fetches that failed for the moment, an origin is not asked again in the same job: content decides how
/// many there are, and each takes some ten seconds with its retries.
const MAX_STUMBLES: usize = 3;

/// Why a commit cannot be fetched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotFetched {
    /// For the operator.
    pub reason: String,
    /// True if a server could not be reached or was overloaded.
    pub may_pass: bool,
}

/// What the fetches of one job have found out.
#[derive(Debug, Default)]
pub struct SubmoduleFetches {
    /// Why a commit of a URL cannot be fetched.
    failed: BTreeMap<(String, Oid), String>,
    /// Why a URL, or all URLs of an origin, cannot be reached for the moment.
    unreachable: BTreeMap<String, NotFetched>,
    /// How often a fetch from an origin failed for the moment.
    stumbles: BTreeMap<String, usize>,
    /// The URLs whose whole history was fetched, or that do not need it.
    complete: BTreeSet<String>,
    /// How many fetches failed for good.
    failures: usize,
    /// What was done in which mirror.
    used: BTreeMap<PathBuf, Used>,
    /// What earlier branches have had: how many fetches failed, and by how many bytes the mirrors have grown.
    earlier: (usize, u64),
    /// True if this branch came to a limit, and earlier ones had a part in it.
    is_shared_excess: bool,
    /// Whether they have grown too much. Then nothing else is fetched: other branches are made without it, or wait.
    has_exceeded: bool,
}

/// What a job has done in the mirror of a submodule.
#[derive(Debug, Default)]
pub struct Used {
    /// By how many bytes it has grown.
    pub grown: u64,
    /// The refs that keep its commits for the branches of the job.
    pub kept: BTreeSet<KeepRef>,
}

impl SubmoduleFetches {
    /// What was done in which mirror, by its path.
    pub fn used(&self) -> &BTreeMap<PathBuf, Used> {
        &self.used
    }

    /// The commits of this branch need not stay, since its content fails it.
    pub fn release(&mut self, branch: &BranchName) {
        for used in self.used.values_mut() {
            used.kept.retain(|keep_ref| keep_ref.branch != branch.as_str());
        }
    }

    /// Another branch of the repository begins.
    pub fn begin_branch(&mut self) {
        (self.earlier, self.is_shared_excess) = ((self.failures, self.grown()), false);
    }

    /// True if the branch came to a limit that all branches have together, and earlier ones had a part in that. By itself,
    /// it might not.
    pub fn is_shared_excess(&self) -> bool {
        self.is_shared_excess
    }

    /// True if all mirrors together have grown too much.
    pub fn has_exceeded(&self) -> bool {
        self.has_exceeded
    }

    fn grown(&self) -> u64 {
        self.used.values().map(|it| it.grown).sum()
    }

    /// Fetches a commit into the mirror of a submodule if it is not there, and points `keep_ref` to it. The inner
    /// error says why it cannot be fetched. `most` is by how many bytes all mirrors may grow.
    ///
    /// # Errors
    /// What is wrong on this machine, such as a full disk, and [`Error::TooLarge`] after too many commits that
    /// cannot be fetched, or too many bytes.
    pub fn fetch(
        &mut self,
        http: &Http,
        mirror: &Mirror,
        commit: Oid,
        keep_ref: &KeepRef,
        most: u64,
    ) -> Result<Result<(), NotFetched>, Error> {
        let before = if mirror.has_commit(commit) { None } else { Some(mirror.bytes()?) };
        if self.has_exceeded && before.is_some() {
            let reason = "it was not asked for, since other submodules took all the disk space (setting limit-disk)";
            return Ok(Err(NotFetched { reason: reason.to_owned(), may_pass: true }));
        }
        let fetched = self.fetch_from(&Upstream { http, mirror, keep_ref }, commit);
        let used = self.used.entry(mirror.path().to_owned()).or_default();
        if let Some(before) = before {
            used.grown += mirror.bytes()?.saturating_sub(before);
        }
        let fetched = fetched?;
        if fetched.is_ok() {
            mirror.keep(commit, keep_ref)?;
            used.kept.insert(keep_ref.clone());
        }
        if before.is_some() && self.grown() > most {
            self.has_exceeded = true;
            self.is_shared_excess = self.earlier.1 > 0;
            let unit = "bytes on disk (setting limit-disk)";
            return Err(Error::TooLarge {
                what: "what it needs of submodules".to_owned(),
                limit: most,
                unit,
            });
        }
        Ok(fetched)
    }

    /// Forgets what mirrors had: one of them was removed. The failures still count.
    pub fn forget_mirrors(&mut self) {
        self.failed.clear();
        self.complete.clear();
    }

    fn fetch_from(
        &mut self,
        from: &impl Source,
        commit: Oid,
    ) -> Result<Result<(), NotFetched>, Error> {
        if from.has(commit) {
            return Ok(Ok(()));
        }
        let url = from.url();
        let key = (url.to_owned(), commit);
        if let Some(reason) = self.failed.get(&key) {
            return Ok(Err(NotFetched { reason: reason.clone(), may_pass: false }));
        }
        let places = [Some(url.to_owned()), origin(url)];
        if let Some(known) = places.iter().flatten().find_map(|it| self.unreachable.get(it)) {
            let reason = format!("it was not asked again, since {}", known.reason);
            return Ok(Err(NotFetched { reason, ..*known }));
        }
        if self.failures == MAX_FAILED_FETCHES {
            self.is_shared_excess = self.earlier.0 > 0;
            let what = "the repository".to_owned();
            let (limit, unit) = (MAX_FAILED_FETCHES as u64, "submodules that cannot be fetched");
            return Err(Error::TooLarge { what, limit, unit });
        }
        let start = Instant::now();
        let reason = match self.ask(from, commit) {
            Ok(true) => return Ok(Ok(())),
            Ok(false) => format!("{url} does not have its commit {commit}"),
            Err(error) if is_own_fault(&error) => return Err(error),
            Err(error) if error.is_transient() && !error.is_wrong_pack() => {
                let may_pass = start.elapsed() < PATIENCE;
                let missing = NotFetched { reason: error.to_string(), may_pass };
                let origin = origin(url).unwrap_or_else(|| url.to_owned());
                let stumbles = self.stumbles.entry(origin.clone()).or_default();
                *stumbles += 1;
                let is_all = concerns_host(&error) || *stumbles == MAX_STUMBLES;
                let place = if is_all { origin } else { url.to_owned() };
                self.unreachable.insert(place, missing.clone());
                return Ok(Err(missing));
            }
            Err(error) => error.to_string(),
        };
        self.failures += 1;
        self.failed.insert(key, reason.clone());
        Ok(Err(NotFetched { reason, may_pass: false }))
    }

    /// Asks for a commit by its id, then for all others as well if that may help. Returns false if the upstream does
    /// not have it.
    fn ask(&mut self, from: &impl Source, commit: Oid) -> Result<bool, Error> {
        if from.fetch_by_id(commit)? {
            return Ok(true);
        }
        if self.complete.contains(from.url()) {
            return Ok(false);
        }
        if !from.gives_by_id()? {
            from.fetch_history()?;
        }
        self.complete.insert(from.url().to_owned());
        Ok(from.has(commit))
    }
}

/// True for what is wrong on this machine, whatever the server says: another try in another way helps no more.
fn is_own_fault(error: &Error) -> bool {
    match error {
        Error::Git { source, .. } => {
            error.is_out_of_memory()
                || object::is_damage(source)
                || matches!(source.class(), ErrorClass::Os | ErrorClass::Filesystem)
        }
        Error::Fetch { .. } | Error::NotSent { .. } => false,
        _ => true,
    }
}

/// True if an error says that all of a server is out of reach, not only one of its repositories.
fn concerns_host(error: &Error) -> bool {
    match error {
        Error::Fetch { source, .. } => source.status().is_none_or(|it| matches!(it, 429 | 503)),
        _ => false,
    }
}

fn origin(url: &str) -> Option<String> {
    Origin::of(url).map(|origin| origin.to_string())
}

/// Where the commits of a submodule come from.
trait Source {
    fn url(&self) -> &str;
    /// True if the mirror has a commit.
    fn has(&self, commit: Oid) -> bool;
    /// Returns false if the server refuses.
    fn fetch_by_id(&self, commit: Oid) -> Result<bool, Error>;
    /// True if the server says that it gives every commit that it has by its id.
    fn gives_by_id(&self) -> Result<bool, Error>;
    fn fetch_history(&self) -> Result<(), Error>;
}

struct Upstream<'a> {
    http: &'a Http,
    mirror: &'a Mirror,
    keep_ref: &'a KeepRef,
}

impl Source for Upstream<'_> {
    fn url(&self) -> &str {
        self.mirror.url()
    }

    fn has(&self, commit: Oid) -> bool {
        self.mirror.has_commit(commit)
    }

    fn fetch_by_id(&self, commit: Oid) -> Result<bool, Error> {
        self.mirror.fetch_commit(self.http, commit, self.keep_ref)
    }

    fn gives_by_id(&self) -> Result<bool, Error> {
        self.mirror.gives_commits_by_id(self.http)
    }

    fn fetch_history(&self) -> Result<(), Error> {
        self.mirror.fetch_history(self.http)
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, io};

    use super::*;
    use crate::net::HttpError;

    /// A server, and what it was asked.
    #[derive(Default)]
    struct Server {
        /// What it gives by id, if it does so at all.
        by_id: Option<BTreeSet<Oid>>,
        /// What its branches reach.
        history: BTreeSet<Oid>,
        is_down: bool,
        url: &'static str,
        /// The status that it answers with.
        status: Option<u16>,
        disk_is_full: bool,
        sends_no_pack: bool,
        mirror: RefCell<BTreeSet<Oid>>,
        asked: RefCell<Vec<&'static str>>,
    }

    impl Server {
        fn ask(&self, what: &'static str) -> Result<(), Error> {
            self.asked.borrow_mut().push(what);
            let url = self.url().to_owned();
            if self.is_down {
                let source = HttpError::interrupted(&url, io::Error::other("down"));
                return Err(Error::Fetch { url, source });
            }
            if let Some(status) = self.status {
                let status = status.try_into().unwrap();
                let source = HttpError::Status {
                    url: url.clone(),
                    status,
                    retry_after: None,
                    location: None,
                };
                return Err(Error::Fetch { url, source });
            }
            let fault = match (self.disk_is_full, self.sends_no_pack) {
                (true, _) => Some((ErrorClass::Os, "full")),
                (_, true) => Some((ErrorClass::Indexer, "no pack")),
                _ => None,
            };
            if let Some((class, text)) = fault {
                let source = git2::Error::new(git2::ErrorCode::GenericError, class, text);
                return Err(Error::Git { action: "fetch".to_owned(), source });
            }
            Ok(())
        }

        fn asked(&self) -> Vec<&'static str> {
            self.asked.take()
        }
    }

    impl Source for Server {
        fn url(&self) -> &str {
            if self.url.is_empty() { "https://g.example/x" } else { self.url }
        }

        fn has(&self, commit: Oid) -> bool {
            self.mirror.borrow().contains(&commit)
        }

        fn fetch_by_id(&self, commit: Oid) -> Result<bool, Error> {
            self.ask("commit")?;
            let has = self.by_id.as_ref().is_some_and(|commits| commits.contains(&commit));
            if has {
                self.mirror.borrow_mut().insert(commit);
            }
            Ok(has)
        }

        fn gives_by_id(&self) -> Result<bool, Error> {
            self.ask("capabilities")?;
            Ok(self.by_id.is_some())
        }

        fn fetch_history(&self) -> Result<(), Error> {
            self.ask("history")?;
            self.mirror.borrow_mut().extend(&self.history);
            Ok(())
        }
    }

    fn id(number: usize) -> Oid {
        format!("{number:040x}").parse().unwrap()
    }

    #[test]
    fn a_commit_is_fetched_by_its_id_and_once() {
        let server = Server { by_id: Some([id(1)].into()), ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        for _ in 0..2 {
            assert_eq!(fetches.fetch_from(&server, id(1)).unwrap(), Ok(()));
        }
        assert_eq!(server.asked(), ["commit"]);
    }

    #[test]
    fn the_history_is_fetched_once_and_only_if_ids_do_not_help() {
        let history: BTreeSet<Oid> = [id(1), id(2)].into();
        let server = Server { history, ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        for number in [1, 2] {
            assert_eq!(fetches.fetch_from(&server, id(number)).unwrap(), Ok(()));
        }
        assert!(fetches.fetch_from(&server, id(3)).unwrap().is_err());
        assert_eq!(server.asked(), ["commit", "capabilities", "history", "commit"]);

        let server = Server { by_id: Some(BTreeSet::new()), ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        for number in [1, 2] {
            let reason = fetches.fetch_from(&server, id(number)).unwrap().unwrap_err();
            let expected = format!("https://g.example/x does not have its commit {}", id(number));
            assert_eq!(reason, NotFetched { reason: expected, may_pass: false });
        }
        assert_eq!(server.asked(), ["commit", "capabilities", "commit"]);
    }

    #[test]
    fn a_commit_that_is_missing_is_asked_for_once_and_a_few_of_them_only() {
        let server = Server { by_id: Some([id(9)].into()), ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        for number in 100..100 + MAX_FAILED_FETCHES {
            for _ in 0..3 {
                assert!(fetches.fetch_from(&server, id(number)).unwrap().is_err());
            }
        }
        assert_eq!(server.asked().len(), MAX_FAILED_FETCHES + 1);
        for _ in 0..300 {
            let error = fetches.fetch_from(&server, id(1)).unwrap_err().to_string();
            assert!(
                error.starts_with(
                    "the repository has more than 20 submodules that cannot be fetched"
                ),
                "{error}"
            );
        }
        assert_eq!(server.asked(), [""; 0]);
        // What is known does not count.
        assert!(fetches.fetch_from(&server, id(100)).unwrap().is_err());
        server.mirror.borrow_mut().insert(id(9));
        assert_eq!(fetches.fetch_from(&server, id(9)).unwrap(), Ok(()));
    }

    #[test]
    fn a_limit_that_branches_have_together_is_not_held_against_the_last_of_them() {
        let server = Server { by_id: Some(BTreeSet::new()), ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        fetches.begin_branch();
        for number in 100..100 + MAX_FAILED_FETCHES {
            assert!(fetches.fetch_from(&server, id(number)).unwrap().is_err());
        }
        fetches.begin_branch();
        fetches.fetch_from(&server, id(1)).unwrap_err();
        assert!(fetches.is_shared_excess());

        let mut fetches = SubmoduleFetches::default();
        fetches.begin_branch();
        let all = (100..=100 + MAX_FAILED_FETCHES).map(|it| fetches.fetch_from(&server, id(it)));
        assert!(all.last().unwrap().is_err());
        assert!(!fetches.is_shared_excess(), "the branch did it by itself");
    }

    #[test]
    fn a_server_with_many_repositories_that_fail_for_the_moment_is_not_asked_for_all_of_them() {
        let mut fetches = SubmoduleFetches::default();
        let urls = ["a", "b", "c", "d", "e"].map(|name| format!("https://g.example/{name}"));
        let mut asked = 0;
        for url in urls {
            let server = Server { status: Some(500), url: url.leak(), ..Server::default() };
            let missing = fetches.fetch_from(&server, id(1)).unwrap().unwrap_err();
            assert!(missing.may_pass, "{missing:?}");
            asked += server.asked().len();
        }
        assert_eq!(asked, MAX_STUMBLES);
    }

    #[test]
    fn a_server_that_is_down_is_asked_once_for_all_its_repositories() {
        let server = Server { is_down: true, ..Server::default() };
        let neighbour = Server { is_down: true, url: "https://g.example/y", ..Server::default() };
        let other =
            Server { by_id: Some([id(1)].into()), url: "https://o.example/x", ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        for number in 0..2 * MAX_FAILED_FETCHES {
            for server in [&server, &neighbour] {
                let missing = fetches.fetch_from(server, id(number)).unwrap().unwrap_err();
                assert!(missing.may_pass, "{missing:?}");
                assert!(missing.reason.contains("g.example/x cannot be reached"), "{missing:?}");
            }
        }
        assert_eq!((server.asked(), neighbour.asked()), (vec!["commit"], vec![]));
        assert_eq!(fetches.fetch_from(&other, id(1)).unwrap(), Ok(()));
    }

    #[test]
    fn a_server_that_is_overloaded_is_asked_once_and_one_that_has_a_bad_repository_again() {
        for (status, asked) in [(503, 0), (429, 0), (500, 1), (404, 1)] {
            let server = Server { status: Some(status), ..Server::default() };
            let url = "https://g.example/y";
            let neighbour = Server { by_id: Some([id(1)].into()), url, ..Server::default() };
            let mut fetches = SubmoduleFetches::default();
            let missing = fetches.fetch_from(&server, id(1)).unwrap().unwrap_err();
            assert_eq!(missing.may_pass, status != 404, "{missing:?}");
            let _ = fetches.fetch_from(&neighbour, id(1)).unwrap();
            assert_eq!(neighbour.asked().len(), asked, "{status}");
        }
    }

    #[test]
    fn a_wrong_pack_of_a_submodule_counts_as_a_failure_that_stays() {
        let server = Server { sends_no_pack: true, ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        for _ in 0..2 {
            let missing = fetches.fetch_from(&server, id(1)).unwrap().unwrap_err();
            assert!(!missing.may_pass && missing.reason.contains("no pack"), "{missing:?}");
        }
        assert_eq!(server.asked(), ["commit"]);
    }

    #[test]
    fn the_commits_of_a_branch_that_cannot_be_read_are_not_kept() {
        let mut fetches = SubmoduleFetches::default();
        let id = "extensions/A".parse().unwrap();
        let [one, other] = ["master", "REL1_45"].map(|name| name.parse().unwrap());
        let used = fetches.used.entry(PathBuf::from("m")).or_default();
        used.kept.extend([&one, &other].map(|branch| KeepRef::new(&id, branch, "sub")));
        fetches.release(&one);
        let kept: Vec<_> = fetches.used()[&PathBuf::from("m")].kept.iter().collect();
        assert_eq!(kept, [&KeepRef::new(&id, &other, "sub")]);
    }

    #[test]
    fn a_full_disk_is_no_fault_of_the_server() {
        let server = Server { disk_is_full: true, ..Server::default() };
        let error = SubmoduleFetches::default().fetch_from(&server, id(1)).unwrap_err();
        assert!(error.to_string().contains("full"), "{error}");
    }

    #[test]
    fn a_mirror_that_was_removed_is_fetched_again() {
        let server = Server { history: [id(1)].into(), ..Server::default() };
        let mut fetches = SubmoduleFetches::default();
        assert_eq!(fetches.fetch_from(&server, id(1)).unwrap(), Ok(()));
        server.mirror.borrow_mut().clear();
        fetches.forget_mirrors();
        assert_eq!(fetches.fetch_from(&server, id(1)).unwrap(), Ok(()));
        let once = ["commit", "capabilities", "history"];
        assert_eq!(server.asked(), [once, once].concat());
    }
}
