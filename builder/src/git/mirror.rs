//! Mirrors: bare clones of the upstream repositories, with only the branches that are distributed.
//!
//! This module owns the folders below `mirror/`, and only it fetches with Git. A mirror is a shallow clone with
//! one commit for each branch, because a tarball needs no history: Wikibase takes 12 MB instead of 166 MB.
//! It is still a normal Git repository, so that `git --git-dir=… show master` works.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
};

use git2::{AutotagOption, FetchOptions, Oid, RemoteRedirect, Repository};
use tardist_contract::{BranchName, CommitId};

use crate::{
    Error,
    error::{GitContext, IoContext},
    git::{keep::KeepRef, transport},
    net::Http,
    object::{self, ObjectContext},
};

/// The bare clone of one upstream repository.
pub struct Mirror {
    repository: Repository,
    url: String,
}

impl Mirror {
    /// Opens the mirror at `path` of the repository at `url`. Creates an empty one if it does not exist.
    ///
    /// A folder that is not a valid Git repository is removed and created again, because everything in it can
    /// be fetched again.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Git`] if the folder cannot be created.
    pub fn open(path: &Path, url: &str) -> Result<Self, Error> {
        if !is_on_disk(url) && alternates(path).exists() {
            // It borrows objects from a repository on disk, which is no longer its upstream.
            fs::remove_dir_all(path).at("remove", path)?;
        }
        let repository = match Repository::open_bare(path) {
            Ok(repository) => repository,
            Err(error) => {
                if path.exists() {
                    tracing::warn!(
                        "cannot open the mirror {}, which is fetched again: {}",
                        path.display(),
                        error.message()
                    );
                    fs::remove_dir_all(path).at("remove", path)?;
                }
                fs::create_dir_all(path).at("create", path)?;
                Repository::init_bare(path)
                    .git(|| format!("create the mirror {}", path.display()))?
            }
        };
        remove_unfinished(path).at("clean up", path)?;
        Ok(Self { repository, url: url.to_owned() })
    }

    /// The commit of a branch at the last fetch. `None` if the mirror does not have the branch or its commit.
    pub fn tip(&self, branch: &BranchName) -> Option<CommitId> {
        tip_in(&self.repository, branch)
    }

    /// Fetches branches in one request, at the commits that the upstream lists for them.
    ///
    /// The server may not have such a commit: the branch has moved since, or a replica is behind. Then its
    /// current commit is fetched instead. A branch that the server does not have is deleted from the mirror.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Git`]. Temporary failures are retried first, as often as `http` allows.
    pub fn fetch_branches(
        &self,
        http: &Http,
        tips: &[(&BranchName, &CommitId)],
    ) -> Result<(), Error> {
        let names: Vec<String> = tips.iter().map(|(branch, _)| branch.ref_name()).collect();
        let refs: Option<Vec<(String, Oid)>> = names
            .iter()
            .zip(tips)
            .map(|(name, (_, commit))| Some((name.clone(), Oid::from_str(commit.as_str()).ok()?)))
            .collect();
        if let Some(refs) = refs
            && !is_on_disk(&self.url)
            && self.fetch_known(http, &refs)?
        {
            return Ok(());
        }
        let refspecs: Vec<String> = names.iter().map(|name| format!("+{name}:{name}")).collect();
        let found = if is_on_disk(&self.url) {
            self.borrow(&names)?
        } else {
            self.fetch(http, &refspecs, 1)?
        };
        for name in names.iter().filter(|name| !found.contains(*name)) {
            if let Ok(mut gone) = self.repository.find_reference(name) {
                gone.delete().git(|| format!("delete {name}"))?;
            }
        }
        Ok(())
    }

