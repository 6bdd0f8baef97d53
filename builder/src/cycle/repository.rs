//! The work on one repository: fetches its mirror, then reads the content and makes the tarball of each branch.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    path::Path,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use tardist_contract::{BranchName, CommitId, TarballName};

use crate::{
    Error,
    content::{Composer, Content, Gitlink},
    cycle::plan::Job,
    data_dir::{atomic, layout::Layout},
    error::IoContext,
    git::{
        keep::KeepRef,
        mirror::Mirror,
        repack,
        submodule_fetches::SubmoduleFetches,
        submodules::Submodules,
        url_map::{self, UrlMap},
    },
    limits::content::MAX_PUBLISHED_PROBLEMS,
    metadata::{self, MessageFiles},
    net::{Http, HttpError},
    object::{Oid, Repository},
    snapshot::catalogue::{BranchRecord, Messages},
    tarball::{self, LargeFiles, Subject},
};

/// Runs jobs. All threads share it.
#[derive(Debug)]
pub struct JobRunner<'a> {
    /// The HTTP client.
    pub http: &'a Http,
    /// The data directory.
    pub layout: &'a Layout,
    /// The rules of the setting `url-map`.
    pub url_map: &'a [UrlMap],
    /// How many levels of nested submodules are included.
    pub submodule_depth: usize,
    /// Composer, if the setting `composer` is on.
    pub composer: Option<&'a Composer>,
    /// Held while the mirror of a submodule is used, because two jobs may have the same submodule.
    pub submodules: Mutex<()>,
    /// The time that all fetches took, in microseconds: the sum over all threads.
    pub fetching: AtomicU64,
}

/// What one branch leaves for the next branches of the same repository.
#[derive(Default)]
struct BranchCache {
    messages: MessageFiles,
    large: LargeFiles,
    fetches: SubmoduleFetches,
}

/// The result of a job.
#[derive(Debug, Default)]
pub struct JobResult {
    /// The records of the branches that were built. Their tarballs are in `dist/`.
    pub built: BTreeMap<BranchName, BranchRecord>,
    /// The branches that failed.
    pub failed: Vec<(BranchName, Error)>,
}

