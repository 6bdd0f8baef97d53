//! Mirrors: one bare repository for each upstream repository, holding only what is distributed.
//!
//! It owns the folders below `mirror/` and is the only part that fetches with Git. Clones are
//! shallow, one commit a branch: a tarball needs no history, and Wikibase is 12 MB that way instead
//! of 166 MB. They are plain Git repositories all the same, for `git --git-dir=… show master`.

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
    /// Opens the mirror at `path` of the repository at `url`, and creates it where there is none.
    /// A folder that is no Git repository any more is put aside by beginning anew: everything in it
    /// can be fetched again.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Git`] where the folder can't be made.
    pub fn open(path: &Path, url: &str) -> Result<Self, Error> {
        if !is_on_disk(url) && alternates(path).exists() {
            // It was lent its objects by a folder that is its upstream no longer.
            fs::remove_dir_all(path).at("remove", path)?;
        }
        let repository = match Repository::open_bare(path) {
            Ok(repository) => repository,
            Err(error) => {
                if path.exists() {
                    tracing::warn!("mirror {} is made anew: {}", path.display(), error.message());
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

    /// The commit that a branch had at the last fetch.
    pub fn tip(&self, branch: &BranchName) -> Option<CommitId> {
        let id = self.repository.refname_to_id(&branch.ref_name()).ok()?;
        object::has_commit(&self.repository, id).then(|| id.to_string().parse().ok())?
    }

    /// Fetches these branches in one go, at the commits that the upstream's list has for them. Where
    /// Git does not have such a commit (any more, or on a replica yet), what it has instead; a branch
    /// that it no longer has is gone afterwards.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Git`], after the retries that `http` allows.
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
        let there = if is_on_disk(&self.url) {
            self.borrow(&names)?
        } else {
            self.fetch(http, &refspecs, 1)?
        };
        for name in names.iter().filter(|name| !there.contains(*name)) {
            if let Ok(mut gone) = self.repository.find_reference(name) {
                gone.delete().git(|| format!("delete {name}"))?;
            }
        }
        Ok(())
    }

    /// Takes these refs over from a repository on disk, and returns those that it has. Its objects
    /// are not copied but lent, by Git's `objects/info/alternates`
    /// (<https://git-scm.com/docs/gitrepository-layout>): libgit2's local transport can't be shallow
    /// and copies all history object by object, which takes minutes where this takes a millisecond.
    fn borrow(&self, names: &[String]) -> Result<BTreeSet<String>, Error> {
        let action = || format!("take over branches from {}", self.url);
        let source = Repository::open_bare(&self.url).git(action)?;
        let objects = source.commondir().join("objects").display().to_string();
        let file = alternates(self.repository.path());
        let folder = file.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder).at("create", folder)?;
        fs::write(&file, format!("{objects}\n")).at("write", &file)?;
        // The file is for whoever opens the mirror next; this one is open.
        self.repository.odb().and_then(|odb| odb.add_disk_alternate(&objects)).git(action)?;
        let mut there = BTreeSet::new();
        for name in names {
            if let Ok(id) = source.refname_to_id(name) {
                self.repository.reference(name, id, true, "taken over").git(action)?;
                there.insert(name.clone());
            }
        }
        Ok(there)
    }

    /// Makes sure that a commit is here, which may be no branch's tip, and keeps it for `keep_ref`, in
    /// place of what that kept before. The commit is fetched by its id where the server allows this,
    /// else with all branches. False where the upstream does not have it.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Git`], after the retries that `http` allows.
    pub fn fetch_commit(
        &self,
        http: &Http,
        commit: Oid,
        keep_ref: &KeepRef,
    ) -> Result<bool, Error> {
        let name = keep_ref.ref_name();
        let here = || object::has_commit(&self.repository, commit);
        let got = here() || (self.fetch_known(http, &[(name.clone(), commit)])? && here());
        if !got {
            self.fetch(http, &["+refs/heads/*:refs/heads/*".to_owned()], 0)?;
        }
        if here() {
            let kept = self.repository.reference(&name, commit, true, "");
            kept.git(|| format!("keep {commit} as {name}"))?;
        }
        Ok(here())
    }

    /// Fetches refs whose commits are known; false where the upstream refuses to give them.
    fn fetch_known(&self, http: &Http, refs: &[(String, Oid)]) -> Result<bool, Error> {
        let refspecs: Vec<String> =
            refs.iter().map(|(name, _)| format!("+{name}:{name}")).collect();
        let fetch = || {
            http.retry(
                // Git's refusal will not change by asking again, what happens on the way may.
                |error| matches!(error, Error::Fetch { .. }) && error.is_transient(),
                Error::retry_after,
                || self.fetch_once(&refspecs, 1),
            )
        };
        match transport::with_refs(refs, fetch) {
            Ok(_) => Ok(true),
            Err(Error::Git { action, source }) => {
                tracing::debug!("can't {action} by commit: {}", source.message());
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// Fetches, and returns the names of all refs that the upstream has.
    fn fetch(
        &self,
        http: &Http,
        refspecs: &[String],
        depth: i32,
    ) -> Result<BTreeSet<String>, Error> {
        http.retry(Error::is_transient, Error::retry_after, || self.fetch_once(refspecs, depth))
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
        fetched.map_err(|source| match transport::take_failure() {
            Some(source) => Error::Fetch { url: self.url.clone(), source },
            None => Error::Git { action: format!("fetch from {}", self.url), source },
        })
    }

    /// The object of a commit that is here, and when it was committed, in Unix seconds.
    ///
    /// # Errors
    /// [`Error::Damaged`] where Git cannot read it.
    pub fn commit(&self, commit: &CommitId) -> Result<(Oid, i64), Error> {
        let what = || format!("commit {commit}");
        let id = Oid::from_str(commit.as_str()).object(&self.repository, what)?;
        let read = object::commit(&self.repository, id).object(&self.repository, what)?;
        Ok((id, read.committed_at))
    }

    /// The repository, opened once more, to read commits and trees from.
    ///
    /// # Errors
    /// [`Error::Git`] where it is no repository any more.
    pub fn reopened(&self) -> Result<Repository, Error> {
        let path = self.repository.path();
        Repository::open_bare(path).git(|| format!("open the mirror {}", path.display()))
    }

    /// The repository, to read commits and trees from.
    pub fn into_repository(self) -> Repository {
        self.repository
    }
}

/// The commit that a branch had at the last fetch into the mirror at `path`. `None` where there is no
/// such mirror, too: it is not made.
pub fn tip_at(path: &Path, branch: &BranchName) -> Option<CommitId> {
    let repository = Repository::open_bare(path).ok()?;
    let id = repository.refname_to_id(&branch.ref_name()).ok()?;
    object::has_commit(&repository, id).then(|| id.to_string().parse().ok())?
}

/// True for the path of a repository instead of a URL.
fn is_on_disk(url: &str) -> bool {
    url.starts_with('/')
}

/// Where a mirror says whose objects it borrows.
fn alternates(mirror: &Path) -> PathBuf {
    mirror.join("objects/info/alternates")
}

/// Removes what a killed fetch leaves in a mirror: half-written packs, and the lock files of refs,
/// `shallow` and the like, with which Git refuses to write there for ever, since it can't tell
/// whether their owner lives; here the data directory's lock says that nobody does.
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
