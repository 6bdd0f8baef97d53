//! The work on one repository: fetches its mirror, then reads the content and makes the tarball of each branch.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tardist_contract::{BranchName, CommitId, TarballName};

use crate::{
    Error,
    catalogue::{BranchRecord, Messages},
    content::{self, Cause, Content, Gitlink, Missing, Remedy},
    data_dir::{atomic, files, layout::Layout, lock::MirrorLock},
    error::IoContext,
    git::{
        keep::{self, KeepRef},
        mirror::Mirror,
        repack,
        submodule_fetches::{NotFetched, SubmoduleFetches, Used},
        submodule_host::SubmoduleHost,
        submodules::Submodules,
        transport, url_map,
    },
    limits::{
        content::{MAX_PUBLISHED_PROBLEM_BYTES, MAX_PUBLISHED_PROBLEMS},
        git::MAX_HOST,
    },
    metadata::{self, About, MessageFiles},
    net::Http,
    object::{self, Oid, Repository},
    tarball::{self, LargeFiles, Subject},
    worker::{
        failure::{Again, Failure},
        message::{Message, Stage},
        order::{Instructions, Job},
        reporter::Reporter,
    },
};

/// Runs a job.
pub(super) struct JobRunner<'a> {
    job: &'a Job,
    instructions: &'a Instructions,
    layout: &'a Layout,
    http: &'a Http,
    reporter: &'a Reporter,
    /// The time that all fetches took, in microseconds.
    fetching: AtomicU64,
    /// The time that the last one took.
    last_fetch: AtomicU64,
}

/// The mirror of a job's repository after its fetch.
struct Fetched {
    mirror: Mirror,
    /// The branches that the server does not send, with its error. The mirror may have an earlier commit of them.
    not_sent: BTreeMap<BranchName, Error>,
}

/// What becomes of a branch.
enum Made {
    /// Its new tarball is in the staging folder.
    New(Box<BranchRecord>),
    /// Its incomplete tarball stands. This is what is missing from it.
    Unchanged(Vec<Missing>),
}

/// What one branch leaves for the next branches of the same repository.
#[derive(Default)]
struct BranchCache {
    messages: MessageFiles,
    large: LargeFiles,
    fetches: SubmoduleFetches,
}

impl<'a> JobRunner<'a> {
    /// A runner for a job.
    pub(super) fn new(
        job: &'a Job,
        instructions: &'a Instructions,
        layout: &'a Layout,
        http: &'a Http,
        reporter: &'a Reporter,
    ) -> Self {
        let (fetching, last_fetch) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { job, instructions, layout, http, reporter, fetching, last_fetch }
    }

    /// The time that all fetches took so far, in microseconds.
    pub(super) fn fetching(&self) -> u64 {
        self.fetching.load(Ordering::Relaxed)
    }

    /// The failure of an error in this job.
    pub(super) fn failure(&self, error: &Error) -> Failure {
        let last = Duration::from_micros(self.last_fetch.load(Ordering::Relaxed));
        Failure::after_fetching(error, &self.instructions.limits, last)
    }

    /// Runs the job, and says what becomes of each branch.
    ///
    /// # Errors
    /// The errors of the mirror and of its fetch, which concern all branches.
    pub(super) fn run(&self) -> Result<(), Error> {
        let job = self.job;
        let mut fetched = self.fetched(job)?;
        let mut removed = BTreeSet::new();
        let mut cache = BranchCache::default();
        for branch in &job.branches {
            cache.fetches.begin_branch();
            let built = loop {
                let built = match fetched.not_sent.remove(branch) {
                    Some(error) => Err(error),
                    None => self.build(job, branch, &fetched.mirror, &mut cache),
                };
                match &built {
                    Err(error @ Error::Damaged { mirror: damaged, .. })
                        if !error.is_out_of_memory() && removed.insert(damaged.clone()) =>
                    {
                        self.discard(damaged, error)?;
                        cache.fetches.forget_mirrors();
                        fetched = self.fetched(job)?;
                    }
                    _ => break built,
                }
            };
            self.reporter.say(&match built {
                Ok(Made::New(record)) => Message::Built(branch.clone(), record),
                Ok(Made::Unchanged(missing)) => Message::Unchanged(branch.clone(), missing),
                Err(error) => {
                    let mut failure = self.failure(&error);
                    if cache.fetches.is_shared_excess() {
                        failure.again = Again::Alone;
                    }
                    if matches!(failure.again, Again::OnChange | Again::Later) {
                        // Its commits of submodules are of no use, and each push could bring others.
                        cache.fetches.release(branch);
                    }
                    Message::Failed(branch.clone(), failure)
                }
            });
        }
        drop(fetched);
        self.reporter.say(&Message::Stage(None, Stage::Packing));
        for (mirror, used) in cache.fetches.used() {
            if let Err(error) = self.tidy(mirror, used, cache.fetches.has_exceeded()) {
                tracing::warn!("{}: {error}", job.project.id);
            }
        }
        if let Err(error) = repack::repack(&self.layout.mirror(&job.project.id), false) {
            // The tarballs are not affected. The next cycle tries again.
            tracing::warn!("{}: {error}", job.project.id);
        }
        Ok(())
    }

