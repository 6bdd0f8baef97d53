//! Mirrors: bare clones of the upstream repositories, with only the branches that are distributed.
//!
//! This module owns the folders below `mirror/`, and only it fetches with Git. A mirror is a shallow clone with
//! one commit for each branch, because a tarball needs no history: Wikibase takes 12 MB instead of 166 MB.
//! It is still a normal Git repository, so that `git --git-dir=… show master` works.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io, iter,
    path::{Path, PathBuf},
    slice,
};

use git2::{
    AutotagOption, Direction, ErrorClass, FetchOptions, ObjectType, Oid, RemoteHead,
    RemoteRedirect, Repository, RepositoryInitOptions,
};
use tardist_contract::{BranchName, CommitId};

use crate::{
    Error,
    data_dir::files::{empty_folder, entries, size},
    error::{GitContext, IoContext},
    git::{keep::KeepRef, ls_refs, open, transport},
    limits::git::MAX_FETCHED_REFS,
    net::Http,
    object::{self, ObjectContext},
};

/// If a server sends none of the first so many branches of a repository, it is not asked for the others.
const MAX_NOT_SENT: usize = 3;

/// The bare clone of one upstream repository.
pub struct Mirror {
    repository: Repository,
    url: String,
    path: PathBuf,
}

impl Mirror {
    /// Opens the mirror at `path` of the repository at `url`. Creates an empty one if it does not exist.
    ///
    /// A folder that is not a valid Git repository is emptied and initialized again, because everything in it can
    /// be fetched again.
    ///
    /// # Errors
    /// [`Error::Io`] or [`Error::Git`] if the folder cannot be created.
    pub fn open(path: &Path, url: &str) -> Result<Self, Error> {
        if !is_on_disk(url) && alternates(path).exists() {
            // It borrows objects from a repository on disk, which is no longer its upstream.
            empty_folder(path)?;
        }
        let repository = match open::bare(path) {
            Ok(repository) => repository,
            Err(error) => {
                // The folder itself stays: a worker may write in it and not beside it.
                if !entries(path)?.is_empty() {
                    tracing::warn!(
                        "cannot open the mirror {}, which is fetched again: {}",
                        path.display(),
                        error.message()
                    );
                    empty_folder(path)?;
                }
                fs::create_dir_all(path).at("create", path)?;
                let mut options = RepositoryInitOptions::new();
                // Git's templates are examples for people: 13 files, 64 kB for each of 1,400 mirrors.
                options.bare(true).external_template(false);
                Repository::init_opts(path, &options)
                    .git(|| format!("create the mirror {}", path.display()))?
            }
        };
        remove_hooks(path)?;
        remove_unfinished(path).at("clean up", path)?;
        Ok(Self { repository, url: url.to_owned(), path: path.to_owned() })
    }

    /// The commit of a branch at the last fetch. `None` if the mirror does not have the branch or its commit.
    pub fn tip(&self, branch: &BranchName) -> Option<CommitId> {
        tip_in(&self.repository, branch)
    }

    /// Why the mirror has no [tip](Self::tip) of a branch after a fetch. `listed` is its commit in the upstream's
    /// list.
    pub fn why_no_tip(&self, branch: &BranchName, listed: Option<&CommitId>) -> Error {
        let id = self.repository.refname_to_id(&branch.ref_name());
        let header = id.and_then(|id| object::header(&self.repository, id));
        match header {
            Ok((_, kind)) if kind != ObjectType::Commit => {
                Error::OtherObject { branch: branch.clone(), kind: kind.str() }
            }
            _ => Error::NoCommit { branch: branch.clone(), listed: listed.cloned() },
        }
    }