impl JobRunner<'_> {
    /// Runs a job.
    ///
    /// # Errors
    /// The errors of the mirror and of its fetch, which concern all branches. The error of a single branch is in
    /// [`JobResult::failed`].
    pub fn run(&self, job: &Job) -> Result<JobResult, Error> {
        let mut mirror = self.fetched(job)?;
        let mut result = JobResult::default();
        let mut removed = BTreeSet::new();
        let mut cache = BranchCache::default();
        for branch in &job.branches {
            let built = loop {
                let built = self.build(job, branch, &mirror, &mut cache);
                match &built {
                    Err(error @ Error::Damaged { mirror: damaged, .. })
                        if removed.insert(damaged.clone()) =>
                    {
                        self.discard(damaged, error)?;
                        cache.fetches.forget_mirrors();
                        mirror = self.fetched(job)?;
                    }
                    _ => break built,
                }
            };
            match built {
                Ok(record) => {
                    result.built.insert(branch.clone(), record);
                }
                Err(error) => result.failed.push((branch.clone(), error)),
            }
        }
        drop(mirror);
        if let Err(error) = repack::repack(&self.layout.mirror(&job.project.id), false) {
            // The tarballs are not affected. The next cycle tries again.
            tracing::warn!("{}: {error}", job.project.id);
        }
        Ok(result)
    }

    /// The mirror of a job's repository, with the listed commits of its branches. If a fetch into an existing
    /// mirror fails, the mirror may be damaged: then it is removed and fetched again, once.
    fn fetched(&self, job: &Job) -> Result<Mirror, Error> {
        let path = self.layout.mirror(&job.project.id);
        let existed = path.exists();
        match self.fetch(job, &path) {
            Err(error @ Error::Git { .. }) if existed && !error.is_transient() => {
                self.discard(&path, &error)?;
                self.fetch(job, &path)
            }
            fetched => fetched,
        }
    }

    fn fetch(&self, job: &Job, path: &Path) -> Result<Mirror, Error> {
        let project = &job.project;
        let mirror = Mirror::open(path, &project.url)?;
        let stale: Vec<(&BranchName, &CommitId)> = job
            .branches
            .iter()
            .filter_map(|branch| Some((branch, project.tips.get(branch)?)))
            .filter(|(branch, tip)| mirror.tip(branch).as_ref() != Some(*tip))
            .collect();
        if !stale.is_empty() {
            self.timed(|| mirror.fetch_branches(self.http, &stale))?;
        }
        Ok(mirror)
    }

    /// Removes a damaged mirror. Everything in it can be fetched again. Another thread may be reading from it:
    /// it has the packs open, or it finds the mirror damaged, too.
    fn discard(&self, mirror: &Path, reason: &Error) -> Result<(), Error> {
        let _one_at_a_time = self.one_at_a_time();
        tracing::warn!("{reason}; the mirror is fetched again");
        match fs::remove_dir_all(mirror) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            removed => removed.at("remove", mirror),
        }
    }

    /// Waits until no other thread uses the mirror of a submodule.
    fn one_at_a_time(&self) -> MutexGuard<'_, ()> {
        self.submodules.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Runs a fetch, and adds its time to [`fetching`](Self::fetching).
    fn timed<T>(&self, fetch: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let fetched = fetch();
        let micros = u64::try_from(start.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.fetching.fetch_add(micros, Ordering::Relaxed);
        fetched
    }

    /// Makes the tarball of one branch and writes it to `dist/`.
    fn build(
        &self,
        job: &Job,
        branch: &BranchName,
        mirror: &Mirror,
        cache: &mut BranchCache,
    ) -> Result<BranchRecord, Error> {
        let project = &job.project;
        let commit = &mirror.tip(branch).ok_or_else(|| Error::NoCommit {
            branch: branch.clone(),
            listed: project.tips.get(branch).cloned(),
        })?;
        let (id, committed_at) = mirror.commit(commit)?;
        let subject = Subject {
            name: &project.id.name,
            branch,
            commit,
            committed_at,
            url: &project.remote_url,
        };
        let mut content = self.content(job, branch, mirror, id, &mut cache.fetches)?;
        if let Some(composer) = self.composer {
            composer.install(&mut content, commit, self.layout)?;
        }
        let manifest = metadata::read(&content, &project.id, &mut cache.messages)?;
        tarball::add_version_files(&mut content, &subject);
        let (members, links) = content.members()?;
        let file = self
            .layout
            .dist(project.id.kind)
            .join(TarballName::new(&project.id.name, branch, commit).as_str());
        let large = &cache.large;
        let written =
            atomic::put(&file, |out| tarball::write(&content, &members, &subject, large, out))?;
        let (size, sha256) = (written.size, written.sha256.clone());
        cache.large.add(File::open(&file).at("open", &file)?, written);
        let mut problems = manifest.problems;
        problems.extend(content.problems.iter().cloned().chain(links));
        shorten(&mut problems);
        Ok(BranchRecord {
            commit: commit.clone(),
            committed_at,
            version: manifest.version,
            requires: manifest.requires,
            metadata: manifest.metadata,
            messages: Messages::new(&manifest.titles, &manifest.descriptions)?,
            problems,
            size,
            sha256,
        })
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
        let depth = self.submodule_depth;
        let mut submodules = Submodules::new(depth);
        submodules.add("", 0, &repository, commit, &project.url)?;
        Content::read_nested(repository, commit, depth, |_, gitlink| {
            let keep_ref = KeepRef::new(&project.id, branch, &gitlink.path);
            self.submodule(&mut submodules, fetches, gitlink, &keep_ref)
        })
    }

    /// Fetches the commit of a submodule, and returns its repository. The inner error says why the submodule's
    /// folder stays empty in the tarball, which is published all the same.
    ///
    /// # Errors
    /// Temporary failures, so that the branch fails and the next cycle tries it again; [`Error::TooLarge`].
    fn submodule(
        &self,
        submodules: &mut Submodules,
        fetches: &mut SubmoduleFetches,
        gitlink: &Gitlink,
        keep_ref: &KeepRef,
    ) -> Result<Result<Repository, String>, Error> {
        let url = match submodules.url(&gitlink.within, gitlink.path_within()) {
            Ok(url) => url,
            Err(reason) => return Ok(Err(reason)),
        };
        let mapped = url_map::mapped(&url, self.url_map);
        if !self.http.allows(&mapped) {
            return Ok(Err(HttpError::NotAllowed { url: mapped }.to_string()));
        }
        let _one_at_a_time = self.one_at_a_time();
        let mirror = Mirror::open(&self.layout.submodule(&mapped), &mapped)?;
        match self.timed(|| fetches.fetch(self.http, &mirror, gitlink.commit, keep_ref))? {
            Ok(()) => {
                let repository = mirror.into_repository();
                let level = gitlink.depth;
                submodules.add(&gitlink.path, level, &repository, gitlink.commit, &url)?;
                Ok(Ok(repository))
            }
            Err(reason) => Ok(Err(reason)),
        }
    }
}

/// Limits the number of problems and the length of each.
fn shorten(problems: &mut Vec<String>) {
    if problems.len() > MAX_PUBLISHED_PROBLEMS {
        let more = problems.len() - MAX_PUBLISHED_PROBLEMS;
        problems.truncate(MAX_PUBLISHED_PROBLEMS);
        problems.push(format!("and {more} more"));
    }
    for problem in problems {
        if problem.len() > 500 {
            *problem = problem.chars().take(400).chain("…".chars()).collect();
        }
    }
}