    /// Cleans up in the mirror of a submodule, at the end of the job: the refs that its branches do not need any more. If
    /// all mirrors together have grown too much, what this job fetched into it goes: nothing else would count it.
    fn tidy(&self, mirror: &Path, used: &Used, has_exceeded: bool) -> Result<(), Error> {
        let _alone = if has_exceeded {
            let alone = self.alone(mirror, None)?;
            self.reporter.say(&Message::Stage(None, Stage::Packing));
            alone
        } else {
            // A ref that stays is removed another time.
            let Some(alone) = MirrorLock::try_acquire(self.layout, mirror)? else { return Ok(()) };
            alone
        };
        let none = BTreeSet::new();
        let needed = if has_exceeded { &none } else { &used.kept };
        for branch in &self.job.branches {
            keep::drop_others_of(mirror, &self.job.project.id, branch, needed)?;
        }
        if !has_exceeded || used.grown == 0 {
            // Not packed: other workers may read it, and would have to look for the new pack.
            return Ok(());
        }
        if keep::keeps_something(mirror)? {
            let repacked = repack::repack(mirror, true)?;
            if repacked.bytes_after < repacked.bytes_before {
                return Ok(());
            }
        }
        files::empty_folder(mirror)?;
        fs::remove_dir(mirror).at("remove", mirror)
    }

    /// The mirror of a job's repository, with the listed commits of its branches. If a fetch into an existing
    /// mirror fails, the mirror may be damaged: then it is removed and fetched again, once.
    fn fetched(&self, job: &Job) -> Result<Fetched, Error> {
        let path = self.layout.mirror(&job.project.id);
        // The folder itself is always there.
        let existed = !files::entries(&path)?.is_empty();
        match self.fetch(job, &path) {
            Err(error @ Error::Git { .. })
                if existed
                    && !error.is_transient()
                    && !error.is_out_of_memory()
                    && !error.is_out_of_space() =>
            {
                self.discard(&path, &error)?;
                self.fetch(job, &path)
            }
            fetched => fetched,
        }
    }

    fn fetch(&self, job: &Job, path: &Path) -> Result<Fetched, Error> {
        let project = &job.project;
        let mirror = Mirror::open(path, &project.url)?;
        let mut stale: Vec<(&BranchName, &CommitId)> = job
            .branches
            .iter()
            .filter_map(|branch| Some((branch, project.tips.get(branch)?)))
            .filter(|(branch, tip)| mirror.tip(branch).as_ref() != Some(*tip))
            .collect();
        let mut not_sent = BTreeMap::new();
        if !stale.is_empty() {
            self.reporter.say(&Message::Stage(None, Stage::Fetching));
            not_sent = self.timed(|| mirror.fetch_branches(self.http, &stale))?;
            if job.branches.len() > 1
                && not_sent.len() == job.branches.len()
                && let Some((_, error)) = not_sent.pop_first()
            {
                // One failure says as much as many.
                return Err(error);
            }
            stale.retain(|(branch, _)| !not_sent.contains_key(*branch));
            for (branch, listed) in stale {
                if let Some(tip) = mirror.tip(branch).filter(|tip| tip != listed) {
                    tracing::info!(
                        "{} {branch}: the list names {listed}, and the server has {tip}",
                        project.id
                    );
                    self.reporter.say(&Message::Moved(branch.clone(), tip));
                }
            }
        }
        Ok(Fetched { mirror, not_sent })
    }

    /// Empties a damaged mirror. Everything in it can be fetched again. Another worker may be reading from the
    /// mirror of a submodule: it has the packs open, or it finds the mirror damaged, too.
    fn discard(&self, mirror: &Path, reason: &Error) -> Result<(), Error> {
        let _alone = self.alone(mirror, None)?;
        tracing::warn!("{reason}; the mirror is fetched again");
        files::empty_folder(mirror)
    }

    /// Waits until no other worker uses the mirror of a submodule.
    fn alone(&self, mirror: &Path, branch: Option<&BranchName>) -> Result<MirrorLock, Error> {
        if let Some(lock) = MirrorLock::try_acquire(self.layout, mirror)? {
            return Ok(lock);
        }
        self.reporter.say(&Message::Stage(branch.cloned(), Stage::Waiting));
        MirrorLock::acquire(self.layout, mirror)
    }