    /// Fetches branches in one request, at the commits that the upstream lists for them. Returns the error of each branch
    /// that the server does not send.
    ///
    /// The server may not have such a commit: the branch has moved since, or a replica is behind. Then its
    /// current commit is fetched instead. A branch that the server does not have is deleted from the mirror.
    ///
    /// A server whose repository is damaged may be unable to send the objects of one branch. Its answer to a request for
    /// several says no more than that, so each one is asked for by itself.
    ///
    /// # Errors
    /// [`Error::NotSent`] if the server does not send the first few of several branches; [`Error::Fetch`] or [`Error::Git`].
    /// Temporary failures are retried first, as often as `http` allows.
    pub fn fetch_branches(
        &self,
        http: &Http,
        tips: &[(&BranchName, &CommitId)],
    ) -> Result<BTreeMap<BranchName, Error>, Error> {
        let refused = match self.fetch_together(http, tips) {
            Err(refused @ Error::NotSent { .. }) => refused,
            fetched => return fetched.map(|()| BTreeMap::new()),
        };
        if let [(branch, _)] = tips {
            return Ok(BTreeMap::from([((*branch).clone(), refused)]));
        }
        let mut not_sent = BTreeMap::new();
        for (number, tip) in tips.iter().enumerate() {
            if number == MAX_NOT_SENT && not_sent.len() == number {
                // It is not one branch that is at fault.
                return Err(refused);
            }
            match self.fetch_together(http, slice::from_ref(tip)) {
                Err(refused @ Error::NotSent { .. }) => {
                    not_sent.insert(tip.0.clone(), refused);
                }
                fetched => fetched?,
            }
        }
        Ok(not_sent)
    }