    /// Copies refs from a repository on disk, and returns the names of those that it has.
    ///
    /// The mirror borrows the objects by `objects/info/alternates`
    /// (<https://git-scm.com/docs/gitrepository-layout>) and copies none. libgit2's local transport cannot make
    /// a shallow clone: it would copy the whole history object by object, which takes minutes instead of a
    /// millisecond.
    fn borrow(&self, names: &[String]) -> Result<BTreeSet<String>, Error> {
        let action = || format!("copy branches from {}", self.url);
        let source = Repository::open_bare(&self.url).git(action)?;
        let objects = source.commondir().join("objects").display().to_string();
        let file = alternates(self.repository.path());
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).at("create", folder)?;
        fs::write(&file, format!("{objects}\n")).at("write", &file)?;
        // The file is read only when a repository is opened, and this one is open already.
        self.repository.odb().and_then(|odb| odb.add_disk_alternate(&objects)).git(action)?;
        let mut found = BTreeSet::new();
        for name in names {
            if let Ok(id) = source.refname_to_id(name) {
                self.repository.reference(name, id, true, "copied").git(action)?;
                found.insert(name.clone());
            }
        }
        Ok(found)
    }

    /// Fetches a commit if the mirror does not have it, and points `keep_ref` to it. It need not be the tip of a
    /// branch: it is fetched by its id if the server allows this, otherwise with all branches.
    ///
    /// Returns false if the upstream does not have the commit.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Git`]. Temporary failures are retried first, as often as `http` allows.
    pub fn fetch_commit(
        &self,
        http: &Http,
        commit: Oid,
        keep_ref: &KeepRef,
    ) -> Result<bool, Error> {
        let name = keep_ref.ref_name();
        let exists = || object::has_commit(&self.repository, commit);
        let fetched = exists() || (self.fetch_known(http, &[(name.clone(), commit)])? && exists());
        if !fetched {
            self.fetch(http, &["+refs/heads/*:refs/heads/*".to_owned()], 0)?;
        }
        if exists() {
            let kept = self.repository.reference(&name, commit, true, "");
            kept.git(|| format!("keep {commit} as {name}"))?;
        }
        Ok(exists())
    }

    /// Fetches refs at known commits, without asking for a list of refs. Returns false if the server refuses to
    /// send these commits.
    fn fetch_known(&self, http: &Http, refs: &[(String, Oid)]) -> Result<bool, Error> {
        let refspecs: Vec<String> =
            refs.iter().map(|(name, _)| format!("+{name}:{name}")).collect();
        let fetch = || {
            http.retry(
                // A network failure may pass. A refusal by the Git server stays.
                |error| matches!(error, Error::Fetch { .. }) && error.is_worth_a_retry(),
                Error::retry_after,
                || self.fetch_once(&refspecs, 1),
            )
        };
        match transport::with_refs(refs, fetch) {
            Ok(_) => Ok(true),
            Err(Error::Git { action, source }) => {
                tracing::debug!("cannot {action} by commit: {}", source.message());
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches with a list of refs from the server, and returns the names of all refs in it. `depth` is the number
    /// of commits for each ref; 0 means the whole history.
    fn fetch(
        &self,
        http: &Http,
        refspecs: &[String],
        depth: i32,
    ) -> Result<BTreeSet<String>, Error> {
        http.retry(Error::is_worth_a_retry, Error::retry_after, || self.fetch_once(refspecs, depth))
    }

    fn fetch_once(&self, refspecs: &[String], depth: i32) -> Result<BTreeSet<String>, Error> {
        transport::take_failure();
        let mut options = FetchOptions::new();
        options
            .depth(depth)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false)
            .follow_redirects(RemoteRedirect::None);
        let fetched = self.repository.remote_anonymous(&self.url).and_then(|mut remote| {
            remote.fetch(refspecs, Some(&mut options), None)?;
            Ok(remote.list()?.iter().map(|head| head.name().to_owned()).collect())
        });
        fetched.map_err(|source| {
            // Half a pack may be large: it does not wait for the next cycle to go.
            let path = self.repository.path();
            if let Err(error) = remove_unfinished(path) {
                tracing::warn!("cannot clean up {}: {error}", path.display());
            }
            match transport::take_failure() {
                Some(source) => Error::Fetch { url: self.url.clone(), source },
                None => Error::Git { action: format!("fetch from {}", self.url), source },
            }
        })
    }

    /// The object id of a commit that the mirror has, and the committer's time in Unix seconds.
    ///
    /// # Errors
    /// [`Error::Damaged`] if the commit cannot be read.
    pub fn commit(&self, commit: &CommitId) -> Result<(Oid, i64), Error> {
        let what = || format!("commit {commit}");
        let id = Oid::from_str(commit.as_str()).object(&self.repository, what)?;
        let read = object::commit(&self.repository, id).object(&self.repository, what)?;
        Ok((id, read.committed_at))
    }

    /// Opens the repository once more, to read commits and trees from it.
    ///
    /// # Errors
    /// [`Error::Git`] if it cannot be opened.
    pub fn reopened(&self) -> Result<Repository, Error> {
        let path = self.repository.path();
        Repository::open_bare(path).git(|| format!("open the mirror {}", path.display()))
    }

    /// The repository, to read commits and trees from.
    pub fn into_repository(self) -> Repository {
        self.repository
    }
}

/// The commit of a branch at the last fetch into the mirror at `path`. `None` if there is no such mirror, branch
/// or commit. Creates nothing.
pub fn tip_at(path: &Path, branch: &BranchName) -> Option<CommitId> {
    tip_in(&Repository::open_bare(path).ok()?, branch)
}

fn tip_in(repository: &Repository, branch: &BranchName) -> Option<CommitId> {
    let id = repository.refname_to_id(&branch.ref_name()).ok()?;
    object::has_commit(repository, id).then(|| id.to_string().parse().ok())?
}

/// True if `url` is the path of a repository on disk.
fn is_on_disk(url: &str) -> bool {
    url.starts_with('/')
}

/// The file of a mirror that names the repository whose objects it borrows.
fn alternates(mirror: &Path) -> PathBuf {
    mirror.join("objects/info/alternates")
}

/// Removes what a killed or failed fetch leaves in a mirror: half-written packs, and the lock files of refs, `shallow` and
/// others.
///
/// Git refuses to write while there is such a lock file, because its owner may still be running. Here the lock
/// of the data directory ensures that no owner is running.
fn remove_unfinished(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        let name = name.to_string_lossy();
        if entry.file_type()?.is_dir() {
            remove_unfinished(&path)?;
        } else if name.ends_with(".lock") || name.starts_with("pack_git2_") {
            fs::remove_file(path)?;
        }
    }
    Ok(())
}
