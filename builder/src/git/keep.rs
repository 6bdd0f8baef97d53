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

use git2::{Oid, Repository};
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
    /// The commits of each ref, with the index of the mirror that has them. A ref is in several mirrors if
    /// the URL of the submodule has changed.
    commits: BTreeMap<KeepRef, Vec<(usize, Oid)>>,
}

/// Deletes the refs that no branch needs from the mirrors of submodules. Returns the mirrors in which no such
/// ref is left.
///
/// `is_wanted` says whether the next cycle may need a branch of a repository. `mirror` returns the path of a
/// repository's mirror, from which the submodules of the branch are read. If they cannot be read there, all
/// refs of the branch stay.
///
/// # Errors
/// [`Error::Git`] if the mirror of a submodule cannot be read or written.
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
        let mut refs = Self { mirrors: Vec::new(), commits: BTreeMap::new() };
        for path in submodules {
            let what = || format!("read the refs of the mirror {}", path.display());
            let repository = Repository::open_bare(path).git(what)?;
            for reference in repository.references().git(what)? {
                let reference = reference.git(what)?;
                let keep_ref = KeepRef::of(&String::from_utf8_lossy(reference.name_bytes()));
                if let (Some(keep_ref), Some(commit)) = (keep_ref, reference.target()) {
                    refs.commits.entry(keep_ref).or_default().push((refs.mirrors.len(), commit));
                }
            }
            refs.mirrors.push((path.clone(), repository));
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
            own.flat_map(|(it, places)| places.iter().map(|(at, _)| (it.clone(), *at))).collect()
        })
    }

    /// The same, by following the gitlinks of the branch and of its submodules. `None` if an object that is
    /// needed for this is missing, for example because a fetch failed, or if there are too many submodules.
    fn followed(&self, any: &KeepRef, mirror: &Path) -> Option<BTreeSet<(KeepRef, usize)>> {
        let repository = Repository::open_bare(mirror).ok()?;
        let tip = repository.refname_to_id(&format!("refs/heads/{}", any.branch)).ok()?;
        let mut needed = BTreeSet::new();
        let root = Superproject::read(&repository, tip, "").ok()?;
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
                    return None;
                }
                let submodule = &self.mirrors[at].1;
                match Superproject::read(submodule, commit, "") {
                    Ok(inside) => pending.push((format!("{full_path}/"), submodule, inside)),
                    // A cycle refuses it as well, so it fetched nothing for it.
                    Err(Error::TooLarge { .. }) => {}
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
        Ok(all.filter(|path| !in_use.contains(path)).collect())
    }
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
}