    fn fetch_together(&self, http: &Http, tips: &[(&BranchName, &CommitId)]) -> Result<(), Error> {
        let names: Vec<String> = tips.iter().map(|(branch, _)| branch.ref_name()).collect();
        let refs: Option<Vec<(String, Oid)>> = names
            .iter()
            .zip(tips)
            .map(|(name, (_, commit))| Some((name.clone(), Oid::from_str(commit.as_str()).ok()?)))
            .collect();
        if let Some(refs) = refs
            && !is_on_disk(&self.url)
        {
            match self.fetch_known(http, &refs)? {
                Ok(()) => return Ok(()),
                // With a list of refs, the same pack would come.
                Err(error) if cannot_be_unpacked(&error) => return Err(error),
                Err(_) => {}
            }
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

    /// Its folder, as it was [opened](Self::open).
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes its objects have on disk.
    ///
    /// # Errors
    /// [`Error::Io`] if a folder cannot be read.
    pub fn bytes(&self) -> Result<u64, Error> {
        size(&self.path.join("objects"))
    }

    /// The URL that is fetched from.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// True if the mirror has a commit.
    pub fn has_commit(&self, commit: Oid) -> bool {
        object::has_commit(&self.repository, commit)
    }

    /// Fetches a commit by its id, without its history. It need not be the tip of a branch. Returns false if the
    /// server refuses this, for whatever reason.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Git`]. Temporary failures are retried first, as often as `http` allows.
    pub fn fetch_commit(
        &self,
        http: &Http,
        commit: Oid,
        keep_ref: &KeepRef,
    ) -> Result<bool, Error> {
        match self.fetch_known(http, &[(keep_ref.ref_name(), commit)])? {
            Ok(()) => Ok(self.has_commit(commit)),
            Err(error) if is_refusal(&error) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// True if the server says that it gives every commit that its refs reach by its id.
    ///
    /// # Errors
    /// [`Error::Fetch`] if the server does not answer. Temporary failures are retried first.
    pub fn gives_commits_by_id(&self, http: &Http) -> Result<bool, Error> {
        let ask = || {
            let capabilities = ls_refs::capabilities(http, &self.url);
            capabilities.map_err(|source| Error::Fetch { url: self.url.clone(), source })
        };
        let capabilities = http.retry(&self.url, Error::is_worth_a_retry, ask)?;
        let by_id = ["allow-reachable-sha1-in-want", "allow-any-sha1-in-want"];
        Ok(capabilities.split(' ').any(|capability| by_id.contains(&capability)))
    }

    /// Fetches all branches with their whole history.
    ///
    /// # Errors
    /// [`Error::Fetch`] or [`Error::Git`]. Temporary failures are retried first, as often as `http` allows.
    pub fn fetch_history(&self, http: &Http) -> Result<(), Error> {
        self.fetch(http, &["+refs/heads/*:refs/heads/*".to_owned()], 0)?;
        Ok(())
    }

    /// Points a ref to a commit that the mirror has, so that the commit stays.
    ///
    /// # Errors
    /// [`Error::Git`] if the ref cannot be written.
    pub fn keep(&self, commit: Oid, keep_ref: &KeepRef) -> Result<(), Error> {
        let name = keep_ref.ref_name();
        let kept = self.repository.reference(&name, commit, true, "");
        kept.git(|| format!("keep {commit} as {name}"))?;
        Ok(())
    }

    /// Fetches refs at known commits, without asking for a list of refs. The inner error says why the server does not
    /// send these commits.
    fn fetch_known(&self, http: &Http, refs: &[(String, Oid)]) -> Result<Result<(), Error>, Error> {
        let refspecs: Vec<String> =
            refs.iter().map(|(name, _)| format!("+{name}:{name}")).collect();
        let fetch = || {
            http.retry(
                &self.url,
                // A network failure may pass. A refusal by the Git server stays.
                |error| matches!(error, Error::Fetch { .. }) && error.is_worth_a_retry(),
                || self.fetch_once(&refspecs, 1),
            )
        };
        match transport::with_refs(refs, fetch) {
            Ok(_) => Ok(Ok(())),
            // Another fetch would bring the same objects.
            Err(error) if error.is_out_of_memory() => Err(error),
            Err(error @ (Error::Git { .. } | Error::NotSent { .. })) => {
                tracing::debug!("by the ids of commits: {error}");
                Ok(Err(error))
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
        http.retry(&self.url, Error::is_worth_a_retry, || self.fetch_once(refspecs, depth))
    }

    fn fetch_once(&self, refspecs: &[String], depth: i32) -> Result<BTreeSet<String>, Error> {
        transport::take_failure();
        transport::take_said();
        let mut too_many = false;
        let mut options = FetchOptions::new();
        options
            .depth(depth)
            .download_tags(AutotagOption::None)
            .update_fetchhead(false)
            .follow_redirects(RemoteRedirect::None);
        let fetched = self.repository.remote_anonymous(&self.url).and_then(|mut remote| {
            if depth == 0 {
                // Of a history, each branch becomes a file, which counts for no other limit.
                remote.connect(Direction::Fetch)?;
                let is_branch = |head: &&RemoteHead<'_>| head.name().starts_with("refs/heads/");
                too_many = remote.list()?.iter().filter(is_branch).count() > MAX_FETCHED_REFS;
                if too_many {
                    return Err(git2::Error::from_str("too many branches"));
                }
            }
            remote.fetch(refspecs, Some(&mut options), None)?;
            Ok(remote.list()?.iter().map(|head| head.name().to_owned()).collect())
        });
        fetched.map_err(|source| {
            // Half a pack may be large: it does not wait for the next cycle to go.
            let path = self.repository.path();
            if let Err(error) = remove_unfinished(path) {
                tracing::warn!("cannot clean up {}: {error}", path.display());
            }
            if too_many {
                let what = format!("the list of branches of {}", self.url);
                return Error::TooLarge { what, limit: MAX_FETCHED_REFS as u64, unit: "branches" };
            }
            let url = self.url.clone();
            match (transport::take_failure(), transport::take_said()) {
                (Some(source), _) => Error::Fetch { url, source },
                (None, Some(said)) if source.class() == ErrorClass::Net => {
                    Error::NotSent { url, said }
                }
                (None, _) => Error::Git { action: format!("fetch from {url}"), source },
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
        let read = object::commit(&self.repository, id);
        let read = object::explained(&self.repository, id, what, read)?;
        Ok((id, read.committed_at))
    }

    /// Opens the repository once more, to read commits and trees from it.
    ///
    /// # Errors
    /// [`Error::Git`] if it cannot be opened.
    pub fn reopened(&self) -> Result<Repository, Error> {
        let path = self.repository.path();
        open::bare(path).git(|| format!("open the mirror {}", path.display()))
    }

    /// The repository, to read commits and trees from.
    pub fn into_repository(self) -> Repository {
        self.repository
    }
}

/// The commit of a branch at the last fetch into the mirror at `path`. `None` if there is no such mirror, branch
/// or commit. Creates nothing.
pub fn tip_at(path: &Path, branch: &BranchName) -> Option<CommitId> {
    tip_in(&open::bare(path).ok()?, branch)
}

fn tip_in(repository: &Repository, branch: &BranchName) -> Option<CommitId> {
    let id = repository.refname_to_id(&branch.ref_name()).ok()?;
    object::has_commit(repository, id).then(|| id.to_string().parse().ok())?
}

/// True if what a server sent came whole, and cannot be unpacked.
fn cannot_be_unpacked(error: &Error) -> bool {
    let classes = [ErrorClass::Zlib, ErrorClass::Object, ErrorClass::Invalid];
    matches!(error, Error::Git { source, .. } if classes.contains(&source.class()))
}

/// True if a server does not send what it was asked for.
fn is_refusal(error: &Error) -> bool {
    match error {
        Error::Git { source, .. } => source.class() == ErrorClass::Net,
        Error::NotSent { .. } => true,
        _ => false,
    }
}

/// True if `url` is the path of a repository on disk.
pub fn is_on_disk(url: &str) -> bool {
    url.starts_with('/')
}

/// The folders that have the objects of the repository on disk at `path`: its own, and those that it borrows
/// from, directly or through others.
pub fn borrowed(path: &Path) -> Vec<PathBuf> {
    let borrowed = object::folders(&path.join("objects")).into_iter().skip(1);
    iter::once(path.to_owned()).chain(borrowed).collect()
}

/// The file of a mirror that names the repository whose objects it borrows.
fn alternates(mirror: &Path) -> PathBuf {
    mirror.join("objects/info/alternates")
}

/// Removes the folder of hooks, which earlier versions copied from Git's templates. No hook ever runs in a mirror.
fn remove_hooks(path: &Path) -> Result<(), Error> {
    let hooks = path.join("hooks");
    match fs::remove_dir_all(&hooks) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error).at("remove", hooks),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Removes what a killed or failed fetch leaves in a mirror: half-written packs, and the lock files of refs, `shallow` and
/// others.
///
/// Git refuses to write while there is such a lock file, because its owner may still be running. Here the lock
/// of the data directory ensures that no owner is running.
///
/// # Errors
/// The error of the system if a folder cannot be read, or a file cannot be removed.
pub fn remove_unfinished(folder: &Path) -> io::Result<()> {
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use git2::Signature;

    use super::*;
    use crate::net::HttpOptions;

    #[test]
    fn a_submodule_with_very_many_branches_is_not_fetched() {
        let folder = tempfile::tempdir().unwrap();
        let source = Repository::init_bare(folder.path().join("source.git")).unwrap();
        let tree = source.treebuilder(None).unwrap().write().unwrap();
        let author = Signature::new("A", "a@example.org", &git2::Time::new(0, 0)).unwrap();
        let tree = source.find_tree(tree).unwrap();
        let commit = source.commit(None, &author, &author, "A", &tree, &[]).unwrap();
        let packed_refs = |count: usize| {
            let lines: String =
                (0..count).map(|number| format!("{commit} refs/heads/b{number:06}\n")).collect();
            let text = format!("# pack-refs with: peeled fully-peeled sorted \n{lines}");
            fs::write(source.path().join("packed-refs"), text).unwrap();
        };
        let http = Arc::new(Http::new(HttpOptions::allowing(&[])));
        let url = source.path().display().to_string();
        let fetch = |name: &str| {
            Mirror::open(&folder.path().join(name), &url).unwrap().fetch_history(&http)
        };
        packed_refs(10);
        fetch("few.git").unwrap();
        packed_refs(MAX_FETCHED_REFS + 1);
        let error = fetch("many.git").unwrap_err().to_string();
        assert!(error.contains("more than 10000 branches"), "{error}");
        let many = Repository::open(folder.path().join("many.git")).unwrap();
        assert_eq!(many.references().unwrap().count(), 0);
    }
}
