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
use sha2::{Digest, Sha256};
use tardist_contract::BranchName;

use crate::{
    Error, error::GitContext, git::superproject::Superproject, limits::git::MAX_SUBMODULES,
    repository_id::RepositoryId,
};

/// A ref in the mirror of a submodule: `refs/keep/KIND/NAME/BRANCH/PATH`.
///
/// It keeps the commit of the submodule that is at PATH in a branch. When the branch changes to another commit
/// of the submodule, the ref is updated, and the earlier commit is no longer kept. PATH stands for the first
/// 16 digits of the path's SHA-256, because not every path is a valid name of a ref.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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

/// The refs of this form in all mirrors of submodules.
struct KeepRefs {
    mirrors: Vec<(PathBuf, Repository)>,
    /// Mirrors whose refs cannot be read.
    broken: Vec<PathBuf>,
    /// The commits of each ref, with the index of the mirror that has them. A ref is in several mirrors if
    /// the URL of the submodule has changed.
    commits: BTreeMap<KeepRef, Vec<(usize, Oid)>>,
}

/// Deletes the refs that no branch needs from the mirrors of submodules. Returns the mirrors in which no such
/// ref is left, and those whose refs cannot be read: what is in them can be fetched again.
///
/// `is_wanted` says whether the next cycle may need a branch of a repository. `mirror` returns the path of a
/// repository's mirror, from which the submodules of the branch are read. If they cannot be read there, all
/// refs of the branch stay.
///
/// # Errors
/// [`Error::Git`] if a ref cannot be deleted, or this machine does not let the mirrors be read.
pub fn drop_unused(
    submodules: &[PathBuf],
    is_wanted: impl Fn(&RepositoryId, &str) -> bool,
    mirror: impl Fn(&RepositoryId) -> PathBuf,
) -> Result<Vec<PathBuf>, Error> {
    let refs = KeepRefs::read(submodules)?;
    let mut needed = BTreeSet::new();
    let branches: BTreeMap<(&RepositoryId, &str), &KeepRef> = refs
        .commits
        .keys()
        .map(|keep_ref| ((&keep_ref.id, keep_ref.branch.as_str()), keep_ref))
        .collect();
    for ((id, branch), keep_ref) in branches {
        if is_wanted(id, branch) {
            needed.extend(refs.needed_by(keep_ref, &mirror(id)));
        }
    }
    refs.drop_others(&needed)
}

impl KeepRefs {
    fn read(submodules: &[PathBuf]) -> Result<Self, Error> {
        let mut refs = Self { mirrors: Vec::new(), broken: Vec::new(), commits: BTreeMap::new() };
        for path in submodules {
            let read = Repository::open_bare(path)
                .and_then(|repository| Ok((kept_in(&repository)?, repository)));
            match read {
                Ok((kept, repository)) => {
                    for (keep_ref, commit) in kept {
                        let places = refs.commits.entry(keep_ref).or_default();
                        places.push((refs.mirrors.len(), commit));
                    }
                    refs.mirrors.push((path.clone(), repository));
                }
                Err(error) if is_unusable(&error) => {
                    let (shown, error) = (path.display(), error.message());
                    tracing::warn!(
                        "cannot read the refs of the mirror {shown}, which is removed: {error}"
                    );
                    refs.broken.push(path.clone());
                }
                Err(error) => {
                    let action = format!("read the refs of the mirror {}", path.display());
                    return Err(Error::Git { action, source: error });
                }
            }
        }
        Ok(refs)
    }

    /// The refs that a branch needs, each with the index of its mirror. `any` is one of the branch's refs.
    fn needed_by(&self, any: &KeepRef, mirror: &Path) -> BTreeSet<(KeepRef, usize)> {
        self.followed(any, mirror).unwrap_or_else(|| {
            // The refs of a branch follow each other in this order.
            let first = KeepRef { path: String::new(), ..any.clone() };
            let from_here = self.commits.range(first..);
            let own = from_here.take_while(|(it, _)| it.id == any.id && it.branch == any.branch);
            let own = own.flat_map(|(it, places)| places.iter().map(|(at, _)| (it.clone(), *at)));
            let own: BTreeSet<_> = own.collect();
            // No commit has so many. These are of many commits, and content could keep all of them.
            if own.len() > MAX_SUBMODULES { BTreeSet::new() } else { own }
        })
    }

    /// The same, by following the gitlinks of the branch and of its submodules. `None` if an object that is
    /// needed for this is missing, for example because a fetch failed.
    fn followed(&self, any: &KeepRef, mirror: &Path) -> Option<BTreeSet<(KeepRef, usize)>> {
        let repository = Repository::open_bare(mirror).ok()?;
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
                needed.insert((keep_ref, at));
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
    fn drop_others(self, needed: &BTreeSet<(KeepRef, usize)>) -> Result<Vec<PathBuf>, Error> {
        let mut in_use = BTreeSet::new();
        for (keep_ref, places) in self.commits {
            for (at, _) in places {
                let (path, repository) = &self.mirrors[at];
                if needed.contains(&(keep_ref.clone(), at)) {
                    in_use.insert(path.clone());
                    continue;
                }
                let found = repository.find_reference(&keep_ref.ref_name());
                let deleted = found.and_then(|mut found| found.delete());
                deleted.git(|| format!("delete {} in {}", keep_ref.ref_name(), path.display()))?;
            }
        }
        let all = self.mirrors.into_iter().map(|(path, _)| path);
        Ok(all.filter(|path| !in_use.contains(path)).chain(self.broken).collect())
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
    let repository = Repository::open_bare(path).git(what)?;
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
    let kept = Repository::open_bare(path).and_then(|repository| kept_in(&repository));
    Ok(!kept.git(|| format!("read the refs of the mirror {}", path.display()))?.is_empty())
}

/// Deletes the branches for which `is_wanted` is false from the mirror of a repository at `path`.
///
/// # Errors
/// [`Error::Git`] if the mirror cannot be read or written.
pub fn drop_branches(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    let what = || format!("delete branches from the mirror {}", path.display());
    let repository = Repository::open_bare(path).git(what)?;
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
        // No branch can be read, so all refs stay.
        let unused = drop_unused(&paths, |_, _| true, |_| folder.path().join("none.git"));
        assert_eq!(unused.unwrap(), [broken]);
    }
}
