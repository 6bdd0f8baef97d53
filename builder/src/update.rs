//! Bringing one repository up to date: mirror → content → tarball, for each branch of its job.

use std::{collections::BTreeMap, sync::Mutex};

use git2::{Oid, Repository};
use tardist_catalog::{BranchName, CommitId};

use crate::{
    Error,
    catalogue::BranchRecord,
    config::UrlMap,
    content::{Content, Gitlink},
    error::GitContext,
    http::{Http, HttpError},
    layout::Layout,
    manifest,
    mirror::Mirror,
    plan::Job,
    publish, submodule,
    tarball::{self, Subject},
};

/// How many problems of a branch are kept; hostile content could have millions.
const MAX_PROBLEMS: usize = 50;

/// What all updates share.
#[derive(Debug)]
pub struct Updater<'a> {
    /// The network.
    pub http: &'a Http,
    /// Where things are.
    pub layout: &'a Layout,
    /// Where submodules are fetched from.
    pub url_map: &'a [UrlMap],
    /// Submodule mirrors may be shared by repositories that are updated at the same time.
    pub submodules: Mutex<()>,
}

/// What became of a job.
#[derive(Debug, Default)]
pub struct Updated {
    /// New records of branches; their tarballs are in place.
    pub built: BTreeMap<BranchName, BranchRecord>,
    /// Branches that failed.
    pub failed: Vec<(BranchName, Error)>,
    /// Branches that upstream lists and Git does not have (any more).
    pub gone: Vec<BranchName>,
}

impl Updater<'_> {
    /// Does a job.
    ///
    /// # Errors
    /// What ends it as a whole: mirror and fetch. A branch that fails is in [`Updated::failed`].
    pub fn update(&self, job: &Job) -> Result<Updated, Error> {
        let project = &job.project;
        let path = self.layout.mirror(&project.id);
        let mirror = Mirror::open(&path, &project.url)?;
        let stale: Vec<&BranchName> = job
            .branches
            .iter()
            .filter(|branch| mirror.tip(branch).as_ref() != project.tips.get(*branch))
            .collect();
        if !stale.is_empty() {
            mirror.fetch_branches(self.http, &stale)?;
        }
        let mut updated = Updated::default();
        for branch in &job.branches {
            let Some(tip) = mirror.tip(branch) else {
                updated.gone.push(branch.clone());
                continue;
            };
            match self.build(job, branch, &tip, mirror.repository()) {
                Ok(record) => {
                    updated.built.insert(branch.clone(), record);
                }
                Err(error) => updated.failed.push((branch.clone(), error)),
            }
        }
        Ok(updated)
    }

    /// Makes the tarball of one branch and puts it in place.
    fn build(
        &self,
        job: &Job,
        branch: &BranchName,
        commit: &CommitId,
        mirror: &Repository,
    ) -> Result<BranchRecord, Error> {
        let project = &job.project;
        let id = Oid::from_str(commit.as_str()).git(|| format!("read commit {commit}"))?;
        let committed_at =
            mirror.find_commit(id).git(|| format!("read commit {commit}"))?.time().seconds();
        let subject = Subject {
            name: &project.id.name,
            branch,
            commit,
            committed_at,
            url: &project.remote_url,
        };
        let repository = Repository::open_bare(mirror.path())
            .git(|| format!("open the mirror {}", mirror.path().display()))?;
        let mut content = Content::read(repository, id, |content, gitlink| {
            self.submodule(&project.url, content, gitlink)
        })?;
        let manifest = manifest::read(&content, project.id.kind)?;
        tarball::add_version_files(&mut content, &subject);
        let (members, links) = content.members()?;
        let file = self
            .layout
            .dist(project.id.kind)
            .join(tardist_catalog::TarballName::new(&project.id.name, branch, commit).as_str());
        let written = publish::put(&file, |out| tarball::write(&content, &members, &subject, out))?;
        let mut problems = manifest.problems;
        problems.extend(content.problems.iter().cloned().chain(links));
        shorten(&mut problems);
        Ok(BranchRecord {
            commit: commit.clone(),
            committed_at,
            version: manifest.version,
            requires: manifest.requires,
            metadata: manifest.metadata,
            problems,
            size: written.size,
            sha256: written.sha256,
        })
    }

    /// The repository of a gitlink with its commit, or why there is none. What may work later is an
    /// error, so that the branch is tried again; what the content itself rules out is not.
    fn submodule(
        &self,
        parent: &str,
        content: &Content,
        gitlink: &Gitlink,
    ) -> Result<Result<Repository, String>, Error> {
        let modules = match content.file(".gitmodules") {
            Some(file) => content.bytes(file)?,
            None => Vec::new(),
        };
        let modules = submodule::parse(&String::from_utf8_lossy(&modules));
        let Some(url) = modules.get(&gitlink.path) else {
            return Ok(Err(".gitmodules does not say where it is".to_owned()));
        };
        let url = submodule::resolve(parent, url, self.url_map);
        if !self.http.allows(&url) {
            return Ok(Err(HttpError::NotAllowed { url }.to_string()));
        }
        let _one_at_a_time =
            self.submodules.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        let mirror = Mirror::open(&self.layout.submodule(&url), &url)?;
        match mirror.fetch_commit(self.http, gitlink.commit) {
            Ok(true) => Ok(Ok(mirror.into_repository())),
            Ok(false) => Ok(Err(format!("{url} does not have its commit {}", gitlink.commit))),
            Err(error) if error.is_transient() => Err(error),
            Err(error) => Ok(Err(error.to_string())),
        }
    }
}

fn shorten(problems: &mut Vec<String>) {
    if problems.len() > MAX_PROBLEMS {
        let more = problems.len() - MAX_PROBLEMS;
        problems.truncate(MAX_PROBLEMS);
        problems.push(format!("and {more} more"));
    }
    for problem in problems {
        if problem.len() > 500 {
            *problem = problem.chars().take(400).chain("…".chars()).collect();
        }
    }
}