    /// Runs a fetch, and notes its time.
    fn timed<T>(&self, fetch: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let fetched = fetch();
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.fetching.fetch_add(micros, Ordering::Relaxed);
        self.last_fetch.store(micros, Ordering::Relaxed);
        fetched
    }

    /// Makes the tarball of one branch, in the staging folder. Makes none if the incomplete one that stands would come
    /// out again.
    fn build(
        &self,
        job: &Job,
        branch: &BranchName,
        mirror: &Mirror,
        cache: &mut BranchCache,
    ) -> Result<Made, Error> {
        let project = &job.project;
        let commit = &mirror
            .tip(branch)
            .ok_or_else(|| mirror.why_no_tip(branch, project.tips.get(branch)))?;
        let (id, committed_at) = mirror.commit(commit)?;
        let subject = Subject {
            name: &project.id.name,
            branch,
            commit,
            committed_at,
            url: &project.remote_url,
        };
        let staging = self.layout.staging(&project.id);
        self.reporter.stage(branch, Stage::Reading);
        let mut content = self.content(job, branch, mirror, id, &mut cache.fetches)?;
        let composer = self.instructions.composer.as_ref();
        if composer.is_some() {
            self.reporter.stage(branch, Stage::Composer);
        }
        let packages = content::install_packages(composer, &mut content, commit, &staging)?;
        self.reporter.stage(branch, Stage::Metadata);
        let manifest = metadata::read(&content, &project.id, &mut cache.messages)?;
        content.missing.extend(packages.missing(&content, manifest.loads_autoloader));
        content::shorten(&mut content.missing);
        let published = job.published.get(branch);
        if published.is_some_and(|published| published.would_be_same(commit, &content.missing)) {
            return Ok(Made::Unchanged(content.missing));
        }
        let about = about(&content, manifest.file_name.as_deref(), &subject)?;
        tarball::add_version_files(&mut content, &subject);
        let (members, links) = content.members()?;
        self.reporter.stage(branch, Stage::Tarball);
        let file = staging.join(TarballName::new(&project.id.name, branch, commit).as_str());
        let large = &cache.large;
        let written = atomic::put_dated(&file, Some(tarball::file_time(committed_at)), |out| {
            tarball::write(&content, &members, &subject, large, out)
        })?;
        let (size, sha256) = (written.size, written.sha256.clone());
        cache.large.add(File::open(&file).at("open", &file)?, written);
        let problems = problems(&content, manifest.problems, links);
        Ok(Made::New(Box::new(BranchRecord {
            commit: commit.clone(),
            committed_at,
            version: manifest.version,
            requires: manifest.requires,
            metadata: manifest.metadata,
            about: Some(Arc::new(about)),
            messages: Messages::new(&manifest.titles, &manifest.descriptions)?,
            problems,
            missing: content.missing.clone(),
            ingredients: content.ingredients.clone(),
            recipe: String::new(),
            revision: 0,
            published_at: 0,
            size,
            sha256,
        })))
    }

    /// The files of a commit, with those of its submodules, which are fetched.
    fn content(
        &self,
        job: &Job,
        branch: &BranchName,
        mirror: &Mirror,
        commit: Oid,
        fetches: &mut SubmoduleFetches,
    ) -> Result<Content, Error> {
        let project = &job.project;
        let repository = mirror.reopened()?;
        let depth = self.instructions.submodule_depth;
        let mut submodules = Submodules::new(depth);
        submodules.add("", 0, &repository, commit, &project.url)?;
        let mut urls = BTreeSet::new();
        let mut content = Content::read_nested(repository, commit, depth, |_, gitlink| {
            let Some(path) = gitlink.path_within() else {
                return Ok(Err("its path is not UTF-8".to_owned().into()));
            };
            let url = match submodules.url(&gitlink.within, path) {
                Ok(url) => url,
                Err(reason) => return Ok(Err(reason.into())),
            };
            urls.insert(url.clone());
            let keep_ref = KeepRef::new(&project.id, branch, &gitlink.path);
            let repository = self.submodule(branch, &url, fetches, gitlink, &keep_ref)?;
            if let Ok(repository) = &repository {
                let (path, level) = (&gitlink.path, gitlink.depth);
                submodules.add(path, level, repository, gitlink.commit, &url)?;
            }
            Ok(repository)
        })?;
        content.ingredients.submodules = urls;
        Ok(content)
    }

