//! Which commits of submodules are kept, and for whom.
//!
//! Mirrors of submodules are shared: several branches of several repositories may pin commits of one
//! repository. Each of them keeps its commit by a ref of its own, which names it. So a mirror itself
//! tells who needs it: neither URLs nor settings have to be known to clean up.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use git2::{Oid, Repository};
use sha2::{Digest, Sha256};
use tardist_contract::BranchName;

use crate::{
    Error, error::GitContext, git::superproject::Superproject, repository_id::RepositoryId,
};

/// A place in a branch at which a submodule stands.
///
/// As a ref of the submodule's mirror: `refs/keep/KIND/NAME/BRANCH/PATH`, with the first 16 digits of
/// the path's SHA-256 for PATH, since not every path can be a ref. When the branch pins another
/// commit there, it takes the place of the earlier one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeepRef {
    /// The repository that has the branch.
    pub id: RepositoryId,
    /// The branch.
    pub branch: String,
    path: String,
}

impl KeepRef {
    /// The place `path` in a branch, from the root of the branch's tree.
    pub fn new(id: &RepositoryId, branch: &BranchName, path: &str) -> Self {
        Self { id: id.clone(), branch: branch.to_string(), path: digits(path) }
    }

    fn at(&self, path: &str) -> Self {
        Self { path: digits(path), ..self.clone() }
    }

    /// The ref that keeps the commit.
    pub fn ref_name(&self) -> String {
        format!("refs/keep/{self}")
    }

    /// Whose ref this is. `None` for a ref that keeps nothing for anybody.
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

/// All refs that keep a commit in the mirrors of submodules.
struct Kept {
    mirrors: Vec<(PathBuf, Repository)>,
    /// For each keep_ref the mirrors, by their index, and the commits there. More than one where the
    /// submodule has moved to another URL.
    commits: BTreeMap<KeepRef, Vec<(usize, Oid)>>,
}

/// Deletes the refs in the mirrors of submodules that no branch needs, and returns the mirrors in
/// which none is left.
///
/// `is_wanted` says whether a branch of a repository may still be distributed. `mirror` is where
/// the mirror of that repository is. Where that one cannot tell which submodules the branch has, all
/// that is kept for the branch stays.
///
/// # Errors
/// [`Error::Git`] where a mirror of a submodule cannot be read or written.
pub fn drop_unused(
    submodules: &[PathBuf],
    is_wanted: impl Fn(&RepositoryId, &str) -> bool,
    mirror: impl Fn(&RepositoryId) -> PathBuf,
) -> Result<Vec<PathBuf>, Error> {
    let kept = Kept::read(submodules)?;
    let mut needed = BTreeSet::new();
    let branches: BTreeMap<(&RepositoryId, &str), &KeepRef> = kept
        .commits
        .keys()
        .map(|keep_ref| ((&keep_ref.id, keep_ref.branch.as_str()), keep_ref))
        .collect();
    for ((id, branch), keep_ref) in branches {
        if is_wanted(id, branch) {
            needed.extend(kept.needed_by(keep_ref, &mirror(id)));
        }
    }
    kept.drop_others(&needed)
}

impl Kept {
    fn read(submodules: &[PathBuf]) -> Result<Self, Error> {
        let mut kept = Self { mirrors: Vec::new(), commits: BTreeMap::new() };
        for path in submodules {
            let what = || format!("read the refs of the mirror {}", path.display());
            let repository = Repository::open_bare(path).git(what)?;
            for reference in repository.references().git(what)? {
                let reference = reference.git(what)?;
                let keep_ref = KeepRef::of(&String::from_utf8_lossy(reference.name_bytes()));
                if let (Some(keep_ref), Some(commit)) = (keep_ref, reference.target()) {
                    kept.commits.entry(keep_ref).or_default().push((kept.mirrors.len(), commit));
                }
            }
            kept.mirrors.push((path.clone(), repository));
        }
        Ok(kept)
    }

    /// The refs that the branch of `any` needs, which is any of its keepers: each as its keep_ref and the
    /// index of its mirror.
    fn needed_by(&self, any: &KeepRef, mirror: &Path) -> BTreeSet<(KeepRef, usize)> {
        self.followed(any, mirror).unwrap_or_else(|| {
            let all = self.commits.iter();
            let own = all.filter(|(it, _)| it.id == any.id && it.branch == any.branch);
            own.flat_map(|(it, places)| places.iter().map(|(at, _)| (it.clone(), *at))).collect()
        })
    }

    /// The same, found by following the gitlinks of the branch and those of its submodules. `None` where
    /// this leads to something that is not there (yet).
    fn followed(&self, any: &KeepRef, mirror: &Path) -> Option<BTreeSet<(KeepRef, usize)>> {
        let repository = Repository::open_bare(mirror).ok()?;
        let tip = repository.refname_to_id(&format!("refs/heads/{}", any.branch)).ok()?;
        let mut needed = BTreeSet::new();
        let mut open = vec![(String::new(), Superproject::read(&repository, tip, "").ok()?)];
        // Each round takes a path that is longer than the one before, and that something is kept for.
        while let Some((within, superproject)) = open.pop() {
            for (path, commit) in superproject.commits() {
                let path = format!("{within}{path}");
                let keep_ref = any.at(&path);
                let Some(places) = self.commits.get(&keep_ref) else { continue };
                let (at, _) = *places.iter().find(|(_, kept)| *kept == commit)?;
                let inside = Superproject::read(&self.mirrors[at].1, commit, "").ok()?;
                needed.insert((keep_ref, at));
                open.push((format!("{path}/"), inside));
            }
        }
        Some(needed)
    }

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

/// Deletes the branches of a repository's mirror that are not `is_wanted`.
///
/// # Errors
/// [`Error::Git`] where the mirror cannot be read or written.
pub fn drop_branches(path: &Path, is_wanted: impl Fn(&str) -> bool) -> Result<(), Error> {
    let what = || format!("drop branches of the mirror {}", path.display());
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
    fn a_keeper_tells_whose_it_is() {
        let id: RepositoryId = "extensions/VisualEditor".parse().unwrap();
        for branch in ["REL1_45", "wmf/1.46"] {
            let keep_ref = KeepRef::new(&id, &branch.parse().unwrap(), "lib/ve");
            assert_eq!(KeepRef::of(&keep_ref.ref_name()), Some(keep_ref.clone()));
            assert_eq!((&keep_ref.id, keep_ref.branch.as_str()), (&id, branch));
        }
        assert_eq!(KeepRef::of("refs/heads/master"), None);
    }
}
