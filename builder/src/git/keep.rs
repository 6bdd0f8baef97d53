//! The refs that keep commits in the mirrors of submodules, and their removal when no branch needs them.
//!
//! The mirror of a submodule is shared: branches of several repositories may have it as a submodule, each at
//! another commit. Each branch keeps its commit by a ref of its own, and the name of the ref says which branch
//! that is. So the mirrors alone show what can be removed. Neither URLs nor settings are needed for that.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use git2::{ErrorClass, ErrorCode, Oid, Repository};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tardist_contract::BranchName;

use crate::{
    Error,
    error::GitContext,
    git::{open, superproject::Superproject},
    limits::git::MAX_SUBMODULES,
    repository_id::RepositoryId,
};

/// A ref in the mirror of a submodule: `refs/keep/KIND/NAME/BRANCH/PATH`.
///
/// It keeps the commit of the submodule that is at PATH in a branch. When the branch changes to another commit
/// of the submodule, the ref is updated, and the earlier commit is no longer kept. PATH stands for the first
/// 16 digits of the path's SHA-256, because not every path is a valid name of a ref.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct KeepRef {
    /// The repository that has the submodule.
    pub id: RepositoryId,
    /// The branch of this repository.
    pub branch: String,
    path: String,
}

impl KeepRef {
    /// The ref for the submodule at `path` in a branch. The path begins at the root of the branch's tree.
    pub fn new(id: &RepositoryId, branch: &BranchName, path: &str) -> Self {
        Self { id: id.clone(), branch: branch.to_string(), path: digits(path) }
    }

    /// The ref for the submodule at another path of the same branch.
    fn at(&self, path: &str) -> Self {
        Self { path: digits(path), ..self.clone() }
    }

    /// The full name of the ref.
    pub fn ref_name(&self) -> String {
        format!("refs/keep/{self}")
    }

    /// Parses the full name of a ref. `None` for any other ref than those of this form.
    pub fn of(ref_name: &str) -> Option<Self> {
        let rest = ref_name.strip_prefix("refs/keep/")?;
        let (kind, rest) = rest.split_once('/')?;
        let (name, rest) = rest.split_once('/')?;
        let (branch, path) = rest.rsplit_once('/')?;
        let id = format!("{kind}/{name}").parse().ok()?;
        Some(Self { id, branch: branch.to_owned(), path: path.to_owned() })
    }
}

impl fmt::Display for KeepRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.id, self.branch, self.path)
    }
}