    /// Fetches the commit of a submodule from its `url`, and returns its repository. The inner error says why the
    /// submodule is missing from the tarball, which is published all the same.
    ///
    /// # Errors
    /// [`Error::TooLarge`], and what is wrong on this machine.
    fn submodule(
        &self,
        branch: &BranchName,
        url: &str,
        fetches: &mut SubmoduleFetches,
        gitlink: &Gitlink,
        keep_ref: &KeepRef,
    ) -> Result<Result<Repository, Cause>, Error> {
        let mapped = url_map::mapped(url, &self.instructions.url_map);
        if let Some(cause) = refusal(&mapped, self.http) {
            return Ok(Err(cause));
        }
        let path = self.layout.submodule(&mapped);
        transport::verify_objects();
        let _alone = self.alone(&path, Some(branch))?;
        self.reporter.stage(branch, Stage::Submodule(gitlink.path.chars().take(100).collect()));
        let most = self.instructions.limits.disk;
        let mut mirror = Mirror::open(&path, &mapped)?;
        if !fetches.used().contains_key(&path)
            && !mirror.has_commit(gitlink.commit)
            && mirror.bytes()? > most / 2
            && !keep::keeps_something(&path)?
        {
            // Workers that were killed, and branches that are not tried again, have left all that.
            drop(mirror);
            files::empty_folder(&path)?;
            mirror = Mirror::open(&path, &mapped)?;
        }
        let fetched =
            self.timed(|| fetches.fetch(self.http, &mirror, gitlink.commit, keep_ref, most));
        let fetched = fetched.map_err(|error| match error {
            Error::Git { source, .. } if object::is_damage(&source) => {
                let what = format!("the objects of {url}");
                Error::Damaged { mirror: path.clone(), what, source }
            }
            error => error,
        })?;
        self.reporter.stage(branch, Stage::Reading);
        Ok(match fetched {
            Ok(()) => Ok(mirror.into_repository()),
            Err(NotFetched { reason, may_pass }) => Err(Cause { reason, remedy: None, may_pass }),
        })
    }
}

/// Why a submodule is missing, if its URL may not be asked.
fn refusal(url: &str, http: &Http) -> Option<Cause> {
    if url.contains(['?', '#']) {
        let reason = format!(
            "its URL {url} has a ? or #, which no repository has: a request would go elsewhere"
        );
        return Some(reason.into());
    }
    (!http.allows(url)).then(|| match SubmoduleHost::of(url) {
        Some(host) if host.as_str().len() > MAX_HOST => {
            format!("the name of the server of {url} is longer than any can be").into()
        }
        Some(host) => Cause {
            reason: format!("{url} is on a server that submodules may not come from"),
            remedy: Some(Remedy::SubmoduleHost(host.into())),
            may_pass: false,
        },
        None => format!("its URL {url} is not an http or https URL, or has a user part").into(),
    })
}

/// What a branch is called elsewhere. `manifest` is the path of its manifest. mediawiki.org describes the branch in
/// which a repository is developed.
fn about(content: &Content, manifest: Option<&str>, subject: &Subject<'_>) -> Result<About, Error> {
    let sources = metadata::Sources::read(content, manifest)?;
    Ok(sources.about(subject.branch.is_development().then_some(subject.url)))
}

/// All problems of a branch: what is missing, then those of the manifest, of the content and of symbolic links.
fn problems(content: &Content, manifest: Vec<String>, links: Vec<String>) -> Vec<String> {
    let missing = content.missing.iter().map(|missing| missing.public.clone());
    let others = manifest.into_iter().chain(content.problems.iter().cloned()).chain(links);
    let mut problems = missing.chain(others).collect();
    shorten(&mut problems);
    problems
}

/// Limits the number of problems, the length of each, and that of all.
fn shorten(problems: &mut Vec<String>) {
    for problem in problems.iter_mut().filter(|problem| problem.len() > 500) {
        *problem = problem.chars().take(400).chain("…".chars()).collect();
    }
    let mut bytes = 0;
    let fits = |problem: &&String| {
        bytes += problem.len();
        bytes <= MAX_PUBLISHED_PROBLEM_BYTES
    };
    let shown = problems.iter().take(MAX_PUBLISHED_PROBLEMS).take_while(fits).count();
    if let Some(more @ 1..) = problems.len().checked_sub(shown) {
        problems.truncate(shown);
        problems.push(format!("and {more} more"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_problems_are_published_and_the_number_of_the_others() {
        let shortened = |length: usize, count: usize| {
            let mut problems = vec!["x".repeat(length); count];
            shorten(&mut problems);
            let bytes: usize = problems.iter().map(String::len).sum();
            assert!(bytes < MAX_PUBLISHED_PROBLEM_BYTES + 20, "{bytes}");
            (problems.len(), problems.last().unwrap().clone())
        };
        assert_eq!(shortened(3, 50), (50, "xxx".to_owned()));
        assert_eq!(shortened(3, 52), (51, "and 2 more".to_owned()));
        assert_eq!(shortened(400, 30), (21, "and 10 more".to_owned()));
        assert_eq!(shortened(1_000, 30), (21, "and 10 more".to_owned()));
        assert_eq!(shortened(1_000, 1).1.chars().count(), 401);
    }
}