fn digits(path: &str) -> String {
    let digest = Sha256::digest(path.as_bytes());
    digest[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A ref that a branch needs, in the mirror of a submodule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Needed {
    keep_ref: KeepRef,
    mirror: PathBuf,
}

/// The refs of this form in all mirrors of submodules.
struct KeepRefs {
    mirrors: Vec<(PathBuf, Repository)>,
    /// Mirrors whose refs cannot be read.
    broken: Vec<(PathBuf, git2::Error)>,
    /// The commits of each ref, with the index of the mirror that has them. A ref is in several mirrors if
    /// the URL of the submodule has changed.
    commits: BTreeMap<KeepRef, Vec<(usize, Oid)>>,
}

/// Deletes the refs that no branch needs from the mirrors of submodules. Returns the mirrors in which no such
/// ref is left, and those whose refs cannot be read: what is in them can be fetched again.
///
/// `is_wanted` says whether the next cycle may need a branch of a repository. `needed` says which refs some branches of a
/// repository [need](needed_by), or `None` if that cannot be told. Then all refs of these branches stay.
///
/// # Errors
/// [`Error::Git`] if a ref cannot be deleted, or this machine does not let the mirrors be read.
pub fn drop_unused(
    submodules: &[PathBuf],
    is_wanted: impl Fn(&RepositoryId, &str) -> bool,
    needed: impl Fn(&RepositoryId, &BTreeSet<String>) -> Option<BTreeSet<Needed>>,
) -> Result<Vec<PathBuf>, Error> {
    let refs = KeepRefs::read(submodules)?;
    for (path, error) in &refs.broken {
        let (shown, error) = (path.display(), error.message());
        tracing::warn!("cannot read the refs of the mirror {shown}, which is removed: {error}");
    }
    let mut wanted: BTreeMap<&RepositoryId, BTreeSet<String>> = BTreeMap::new();
    for keep_ref in refs.commits.keys().filter(|it| is_wanted(&it.id, &it.branch)) {
        wanted.entry(&keep_ref.id).or_default().insert(keep_ref.branch.clone());
    }
    let mut all = BTreeSet::new();
    for (id, branches) in wanted {
        match needed(id, &branches) {
            // A worker says it, which is believed about its own repository alone.
            Some(needed) => all.extend(needed.into_iter().filter(|it| it.keep_ref.id == *id)),
            None => all.extend(branches.iter().flat_map(|branch| refs.own(id, branch))),
        }
    }
    refs.drop_others(&all)
}

/// The refs in the mirrors of submodules that these branches of a repository need. `mirror` is the path of its own mirror,
/// from which the submodules of the branches are read.
///
/// # Errors
/// [`Error::Git`] if this machine does not let the mirrors be read.
pub fn needed_by(
    submodules: &[PathBuf],
    id: &RepositoryId,
    branches: &BTreeSet<String>,
    mirror: &Path,
) -> Result<BTreeSet<Needed>, Error> {
    let refs = KeepRefs::read(submodules)?;
    let needed = |branch: &String| {
        let any = KeepRef { id: id.clone(), branch: branch.clone(), path: String::new() };
        refs.followed(&any, mirror).unwrap_or_else(|| refs.own(id, branch))
    };
    Ok(branches.iter().flat_map(needed).collect())
}

impl KeepRefs {
    fn read(submodules: &[PathBuf]) -> Result<Self, Error> {
        let mut refs = Self { mirrors: Vec::new(), broken: Vec::new(), commits: BTreeMap::new() };
        for path in submodules {
            let read =
                open::bare(path).and_then(|repository| Ok((kept_in(&repository)?, repository)));
            match read {
                Ok((kept, repository)) => {
                    for (keep_ref, commit) in kept {
                        let places = refs.commits.entry(keep_ref).or_default();
                        places.push((refs.mirrors.len(), commit));
                    }
                    refs.mirrors.push((path.clone(), repository));
                }
                Err(error) if is_unusable(&error) => {
                    refs.broken.push((path.clone(), error));
                }
                Err(error) => {
                    let action = format!("read the refs of the mirror {}", path.display());
                    return Err(Error::Git { action, source: error });
                }
            }
        }
        Ok(refs)
    }

    /// All refs of a branch.
    fn own(&self, id: &RepositoryId, branch: &str) -> BTreeSet<Needed> {
        // The refs of a branch follow each other in this order.
        let first = KeepRef { id: id.clone(), branch: branch.to_owned(), path: String::new() };
        let from_here = self.commits.range(first..);
        let own = from_here.take_while(|(it, _)| it.id == *id && it.branch == branch);
        let own = own.flat_map(|(it, places)| places.iter().map(|(at, _)| self.needed(it, *at)));
        let own: BTreeSet<_> = own.collect();
        // No commit has so many. These are of many commits, and content could keep all of them.
        if own.len() > MAX_SUBMODULES { BTreeSet::new() } else { own }
    }

    fn needed(&self, keep_ref: &KeepRef, at: usize) -> Needed {
        Needed { keep_ref: keep_ref.clone(), mirror: self.mirrors[at].0.clone() }
    }

    /// The refs that a branch needs, by following its gitlinks and those of its submodules. `None` if an object that is
    /// needed for this is missing, for example because a fetch failed. `any` is a ref of the branch.
    fn followed(&self, any: &KeepRef, mirror: &Path) -> Option<BTreeSet<Needed>> {
        let repository = open::bare(mirror).ok()?;
        let tip = repository.refname_to_id(&format!("refs/heads/{}", any.branch)).ok()?;
        let mut needed = BTreeSet::new();
        let root = match Superproject::read(&repository, tip, "") {
            Ok(root) => root,
            // A cycle refuses it, so it needs nothing. Else content could keep all that it ever had.
            Err(Error::TooLarge { .. } | Error::OtherType { .. }) => return Some(BTreeSet::new()),
            Err(_) => return None,
        };
        let mut pending = vec![(String::new(), &repository, root)];
        // This ends: only paths with a ref are followed, and no more of them than a cycle fetches.
        while let Some((within, repository, superproject)) = pending.pop() {
            for path in superproject.paths() {
                let full_path = format!("{within}{path}");
                let keep_ref = any.at(&full_path);
                let Some(places) = self.commits.get(&keep_ref) else { continue };
                let Some(commit) = superproject.gitlink(repository, path).ok()? else { continue };
                let (at, _) = *places.iter().find(|(_, kept)| *kept == commit)?;
                needed.insert(self.needed(&keep_ref, at));
                if needed.len() > MAX_SUBMODULES {
                    return Some(BTreeSet::new());
                }
                let submodule = &self.mirrors[at].1;
                match Superproject::read(submodule, commit, "") {
                    Ok(inside) => pending.push((format!("{full_path}/"), submodule, inside)),
                    // A cycle refuses it as well, so it fetched nothing for it.
                    Err(Error::TooLarge { .. } | Error::OtherType { .. }) => {}
                    Err(_) => return None,
                }
            }
        }
        Some(needed)
    }

    /// Deletes all refs but those in `needed`. Returns the mirrors in which none is left.
    fn drop_others(self, needed: &BTreeSet<Needed>) -> Result<Vec<PathBuf>, Error> {
        let mut in_use = BTreeSet::new();
        for (keep_ref, places) in self.commits {
            for (at, _) in places {
                let (path, repository) = &self.mirrors[at];
                let here = Needed { keep_ref: keep_ref.clone(), mirror: path.clone() };
                if needed.contains(&here) {
                    in_use.insert(path.clone());
                    continue;
                }
                let found = repository.find_reference(&keep_ref.ref_name());
                let deleted = found.and_then(|mut found| found.delete());
                deleted.git(|| format!("delete {} in {}", keep_ref.ref_name(), path.display()))?;
            }
        }
        let all = self.mirrors.into_iter().map(|(path, _)| path);
        let broken = self.broken.into_iter().map(|(path, _)| path);
        Ok(all.filter(|path| !in_use.contains(path)).chain(broken).collect())
    }
}

/// True if an error says what is wrong with a mirror, and not with the machine: too many open files, the rights.
fn is_unusable(error: &git2::Error) -> bool {
    let is_its_form = matches!(
        error.class(),
        ErrorClass::Reference | ErrorClass::Repository | ErrorClass::Odb | ErrorClass::Config
    );
    // `strerror(3)` of a folder in the place of a file, and of the opposite.
    let is_its_kind = ["Is a directory", "Not a directory"];
    error.code() != ErrorCode::Owner
        && (is_its_form || is_its_kind.iter().any(|text| error.message().contains(text)))
}

/// The refs of this form in a mirror, with their commits.
fn kept_in(repository: &Repository) -> Result<Vec<(KeepRef, Oid)>, git2::Error> {
    let mut kept = Vec::new();
    for reference in repository.references()? {
        let reference = reference?;
        let keep_ref = KeepRef::of(&String::from_utf8_lossy(reference.name_bytes()));
        kept.extend(keep_ref.zip(reference.target()));
    }
    Ok(kept)
}

/// Deletes the refs of a branch from the mirror of a submodule, but for those in `needed`: its commit has these
/// submodules now, and each new commit could have others.
///
/// # Errors
/// [`Error::Git`] if the mirror cannot be read or written.
pub fn drop_others_of(
    path: &Path,
    id: &RepositoryId,
    branch: &BranchName,
    needed: &BTreeSet<KeepRef>,
) -> Result<(), Error> {
    let what = || format!("delete refs from the mirror {}", path.display());
    let repository = open::bare(path).git(what)?;
    for reference in repository.references_glob(&format!("refs/keep/{id}/{branch}/*")).git(what)? {
        let mut reference = reference.git(what)?;
        let keep_ref = KeepRef::of(&String::from_utf8_lossy(reference.name_bytes()));
        // The glob also finds those of a branch whose name begins with this one and a slash.
        let is_own = |it: &KeepRef| it.id == *id && it.branch == branch.as_str();
        if keep_ref.is_some_and(|it| is_own(&it) && !needed.contains(&it)) {
            reference.delete().git(what)?;
        }
    }
    Ok(())
}

/// True if any branch keeps a commit in the mirror of a submodule.
///
/// # Errors
/// [`Error::Git`] if the mirror cannot be read.
pub fn keeps_something(path: &Path) -> Result<bool, Error> {
    let kept = open::bare(path).and_then(|repository| kept_in(&repository));
    Ok(!kept.git(|| format!("read the refs of the mirror {}", path.display()))?.is_empty())
}

/// Deletes the branches for which `is_wanted` is false from the mirror of a repository at `path`.
///
/// # Errors
/// [`Error::Git`] if the mirror cannot be read or written.
pub fn drop_branches(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    let what = || format!("delete branches from the mirror {}", path.display());
    let repository = open::bare(path).git(what)?;
    for reference in repository.references_glob("refs/heads/*").git(what)? {
        let mut reference = reference.git(what)?;
        let name = String::from_utf8_lossy(reference.name_bytes()).into_owned();
        if !name.strip_prefix("refs/heads/").is_some_and(&is_wanted) {
            reference.delete().git(what)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::slice;

    use super::*;

    #[test]
    fn the_name_of_a_ref_has_its_repository_and_branch() {
        let id: RepositoryId = "extensions/VisualEditor".parse().unwrap();
        for branch in ["REL1_45", "wmf/1.46"] {
            let keep_ref = KeepRef::new(&id, &branch.parse().unwrap(), "lib/ve");
            assert_eq!(KeepRef::of(&keep_ref.ref_name()), Some(keep_ref.clone()));
            assert_eq!((&keep_ref.id, keep_ref.branch.as_str()), (&id, branch));
        }
        assert_eq!(KeepRef::of("refs/heads/master"), None);
    }

    /// A mirror of a submodule with a commit, and its path.
    fn mirror(folder: &Path, name: &str) -> (PathBuf, Repository, Oid) {
        let path = folder.join(name);
        let repository = Repository::init_bare(&path).unwrap();
        let who = git2::Signature::now("a", "a@example.org").unwrap();
        let tree = repository.treebuilder(None).unwrap().write().unwrap();
        let commit = {
            let tree = repository.find_tree(tree).unwrap();
            repository.commit(None, &who, &who, "", &tree, &[]).unwrap()
        };
        (path, repository, commit)
    }

    #[test]
    fn a_branch_has_no_more_refs_in_a_mirror_than_submodules() {
        let folder = tempfile::tempdir().unwrap();
        let (path, repository, commit) = mirror(folder.path(), "x.git");
        let id: RepositoryId = "extensions/A".parse().unwrap();
        let branch = |name: &str| name.parse::<BranchName>().unwrap();
        let add = |id: &RepositoryId, branch: &BranchName, path: &str| {
            let keep_ref = KeepRef::new(id, branch, path);
            repository.reference(&keep_ref.ref_name(), commit, true, "").unwrap();
            keep_ref
        };
        let (other_id, master) = ("extensions/B".parse().unwrap(), branch("wmf"));
        add(&id, &master, "earlier");
        let stays = [
            add(&id, &master, "now"),
            add(&id, &branch("wmf/1"), "x"),
            add(&other_id, &master, "x"),
        ];
        let needed = BTreeSet::from([stays[0].clone()]);
        drop_others_of(&path, &id, &master, &needed).unwrap();
        let left: BTreeSet<KeepRef> =
            kept_in(&repository).unwrap().into_iter().map(|(it, _)| it).collect();
        assert_eq!(left, BTreeSet::from(stays));
    }

    #[test]
    fn a_mirror_whose_refs_cannot_be_read_is_removed_and_stops_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (good, repository, commit) = mirror(folder.path(), "good.git");
        let keep_ref = KeepRef::new(&"skins/A".parse().unwrap(), &"master".parse().unwrap(), "x");
        repository.reference(&keep_ref.ref_name(), commit, true, "").unwrap();
        let (broken, ..) = mirror(folder.path(), "broken.git");
        std::fs::create_dir(broken.join("packed-refs")).unwrap();
        let paths = [broken.clone(), good];
        let none = folder.path().join("none.git");
        for told in [true, false] {
            // No branch can be read, so all refs stay.
            let needed = |id: &RepositoryId, branches: &BTreeSet<String>| {
                told.then(|| needed_by(&paths, id, branches, &none).unwrap())
            };
            let unused = drop_unused(&paths, |_, _| true, needed).unwrap();
            assert_eq!(unused, slice::from_ref(&broken));
        }
    }

    #[test]
    fn what_is_said_of_one_repository_keeps_nothing_for_others() {
        let folder = tempfile::tempdir().unwrap();
        let (path, repository, commit) = mirror(folder.path(), "x.git");
        let keep_ref =
            |id: &str| KeepRef::new(&id.parse().unwrap(), &"master".parse().unwrap(), "x");
        let (own, other) = (keep_ref("skins/A"), keep_ref("skins/B"));
        for it in [&own, &other] {
            repository.reference(&it.ref_name(), commit, true, "").unwrap();
        }
        let needed = |id: &RepositoryId, _: &BTreeSet<String>| {
            let says =
                |keep_ref: &KeepRef| Needed { keep_ref: keep_ref.clone(), mirror: path.clone() };
            // That of A says that B needs its ref, and that of B says nothing.
            Some(if *id == own.id { [says(&own), says(&other)].into() } else { BTreeSet::new() })
        };
        let unused = drop_unused(slice::from_ref(&path), |_, _| true, needed).unwrap();
        assert_eq!(unused, [""; 0].map(PathBuf::from));
        assert_eq!(kept_in(&repository).unwrap(), [(own, commit)]);
    }
}
